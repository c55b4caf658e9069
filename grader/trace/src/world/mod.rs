//! The world in which tasks run: who is whose child, which descriptor leads where, what is in each pipe, which signals
//! are pending. It answers "could this call go on now?" and "what would it touch?" for a task that stands before it.
//!
//! ```text
//! stopped before a call ─▶ Ask ─▶ World::look ─▶ ready or blocked, footprint
//!                           │
//!      the kernel does it ──┴▶ Answer ─▶ World::did: the world afterwards
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | [`ask`] | calls and their answers, as the world sees them |

pub mod ask;

pub use ask::{Answer, Ask, DupTo, Polled, Timeout, WaitFor};

use crate::model::event::Object;
use crate::model::ids::{Fd, Pid, Signal, TaskPath};
use crate::model::status::ExitStatus;
use crate::order::{Footprint, Resource};

/// What a call needs and touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// What it waits for; `None`: it can be done now.
    pub blocked: Option<Vec<Resource>>,
    /// If it is blocked, it may give up at any time.
    pub timed: bool,
    /// What it touches, its answer included. If it is blocked: all that it looks at, and all it might touch later.
    pub footprint: Footprint,
    /// How many bytes of a write can be taken now without sleeping; `None` for other calls.
    pub room: Option<u64>,
}

/// A signal that may reach a task now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Which.
    pub signal: Signal,
    /// What its arrival touches; if it kills, all that the task's end touches besides.
    pub footprint: Footprint,
    /// It ends the task.
    pub kills: bool,
    /// If the task sleeps in its call, that answers EINTR.
    pub interrupts: bool,
}

/// What a task's end comes to besides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ended {
    /// Zombies that nobody of the run can reap: whoever adopts orphans must.
    pub left: Vec<TaskPath>,
    /// It leaves no zombie itself: its parent ignores SIGCHLD.
    pub vanishes: bool,
}
