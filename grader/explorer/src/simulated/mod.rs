//! A tiny process world that runs programs given as data: the explorer's proving ground.
//!
//! | file | what it holds |
//! |---|---|
//! | [`program`] | programs: lists of operations |
//! | `world` | tasks, pipes, variables, and how tasks begin and end |
//! | `lifecycle`, `pipes`, `signals` | what each family of operations needs, touches and does |
//! | [`outcome`] | what an execution came to |
//! | [`corpus`], [`generate`] | small programs by hand, and random ones |
//!
//! The world decides by itself what blocks and what is touched (with the rules of [`grader_trace::order::rules`]).
//! Invariant: [`World::look`](world::World) says what an operation needs and touches, `perform` does it; neither
//! depends on anything but the state, so a schedule always leads to the same place.
//!
//! Where it differs from Linux: time does not pass and a sleep is a step that touches nothing; whoever ends without a
//! parent that could reap it is gone at once; writes are never short; stdout is no terminal; a process that ignores
//! signals, changes its mask or asks for SIGCHLD cannot be written. (grader-tracer's tests compare it with the real kernel.)

pub mod corpus;
pub mod generate;
mod lifecycle;
pub mod outcome;
mod pipes;
pub mod program;
mod signals;
mod world;

pub use outcome::{Outcome, TaskOutcome};
pub use program::{End, Op, Target, Who};

use crate::machine::{Act, Assumption, Choice, Fault, Frontier, Machine, Pending, Readiness, Step, Trouble};
use grader_trace::order::{Coming, Footprint, How, Moved, Overdue, Resource};
use grader_trace::{Errno, TaskPath};
use std::sync::Arc;
use world::{Look, World};

/// What a task did: the operation's word and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Did {
    /// The operation.
    pub word: &'static str,
    /// What it answered; 0 for what answers nothing.
    pub answer: i64,
}

/// How stdout is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stdout {
    /// Writes conflict: every order of lines is a trace of its own.
    Shared,
    /// Writes touch nothing: only the grader sees in which order they come.
    Observed,
}

/// Whether a touch is left out of every footprint, although it should be there.
pub type Hidden = fn(&Resource, How) -> bool;

/// A machine that runs a program of [`Op`]s.
#[derive(Debug, Clone)]
pub struct Simulated {
    program: Arc<[Op]>,
    world: World,
    overdue: Overdue,
    stdout: Stdout,
    footprints: bool,
    faults: bool,
    hidden: Option<Hidden>,
    capacity: usize,
}

impl Simulated {
    /// A machine for this program; writes to stdout conflict.
    pub fn new(program: &[Op]) -> Simulated {
        let program: Arc<[Op]> = program.into();
        let capacity = program::CAPACITY;
        let world = World::new(program.clone(), capacity);
        let stdout = Stdout::Shared;
        let overdue = Overdue::default();
        Simulated { program, world, overdue, stdout, footprints: true, faults: false, hidden: None, capacity }
    }

    /// Pipes hold so many bytes.
    pub fn capacity(self, capacity: usize) -> Simulated {
        let world = World::new(self.program.clone(), capacity);
        Simulated { capacity, world, ..self }
    }

    /// Treats stdout otherwise.
    pub fn stdout(self, stdout: Stdout) -> Simulated {
        Simulated { stdout, ..self }
    }

    /// Footprints are left empty: for strategies that use none, to save time.
    pub fn without_footprints(self) -> Simulated {
        Simulated { footprints: false, ..self }
    }

    /// Forks may fail and reads may come up short.
    pub fn with_faults(self) -> Simulated {
        Simulated { faults: true, ..self }
    }

    /// A machine with a mistake: footprints lack these touches. To see that a comparison notices.
    pub fn hiding(self, hidden: Hidden) -> Simulated {
        Simulated { hidden: Some(hidden), ..self }
    }

    /// What the execution has come to so far.
    pub fn outcome(&self) -> Outcome {
        self.world.outcome()
    }

    fn shown(&self, footprint: Footprint) -> Footprint {
        let Some(hidden) = self.hidden else { return footprint };
        let parts = footprint.parts().iter().filter(|(what, how)| !hidden(what, *how)).cloned();
        parts.fold(Footprint::nothing(), |sum, (what, how)| match how {
            How::Observe => sum.observes(what),
            How::Change => sum.changes(what),
            How::Count => sum.counts(what),
        })
    }

