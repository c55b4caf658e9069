//! What a task can do that another task, or a check, could notice.
//!
//! One variant a kind of operation, not a system call: `wait4` and `waitid` are
//! both [`Operation::Wait`]; `dup2` and `fcntl(F_DUPFD)` both [`Operation::Dup`].

use super::births::Fork;
use super::ids::{Errno, Fd, Pid, Signal, Text};
use super::status::ExitStatus;
use super::threads::{Futex, Map, Remap};
use super::waits::Wait;
use serde::{Deserialize, Serialize};

/// What came of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Outcome<T> {
    /// It succeeded, with this result.
    Done(T),
    /// It failed.
    Failed(Errno),
    /// It had not returned when its task ended or the run did.
    Unfinished,
}

impl<T> Outcome<T> {
    /// The result, if it succeeded.
    pub fn done(&self) -> Option<&T> {
        match self {
            Outcome::Done(value) => Some(value),
            _ => None,
        }
    }

    /// The error, if it failed.
    pub fn error(&self) -> Option<Errno> {
        match self {
            Outcome::Failed(errno) => Some(*errno),
            _ => None,
        }
    }
}

/// A new program in the same process. See execve(2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Exec {
    /// The file asked for.
    pub path: Text,
    /// The argument vector, without its closing NULL.
    pub argv: Vec<Text>,
    /// Success means that the old program is gone.
    pub result: Outcome<()>,
}

/// Flags of open(2), `O_…`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct OpenFlags(pub u32);

impl OpenFlags {
    /// Create the file if it is missing.
    pub const CREAT: u32 = 0o100;
    /// Cut an existing file to length 0.
    pub const TRUNC: u32 = 0o1000;
    /// Write at the end.
    pub const APPEND: u32 = 0o2000;
    /// Never sleep.
    pub const NONBLOCK: u32 = 0o4000;
    /// Close on exec.
    pub const CLOEXEC: u32 = 0o2_000_000;

    /// Whether all of `bits` are set.
    pub fn has(self, bits: u32) -> bool {
        self.0 & bits == bits
    }

    /// O_RDONLY or O_RDWR.
    pub fn reads(self) -> bool {
        self.0 & 3 != 1
    }

    /// O_WRONLY or O_RDWR.
    pub fn writes(self) -> bool {
        matches!(self.0 & 3, 1 | 2)
    }
}

/// What a task does with a signal. See sigaction(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// SIG_DFL.
    Default,
    /// SIG_IGN.
    Ignore,
    /// A function.
    Handler,
}

/// Who sent a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Sender {
    /// The kernel: a fault, a child's end, a terminal, a timer.
    Kernel,
    /// A process, by its PID.
    Process(Pid),
}

/// One thing that a task did or that happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(transform = crate::file::schema::bare_names_as_keys))]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// A new task: fork, vfork, clone, clone3.
    Fork(Fork),
    /// A new program.
    Exec(Exec),
    /// The task's end.
    Exit(ExitStatus),
    /// Asking for news of a child.
    Wait(Wait),
    /// open, openat, openat2, creat.
    Open {
        /// The name given.
        path: Text,
        /// Access mode and flags.
        flags: OpenFlags,
        /// Permissions for a new file, before the umask; 0 where none were given.
        mode: u32,
        /// The new descriptor.
        result: Outcome<Fd>,
    },
    /// close.
    Close {
        /// Which.
        fd: Fd,
        /// Success, or EBADF.
        result: Outcome<()>,
    },
    /// close_range(2): all descriptors from `first` to `last`.
    CloseRange {
        /// The first.
        first: u32,
        /// The last, included.
        last: u32,
        /// CLOSE_RANGE_CLOEXEC: mark them instead of closing them.
        mark_only: bool,
        /// Success or not.
        result: Outcome<()>,
    },
    /// dup, dup2, dup3, fcntl(F_DUPFD), fcntl(F_DUPFD_CLOEXEC).
    Dup {
        /// The descriptor copied.
        from: Fd,
        /// Whether the copy closes on exec.
        cloexec: bool,
        /// The copy.
        result: Outcome<Fd>,
    },
    /// fcntl(F_SETFD), ioctl(FIOCLEX), ioctl(FIONCLEX).
    SetCloexec {
        /// Which.
        fd: Fd,
        /// The flag's new value.
        cloexec: bool,
        /// Success or not.
        result: Outcome<()>,
    },
    /// pipe, pipe2.
    Pipe {
        /// O_CLOEXEC.
        cloexec: bool,
        /// The read end and the write end.
        result: Outcome<(Fd, Fd)>,
    },
    /// socketpair.
    SocketPair {
        /// SOCK_CLOEXEC.
        cloexec: bool,
        /// Both ends.
        result: Outcome<(Fd, Fd)>,
    },
    /// Any other call that makes descriptors: socket, eventfd, pidfd_open, memfd_create, …
    NewDescriptor {
        /// The system call.
        call: String,
        /// Close on exec.
        cloexec: bool,
        /// The new descriptor.
        result: Outcome<Fd>,
    },
    /// read, readv, pread64, …
    Read {
        /// From where.
        fd: Fd,
        /// Bytes asked for.
        wanted: u64,
        /// Bytes that came; 0 is the end of the file.
        result: Outcome<u64>,
    },
    /// write, writev, sendfile, splice, …
    Write {
        /// To where.
        fd: Fd,
        /// What was written, as far as it was recorded (see `result` for how much it was).
        data: Text,
        /// Bytes offered.
        wanted: u64,
        /// Bytes taken.
        result: Outcome<u64>,
    },
    /// nanosleep, clock_nanosleep.
    Sleep {
        /// Success, or EINTR.
        result: Outcome<()>,
    },
    /// poll, select, epoll_wait, pause, sigsuspend, sigtimedwait: waiting for something.
    Await {
        /// The system call.
        call: String,
        /// Whether it can end by the clock alone; also true for a timeout of 0.
        timed: bool,
        /// What it returned.
        result: Outcome<u64>,
    },
    /// An instruction touches memory that several threads touch. Only runs of one task at a time show these.
    Access {
        /// The address of the first byte.
        at: u64,
        /// How many bytes.
        length: u64,
        /// What they are matters to it.
        reads: bool,
        /// They may be others afterwards.
        writes: bool,
        /// If it reads them: what they are, as a little-endian number, if that is known and they are no more than eight.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
        /// If it writes them: what they are afterwards.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
    },
    /// sigaction: what a signal does to this process from now on.
    Disposition {
        /// Which signal.
        signal: Signal,
        /// What it does.
        action: Disposition,
        /// `SA_…` flags.
        flags: u64,
        /// Success or not.
        result: Outcome<()>,
    },
    /// kill, tkill, tgkill, pidfd_send_signal.
    Kill {
        /// Whom, as given (0 and negative numbers are groups).
        target: Pid,
        /// What.
        signal: Signal,
        /// Success or not.
        result: Outcome<()>,
    },
    /// A signal reached the task.
    Signal {
        /// Which.
        signal: Signal,
        /// Who sent it.
        sender: Sender,
    },
    /// mmap.
    Map(Map),
    /// munmap, mprotect.
    Remap(Remap),
    /// futex.
    Futex(Futex),
    /// The task touched memory in a way that it may not be touched; a signal follows.
    Fault {
        /// Where.
        address: u64,
    },
    /// What is at the task's thread pointer, as far as that has changed. See arch_prctl(2), "ARCH_SET_FS".
    ThreadPointer {
        /// The thread pointer.
        value: u64,
        /// The first 8 bytes of what it leads to; not there if it leads nowhere.
        first: Option<u64>,
    },
    /// The task stopped, because of this signal.
    Stop(Signal),
    /// The task goes on after a stop.
    Continue,
    /// Any other call that was asked for.
    Call {
        /// The system call's name or number.
        call: String,
        /// Its six argument registers.
        args: [u64; 6],
        /// What it returned.
        result: Outcome<u64>,
    },
}

