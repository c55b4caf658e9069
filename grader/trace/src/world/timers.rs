//! The timer of alarm(2) and setitimer(2): each process has one, and it sends SIGALRM.
//!
//! Time is virtual: from the moment at which a timer is set it may run out whenever that is chosen, early or late. If
//! its signal can arrive, running out and arriving are one step; else (it is blocked or ignored, or another one is
//! pending) running out is a step of its own. Only the order of a pending SIGALRM's senders is lost by that: one
//! that the timer sent, and that has not arrived, is never found there by another sender.
//!
//! A timer that repeats, or that its own handler sets again, could run out for ever. It may do so [`MOST`] times, not
//! counting those that end a pause, which waits for nothing else. If everybody then sleeps, no claim is made.

use super::ask::Setting;
use super::{Ask, World};
use crate::model::ids::{Signal, TaskPath};
use crate::model::operation::Sender;
use crate::order::{Footprint, rules};

/// How often a timer runs out that nobody but its own handler has set again.
pub const MOST: u8 = 3;

/// A process's timer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Timer {
    setting: Setting,
    /// How often it has run out since somebody other than its handler set it.
    ran_out: u8,
}

impl Timer {
    fn is_set(self) -> bool {
        self.setting != Setting::Off
    }

    fn may_run_out(self) -> bool {
        self.is_set() && self.ran_out < MOST
    }
}

impl World {
    fn timer(&self, path: &TaskPath) -> Timer {
        self.tasks.get(path).map(|task| task.timer).unwrap_or_default()
    }

    /// Whether a task's timer is set, and has not run out.
    pub fn timer_is_set(&self, path: &TaskPath) -> bool {
        self.timer(path).is_set()
    }

    /// Whether a timer would run out again and again, if it were let.
    pub fn timer_is_worn_out(&self, path: &TaskPath) -> bool {
        self.timer(path).is_set() && !self.timer(path).may_run_out()
    }

    /// Whether a task's timer may send this signal now.
    pub(super) fn timer_may_send(&self, path: &TaskPath, signal: Signal, ask: &Ask) -> bool {
        let timer = self.timer(path);
        signal == Signal::ALRM && (timer.may_run_out() || timer.is_set() && matches!(ask, Ask::Pause(_)))
    }

    /// A timer is set while its signal is blocked: by its handler, or by somebody who waits for it.
    pub(super) fn set_timer(&mut self, path: &TaskPath, setting: Setting) {
        let by_handler = self.keeps_back(path, Signal::ALRM);
        if let Some(task) = self.task_mut(path) {
            let ran_out = if by_handler { task.timer.ran_out } else { 0 };
            task.timer = Timer { setting, ran_out };
        }
    }

    /// If a task's timer may run out without that its signal arrives: what that touches.
    pub fn may_run_out(&self, path: &TaskPath) -> Option<Footprint> {
        let signals = self.signals(path)?;
        let arrives = !signals.blocks(Signal::ALRM)
            && !signals.ignores(Signal::ALRM)
            && !signals.is_pending(Signal::ALRM);
        let silently = self.timer(path).may_run_out() && !arrives && !self.is_in_vfork(path);
        silently.then(|| rules::signal_sent(path, Signal::ALRM))
    }

    /// A timer runs out: its signal is pending, if it is not ignored.
    pub fn runs_out(&mut self, path: &TaskPath) {
        let Some(task) = self.task_mut(path) else { return };
        task.timer.ran_out = task.timer.ran_out.saturating_add(1);
        if task.timer.setting == Setting::Once {
            task.timer.setting = Setting::Off;
        }
        self.send_unless_dropped(path, Signal::ALRM, Sender::Kernel);
    }

    /// A signal arrives while this call sleeps. Who sent it.
    pub fn arrive_during(&mut self, path: &TaskPath, ask: &Ask, signal: Signal) -> Option<Sender> {
        let before = self.timer(path).ran_out;
        let sender = self.arrive(path, signal);
        if let (Ask::Pause(_), Some(task)) = (ask, self.task_mut(path)) {
            task.timer.ran_out = before;
        }
        sender
    }
}
