//! Dispositions, masks, pending signals. See signal(7).
//!
//! A signal that was sent stays pending until its arrival is chosen; how late that may be
//! [`Overdue`](crate::order::Overdue) says. Standard signals do not queue; real-time ones do,
//! and whoever sends one that is pending is refused.

mod arrivals;

use super::{Life, World};
use crate::model::ids::{Pid, Signal, TaskPath};
use crate::model::operation::{Disposition, Sender};
use crate::order::{Footprint, Resource, rules};
use crate::sorted::{SortedMap, SortedSet};

/// Flags of sigaction(2).
const SA_NOCLDWAIT: u64 = 2;
const SA_RESTART: u64 = 0x1000_0000;
const SA_RESETHAND: u64 = 0x8000_0000;

/// From here on signals queue: the same one may be pending several times.
const FIRST_REAL_TIME: i32 = 32;

/// What a process does with signals, and which wait for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Signals {
    /// Those that are not as at the beginning, with their flags.
    actions: SortedMap<Signal, (Disposition, u64)>,
    mask: u64,
    pending: SortedMap<Signal, Sender>,
}

impl Signals {
    /// What a child gets of them.
    pub(super) fn inherited(&self) -> Signals {
        Signals { actions: self.actions.clone(), mask: self.mask, pending: SortedMap::new() }
    }

    /// What an exec leaves: the old program's functions are gone.
    pub(super) fn reset_handlers(&mut self) {
        self.actions.retain(|_, (action, _)| *action == Disposition::Ignore);
        self.drop_ignored();
    }

    /// Those that would vanish by default, and now do something else: an exec makes a difference to whoever sends them.
    pub(super) fn heeded_until_exec(&self) -> impl Iterator<Item = Signal> {
        let heeded = self.actions.iter().filter(|(_, (action, _))| *action != Disposition::Ignore);
        heeded.map(|(signal, _)| *signal).filter(|signal| default_of(*signal) == Default::Ignored)
    }

    fn action(&self, signal: Signal) -> (Disposition, u64) {
        self.actions.get(&signal).copied().unwrap_or((Disposition::Default, 0))
    }

    pub(super) fn ignores(&self, signal: Signal) -> bool {
        match self.action(signal).0 {
            Disposition::Ignore => true,
            Disposition::Default => default_of(signal) == Default::Ignored,
            Disposition::Handler => false,
        }
    }

    pub(super) fn is_pending(&self, signal: Signal) -> bool {
        self.pending.contains_key(&signal)
    }

    pub(super) fn blocks(&self, signal: Signal) -> bool {
        has(self.mask, signal)
    }

    /// Whether a signal vanishes when it is sent. One that is blocked is kept: what it does may be changed before it
    /// is unblocked.
    fn drops(&self, signal: Signal) -> bool {
        self.ignores(signal) && !self.blocks(signal)
    }

    /// Pending signals that are ignored vanish as soon as they could arrive.
    fn drop_ignored(&mut self) {
        let mut pending = std::mem::take(&mut self.pending);
        pending.retain(|signal, _| !self.drops(*signal));
        self.pending = pending;
    }

    /// A handler that is set for one time only begins.
    fn begins(&mut self, signal: Signal) {
        if let (Disposition::Handler, flags) = self.action(signal)
            && flags & SA_RESETHAND != 0
        {
            self.actions.insert(signal, (Disposition::Default, flags));
            self.drop_ignored();
        }
    }

    /// Whether it is to be killed, whatever it does.
    pub(super) fn is_doomed(&self) -> bool {
        self.pending.contains_key(&Signal::KILL)
    }

    pub(super) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// A dead task has none.
    pub(super) fn forget_pending(&mut self) {
        self.pending.clear();
    }
}

fn has(mask: u64, signal: Signal) -> bool {
    let bit = u32::try_from(signal.0 - 1).ok().and_then(|bit| 1u64.checked_shl(bit));
    bit.is_some_and(|bit| mask & bit != 0) && signal != Signal::KILL && signal != Signal::STOP
}

