//! Signals: kept back until their arrival is chosen.
//!
//! A signal that a task of the run sends is not sent by the kernel: the world notes that it is pending. When its
//! arrival is chosen it is sent for real, and what the receiver is told of its sender is put right. Signals that the
//! kernel sends by itself are swallowed if the world knows of them already (SIGCHLD), and delivered at once
//! if the task has caused them (a fault, SIGPIPE, abort).

use super::calls::How;
use super::machine::{Controlled, broken};
use super::standing::{At, Entry};
use crate::arch;
use crate::sys::process;
use crate::sys::ptrace::{self, Resume, still_there};
use grader_explorer::Trouble;
use grader_trace::{Operation, Pid, Sender, Signal, TaskPath};

/// Who sends a signal that no process sends. See sigaction(2), "The si_code field".
const SI_KERNEL: i32 = 0x80;

impl Controlled<'_> {
    /// A signal arrives before the call at whose entry a task stands. The call begins afterwards, if at all.
    pub(super) fn deliver(&mut self, path: &TaskPath, entry: Entry, signal: Signal) -> Result<(), Trouble> {
        let sender = self.world.arrive(path, signal);
        self.sends(path, &entry, signal, sender)
    }

    /// A signal is sent that ends a task at the entry of a call, or whose handler comes before that call.
    pub(super) fn sends(
        &mut self,
        path: &TaskPath,
        entry: &Entry,
        signal: Signal,
        sender: Option<Sender>,
    ) -> Result<(), Trouble> {
        let task = self.task(path)?;
        let pid = task.pid;
        if signal == Signal::KILL {
            process::kill(pid, signal.0);
            return Ok(());
        }
        task.arriving = Some((signal, sender));
        let mut registers = entry.registers;
        arch::begin_again(&mut registers);
        still_there("taking back a call", ptrace::set_registers(pid, &registers)).map_err(broken)?;
        process::kill(pid, signal.0);
        self.resume(pid, Resume::Free, 0)
    }

    /// A signal arrives while the call sleeps at whose entry a task stands.
    pub(super) fn interrupt(&mut self, path: &TaskPath, entry: Entry, signal: Signal) -> Result<(), Trouble> {
        let sender = self.world.arrive_during(path, &entry.ask, signal);
        let task = self.task(path)?;
        task.arriving = Some((signal, sender));
        process::kill(task.pid, signal.0);
        self.release(path, entry, How::Interrupted)
    }

    /// A signal that nobody of the run has sent arrives while the call sleeps at whose entry a task stands: whoever
    /// started the program may send one at any time.
    pub(super) fn disturb(&mut self, path: &TaskPath, entry: Entry) -> Result<(), Trouble> {
        let Some(signal) = self.world.disturber(path, &entry.ask) else {
            return Err(Trouble::Broken(format!("there is no signal that could interrupt {path}")));
        };
        self.world.begins(path, signal);
        let task = self.task(path)?;
        task.arriving = Some((signal, None));
        process::kill(task.pid, signal.0);
        self.release(path, entry, How::Disturbed)
    }

    /// Which signals a task holds back changes without a call when a handler begins, and when it returns.
    pub(super) fn notes_mask(&mut self, path: &TaskPath) -> Result<(), Trouble> {
        let task = self.task(path)?;
        if !task.has_handled {
            return Ok(());
        }
        if let Ok(mask) = ptrace::signal_mask(task.pid) {
            self.world.set_mask(path, mask);
        }
        Ok(())
    }

    /// A task is about to get a signal; whether it stays there, because that will end it.
    pub(super) fn gets(&mut self, path: &TaskPath, signal: Signal) -> Result<bool, Trouble> {
        let task = self.task(path)?;
        task.told_of_child &= signal != Signal::CHLD;
        let (pid, id) = (task.pid, task.id);
        let Some(mut info) =
            still_there("asking about a signal", ptrace::signal_info(pid)).map_err(broken)?
        else {
            return Ok(false);
        };
        if let Some((_, sender)) = task.arriving.take_if(|(arriving, _)| *arriving == signal) {
            match sender {
                Some(Sender::Process(by)) => {
                    ptrace::name_sender(&mut info, libc::SI_USER, by.0);
                    if let Some(status) = self.world.end_told_by(path, signal, by) {
                        ptrace::tell_end(&mut info, status);
                    }
                }
                _ => ptrace::name_sender(&mut info, SI_KERNEL, 0),
            }
            still_there("naming a signal's sender", ptrace::set_signal_info(pid, &info)).map_err(broken)?;
            let sender = sender.unwrap_or(Sender::Kernel);
            let task = self.task(path)?;
            task.has_handled = true;
            if task.leaving.is_none() {
                self.recorder.instant(id, Operation::Signal { signal, sender }, false);
            }
            self.resume(pid, Resume::Free, signal.0)?;
            return Ok(false);
        }
        if is_fault(signal) && info.si_code > 0 {
            if signal == Signal(libc::SIGSEGV) && self.reads_counter(path)? {
                return Ok(false);
            }
            if !self.world.handles(path, signal) {
                self.task(path)?.at = At::Dying(signal);
                return Ok(true);
            }
            self.world.begins(path, signal);
            self.task(path)?.has_handled = true;
            self.resume(pid, Resume::Free, signal.0)?;
            return Ok(false);
        }
        let own = ptrace::sender(&info) == pid;
        if own || signal == Signal(libc::SIGPIPE) {
            self.world.begins(path, signal);
            self.task(path)?.has_handled = true;
            self.recorder.instant(id, Operation::Signal { signal, sender: Sender::Process(Pid(pid)) }, false);
            self.resume(pid, Resume::Free, signal.0)?;
            return Ok(false);
        }
        if signal != Signal::CHLD {
            return Err(Trouble::Unmodelled(format!("{signal} came from outside of the run")));
        }
        self.returns(path)?;
        self.resume(pid, Resume::Free, 0)?;
        Ok(false)
    }
}

fn is_fault(signal: Signal) -> bool {
    matches!(
        signal.0,
        libc::SIGSEGV | libc::SIGBUS | libc::SIGFPE | libc::SIGILL | libc::SIGTRAP | libc::SIGSYS
    )
}
