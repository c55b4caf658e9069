//! Runs a program both ways.

use grader_explorer::simulated::{Op, Outcome, Simulated};
use grader_explorer::{Budget, Dpor, Exhaustive, Judgement, Path, Report, Strategy, Verdict, explore};
use std::collections::BTreeSet;

/// What was found, and what it took.
#[derive(Debug)]
pub struct Found {
    pub outcomes: BTreeSet<Outcome>,
    pub report: Report,
}

impl Found {
    pub fn complete(&self) -> bool {
        matches!(self.report.verdict, Verdict::Complete { .. })
    }
}

/// All outcomes that a strategy meets.
pub fn outcomes(machine: Simulated, strategy: impl Strategy, executions: u64) -> Found {
    outcomes_of(machine, strategy, executions, |_| true)
}

/// All outcomes of those executions that count.
fn outcomes_of(
    mut machine: Simulated,
    mut strategy: impl Strategy,
    executions: u64,
    counts: impl Fn(&Path) -> bool,
) -> Found {
    let budget = Budget { executions, steps: 200, ..Budget::default() };
    let mut outcomes = BTreeSet::new();
    let report = explore(&mut machine, &mut strategy, &budget, |machine, execution| {
        if counts(&execution.path) {
            outcomes.insert(machine.outcome());
        }
        Judgement::Holds
    });
    Found { outcomes, report: report.unwrap() }
}

/// By plain enumeration; `None` if there are more interleavings than `executions`.
pub fn enumerated(program: &[Op], executions: u64) -> Option<Found> {
    let machine = Simulated::new(program).without_footprints();
    let found = outcomes_of(machine, Exhaustive::default(), executions, Path::is_real);
    found.complete().then_some(found)
}

/// By reduction.
pub fn reduced(machine: Simulated) -> Found {
    let found = outcomes(machine, Dpor::default(), 1_000_000);
    assert!(found.complete(), "{:?}", found.report.verdict);
    found
}

/// In words, what one found and the other did not.
pub fn difference(program: &[Op], all: &Found, found: &Found) -> String {
    let list = |a: &Found, b: &Found| -> String {
        a.outcomes.difference(&b.outcomes).map(|outcome| format!("\n  {outcome}")).collect()
    };
    format!("{program:?}\nlost:{}\ngained:{}\n{:?}", list(all, found), list(found, all), found.report)
}
