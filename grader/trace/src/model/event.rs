//! Events, and the trace that holds them.

use super::ids::{Fd, Pid, Stamp, TaskId, Text};
use super::operation::Operation;
use crate::view::tasks::{Task, tasks_of};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A place in somebody's source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Site {
    /// The file, as the compiler recorded it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The function.
    pub function: String,
}

/// One operation of one task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Event {
    /// Who.
    pub task: TaskId,
    /// When the call entered the kernel, or the thing happened.
    pub begin: Stamp,
    /// When it returned; equal to `begin` for what takes no time, `None` if it never did.
    pub end: Option<Stamp>,
    /// Time since the program was started, at `begin`.
    pub at: Duration,
    /// What.
    #[serde(flatten)]
    pub op: Operation,
    /// The tracer made it so: a fault that was injected.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub injected: bool,
    /// The source line that caused it, where it was looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Site>,
}

impl Event {
    /// When its effect is in place: its end, or the end of the run.
    pub fn effect(&self) -> Stamp {
        self.end.unwrap_or(Stamp::END)
    }
}

/// What a descriptor leads to when the program starts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Object {
    /// The run's standard output, which the grader collects.
    Stdout,
    /// The run's standard error, which the grader collects.
    Stderr,
    /// A file, by the name it was opened with.
    File(Text),
    /// One end of a pipe that the program made.
    Pipe(crate::view::descriptors::PipeId, crate::view::descriptors::PipeEnd),
    /// Anything else, by the call that made it.
    Other(String),
}

/// How the run was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Header {
    /// The program file.
    pub program: Text,
    /// Its argument vector.
    pub argv: Vec<Text>,
    /// The root's PID.
    pub pid: Pid,
    /// The descriptors it was given.
    pub descriptors: Vec<(Fd, Object)>,
    /// Names under which a task could open the run's own stdout again (its terminal).
    #[serde(default)]
    pub terminal: Option<Text>,
}

/// How the run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// Every task ended by itself.
    Finished,
    /// Time was up; what was still alive was killed.
    TimedOut,
    /// Every living task waited for another one, for ever; they were killed.
    Stalled,
    /// The root ended, others lived on for longer than they may; they were killed.
    LeftBehind,
    /// It did more than is followed (so many processes or calls); it was killed.
    Overflowed,
    /// Whoever asked for the run called it off.
    Cancelled,
}

/// A run of a program as the kernel saw it.
#[derive(Debug, Clone)]
pub struct Trace {
    header: Header,
    events: Vec<Event>,
    ending: Ending,
    tasks: Vec<Task>,
}

impl Trace {
    /// A trace from its recorded parts. The events are put in the order in which they began.
    pub fn new(header: Header, mut events: Vec<Event>, ending: Ending) -> Trace {
        events.sort_unstable_by_key(|event| event.begin);
        let tasks = tasks_of(&header, &events);
        Trace { header, events, ending, tasks }
    }

    /// How the run was started.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// All events, in the order in which they began.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// How the run ended.
    pub fn ending(&self) -> &Ending {
        &self.ending
    }

    /// All tasks, in the order of creation; [`TaskId::index`] leads here.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// One task.
    pub fn task(&self, id: TaskId) -> &Task {
        &self.tasks[id.index()]
    }

    /// Writes down where events came from: `locate` is asked for every event.
    pub fn locate(&mut self, mut locate: impl FnMut(&Event) -> Option<Site>) {
        for event in &mut self.events {
            if event.site.is_none() {
                event.site = locate(event);
            }
        }
    }
}
