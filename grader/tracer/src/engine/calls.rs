//! A call begins, returns, is interrupted, goes on.
//!
//! A call that a signal interrupts shows one of the kernel's private results
//! (−512 … −516) at its exit, and then either is made again (the same number and
//! arguments, or restart_syscall), which is no new operation, or answers EINTR after
//! the handler. Which of them happens is seen at the return from the handler. Such
//! calls wait in [`Task::interrupted`]; while there are any, every call of that task
//! stops.

use super::Engine;
use super::births::restore;
use super::loader;
use super::snapshot;
use super::task::{Pending, PutBack, Task};
use crate::arch;
use crate::decode::{self, Call};
use crate::filter::ENDS;
use crate::sys::memory::Memory;
use crate::sys::process;
use crate::sys::ptrace::{self, Resume, still_there};
use crate::trouble::Trouble;
use grader_trace::{Operation, Outcome, Signal, TaskId, Wait};
use libc::pid_t;

/// Results by which the kernel tells itself that a call is to be made again. See linux/errno.h.
const RESTARTS: [i64; 4] = [-512, -513, -514, -516];

/// How many interrupted calls of one task are remembered. More are those of a program that jumps out of handlers.
const INTERRUPTED_LIMIT: usize = 64;

const EINTR: i64 = -(libc::EINTR as i64);

/// The bit that makes a new task untraced. It is taken away.
const CLONE_UNTRACED: u64 = 0x80_0000;

