//! What is foreseen is what happens.

use super::*;
use crate::Machine;
use crate::explore::{Budget, Judgement, explore};
use crate::replay::{follow, replay};
use crate::shrink::changes;
use crate::simulated::corpus::programs;
use crate::simulated::{Op, Simulated};
use crate::strategy::Exhaustive;

/// Some schedules of a program, all of it is deterministic.
fn schedules(program: &[Op]) -> Vec<Schedule> {
    let mut found = Vec::new();
    let budget = Budget { executions: 300, ..Budget::default() };
    explore(&mut Simulated::new(program), &mut Exhaustive::default(), &budget, |_, execution| {
        found.push(execution.path.schedule());
        Judgement::Holds
    })
    .expect("nothing breaks");
    let every = 1 + found.len() / 8;
    found.into_iter().step_by(every).collect()
}

#[test]
fn what_is_foreseen_to_be_no_simpler_is_none_when_it_is_run() {
    let (mut foreseen, mut all) = (0, 0);
    for (name, program) in programs() {
        let mut machine = Simulated::new(&program);
        for schedule in schedules(&program) {
            let execution = replay(&mut machine, &schedule).expect("it was executed before");
            let best = Foreseen::new(&execution);
            for candidate in changes(&schedule) {
                all += 1;
                if !best.is_no_simpler(&candidate) {
                    continue;
                }
                foreseen += 1;
                let run = follow(&mut machine, &candidate, 200, |_| false).expect("nothing breaks");
                let complexity = Complexity::of(&run.path);
                assert!(complexity >= *best.complexity(), "{name}: {schedule} became {candidate}");
            }
        }
    }
    // Two-sided: it is worth having.
    assert!(foreseen * 4 > all, "{foreseen} of {all}");
}

#[test]
fn of_an_execution_without_conflicts_every_other_schedule_is_known() {
    let program = [crate::simulated::corpus::fork([Op::Print('c')]), Op::Print('p')];
    let mut machine = Simulated::new(&program).stdout(crate::simulated::Stdout::Observed);
    machine.restart().expect("nothing breaks");
    let simplest: Schedule = "0*3 0.0*2".parse().expect("a schedule");
    let execution = replay(&mut machine, &simplest).expect("it is one of this program");
    let best = Foreseen::new(&execution);
    assert!(changes(&simplest).all(|candidate| best.is_no_simpler(&candidate)));
    let other: Schedule = "0 0.0 0*2 0.0".parse().expect("a schedule");
    let execution = replay(&mut machine, &other).expect("it is one of this program");
    assert!(!Foreseen::new(&execution).is_no_simpler(&simplest));
}
