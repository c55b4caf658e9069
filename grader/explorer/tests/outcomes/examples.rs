//! What can come of the programs made by hand.

use super::compare::{difference, enumerated, reduced};
use grader_explorer::simulated::Op::*;
use grader_explorer::simulated::corpus::*;
use grader_explorer::simulated::{Op, Simulated, Target};
use std::collections::BTreeSet;

#[test]
fn reduction_finds_the_outcomes_of_enumeration_in_programs_made_by_hand() {
    let programs = programs();
    assert!(programs.len() >= 40);
    for (name, program) in programs {
        let all = enumerated(&program, 200_000).unwrap_or_else(|| panic!("{name}: too large"));
        let found = reduced(Simulated::new(&program));
        assert_eq!(all.outcomes, found.outcomes, "{name}: {}", difference(&program, &all, &found));
    }
}

fn outputs(program: &[Op]) -> BTreeSet<String> {
    reduced(Simulated::new(program)).outcomes.into_iter().map(|outcome| outcome.output).collect()
}

fn assert_outputs<const N: usize>(program: &[Op], expected: [&str; N]) {
    assert_eq!(outputs(program), expected.map(String::from).into());
}

#[test]
fn a_sleep_is_not_synchronisation() {
    assert_outputs(&[fork([Print('c')]), Sleep, Print('p')], ["cp", "pc"]);
    assert_outputs(&[fork([Print('c')]), wait(), Print('p')], ["cp"]);
}

#[test]
fn a_poll_with_a_timeout_beside_a_slow_writer_can_time_out() {
    let program = |timed| [Pipe, fork([Sleep, Write(0, 1, 1)]), poll(timed), PrintAnswer];
    assert_outputs(&program(true), ["(0)", "(1)"]);
    assert_outputs(&program(false), ["(1)"]);
}

#[test]
fn a_timer_may_run_out_before_the_pause_that_waits_for_it() {
    let found = reduced(Simulated::new(&[on_alarm(true, []), Alarm(true), Pause, Print('p')]));
    let ends: Vec<(String, bool)> =
        found.outcomes.iter().map(|outcome| (outcome.output.clone(), outcome.deadlock())).collect();
    assert_eq!(ends, [(String::new(), true), ("p".into(), false)]);
}

#[test]
fn a_timer_runs_out_once_or_is_taken_back() {
    let program = [on_alarm(true, [Print('!')]), Alarm(true), Print('a'), Alarm(false), PrintAnswer];
    assert_outputs(&program, ["!a(0)", "a!(0)", "a(1)"]);
}

#[test]
fn the_other_one_sees_the_store_or_does_not() {
    // r = x; y = 2 beside s = y, the classic that bounded search with sleep sets gets wrong.
    assert_outputs(&[fork([Get(1), PrintAnswer]), Get(0), Set(1, 2)], ["(0)", "(2)"]);
}

#[test]
fn a_signal_before_the_pause_is_lost_for_the_pause() {
    let program = [handle(true, []), fork([Kill(Target::Parent, USR1)]), Pause, Print('p')];
    let found = reduced(Simulated::new(&program));
    assert_eq!(found.outcomes.iter().filter(|outcome| outcome.deadlock()).count(), 1);
    assert_outputs(&program, ["", "p"]);
}

#[test]
fn an_unreaped_child_and_a_deadlock_are_outcomes() {
    let found = reduced(Simulated::new(&[fork([Exit(2)]), ask()]));
    let unreaped: BTreeSet<usize> = found.outcomes.iter().map(|outcome| outcome.unreaped()).collect();
    assert_eq!(unreaped, [0, 1].into());
    let found = reduced(Simulated::new(&[Pipe, fork([]), Read(0, 1)]));
    assert!(found.outcomes.iter().all(|outcome| outcome.deadlock()));
}
