//! The loop around a strategy, and the search that puts strategies in order.
//!
//! ```text
//! source-DPOR, so many executions ─▶ passes with 0, 1, 2, 3 preemptions ─▶ source-DPOR goes on ─▶ Complete
//!        └───────────────────────── a bad execution anywhere ──▶ Counterexample
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
    /// Executions, abandoned ones included; those of the bounded passes of a [`search`] come on top.
    pub executions: u64,
    /// Executions after which a [`search`] that is not done makes its bounded passes.
    pub before_passes: u64,
    /// Executions in each of these passes.
    pub per_pass: u64,
    /// Steps of one execution. A longer one makes a complete answer impossible.
    pub steps: usize,
    /// When to stop, if that comes first.
    pub until: Option<Instant>,
}

impl Default for Budget {
    fn default() -> Budget {
        let (before_passes, per_pass) = (BEFORE_PASSES, BEFORE_PASSES / PASSES);
        Budget { executions: 100_000, before_passes, per_pass, steps: 10_000, until: None }
    }
}

/// A search that is done with so many executions makes no bounded passes. They take no more than as many again, so a
/// search takes at most twice as long as without them.
const BEFORE_PASSES: u64 = 256;

/// How many passes there are: with no preemption, one, two, three.
const PASSES: u64 = 4;

/// Of the time that is left, each pass may take this part.
const PART_OF_TIME: u32 = 16;

impl Budget {
    /// For one of the bounded passes that are made now.
    pub fn of_a_pass(&self) -> Budget {
        let now = Instant::now();
        let part = |until: Instant| now + until.saturating_duration_since(now) / PART_OF_TIME;
        Budget { executions: self.per_pass, until: self.until.map(part), ..self.clone() }
    }

    /// How many preemptions the bounded passes allow, one after the other.
    pub fn passes() -> impl Iterator<Item = usize> {
        0..PASSES as usize
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

/// What a strategy has come to so far.
#[derive(Default)]
struct Progress {
    judged: u64,
    abandoned: u64,
    /// Some executions did not come to their end.
    too_long: bool,
}

/// Runs one strategy to its end. `judge` sees every execution that finished or deadlocked; of those that were too long it
/// sees what they come to once everybody gets a turn.
pub fn explore<M: Machine>(
    machine: &mut M,
    strategy: &mut impl Strategy,
    budget: &Budget,
    judge: impl FnMut(&M, &Execution<M::Event>) -> Judgement,
) -> Result<Report, Trouble> {
    let mut progress = Progress::default();
    let verdict = go_on(machine, strategy, budget, &mut progress, judge)?;
    Ok(Report { verdict, judged: progress.judged, abandoned: progress.abandoned })
}

/// Goes on with a strategy from where it is. `budget` is for all that it has done, and will do.
fn go_on<M: Machine>(
    machine: &mut M,
    strategy: &mut impl Strategy,
    budget: &Budget,
    progress: &mut Progress,
    mut judge: impl FnMut(&M, &Execution<M::Event>) -> Judgement,
) -> Result<Verdict, Trouble> {
    loop {
        let spent = progress.judged + progress.abandoned;
        if spent >= budget.executions || budget.until.is_some_and(|end| Instant::now() >= end) {
            return Ok(Verdict::BudgetReached { explored: progress.judged });
        }
        let execution = match execute(machine, budget.steps, |path| strategy.pick(path)) {
            Ok(execution) => execution,
            Err(broken @ Trouble::Broken(_)) => return Err(broken),
            Err(trouble) => return Ok(Verdict::Inconclusive { why: trouble.to_string() }),
        };
        match execution.end {
            End::Finished | End::Deadlock => match execution.path.real_schedule() {
                Some(schedule) => {
                    progress.judged += 1;
                    if judge(machine, &execution) == Judgement::Fails {
                        return Ok(Verdict::Counterexample { schedule });
                    }
                }
                None => progress.abandoned += 1,
            },
            End::Abandoned => progress.abandoned += 1,
            End::TooLong => {
                progress.abandoned += 1;
                progress.too_long = true;
                let (begun, steps) = (execution.path.schedule(), 2 * budget.steps);
                if let Some(schedule) = brought_to_its_end(machine, &begun, steps, &mut judge)? {
                    return Ok(Verdict::Counterexample { schedule });
                }
            }
        }
        return Ok(match strategy.learn(&execution.path, execution.end) {
            Next::Again => continue,
            Next::Complete if progress.too_long => Verdict::Inconclusive {
                why: format!("some executions have more than {} steps", budget.steps),
            },
            Next::Complete => {
                Verdict::Complete { executions: progress.judged, assumptions: assumptions(machine) }
            }
            Next::Exhausted => Verdict::BudgetReached { explored: progress.judged },
        });
    }
}

/// Every schedule. If these are many, passes with 0, 1, 2 and 3 preemptions come in between: they look for a
/// counterexample, and say nothing else.
///
/// `judge` may see the same execution several times.
pub fn search<M: Machine>(
    machine: &mut M,
    budget: &Budget,
    mut judge: impl FnMut(&M, &Execution<M::Event>) -> Judgement,
) -> Result<Report, Trouble> {
    let (mut every, mut progress) = (Dpor::default(), Progress::default());
    let (mut judged, mut abandoned) = (0, 0);
    let beginning = Budget { executions: budget.executions.min(budget.before_passes), ..budget.clone() };
    let mut verdict = go_on(machine, &mut every, &beginning, &mut progress, &mut judge)?;
    if let Verdict::BudgetReached { .. } = verdict
        && budget.before_passes < budget.executions
    {
        let mut few = Bounded::new(0);
        for preemptions in Budget::passes() {
            few.allow(preemptions);
            let report = explore(machine, &mut few, &budget.of_a_pass(), &mut judge)?;
            (judged, abandoned) = (judged + report.judged, abandoned + report.abandoned);
            // Whatever else stopped a pass, whoever looks at every schedule meets it, too.
            if let Verdict::Counterexample { .. } = report.verdict {
                verdict = report.verdict;
                break;
            }
        }
        if let Verdict::BudgetReached { .. } = verdict {
            verdict = go_on(machine, &mut every, budget, &mut progress, judge)?;
        }
    }
    Ok(Report { verdict, judged: judged + progress.judged, abandoned: abandoned + progress.abandoned })
}

fn assumptions<M: Machine>(machine: &M) -> Vec<Assumption> {
    let mut all = vec![Assumption::DeterministicGivenSchedule, Assumption::FootprintsAreWhole];
    all.extend(machine.assumptions());
    all.sort_unstable();
    all.dedup();
    all
}
