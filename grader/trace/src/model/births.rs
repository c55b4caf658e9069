//! How a task comes to be: fork, vfork, clone, clone3.

use super::ids::{Pid, TaskId};
use super::operation::Outcome;
use super::threads::Given;
use serde::{Deserialize, Serialize};

/// Flags of clone(2), `CLONE_…`, without the exit signal in the low byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct CloneFlags(pub u64);

impl CloneFlags {
    /// Share memory.
    pub const VM: u64 = 0x100;
    /// Share root, working directory and umask.
    pub const FS: u64 = 0x200;
    /// Share the descriptor table.
    pub const FILES: u64 = 0x400;
    /// Share signal handlers.
    pub const SIGHAND: u64 = 0x800;
    /// The parent sleeps until the child execs or ends.
    pub const VFORK: u64 = 0x4000;
    /// The new task's parent is the caller's parent.
    pub const PARENT: u64 = 0x8000;
    /// A thread of the caller's process.
    pub const THREAD: u64 = 0x1_0000;
    /// Share the undo values of System V semaphores.
    pub const SYSVSEM: u64 = 0x4_0000;
    /// The new task gets a thread pointer of its own.
    pub const SETTLS: u64 = 0x8_0000;
    /// The new task's number is stored in a word of its creator's memory.
    pub const PARENT_SETTID: u64 = 0x10_0000;
    /// When the new task is gone, a word in its memory becomes 0, and a futex wait on it ends.
    pub const CHILD_CLEARTID: u64 = 0x20_0000;

    /// Whether all of `bits` are set.
    pub fn has(self, bits: u64) -> bool {
        self.0 & bits == bits
    }
}

/// How a task was created. See fork(2), vfork(2), clone(2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Fork {
    /// The system call: `fork`, `vfork`, `clone` or `clone3`.
    pub call: String,
    /// What the two tasks share.
    pub flags: CloneFlags,
    /// The new task.
    pub child: Outcome<Child>,
    /// What the two tasks had in common when the new one was there, as the kernel says. Not there if it does not say, or
    /// if nothing was to be shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharing: Option<Sharing>,
    /// The addresses that it was given, where memory is watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Given>,
}

/// Which parts of two tasks are one and the same. See kcmp(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Sharing {
    /// The memory.
    pub memory: bool,
    /// Root, working directory and umask.
    pub directory: bool,
    /// The descriptor table.
    pub descriptors: bool,
    /// The table of signal handlers.
    pub handlers: bool,
}

/// A new task, as its creator learns of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Child {
    /// Its name in this trace.
    pub task: TaskId,
    /// The kernel's number for it.
    pub pid: Pid,
}
