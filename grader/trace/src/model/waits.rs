//! Waiting for children, and what is told of them: wait4, waitid.

use super::ids::{Fd, Pid, Signal, TaskId};
use super::operation::Outcome;
use super::status::ExitStatus;
use serde::{Deserialize, Serialize};

/// Whom a wait call asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Selector {
    /// Any child.
    Any,
    /// The child with this PID (a pidfd is shown as the PID behind it, where known).
    Pid(Pid),
    /// Any child of this process group; 0 is the caller's own.
    Group(Pid),
    /// The child behind this descriptor.
    PidFd(Fd),
}

/// wait4(2), waitid(2) and all that libc builds on them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Wait {
    /// The system call: `wait4` or `waitid`.
    pub call: String,
    /// Whom it asks about.
    pub selector: Selector,
    /// WNOHANG: it never sleeps.
    pub nohang: bool,
    /// WNOWAIT: it looks, and leaves the child unreaped.
    pub nowait: bool,
    /// The news; `None` when a WNOHANG call had none.
    pub result: Outcome<Option<News>>,
}

/// What a wait call reports of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct News {
    /// The PID that the call returned or stored.
    pub pid: Pid,
    /// The task with that PID.
    pub task: Option<TaskId>,
    /// What happened to it.
    pub change: Change,
}

/// What can happen to a child that its parent is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It ended.
    Ended(ExitStatus),
    /// A signal stopped it.
    Stopped(Signal),
    /// It goes on.
    Continued,
}
