//! Tasks between their exit event, at which they are let go, and the moment they are zombies (or, threads, gone):
//! they are not among the living, and yet their parents, or who joins them, may be about to wake up.

use crate::sys::process;
use libc::pid_t;
use std::collections::VecDeque;

/// How many are remembered. Who left before so many others is gone.
const LIMIT: usize = 1024;

/// Those that have been let go, and may not be zombies yet.
#[derive(Default)]
pub(crate) struct Leaving(VecDeque<pid_t>);

impl Leaving {
    /// A task has been let go.
    pub(crate) fn add(&mut self, pid: pid_t) {
        self.0.push_back(pid);
        if self.0.len() > LIMIT {
            self.0.pop_front();
        }
    }

    /// A PID belongs to a new task.
    pub(crate) fn is_born(&mut self, pid: pid_t) {
        self.0.retain(|other| *other != pid);
    }

    /// Whether any of them is not a zombie yet.
    pub(crate) fn anybody(&mut self) -> bool {
        self.0.retain(|pid| !matches!(process::state(*pid), None | Some(b'Z' | b'X')));
        !self.0.is_empty()
    }
}
