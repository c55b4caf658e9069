//! What goes wrong with few preemptions is found, however many schedules there are.

use crate::programs::specimen_file;
use grader::course::Scenario;
use grader::explore::{Asked, Covered, Schedules, Surroundings, explore, launch, on_a_thread};
use grader::run::{Job, Proof, prove};
use grader_explorer::Budget;
use grader_trace::ExitStatus;
use grader_tracer::{Cancel, Stdout};
use std::ffi::OsString;
use std::time::Duration;

/// What an exploration finds that ends after so many executions of one kind each.
fn found_in(executions: u64) -> Schedules {
    let command = [specimen_file(), "both_look_and_make", "6"].map(OsString::from);
    let around = Surroundings::new(&command).expect("a copy of the folder");
    let launch = launch(&command, Stdout::Pipe, Duration::from_secs(60), &around).expect("a program");
    let (budget, cancel) = (Budget { executions, ..Budget::default() }, Cancel::default());
    let asked = Asked { launch: &launch, around: &around, budget, faults: false, cancel: &cancel };
    on_a_thread(|| explore(&asked, &|_| ())).expect("it is explored").schedules
}

#[test]
fn what_one_preemption_breaks_is_found_in_a_part_of_the_schedules() {
    let statuses = |found: &Schedules| found.ends.iter().map(|(status, _)| *status).collect::<Vec<_>>();
    let (few, more) = (found_in(250), found_in(260));
    assert_eq!(statuses(&few), [ExitStatus::Exited(0)]);
    assert_eq!(statuses(&more), [ExitStatus::Exited(0), ExitStatus::Exited(1)]);
    assert!(more.executions - few.executions <= 10, "the passes do not count: {few:?}, {more:?}");
    assert_eq!((&few.covered, &more.covered), (&Covered::Budget, &Covered::Budget));
}

#[test]
fn a_claim_that_one_preemption_breaks_is_not_held_for_true_so_far() {
    let exercise = grader::course::find("fork").expect("an exercise");
    let args = vec!["both_look_and_make".into(), "6".into()];
    let scenario = Scenario { args, ..(exercise.scenarios)().remove(0) };
    let (watch, scenarios) = (exercise.watch, vec![scenario.clone()]);
    let job = Job { program: specimen_file().into(), watch, order_counts: false, lines: true, scenarios };
    let well = |status: ExitStatus| status == ExitStatus::Exited(0);
    let proof = prove(&job, &scenario, &|run| run.trace().root().end.is_none_or(|(_, status)| well(status)));
    let Ok(Proof::Fails(run)) = proof else { panic!("{proof:?}") };
    assert!(run.schedule.is_some_and(|schedule| schedule.split(' ').count() < 6));
    let nothing_wrong = prove(&job, &scenario, &|_| true);
    assert!(matches!(nothing_wrong, Ok(Proof::SoFar { .. })), "{nothing_wrong:?}");
}
