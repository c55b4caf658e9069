//! A signal, a stop, a continuation.

use super::Engine;
use super::births::restore;
use crate::sys::process;
use crate::sys::ptrace::{self, Resume, still_there};
use crate::trouble::Trouble;
use grader_trace::{Operation, Pid, Sender, Signal};
use libc::pid_t;

/// The codes of kill, sigqueue, tgkill. See sigaction(2), "The si_code field".
const SENT_BY_A_PROCESS: [i32; 3] = [libc::SI_USER, libc::SI_QUEUE, libc::SI_TKILL];

impl Engine<'_> {
    /// A signal is about to be delivered: it is written down and passed on.
    pub(super) fn gets_signal(&mut self, pid: pid_t, signal: i32) -> Result<(), Trouble> {
        self.clock.moved();
        self.shows_a_wait(pid)?;
        let info = still_there("asking who sent a signal", ptrace::signal_info(pid))?;
        let sender = match info {
            Some(info) if SENT_BY_A_PROCESS.contains(&info.si_code) => {
                // SAFETY: for these codes the kernel fills in the sender's PID.
                Sender::Process(Pid(unsafe { info.si_pid() }))
            }
            _ => Sender::Kernel,
        };
        if let Some(task) = self.live.get_mut(pid)
            && self.started
        {
            if let Some(address) = info.as_ref().and_then(touched).filter(|_| self.launch.watch.memory) {
                self.recorder.instant(task.id, Operation::Fault { address }, false);
            }
            self.recorder.instant(task.id, Operation::Signal { signal: Signal(signal), sender }, false);
            if let Some(call) = task.interrupted.last_mut() {
                call.under_handler |= process::catches(pid, signal);
            }
        }
        self.go_on_with(pid, signal)
    }

    /// A task stands in a group-stop, and stays there until SIGCONT or SIGKILL.
    pub(super) fn stops(&mut self, pid: pid_t, signal: i32) -> Result<(), Trouble> {
        self.clock.moved();
        if let Some(task) = self.live.get_mut(pid) {
            task.fresh = false;
            if let Some(put_back) = task.put_back.take() {
                restore(pid, put_back)?;
            }
        }
        if let Some(process) = self.live.stops(pid) {
            self.recorder.instant(process, Operation::Stop(Signal(signal)), false);
        }
        self.resume(pid, Resume::Listen, 0)
    }

    /// A new task's first stop, or the end of a group-stop.
    pub(super) fn is_trapped(&mut self, pid: pid_t) -> Result<(), Trouble> {
        self.clock.moved();
        if self.live.get(pid).is_some_and(|task| task.fresh) {
            return self.first_stop(pid);
        }
        if let Some(process) = self.live.leaves_stop(pid) {
            self.recorder.instant(process, Operation::Continue, false);
        }
        self.go_on(pid)
    }
}

/// The address that a task has touched in a way that it may not be touched, if that is what a signal is about.
fn touched(info: &libc::siginfo_t) -> Option<u64> {
    let of_memory = matches!(info.si_signo, libc::SIGSEGV | libc::SIGBUS);
    // Codes from 0x80 on are the kernel's own words that it does not know more.
    let told = of_memory && (1..0x80).contains(&info.si_code);
    // SAFETY: for these signals and codes the kernel fills in the address.
    told.then(|| unsafe { info.si_addr() }.addr() as u64)
}
