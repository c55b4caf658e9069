//! What to run, and under which circumstances.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use grader_trace::{Errno, Signal};

/// A program to run, and how.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The executable file; no search along PATH.
    pub program: PathBuf,
    /// The argument vector, the program's own name first.
    pub argv: Vec<OsString>,
    /// The whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// The working directory; the caller's own, if none is given.
    pub dir: Option<PathBuf>,
    /// The file mode creation mask; the caller's own, if none is given. See umask(2).
    pub umask: Option<u32>,
    /// Where standard input comes from.
    pub stdin: Stdin,
    /// What standard output is.
    pub stdout: Stdout,
    /// How long, how much.
    pub limits: Limits,
    /// Which calls are recorded.
    pub watch: Watch,
    /// What the tracer does to the run, other than looking.
    pub plan: Plan,
    /// Whether to keep what it takes to find source lines afterwards.
    pub snapshots: bool,
}

/// Where standard input comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stdin {
    /// `/dev/null`.
    Null,
    /// The caller's own.
    Inherit,
}

/// What standard output is. It is collected in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stdout {
    /// A raw pseudo-terminal: C programs buffer by the line.
    Terminal,
    /// A pipe: C programs buffer by the block.
    Pipe,
}

/// Limits on a run.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Wall-clock time from the start of the program.
    pub wall: Duration,
    /// How long other tasks may live on after the root has ended.
    pub linger: Duration,
    /// How much of each stream is kept, in bytes. More is read and dropped.
    pub output_bytes: usize,
    /// How many events are kept. More ends the run as [`grader_trace::Ending::Overflowed`].
    pub events: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            wall: Duration::from_secs(10),
            linger: Duration::from_secs(2),
            output_bytes: 1 << 20,
            events: 200_000,
        }
    }
}

/// Which families of calls are recorded. Births, execs, ends and signals always are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watch {
    /// wait4, waitid.
    pub waits: bool,
    /// open, close, dup, pipe, fcntl, and whatever else makes descriptors.
    pub descriptors: bool,
    /// write and its family.
    pub writes: bool,
    /// read and its family.
    pub reads: bool,
    /// sleep, poll, pause.
    pub sleeps: bool,
    /// sigaction, kill.
    pub signals: bool,
    /// mmap, munmap, mprotect; the addresses that clone is given, those at which memory is touched that may not be, and
    /// thread pointers.
    pub memory: bool,
    /// futex, set_tid_address, sched_yield.
    pub futexes: bool,
}

impl Watch {
    /// None but what is always recorded.
    pub const NONE: Watch = Watch {
        waits: false,
        descriptors: false,
        writes: false,
        reads: false,
        sleeps: false,
        signals: false,
        memory: false,
        futexes: false,
    };
    /// All families that are about processes.
    pub const ALL: Watch = Watch {
        waits: true,
        descriptors: true,
        writes: true,
        reads: true,
        sleeps: true,
        signals: true,
        ..Watch::NONE
    };
    /// All of them, and those that are about threads made by hand.
    pub const THREADS: Watch = Watch { memory: true, futexes: true, ..Watch::ALL };
}

/// What the tracer does to the run, other than looking: things that the kernel itself could do, and an exit
/// status that is not the program's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Who gets ahead of whom.
    pub pace: Pace,
    /// Calls that fail.
    pub faults: Vec<Fault>,
    /// A process that is killed from outside.
    pub kill: Option<KillAt>,
    /// A process that ends with another status than it asks for.
    pub exit: Option<ExitAs>,
}

impl Plan {
    /// Whether it only holds tasks back: what happens then can happen without it.
    pub fn only_paces(&self) -> bool {
        self.pace != Pace::Natural && *self == Plan { pace: self.pace, ..Plan::default() }
    }
}

/// Who gets ahead of whom. Each of these is a schedule that the kernel may choose on any day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pace {
    /// As it comes.
    #[default]
    Natural,
    /// A new process does not run until every other task sleeps in a call that the clock cannot end,
    /// has ended, or has asked for news of a child (by wait, by signal 0 or in /proc) three times in vain.
    SlowChildren,
    /// Whoever forks does not run on until all other tasks sleep in such a call or have ended.
    SlowParents,
    /// As [`Pace::SlowChildren`], for threads; a sleep by the clock and a yield are questions in vain, too.
    SlowThreads,
    /// As [`Pace::SlowParents`], for whoever makes a thread.
    SlowCreators,
}

/// Calls of one kind that fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Which calls.
    pub call: FaultCall,
    /// Whose.
    pub whose: Whose,
    /// The first call to fail, from 1, counted over all tasks that `whose` names.
    pub from: u32,
    /// How many of them fail.
    pub times: u32,
    /// With what error.
    pub errno: Errno,
}

/// A kind of call that can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultCall {
    /// fork, vfork, clone, clone3, for a process: EAGAIN when a limit is reached.
    Fork,
    /// clone, clone3, for a thread: EAGAIN when a limit is reached.
    Thread,
    /// execve, execveat: ENOENT when there is no such file.
    Exec,
    /// pipe, pipe2: EMFILE when the table is full.
    Pipe,
    /// futex, to sleep: EINTR when a signal comes, or for no reason.
    FutexWait,
}

/// Whose calls a fault concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The program that was started.
    Root,
    /// Every other process.
    Descendants,
}

/// A process that is killed from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KillAt {
    /// Which task, in the order of creation; the root's first child is 1. If it is a thread, nobody is killed:
    /// a signal would end the whole process, which is not a child's death.
    pub task: u32,
    /// With what.
    pub signal: Signal,
}

/// A process that ends with another status than it asks for: the number is changed as it is handed to the kernel,
/// so that to everybody else it is as if the program had asked for it. Who is killed ends as ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitAs {
    /// Which process, by its first task, in the order of creation; the root's first child is 1.
    pub task: u32,
    /// With what.
    pub code: u8,
}

/// Calls a run off, from another thread.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Ends the run soon (within some ten milliseconds).
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody did.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
