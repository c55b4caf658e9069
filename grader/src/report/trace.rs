//! `grader trace -- PROGRAM`: any run for people. The tree, the lanes, zombies, descriptors at each exec, counts.

use super::ink::Ink;
use super::line::Line;
use super::page::{Page, counted};
use super::picture;
use super::style::Style;
use super::visible::Visible;
use grader_trace::sorted::SortedMap;
use grader_trace::{Ending, Event, Fate, Object, Operation, Outcome, PipeEnd, Tables, Task, TaskId, Trace};
use std::time::Duration;

/// Pictures and lists are cut at these sizes.
const TREE_ROWS: usize = 60;
const LANE_ROWS: usize = 200;
const LISTED: usize = 20;

/// The whole page.
pub fn describe(trace: &Trace, style: &Style) -> String {
    let mut page = Page::new(style);
    section(&mut page, "Tasks", picture::tree(trace, style, TREE_ROWS));
    section(&mut page, "What happened", picture::lanes(trace, &[], style, LANE_ROWS));
    zombies(&mut page, trace);
    let inherited = descriptors(trace, style);
    if !inherited.is_empty() {
        section(&mut page, "Descriptors at each exec", inherited);
    }
    section(&mut page, "Counts", Vec::new());
    page.paragraph(0, &counts(trace), Ink::Plain);
    page.text()
}

fn section(page: &mut Page, title: &str, lines: Vec<Line>) {
    page.blank();
    page.paragraph(0, title, Ink::Strong);
    page.lines(lines);
}

/// Who was a zombie, for how long, and what ended it.
fn zombies(page: &mut Page, trace: &Trace) {
    let lasting = picture::zombies(trace);
    let reaped = |task: &Task| matches!(task.fate, Fate::Reaped { .. });
    if lasting.is_empty() && !trace.tasks().iter().any(reaped) {
        return;
    }
    section(page, "Zombies", Vec::new());
    for task in lasting.iter().take(LISTED).map(|task| trace.task(*task)) {
        let (until, why, ink) = end_of_zombie(trace, task);
        let began = trace.events().iter().rfind(|event| event.task == task.id).map(|event| event.at);
        let time = match (began, until) {
            (Some(from), Some(to)) if to > from => duration(to - from),
            _ => "a moment".into(),
        };
        let name = Line::of(&format!("{} ", task.pid), Ink::Lane(task.id.index()), page.style);
        let indent = name.columns();
        page.hanging(name, indent, &format!("for {time}, {why}"), ink, 2);
    }
    match lasting.len() {
        0 => page.paragraph(0, "None that lasted: each was waited for by the time it ended.", Ink::Plain),
        all if all > LISTED => {
            page.paragraph(0, &format!("… and {} more zombies", all - LISTED), Ink::Dim);
        }
        _ => {}
    }
}

/// When a task stopped being a zombie, and why.
fn end_of_zombie(trace: &Trace, task: &Task) -> (Option<Duration>, String, Ink) {
    let parent = task.parent.map(|parent| trace.task(parent));
    match task.fate {
        Fate::Reaped { by, event, .. } => {
            let at = trace.events().get(event).map(|wait| wait.at);
            let waiter =
                trace.tasks().get(by.index()).map_or("its parent".into(), |task| task.pid.to_string());
            (at, format!("until {waiter} waited"), Ink::Plain)
        }
        Fate::Adopted { .. } => {
            let at = parent.and_then(|parent| trace.events().iter().rfind(|event| event.task == parent.id));
            let pid = parent.map_or_else(|| "its parent".to_owned(), |parent| parent.pid.to_string());
            (at.map(|event| event.at), format!("until {pid} ended without waiting"), Ink::Zombie)
        }
        _ => (trace.events().last().map(|event| event.at), "to the end of the run".into(), Ink::Zombie),
    }
}

