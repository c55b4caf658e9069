//! One execution as a partial order of its steps.
//!
//! Steps are named by their index in the schedule that was run. Its neighbours:
//! the explorer, which makes the steps, and [`outputs`](super::outputs), which asks
//! only for the writes.

use super::footprint::Footprint;
use super::overdue::Late;
use crate::model::ids::TaskPath;
use crate::sorted::SortedSet;
use std::collections::HashMap;

/// One visible operation of one task.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Step {
    /// Who.
    pub task: TaskPath,
    /// What it touched, its answer included.
    pub touched: Footprint,
    /// The tasks that it created.
    pub births: Vec<TaskPath>,
    /// What it wrote to the run's stdout.
    pub output: Vec<u8>,
}

/// Program order, births and conflicts of one execution, and all that follows from them.
#[derive(Debug, Clone)]
pub struct TraceOrder {
    steps: Vec<Step>,
    places: Vec<Place>,
    covers: Vec<Vec<usize>>,
    /// For each step, how many steps of each task are the step itself or come before it always.
    clocks: Vec<Vec<u32>>,
}

/// Where a step stands in its own task.
#[derive(Debug, Clone, Copy)]
struct Place {
    task: usize,
    nth: u32,
}

/// The answer to "is A before B in every schedule of this execution?"
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Always {
    /// It is.
    Yes,
    /// It is not: in this schedule of the same execution, B comes first.
    No(Vec<usize>),
}

/// What two schedules have in common exactly if they are the same execution.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Canonical(Vec<(StepName, Step, Vec<StepName>)>);

/// A task and which of its steps: the same in every schedule.
type StepName = (TaskPath, u32);

impl TraceOrder {
    /// The order of an execution, from its steps as they happened.
    pub fn new(steps: Vec<Step>) -> TraceOrder {
        TraceOrder::ordered(steps, &SortedSet::new())
    }

    /// The same with these pairs in addition, of which the first comes before the second, even if it happened after
    /// it. `None` if nothing can happen in such an order. Steps may get other indexes.
    pub fn under(steps: Vec<Step>, late: &[Late]) -> Option<TraceOrder> {
        let known = TraceOrder::new(steps);
        let schedule = known.schedule_under(late)?;
        let mut place = vec![0; schedule.len()];
        schedule.iter().enumerate().for_each(|(at, step)| place[*step] = at);
        let also = late.iter().map(|(first, second)| (place[*first], place[*second])).collect();
        Some(TraceOrder::ordered(schedule.iter().map(|step| known.steps[*step].clone()).collect(), &also))
    }

    /// A schedule of this execution in which the first of each of these pairs comes before the second; `None` if there
    /// is none.
    pub fn schedule_under(&self, late: &[Late]) -> Option<Vec<usize>> {
        let mut left: SortedSet<usize> = (0..self.len()).collect();
        let mut schedule = Vec::new();
        while !left.is_empty() {
            let waits = |step: usize| {
                let mut earlier = self.covers[step].iter().copied();
                let mut added = late.iter().filter(|pair| pair.1 == step);
                earlier.any(|other| left.contains(&other)) || added.any(|pair| left.contains(&pair.0))
            };
            let next = left.iter().copied().find(|step| !waits(*step))?;
            left.remove(&next);
            schedule.push(next);
        }
        Some(schedule)
    }

    fn ordered(steps: Vec<Step>, also: &SortedSet<Late>) -> TraceOrder {
        let mut tasks: HashMap<&TaskPath, usize> = HashMap::new();
        let mut lengths: Vec<u32> = Vec::new();
        let mut places = Vec::with_capacity(steps.len());
        for step in &steps {
            let task = *tasks.entry(&step.task).or_insert(lengths.len());
            if task == lengths.len() {
                lengths.push(0);
            }
            places.push(Place { task, nth: lengths[task] });
            lengths[task] += 1;
        }
        let mut order = TraceOrder { places, covers: Vec::new(), clocks: Vec::new(), steps: Vec::new() };
        for (index, step) in steps.iter().enumerate() {
            order.add(&steps[..index], step, lengths.len(), also);
        }
        order.steps = steps;
        order
    }

