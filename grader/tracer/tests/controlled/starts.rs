//! Executions that begin with a copy of a started program are those that begin with an exec: as many, in the same order,
//! each the same to the last byte of its footprints. And a program is copied exactly where a copy shares nothing.

use super::real::{SPECIMEN, machine, machine_for};
use super::replays::Known;
use super::text::{text, without_variables};
use grader_explorer::simulated::corpus::programs;
use grader_explorer::{Budget, Dpor, Judgement, Verdict, explore};
use grader_tracer::controlled::Controlled;

/// All executions of a program, and what the explorer says of them.
fn exploration(machine: &mut Controlled<'_>) -> (Vec<Known>, Result<Verdict, String>) {
    let mut executions = Vec::new();
    let budget = Budget { executions: u64::MAX, steps: 400, ..Budget::default() };
    let report = explore(machine, &mut Dpor::default(), &budget, |machine, execution| {
        executions.push(Known::of(machine, execution.clone()));
        Judgement::Holds
    });
    (executions, report.map(|report| report.verdict).map_err(|trouble| trouble.to_string()))
}

/// Compares both ways to begin; how many executions there are, what is said of them, and whether they began with copies.
fn compared(name: &str, new: impl Fn() -> Controlled<'static>) -> (usize, String, bool) {
    let mut usual = new();
    let mut by_exec = new().with_exec_each_time();
    let (copied, said) = exploration(&mut usual);
    let (started, also) = exploration(&mut by_exec);
    assert_eq!(format!("{said:?}"), format!("{also:?}"), "{name}");
    assert_eq!(copied.len(), started.len(), "{name}");
    for (one, other) in copied.iter().zip(&started) {
        one.assert_same(other, name);
    }
    assert!(!by_exec.has_template(), "{name}");
    (copied.len(), format!("{said:?}"), usual.has_template())
}

#[test]
fn explorations_are_the_same_however_executions_begin() {
    let (mut programs_copied, mut count) = (0, 0);
    for (name, program) in programs() {
        let program = without_variables(&program);
        let (executions, _, copies) = compared(&text(&program), || machine(&program, 1));
        assert!(executions > 0, "{name}");
        (programs_copied, count) = (programs_copied + usize::from(copies), count + executions);
    }
    println!("{count} executions, begun in both ways; {programs_copied} programs were copied");
    assert!(programs_copied > 40, "{programs_copied} programs were copied");
}

#[test]
fn what_a_program_begins_with_is_not_shared_by_its_copies() {
    // The copy is made before the first thing that it would share.
    let cases = [
        ("a_pipe", 1),
        ("a_word", 1),
        ("a_folder", 1),
        ("a_handler", 3),
        ("its_number", 1),
        ("its_memory", 1),
        ("a_child", 1),
        ("a_file_closed", 1),
        ("an_offset", 2),
        ("a_copy_of_stdout", 1),
        ("no_stdin", 1),
    ];
    for (what, count) in cases {
        let new = || machine_for(SPECIMEN, &["specimen", "begins_with", what]);
        let (executions, said, copied) = compared(what, new);
        assert!(said.starts_with("Ok(Complete"), "{what}: {said}");
        assert_eq!((executions, copied), (count, true), "{what}");
    }
}

#[test]
fn a_program_that_holds_what_its_copies_would_share_is_not_copied() {
    // It has opened the file, and read it, by calls that nobody else could notice.
    let (executions, said, copied) = compared("cat", || machine_for("/bin/cat", &["cat", "/etc/passwd"]));
    assert!(said.starts_with("Ok(Complete"), "{said}");
    assert_eq!((executions, copied), (1, false));
}

#[test]
fn what_there_is_no_model_of_is_told_however_executions_begin() {
    let new = || machine_for(SPECIMEN, &["specimen", "begins_with", "a_thread"]);
    let (executions, said, _) = compared("a_thread", new);
    assert!(executions == 0 && said.contains("it starts a thread"), "{executions}, {said}");
}
