//! All that can come of a program, by plain enumeration on the simulated machine.

use grader_explorer::simulated::{Op, Outcome, Simulated, TaskOutcome};
use grader_explorer::{Budget, Exhaustive, Judgement, Verdict, explore};
use std::collections::{BTreeMap, BTreeSet};

/// What became of the tasks, and which outputs came with it.
pub type Outcomes = BTreeMap<Vec<TaskOutcome>, BTreeSet<String>>;

/// What enumeration has found.
pub struct Enumerated {
    pub outcomes: Outcomes,
    pub interleavings: u64,
}

/// Every interleaving; `None` if there are more than `most`.
pub fn enumerated(program: &[Op], capacity: usize, most: u64) -> Option<Enumerated> {
    let mut machine = Simulated::new(program).capacity(capacity).without_footprints();
    let budget = Budget { executions: most, steps: 200, ..Budget::default() };
    let mut outcomes = Outcomes::new();
    let report = explore(&mut machine, &mut Exhaustive::default(), &budget, |machine, execution| {
        if execution.path.is_real() {
            let Outcome { output, tasks } = machine.outcome();
            outcomes.entry(tasks).or_default().insert(output);
        }
        Judgement::Holds
    });
    let report = report.expect("the simulated machine has no troubles");
    let complete = matches!(report.verdict, Verdict::Complete { .. });
    complete.then_some(Enumerated { outcomes, interleavings: report.judged })
}
