//! Which steps of an execution raced, and how each race is reversed.
//!
//! Invariant: a [`Reversal`] is complete in itself; races of the part of an execution that was repeated from the one
//! before it are not reported again.

use super::bits::Bits;
use crate::execution::Path;
use crate::machine::{Choice, Frontier, Readiness};
use grader_trace::TaskPath;
use grader_trace::order::Footprint;
use std::collections::HashMap;

/// A race, seen from the step that has to come later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reversal {
    /// The step before which another beginning is needed.
    pub(super) before: usize,
    /// Choices with which the reversed sequence may begin.
    pub(super) initials: Vec<Choice>,
    /// One of them is not enough.
    pub(super) all: bool,
}

/// A sequence in which nothing can be reversed: the steps of a task, or the signals that reach it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lane<'a> {
    task: &'a TaskPath,
    signals: bool,
}

impl Lane<'_> {
    fn of(choice: &Choice) -> Lane<'_> {
        Lane { task: &choice.task, signals: choice.act.is_signal() }
    }
}

/// Whether anything in the lane of this choice can be done.
pub(super) fn lane_enabled(frontier: &Frontier, choice: &Choice) -> bool {
    frontier.enabled().any(|pending| Lane::of(&pending.choice) == Lane::of(choice))
}

/// What is known of the current execution's order.
#[derive(Debug, Default)]
pub(super) struct Races {
    /// For each step, which happened before it.
    before: Vec<Bits>,
}

/// Something that is done at a state, or would be if it could.
struct Observation<'a> {
    at: usize,
    choice: &'a Choice,
    footprint: &'a Footprint,
    blocked: bool,
}

impl Races {
    /// The reversals that an execution asks for, whose choices before `fresh` are those of the one before.
    pub(super) fn find(&mut self, path: &Path, fresh: usize) -> Vec<Reversal> {
        let births = path.births();
        self.before.truncate(fresh);
        let mut found = Vec::new();
        for at in fresh..=path.taken.len() {
            // The state at `fresh` was looked at when it was first reached.
            if at > fresh || fresh == 0 {
                for pending in path.frontiers[at].blocked() {
                    let (choice, footprint) = (&pending.choice, &pending.footprint);
                    let blocked = Observation { at, choice, footprint, blocked: true };
                    self.reversals(path, &births, &blocked, &mut found);
                }
            }
            if let Some((choice, footprint)) = path.taken.get(at) {
                let done = Observation { at, choice, footprint, blocked: false };
                let before = self.reversals(path, &births, &done, &mut found);
                self.before.push(before);
            }
        }
        found
    }

    /// Notes the races of one observation; all that happened before it.
    fn reversals(
        &self,
        path: &Path,
        births: &HashMap<&TaskPath, usize>,
        seen: &Observation<'_>,
        found: &mut Vec<Reversal>,
    ) -> Bits {
        let lane = Lane::of(seen.choice);
        let previous = path.taken[..seen.at].iter().rposition(|(choice, _)| Lane::of(choice) == lane);
        let previous = previous.or_else(|| births.get(lane.task).copied());
        let own = previous.map_or(Bits::default(), |step| self.up_to(step));
        let blocked_until = if seen.blocked { Some(seen.at) } else { last_blocked(path, previous, seen) };

        let mut before = own.clone();
        let mut racing = Vec::new();
        for step in (0..seen.at).rev().filter(|step| !own.contains(*step)) {
            let (choice, touched) = &path.taken[step];
            if choice.task != *lane.task && !touched.conflicts(seen.footprint) {
                continue;
            }
            let hidden = before.contains(step);
            let blocked_after = blocked_until.is_some_and(|until| until > step);
            if !hidden || blocked_after {
                racing.push((step, blocked_after));
            }
            if !hidden {
                before.unite(&self.up_to(step));
            }
        }
        if !seen.blocked {
            let missed =
                (0..seen.at).filter(|step| !before.contains(*step) && alternative_notices(path, *step, seen));
            racing.extend(missed.map(|step| (step, false)));
        }
        found.extend(racing.into_iter().map(|(step, all)| self.reversal(path, step, seen, &before, all)));
        before
    }

    fn up_to(&self, step: usize) -> Bits {
        let mut bits = self.before[step].clone();
        bits.insert(step);
        bits
    }

    /// How `seen` can come before `step`: what is independent of `step` first, then `seen`.
    fn reversal(
        &self,
        path: &Path,
        step: usize,
        seen: &Observation<'_>,
        before: &Bits,
        all: bool,
    ) -> Reversal {
        let mut earlier = Bits::default();
        let mut initials = Vec::new();
        for other in step + 1..seen.at {
            if self.before[other].contains(step) {
                continue;
            }
            if !self.before[other].meets(&earlier) {
                initials.push(path.taken[other].0.clone());
            }
            earlier.insert(other);
        }
        if !before.meets(&earlier) {
            initials.push(seen.choice.clone());
        }
        Reversal { before: step, initials, all }
    }
}

/// Whether the task that moved at `step` could have done, or waited to do, something else that `seen` matters to.
fn alternative_notices(path: &Path, step: usize, seen: &Observation<'_>) -> bool {
    let taken = &path.taken[step].0;
    taken.task != seen.choice.task
        && path.frontiers[step].pending.iter().any(|other| {
            other.choice.task == taken.task
                && other.choice != *taken
                && other.footprint.conflicts(seen.footprint)
        })
}

/// The last state in which the operation was blocked before it was done.
fn last_blocked(path: &Path, previous: Option<usize>, seen: &Observation<'_>) -> Option<usize> {
    let first = previous.map_or(0, |step| step + 1);
    (first..seen.at).rev().find(|at| {
        path.frontiers[*at].pending.iter().any(|pending| {
            pending.readiness != Readiness::Ready && Lane::of(&pending.choice) == Lane::of(seen.choice)
        })
    })
}