/// What a signal does by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Default {
    Kills,
    Ignored,
    /// It stops the process, or lets it continue.
    Stops,
}

fn default_of(signal: Signal) -> Default {
    match signal.0 {
        17 | 23 | 28 => Default::Ignored,
        18..=22 => Default::Stops,
        _ => Default::Kills,
    }
}

impl World {
    pub(super) fn signals(&self, path: &TaskPath) -> Option<&Signals> {
        self.tasks.get(self.process_of(path)).map(|task| &task.signals)
    }

    /// Whether a task has a handler for a signal, and does not block it.
    pub fn handles(&self, path: &TaskPath, signal: Signal) -> bool {
        self.signals(path).is_some_and(|s| s.action(signal).0 == Disposition::Handler && !s.blocks(signal))
    }

    /// Whether a signal ends the task that it reaches.
    pub(super) fn kills(&self, path: &TaskPath, signal: Signal) -> bool {
        let default = |s: &Signals| s.action(signal).0 == Disposition::Default && !s.blocks(signal);
        default_of(signal) == Default::Kills && self.signals(path).is_some_and(default)
    }

    /// Whether a task will get to know of a child's end by a signal.
    pub(super) fn minds_children(&self, path: &TaskPath) -> bool {
        let minds = |s: &Signals| {
            s.action(Signal::CHLD).0 == Disposition::Handler
                || (s.blocks(Signal::CHLD) && s.action(Signal::CHLD).0 == Disposition::Default)
        };
        self.signals(path).is_some_and(minds)
    }

    /// Whether a task's children leave no zombies.
    pub(super) fn disowns_children(&self, path: &TaskPath) -> bool {
        let disowns = |s: &Signals| {
            let (action, flags) = s.action(Signal::CHLD);
            action == Disposition::Ignore || flags & SA_NOCLDWAIT != 0
        };
        self.signals(path).is_some_and(disowns)
    }

    /// A child has ended.
    pub(super) fn child_ended(&mut self, parent: &TaskPath, child: &TaskPath) {
        if self.minds_children(parent) {
            let pid = self.pid(child).unwrap_or(Pid(0));
            self.send(parent, Signal::CHLD, Sender::Process(pid));
        }
    }

    /// All signals that were sent and have not arrived, with those at whom.
    pub fn pending(&self) -> SortedSet<(TaskPath, Signal)> {
        let of = |(path, task): (&TaskPath, &super::Task)| {
            let path = path.clone();
            task.signals.pending.keys().map(move |signal| (path.clone(), *signal)).collect::<Vec<_>>()
        };
        self.tasks.iter().flat_map(of).collect()
    }

    fn send(&mut self, path: &TaskPath, signal: Signal, sender: Sender) {
        if let Some(task) = self.task_mut(path).filter(|task| !task.leaving) {
            task.signals.pending.entry(signal).or_insert(sender);
        }
    }

    pub(super) fn kill_touches(
        &self,
        path: &TaskPath,
        target: Pid,
        signal: Signal,
    ) -> Result<Footprint, String> {
        if target.0 <= 0 {
            return Err("it sends a signal to a process group, of which there is no model".into());
        }
        if default_of(signal) == Default::Stops {
            return Err(format!("it sends {signal}; there is no model of processes that stop"));
        }
        let Some(other) = self.path_of(target) else {
            return Err(format!("it sends {signal} to {target}, which is no process of this run"));
        };
        let is_pending = |s: &Signals| s.pending.contains_key(&signal);
        if signal.0 >= FIRST_REAL_TIME && self.signals(other).is_some_and(is_pending) {
            return Err(format!("it sends {signal} again before it has arrived, of which there is no model"));
        }
        let sent = (signal.0 != 0).then_some(signal);
        if other == path {
            let ends = sent.is_some_and(|signal| signal == Signal::KILL || self.kills(path, signal));
            // One that somebody else has sent and that has not arrived comes with it, or is one with it.
            return Ok(match sent {
                _ if ends => self.end_touches(path),
                Some(signal) if !self.was_always_alone() => rules::signal_sent(path, signal),
                _ => Footprint::nothing(),
            });
        }
        Ok(rules::kill(other, sent.filter(|_| self.lives(other) && !self.is_leaving(other))))
    }

