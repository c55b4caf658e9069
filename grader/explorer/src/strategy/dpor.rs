//! Source-DPOR with sleep sets: one execution of each class of equivalent schedules, and nothing missed.
//!
//! # The idea
//! Two schedules that differ only in the order of neighbours that do not touch anything in common are the same
//! execution: nobody could tell them apart. Such a class is called a *trace*. There are far fewer traces than
//! schedules, and it is enough to run one schedule of each. Call two steps *dependent* if they are the same task's or
//! their footprints conflict. A trace is then its steps together with the order of the dependent ones among them:
//! which of the two came first is what happened; all other order is chance.
//!
//! # Races
//! Run any schedule and look at what came out. A step `e` *happens before* a later step `f` if a chain of dependent
//! steps leads from `e` to `f`. If `e` and `f` are dependent, are not the same task's, and no chain leads through
//! something in between, they *race*: they could perhaps have come the other way round, and that would be another
//! trace. So each race tells us where a schedule has to branch off: right before `e`. What must go first there? The
//! steps after `e` that do *not* depend on it, in their order, and then `f`. Call that sequence `v`. It reverses the
//! race. It may begin with any of its *initials*, the steps of `v` that nothing else in `v` must precede. If
//! one of their tasks is to be tried before `e` anyway, nothing is to be done; else one of them is added there. That
//! is all: choices that no race asks for are never tried. ([`races`] finds all this.)
//!
//! # Sleep sets
//! When a choice `p` at a state has been tried with all that can follow, and now `q` is tried there, then trying `p`
//! right after `q` would only repeat what was seen, if `p` and `q` are independent. So `p` is put to sleep: it is not
//! chosen until something dependent on it has happened. If all that can move is asleep, the execution is broken off.
//! This ensures that no trace is run to its end twice.
//!
//! # Blocking
//! The textbook version lets steps change what others see, not whether they can run. Here a read may find the
//! byte gone and sleep for ever: its race with the read that took the byte never happens as a step. So a blocked
//! operation counts, too: at every state where it is blocked, its footprint is compared with all earlier steps that
//! its task does not already depend on, as if it were about to be done. If it unblocks later, through another step,
//! then a chain may lead through that step and hide the race. For an operation that was blocked after `e`, all
//! conflicting steps `e` are therefore considered and not only the racing ones, and *all* initials are added. An
//! initial that cannot move before `e` (it was `e` that unblocked it) tells nothing about who should move instead: then
//! every task is tried there. Adding too much costs time, never truth: sleep sets keep the traces unique. No task able
//! to move, and some left: that is a deadlock, an outcome like any other.
//!
//! # One task, several things that may happen to it
//! A pending signal may arrive before or after a task's next step; a timeout may run out or not. Such choices are
//! alternatives. Where a task is tried, *all* its choices are, and the arrival of signals is a sequence of its own
//! (a [`Lane`](races::Lane)) beside the task's steps: the two are always dependent and may race.
//!
//! What was not done matters as well. A signal kills a task that sleeps in wait, and later its child ends. The two
//! steps touch nothing in common, but had the child ended first, the wait could have returned before the signal came.
//! The same goes for an alternative that is asleep here: its races were reversed where it was run, and not here.
//! So a later step that conflicts with an alternative of an earlier one asks for a reversal, too. It adds no
//! order between the two; that would make two traces of one.
//!
//! # Why it is complete: a sketch
//! Suppose a trace `w` from some state is never run, although all traces from later states are. Take the choice `p`
//! tried at this state that is independent of the longest beginning `w'` of `w`, and let `q` be the step of `w` after
//! it. After `p`, `w'` can still be run, so some execution does, and there `q` meets `p`: as a race or as a blocked
//! operation. That race's `v` contains `w'` and `q`, and its initials can begin `w`, or are independent of even more of
//! it. One of them was added, which contradicts the choice of `p`. (Abdulla, Aronis, Jonsson and Sagonas, "Optimal
//! dynamic partial order reduction", 2014, prove it for steps that do not block. What is said above of blocking and of
//! alternatives is not proved; it rests on the comparison with plain enumeration, and random programs lost outcomes
//! before operations that cannot move yet, and alternatives that were asleep, were treated so.)
//!
//! There is no bound and no cache of states here: both would make a sleeping choice a lie.

mod bits;
mod races;

