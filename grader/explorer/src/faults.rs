//! One call that fails without need, at each place in turn.
//!
//! A machine may offer faults as choices ([`Act::Fail`]). Left among the others, they would multiply all schedules;
//! and since an execution has at most one, taking one would disable all the others, which makes every pair dependent.
//! Instead each *place* (a task's nth operation) is explored by itself: [`Planned`] is a machine on which
//! the operation at that place fails whenever it can, and no other does. That is a program like any other.
//!
//! Invariant: the executions of all plans, the empty one included, are those with at most one fault.

use crate::execution::{Execution, Path};
use crate::explore::{Budget, Judgement, Report, Verdict, search};
use crate::machine::{Act, Assumption, Choice, Fault, Frontier, Machine, Step, Trouble};
use grader_trace::TaskPath;
use grader_trace::sorted::SortedSet;

/// Where a call fails, and how.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Whose call.
    pub task: TaskPath,
    /// How many operations of this task come before it.
    pub nth: usize,
    /// How it fails.
    pub fault: Fault,
}

/// A machine on which one chosen call fails.
#[derive(Debug)]
pub struct Planned<'m, M> {
    machine: &'m mut M,
    plan: Option<Place>,
    /// Places at which something could fail, met so far.
    met: SortedSet<Place>,
    /// How many operations each task has done.
    counts: Vec<(TaskPath, usize)>,
}

impl<'m, M: Machine> Planned<'m, M> {
    /// `machine` with this plan; `None`: nothing fails.
    pub fn new(machine: &'m mut M, plan: Option<Place>) -> Planned<'m, M> {
        Planned { machine, plan, met: SortedSet::new(), counts: Vec::new() }
    }

    /// The machine inside.
    pub fn inner(&self) -> &M {
        self.machine
    }

    /// The machine itself, to be told something.
    pub fn inner_mut(&mut self) -> &mut M {
        self.machine
    }

    /// The call that fails.
    pub fn plan(&self) -> Option<&Place> {
        self.plan.as_ref()
    }

    /// Places at which something could have failed.
    pub fn met(&self) -> &SortedSet<Place> {
        &self.met
    }

    fn count(&self, task: &TaskPath) -> usize {
        self.counts.iter().find(|(other, _)| other == task).map_or(0, |(_, count)| *count)
    }

    /// Faults only where they are planned, and nothing else there.
    fn filtered(&mut self, mut frontier: Frontier) -> Frontier {
        for pending in frontier.enabled() {
            if let Act::Fail(fault) = pending.choice.act {
                let Choice { task, .. } = &pending.choice;
                self.met.insert(Place { task: task.clone(), nth: self.count(task), fault });
            }
        }
        let due = self.plan.as_ref().filter(|place| self.count(&place.task) == place.nth).and_then(|place| {
            let failing = Choice { task: place.task.clone(), act: Act::Fail(place.fault) };
            frontier.enables(&failing).then_some(failing)
        });
        frontier.pending.retain(|pending| match (&due, pending.choice.act) {
            (Some(due), act) if pending.choice.task == due.task => act == due.act || act.is_signal(),
            (_, act) => !matches!(act, Act::Fail(_)),
        });
        frontier
    }
}

impl<M: Machine> Machine for Planned<'_, M> {
    type Event = M::Event;

    fn restart(&mut self) -> Result<Frontier, Trouble> {
        self.counts.clear();
        let frontier = self.machine.restart()?;
        Ok(self.filtered(frontier))
    }

    fn step(&mut self, choice: &Choice) -> Result<Step<M::Event>, Trouble> {
        let step = self.machine.step(choice)?;
        if !choice.act.is_signal() {
            match self.counts.iter_mut().find(|(task, _)| *task == choice.task) {
                Some((_, count)) => *count += 1,
                None => self.counts.push((choice.task.clone(), 1)),
            }
        }
        Ok(Step { frontier: self.filtered(step.frontier), ..step })
    }

    fn assumptions(&self) -> Vec<Assumption> {
        let mut all = self.machine.assumptions();
        all.push(Assumption::OneFault);
        all
    }
}

/// The whole search without faults, then once for each place that was met.
///
/// The budget is for each of them. Complete only if all were; executions are added up.
pub fn search_with_faults<M: Machine>(
    machine: &mut M,
    budget: &Budget,
    mut judge: impl FnMut(&M, &Execution<M::Event>) -> Judgement,
) -> Result<Report, Trouble> {
    let mut plain = Planned::new(machine, None);
    let mut total = search(&mut plain, budget, |planned, execution| judge(planned.inner(), execution))?;
    let places = plain.met;
    for place in places {
        if matches!(total.verdict, Verdict::Counterexample { .. } | Verdict::Inconclusive { .. }) {
            break;
        }
        let mut planned = Planned::new(machine, Some(place));
        let report = search(&mut planned, budget, |planned, execution| judge(planned.inner(), execution))?;
        total.judged += report.judged;
        total.abandoned += report.abandoned;
        total.verdict = both(total.verdict, report.verdict);
    }
    Ok(total)
}

/// The verdict on two searches together.
fn both(first: Verdict, second: Verdict) -> Verdict {
    match (first, second) {
        (Verdict::Complete { executions: a, assumptions }, Verdict::Complete { executions: b, .. }) => {
            Verdict::Complete { executions: a + b, assumptions }
        }
        (Verdict::BudgetReached { explored: a }, Verdict::BudgetReached { explored: b })
        | (Verdict::BudgetReached { explored: a }, Verdict::Complete { executions: b, .. })
        | (Verdict::Complete { executions: a, .. }, Verdict::BudgetReached { explored: b }) => {
            Verdict::BudgetReached { explored: a + b }
        }
        (_, decisive) => decisive,
    }
}

/// How many faults an execution had.
pub fn faults_in(path: &Path) -> usize {
    path.taken.iter().filter(|(choice, _)| matches!(choice.act, Act::Fail(_))).count()
}
