//! A signal, a stop, a continuation.

use super::Engine;
use crate::sys::ptrace::{self, Resume, still_there};
use crate::trouble::Trouble;
use grader_trace::{Operation, Pid, Sender, Signal};
use libc::pid_t;

impl Engine<'_> {
    /// A signal is about to be delivered: it is written down and passed on.
    pub(super) fn gets_signal(&mut self, pid: pid_t, signal: i32) -> Result<(), Trouble> {
        self.clock.moved();
        let info = still_there("asking who sent a signal", ptrace::signal_info(pid))?;
        let sender = match info {
            // si_code ≤ 0: kill, sigqueue, tgkill, …; see sigaction(2).
            // SAFETY: for these codes the kernel fills in the sender's PID.
            Some(info) if info.si_code <= 0 => Sender::Process(Pid(unsafe { info.si_pid() })),
            _ => Sender::Kernel,
        };
        if let Some(task) = self.live.get(pid)
            && self.started
        {
            self.recorder.instant(task.id, Operation::Signal { signal: Signal(signal), sender }, false);
        }
        self.go_on_with(pid, signal)
    }

    /// A task stands in a group-stop, and stays there until SIGCONT or SIGKILL.
    pub(super) fn stops(&mut self, pid: pid_t, signal: i32) -> Result<(), Trouble> {
        self.clock.moved();
        if let Some(task) = self.live.get_mut(pid) {
            task.fresh = false;
            task.stopped = true;
            if task.tid == task.tgid {
                let id = task.id;
                self.recorder.instant(id, Operation::Stop(Signal(signal)), false);
            }
        }
        self.resume(pid, Resume::Listen, 0)
    }

    /// A new task's first stop, or the end of a group-stop.
    pub(super) fn is_trapped(&mut self, pid: pid_t) -> Result<(), Trouble> {
        self.clock.moved();
        let Some(task) = self.live.get_mut(pid) else { return Ok(()) };
        if task.fresh {
            return self.first_stop(pid);
        }
        if std::mem::take(&mut task.stopped) && task.tid == task.tgid {
            let id = task.id;
            self.recorder.instant(id, Operation::Continue, false);
        }
        self.go_on(pid)
    }
}
