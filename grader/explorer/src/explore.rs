//! The loop around a strategy, and the search that puts strategies in order.
//!
//! ```text
//! pass 0, 1, 2, 3 preemptions ─▶ source-DPOR ─▶ Complete
//!        └──────── a bad execution anywhere ──▶ Counterexample
//! ```
//! Invariant: [`Verdict::Complete`] is said only by a strategy that covered everything, and only if every execution
//! came to its end.

use crate::execution::{End, Execution, execute};
use crate::machine::{Assumption, Machine, Trouble};
use crate::schedule::Schedule;
use crate::strategy::{Bounded, Dpor, Next, Strategy};
use crate::unending::brought_to_its_end;
use std::time::Instant;

/// How much may be tried.
#[derive(Debug, Clone)]
pub struct Budget {
    /// Executions, abandoned ones included.
    pub executions: u64,
    /// Executions in each bounded pass of a [`search`].
    pub per_pass: u64,
    /// Steps of one execution. A longer one makes a complete answer impossible.
    pub steps: usize,
    /// When to stop, if that comes first.
    pub until: Option<Instant>,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { executions: 100_000, per_pass: 200, steps: 10_000, until: None }
    }
}

/// What somebody who judges an execution says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// As it should be.
    Holds,
    /// Not as it should be.
    Fails,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds in every schedule.
    Complete {
        /// One for each class of equivalent schedules.
        executions: u64,
        /// What that rests on.
        assumptions: Vec<Assumption>,
    },
    /// It does not: this schedule was executed and failed.
    Counterexample {
        /// The schedule.
        schedule: Schedule,
    },
    /// It held in all that was tried, which is not everything.
    BudgetReached {
        /// Executions.
        explored: u64,
    },
    /// No claim can be made.
    Inconclusive {
        /// The reason, for people.
        why: String,
    },
}

/// The answer, and what it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The answer.
    pub verdict: Verdict,
    /// Executions that came to an end and were judged.
    pub judged: u64,
    /// Executions that were broken off because earlier ones covered them.
    pub abandoned: u64,
}

/// Runs one strategy to its end. `judge` sees every execution that finished or deadlocked; of those that were too long it
/// sees what they come to once everybody gets a turn.
pub fn explore<M: Machine>(
    machine: &mut M,
    strategy: &mut impl Strategy,
    budget: &Budget,
    mut judge: impl FnMut(&M, &Execution<M::Event>) -> Judgement,
) -> Result<Report, Trouble> {
    let mut report = Report { verdict: Verdict::BudgetReached { explored: 0 }, judged: 0, abandoned: 0 };
    let mut too_long = false;
    loop {
        let spent = report.judged + report.abandoned;
        if spent >= budget.executions || budget.until.is_some_and(|end| Instant::now() >= end) {
            report.verdict = Verdict::BudgetReached { explored: report.judged };
            return Ok(report);
        }
        let execution = match execute(machine, budget.steps, |path| strategy.pick(path)) {
            Ok(execution) => execution,
            Err(broken @ Trouble::Broken(_)) => return Err(broken),
            Err(trouble) => {
                report.verdict = Verdict::Inconclusive { why: trouble.to_string() };
                return Ok(report);
            }
        };
        match execution.end {
            End::Finished | End::Deadlock => match execution.path.real_schedule() {
                Some(schedule) => {
                    report.judged += 1;
                    if judge(machine, &execution) == Judgement::Fails {
                        report.verdict = Verdict::Counterexample { schedule };
                        return Ok(report);
                    }
                }
                None => report.abandoned += 1,
            },
            End::Abandoned => report.abandoned += 1,
            End::TooLong => {
                report.abandoned += 1;
                too_long = true;
                let (begun, steps) = (execution.path.schedule(), 2 * budget.steps);
                if let Some(schedule) = brought_to_its_end(machine, &begun, steps, &mut judge)? {
                    report.verdict = Verdict::Counterexample { schedule };
                    return Ok(report);
                }
            }
        }
        report.verdict = match strategy.learn(&execution.path, execution.end) {
            Next::Again => continue,
            Next::Complete if too_long => Verdict::Inconclusive {
                why: format!("some executions have more than {} steps", budget.steps),
            },
            Next::Complete => {
                Verdict::Complete { executions: report.judged, assumptions: assumptions(machine) }
            }
            Next::Exhausted => Verdict::BudgetReached { explored: report.judged },
        };
        return Ok(report);
    }
}

/// The whole search: passes with 0, 1, 2 and 3 preemptions that only look for a counterexample, then every schedule.
///
/// `judge` may see the same execution several times.
pub fn search<M: Machine>(
    machine: &mut M,
    budget: &Budget,
    mut judge: impl FnMut(&M, &Execution<M::Event>) -> Judgement,
) -> Result<Report, Trouble> {
    let mut left = budget.clone();
    for preemptions in 0..=3 {
        let pass = Budget { executions: budget.per_pass.min(left.executions), ..left.clone() };
        let report = explore(machine, &mut Bounded::new(preemptions), &pass, &mut judge)?;
        if let Verdict::Counterexample { .. } | Verdict::Inconclusive { .. } = report.verdict {
            return Ok(report);
        }
        left.executions -= report.judged + report.abandoned;
    }
    explore(machine, &mut Dpor::default(), &left, judge)
}

fn assumptions<M: Machine>(machine: &M) -> Vec<Assumption> {
    let mut all = vec![Assumption::DeterministicGivenSchedule, Assumption::FootprintsAreWhole];
    all.extend(machine.assumptions());
    all.sort();
    all.dedup();
    all
}
