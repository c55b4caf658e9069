//! How late a signal may arrive.
//!
//! Linux looks for pending signals whenever a call returns to its program (signal(7), "Execution of signal handlers").
//! A call that had begun when a signal was sent may still answer before the signal arrives; the next call begins
//! after it. For a schedule, where steps stand for calls, this means two things.
//!
//! ```text
//!          sending ─▶ … ─▶ a step of the receiver ─▶ the arrival, and nothing else of the receiver before it
//! a step of the receiver ─▶ sending, if the receiver did another step before the arrival
//! ```
//!
//! The first is a matter of what can be done next ([`Overdue::holds`]). It asks only what *happened* after the
//! sending: a step that merely stands behind it in the schedule could as well stand before it. So it is the same for
//! every schedule of one execution, and no step of another task ever makes a signal overdue. The second says which of
//! those schedules are real: pairs of steps for [`TraceOrder::under`](super::TraceOrder::under).
//!
//! A call that looks for signals itself before it does anything, and does it before anybody else could notice a thing,
//! was over when a signal was sent that it has not seen. A write to a terminal is one (`n_tty_write` in Linux's
//! drivers/tty/n_tty.c looks under the lock under which it writes). There the second is
//!
//! ```text
//! such a step of the receiver ─▶ sending, if the receiver did that step before the arrival
//! ```
//!
//! Several signals that wait at the same return arrive in a fixed order: whatever kills, then signals of faults, then
//! the lowest number (`next_signal` in Linux's kernel/signal.c).

use super::footprint::Footprint;
use crate::model::ids::{Signal, TaskPath};
use crate::sorted::{SortedMap, SortedSet};

/// Steps of an execution, by number: the first was over when the second was done.
pub type Late = (usize, usize);

/// For each pending signal, who could know by now that it was sent; for each task, what it did last.
#[derive(Debug, Clone, Default)]
pub struct Overdue {
    /// How many steps there were.
    steps: usize,
    sent: SortedMap<(TaskPath, Signal), Sent>,
    doers: SortedMap<TaskPath, Doer>,
}

/// A signal that was sent, and has not arrived.
#[derive(Debug, Clone)]
struct Sent {
    by: usize,
    /// Tasks whose last step happened after the sending, or was the sending.
    knowers: SortedSet<TaskPath>,
    /// What was touched by the sending, and by all that happened after it.
    touched: Footprint,
    /// Other signals that were pending at the same task when this one was sent, as the sender could know.
    after: SortedSet<Signal>,
}

/// What a task did so far.
#[derive(Debug, Clone, Default)]
struct Doer {
    /// Its last step.
    last: Option<usize>,
    /// For each set of signals that it held back: the last step that was over before a signal, if that is none of these,
    /// could be sent and not arrive.
    went_on: SortedMap<u64, usize>,
}

/// A step.
#[derive(Debug, Clone, Copy)]
pub struct Moved<'a> {
    /// Whose it was.
    pub task: &'a TaskPath,
    /// What it touched.
    pub touched: &'a Footprint,
    /// Tasks that could only begin, or go on, after it.
    pub followers: &'a [TaskPath],
    /// What kind of step.
    pub kind: Kind,
    /// Signals that the task held back before it: bit `n - 1` stands for signal `n`.
    pub held_back: u64,
    /// It was a call that looks for signals before it does anything, found none, and was over before others could notice
    /// that it had begun.
    pub looks_first: bool,
}

/// What a step was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A call was made.
    Call,
    /// A signal arrived before the call began.
    Arrival,
    /// A timer ran out.
    Timer,
}

/// A signal that could reach a task now, and whether it ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coming {
    /// Which.
    pub signal: Signal,
    /// It ends the task.
    pub kills: bool,
}

impl Coming {
    fn rank(self) -> (bool, bool, Signal) {
        (!self.kills, !self.signal.is_of_a_fault(), self.signal)
    }
}

