//! What is true of every picture and page, whatever the run: width, printable characters, ASCII.

use super::{beside, lanes, scenes, tree};
use crate::report::line::print;
use crate::report::shown::Seen;
use crate::report::style::Style;
use crate::report::trace::describe;
use grader_trace::Trace;
use unicode_width::UnicodeWidthStr;

fn styles() -> impl Iterator<Item = Style> {
    let plain = [1, 7, 20, 40, 60, 80, 99, 100, 120, 200, 500].map(|width| Style::PLAIN.with_width(width));
    let other = [(30, false, false), (120, false, false), (80, true, true)]
        .map(|(width, colour, unicode)| Style { width, colour, unicode });
    plain.into_iter().chain(other)
}

/// Every drawing of a scene, in every style.
fn everything(mut check: impl FnMut(&str, &Style, &str)) {
    let wanted = scenes::wait_right();
    for (name, trace) in scenes::all() {
        for style in styles() {
            let focus: Vec<usize> = (0..trace.events().len()).step_by(3).take(3).collect();
            let seen = Seen { trace: &trace, events: &focus };
            check(name, &style, &print(&lanes(&trace, &focus, &style, 40), &style));
            check(name, &style, &print(&tree(&trace, &style, 20), &style));
            check(name, &style, &print(&beside(seen, &wanted, &style, 40), &style));
            check(name, &style, &describe(&trace, &style));
        }
    }
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
