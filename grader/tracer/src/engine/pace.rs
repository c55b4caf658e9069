//! Holding tasks back, so that a schedule that the kernel seldom chooses comes up each time.

use super::leaving::Leaving;
use super::rest::{self, Outside, Rest};
use super::task::{Live, Task};
use crate::launch::Pace;
use libc::pid_t;
use std::collections::VecDeque;

/// Wait calls in vain after which a waiting parent is believed to go on for ever.
const VAIN_WAITS: u32 = 3;

/// Who is held back.
pub(crate) struct Pacer {
    pace: Pace,
    held: VecDeque<pid_t>,
}

impl Pacer {
    pub(crate) fn new(pace: Pace) -> Pacer {
        Pacer { pace, held: VecDeque::new() }
    }

    /// Whether anybody is held.
    pub(crate) fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// A new task is about to run for the first time; whether it must stand still for now.
    pub(crate) fn child_is_born(&mut self, child: pid_t, is_thread: bool) -> bool {
        let hold = self.pace == if is_thread { Pace::SlowThreads } else { Pace::SlowChildren };
        if hold {
            self.held.push_back(child);
        }
        hold
    }

    /// A task has made another one; whether it must stand still for now.
    pub(crate) fn parent_has_forked(&mut self, parent: pid_t, is_thread: bool) -> bool {
        let hold = self.pace == if is_thread { Pace::SlowCreators } else { Pace::SlowParents };
        if hold {
            self.held.push_back(parent);
        }
        hold
    }

    /// A task is gone.
    pub(crate) fn forget(&mut self, tid: pid_t) {
        self.held.retain(|held| *held != tid);
    }

    /// Everybody, because holding them has taken too long; nobody is held from now on.
    pub(crate) fn release_all(&mut self) -> Vec<pid_t> {
        self.pace = Pace::Natural;
        self.held.drain(..).collect()
    }

    /// Whom to let go now, if nobody else has anything left to do: the one held longest; of threads the eldest, for two that
    /// are born one after the other may stop the other way round.
    pub(crate) fn release(&mut self, live: &Live, leaving: &mut Leaving, outside: &Outside) -> Option<pid_t> {
        if self.held.is_empty() || leaving.anybody() {
            return None;
        }
        let is_quiet = |task: &Task| {
            task.vain_waits >= VAIN_WAITS || (!task.fresh && rest::of(task, outside) != Rest::Active)
        };
        let mut others = live.iter().filter(|task| !self.held.contains(&task.tid));
        if !others.all(is_quiet) {
            return None;
        }
        let age = |place: &usize| live.get(self.held[*place]).map(|task| task.id);
        let eldest = (0..self.held.len()).min_by_key(age).filter(|_| self.pace == Pace::SlowThreads);
        self.held.remove(eldest.unwrap_or(0))
    }
}
