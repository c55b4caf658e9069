//! Reaping what nobody else reaps.
//!
//! The process that traces is a subreaper: what is orphaned in a run becomes its
//! child. Those children are reaped one by one, by [`Handle`]s that cannot mean
//! another process, so that no child that belongs to another part of the program
//! is ever taken.

use crate::sys::process::Handle;
use crate::sys::wait::{Reaped, reap};
use grader_trace::sorted::SortedMap;
use libc::pid_t;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::time::{Duration, Instant};

/// How long the last ends of a run are waited for. All are on their way, unless the machine is at a standstill.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many descriptors are spent on them at a time. There may be hundreds, and other runs beside this one.
const DESCRIPTORS: usize = 16;

/// Dead processes of a run whose parents do not wait for them.
#[derive(Default)]
pub(crate) struct Orphans {
    /// Ended and not reaped, by the parent that may still wait for them.
    zombies: SortedMap<pid_t, Vec<pid_t>>,
    /// Ours to reap, unless an adopter inside of the run does it.
    ours: Vec<Handle>,
}

impl Orphans {
    /// A process ends; `parent_waits` tells whether somebody may wait for it. Called while it still stands at
    /// its exit event, so that its PID is certainly its own, and its children are still its children.
    pub(crate) fn ended(&mut self, pid: pid_t, parent: pid_t, parent_waits: bool) {
        if parent_waits {
            self.zombies.entry(parent).or_default().push(pid);
        } else {
            self.adopt(pid, |_| true);
        }
        for child in self.zombies.remove(&pid).unwrap_or_default() {
            // It may have been reaped without a call that is watched, and its number may be somebody else's now.
            self.adopt(child, |child| child.parent().is_some_and(|now| now == pid || is_ours(now)));
        }
    }

    fn adopt(&mut self, pid: pid_t, if_it_is: impl FnOnce(&Handle) -> bool) {
        let handle = Handle::new(pid, self.ours.len() >= DESCRIPTORS);
        self.ours.extend(handle.filter(if_it_is));
    }

    /// A task ends whose parent is not known, or not yet.
    pub(crate) fn strays(&mut self, pid: pid_t) {
        self.adopt(pid, |_| true);
    }

    /// Children of `parent` that have ended, and that it has not waited for.
    pub(crate) fn zombies_of(&self, parent: pid_t) -> &[pid_t] {
        self.zombies.get(&parent).map_or(&[], Vec::as_slice)
    }

    /// A parent has reaped its child.
    pub(crate) fn reaped(&mut self, parent: pid_t, child: pid_t) {
        if let Some(zombies) = self.zombies.get_mut(&parent) {
            zombies.retain(|zombie| *zombie != child);
        }
    }

    /// Reaps what can be reaped at once, and forgets what somebody else has reaped.
    pub(crate) fn sweep(&mut self) {
        self.ours.retain(|handle| match reap(handle) {
            Reaped::Yes => false,
            Reaped::NotYet => true,
            Reaped::NotOurs => !handle.is_gone(),
        });
    }

    /// Reaps all of them. The run is over: each is dead or about to be.
    pub(crate) fn finish(mut self) {
        let start = Instant::now();
        loop {
            self.sweep();
            let Some(handle) = self.ours.first() else { return };
            if start.elapsed() > PATIENCE {
                return;
            }
            // Wakes up when the process is dead. One that is dead, but whose parent has not gone yet, is asked for
            // again after a millisecond.
            let fd = handle.descriptor().map(|fd| PollFd::new(fd, PollFlags::POLLIN));
            let dies = fd.map(|fd| poll(&mut [fd], PollTimeout::from(100u8)));
            if dies != Some(Ok(0)) {
                let _ = poll(&mut [], PollTimeout::from(1u8));
            }
        }
    }
}

fn is_ours(parent: pid_t) -> bool {
    parent == std::process::id() as pid_t
}