    fn footprint(&self, task: usize, act: Act, look: &Look) -> Footprint {
        if self.footprints {
            self.shown(self.world.touched(task, act, look, self.stdout))
        } else {
            Footprint::nothing()
        }
    }

    fn frontier(&self) -> Frontier {
        let living = self.world.living();
        Frontier { pending: living.flat_map(|(task, state)| self.choices(task, &state.path)).collect() }
    }

    fn choices(&self, task: usize, path: &TaskPath) -> Vec<Pending> {
        let look = self.world.look(task);
        let mut pending = Vec::new();
        let mut add = |act, readiness| {
            let choice = Choice { task: path.clone(), act };
            pending.push(Pending { choice, footprint: self.footprint(task, act, &look), readiness });
        };
        let deliverable = self.world.deliverable(task, &look);
        let coming: Vec<Coming> = deliverable.iter().map(|(coming, _)| *coming).collect();
        if !self.overdue.holds(path, &coming) {
            match look.blocked.clone() {
                Some(on) if look.timed => {
                    add(Act::Step, Readiness::Blocked(on));
                    add(Act::Expire, Readiness::Ready);
                }
                Some(on) => add(Act::Step, Readiness::Blocked(on)),
                None => add(Act::Step, Readiness::Ready),
            }
            for fault in self.faults.then(|| self.world.faults(task, &look)).into_iter().flatten() {
                add(Act::Fail(fault), Readiness::Ready);
            }
            for (coming, _) in deliverable.iter().filter(|(_, interrupts)| *interrupts) {
                add(Act::Interrupt(coming.signal), Readiness::Ready);
            }
        }
        for one in coming.iter().filter(|one| self.overdue.allows(path, **one, &coming)) {
            add(Act::Deliver(one.signal), Readiness::Ready);
        }
        if self.world.may_run_out(task) {
            add(Act::RunOut, Readiness::Ready);
        }
        pending
    }
}

impl Machine for Simulated {
    type Event = Did;

    fn restart(&mut self) -> Result<Frontier, Trouble> {
        self.world = World::new(self.program.clone(), self.capacity);
        self.overdue = Overdue::default();
        Ok(self.frontier())
    }

    fn step(&mut self, choice: &Choice) -> Result<Step<Did>, Trouble> {
        let living = self.world.living().find(|(_, state)| state.path == choice.task).map(|(task, _)| task);
        let Some(task) = living else {
            return Err(Trouble::Broken(format!("simulated machine: {choice}: there is no such task")));
        };
        let look = self.world.look(task);
        let touched = self.footprint(task, choice.act, &look);
        // Who knows of a signal does not depend on what is shown.
        let really = self.world.touched(task, choice.act, &look, self.stdout);
        let (tasks, held_back) = (self.world.tasks.len(), self.world.tasks[task].held_back());
        let did = match choice.act {
            Act::Step | Act::Expire => self.world.perform(task, self.stdout),
            Act::Fail(Fault::Error(Errno(error))) => self.world.answer_next(task, -i64::from(error)),
            Act::Fail(Fault::Short(bytes)) => self.world.read_short(task, bytes),
            Act::RunOut => self.world.run_out(task),
            Act::Deliver(signal) => self.world.deliver(task, signal, false),
            Act::Interrupt(signal) => self.world.deliver(task, signal, true),
        };
        let born: Vec<TaskPath> = self.world.tasks[tasks..].iter().map(|task| task.path.clone()).collect();
        let (task, kind) = (&choice.task, choice.act.kind());
        let moved = Moved { task, touched: &really, followers: &born, kind, held_back, looks_first: false };
        let late = self.overdue.stepped(&moved, self.world.pending());
        Ok(Step { touched, events: vec![did], frontier: self.frontier(), late })
    }

    fn assumptions(&self) -> Vec<Assumption> {
        match self.stdout {
            Stdout::Shared => Vec::new(),
            Stdout::Observed => vec![Assumption::OutputIsOnlyObserved],
        }
    }
}