/// What each new program inherits.
fn descriptors(trace: &Trace, style: &Style) -> Vec<Line> {
    let mut lines = Vec::new();
    Tables::walk(trace, |event, tables| {
        let Operation::Exec(exec) = &event.op else { return };
        let first_of_root = event.task == TaskId::ROOT && is_start(trace, event);
        if exec.result != Outcome::Done(()) || first_of_root {
            return;
        }
        let Some(task) = trace.tasks().get(event.task.index()) else { return };
        let mut line = Line::default();
        line.add(&format!("{} ", task.pid), Ink::Lane(task.id.index()), style);
        let room = style.width.saturating_sub(line.columns());
        let command = Visible::new(&picture::command(&exec.argv), style).shortened(room, style);
        line.put(line.columns(), &command, Ink::Strong);
        lines.push(line);
        for (fd, slot) in tables.table(event.task).into_iter().flatten().filter(|(_, slot)| !slot.cloexec) {
            let mut line = Line::default();
            let what = object(&tables.ofd(slot.ofd).object);
            // Beside the three that everybody has, a descriptor is rarely meant to be there.
            let ink = if fd.0 > 2 { Ink::Zombie } else { Ink::Plain };
            line.put(4, &Visible::new(&format!("{fd:>3}  "), style), ink);
            let room = style.width.saturating_sub(9);
            line.put(9, &Visible::new(&what, style).shortened(room, style), ink);
            lines.push(line);
        }
    });
    cut(&mut lines, style);
    lines
}

/// Whether this is the exec by which the run began.
fn is_start(trace: &Trace, event: &Event) -> bool {
    trace
        .events()
        .iter()
        .find(|other| other.task == TaskId::ROOT)
        .is_some_and(|first| first.begin == event.begin)
        && matches!(&event.op, Operation::Exec(exec) if exec.argv == trace.header().argv)
}

fn object(object: &Object) -> String {
    match object {
        Object::Stdout => "stdout".into(),
        Object::Stderr => "stderr".into(),
        Object::File(path) => path.to_string(),
        Object::Pipe(pipe, PipeEnd::Read) => format!("pipe {}, read end", pipe.0 + 1),
        Object::Pipe(pipe, PipeEnd::Write) => format!("pipe {}, write end", pipe.0 + 1),
        Object::Other(what) => what.clone(),
    }
}

fn cut(lines: &mut Vec<Line>, style: &Style) {
    if lines.len() > LISTED {
        let more = lines.len() - LISTED;
        lines.truncate(LISTED);
        lines.push(Line::of(&format!("… and {more} more lines"), Ink::Dim, style));
    }
}

/// How often what was done, and how it ended.
fn counts(trace: &Trace) -> String {
    let mut counts: SortedMap<&str, u64> = SortedMap::new();
    for event in trace.events() {
        let word = match &event.op {
            Operation::Wait(_) => "wait",
            Operation::Exec(exec) if exec.result.done().is_some() => "exec",
            Operation::Write { .. } => "write",
            Operation::Read { .. } => "read",
            Operation::Signal { .. } => "signal",
            _ => continue,
        };
        *counts.entry(word).or_default() += 1;
    }
    let processes = trace.processes().count() as u64;
    let threads = trace.tasks().len() as u64 - processes;
    let mut parts = vec![counted(processes, "process", "processes")];
    if threads > 0 {
        parts.push(counted(threads, "more thread", "more threads"));
    }
    for (word, many) in
        [("exec", "execs"), ("wait", "waits"), ("write", "writes"), ("read", "reads"), ("signal", "signals")]
    {
        parts.extend(counts.get(word).map(|count| counted(*count, word, many)));
    }
    parts.push(match trace.ending() {
        Ending::Finished => "finished".into(),
        Ending::TimedOut => "killed when time was up".into(),
        Ending::Stalled => "killed when nobody could go on".into(),
        Ending::LeftBehind => "what was left behind was killed".into(),
        Ending::Cancelled => "called off".into(),
        Ending::Overflowed => "killed because it did too much".into(),
    });
    parts.join(", ")
}

fn duration(time: Duration) -> String {
    match time.as_micros() {
        micros @ 0..1000 => format!("{micros} µs"),
        micros @ 1000..10_000 => format!("{}.{} ms", micros / 1000, micros % 1000 / 100),
        micros @ 10_000..1_000_000 => format!("{} ms", micros / 1000),
        micros => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}
