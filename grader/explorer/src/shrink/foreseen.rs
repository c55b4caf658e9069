//! What becomes of a change that does no more than reorder an execution, without running it.
//!
//! In every schedule of one execution each step comes to the same. So while a candidate takes only steps whose
//! predecessors were taken, it is known where it leads, as it is that tasks which are not born yet, or are gone,
//! cannot move. Of most candidates this is enough to say that they are not simpler; they need not be run.
//!
//! Invariant: whatever is not known for certain is left to the machine.

use super::Complexity;
use super::complexity::Counts;
use crate::execution::{End, Execution};
use crate::machine::{Act, Choice};
use crate::schedule::Schedule;
use grader_trace::TaskPath;
use grader_trace::order::{Footprint, Step, TraceOrder};
use grader_trace::sorted::SortedMap;
use std::collections::HashMap;

/// The simplest execution so far, and all that is known of its other schedules.
pub(super) struct Foreseen {
    schedule: Schedule,
    complexity: Complexity,
    /// Every task has ended.
    finished: bool,
    /// The task of each step, by its number.
    task_of: Vec<usize>,
    order: TraceOrder,
    /// The numbers of all tasks, in the order of their paths.
    tasks: SortedMap<TaskPath, usize>,
    /// The steps of each task.
    lanes: Vec<Vec<usize>>,
    /// The step that made each task; none made the first ones.
    born_by: Vec<Option<usize>>,
}

/// A state that another schedule of the same execution passes through.
struct State {
    /// How many of its steps each task has taken.
    done: Vec<usize>,
    taken: Vec<Choice>,
    running: Option<usize>,
    counts: Counts,
}

/// What is known of a task's next move.
enum Move {
    /// It takes this step of its own.
    Takes(usize),
    /// It cannot move.
    Cannot,
    /// That would have to be tried.
    Unknown,
}

impl Foreseen {
    pub(super) fn new<E>(execution: &Execution<E>) -> Foreseen {
        let path = &execution.path;
        let mut found = Foreseen {
            schedule: path.schedule(),
            complexity: Complexity::of(path),
            finished: execution.end == End::Finished,
            task_of: Vec::new(),
            order: TraceOrder::new(Vec::new()),
            tasks: SortedMap::new(),
            lanes: Vec::new(),
            born_by: Vec::new(),
        };
        let mut births: HashMap<usize, Vec<TaskPath>> = HashMap::new();
        for (depth, frontier) in path.frontiers.iter().enumerate() {
            for task in frontier.pending.iter().map(|pending| &pending.choice.task) {
                if !found.tasks.contains_key(task) {
                    found.tasks.insert(task.clone(), found.lanes.len());
                    found.lanes.push(Vec::new());
                    found.born_by.push(depth.checked_sub(1));
                    births.entry(depth).or_default().push(task.clone());
                }
            }
        }
        let step = |(index, (choice, touched)): (usize, &(Choice, Footprint))| Step {
            task: choice.task.clone(),
            touched: touched.clone(),
            births: births.remove(&(index + 1)).unwrap_or_default(),
            output: Vec::new(),
        };
        found.order = TraceOrder::new(path.taken.iter().enumerate().map(step).collect());
        for (index, (choice, _)) in path.taken.iter().enumerate() {
            let task = found.tasks[&choice.task];
            found.task_of.push(task);
            found.lanes[task].push(index);
        }
        found
    }

    pub(super) fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    pub(super) fn complexity(&self) -> &Complexity {
        &self.complexity
    }

    /// Whether this candidate, followed as far as it fits, is certainly not simpler.
    pub(super) fn is_no_simpler(&self, candidate: &Schedule) -> bool {
        let same =
            self.schedule.0.iter().zip(&candidate.0).take_while(|(mine, theirs)| mine == theirs).count();
        let mut state = State {
            done: vec![0; self.lanes.len()],
            taken: Vec::with_capacity(self.schedule.0.len()),
            running: None,
            counts: Counts::default(),
        };
        for step in 0..same {
            self.take(&mut state, step);
        }
        let mut wanted = candidate.0[same..].iter();
        loop {
            if state.counts > self.complexity.counts {
                return true;
            }
            match self.next(&state, &mut wanted) {
                Move::Takes(step) => self.take(&mut state, step),
                Move::Unknown => return false,
                Move::Cannot => break,
            }
        }
        let steps = state.taken.len();
        Complexity { counts: state.counts, steps, choices: state.taken } >= self.complexity
    }

    fn take(&self, state: &mut State, step: usize) {
        let (task, choice) = (self.task_of[step], &self.schedule.0[step]);
        // At least: whether a task could have gone on is not always known.
        let preempts = state
            .running
            .is_some_and(|other| other != task && matches!(self.may(state, other), Move::Takes(_)));
        state.counts.add(choice, state.running != Some(task) && state.running.is_some(), preempts);
        state.done[task] += 1;
        state.taken.push(choice.clone());
        state.running = Some(task);
    }

    /// As [`follow`](crate::replay::follow) chooses.
    fn next<'c>(&self, state: &State, wanted: &mut impl Iterator<Item = &'c Choice>) -> Move {
        for choice in wanted {
            let Some(task) = self.tasks.get(&choice.task) else { continue };
            match self.may(state, *task) {
                Move::Takes(step) if self.schedule.0[step] == *choice => return Move::Takes(step),
                Move::Cannot => {}
                Move::Takes(_) | Move::Unknown => return Move::Unknown,
            }
        }
        for task in state.running.iter().chain(self.tasks.values()) {
            match self.may(state, *task) {
                // What else it could do comes after an ordinary step.
                Move::Takes(step) if self.schedule.0[step].act == Act::Step => return Move::Takes(step),
                Move::Cannot => {}
                Move::Takes(_) | Move::Unknown => return Move::Unknown,
            }
        }
        Move::Cannot
    }

    /// Whether a task can take the next of its steps.
    fn may(&self, state: &State, task: usize) -> Move {
        let is_done = |step: usize| {
            let other = self.task_of[step];
            self.lanes[other].get(state.done[other]).is_none_or(|next| *next > step)
        };
        if self.born_by[task].is_some_and(|step| !is_done(step)) {
            return Move::Cannot;
        }
        match self.lanes[task].get(state.done[task]) {
            None if self.finished => Move::Cannot,
            Some(next) if self.order.covers(*next).iter().all(|step| is_done(*step)) => Move::Takes(*next),
            _ => Move::Unknown,
        }
    }
}

#[cfg(test)]
mod tests;
