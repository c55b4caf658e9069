//! Reaping what nobody else reaps.
//!
//! The process that traces is a subreaper: what is orphaned in a run becomes its
//! child. Those children are reaped one by one, through pidfds, so that no child
//! that belongs to another part of the program is ever taken.

use crate::sys::process;
use crate::sys::wait::{Reaped, reap};
use libc::pid_t;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::collections::HashMap;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// How often a dead process is asked for that is nobody's child yet, a millisecond apart: its parent is still
/// on the way out.
const ATTEMPTS: u32 = 200;

/// Dead processes of a run whose parents do not wait for them.
#[derive(Default)]
pub(crate) struct Orphans {
    /// Ended and not reaped, by the parent that may still wait for them.
    zombies: HashMap<pid_t, Vec<pid_t>>,
    /// Ours to reap.
    ours: Vec<OwnedFd>,
}

impl Orphans {
    /// A process ends; `parent_lives` tells whether somebody may wait for it. Called while it still stands at
    /// its exit event, so that its PID is certainly its own.
    pub(crate) fn ended(&mut self, pid: pid_t, parent: pid_t, parent_lives: bool) {
        if parent_lives {
            self.zombies.entry(parent).or_default().push(pid);
        } else if let Ok(fd) = process::pidfd(pid) {
            self.ours.push(fd);
        }
        for child in self.zombies.remove(&pid).unwrap_or_default() {
            if let Ok(fd) = process::pidfd(child) {
                self.ours.push(fd);
            }
        }
    }

    /// A parent has reaped its child.
    pub(crate) fn reaped(&mut self, parent: pid_t, child: pid_t) {
        if let Some(zombies) = self.zombies.get_mut(&parent) {
            zombies.retain(|zombie| *zombie != child);
        }
    }

    /// Reaps what can be reaped at once.
    pub(crate) fn sweep(&mut self) {
        self.ours.retain(|fd| reap(fd.as_raw_fd()) != Reaped::Yes);
    }

    /// Reaps all of them. The run is over: each is dead or about to be.
    pub(crate) fn finish(mut self) {
        for _ in 0..ATTEMPTS {
            self.sweep();
            let Some(fd) = self.ours.first() else { return };
            // Wakes up when the process is dead; one that is dead, but whose parent has not gone yet, is asked
            // for again after a millisecond.
            let mut wait = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
            let dead = poll(&mut wait, PollTimeout::from(100u8)).is_ok_and(|count| count > 0);
            if dead {
                let _ = poll(&mut [], PollTimeout::from(1u8));
            }
        }
    }
}