impl Overdue {
    /// A task has done a step; `pending`: all signals that are pending now, with those at whom. What is known of the
    /// order of steps by that.
    pub fn stepped(&mut self, moved: &Moved<'_>, pending: SortedSet<(TaskPath, Signal)>) -> Vec<Late> {
        let here = self.steps;
        self.steps += 1;
        let mut late = self.goes_on(moved, here);
        self.sent.retain(|key, _| pending.contains(key));
        let learn = || moved.followers.iter().chain([moved.task]).cloned();
        for sent in self.sent.values_mut() {
            if sent.knowers.contains(moved.task) || sent.touched.conflicts(moved.touched) {
                sent.knowers.extend(learn());
                sent.touched.include(moved.touched);
            }
        }
        for key in pending {
            if self.sent.contains_key(&key) {
                continue;
            }
            let known =
                self.sent.iter().filter(|((at, _), sent)| *at == key.0 && sent.knowers.contains(moved.task));
            let after = known.map(|((_, earlier), _)| *earlier).collect();
            late.extend(self.went_on(&key.0, key.1).map(|step| (step, here)));
            let touched = moved.touched.clone();
            self.sent.insert(key, Sent { by: here, knowers: learn().collect(), touched, after });
        }
        late
    }

    /// Notes that a task did not get any signal before a call, although it did not hold it back.
    fn goes_on(&mut self, moved: &Moved<'_>, here: usize) -> Vec<Late> {
        if !self.doers.contains_key(moved.task) {
            self.doers.insert(moved.task.clone(), Doer::default());
        }
        let Some(doer) = self.doers.get_mut(moved.task) else { return Vec::new() };
        let last = doer.last;
        if moved.kind != Kind::Timer {
            doer.last = Some(here);
        }
        let over = if moved.looks_first { Some(here) } else { last };
        let Some(over) = over.filter(|_| moved.kind == Kind::Call) else { return Vec::new() };
        doer.went_on.insert(moved.held_back, over);
        let waiting =
            self.sent.iter().filter(|((at, signal), _)| at == moved.task && !has(moved.held_back, *signal));
        waiting.map(|(_, sent)| (over, sent.by)).collect()
    }

    /// The last step that was over before this signal, which is being sent: else it would have arrived by now.
    fn went_on(&self, task: &TaskPath, signal: Signal) -> Option<usize> {
        let doer = self.doers.get(task)?;
        doer.went_on.iter().filter(|(held_back, _)| !has(**held_back, signal)).map(|(_, step)| *step).max()
    }

    /// Whether a task must get a signal before it does anything else; `coming`: all that could reach it.
    pub fn holds(&self, task: &TaskPath, coming: &[Coming]) -> bool {
        coming.iter().any(|one| self.is_due(task, *one))
    }

    /// Whether one of the signals that could reach a task now may be the first to do so.
    pub fn allows(&self, task: &TaskPath, one: Coming, coming: &[Coming]) -> bool {
        let sent = self.sent.get(&(task.clone(), one.signal));
        let was_there = |other: &Coming| sent.is_some_and(|sent| sent.after.contains(&other.signal));
        let mut earlier = coming.iter().filter(|other| other.rank() < one.rank());
        !earlier.any(|other| was_there(other) || self.is_due(task, *other))
    }

    fn is_due(&self, task: &TaskPath, one: Coming) -> bool {
        self.sent.get(&(task.clone(), one.signal)).is_some_and(|sent| sent.knowers.contains(task))
    }
}