    /// From the latest step back: what is not known to come before and must, is covered by the new step.
    fn add(&mut self, earlier: &[Step], step: &Step, tasks: usize, also: &SortedSet<Late>) {
        let place = self.places[earlier.len()];
        let mut clock = vec![0; tasks];
        let mut covers = Vec::new();
        for (index, other) in earlier.iter().enumerate().rev() {
            let known = clock[self.places[index].task] > self.places[index].nth;
            if !known && (depends(other, step) || also.contains(&(index, earlier.len()))) {
                covers.push(index);
                for (mine, theirs) in clock.iter_mut().zip(&self.clocks[index]) {
                    *mine = (*mine).max(*theirs);
                }
            }
        }
        clock[place.task] = place.nth + 1;
        self.covers.push(covers);
        self.clocks.push(clock);
    }

    /// The steps, in the order in which they happened.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether step `a` comes before step `b` in every schedule of this execution.
    pub fn before(&self, a: usize, b: usize) -> bool {
        a != b && self.clocks[b][self.places[a].task] > self.places[a].nth
    }

    /// The steps that come directly before this one: nothing is always between.
    pub fn covers(&self, step: usize) -> &[usize] {
        &self.covers[step]
    }

    /// As [`TraceOrder::before`], with a schedule that shows it where the answer is no.
    pub fn always_before(&self, a: usize, b: usize) -> Always {
        if self.before(a, b) {
            return Always::Yes;
        }
        // Whatever `b` needs, then `b`, then the rest: `a` is not among what it needs.
        let needed = |step: &usize| *step == b || self.before(*step, b);
        let (first, rest): (Vec<usize>, Vec<usize>) = (0..self.len()).partition(needed);
        Always::No([first, rest].concat())
    }

    /// Whether this is a schedule of the same execution.
    pub fn is_extension(&self, schedule: &[usize]) -> bool {
        let mut at = vec![None; self.len()];
        for (position, step) in schedule.iter().enumerate() {
            match at.get_mut(*step) {
                Some(slot @ None) => *slot = Some(position),
                _ => return false,
            }
        }
        schedule.len() == self.len()
            && (0..self.len()).all(|step| self.covers[step].iter().all(|earlier| at[*earlier] < at[step]))
    }

    /// Equal for two schedules exactly if each is a linear extension of the other's order.
    pub fn canonical(&self) -> Canonical {
        let name = |step: usize| (self.steps[step].task.clone(), self.places[step].nth);
        let mut all: Vec<_> = (0..self.len())
            .map(|step| {
                let mut covers: Vec<StepName> = self.covers[step].iter().map(|other| name(*other)).collect();
                covers.sort_unstable();
                (name(step), self.steps[step].clone(), covers)
            })
            .collect();
        all.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Canonical(all)
    }
}

/// Whether the order of these two steps, the first of which happened first, is part of what happened.
fn depends(first: &Step, second: &Step) -> bool {
    first.task == second.task
        || first.births.contains(&second.task)
        || first.touched.conflicts(&second.touched)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of each task one step after the other, which touch nothing.
    fn steps(tasks: &[u16]) -> Vec<Step> {
        let step = |task: &u16| Step {
            task: TaskPath(vec![*task]),
            touched: Footprint::nothing(),
            births: Vec::new(),
            output: task.to_string().into_bytes(),
        };
        tasks.iter().map(step).collect()
    }

    #[test]
    fn what_was_over_before_something_else_comes_first_whatever_happened_first() {
        let outputs = |order: &TraceOrder| order.steps().iter().map(|s| s.output[0]).collect::<Vec<u8>>();
        let order = TraceOrder::under(steps(&[0, 1, 1]), &[(2, 0)]).unwrap();
        assert_eq!(outputs(&order), b"110");
        assert!(order.before(0, 1) && order.before(1, 2));
        let as_it_was = TraceOrder::under(steps(&[0, 1, 1]), &[(0, 2)]).unwrap();
        assert_eq!(outputs(&as_it_was), b"011");
        assert!(
            as_it_was.before(0, 2) && !as_it_was.before(0, 1),
            "the first of task 1 may still come first"
        );
    }

    #[test]
    fn steps_that_each_were_over_before_the_other_are_in_no_order() {
        assert!(TraceOrder::under(steps(&[0, 1]), &[(0, 1), (1, 0)]).is_none());
        assert!(TraceOrder::under(steps(&[0, 0]), &[(1, 0)]).is_none());
    }
}
