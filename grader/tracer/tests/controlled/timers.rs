//! Timers are choices: a timer may run out at any moment, and what reduction finds is what enumeration finds.
//!
//! Programs as in `beyond`; `a1` is alarm(1), `a0` alarm(0), `a2` a timer that repeats.

use super::beyond::compared;
use super::folder::Folder;
use super::outcomes;
use super::real::{SPECIMEN, explored_by, machine_for};
use super::setting;
use super::text::{text, without_variables};
use grader_explorer::simulated::generate::{Random, Size, program, with_timers};
use std::collections::BTreeSet;

const PROGRAMS: [(&str, &str); 20] = [
    ("a time limit around a wait", "h14i()f(z)a1wwna0nK009wwn"),
    ("a timer beside a child's end", "h14i(p!)f(x002)a1wwna0n"),
    ("a handler that is set too late", "a1pah14r(p!)pb"),
    ("a blocked timer", "h14r(p!)B14a1ppUpq"),
    ("a timer that is blocked too late", "h14r(p!)a1paB14pbUpc"),
    ("a blocked timer taken back too late", "h14r(p!)B14a1paa0nUpb"),
    ("a timer that is ignored", "I14a1paa0n"),
    ("a timer that is ignored for a while", "h14r(p!)a1I14pah14r(p?)pb"),
    ("nothing is lost with sigsuspend", "h14r(p!)B14a1paSpb"),
    ("the next program inherits it", "h14r(p!)a1pae"),
    ("a child does not", "h14r(p!)a1f(zpc)K009wwn"),
    ("a timer beside a vfork", "h14r(p!)a1ypa"),
    ("a timer beside a handler", "h14r(p!)h10r(papb)f(k10)a1ww"),
    ("a timer and the same signal from a child, blocked", "h14r(p!)B14f(k14)a1paUpbww"),
    ("a timer and the same signal to oneself", "h14r(p!)B14a1R14paUpb"),
    ("a timer that its handler sets again", "h14r(a1p!)a1papb"),
    ("a timer that repeats", "h14r(p!)a2papb"),
    ("a timer that repeats ends pauses", "h14r(p!)a2zpazpba0"),
    ("a timer that repeats, and a wait that begins again", "h14r(p!)f(pc)a2wwn"),
    ("two timers", "h14r(p!)a1f(h14r(p?)a1pc)papbww"),
];

#[test]
fn reduction_finds_on_the_kernel_what_enumeration_finds_with_timers() {
    let folder = Folder::new();
    let compared = |(name, text): &(&str, &str)| compared(&folder, name, text, 20_000).expect("small");
    let interleavings: u64 = PROGRAMS.iter().map(compared).sum();
    println!("{} programs, {interleavings} interleavings", PROGRAMS.len());
    assert!(interleavings > PROGRAMS.len() as u64 * 4);
}

#[test]
fn random_programs_with_timers_come_to_the_same_on_the_kernel() {
    let programs = setting("FORKLINGS_KERNEL_PROGRAMS", 200) / 4;
    let mut random = Random::new(setting("FORKLINGS_KERNEL_SEED", 2026));
    let (mut count, mut interleavings) = (0, 0);
    while count < programs {
        let size = Size { tasks: 2 + random.below(2), operations: 1 + random.below(3) };
        let plain = without_variables(&program(&mut random, size));
        let program = with_timers(&mut random, &plain);
        let most = setting("FORKLINGS_KERNEL_INTERLEAVINGS", 300);
        // The specimen has room for six handlers.
        if text(&program).matches('h').count() > 6 {
            continue;
        }
        match outcomes::compared(&program, 1, most) {
            None | Some(Ok((1, _))) => {}
            Some(Ok((all, _))) => (count, interleavings) = (count + 1, interleavings + all),
            Some(Err(difference)) => panic!("{difference}"),
        }
    }
    println!("{count} programs, {interleavings} interleavings");
}

/// What a program writes, and whether somebody may wait for ever.
fn outputs(text: &str) -> (BTreeSet<String>, bool) {
    let mut machine = machine_for(SPECIMEN, &["specimen", "interprets", text, "1"]);
    let found = explored_by(&mut machine).unwrap_or_else(|why| panic!("{text}: {why}"));
    let waits = found.outcomes.keys().any(|tasks| tasks.iter().any(|task| task.status.is_none()));
    (found.outcomes.into_values().flatten().collect(), waits)
}

fn assert_outputs<const N: usize>(text: &str, expected: [&str; N], waits: bool) {
    assert_eq!(outputs(text), (expected.map(String::from).into(), waits), "{text}");
}

#[test]
fn a_timer_may_run_out_before_the_pause_that_waits_for_it() {
    assert_outputs("h14r(p!)a1zpa", ["!", "!a"], true);
    assert_outputs("h14r(p!)B14a1Spa", ["!a"], false);
}

#[test]
fn a_time_limit_ends_a_wait_or_comes_too_early_or_too_late() {
    // EINTR, or the child killed by the parent afterwards; too early, and the wait has no limit.
    assert_outputs("h14i()f(z)a1wwnK009ww", ["", "(-4)"], true);
}

#[test]
fn what_is_left_of_a_timer_is_known() {
    let expected = ["!!(0)(0)", "!(0)!(0)", "!(0)(1)", "!(1)(0)", "(1)!(0)", "(1)(1)"];
    assert_outputs("h14r(p!)a1a1na0n", expected, false);
}

#[test]
fn a_timer_without_end_is_no_deadlock_and_no_claim_is_made() {
    let mut machine = machine_for(SPECIMEN, &["specimen", "interprets", "h14r()f(z)a2ww", "1"]);
    let why = explored_by(&mut machine).err().expect("nothing can be said");
    assert!(why.contains("everybody waits for a timer to run out more than 3 times"), "{why}");
    // A child that can go on is reason enough not to wait for the timer alone.
    assert_outputs("h14r()f(pc)a2wwa0pa", ["ca"], false);
}
