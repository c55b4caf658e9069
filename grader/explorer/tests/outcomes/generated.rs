//! Random programs.

use super::compare::{difference, enumerated, reduced};
use grader_explorer::simulated::Op;
use grader_explorer::simulated::Simulated;
use grader_explorer::simulated::generate::{Random, Size, program, with_timers};

/// More interleavings than this are too many for a quick test.
const MOST: u64 = 500;

#[test]
fn reduction_finds_the_outcomes_of_enumeration_in_random_programs() {
    compare(program);
}

#[test]
fn reduction_finds_the_outcomes_of_enumeration_in_random_programs_with_timers() {
    compare(|random, size| {
        let program = program(random, size);
        with_timers(random, &program)
    });
}

fn compare(program: fn(&mut Random, Size) -> Vec<Op>) {
    let setting = |name: &str, usual: u64| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let programs = setting("FORKLINGS_EXPLORER_PROGRAMS", 2_000);
    let most = setting("FORKLINGS_EXPLORER_INTERLEAVINGS", MOST);
    let mut random = Random::new(setting("FORKLINGS_EXPLORER_SEED", 2026));
    let (mut compared, mut too_large, mut single) = (0, 0, 0);
    let (mut interleavings, mut traces, mut abandoned, mut deadlocks) = (0, 0, 0, 0);
    let mut wrong = Vec::new();
    while compared < programs {
        let tasks = 2 + random.below(3);
        let size = Size { tasks, operations: 1 + random.below(6 - tasks) };
        let program = program(&mut random, size);
        let Some(all) = enumerated(&program, most) else {
            too_large += 1;
            continue;
        };
        if all.report.judged == 1 {
            single += 1;
            continue;
        }
        let found = reduced(Simulated::new(&program));
        if all.outcomes != found.outcomes {
            wrong.push((all.report.judged, difference(&program, &all, &found)));
        }
        assert!(found.report.judged <= all.report.judged);
        compared += 1;
        interleavings += all.report.judged;
        traces += found.report.judged;
        abandoned += found.report.abandoned;
        deadlocks += u64::from(all.outcomes.iter().any(|outcome| outcome.deadlock()));
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{} programs differ; the smallest: {}", wrong.len(), wrong[0].1);
    println!(
        "{compared} programs compared: {interleavings} interleavings, {traces} traces, {abandoned} executions \
         abandoned; {deadlocks} programs can deadlock; made anew: {too_large} had more than {most} interleavings, \
         {single} had one"
    );
    assert!(deadlocks * 20 > compared, "programs that never block prove little");
}
