//! How pictures look: golden files, to be read like code. `cargo insta review`, or `INSTA_UPDATE=always`,
//! takes a change over.

use super::{beside, lanes, scenes, tree};
use crate::report::line::print;
use crate::report::shown::Seen;
use crate::report::style::Style;
use crate::report::trace::describe;
use grader_trace::{Builder, TaskId, Trace};

const WIDE: Style = Style { width: 120, ..Style::PLAIN };
const ASCII: Style = Style { unicode: false, ..Style::PLAIN };

/// Tree and lanes in each style.
fn drawn(trace: &Trace, styles: &[Style]) -> String {
    let mut text = String::new();
    for style in styles {
        let kind = if style.unicode { "" } else { ", ASCII" };
        text += &format!("--- {} columns{kind}\n", style.width);
        text += &print(&tree(trace, style, 30), style);
        text += "\n";
        text += &print(&lanes(trace, &[], style, 60), style);
    }
    text
}

#[test]
fn every_scene_as_it_looks_on_an_ordinary_terminal() {
    for (name, trace) in scenes::all() {
        insta::assert_snapshot!(format!("{name}_80"), drawn(&trace, &[Style::PLAIN]));
    }
}

#[test]
fn five_hundred_children_are_one_lane() {
    insta::assert_snapshot!("children_500", drawn(&scenes::children(500), &[Style::PLAIN]));
}

#[test]
fn narrow_and_wide_terminals_and_those_without_unicode() {
    let styles = [Style::PLAIN.with_width(40), Style::PLAIN.with_width(200), ASCII];
    for name in ["wait_wrong", "pipe_right", "pipe_hang", "fork_bomb", "hostile", "orphan"] {
        let scenes = scenes::all();
        let (_, trace) = scenes.iter().find(|(other, _)| *other == name).expect("a scene");
        insta::assert_snapshot!(format!("{name}_elsewhere"), drawn(trace, &styles));
    }
}

/// What a program did beside what was wanted.
fn compared(seen: &Trace, events: &[usize], wanted: &Trace, style: &Style) -> String {
    print(&beside(Seen { trace: seen, events }, wanted, style, 48), style)
}

#[test]
fn a_line_written_too_early_stands_beside_the_reap_that_was_wanted() {
    let (seen, wanted) = (scenes::wait_wrong(), scenes::wait_right());
    let texts = [WIDE, Style::PLAIN, WIDE.with_width(100), Style { width: 120, ..ASCII }]
        .map(|style| compared(&seen, &[], &wanted, &style));
    insta::assert_snapshot!("beside_wait", texts.join("\n"));
}

#[test]
fn a_hang_shows_who_slept_and_who_could_have_ended_it() {
    let text = compared(&scenes::pipe_hang(), &[], &scenes::pipe_right(), &WIDE);
    insta::assert_snapshot!("beside_pipe", text);
}

#[test]
fn a_task_that_is_missing_has_a_letter_and_what_a_check_points_at_is_marked() {
    let seen = scenes::no_fork();
    let last = seen.events().len() - 1;
    insta::assert_snapshot!("beside_no_fork", compared(&seen, &[last], &scenes::fork(), &WIDE));
}

#[test]
fn the_page_of_any_program() {
    let texts =
        [scenes::zombie(), scenes::pipe_hang(), scenes::exec()].map(|trace| describe(&trace, &Style::PLAIN));
    insta::assert_snapshot!("trace_pages", texts.join("\n==========\n\n"));
}

#[test]
fn a_missing_newline_shows_on_stdout_alone() {
    let drawn = |text: &str| {
        let mut run = Builder::new("hello");
        run.print(TaskId::ROOT, text);
        run.complain(TaskId::ROOT, "a piece of ");
        run.exit(TaskId::ROOT, 0);
        print(&lanes(&run.finish(), &[], &Style::PLAIN, 60), &Style::PLAIN)
    };
    assert!(drawn("hello world").contains("\"hello world\" (no newline)"), "{}", drawn("hello world"));
    assert!(!drawn("hello world\n").contains("newline"), "{}", drawn("hello world\n"));
}
