//! How simple an execution is.

use crate::execution::{Path, preempts};
use crate::machine::{Act, Choice};

/// How simple an execution is; less is simpler.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Complexity {
    pub(super) counts: Counts,
    pub(super) steps: usize,
    pub(super) choices: Vec<Choice>,
}

/// What only grows while an execution goes on, the gravest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Counts {
    faults: usize,
    chances: usize,
    preemptions: usize,
    switches: usize,
}

impl Counts {
    /// … and this choice, too: of another task than the one before, and whether that one could have gone on.
    pub(super) fn add(&mut self, choice: &Choice, switches: bool, preempts: bool) {
        self.faults += usize::from(choice.act.is_fault());
        self.chances += usize::from(choice.act == Act::Expire || choice.act.is_signal());
        self.preemptions += usize::from(preempts);
        self.switches += usize::from(switches);
    }

    /// … and step `at` of this path, too.
    pub(super) fn add_step(&mut self, path: &Path, at: usize) {
        let choice = &path.taken[at].0;
        let before = at.checked_sub(1).map(|before| &path.taken[before].0.task);
        let switches = before.is_some_and(|task| *task != choice.task);
        let preempts = before.is_some_and(|task| preempts(task, choice, &path.frontiers[at]));
        self.add(choice, switches, preempts);
    }
}

impl Complexity {
    /// Of this execution.
    pub fn of(path: &Path) -> Complexity {
        let mut counts = Counts::default();
        (0..path.taken.len()).for_each(|at| counts.add_step(path, at));
        Complexity { counts, steps: path.taken.len(), choices: path.schedule().0 }
    }
}
