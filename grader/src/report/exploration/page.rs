//! `grader explore` for people: the verdict, what the schedules come to, and pictures of those that go wrong.

use super::{Explored, OUT_OF_TIME, again, fault, typed};
use crate::explore::{Covered, Range, Schedules, Shown, Witness};
use crate::report::human::sentence;
use crate::report::ink::Ink;
use crate::report::line::Line;
use crate::report::page::{Page, counted};
use crate::report::picture;
use crate::report::style::Style;
use crate::report::visible::Visible;
use grader_explorer::faults::Place;
use grader_trace::order::Count;

/// Outputs and pictures are cut at these sizes.
const OUTPUTS: usize = 4;
const OUTPUT_LINES: usize = 8;
const LANE_ROWS: usize = 40;

/// How much of a command line a heading has room for.
const HEADING: usize = 32;

/// A command line that is longer than this is one for a file.
const LONGEST: usize = 1_000;

/// The whole page; `replay` is how to call that command.
pub fn describe(explored: &Explored<'_>, replay: &str, style: &Style) -> String {
    let exploration = explored.exploration;
    let found = &exploration.schedules;
    let mut page = Page::new(style);
    verdict(&mut page, explored);
    if found.executions > 0 {
        table(&mut page, found);
        outputs(&mut page, found);
    }
    let mut text = page.text();
    for witness in &found.deadlocks {
        text += &drawn(explored, "A deadlock", witness, replay, style);
    }
    if let Some(witness) = &found.zombie {
        text += &drawn(explored, "A process that its parent does not reap", witness, replay, style);
    }
    for (place, found) in exploration.faults.iter().flatten() {
        text += &failed(explored, place, found, replay, style);
    }
    if exploration.faults.as_ref().is_some_and(Vec::is_empty) {
        let mut page = Page::new(style);
        page.lines([Line::default()]);
        page.paragraph(0, "It makes no call that could fail without need.", Ink::Plain);
        text += &page.text();
    }
    text + &rests_on(found, style)
}

fn verdict(page: &mut Page, explored: &Explored<'_>) {
    let found = &explored.exploration.schedules;
    let program = program(explored, page.style);
    let executions = counted(found.executions, "execution", "executions");
    let stuck = !found.deadlocks.is_empty();
    let (who, subject) = if stuck {
        (format!("{program} can wait for ever; "), String::new())
    } else {
        (String::new(), format!(" of {program}"))
    };
    // A deadlock that was executed is one, whatever else was not.
    let (glyph, ink) = match &found.covered {
        _ if stuck => ('✗', Ink::Bad),
        Covered::All => ('✓', Ink::Good),
        Covered::Budget | Covered::Inconclusive(_) => ('?', Ink::Grader),
    };
    match &found.covered {
        Covered::All => {
            page.heading(glyph, &format!("{who}every schedule{subject} was covered"), &executions, ink);
        }
        Covered::Budget => {
            let left = format!("{who}not every schedule{subject} was covered: {OUT_OF_TIME}");
            page.heading(glyph, &left, &executions, ink);
        }
        Covered::Inconclusive(why) => {
            let left = format!("{who}no claim about every schedule{subject}");
            page.heading(glyph, &left, &executions, ink);
            page.blank();
            page.paragraph(2, &sentence(why), Ink::Plain);
        }
    }
    page.blank();
}

/// The program and its arguments, in short: without the folders that it lies in.
fn program(explored: &Explored<'_>, style: &Style) -> String {
    let words: Vec<String> =
        explored.command.iter().map(|word| typed(&word.to_string_lossy()).into_owned()).collect();
    let line = words.join(" ");
    let file =
        words.first().and_then(|word| word.rsplit_once('/')).map_or(0, |(folders, _)| folders.len() + 1);
    let long = Visible::new(&line, style).columns() > HEADING;
    let short = if long { &line[file..] } else { &line };
    Visible::new(short, style).shortened(HEADING, style).as_str().to_owned()
}