impl Engine<'_> {
    /// The filter stopped a task at the entry of a call.
    pub(super) fn enters_call(&mut self, pid: pid_t) -> Result<(), Trouble> {
        self.clock.moved();
        if !self.started {
            return self.resume(pid, Resume::Free, 0);
        }
        let Some(mut registers) = still_there("reading registers", ptrace::registers(pid))? else {
            return Ok(());
        };
        let number = arch::number(&registers);
        let call = Call { number, args: arch::arguments(&registers), memory: Memory(pid) };
        self.makes_a_wait_again(pid);
        let Some(task) = self.live.get_mut(pid) else { return Ok(()) };
        if task.loader.as_ref().is_some_and(|code| code.contains(&arch::instruction(&registers))) {
            if loader::is_loading(number) {
                return self.go_on(pid);
            }
        } else {
            task.loader = None;
        }
        task.in_call = true;
        let again = task.interrupted.pop_if(|last| last.is_made_again(&call, &registers));
        if let Some(left) = again.as_ref().filter(|again| again.under_handler) {
            // Its handler has not returned, but jumped out of the call; now the same call is made anew.
            self.recorder.abandon(task.id, left.begun.clone(), left.op.clone(), left.injected);
        } else if let Some(mut again) = again {
            if matches!(again.op, Operation::Fork(_)) {
                again.put_back = stay_traced(pid, &call, &mut registers)?;
            }
            task.pending = Some(again);
            return self.go_on(pid);
        }
        if ENDS.contains(&number) {
            self.changes_exit(pid, &mut registers)?;
            return self.go_on(pid);
        }
        self.child_signals.look_at(&call);
        if self.launch.watch.memory {
            self.recorder.note_thread_pointer(task, &registers);
        }
        let Some(mut op) = decode::enter(&call) else { return self.go_on(pid) };
        if let Operation::Fork(fork) = &mut op
            && self.launch.watch.memory
        {
            fork.given = decode::given(&call);
        }
        let begun = self.recorder.begin();
        if self.launch.snapshots && task.own_program && self.recorder.has_room_for_snapshots() {
            self.recorder.keep(begun.stamp, snapshot::take(task.tid, &mut task.modules, &registers));
        }
        let refused = self.faults.strike(task.tgid == self.root, &op);
        self.clock.timers |= decode::sets_a_timer(number);
        let mut put_back = None;
        if let Some(errno) = refused {
            refuse(pid, &mut registers, errno.0)?;
        } else if matches!(op, Operation::Fork(_)) {
            put_back = stay_traced(pid, &call, &mut registers)?;
        }
        let injected = refused.is_some();
        let (ip, sp) = (arch::instruction(&registers), arch::stack(&registers));
        let told_by_signal = !injected && self.returns_with_a_signal(pid, &call);
        let Some(task) = self.live.get_mut(pid) else { return Ok(()) };
        let under_handler = false;
        task.pending =
            Some(Pending { begun, op, call, ip, sp, under_handler, injected, put_back, told_by_signal });
        self.go_on(pid)
    }

    /// A task is about to end itself; if its process ends with it, the plan may want another exit status.
    fn changes_exit(&mut self, pid: pid_t, registers: &mut libc::user_regs_struct) -> Result<(), Trouble> {
        let Some(task) = self.live.get(pid) else { return Ok(()) };
        let tgid = task.tgid;
        let process = self.live.get(tgid).map(|leader| leader.id);
        let last = self.live.iter().filter(|other| other.tgid == tgid).count() == 1;
        match self.launch.plan.exit {
            Some(exit) if process == Some(TaskId(exit.task)) && (last || !arch::ends_one_task(registers)) => {
                arch::set_first_argument(registers, exit.code.into());
                still_there("changing an exit status", ptrace::set_registers(pid, registers)).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// A task that stops at every call stands at the entry or the exit of one.
    pub(super) fn at_call_boundary(&mut self, pid: pid_t) -> Result<(), Trouble> {
        self.clock.moved();
        let Some(registers) = still_there("reading registers", ptrace::registers(pid))? else {
            return Ok(());
        };
        let Some(task) = self.live.get_mut(pid) else { return Ok(()) };
        task.in_call = !task.in_call;
        if task.in_call {
            enters_unfiltered(task, arch::number(&registers));
            return self.go_on(pid);
        }
        let result = arch::result(&registers);
        match task.pending.take() {
            Some(call) => self.leaves_call(pid, call, result)?,
            None if std::mem::take(&mut task.returning_from_handler) => {
                if let Some(given_up) = back_from_handler(task, &registers) {
                    self.returns(pid, given_up, EINTR)?;
                }
            }
            None => {}
        }
        self.go_on(pid)
    }

    /// A call has returned, or a signal has interrupted it.
    pub(super) fn leaves_call(&mut self, pid: pid_t, mut call: Pending, result: i64) -> Result<(), Trouble> {
        if !RESTARTS.contains(&result) {
            return self.returns(pid, call, result);
        }
        if let Some(put_back) = call.put_back.take() {
            restore(pid, put_back)?;
        }
        let Some(task) = self.live.get_mut(pid) else { return Ok(()) };
        call.told_by_signal = false;
        task.interrupted.push(call);
        if task.interrupted.len() > INTERRUPTED_LIMIT {
            let left = task.interrupted.remove(0);
            self.recorder.abandon(task.id, left.begun, left.op, left.injected);
        }
        Ok(())
    }

    fn returns(&mut self, pid: pid_t, mut call: Pending, result: i64) -> Result<(), Trouble> {
        let recorder = &self.recorder;
        decode::leave(&mut call.op, &call.call, result, &|named| recorder.task(named));
        if let Some(put_back) = call.put_back {
            restore(pid, put_back)?;
        }
        let Some(task) = self.live.get_mut(pid) else { return Ok(()) };
        let id = task.id;
        match &mut call.op {
            Operation::Fork(fork) if fork.child == Outcome::Unfinished => {
                // A task was made, and no event told of it: it has escaped, and does not live on.
                process::kill(result as pid_t, libc::SIGKILL);
            }
            Operation::Wait(wait) => {
                task.vain_waits = if is_vain(wait) { task.vain_waits + 1 } else { 0 };
                let tgid = task.tgid;
                self.has_waited(tgid, &call.call, wait);
            }
            op if looks_at(op).is_some_and(|pid| pid != task.tgid) => task.vain_waits += 1,
            op if self.launch.watch.futexes && passes_time(op) => task.vain_waits += 1,
            _ => {}
        }
        self.recorder.end(id, call.begun, call.op, call.injected);
        Ok(())
    }
}

/// The process whose being there a call has confirmed: by signal 0, or by opening one of its files in /proc.
fn looks_at(op: &Operation) -> Option<pid_t> {
    match op {
        Operation::Kill { target, signal: Signal(0), result: Outcome::Done(()) } => Some(target.0),
        Operation::Open { path, result: Outcome::Done(_), .. } => {
            path.as_str()?.strip_prefix("/proc/")?.split_once('/')?.0.parse().ok()
        }
        _ => None,
    }
}

/// Whether this lets time pass, for who watches threads: a yield, a sleep by the clock.
fn passes_time(op: &Operation) -> bool {
    match op {
        Operation::Call { call, .. } => call == "sched_yield",
        Operation::Futex(futex) => futex.timed,
        op => matches!(op, Operation::Sleep { .. }),
    }
}

fn is_vain(wait: &Wait) -> bool {
    wait.nohang && wait.result == Outcome::Done(None)
}

/// A call that the filter may not stop for, of a task that has interrupted calls.
fn enters_unfiltered(task: &mut Task, number: i64) {
    match number {
        libc::SYS_rt_sigreturn => task.returning_from_handler = true,
        libc::SYS_restart_syscall => task.pending = task.interrupted.pop(),
        _ => {}
    }
}

/// A handler has returned. The call that its signal had interrupted, if it answers EINTR now.
fn back_from_handler(task: &mut Task, registers: &libc::user_regs_struct) -> Option<Pending> {
    let call = task.interrupted.last_mut()?;
    if arch::instruction(registers) == call.ip.wrapping_sub(arch::CALL_BYTES) {
        call.under_handler = false;
    }
    let gives_up = call.ip == arch::instruction(registers) && arch::result(registers) == EINTR;
    task.interrupted.pop_if(|_| gives_up)
}

/// Makes the call that a task enters answer an error.
fn refuse(pid: pid_t, registers: &mut libc::user_regs_struct, errno: i32) -> Result<(), Trouble> {
    arch::refuse(registers, errno);
    still_there("making a call fail", ptrace::set_registers(pid, registers)).map(drop)
}

/// Takes CLONE_UNTRACED out of the flags of a call that creates a task. What must be put back afterwards.
fn stay_traced(
    pid: pid_t,
    call: &Call,
    registers: &mut libc::user_regs_struct,
) -> Result<Option<PutBack>, Trouble> {
    let first = call.args[0];
    match call.number {
        libc::SYS_clone if first & CLONE_UNTRACED != 0 => {
            arch::set_first_argument(registers, first & !CLONE_UNTRACED);
            still_there("changing a clone's flags", ptrace::set_registers(pid, registers))?;
            Ok(Some(PutBack::FirstArgument(first)))
        }
        libc::SYS_clone3 => {
            let Some(flags) = call.memory.u64(first).filter(|flags| flags & CLONE_UNTRACED != 0) else {
                return Ok(None);
            };
            if ptrace::poke_data(pid, first, flags & !CLONE_UNTRACED).is_err() {
                // A mapping that even a tracer cannot write to. The kernel may lack the call: programs know that.
                refuse(pid, registers, libc::ENOSYS)?;
                return Ok(None);
            }
            Ok(Some(PutBack::Word(first, flags)))
        }
        _ => Ok(None),
    }
}
