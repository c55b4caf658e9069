//! All schedules with at most so many preemptions.
//!
//! A preemption puts a task aside that could have gone on. Most bugs need none or one, so these passes come first.
//! They use no footprints and no sleep sets: a sleeping choice is one whose results were seen *elsewhere*, and
//! elsewhere may lie beyond the bound. Their end therefore never means that all was seen.

use super::branches::Branches;
use super::{Next, Strategy};
use crate::execution::{End, Path, preempts};
use crate::machine::{Choice, Trouble};

/// Depth-first enumeration of the schedules with at most `preemptions` preemptions.
#[derive(Debug)]
pub struct Bounded {
    preemptions: usize,
    branches: Branches,
}

impl Bounded {
    /// A pass with this bound.
    pub fn new(preemptions: usize) -> Bounded {
        Bounded { preemptions, branches: Branches::default() }
    }
}

impl Strategy for Bounded {
    fn pick(&mut self, path: &Path) -> Result<Option<Choice>, Trouble> {
        let left = self.preemptions.saturating_sub(path.preemptions());
        self.branches.pick(path, |path| {
            let frontier = path.frontier();
            let Some(running) = path.last_task() else {
                return frontier.enabled().map(|p| p.choice.clone()).collect();
            };
            let (own, others): (Vec<_>, Vec<_>) =
                frontier.enabled().map(|p| &p.choice).partition(|choice| choice.task == *running);
            let allowed = others.into_iter().filter(|next| left > 0 || !preempts(running, next, frontier));
            own.iter().copied().chain(allowed).cloned().collect()
        })
    }

    fn learn(&mut self, _: &Path, _: End) -> Next {
        if self.branches.advance() { Next::Again } else { Next::Exhausted }
    }
}
