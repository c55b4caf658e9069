//! kill, handlers, pause, and the arrival of signals.
//!
//! A signal that was sent waits at its target. Its arrival is a choice of its own, possible at any time from then on,
//! except while its handler runs, and as late as [`Overdue`](grader_trace::order::Overdue) allows. A signal without a handler kills.

use super::Did;
use super::program::{Op, Target};
use super::world::{Look, Task, World};
use grader_trace::order::{Coming, Footprint, Resource, rules};
use grader_trace::sorted::SortedSet;
use grader_trace::{Errno, ExitStatus, Signal, TaskPath};

/// No such process. See kill(2).
const ESRCH: i64 = -3;
const EINTR: i64 = -(Errno::EINTR.0 as i64);

impl World {
    /// The task that a signal is for: not one that was reaped. The root has no parent here.
    fn target(&self, task: usize, target: Target) -> Option<usize> {
        match target {
            Target::Parent => self.tasks[task].parent,
            Target::Child(nth) => self.tasks[task].children.get(nth).copied(),
        }
    }

    pub(super) fn look_kill(&self, task: usize, target: Target, signal: Signal) -> Look {
        Look::ready(match self.target(task, target) {
            None => Footprint::nothing(),
            Some(target) => {
                let state = &self.tasks[target];
                rules::kill(&state.path, state.is_there_for_signals().then_some(signal))
            }
        })
    }

    pub(super) fn kill(&mut self, task: usize, target: Target, signal: Signal) -> i64 {
        match self.target(task, target) {
            Some(target) if !self.is_gone(target) => {
                let state = &mut self.tasks[target];
                if state.is_there_for_signals() && !state.sent.contains(&signal) {
                    state.sent.push(signal);
                    state.sent.sort_unstable();
                }
                0
            }
            _ => ESRCH,
        }
    }

    /// All signals that were sent and have not arrived, with those at whom.
    pub(super) fn pending(&self) -> SortedSet<(TaskPath, Signal)> {
        let of =
            |task: &Task| task.sent.iter().map(|signal| (task.path.clone(), *signal)).collect::<Vec<_>>();
        self.tasks.iter().filter(|task| task.status.is_none()).flat_map(of).collect()
    }

    /// The signals that may arrive now, and whether each can interrupt the operation the task sleeps in.
    pub(super) fn deliverable(&self, task: usize, look: &Look) -> Vec<(Coming, bool)> {
        let state = &self.tasks[task];
        // A timer that runs out sends its signal, which arrives at once if it can.
        let timer = (state.alarm && !state.sent.contains(&Signal::ALRM)).then_some(Signal::ALRM);
        let arriving = state.sent.iter().copied().chain(timer).filter(|signal| !state.handling(*signal));
        let handled = |signal| state.handlers.iter().any(|handler| handler.signal == signal);
        arriving
            .map(|signal| {
                let coming = Coming { signal, kills: !handled(signal) };
                (coming, self.interrupts(task, signal, look))
            })
            .collect()
    }

    /// Whether a timer may run out without that its signal arrives.
    pub(super) fn may_run_out(&self, task: usize) -> bool {
        let state = &self.tasks[task];
        state.alarm && (state.sent.contains(&Signal::ALRM) || state.handling(Signal::ALRM))
    }

    pub(super) fn run_out(&mut self, task: usize) -> Did {
        let state = &mut self.tasks[task];
        state.alarm = false;
        if !state.sent.contains(&Signal::ALRM) {
            state.sent.push(Signal::ALRM);
            state.sent.sort_unstable();
        }
        Did { word: "timer", answer: 0 }
    }

    fn interrupts(&self, task: usize, signal: Signal, look: &Look) -> bool {
        let state = &self.tasks[task];
        let Some(handler) = state.handlers.iter().find(|handler| handler.signal == signal) else {
            return false;
        };
        match state.op() {
            // These two never begin again. See signal(7), "Interruption of system calls".
            Some(Op::Pause | Op::Sleep) => true,
            Some(Op::Poll { .. }) => look.blocked.is_some(),
            _ => look.blocked.is_some() && !handler.restart,
        }
    }

    /// What a signal's arrival touches.
    pub(super) fn arrival(&self, task: usize, signal: Signal) -> Footprint {
        let state = &self.tasks[task];
        let arrives = rules::signal_delivered(&state.path, signal, &[]);
        let handled = state.handlers.iter().any(|handler| handler.signal == signal);
        if handled { arrives } else { arrives.and(self.end_begins(task)) }
    }

    pub(super) fn deliver(&mut self, task: usize, signal: Signal, interrupts: bool) -> Did {
        let state = &mut self.tasks[task];
        if !state.sent.contains(&signal) {
            state.alarm = false;
        }
        state.sent.retain(|sent| *sent != signal);
        let Some(handler) = state.handlers.iter().find(|handler| handler.signal == signal).cloned() else {
            return self.end(task, ExitStatus::Killed(signal));
        };
        let mut answer = state.answer;
        if interrupts {
            state.skip();
            answer = EINTR;
        }
        state.enter(&handler, answer);
        state.settle();
        Did { word: "signal", answer: signal.0.into() }
    }

    /// Sleeps until a handler has run; only [`Act::Interrupt`](crate::Act::Interrupt) ends it.
    pub(super) fn look_pause(&self, task: usize) -> Look {
        let state = &self.tasks[task];
        let awaited = state.handlers.iter().map(|h| Resource::Signal(state.path.clone(), h.signal));
        Look::blocked(awaited.collect(), Footprint::nothing())
    }
}
