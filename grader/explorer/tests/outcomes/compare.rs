//! Runs a program both ways.

use grader_explorer::simulated::{Op, Outcome, Simulated};
use grader_explorer::{Budget, Dpor, Exhaustive, Judgement, Report, Strategy, Verdict, explore};
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
pub fn outcomes(mut machine: Simulated, mut strategy: impl Strategy, executions: u64) -> Found {
    let budget = Budget { executions, steps: 200, ..Budget::default() };
    let mut outcomes = BTreeSet::new();
    let report = explore(&mut machine, &mut strategy, &budget, |machine, _| {
        outcomes.insert(machine.outcome());
        Judgement::Holds
    });
    Found { outcomes, report: report.unwrap() }
}

/// By plain enumeration; `None` if there are more interleavings than `executions`.
pub fn enumerated(program: &[Op], executions: u64) -> Option<Found> {
    let found = outcomes(Simulated::new(program).without_footprints(), Exhaustive::default(), executions);
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
