//! What is foreseen of children and pipes is what the kernel says. (Every other test here compares the two as well.)

use super::real::{SPECIMEN, machine, machine_for};
use grader_explorer::simulated::corpus::programs;
use grader_explorer::simulated::generate::Random;
use grader_explorer::{Budget, Dpor, Judgement, Verdict, explore};
use grader_tracer::controlled::Controlled;

/// How often the kernel was asked while a program was explored, and agreed.
fn agreements(mut machine: Controlled<'_>) -> u64 {
    let budget = Budget { executions: 50, ..Budget::default() };
    let report = explore(&mut machine, &mut Dpor::default(), &budget, |_, _| Judgement::Holds);
    let report = report.unwrap_or_else(|trouble| panic!("{trouble}"));
    assert!(!matches!(report.verdict, Verdict::Inconclusive { .. }), "{:?}", report.verdict);
    machine.audits()
}

#[test]
fn children_are_dead_and_alive_as_foreseen() {
    for name in ["which child is reaped first", "two children and three looks", "a grandchild outlives"] {
        let (_, program) = programs().into_iter().find(|(known, _)| *known == name).expect("it is there");
        let agreements = agreements(machine(&program, 1));
        assert!(agreements > 2, "{name}: {agreements}");
    }
}

#[test]
fn pipes_hold_what_is_foreseen() {
    for name in ["a pipe carries a byte", "a poll for the end", "two writers"] {
        let (_, program) = programs().into_iter().find(|(known, _)| *known == name).expect("it is there");
        let agreements = agreements(machine(&program, 1));
        assert!(agreements > 2, "{name}: {agreements}");
    }
}

#[test]
fn slots_of_a_pipe_fill_and_empty_as_foreseen() {
    let mut random = Random::new(super::setting("FORKLINGS_KERNEL_SEED", 2026));
    let sizes =
        [1, 2, 7, 100, 2_047, 2_048, 2_049, 4_000, 4_095, 4_096, 4_097, 5_000, 8_192, 30_000, 65_535, 70_000];
    let mut compared = 0;
    // What was read of a slot is no room in it: the second write takes a new one.
    let half_read =
        [&["w100", "r50", "w4000"][..], &["w4096"; 14], &["w1", "w70000", "r4096", "w70000"]].concat();
    // A slot that is read to its end is a new one.
    let emptied =
        [&["w100", "r100", "w4000", "w96"][..], &["w4096"; 15], &["w1", "r4096", "w4095", "w2"]].concat();
    for steps in [half_read, emptied] {
        compared +=
            agreements(machine_for(SPECIMEN, &[&["specimen", "fills_and_drains"], &steps[..]].concat()));
    }
    for round in 0..super::setting("FORKLINGS_KERNEL_PIPES", 20) {
        // Small ones at first, then all, so that the slots are of every kind.
        let among = [5, 10, 12, sizes.len()][round as usize % 4];
        let step = |_| {
            let what = if random.below(5) < 3 { "w" } else { "r" };
            format!("{what}{}", sizes[random.below(among)])
        };
        let steps: Vec<String> = (0..120).map(step).collect();
        let steps = steps.iter().map(String::as_str);
        let argv: Vec<&str> = ["specimen", "fills_and_drains"].into_iter().chain(steps).collect();
        compared += agreements(machine_for(SPECIMEN, &argv));
    }
    println!("{compared} comparisons");
    assert!(compared > 1_000);
}
