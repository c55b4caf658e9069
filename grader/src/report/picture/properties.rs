//! What is true of every picture and page, whatever the run: width, printable characters, ASCII.

use super::{beside, lanes, scenes, tree};
use crate::report::line::print;
use crate::report::shown::Seen;
use crate::report::style::Style;
use crate::report::trace::describe;
use grader_trace::{Ending, Event, Fd, Fork, Operation, Outcome, Stamp, TaskId, Trace, Wait};
use std::sync::LazyLock;
use unicode_width::UnicodeWidthStr;

fn styles() -> impl Iterator<Item = Style> {
    let plain = [1, 7, 20, 40, 60, 80, 99, 100, 120, 200, 500].map(|width| Style::PLAIN.with_width(width));
    let other = [(30, false, false), (120, false, false), (80, true, true)]
        .map(|(width, colour, unicode)| Style { width, colour, unicode });
    plain.into_iter().chain(other)
}

/// A drawing: of which scene, in which style.
type Drawing = (&'static str, Style, String);

/// Every drawing of every scene, in every style.
static DRAWINGS: LazyLock<Vec<Drawing>> = LazyLock::new(|| {
    let wanted = scenes::wait_right();
    let mut drawings = Vec::new();
    for (name, trace) in scenes::all() {
        let focus: Vec<usize> = (0..trace.events().len()).step_by(3).take(3).collect();
        for style in styles() {
            let seen = Seen { trace: &trace, events: &focus };
            let texts = [
                print(&lanes(&trace, &focus, &style, 40), &style),
                print(&tree(&trace, &style, 20), &style),
                print(&beside(seen, &wanted, &style, 40), &style),
                describe(&trace, &style),
            ];
            drawings.extend(texts.map(|text| (name, style, text)));
        }
    }
    drawings
});

fn everything(mut check: impl FnMut(&str, &Style, &str)) {
    DRAWINGS.iter().for_each(|(name, style, text)| check(name, style, text));
}

/// The text without the colours that the grader itself puts in.
fn bare(text: &str, style: &Style) -> String {
    if !style.colour {
        return text.to_owned();
    }
    let mut bare = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\x1b[") {
        let (parameters, tail) = after.split_once('m').expect("only colours");
        assert!(parameters.chars().all(|c| c.is_ascii_digit() || c == ';'), "{parameters:?}");
        bare.push_str(before);
        rest = tail;
    }
    bare + rest
}

#[test]
fn no_line_is_wider_than_the_style() {
    everything(|name, style, text| {
        for line in bare(text, style).lines() {
            assert!(line.width() <= style.width, "{name} at {}: {line:?} has {}", style.width, line.width());
        }
    });
}

#[test]
fn nothing_that_a_program_wrote_reaches_the_terminal_as_it_is() {
    everything(|name, style, text| {
        let bad = |c: &char| {
            (c.is_control() && *c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        let text = bare(text, style);
        assert_eq!(text.chars().find(bad), None, "{name} at {}", style.width);
    });
}

#[test]
fn an_ascii_style_gives_ascii() {
    everything(|name, style, text| {
        assert!(style.unicode || text.is_ascii(), "{name} at {}: {text}", style.width);
    });
}

#[test]
fn colour_changes_nothing_but_colour() {
    for (name, trace) in scenes::all() {
        let plain = Style::PLAIN;
        let coloured = Style { colour: true, ..plain };
        let draw = |trace: &Trace, style: &Style| describe(trace, style);
        assert_eq!(bare(&draw(&trace, &coloured), &coloured), draw(&trace, &plain), "{name}");
    }
}

#[test]
fn a_picture_is_not_higher_than_asked_for() {
    for (name, trace) in scenes::all() {
        for rows in [10, 30, 60] {
            let lines = lanes(&trace, &[], &Style::PLAIN, rows).len();
            // Beside its rows it may have a few sentences below.
            assert!(lines <= rows + 14, "{name}: {lines} lines where {rows} were asked for");
        }
    }
}

/// Numbers that look random and are the same each time. See Marsaglia, "Xorshift RNGs" (2003).
struct Xorshift(u64);

impl Xorshift {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// A trace as a damaged file could hold it: tasks that nobody made, calls that end before they begin.
fn spoiled(trace: &Trace, random: &mut Xorshift) -> Trace {
    let mut events: Vec<Event> = trace.events().to_vec();
    for _ in 0..3 {
        let index = random.next(events.len() as u64) as usize;
        let task = TaskId(random.next(12) as u32);
        let stamp = Stamp(random.next(80));
        let event = &mut events[index];
        match (random.next(4), &mut event.op) {
            (0, _) => event.task = task,
            (1, _) => event.begin = stamp,
            (2, _) => event.end = Some(stamp),
            (_, Operation::Fork(Fork { child: Outcome::Done(child), .. })) => child.task = task,
            (_, Operation::Wait(Wait { result: Outcome::Done(Some(news)), .. })) => news.task = Some(task),
            (_, Operation::Close { fd, .. } | Operation::Read { fd, .. }) => *fd = Fd(-7),
            _ => drop(events.remove(index)),
        }
    }
    let endings = [Ending::Finished, Ending::Stalled, Ending::TimedOut, Ending::LeftBehind];
    let ending = endings[random.next(4) as usize].clone();
    Trace::new(trace.header().clone(), events, ending)
}

#[test]
fn a_trace_that_makes_no_sense_is_drawn_all_the_same() {
    let mut random = Xorshift(0x9e37_79b9_7f4a_7c15);
    let wanted = scenes::wait_right();
    for (name, trace) in scenes::all().iter().filter(|(_, trace)| trace.events().len() < 100) {
        for _ in 0..40 {
            let spoiled = spoiled(trace, &mut random);
            let focus = [random.next(40) as usize];
            let style = Style::PLAIN.with_width(40 + random.next(90) as usize);
            let seen = Seen { trace: &spoiled, events: &focus };
            let text = describe(&spoiled, &style) + &print(&beside(seen, &wanted, &style, 40), &style);
            assert!(text.lines().all(|line| line.width() <= style.width), "{name}");
        }
    }
}