    /// The signals that a task holds back: bit `n - 1` stands for signal `n`.
    pub fn held_back(&self, path: &TaskPath) -> u64 {
        self.signals(path).map_or(0, |signals| signals.mask)
    }

    /// Whether a signal that a task sends to itself does not arrive at once: it blocks it.
    pub fn keeps_back(&self, path: &TaskPath, signal: Signal) -> bool {
        self.signals(path).is_some_and(|signals| signals.blocks(signal))
    }

    /// Whether a signal does nothing to a task that it reaches.
    pub fn ignores(&self, path: &TaskPath, signal: Signal) -> bool {
        self.signals(path).is_some_and(|signals| signals.ignores(signal))
    }

    pub(super) fn has_killed(&mut self, path: &TaskPath, target: Pid, signal: Signal) {
        let Some(other) = self.path_of(target).cloned() else { return };
        if other == *path && !self.keeps_back(path, signal) {
            if let Some(task) = self.task_mut(path) {
                task.signals.pending.remove(&signal);
                task.signals.begins(signal);
            }
            return;
        }
        let pid = self.pid(path).unwrap_or(Pid(0));
        if signal.0 != 0 {
            self.send_unless_dropped(&other, signal, Sender::Process(pid));
        }
    }

    pub(super) fn send_unless_dropped(&mut self, path: &TaskPath, signal: Signal, sender: Sender) {
        let heeds =
            |task: &super::Task| task.life == Life::Alive && !task.leaving && !task.signals.drops(signal);
        if self.tasks.get(path).is_some_and(heeds) {
            self.send(path, signal, sender);
        }
    }

    /// Whether nobody else has ever been there. That everybody else has ended is not enough: they could have lived
    /// longer, and what a step depends on must not depend on the schedule.
    fn was_always_alone(&self) -> bool {
        self.tasks.len() == 1
    }

    /// Whether a task's own timer may send this signal before it goes on.
    fn timer_comes_first(&self, path: &TaskPath, signal: Signal) -> bool {
        signal == Signal::ALRM && self.timer_is_set(path)
    }

    /// Whoever sends this signal at the same time finds one disposition or the other.
    pub(super) fn action_touches(&self, path: &TaskPath, signal: Signal) -> Footprint {
        if self.was_always_alone() && !self.timer_comes_first(path, signal) {
            return Footprint::nothing();
        }
        Footprint::nothing().changes(Resource::Signal(path.clone(), signal))
    }

    pub(super) fn set_action(&mut self, path: &TaskPath, signal: Signal, action: Disposition, flags: u64) {
        let Some(task) = self.task_mut(path) else { return };
        task.signals.actions.insert(signal, (action, flags));
        if action == Disposition::Default && flags & SA_NOCLDWAIT == 0 {
            task.signals.actions.remove(&signal);
        }
        if task.signals.ignores(signal) {
            task.signals.pending.remove(&signal);
        }
    }

    /// Signals that are ignored are kept only while they are blocked. And a signal that is sent before it is blocked may
    /// arrive in between.
    pub(super) fn mask_touches(&self, path: &TaskPath, mask: u64) -> Footprint {
        let Some(signals) = self.signals(path) else { return Footprint::nothing() };
        let alone = self.was_always_alone();
        let changed = (1..=64).map(Signal).filter(|s| has(signals.mask, *s) != has(mask, *s));
        changed
            .filter(|signal| !alone || self.timer_comes_first(path, *signal))
            .filter(|signal| signals.ignores(*signal) || has(mask, *signal))
            .fold(Footprint::nothing(), |sum, signal| sum.changes(Resource::Signal(path.clone(), signal)))
    }

    /// From now on a task blocks these signals.
    pub fn set_mask(&mut self, path: &TaskPath, mask: u64) {
        if let Some(task) = self.task_mut(path) {
            task.signals.mask = mask;
            task.signals.drop_ignored();
        }
    }
}