fn has(signals: u64, signal: Signal) -> bool {
    u32::try_from(signal.0 - 1).is_ok_and(|bit| signals.checked_shr(bit).is_some_and(|rest| rest & 1 == 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::rules;

    const USR1: Signal = Signal(10);
    const USR2: Signal = Signal(12);

    fn task(numbers: &[u16]) -> TaskPath {
        TaskPath(numbers.to_vec())
    }

    fn handled(signal: Signal) -> Coming {
        Coming { signal, kills: false }
    }

    fn pending(at: &TaskPath, signals: &[Signal]) -> SortedSet<(TaskPath, Signal)> {
        signals.iter().map(|signal| (at.clone(), *signal)).collect()
    }

    /// A task has made a call that touched this; these signals are pending at the root.
    fn call(overdue: &mut Overdue, task: &TaskPath, touched: &Footprint, signals: &[Signal]) -> Vec<Late> {
        did(overdue, (task, Kind::Call), touched, &[], signals)
    }

    fn did(
        overdue: &mut Overdue,
        (task, kind): (&TaskPath, Kind),
        touched: &Footprint,
        followers: &[TaskPath],
        signals: &[Signal],
    ) -> Vec<Late> {
        let moved = Moved { task, touched, followers, kind, held_back: 0, looks_first: false };
        overdue.stepped(&moved, pending(&TaskPath::default(), signals))
    }

    /// The root's child has sent it SIGUSR1.
    fn sent() -> (TaskPath, TaskPath, Overdue) {
        let (root, child) = (task(&[]), task(&[0]));
        let mut overdue = Overdue::default();
        call(&mut overdue, &child, &rules::kill(&root, Some(USR1)), &[USR1]);
        (root, child, overdue)
    }

    #[test]
    fn what_touches_nothing_of_the_sender_says_nothing_of_the_sending() {
        let (root, _, mut overdue) = sent();
        for _ in 0..3 {
            call(&mut overdue, &root, &Footprint::nothing(), &[USR1]);
            assert!(!overdue.holds(&root, &[handled(USR1)]));
        }
    }

    #[test]
    fn who_saw_the_sender_end_gets_the_signal_before_anything_else() {
        let (root, child, mut overdue) = sent();
        call(&mut overdue, &child, &rules::exit(&child, &[]), &[USR1]);
        assert!(!overdue.holds(&root, &[handled(USR1)]), "the root has not moved");
        call(&mut overdue, &root, &rules::reap(&root, &child, &[]), &[USR1]);
        assert!(overdue.holds(&root, &[handled(USR1)]));
        assert!(!overdue.holds(&root, &[]), "it is blocked");
        assert!(overdue.allows(&root, handled(USR1), &[handled(USR1)]));
        let arrival = (&root, Kind::Arrival);
        did(&mut overdue, arrival, &rules::signal_delivered(&root, USR1, &[]), &[], &[]);
        assert!(!overdue.holds(&root, &[handled(USR1)]));
    }

    #[test]
    fn news_go_from_hand_to_hand_and_by_birth() {
        let (root, child, mut overdue) = sent();
        let grandchild = task(&[0, 0]);
        let fork = rules::fork(&child);
        did(&mut overdue, (&child, Kind::Call), &fork, std::slice::from_ref(&grandchild), &[USR1]);
        let pipe = super::super::Name { by: root.clone(), nth: 0 };
        call(&mut overdue, &grandchild, &rules::pipe_write(&pipe, 0, 1, false), &[USR1]);
        assert!(!overdue.holds(&root, &[handled(USR1)]));
        let read = rules::pipe_read(&pipe, 0, rules::Found::All(1));
        call(&mut overdue, &root, &read, &[USR1]);
        assert!(overdue.holds(&root, &[handled(USR1)]));
    }

    #[test]
    fn of_two_that_wait_the_lower_number_comes_first_and_death_before_both() {
        let (root, child, mut overdue) = sent();
        let both = [handled(USR2), handled(USR1)];
        call(&mut overdue, &child, &rules::kill(&root, Some(USR2)), &[USR1, USR2]);
        assert!(overdue.allows(&root, handled(USR1), &both));
        assert!(!overdue.allows(&root, handled(USR2), &both), "whoever sent it had sent the other one");
        let kill = Coming { signal: Signal(15), kills: true };
        assert!(overdue.allows(&root, kill, &[both[0], both[1], kill]));
    }

    #[test]
    fn a_lower_number_that_was_sent_later_comes_first_or_second() {
        let (root, child) = (task(&[]), task(&[0]));
        let mut overdue = Overdue::default();
        call(&mut overdue, &child, &rules::kill(&root, Some(USR2)), &[USR2]);
        call(&mut overdue, &child, &rules::kill(&root, Some(USR1)), &[USR1, USR2]);
        let both = [handled(USR1), handled(USR2)];
        assert!(overdue.allows(&root, both[0], &both) && overdue.allows(&root, both[1], &both));
        let arrival = (&root, Kind::Arrival);
        did(&mut overdue, arrival, &rules::signal_delivered(&root, USR1, &[]), &[], &[USR2]);
        assert!(overdue.holds(&root, &[handled(USR2)]), "it was sent before the one that has arrived");
    }

    #[test]
    fn whoever_goes_on_without_a_signal_had_gone_on_before_it_was_sent() {
        let (root, child, nothing) = (task(&[]), task(&[0]), Footprint::nothing());
        let kill = rules::kill(&root, Some(USR1));
        let mut overdue = Overdue::default();
        assert_eq!(call(&mut overdue, &root, &nothing, &[]), [], "step 0, and before it nothing");
        assert_eq!(call(&mut overdue, &root, &nothing, &[]), []);
        assert_eq!(
            call(&mut overdue, &child, &kill, &[USR1]),
            [(0, 2)],
            "or it would have come before step 1"
        );
        assert_eq!(
            call(&mut overdue, &root, &nothing, &[USR1]),
            [(1, 2)],
            "step 3 had begun when it was sent"
        );
        assert_eq!(did(&mut overdue, (&root, Kind::Timer), &nothing, &[], &[USR1]), []);
        assert_eq!(
            did(&mut overdue, (&root, Kind::Arrival), &nothing, &[], &[]),
            [],
            "step 5, right after step 3"
        );
        assert_eq!(call(&mut overdue, &root, &nothing, &[]), []);
        assert_eq!(call(&mut overdue, &child, &kill, &[USR1]), [(5, 7)]);
    }

    #[test]
    fn a_call_that_looks_for_signals_first_was_over_before_those_that_it_has_not_seen() {
        let (root, child, nothing) = (task(&[]), task(&[0]), Footprint::nothing());
        let looks = Moved {
            task: &root,
            touched: &nothing,
            followers: &[],
            kind: Kind::Call,
            held_back: 0,
            looks_first: true,
        };
        let kill = rules::kill(&root, Some(USR1));
        let now = || pending(&root, &[USR1]);
        let mut before = Overdue::default();
        assert_eq!(before.stepped(&looks, SortedSet::new()), []);
        assert_eq!(call(&mut before, &child, &kill, &[USR1]), [(0, 1)], "even the first step of a task");
        assert_eq!(call(&mut before, &root, &nothing, &[USR1]), [(0, 1)], "step 2 is an ordinary one");
        let mut after = Overdue::default();
        assert_eq!(call(&mut after, &child, &kill, &[USR1]), []);
        assert_eq!(after.stepped(&looks, now()), [(1, 0)], "it came later, and was over before");
        assert!(!after.holds(&root, &[handled(USR1)]));
        assert_eq!(after.stepped(&looks, now()), [(2, 0)]);
    }

    #[test]
    fn a_signal_that_is_held_back_waits_for_as_long_as_that() {
        let (root, child, nothing) = (task(&[]), task(&[0]), Footprint::nothing());
        let held_back = |signals| Moved {
            task: &root,
            touched: &nothing,
            followers: &[],
            kind: Kind::Call,
            held_back: signals,
            looks_first: false,
        };
        let now = || pending(&root, &[USR1]);
        let mut overdue = Overdue::default();
        overdue.stepped(&held_back(0), SortedSet::new());
        overdue.stepped(&held_back(1 << 9), SortedSet::new());
        call(&mut overdue, &child, &rules::kill(&root, Some(USR1)), &[USR1]);
        assert_eq!(overdue.stepped(&held_back(1 << 9), now()), [], "SIGUSR1 is number 10");
        assert_eq!(overdue.stepped(&held_back(1 << 10), now()), [(3, 2)], "number 11 is another one");
    }
}
