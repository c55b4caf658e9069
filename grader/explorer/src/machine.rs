//! What the explorer needs of whatever runs the program: start again, and do one step.
//!
//! The tracer implements [`Machine`] for the real kernel, [`crate::simulated`] for invented programs. A machine is
//! told *which* choice to take and never asked why.
//!
//! What a machine promises, and the explorer's answers rest on:
//! 1. **Deterministic.** The same choices from a restart lead to the same frontiers and footprints.
//! 2. **Footprints are whole.** Two steps of different tasks whose footprints do not conflict come to the same in
//!    either order, and neither enables, disables or alters the other. This must hold in whatever context the two
//!    meet: a wait that finds the oldest child dead does not look at younger ones, but it would have, had that child
//!    lived; its footprint names them all, or executions are missed in which a younger one was first.
//! 3. **Every living task is listed** in every frontier: ready, or blocked with a footprint that covers whatever
//!    could unblock it *and* whatever it would touch once it runs.

use grader_trace::order::{Footprint, Kind, Late, Resource};
use grader_trace::{Errno, Signal, TaskPath};
use std::fmt;

/// Who does what next.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Choice {
    /// The task.
    pub task: TaskPath,
    /// What it does, or what happens to it.
    pub act: Act,
}

impl Choice {
    /// `task` does its pending operation.
    pub fn step(task: TaskPath) -> Choice {
        Choice { task, act: Act::Step }
    }
}

/// What a task does next, or what happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Act {
    /// The pending operation, to its end.
    Step,
    /// A pending signal arrives; the pending operation begins (or begins again) only afterwards.
    Deliver(Signal),
    /// A pending signal arrives while the pending operation sleeps, which then answers EINTR.
    Interrupt(Signal),
    /// The pending operation's timeout runs out.
    Expire,
    /// The task's timer runs out, and its signal does not arrive at once.
    RunOut,
    /// The pending operation fails or comes up short, as the kernel or POSIX allow it to.
    Fail(Fault),
}

impl Act {
    /// Whether a signal is sent or arrives, rather than the pending operation being done in one way or another.
    pub fn is_signal(self) -> bool {
        matches!(self, Act::Deliver(_) | Act::Interrupt(_) | Act::RunOut)
    }

    /// What kind of step it is for the order of signals.
    pub fn kind(self) -> Kind {
        match self {
            Act::Deliver(_) => Kind::Arrival,
            Act::RunOut => Kind::Timer,
            Act::Step | Act::Interrupt(_) | Act::Expire | Act::Fail(_) => Kind::Call,
        }
    }

    /// Whether the pending operation fails or comes up short because the explorer wants it to.
    pub fn is_fault(self) -> bool {
        matches!(self, Act::Fail(_))
    }
}

/// How an operation fails because the explorer wants it to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// It answers with this error.
    Error(Errno),
    /// It takes or gives so many bytes only.
    Short(u64),
}

/// Where a program stands: what each of its tasks could do next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    /// All pending choices, in an order that depends on nothing but the state.
    pub pending: Vec<Pending>,
}

/// A choice that a task has, or will have once it is unblocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The choice.
    pub choice: Choice,
    /// What it would touch.
    pub footprint: Footprint,
    /// Whether it can be taken now.
    pub readiness: Readiness,
}

/// Whether a choice can be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// Yes.
    Ready,
    /// No: the operation would sleep until one of these changes.
    Blocked(Vec<Resource>),
}

impl Frontier {
    /// The choices that can be taken.
    pub fn enabled(&self) -> impl Iterator<Item = &Pending> {
        self.pending.iter().filter(|pending| pending.readiness == Readiness::Ready)
    }

    /// The choices that cannot.
    pub fn blocked(&self) -> impl Iterator<Item = &Pending> {
        self.pending.iter().filter(|pending| pending.readiness != Readiness::Ready)
    }

    /// Whether this choice can be taken.
    pub fn enables(&self, choice: &Choice) -> bool {
        self.enabled().any(|pending| pending.choice == *choice)
    }

    /// Whether this task can do anything.
    pub fn enables_task(&self, task: &TaskPath) -> bool {
        self.enabled().any(|pending| pending.choice.task == *task)
    }
}

/// What a step did.
#[derive(Debug, Clone)]
pub struct Step<E> {
    /// What it touched, its answer included.
    pub touched: Footprint,
    /// What happened, for whoever judges the execution.
    pub events: Vec<E>,
    /// Where the program stands now. Empty: every task has ended.
    pub frontier: Frontier,
    /// What is known now of the order of steps, besides that of steps which conflict.
    pub late: Vec<Late>,
}

/// Something that runs a program one choice at a time.
pub trait Machine {
    /// What a step reports to the judge.
    type Event;

    /// Starts the program again, in a world that is the same each time.
    fn restart(&mut self) -> Result<Frontier, Trouble>;

    /// Takes one choice of the frontier.
    fn step(&mut self, choice: &Choice) -> Result<Step<Self::Event>, Trouble>;

    /// What the machine takes for granted, and an answer of "every schedule" therefore rests on.
    fn assumptions(&self) -> Vec<Assumption> {
        Vec::new()
    }
}

/// Something that a complete answer rests on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Assumption {
    /// The program does the same whenever it gets the same schedule.
    DeterministicGivenSchedule,
    /// What touches nothing in common commutes: the dependency relation is whole.
    FootprintsAreWhole,
    /// No task notices in which order others write to stdout.
    OutputIsOnlyObserved,
    /// At most one injected fault an execution.
    OneFault,
    /// Something about this machine.
    Other(String),
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Assumption::DeterministicGivenSchedule => {
                "the program does the same whenever its schedule is the same"
            }
            Assumption::FootprintsAreWhole => {
                "operations that touch nothing in common do not affect each other"
            }
            Assumption::OutputIsOnlyObserved => "no task notices in which order others write to stdout",
            Assumption::OneFault => "at most one call fails without need",
            Assumption::Other(text) => text,
        })
    }
}

/// Why the explorer cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The program uses something that the machine has no model of: no claim about all schedules can be made.
    Unmodelled(String),
    /// The program goes on for so long that it may never end: no claim about all schedules can be made either, and
    /// trying others takes as long.
    Endless(String),
    /// The program did something else than before under the same schedule.
    Diverged {
        /// After so many choices.
        after: usize,
        /// What was expected and what came.
        what: String,
    },
    /// The machine itself failed.
    Broken(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Unmodelled(what) => write!(f, "not modelled: {what}"),
            Trouble::Diverged { after, what } => {
                write!(f, "the same schedule went another way after {after} choices: {what}")
            }
            Trouble::Endless(what) | Trouble::Broken(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Trouble {}