/// What the schedules come to, in numbers.
fn table(page: &mut Page, found: &Schedules) {
    page.labelled("processes", &shown(found.processes), Ink::Plain);
    if found.threads.max > 0 {
        page.labelled("threads", &format!("{} besides the first", shown(found.threads)), Ink::Plain);
    }
    page.labelled("lines", &shown(found.lines), Ink::Plain);
    page.labelled("outputs", &different(&found.distinct_outputs), Ink::Plain);
    page.labelled("ends", &ends(found), Ink::Plain);
    let (text, ink) = match found.deadlocks.len() {
        0 => (none(found).to_owned(), Ink::Plain),
        kinds => (counted(kinds as u64, "kind, drawn below", "kinds, drawn below"), Ink::Bad),
    };
    page.labelled("deadlocks", &text, ink);
    let ink = if found.unreaped.max == 0 { Ink::Plain } else { Ink::Zombie };
    page.labelled("not reaped", &unreaped(found), ink);
}

fn shown(range: Range) -> String {
    if range.min == range.max { range.min.to_string() } else { format!("{} to {}", range.min, range.max) }
}

/// There may be some where nobody has looked.
fn none(found: &Schedules) -> &'static str {
    if found.covered == Covered::All { "none" } else { "none so far" }
}

const SAME: &str = "always the same";

fn different(count: &Count) -> String {
    match count.to_string().as_str() {
        "1" => SAME.into(),
        "at least 1" => "the same so far".into(),
        many => format!("{many} different ones"),
    }
}

/// How the program's first process ends.
fn ends(found: &Schedules) -> String {
    let ways: Vec<String> = found.ends.iter().map(|(status, _)| status.to_string()).collect();
    if ways.is_empty() { "never".into() } else { ways.join(", or ") }
}

fn unreaped(found: &Schedules) -> String {
    let processes = |count| counted(count, "process", "processes");
    match found.unreaped {
        Range { max: 0, .. } => none(found).into(),
        Range { min: 0, max } => format!("up to {}, none in some schedules", processes(max)),
        Range { min, max } if min == max => processes(max),
        Range { min, max } => format!("{min} to {}", processes(max)),
    }
}

/// The first outputs, as blocks.
fn outputs(page: &mut Page, found: &Schedules) {
    let exactly = |many: usize| found.distinct_outputs.to_string() == many.to_string();
    if exactly(1) && found.outputs.iter().all(String::is_empty) {
        return;
    }
    page.blank();
    let here = found.outputs.len().min(OUTPUTS);
    let title = match here {
        1 if exactly(1) => "The output".to_owned(),
        1 => "One output".to_owned(),
        all if exactly(all) => "All outputs".to_owned(),
        some => format!("The first {some} outputs"),
    };
    page.paragraph(0, &title, Ink::Strong);
    for (index, output) in found.outputs.iter().take(OUTPUTS).enumerate() {
        if index > 0 {
            page.blank();
        }
        block(page, output);
        // Who began first tells little of threads: how they got there does.
        if found.threads.max > 0
            && let Some((_, schedule)) = found.reached.iter().find(|(reached, _)| reached == output)
        {
            page.paragraph(4, &format!("in the schedule {schedule}"), Ink::Dim);
        }
    }
    if found.outputs.iter().take(OUTPUTS).any(|output| output.contains('‹')) {
        let note = "‹0› stands for the PID of the first process, ‹0.0› and ‹0.1› for those of its children.";
        page.paragraph(2, note, Ink::Dim);
    }
}

fn block(page: &mut Page, output: &Shown) {
    let style = *page.style;
    let text = if output.is_empty() { "(nothing)" } else { output };
    let count = text.lines().count();
    let mut put = |text: &str, ink| {
        let mut line = Line::default();
        line.glyph(2, '│', Ink::Dim);
        line.put(4, &Visible::new(text, &style).shortened(style.width.saturating_sub(4), &style), ink);
        page.lines([line]);
    };
    for line in text.lines().take(OUTPUT_LINES) {
        put(line, Ink::Plain);
    }
    if count > OUTPUT_LINES {
        put(&format!("… and {} more lines", count - OUTPUT_LINES), Ink::Dim);
    }
}

