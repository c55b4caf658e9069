//! Programs of the simulated machine: plain data.
//!
//! A program is a list of operations; a task that comes to the end of its list exits with 0. Most operations
//! leave an *answer* (what the call would return, errors as negative numbers), which later ones may look at.

use grader_trace::Signal;
use std::sync::Arc;

/// One operation of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Writes this to stdout.
    Print(char),
    /// Writes the last answer, in parentheses, to stdout.
    PrintAnswer,
    /// A child that does this. Answers 1, or −EAGAIN.
    Fork(Arc<[Op]>),
    /// Ends with this status.
    Exit(u8),
    /// Ends with the last answer (its lowest byte).
    ExitAnswer,
    /// Reaps a child. Answers 100 × (which child, from 1) + its status, 0 if it would block, or −ECHILD.
    Wait {
        /// Which child.
        who: Who,
        /// Does not wait if none has ended.
        nohang: bool,
    },
    /// A pipe. The task knows it by its place among the pipes it holds or held, from 0; children inherit them.
    Pipe,
    /// Takes at most so many bytes. Answers them as decimal digits, 0 at the end, or −EBADF.
    Read(usize, usize),
    /// Puts so many bytes, all this digit. Answers how many, or −EBADF; SIGPIPE if nobody can read.
    Write(usize, usize, u8),
    /// The same without waiting for room (O_NONBLOCK). Answers −EAGAIN if there is none.
    TryWrite(usize, usize, u8),
    /// Closes one end. Answers 0 or −EBADF.
    Close(usize, End),
    /// Waits until a read would not block, perhaps with a timeout. Answers 1, 0 for the timeout, or −EBADF.
    Poll {
        /// Which pipe.
        pipe: usize,
        /// With a timeout.
        timed: bool,
    },
    /// Sends a signal. Answers 0, or −ESRCH.
    Kill(Target, Signal),
    /// From now on, runs these operations when the signal arrives.
    Handle {
        /// Which.
        signal: Signal,
        /// SA_RESTART: an interrupted call begins again.
        restart: bool,
        /// The handler.
        body: Arc<[Op]>,
    },
    /// Sleeps until a handler has run. Answers −EINTR.
    Pause,
    /// Sleeps for a while: touches nothing and orders nothing. Answers 0, or −EINTR.
    Sleep,
    /// Sets a timer that sends SIGALRM at any moment, or takes it back. Answers 1 if one was set, else 0.
    Alarm(bool),
    /// Stores a number in a shared variable.
    Set(usize, i64),
    /// Answers what a shared variable holds.
    Get(usize),
    /// getppid. Answers 1 while the parent that made this task has not ended, then 0.
    AskParent,
    /// If the last answer is this number, goes on with the first list, else with the second. Not an operation by itself.
    If(i64, Arc<[Op]>, Arc<[Op]>),
}

/// Which children a wait asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Any.
    Any,
    /// The nth that this task made, from 0.
    Nth(usize),
}

/// Whom a signal is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The parent.
    Parent,
    /// The nth child, from 0.
    Child(usize),
}

/// An end of a pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// To read from.
    Read,
    /// To write to.
    Write,
}

/// A pipe's capacity in bytes, unless the machine is told otherwise: so small that it fills.
pub const CAPACITY: usize = 2;

/// How many shared variables there are.
pub const VARIABLES: usize = 3;
