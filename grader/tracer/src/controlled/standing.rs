//! Where a task stands while others move.

use super::memory::Before;
use super::timers::Countdown;
use crate::decode::Call;
use crate::engine::Begun;
use grader_program::accesses::Touch;
use grader_trace::world::{Access, Ask};
use grader_trace::{Module, Operation, Outcome, Signal, TaskId};
use libc::{pid_t, user_regs_struct};
use std::ops::Range;
use std::sync::Arc;

/// A living task.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub(super) pid: pid_t,
    pub(super) id: TaskId,
    pub(super) at: At,
    /// It runs the program that was started, not another one.
    pub(super) own_program: bool,
    /// The plan kills it.
    pub(super) doomed: bool,
    /// The files mapped into it, if they were looked up.
    pub(super) modules: Option<Arc<[Module]>>,
    /// Where its C library keeps its number, which is cleared when it ends: what it told set_tid_address(2), or was
    /// given with CLONE_CHILD_CLEARTID; or 0.
    pub(super) tid_address: u64,
    /// What was done of a write that is too long to be done at once.
    pub(super) part: Option<Part>,
    /// How often it has asked for the time, and how long it has slept, in nanoseconds.
    pub(super) clock: u64,
    /// What it wants of its timer, if that is set.
    pub(super) timer: Countdown,
    /// How many random bytes it has got.
    pub(super) random: u64,
    /// Its call was to answer, but the kernel begins it again (a signal that was kept back came by).
    pub(super) again: bool,
    /// A signal that was sent to it because its arrival was chosen, until it arrives.
    pub(super) arriving: Option<(Signal, Option<grader_trace::Sender>)>,
    /// A child has ended, and the kernel has not yet come to tell it so by SIGCHLD.
    pub(super) told_of_child: bool,
    /// It has begun to end, and that is recorded; if a signal ends it, which, and who sent it.
    pub(super) leaving: Option<Option<(Signal, Option<grader_trace::Sender>)>>,
    /// It holds back SIGTRAP, for all that it knows: breakpoints undo that.
    pub(super) blocks_trap: bool,
    /// The lock of a library that it is about to take or to give back, until it is back from there.
    pub(super) lock: Option<Lock>,
    /// Where its stack is, if it has one of its own.
    pub(super) own_stack: Option<Range<u64>>,
    /// The function that it is in, and in which what it touches is its own affair.
    pub(super) inside: Option<Frame>,
    /// It has had a handler to run. While one runs, the kernel holds its signal back.
    pub(super) has_handled: bool,
}

/// A lock of a library that a task takes or gives back.
#[derive(Debug, Clone)]
pub(super) struct Lock {
    pub(super) touches: Vec<Touch>,
    /// The function that was called for that.
    pub(super) function: String,
    pub(super) begun: Begun,
    /// It had to wait for it.
    pub(super) slept: bool,
}

/// A call of a function that is part of the program.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    /// Where the stack ended when it began.
    pub(super) stack: u64,
    /// What is kept there, until it has returned: where it returns to.
    pub(super) returns_to: u64,
}

impl Lock {
    /// The call, with what it has answered.
    pub(super) fn call(&self, result: Outcome<u64>) -> Operation {
        let call = self.function.clone();
        let at = self.touches.first().map_or(0, |touch| touch.at);
        if self.slept {
            Operation::Await { call, timed: false, result }
        } else {
            Operation::Call { call, args: [at, 0, 0, 0, 0, 0], result }
        }
    }
}

/// What a task stands at.
#[derive(Debug, Clone)]
pub(super) enum At {
    /// It runs, or is about to run for the first time.
    Running,
    /// The entry of a call.
    Call(Box<Entry>),
    /// An instruction that touches memory which others touch, too.
    Access(Box<Before>),
    /// It slept on a futex in a library, and was woken: it is about to look at its lock again.
    Woken(Box<Entry>, Vec<Access>),
    /// It is in the kernel, in a call that was released.
    Inside(Box<Inside>),
    /// It has lent its memory to a child by vfork, and sleeps.
    Vfork,
    /// A signal that it caused itself is about to kill it.
    Dying(Signal),
    /// Its birth: the plan wants it to be killed by this signal before it does anything, at whatever time that is.
    Doomed(Signal),
}

/// The entry of a call.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) call: Call,
    pub(super) registers: user_regs_struct,
    pub(super) ask: Ask,
    pub(super) op: Option<Operation>,
    /// Since when it waits, if it could not go on at once.
    pub(super) begun: Option<Begun>,
}

/// A call that was released.
#[derive(Debug, Clone)]
pub(super) struct Inside {
    pub(super) entry: Entry,
    pub(super) begun: Begun,
    /// The tracer made it answer so.
    pub(super) injected: bool,
    /// A signal may interrupt it.
    pub(super) interrupted: bool,
    /// How many bytes it was allowed to write, of more.
    pub(super) chunk: Option<u64>,
}

/// A write that is done in several steps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) done: u64,
    /// The call's second and third argument, as the program gave them.
    pub(super) args: (u64, u64),
}

impl Standing {
    pub(super) fn new(pid: pid_t, id: TaskId) -> Standing {
        Standing {
            pid,
            id,
            at: At::Running,
            own_program: false,
            doomed: false,
            modules: None,
            tid_address: 0,
            part: None,
            clock: 0,
            timer: Countdown::default(),
            random: 0,
            again: false,
            arriving: None,
            told_of_child: false,
            leaving: None,
            blocks_trap: false,
            lock: None,
            own_stack: None,
            inside: None,
            has_handled: false,
        }
    }
}
