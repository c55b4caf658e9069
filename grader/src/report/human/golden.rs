//! How pages look: golden files, to be read like code. `INSTA_UPDATE=always` takes a change over.

use super::{exercise, summary};
use crate::report::model::{Graded, SourceLine, Verdict, sample};
use crate::report::picture::scenes;
use crate::report::shown::{Excerpt, Seen, Shown};
use crate::report::style::Style;

const WIDE: Style = Style { width: 120, ..Style::PLAIN };
const ASCII: Style = Style { unicode: false, ..Style::PLAIN };

const SOURCE: &str = "\
use libc::{fork, getpid};

fn main() {
    // SAFETY: getpid always succeeds.
    let me = unsafe { getpid() };
    println!(\"hello world (pid:{me})\");
    // SAFETY: one thread.
    let child = unsafe { fork() };
    if child == 0 {
\tprintln!(\"hello, I am child (pid:{})\", std::process::id());
    } else {
        println!(\"hello, I am parent of {child} (wc:-1) (pid:{me})\");
        // SAFETY: no status is asked for.
        unsafe { libc::wait(std::ptr::null_mut()) };
    }
}
";

const RUSTC: &str = "\
\x1b[1m\x1b[91merror[E0425]\x1b[0m\x1b[1m: cannot find function `forkk` in this scope\x1b[0m
  \x1b[1m\x1b[94m--> \x1b[0mexercises/1-processes/wait/src/main.rs:8:26
   \x1b[1m\x1b[94m|\x1b[0m
\x1b[1m\x1b[94m8\x1b[0m  \x1b[1m\x1b[94m|\x1b[0m     let child = unsafe { forkk() };
   \x1b[1m\x1b[94m|\x1b[0m                          \x1b[1m\x1b[91m^^^^^ not found in this scope\x1b[0m
";

fn site(line: u32) -> SourceLine {
    SourceLine { file: "exercises/1-processes/wait/src/main.rs".into(), line, function: "wait::main".into() }
}

/// The page of `wait` with this verdict, in this style.
fn page(graded: &Graded, style: &Style) -> String {
    let seen = scenes::wait_wrong();
    let wanted = scenes::wait_right();
    let said = [RUSTC.to_owned()];
    let ran = !matches!(graded.verdict, Verdict::Passed | Verdict::BuildFailed | Verdict::CannotTell);
    let shown = Shown {
        typical: &[],
        graded,
        title: "the parent speaks when the child has ended",
        aha: "An order that is proved, not hoped for.",
        scenarios: &[("plain", ""), ("slow-child", "with a child that is slow to start")],
        seen: ran.then_some(Seen { trace: &seen, events: &[4] }),
        wanted: ran.then_some(&wanted),
        excerpt: ran.then(|| Excerpt::cut(&site(12), SOURCE, 2)).flatten(),
        diagnostics: if graded.verdict == Verdict::BuildFailed { &said } else { &[] },
    };
    exercise(&shown, style)
}

#[test]
fn a_page_for_each_verdict() {
    for verdict in Verdict::ALL {
        let graded = sample::graded(verdict);
        let name = format!("{verdict:?}").to_lowercase();
        insta::assert_snapshot!(format!("page_{name}"), page(&graded, &Style::PLAIN));
    }
}

#[test]
fn a_failed_page_elsewhere() {
    let graded = sample::graded(Verdict::Failed);
    let pages = [WIDE, Style::PLAIN.with_width(44), ASCII].map(|style| page(&graded, &style));
    insta::assert_snapshot!("page_failed_elsewhere", pages.join("\n==========\n\n"));
}

#[test]
fn what_is_not_written_yet_is_no_fault() {
    let mut graded = sample::graded(Verdict::Failed);
    graded.unwritten = Some(site(12));
    let text = page(&graded, &Style::PLAIN);
    assert!(!text.contains("failed") && !text.contains('✗'), "{text}");
    insta::assert_snapshot!("page_unwritten", text);
}

#[test]
fn a_todo_behind_a_mistake_does_not_hide_the_mistake() {
    let mut graded = sample::graded(Verdict::Failed);
    graded.unwritten = Some(site(99));
    assert!(page(&graded, &Style::PLAIN).contains("failed"));
}

#[test]
fn the_first_screen_has_the_whole_finding() {
    let text = page(&sample::graded(Verdict::Failed), &Style::PLAIN);
    let before_the_picture = text.lines().take_while(|line| !line.contains("what it did")).count();
    assert!(before_the_picture <= 25, "{before_the_picture} lines:\n{text}");
}

#[test]
fn the_summary_is_a_table() {
    let mut report = sample::report_of(&Verdict::ALL);
    let ids = ["hello", "fork", "wait", "exec", "redirect", "pipe"];
    for (graded, id) in report.exercises.iter_mut().zip(ids) {
        graded.id = id.into();
    }
    report.exercises[0].points.max = 0;
    report.exercises[1].unwritten = Some(site(12));
    let tables = [Style::PLAIN, Style::PLAIN.with_width(40), ASCII].map(|style| summary(&report, &style));
    insta::assert_snapshot!("summary", tables.join("\n==========\n\n"));
}

#[test]
fn pages_keep_to_the_width_and_print_nothing_as_it_was_written() {
    for verdict in Verdict::ALL {
        let mut graded = sample::graded(verdict);
        let evil = "\x1b[2J\u{202e}日本語 \u{200d}".repeat(40);
        graded.note = Some(evil.clone());
        for check in &mut graded.checks {
            check.claim.clone_from(&evil);
            check.holds = check.holds.as_ref().map(|_| evil.clone());
            if let Some(found) = &mut check.finding {
                (found.observed, found.hint) = (evil.clone(), Some(evil.clone()));
                found.sites[0].file.clone_from(&evil);
            }
        }
        for style in [20, 40, 80, 160].map(|width| Style::PLAIN.with_width(width)) {
            let text = page(&graded, &style);
            let width = |line: &str| unicode_width::UnicodeWidthStr::width(line);
            assert!(text.lines().all(|line| width(line) <= style.width), "{text}");
            assert!(!text.contains(['\x1b', '\u{202e}', '\u{200d}']), "{text}");
        }
    }
}
