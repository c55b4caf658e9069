//! A wait for one child ends together with a signal, SIGCHLD, and that makes one stop of two.
//!
//! The kernel delivers a signal on the way out of a call, when the call's answer is there. A process with one thread that
//! sleeps in `wait4(child, …, 0)` is woken by nothing but a signal or that child's end, which sends SIGCHLD: so the stop
//! before the signal's delivery shows what the wait has answered, and the return needs no stop of its own. That holds as
//! long as nobody in the run has changed what SIGCHLD does (ignored, it is not sent) and the caller does not block it.
//!
//! No child's end slips past it: a parent is told of it after the tracer has let the child go. See ptrace(2), "Death
//! under ptrace".

use super::Engine;
use super::task::Task;
use crate::arch;
use crate::decode::Call;
use crate::launch::Watch;
use crate::sys::ptrace::{self, still_there};
use crate::trouble::Trouble;
use libc::pid_t;

/// Whether the ends of children are told by SIGCHLD, as far as the run has shown.
#[derive(Debug)]
pub(super) struct ChildSignals {
    are_default: bool,
}

impl ChildSignals {
    /// A run begins with default dispositions. Where nobody looks at signals, a change would go unseen.
    pub(super) fn new(watch: Watch) -> ChildSignals {
        ChildSignals { are_default: watch.signals }
    }

    /// A call begins that may change what SIGCHLD does.
    pub(super) fn look_at(&mut self, call: &Call) {
        let sets = call.number == libc::SYS_rt_sigaction && call.args[1] != 0;
        if sets && call.args[0] as i32 == libc::SIGCHLD {
            self.are_default = false;
        }
    }
}

impl Engine<'_> {
    /// Whether the return from this call, which a task begins, will be seen at a signal.
    pub(super) fn returns_with_a_signal(&self, pid: pid_t, call: &Call) -> bool {
        let Some(child) = awaited(call).filter(|_| self.child_signals.are_default) else { return false };
        let Some(task) = self.live.get(pid) else { return false };
        let is_its =
            |child: &Task| child.tgid == child.tid && child.parent == task.tgid && child.sends_child_signal;
        task.interrupted.is_empty()
            && self.live.threads_of(task.tgid) == 1
            && self.live.get(child).is_some_and(is_its)
            && ptrace::signal_mask(pid).is_ok_and(|mask| mask & CHILD_SIGNAL == 0)
    }

    /// A signal is about to be delivered: the wait that it comes with has answered, or is interrupted.
    pub(super) fn shows_a_wait(&mut self, pid: pid_t) -> Result<(), Trouble> {
        let Some(task) = self.live.get_mut(pid) else { return Ok(()) };
        let Some(call) = task.pending.take_if(|call| call.told_by_signal) else { return Ok(()) };
        match still_there("reading registers", ptrace::registers(pid))? {
            Some(registers) => self.leaves_call(pid, call, arch::result(&registers)),
            None => {
                task.pending = Some(call);
                Ok(())
            }
        }
    }

    /// A task makes a call. If no signal has shown the end of its wait, that is being made again: whatever stopped the task,
    /// a freezer perhaps, has sent none.
    pub(super) fn makes_a_wait_again(&mut self, pid: pid_t) {
        if let Some(task) = self.live.get_mut(pid)
            && let Some(mut call) = task.pending.take_if(|call| call.told_by_signal)
        {
            call.told_by_signal = false;
            task.interrupted.push(call);
        }
    }
}

const CHILD_SIGNAL: u64 = 1 << (libc::SIGCHLD - 1);

/// The one child whose end this call waits for, and for nothing else.
fn awaited(call: &Call) -> Option<pid_t> {
    let one = call.number == libc::SYS_wait4 && call.args[2] as i32 == 0;
    Some(call.args[0] as i32).filter(|child| one && *child > 0)
}