/// A schedule that goes wrong: its picture, the lines of source, the command line that runs it again.
fn drawn(explored: &Explored<'_>, title: &str, witness: &Witness, replay: &str, style: &Style) -> String {
    let mut page = Page::new(style);
    page.lines([Line::default()]);
    page.paragraph(0, title, Ink::Strong);
    page.lines(picture::places(&witness.trace, style, LANE_ROWS));
    page.lines(source(witness, style));
    let command = again(explored, &witness.schedule.to_string(), replay);
    let command = Visible::new(&command, style);
    if command.columns() > LONGEST {
        page.paragraph(
            2,
            "Its schedule is long: --json writes it, and replay reads it from a file.",
            Ink::Plain,
        );
        return page.text();
    }
    // In one piece, whatever the width: it is to be copied.
    format!("{}  To see it again:\n    {}\n", page.text(), command.as_str())
}

/// The lines of source that each task came by.
fn source(witness: &Witness, style: &Style) -> Vec<Line> {
    let columns: Vec<(Visible, Visible, &str)> = witness
        .source
        .iter()
        .map(|(task, site, text)| {
            let name = Visible::new(&format!("‹{}›", witness.trace.task(*task).path), style);
            (name, Visible::new(&format!("{}:{}", site.file, site.line), style), &text[..])
        })
        .collect();
    let widest = |of: fn(&(Visible, Visible, &str)) -> usize| columns.iter().map(of).max().unwrap_or(0);
    let place = 2 + widest(|column| column.0.columns()) + 2;
    let text = place + widest(|column| column.1.columns()) + 2;
    let room = style.width.saturating_sub(text);
    let rows = columns.iter().zip(&witness.source).map(|((name, site, source), (task, ..))| {
        let mut line = Line::default();
        line.put(2, name, Ink::Lane(task.index()));
        line.put(place, site, Ink::Dim);
        line.put(text, &Visible::new(source, style).shortened(room, style), Ink::Plain);
        line
    });
    rows.collect()
}

/// What comes of a call that fails.
fn failed(explored: &Explored<'_>, place: &Place, found: &Schedules, replay: &str, style: &Style) -> String {
    let (what, possible) = fault(place);
    let mut page = Page::new(style);
    page.lines([Line::default()]);
    let title = format!("If {what}, at step {} of process ‹{}› ({possible})", place.nth + 1, place.task);
    page.paragraph(0, &title, Ink::Strong);
    match &found.covered {
        Covered::All => {}
        Covered::Budget => page.paragraph(2, &sentence(OUT_OF_TIME), Ink::Grader),
        Covered::Inconclusive(why) => page.paragraph(2, &sentence(why), Ink::Grader),
    }
    if found.executions > 0 {
        let ends = if found.ends.is_empty() { "it never ends".into() } else { ends(found) };
        let outputs = match &found.outputs[..] {
            [only] if only.is_empty() => "no output".to_owned(),
            [only] if different(&found.distinct_outputs) == SAME => {
                let only = only.trim_end_matches('\n').escape_debug().to_string();
                format!("output \"{}\"", Visible::new(&only, style).shortened(HEADING, style).as_str())
            }
            _ => format!("output: {}", different(&found.distinct_outputs)),
        };
        page.paragraph(2, &format!("{ends}; {outputs}; not reaped: {}", unreaped(found)), Ink::Plain);
    }
    let mut text = page.text();
    for witness in &found.deadlocks {
        text += &drawn(explored, &format!("A deadlock, because {what}"), witness, replay, style);
    }
    if let Some(witness) = &found.zombie {
        let title = format!("A process that its parent does not reap, because {what}");
        text += &drawn(explored, &title, witness, replay, style);
    }
    text
}

/// What a complete answer rests on.
fn rests_on(found: &Schedules, style: &Style) -> String {
    if found.covered != Covered::All {
        return String::new();
    }
    let mut page = Page::new(style);
    page.lines([Line::default()]);
    let kinds =
        "Schedules that no process could tell apart are one kind; one execution of each kind was run.";
    page.paragraph(0, kinds, Ink::Dim);
    let all: Vec<String> = found.assumptions.iter().map(ToString::to_string).collect();
    page.paragraph(0, &format!("That these are all rests on this: {}.", all.join("; ")), Ink::Dim);
    page.text()
}
