//! Mistakes that only some schedules show, each with the simplest one that does: to the letter, and again when replayed.

use crate::place::Place;
use serde_json::Value;
use std::fs;
use std::process::{Command, Output};

/// A fixture that goes wrong in some schedules.
struct Pin {
    /// What goes wrong.
    mistake: &'static str,
    /// Its exercise and its name.
    fixture: (&'static str, &'static str),
    /// The check that it fails by.
    check: &'static str,
    /// What was observed, in part.
    observed: &'static str,
    /// The simplest schedule; `*…` where a task runs a program of the system, whose steps are its own affair.
    schedule: &'static str,
    /// What the replay shows, from top to bottom.
    shown: &'static [&'static str],
    /// What is said of the replay's end, if that is unusual.
    remark: &'static str,
}

const FOR_EVER: &str = "grader: every process waited for another one, for ever; they were killed\n";

/// In all of them the kernel could choose otherwise, and then nothing goes wrong.
const PINS: [Pin; 6] = [
    Pin {
        mistake: "order violation",
        fixture: ("wait", "sleeps-then-prints"),
        check: "after-child",
        observed: "was still alive",
        // The root goes on as far as it can; the child moves only when the root waits for it.
        schedule: "0*4 0.0*2 0*2",
        shown: &["hello, I am parent of", "hello, I am child"],
        remark: "",
    },
    Pin {
        mistake: "lost signal",
        fixture: ("wait", "pauses-too-late"),
        check: "exit-status",
        observed: "slept in pause",
        // The signal arrives before the pause.
        schedule: "0*2 0.0*2 0:signal17",
        shown: &["◀─ SIGCHLD", "sleeps in pause (never woke up)"],
        remark: FOR_EVER,
    },
    Pin {
        mistake: "deadlock",
        fixture: ("wait", "one-pipe-both-ways"),
        check: "exit-status",
        observed: "slept in read of descriptor 3, a pipe's read end",
        // The child reads back what it wrote.
        schedule: "0*3 0.0*6",
        shown: &["read sleeps: pipe is empty (never woke", "still open in"],
        remark: FOR_EVER,
    },
    Pin {
        mistake: "zombie",
        fixture: ("wait", "reads-then-asks-once"),
        check: "reaped",
        observed: "its parent was gone",
        // The child has closed the pipe, and not ended, when the parent asks.
        schedule: "0*4 0.0*2 0*5 0.0*2",
        shown: &["wait4 → nothing yet", "orphan: its parent is gone"],
        remark: "",
    },
    Pin {
        mistake: "leaked descriptor",
        fixture: ("pipe", "handler-keeps-a-log"),
        check: "no-leaks",
        observed: "started with descriptor 5 (log) open as well",
        // echo's end is told before wc is forked.
        schedule: "0*2 0.0*… 0:signal17 0*6 0.1*… 0 0:signal17 0*2",
        shown: &["open log → 5", "      5  log\n"],
        remark: "",
    },
    Pin {
        mistake: "wrong status",
        fixture: ("wait", "handler-drops-the-status"),
        check: "exit-status",
        observed: "ended with exit status 255; the child",
        // The child has ended, and the handler has reaped it, before waitpid is called.
        schedule: "0*2 0.0*2 0:signal17 0*4",
        shown: &["wait → ECHILD: no children", "■ exit 255"],
        remark: "",
    },
];

#[test]
fn what_goes_wrong_in_some_schedules_is_shown_by_the_simplest_of_them_and_again_by_its_replay() {
    let place = Place::new();
    for pin in &PINS {
        let (exercise, fixture) = pin.fixture;
        let source = place.path(&format!("fixtures/1-processes/{exercise}/{fixture}.rs"));
        fs::write(place.source(exercise), fs::read(source).expect("a fixture")).expect("writable");
        let (finding, schedule) = found(pin, &place);
        let file = finding["sites"][0]["file"].as_str().unwrap_or_default();
        assert!(file.ends_with(&format!("{exercise}/src/main.rs")), "{}: {finding:#}", pin.mistake);
        replayed(pin, &place, &schedule);
    }
}

/// What is found, and the schedule that shows it.
fn found(pin: &Pin, place: &Place) -> (Value, String) {
    let (mistake, (exercise, _)) = (pin.mistake, pin.fixture);
    let answer = ended(place.grader(&["check", exercise, "--format", "json"]));
    assert_eq!(answer.status.code(), Some(1), "{mistake}: {}", said(&answer.stderr));
    let report: Value = serde_json::from_slice(&answer.stdout).expect("JSON");
    let checks = report["exercises"][0]["checks"].as_array().expect("a list");
    let failed: Vec<&Value> = checks.iter().filter(|check| check["verdict"] == "failed").collect();
    let [check] = failed[..] else { panic!("{mistake}: {report:#}") };
    assert_eq!(check["id"], pin.check, "{mistake}");
    let finding = check["finding"].clone();
    let observed = finding["observed"].as_str().expect("a sentence");
    assert!(observed.contains(pin.observed), "{mistake}: {observed}");
    let schedule = finding["schedule"].as_str().map(String::from);
    let schedule = schedule.unwrap_or_else(|| panic!("{mistake}: {finding:#}"));
    let pinned = pin.schedule.split(' ').map(Some).chain(std::iter::repeat(None));
    let parts: Vec<&str> = schedule.split(' ').zip(pinned).map(elastic).collect();
    assert_eq!(parts.join(" "), pin.schedule, "{mistake}: {schedule}");
    (finding, schedule)
}

/// A part of a schedule; the pinned one instead, if they differ in a count that is not pinned.
fn elastic<'t>((part, pinned): (&'t str, Option<&'t str>)) -> &'t str {
    let task = part.split('*').next();
    pinned.filter(|pinned| pinned.strip_suffix("*…").is_some_and(|other| task == Some(other))).unwrap_or(part)
}

/// Runs the schedule again, in the environment in which programs are judged.
fn replayed(pin: &Pin, place: &Place, schedule: &str) {
    let program = place.path("target/debug").join(pin.fixture.0);
    let mut replay = place.grader(&["replay", schedule, "--"]);
    replay.arg(program).env_clear().envs(grader::run::ENVIRONMENT);
    let answer = ended(replay);
    let page = said(&answer.stdout);
    assert_eq!((answer.status.code(), said(&answer.stderr)), (Some(0), pin.remark.into()), "{}", pin.mistake);
    let mut rest = &page[..];
    for words in pin.shown {
        let after = rest.split_once(words).map(|(_, after)| after);
        rest = after.unwrap_or_else(|| panic!("{}: {words} is missing in\n{page}", pin.mistake));
    }
}

fn ended(mut command: Command) -> Output {
    command.output().expect("the grader starts")
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
