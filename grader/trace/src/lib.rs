//! What happened: a run of a program as the kernel saw it, as plain data.
//!
//! ```text
//! tracer ─▶ Event, Event, … ─▶ Trace ─▶ questions ─▶ checks, pictures
//!                               │ ▲
//!                               ▼ │
//!                        a file, one JSON line an event
//! ```
//!
//! A [`Trace`] is a header, a list of [`Event`]s and how the run ended. All
//! else is *derived* from the events by folds, so a trace read from a file, one
//! recorded a moment ago and one invented by a test with [`Builder`] answer
//! every question alike. Nothing here touches the kernel.
//!
//! | module | what it holds |
//! |---|---|
//! | [`model`] | the recorded facts: ids, statuses, operations, events |
//! | [`view`] | the derived ones: tasks, fates, descriptor tables, mapped memory, output lines |
//! | [`query`] | the vocabulary in which checks are written |
//! | [`order`] | which steps depend on each other; what is true in every order, what can come out (feature `orders`) |
//! | [`sorted`] | small maps and sets |
//! | [`file`](mod@file) | the versioned file format |
//! | [`builder`] | invented traces, for tests and for pictures of what is wanted |
//!
//! Invariant: a [`Stamp`] orders what the tracer saw. Two stamps of one task are
//! in program order. Stamps of different tasks are ordered in truth only where
//! one caused the other (a birth, an end before the wait that reports it).

#![forbid(unsafe_code)]

pub mod builder;
pub mod file;
pub mod model;
#[cfg(feature = "orders")]
pub mod order;
pub mod query;
pub mod sorted;
pub mod view;
#[cfg(feature = "orders")]
pub mod world;

pub use builder::Builder;
pub use model::births::*;
pub use model::event::Object;
pub use model::event::{Ending, Event, Header, Site, Trace};
pub use model::ids::{Errno, Fd, Pid, Signal, Stamp, TaskId, TaskPath, Text};
pub use model::operation::*;
pub use model::snapshot::{Module, Snapshot};
pub use model::status::ExitStatus;
pub use model::threads::{Access, Futex, FutexOp, Given, Map, Remap};
pub use model::waits::*;
pub use view::descriptors::{Ofd, OfdId, PipeEnd, PipeId, Slot, Table, Tables};
pub use view::memory::Region;
pub use view::output::{Line, Piece};
pub use view::tasks::{Birth, Fate, Task};
