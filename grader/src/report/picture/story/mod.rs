//! What is worth drawing of a trace: its events without the noise, folded, as steps in order.
//!
//! ```text
//! events ─▶ acts (noise left out) ─▶ folded ─▶ with sleeps, zombies and orphans ─▶ steps
//! ```
//!
//! Invariant: an event that the caller points at is never left out.

mod acts;
mod deeds;
mod fates;
mod fold;
mod noise;

use grader_trace::{Change, Errno, Event, ExitStatus, Fd, Object, Pid, Selector, Signal, Stamp, TaskId};
use grader_trace::{Text, Trace};

/// Something that happened to a task, as it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    /// To whom.
    pub(crate) task: TaskId,
    /// When; the order of the steps.
    pub(crate) when: Stamp,
    /// What.
    pub(crate) act: Act,
    /// The events it stands for, as indices into the trace's events.
    pub(crate) events: Vec<usize>,
    /// How many alike it stands for.
    pub(crate) times: usize,
    /// The grader made it so.
    pub(crate) injected: bool,
    /// Why one should look at it.
    pub(crate) mark: Option<Mark>,
}

/// Why one should look at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    /// A check points at it.
    Found,
    /// It is the first one that differs from what was wanted.
    Differs,
    /// It is what was wanted instead.
    Wanted,
}

/// What a step is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    /// The program starts.
    Starts,
    /// It makes another task.
    Forks { child: TaskId, word: &'static str },
    /// It fails to.
    ForkFails { word: &'static str, errno: Errno },
    /// It becomes another program.
    Execs { argv: Vec<Text> },
    /// It fails to.
    ExecFails { path: Text, errno: Errno },
    /// It writes.
    Writes { to: Object, text: Text, bytes: u64 },
    /// It reads: so many bytes, and perhaps the end.
    Reads { from: Object, bytes: u64, ended: bool },
    /// It closes descriptors.
    Closes(Vec<(Fd, Object)>),
    /// It makes a descriptor lead where another one leads.
    Dups { from: Fd, to: Fd, object: Object },
    /// It does something else, in these words.
    Does(String),
    /// It goes to sleep in a call. `woken`: the call came back.
    Sleeps { why: Sleep, woken: bool },
    /// A call that it slept in returns, and nothing else is to be told of it.
    Wakes { errno: Option<Errno> },
    /// A wait call tells of a child. `looks_only`: WNOWAIT, the child stays.
    Learns { child: Option<TaskId>, pid: Pid, change: Change, looks_only: bool },
    /// A wait call with WNOHANG says that there is nothing yet. `naps`: sleeps between such calls.
    Nothing { call: String, naps: usize },
    /// A wait call fails.
    WaitFails { errno: Errno },
    /// A signal reaches it.
    Signalled { signal: Signal, from: Option<TaskId> },
    /// It stops.
    Stops(Signal),
    /// It goes on after a stop.
    GoesOn,
    /// It ends: the whole process, or only this thread of it.
    Ends { status: ExitStatus, thread: bool },
    /// It has ended, and nobody waits for it yet.
    Rots,
    /// Its parent ended without having waited for it.
    Unreaped,
    /// Its parent ended before it did.
    Orphaned,
    /// The run is over, and it is still there. `zombie`: it has ended.
    Remains { zombie: bool },
    /// So many more steps like the one before.
    More(usize),
}

/// In what a task sleeps.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Sleep {
    /// A wait call.
    Wait(Selector),
    /// A read: nothing is there.
    Read(Object),
    /// A write: it is full.
    Write(Object),
    /// A sleep by the clock.
    Clock,
    /// Any other call.
    Call(String),
}

/// The steps of a trace, in order. The events in `focus` are kept even if they are noise.
pub(crate) fn story(trace: &Trace, focus: &[usize]) -> Vec<Step> {
    let mut acts = acts::acts(trace, focus);
    fold::repeated_answers(&mut acts);
    let mut steps = acts::with_sleeps(acts);
    steps.sort_by_key(|step| step.when);
    fates::add(trace, &mut steps);
    steps.sort_by_key(|step| step.when);
    let mut steps = fold::neighbours(steps, focus);
    for event in focus {
        if let Some(step) = steps.iter_mut().find(|step| step.events.contains(event)) {
            step.mark = Some(Mark::Found);
        }
    }
    steps
}

impl Step {
    fn of(task: TaskId, when: Stamp, act: Act) -> Step {
        Step { task, when, act, events: Vec::new(), times: 1, injected: false, mark: None }
    }
}

/// An event with its index.
#[derive(Clone, Copy)]
struct Numbered<'a> {
    index: usize,
    event: &'a Event,
}
