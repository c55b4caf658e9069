//! The commands beside `check`, each once.

use crate::place::{Place, exercises, folder};
use std::fs;
use std::process::Output;

fn run(place: &Place, arguments: &[&str]) -> Output {
    place.grader(arguments).output().expect("the grader starts")
}

/// Standard output of a command that succeeds.
fn said(place: &Place, arguments: &[&str]) -> String {
    let output = run(place, arguments);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn the_list_shows_what_is_passed_and_what_comes_next() {
    let place = Place::new();
    place.solve("hello");
    said(&place, &["check", "hello"]);
    let list = said(&place, &["list"]);
    let state = |id: &str| {
        let line = list.lines().find(|line| line.split_whitespace().any(|word| word == id)).expect("a line");
        line.split_whitespace().next().unwrap_or_default().to_string()
    };
    assert_eq!([state("hello"), state("fork"), state("wait")], ["passed", "next", "wait"]);
}

#[test]
fn every_statement_can_be_shown() {
    let place = Place::new();
    for id in exercises() {
        let text = said(&place, &["show", id]);
        let statement = fs::read_to_string(place.path(&format!("exercises/{}/README.md", folder(id))));
        assert!(text.starts_with(&statement.expect("a statement")), "{id}");
    }
}

#[test]
fn hints_become_stronger_and_belong_to_the_check_that_failed() {
    let place = Place::new();
    assert!(said(&place, &["hint", "hello"]).contains("check hello"), "nothing has failed yet");
    fs::write(place.source("hello"), "fn main() { println!(\"hello world\"); }\n").expect("writable");
    run(&place, &["check", "hello"]);
    let (first, second) = (said(&place, &["hint", "hello"]), said(&place, &["hint", "hello"]));
    assert!(first.starts_with("hello, status:") && first.contains("Hint 1 of"), "{first}");
    assert!(second.starts_with("hello, status:") && second.contains("Hint 2 of"), "{second}");
}

#[test]
fn a_reset_keeps_a_copy_of_what_it_replaces() {
    let place = Place::new();
    let shipped = fs::read(place.source("fork")).expect("a skeleton");
    let folder = place.path("exercises/1-processes/fork/src");
    for mine in ["my first try", "my second try"] {
        fs::write(place.source("fork"), mine).expect("writable");
        said(&place, &["reset", "fork"]);
        assert_eq!(fs::read(place.source("fork")).expect("put back"), shipped);
    }
    let mut kept: Vec<String> = fs::read_dir(&folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "bak"))
        .map(|path| fs::read_to_string(path).expect("a copy"))
        .collect();
    kept.sort();
    assert_eq!(kept, ["my first try", "my second try"]);
}

#[test]
fn a_reset_without_need_changes_nothing() {
    let place = Place::new();
    assert!(said(&place, &["reset", "wait"]).contains("nothing was changed"));
    assert_eq!(fs::read_dir(place.path("exercises/1-processes/wait/src")).expect("a folder").count(), 1);
}

#[test]
fn a_solution_is_shown_after_a_pass_or_by_force() {
    let place = Place::new();
    let refused = run(&place, &["solution", "hello"]);
    assert_eq!((refused.status.code(), refused.stdout.len()), (Some(1), 0));
    let solution =
        fs::read_to_string(place.path("solutions/1-processes/hello/src/main.rs")).expect("a solution");
    assert!(said(&place, &["solution", "hello", "--force"]).ends_with(&solution));
    place.solve("hello");
    said(&place, &["check", "hello"]);
    assert!(said(&place, &["solution", "hello"]).ends_with(&solution));
}

#[test]
fn without_a_name_the_solution_is_that_of_the_exercise_passed_last() {
    let place = Place::new();
    assert_eq!(run(&place, &["solution"]).status.code(), Some(1), "none was passed yet");
    for id in ["hello", "fork"] {
        place.solve(id);
        said(&place, &["check", id]);
        let solution = said(&place, &["solution"]);
        assert!(
            solution.starts_with(&format!("// The solution of {id}, which you passed last: ")),
            "{solution}"
        );
    }
}

#[test]
fn a_trace_that_was_written_is_read_back_as_it_was() {
    let place = Place::new();
    let recorded = said(&place, &["trace", "--json", "--", "sh", "-c", "echo one; echo two | cat"]);
    fs::write(place.path("trace.jsonl"), &recorded).expect("writable");
    assert_eq!(said(&place, &["trace", "--json", "--from", "trace.jsonl"]), recorded);
    assert!(recorded.lines().count() > 10, "{recorded}");
}

#[test]
fn the_doctor_finds_this_machine_well() {
    let place = Place::new();
    let text = said(&place, &["doctor"]);
    for name in ["kernel", "tracing", "clone3", "memory", "cargo", "linker", "commands", "workspace"] {
        assert!(text.lines().any(|line| line.contains(name)), "{name} is missing in\n{text}");
    }
}

#[test]
fn the_course_verifies_itself_twice_with_the_same_words() {
    let place = Place::new();
    let first = said(&place, &["verify", "hello"]);
    assert!(first.contains("ok     hello/skeleton") && first.contains("fails by status"), "{first}");
    assert_eq!(said(&place, &["verify", "hello"]), first);
}

#[test]
fn a_fixture_that_breaks_its_promise_is_named() {
    let place = Place::new();
    let liar = "//! passes\n//! Somebody who says so.\n\nfn main() {}\n";
    fs::write(place.path("fixtures/1-processes/hello/liar.rs"), liar).expect("writable");
    fs::write(place.path("fixtures/1-processes/hello/notes.txt"), "a stray file").expect("writable");
    let output = run(&place, &["verify", "hello"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("WRONG  hello/liar expected: it passes"), "{text}");
    assert!(text.contains("STRAY  fixtures/1-processes/hello/notes.txt"), "{text}");
    assert_eq!(output.status.code(), Some(1));
}
