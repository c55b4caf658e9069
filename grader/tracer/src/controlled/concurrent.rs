//! Which touches of memory could have come in the other order.
//!
//! ```text
//! thread 0   ─●op────a──────●op─▶            a: after thread 0's first operation, before its second
//!                            ╲               b: after thread 1's second operation
//! thread 1   ─────●op─────────▶●op───b──▶    the second operation of thread 0 comes before that: so does a before b
//! ```
//!
//! What two tasks touch between their operations needs no choice of its own if the operations keep it in order: then it is
//! in the same order in every schedule that orders the operations the same way, and the explorer tries the other ways.
//! An operation comes before another one if both are one task's, if they touch something in common, or if it has created
//! or woken the other's task; and so on from one to the next.

use grader_trace::TaskPath;
use grader_trace::order::Footprint;
use grader_trace::sorted::{SortedMap, SortedSet};

/// The operations of an execution, in their order.
#[derive(Debug, Default)]
pub(super) struct Operations {
    all: Vec<Operation>,
    /// The last operation of each task, or the one that has created or woken it since.
    last: SortedMap<TaskPath, SortedSet<usize>>,
}

#[derive(Debug)]
struct Operation {
    task: TaskPath,
    touched: Footprint,
    /// Those that it certainly comes after, besides what is told by what it touches.
    after: SortedSet<usize>,
}

/// Between which operations something was touched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    task: TaskPath,
    /// It came after these operations.
    after: SortedSet<usize>,
    /// How many operations had begun.
    begun: usize,
}

impl Operations {
    /// A task begins an operation.
    pub(super) fn begins(&mut self, task: &TaskPath, touched: &Footprint) {
        let after = self.last.insert(task.clone(), SortedSet::from([self.all.len()])).unwrap_or_default();
        self.all.push(Operation { task: task.clone(), touched: touched.clone(), after });
    }

    /// The operation that has just begun creates this task, or wakes it.
    pub(super) fn is_followed_by(&mut self, task: &TaskPath) {
        if let Some(now) = self.all.len().checked_sub(1) {
            self.last.entry(task.clone()).or_default().insert(now);
        }
    }

    /// What a task does now.
    pub(super) fn now(&self, task: &TaskPath) -> Moment {
        let after = self.last.get(task).cloned().unwrap_or_default();
        Moment { task: task.clone(), after, begun: self.all.len() }
    }

    /// For each operation, all that come before it, itself included.
    pub(super) fn order(&self) -> Order {
        let mut before: Vec<Vec<bool>> = Vec::with_capacity(self.all.len());
        for (index, operation) in self.all.iter().enumerate() {
            let mut known = vec![false; index + 1];
            known[index] = true;
            for earlier in (0..index).rev().filter(|earlier| {
                operation.after.contains(earlier) || self.all[*earlier].touched.conflicts(&operation.touched)
            }) {
                if !known[earlier] {
                    before[earlier]
                        .iter()
                        .enumerate()
                        .filter(|(_, is)| **is)
                        .for_each(|(at, _)| known[at] = true);
                }
            }
            before.push(known);
        }
        let mut of = SortedMap::<TaskPath, Vec<usize>>::new();
        for (index, operation) in self.all.iter().enumerate() {
            of.entry(operation.task.clone()).or_default().push(index);
        }
        Order { before, of }
    }
}

/// In which order the operations of an execution had to come.
pub(super) struct Order {
    before: Vec<Vec<bool>>,
    of: SortedMap<TaskPath, Vec<usize>>,
}

impl Order {
    /// Whether nothing keeps these two in order.
    pub(super) fn are_concurrent(&self, one: &Moment, other: &Moment) -> bool {
        one.task != other.task && !self.comes_before(one, other) && !self.comes_before(other, one)
    }

    fn comes_before(&self, one: &Moment, other: &Moment) -> bool {
        let own = self.of.get(&one.task).map_or(&[][..], Vec::as_slice);
        let next = own.iter().find(|operation| **operation >= one.begun);
        next.is_some_and(|next| {
            other.after.iter().any(|after| self.before[*after].get(*next).copied().unwrap_or(false))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grader_trace::order::{Name, Resource};

    fn task(number: u16) -> TaskPath {
        TaskPath(vec![number])
    }

    fn touching(what: u32) -> Footprint {
        Footprint::nothing().changes(Resource::Object(Name { by: TaskPath::default(), nth: what }))
    }

    #[test]
    fn what_one_does_before_it_gives_back_a_lock_comes_before_what_the_next_does_with_it() {
        let mut operations = Operations::default();
        let (one, two) = (task(1), task(2));
        operations.begins(&one, &touching(7));
        let inside = operations.now(&one);
        operations.begins(&one, &touching(7));
        let outside = operations.now(&one);
        operations.begins(&two, &touching(7));
        let next = operations.now(&two);
        let order = operations.order();
        assert!(!order.are_concurrent(&inside, &next) && !order.are_concurrent(&next, &inside));
        assert!(order.are_concurrent(&outside, &next) && order.are_concurrent(&next, &outside));
    }

    #[test]
    fn what_is_done_before_a_birth_comes_before_what_is_born_and_what_is_done_after_it_does_not() {
        let mut operations = Operations::default();
        let (parent, child) = (task(1), task(2));
        operations.begins(&parent, &touching(1));
        let before = operations.now(&parent);
        operations.begins(&parent, &touching(2));
        operations.is_followed_by(&child);
        let (after, born) = (operations.now(&parent), operations.now(&child));
        operations.begins(&child, &touching(3));
        operations.begins(&parent, &touching(4));
        let order = operations.order();
        assert!(!order.are_concurrent(&before, &born));
        assert!(order.are_concurrent(&after, &born));
    }

    #[test]
    fn operations_that_touch_nothing_in_common_keep_nothing_in_order() {
        let mut operations = Operations::default();
        operations.begins(&task(1), &touching(1));
        let one = operations.now(&task(1));
        operations.begins(&task(1), &touching(1));
        operations.begins(&task(2), &touching(2));
        let two = operations.now(&task(2));
        assert!(operations.order().are_concurrent(&one, &two));
    }
}
