//! What a task is about to do, as far as the world is concerned, and what came of it.
//!
//! One variant a kind of question: what would it touch, could it go on now? Whoever decodes system calls makes
//! these from registers and memory; nothing here knows a processor.

use super::Futex;
use crate::model::births::CloneFlags;
use crate::model::ids::{Errno, Fd, Pid, Signal, TaskPath, Text};
use crate::model::operation::{Disposition, OpenFlags};
use crate::model::status::ExitStatus;
use crate::model::waits::Selector;

/// A call that a task stands before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// It concerns nobody but the task.
    Local,
    /// fork, vfork, clone, clone3.
    Fork(CloneFlags),
    /// execve, execveat.
    Exec,
    /// exit_group, or exit of a process with one thread; or a signal ends it. What it still holds is closed with that.
    Exit(ExitStatus),
    /// exit of a thread other than its process's first.
    EndThread {
        /// The address of the word that is cleared with it (CLONE_CHILD_CLEARTID, set_tid_address); 0: none.
        clears: u64,
    },
    /// pthread_join: until that thread has ended.
    Join(TaskPath),
    /// futex.
    Futex(Futex),
    /// Instructions touch memory that other tasks may see.
    Access(Vec<Access>),
    /// The first part of that: it closes what it holds, and has not ended.
    Leave,
    /// munmap, mprotect, mremap, madvise, mmap with MAP_FIXED: what is at these addresses is another afterwards.
    Remap {
        /// The first address.
        at: u64,
        /// How many bytes.
        length: u64,
    },
    /// wait4, waitid.
    Wait(WaitFor),
    /// getppid.
    GetParent,
    /// getpid, gettid.
    GetOwn,
    /// open and its like.
    Open {
        /// Absolute, as far as the caller could tell.
        path: Text,
        /// Access mode and flags.
        flags: OpenFlags,
    },
    /// close.
    Close(Fd),
    /// close_range.
    CloseRange {
        /// The first.
        first: u32,
        /// The last, included.
        last: u32,
        /// They are marked, not closed.
        mark_only: bool,
    },
    /// dup and its like.
    Dup {
        /// The descriptor copied.
        from: Fd,
        /// Where the copy goes.
        to: DupTo,
        /// Close on exec.
        cloexec: bool,
    },
    /// fcntl(F_SETFD) and its like.
    SetCloexec {
        /// Which.
        fd: Fd,
        /// The new value.
        cloexec: bool,
    },
    /// fcntl(F_SETFL).
    SetNonblock {
        /// Which.
        fd: Fd,
        /// The new value of O_NONBLOCK.
        nonblock: bool,
    },
    /// pipe, pipe2.
    Pipe {
        /// Close on exec.
        cloexec: bool,
        /// O_NONBLOCK.
        nonblock: bool,
    },
    /// A call that makes a descriptor for something without a model.
    NewDescriptor {
        /// Its name.
        call: String,
        /// Close on exec.
        cloexec: bool,
    },
    /// read, readv, pread.
    Read {
        /// From where.
        fd: Fd,
        /// How many bytes.
        wanted: u64,
        /// At an offset of its own, not the descriptor's.
        positioned: bool,
    },
    /// write, writev, pwrite.
    Write {
        /// To where.
        fd: Fd,
        /// How many bytes (of a write that was done in part: how many are left).
        wanted: u64,
        /// At an offset of its own, not the descriptor's.
        positioned: bool,
        /// Where in memory they are, if they lie in one piece.
        at: Option<u64>,
    },
    /// lseek, fstat and others that look at an open file or move its offset.
    UseFile(Fd),
    /// A file's contents become memory that nobody writes through: mmap with MAP_SHARED.
    Map(Fd),
    /// poll, ppoll.
    Poll {
        /// What is asked about.
        fds: Vec<Polled>,
        /// How long it may wait.
        timeout: Timeout,
    },
    /// nanosleep, clock_nanosleep: in virtual time it takes none.
    Sleep,
    /// alarm, setitimer(ITIMER_REAL).
    SetTimer(Setting),
    /// pause; sigsuspend with its mask.
    Pause(Option<u64>),
    /// kill, tkill, tgkill.
    Kill {
        /// Whom, as given.
        target: Pid,
        /// What; 0 only asks.
        signal: Signal,
    },
    /// sigaction that sets.
    Action {
        /// Which signal.
        signal: Signal,
        /// What it does from now on.
        action: Disposition,
        /// `SA_…` flags.
        flags: u64,
    },
    /// sigprocmask: the mask afterwards.
    Mask(u64),
    /// A path is looked at: stat, access, readlink.
    LookAt(Text),
    /// A path, or what it leads to, is changed: unlink, mkdir, chmod.
    Change(Text),
    /// A file gets another name: link, symlink, rename.
    Link(String),
    /// A call that ends by itself, of which no more is known. It may notice everything.
    Anything(String),
    /// Something that no claim about all schedules can be made about: the reason, for people.
    Unmodelled(String),
}

/// An instruction's touch of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The address of the first byte.
    pub at: u64,
    /// How many bytes.
    pub length: u64,
    /// They may be others afterwards.
    pub writes: bool,
}

/// Whom a wait call asks about, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitFor {
    /// Whom.
    pub selector: Selector,
    /// WNOHANG.
    pub nohang: bool,
    /// WNOWAIT.
    pub nowait: bool,
}

/// Where a copy of a descriptor goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DupTo {
    /// The lowest free slot from here on.
    Lowest(Fd),
    /// Here; what was there is closed.
    At(Fd),
}

/// One entry of poll's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Polled {
    /// Which.
    pub fd: Fd,
    /// POLLIN.
    pub input: bool,
    /// POLLOUT.
    pub output: bool,
}

/// How long a call may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeout {
    /// Not at all.
    Zero,
    /// For a while; virtual time lets it end at any moment.
    Some,
    /// For ever.
    Never,
}

/// How a process's timer is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Setting {
    /// It is not, or no longer.
    #[default]
    Off,
    /// It runs out once.
    Once,
    /// It runs out again and again.
    Repeats,
}

/// What a call answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It failed.
    Failed(Errno),
    /// It succeeded; a count, a descriptor, or 0.
    Value(u64),
    /// A new task, by its PID.
    Born(Pid),
    /// The two ends of a pipe: for reading, for writing.
    Ends(Fd, Fd),
    /// A wait call's news: the child's PID, or none with WNOHANG.
    News(Option<Pid>),
}
