//! A write to a terminal looks for signals before it does anything, and a write to a pipe does not.

use super::natively::seen_by;
use super::real::{
    SPECIMEN, enumerated_by, explored_by, machine_for, machine_with_terminal, machine_with_terminal_for,
};
use super::setting;
use grader_explorer::Machine;
use grader_tracer::controlled::Controlled;
use std::collections::BTreeSet;

/// Whoever gets SIGUSR1 writes `!`; the root writes two letters, its child sends it the signal and writes one.
const RESTARTS: &str = "h10r(p!)f(k10pk)papbww";
const INTERRUPTS: &str = "h10i(p!)f(k10pk)papbww";

/// Both, with more to meet.
const OTHERS: [&str; 5] = [
    "h10i(p!)f(k10pkk10)papbww",
    "h10r(p!)f(k10)f(k10)pa",
    "h10i(p!)h12r(p?)f(k10k12)papbww",
    "of(r01k10pk)h10i(p!)pat011pbww",
    "h17i(p!)f(pk)papbww",
];

fn outputs(mut machine: Controlled<'_>) -> BTreeSet<String> {
    let found = explored_by(&mut machine).expect("a complete answer");
    found.outcomes.into_values().flatten().collect()
}

fn set(outputs: &str) -> BTreeSet<String> {
    outputs.split_whitespace().map(str::to_owned).collect()
}

/// `k` tells that the signal was sent: the next letter of the receiver is its handler's, unless a pipe's write had begun.
#[test]
fn who_writes_to_a_terminal_gets_a_signal_first_that_others_have_told_of() {
    let on_terminal = "!abk !akb !kab k!ab a!bk a!kb ak!b ab!k abk!";
    assert_eq!(outputs(machine_with_terminal(RESTARTS)), set(on_terminal));
    let pipe = machine_for(SPECIMEN, &["specimen", "interprets", RESTARTS, "1"]);
    assert_eq!(outputs(pipe), &set(on_terminal) | &set("ka!b akb!"));
    // Without SA_RESTART the write that has found the signal is lost.
    let with_lost = &set(on_terminal) | &set("!bk !kb k!b a!k ak!");
    assert_eq!(outputs(machine_with_terminal(INTERRUPTS)), with_lost);
    // Also where each order of what is written is an execution of its own.
    assert_eq!(outputs(machine_with_terminal(RESTARTS).counting_output()), set(on_terminal));
    assert_eq!(outputs(machine_with_terminal(INTERRUPTS).counting_output()), with_lost);
}

/// Between parts of 2048 bytes it looks for signals again, and what was written then is all: of that there is no model.
#[test]
fn what_a_terminal_takes_in_parts_is_named_among_what_an_answer_rests_on() {
    let rests_on_it = |machine: fn(&str, &[&str]) -> Controlled<'static>, bytes: u32| {
        let mut machine = machine(SPECIMEN, &["specimen", "at_once", &bytes.to_string()]);
        assert_eq!(explored_by(&mut machine).expect("a complete answer").report.judged, 1);
        machine.assumptions().iter().any(|one| one.to_string().contains("2048 bytes"))
    };
    assert!(rests_on_it(machine_with_terminal_for, 2049));
    assert!(!rests_on_it(machine_with_terminal_for, 2048));
    assert!(!rests_on_it(machine_for, 2049));
}

#[test]
fn on_a_terminal_reduction_finds_what_enumeration_finds() {
    for program in OTHERS.into_iter().chain([RESTARTS, INTERRUPTS]) {
        let all = enumerated_by(&mut machine_with_terminal(program), 20_000);
        let all = all.unwrap_or_else(|why| panic!("{program}: {why}"));
        let found = explored_by(&mut machine_with_terminal(program)).expect("a complete answer");
        assert_eq!(found.outcomes, all.outcomes, "{program}");
        println!("{program}: {} of {} interleavings", found.report.judged, all.report.judged);
    }
}

#[test]
fn untraced_runs_on_a_terminal_come_to_nothing_that_was_not_explored() {
    let runs = setting("FORKLINGS_KERNEL_RUNS", 40);
    for program in OTHERS.into_iter().chain([RESTARTS, INTERRUPTS]) {
        let explored = outputs(machine_with_terminal(program));
        let met: BTreeSet<String> =
            seen_by("interprets_on_terminals", program, runs).into_iter().map(|(_, output)| output).collect();
        println!("{program}: {} of {} outputs were met", met.len(), explored.len());
        assert!(met.is_subset(&explored), "{program}: {met:?} are not all among {explored:?}");
    }
}