use super::{Next, Strategy};
use crate::execution::{End, Path};
use crate::machine::{Choice, Frontier, Trouble};
use grader_trace::TaskPath;
use grader_trace::order::Footprint;
use races::{Races, Reversal};

/// Source-DPOR with sleep sets.
#[derive(Debug, Default)]
pub struct Dpor {
    /// One for each step of the execution that is to come or under way.
    stack: Vec<Node>,
    races: Races,
    /// Nodes above this one were part of an earlier execution, and its races are known.
    fresh: usize,
}

/// A state on the current path.
#[derive(Debug)]
struct Node {
    frontier: Frontier,
    /// The choice that the current execution takes here.
    current: Choice,
    /// Choices that need not be taken here, with what they would touch: earlier executions did.
    asleep: Vec<(Choice, Footprint)>,
    /// Tasks to be tried here.
    tasks: Vec<TaskPath>,
}

impl Node {
    fn sleeps(&self, choice: &Choice) -> bool {
        self.asleep.iter().any(|(asleep, _)| asleep == choice)
    }

    /// The next choice to be tried here.
    fn untried(&self) -> Option<Choice> {
        let choices = self.frontier.enabled().map(|pending| &pending.choice);
        choices.filter(|c| self.tasks.contains(&c.task)).find(|c| !self.sleeps(c)).cloned()
    }

    fn add(&mut self, task: &TaskPath) {
        if self.frontier.enables_task(task) && !self.tasks.contains(task) {
            self.tasks.push(task.clone());
        }
    }

    fn apply(&mut self, reversal: &Reversal) {
        let mut initials = reversal.initials.iter();
        let able = |choice: &&Choice| races::lane_enabled(&self.frontier, choice);
        let adding: Vec<TaskPath> = if !initials.clone().all(|choice| able(&choice)) {
            self.frontier.enabled().map(|pending| pending.choice.task.clone()).collect()
        } else if reversal.all {
            initials.map(|choice| choice.task.clone()).collect()
        } else if initials.clone().any(|choice| self.tasks.contains(&choice.task)) {
            Vec::new()
        } else {
            initials.next().map(|choice| choice.task.clone()).into_iter().collect()
        };
        adding.iter().for_each(|task| self.add(task));
    }
}

impl Strategy for Dpor {
    fn pick(&mut self, path: &Path) -> Result<Option<Choice>, Trouble> {
        let depth = path.taken.len();
        let frontier = path.frontier();
        if let Some(node) = self.stack.get(depth) {
            if node.frontier != *frontier {
                let what = "what its tasks are about to do is not what it was".to_string();
                return Err(Trouble::Diverged { after: depth, what });
            }
            return Ok(Some(node.current.clone()));
        }
        let asleep = match (self.stack.last(), path.taken.last()) {
            (Some(before), Some((choice, touched))) => still_asleep(before, choice, touched),
            _ => Vec::new(),
        };
        let awake = || {
            let choices = frontier.enabled().map(|pending| &pending.choice);
            choices.filter(|choice| !asleep.iter().any(|(other, _)| other == *choice))
        };
        // To stay with the running task makes short executions with few switches.
        let running = awake().find(|choice| Some(&choice.task) == path.last_task());
        let Some(current) = running.or_else(|| awake().next()).cloned() else { return Ok(None) };
        let tasks = vec![current.task.clone()];
        self.stack.push(Node { frontier: frontier.clone(), current: current.clone(), asleep, tasks });
        Ok(Some(current))
    }

    fn learn(&mut self, path: &Path, _: End) -> Next {
        for reversal in self.races.find(path, self.fresh) {
            self.stack[reversal.before].apply(&reversal);
        }
        while let Some(mut node) = self.stack.pop() {
            let depth = self.stack.len();
            // All that can follow `current` was seen: from now on it sleeps here.
            node.asleep.push((node.current.clone(), path.taken[depth].1.clone()));
            if let Some(next) = node.untried() {
                node.current = next;
                self.stack.push(node);
                self.fresh = depth;
                return Next::Again;
            }
        }
        Next::Complete
    }
}

/// What slept before a step and did not notice it.
fn still_asleep(before: &Node, choice: &Choice, touched: &Footprint) -> Vec<(Choice, Footprint)> {
    let unaware =
        before.asleep.iter().filter(|(c, footprint)| c.task != choice.task && !footprint.conflicts(touched));
    unaware.cloned().collect()
}
