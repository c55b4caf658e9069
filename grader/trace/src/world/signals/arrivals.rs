//! Which signals may reach a task, and what their arrival does.

use super::{SA_RESTART, has};
use crate::model::ids::{Pid, Signal, TaskPath};
use crate::model::operation::{Disposition, Sender};
use crate::model::status::ExitStatus;
use crate::order::{Footprint, Resource, rules};
use crate::world::ask::Ask;
use crate::world::{Arrival, World};

impl World {
    /// What a task that sleeps until a signal arrives waits for.
    pub(in crate::world) fn awaited(&self, path: &TaskPath) -> Vec<Resource> {
        let handled = self.signals(path).into_iter().flat_map(|s| &s.actions);
        handled
            .filter(|(_, (action, _))| *action == Disposition::Handler)
            .map(|(signal, _)| Resource::Signal(path.clone(), *signal))
            .collect()
    }

    /// The signals that may reach a task which stands before this call.
    pub fn arrivals(&self, path: &TaskPath, ask: &Ask) -> Vec<Arrival> {
        if self.is_in_vfork(path) { Vec::new() } else { self.arrivals_awake(path, ask) }
    }

    /// The signals that will be able to reach a task which sleeps in vfork as soon as it wakes.
    pub fn arrivals_after_vfork(&self, path: &TaskPath) -> Vec<Arrival> {
        let Some(child) = self.tasks.get(path).and_then(|task| task.vfork.clone()) else { return Vec::new() };
        let mut arrivals = self.arrivals_awake(path, &Ask::Local);
        for arrival in &mut arrivals {
            arrival.footprint = arrival.footprint.clone().observes(Resource::Life(child.clone()));
        }
        arrivals
    }

    /// Whether this signal, which may reach a task before its call, ends it.
    pub fn ends(&self, path: &TaskPath, signal: Signal) -> bool {
        let by_default = |signals: &super::Signals| signals.action(signal).0 == Disposition::Default;
        !self.keeps_back(path, signal)
            && (signal == Signal::KILL || self.signals(path).is_some_and(by_default))
    }

    /// What it touches that a signal arrives which ends a task, if the task closes first what it holds
    /// ([`World::closes_first`]).
    pub fn killing_touches(&self, path: &TaskPath, signal: Signal) -> Footprint {
        rules::signal_delivered(path, signal, &[]).and(self.regained(path)).and(self.leave_touches(path))
    }

    fn arrivals_awake(&self, path: &TaskPath, ask: &Ask) -> Vec<Arrival> {
        let Some(signals) = self.signals(path) else { return Vec::new() };
        let meanwhile = if let Ask::Pause(Some(mask)) = ask { *mask } else { signals.mask };
        let mut arrivals = Vec::new();
        let timer = self.timer_is_set(path) && !signals.is_pending(Signal::ALRM);
        let coming = signals.pending.keys().copied().chain(timer.then_some(Signal::ALRM));
        for signal in coming.filter(|signal| !signals.ignores(*signal)) {
            let is_there = |ask| signals.is_pending(signal) || self.timer_may_send(path, signal, ask);
            let unblocked = !signals.blocks(signal);
            let before = unblocked && is_there(&Ask::Local);
            let kills = signal == Signal::KILL || signals.action(signal).0 == Disposition::Default;
            let only_meanwhile = !unblocked && !has(meanwhile, signal);
            let interrupts = !has(meanwhile, signal)
                && is_there(ask)
                && (self.interrupts(path, ask, signal) || (kills && only_meanwhile))
                && (self.sleeps(path, ask) || self.looks_first(path, ask));
            if !before && !interrupts {
                continue;
            }
            let arrives = rules::signal_delivered(path, signal, &[]).and(self.regained(path));
            let footprint = if kills { arrives.and(self.end_touches(path)) } else { arrives };
            arrivals.push(Arrival { signal, footprint, kills, before, interrupts });
        }
        arrivals
    }

    fn sleeps(&self, path: &TaskPath, ask: &Ask) -> bool {
        matches!(ask, Ask::Sleep) || self.look(path, ask).is_ok_and(|look| look.blocked.is_some())
    }

    /// Whether this call looks for signals before it does anything, and need not sleep to be interrupted: a write to a
    /// terminal does, under the lock under which it writes (`n_tty_write` in Linux's drivers/tty/n_tty.c).
    pub fn looks_first(&self, path: &TaskPath, ask: &Ask) -> bool {
        let to_stdout = matches!(ask, Ask::Write { fd, .. } if self.leads_to_stdout(path, *fd));
        self.output_is_terminal && to_stdout
    }

    /// Whether a signal's handler makes this call answer EINTR, if it sleeps or [looks first](World::looks_first). See
    /// signal(7), "Interruption of system calls and library functions by signal handlers".
    pub fn interrupts(&self, path: &TaskPath, ask: &Ask, signal: Signal) -> bool {
        let Some((Disposition::Handler, flags)) = self.signals(path).map(|s| s.action(signal)) else {
            return false;
        };
        match ask {
            Ask::Sleep | Ask::Pause(_) | Ask::Poll { .. } => true,
            Ask::Read { .. } | Ask::Write { .. } | Ask::Wait(_) => flags & SA_RESTART == 0,
            _ => false,
        }
    }

    /// A signal that would make this call answer EINTR if somebody from outside sent it while the call sleeps. Handlers
    /// of faults do not count: nobody sends those.
    pub fn disturber(&self, path: &TaskPath, ask: &Ask) -> Option<Signal> {
        let signals = self.signals(path)?;
        let sendable = |signal: &Signal| !signal.is_of_a_fault() && !signals.blocks(*signal);
        let moves = matches!(ask, Ask::Read { .. } | Ask::Write { .. } | Ask::Wait(_));
        let mut handled = signals.actions.keys().copied().filter(|_| moves).filter(sendable);
        handled.find(|signal| self.interrupts(path, ask, *signal))
    }

    /// A signal that a task has caused itself arrives at once.
    pub fn begins(&mut self, path: &TaskPath, signal: Signal) {
        if let Some(task) = self.task_mut(path) {
            task.signals.begins(signal);
        }
    }

    /// How the child ended of whose end a SIGCHLD from this PID tells; `None` if it is another signal, or somebody
    /// else sent it.
    pub fn end_told_by(&self, path: &TaskPath, signal: Signal, sender: Pid) -> Option<ExitStatus> {
        let child = self.path_of(sender).filter(|child| child.creator().as_ref() == Some(path))?;
        self.status(child).filter(|_| signal == Signal::CHLD)
    }

    /// A signal arrives: it is pending no more. Who sent it.
    pub fn arrive(&mut self, path: &TaskPath, signal: Signal) -> Option<Sender> {
        let task = self.task_mut(path)?;
        task.regained = None;
        if signal == Signal::ALRM && !task.signals.is_pending(signal) && self.timer_is_set(path) {
            self.runs_out(path);
        }
        let signals = &mut self.task_mut(path)?.signals;
        let sender = signals.pending.remove(&signal);
        signals.begins(signal);
        sender
    }
}
