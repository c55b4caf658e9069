//! Holding tasks back, so that a schedule that the kernel seldom chooses comes up each time.

use super::rest::{self, Rest};
use super::task::Live;
use crate::launch::Pace;
use crate::sys::process;
use libc::pid_t;
use std::collections::VecDeque;

/// Wait calls in vain after which a waiting parent is believed to go on for ever.
const VAIN_WAITS: u32 = 3;

/// Who is held back.
pub(crate) struct Pacer {
    pace: Pace,
    held: VecDeque<pid_t>,
    /// Processes that are on their way out: a parent is held until they are zombies.
    dying: Vec<pid_t>,
}

impl Pacer {
    pub(crate) fn new(pace: Pace) -> Pacer {
        Pacer { pace, held: VecDeque::new(), dying: Vec::new() }
    }

    /// Whether anybody is held.
    pub(crate) fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// A new process is about to run for the first time; whether it must stand still for now.
    pub(crate) fn child_is_born(&mut self, child: pid_t, is_thread: bool) -> bool {
        let hold = self.pace == Pace::SlowChildren && !is_thread;
        if hold {
            self.held.push_back(child);
        }
        hold
    }

    /// A process has forked; whether it must stand still for now.
    pub(crate) fn parent_has_forked(&mut self, parent: pid_t, is_thread: bool) -> bool {
        let hold = self.pace == Pace::SlowParents && !is_thread;
        if hold {
            self.held.push_back(parent);
        }
        hold
    }

    /// A process is on its way out.
    pub(crate) fn is_dying(&mut self, pid: pid_t) {
        if self.pace == Pace::SlowParents {
            self.dying.push(pid);
        }
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

    /// Whom to let go now: the one held longest, if nobody else has anything left to do.
    pub(crate) fn release(&mut self, live: &Live) -> Option<pid_t> {
        if self.held.is_empty() {
            return None;
        }
        self.dying.retain(|pid| !matches!(process::state(*pid), None | Some(b'Z')));
        let mut others = live.iter().filter(|task| !self.held.contains(&task.tid));
        let quiet = self.dying.is_empty()
            && others.all(|task| {
                task.vain_waits >= VAIN_WAITS || (!task.fresh && rest::of(task, None) != Rest::Active)
            });
        if quiet { self.held.pop_front() } else { None }
    }
}