impl Operation {
    /// A short word for it, for pictures and messages.
    pub fn word(&self) -> &str {
        match self {
            Operation::Fork(fork) => &fork.call,
            Operation::Exec(_) => "exec",
            Operation::Exit(_) => "exit",
            Operation::Wait(wait) => &wait.call,
            Operation::Open { .. } => "open",
            Operation::Close { .. } => "close",
            Operation::CloseRange { .. } => "close_range",
            Operation::Dup { .. } => "dup",
            Operation::SetCloexec { .. } => "fcntl",
            Operation::Pipe { .. } => "pipe",
            Operation::SocketPair { .. } => "socketpair",
            Operation::Read { .. } => "read",
            Operation::Write { .. } => "write",
            Operation::Sleep { .. } => "sleep",
            Operation::Access { reads: true, writes: true, .. } => "update",
            Operation::Access { writes: true, .. } => "store",
            Operation::Access { .. } => "load",
            Operation::Disposition { .. } => "sigaction",
            Operation::Kill { .. } => "kill",
            Operation::Signal { .. } => "signal",
            Operation::Map(_) => "mmap",
            Operation::Remap(Remap { access: Some(_), .. }) => "mprotect",
            Operation::Remap(_) => "munmap",
            Operation::Futex(_) => "futex",
            Operation::Fault { .. } => "fault",
            Operation::ThreadPointer { .. } => "thread pointer",
            Operation::Stop(_) => "stop",
            Operation::Continue => "continue",
            Operation::NewDescriptor { call, .. }
            | Operation::Await { call, .. }
            | Operation::Call { call, .. } => call,
        }
    }

    /// Whether it never returned.
    pub fn unfinished(&self) -> bool {
        match self {
            Operation::Fork(fork) => fork.child == Outcome::Unfinished,
            Operation::Exec(exec) => exec.result == Outcome::Unfinished,
            Operation::Wait(wait) => wait.result == Outcome::Unfinished,
            Operation::Open { result, .. }
            | Operation::Dup { result, .. }
            | Operation::NewDescriptor { result, .. } => *result == Outcome::Unfinished,
            Operation::Close { result, .. }
            | Operation::CloseRange { result, .. }
            | Operation::SetCloexec { result, .. }
            | Operation::Sleep { result }
            | Operation::Disposition { result, .. }
            | Operation::Kill { result, .. } => *result == Outcome::Unfinished,
            Operation::Pipe { result, .. } | Operation::SocketPair { result, .. } => {
                *result == Outcome::Unfinished
            }
            Operation::Read { result, .. }
            | Operation::Write { result, .. }
            | Operation::Await { result, .. }
            | Operation::Call { result, .. } => *result == Outcome::Unfinished,
            Operation::Map(Map { result, .. }) | Operation::Futex(Futex { result, .. }) => {
                *result == Outcome::Unfinished
            }
            Operation::Remap(Remap { result, .. }) => *result == Outcome::Unfinished,
            Operation::Exit(_)
            | Operation::Access { .. }
            | Operation::Signal { .. }
            | Operation::Fault { .. }
            | Operation::ThreadPointer { .. }
            | Operation::Stop(_)
            | Operation::Continue => false,
        }
    }
}
