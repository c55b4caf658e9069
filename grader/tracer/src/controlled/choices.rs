//! What every task could do now: the frontier.

use super::machine::Controlled;
use super::standing::{At, Standing};
use grader_explorer::{Act, Choice, Fault, Frontier, Pending, Readiness, Trouble};
use grader_trace::order::{Coming, Footprint, Resource};
use grader_trace::world::Ask;
use grader_trace::world::timers::MOST;
use grader_trace::{Errno, ExitStatus, TaskPath};

impl Controlled<'_> {
    /// What every task could do now.
    pub(super) fn look_around(&mut self) -> Result<Frontier, Trouble> {
        let mut pending = Vec::new();
        let paths: Vec<TaskPath> = self.tasks.keys().cloned().collect();
        for path in &paths {
            pending.extend(self.choices(path)?);
        }
        let frontier = Frontier { pending };
        let sleep = frontier.enabled().next().is_none();
        // That nobody can move is never said without asking.
        if self.is_audited() || sleep {
            paths.iter().try_for_each(|path| self.audit(path))?;
        }
        if sleep && paths.iter().any(|path| self.world.timer_is_worn_out(path)) {
            return Err(Trouble::Unmodelled(format!(
                "everybody waits for a timer to run out more than {MOST} times"
            )));
        }
        Ok(frontier)
    }

    /// What a task could do, and what could happen to it.
    pub(super) fn choices(&mut self, path: &TaskPath) -> Result<Vec<Pending>, Trouble> {
        self.looks_at_word(path);
        let Some(task) = self.tasks.get(path) else {
            return Err(Trouble::Broken(format!("there is no task {path}")));
        };
        let ask = match &task.at {
            At::Call(entry) => match (&entry.ask, task.leaving) {
                (_, Some(_)) => Ask::Exit(ExitStatus::Exited(0)),
                (Ask::Exit(_), None) if self.world.closes_first(path) => Ask::Leave,
                (ask, None) => ask.clone(),
            },
            At::Dying(signal) | At::Doomed(signal) => Ask::Exit(ExitStatus::Killed(*signal)),
            At::Access(before) => before.ask(),
            At::Woken(_, touches) => Ask::Access(touches.clone()),
            At::Vfork => Ask::Local,
            At::Running | At::Inside(_) => {
                return Err(Trouble::Broken(format!("task {path} moves while others are asked")));
            }
        };
        if !matches!(task.at, At::Call(_)) || task.leaving.is_some() {
            return self.without_signals(path, &ask);
        }
        let mut arrivals = self.world.arrivals(path, &ask);
        for arrival in arrivals.iter_mut().filter(|arrival| self.world.ends(path, arrival.signal)) {
            if self.world.closes_first(path) {
                arrival.footprint = self.world.killing_touches(path, arrival.signal);
            }
        }
        let (before, during): (Vec<_>, Vec<_>) = arrivals.iter().partition(|arrival| arrival.before);
        let during = during.into_iter().chain(before.iter().copied()).filter(|arrival| arrival.interrupts);
        let coming: Vec<Coming> = before.iter().map(|arrival| arrival.coming()).collect();
        let mut pending = Vec::new();
        if !self.overdue.holds(path, &coming) {
            pending = self.without_signals(path, &ask)?;
            let look = self.world.look(path, &ask).map_err(Trouble::Unmodelled)?;
            pending.extend(during.map(|arrival| {
                let footprint = arrival.footprint.clone().and(look.footprint.clone());
                ready(path, Act::Interrupt(arrival.signal), footprint)
            }));
        }
        let mut first = before;
        first.retain(|arrival| self.overdue.allows(path, arrival.coming(), &coming));
        pending.extend(
            first.iter().map(|arrival| ready(path, Act::Deliver(arrival.signal), arrival.footprint.clone())),
        );
        let runs_out = self.world.may_run_out(path);
        pending.extend(runs_out.map(|footprint| ready(path, Act::RunOut, footprint)));
        Ok(pending)
    }

    /// What a task could do with the call at which it stands, and how that could fail.
    fn without_signals(&mut self, path: &TaskPath, ask: &Ask) -> Result<Vec<Pending>, Trouble> {
        let look = self.world.look(path, ask).map_err(Trouble::Unmodelled)?;
        let may_be_short = self.may_be_short(path, &look.footprint);
        let step = ready(path, Act::Step, look.footprint.clone());
        let mut pending = Vec::new();
        match look.blocked.clone() {
            Some(on) => {
                self.waits(path)?;
                pending.push(Pending { readiness: Readiness::Blocked(on), ..step });
                if look.timed {
                    pending.push(ready(path, Act::Expire, look.footprint.clone()));
                }
            }
            None => pending.push(step),
        }
        // What cannot arrive yet is listed all the same: it may turn out that it could have come before the vfork.
        for arrival in self.world.arrivals_after_vfork(path) {
            let readiness = Readiness::Blocked(look.blocked.clone().unwrap_or_default());
            let deliver = ready(path, Act::Deliver(arrival.signal), arrival.footprint);
            pending.push(Pending { readiness, ..deliver });
        }
        if self.faults && look.blocked.is_none() {
            for errno in failures(ask) {
                pending.push(ready(path, Act::Fail(Fault::Error(errno)), Footprint::nothing()));
            }
            if may_be_short {
                pending.push(ready(path, Act::Fail(Fault::Short(1)), look.footprint.clone()));
            }
        }
        if self.faults && look.blocked.is_some() && self.world.disturber(path, ask).is_some() {
            // That it was asleep is something it saw.
            pending.push(ready(path, Act::Fail(Fault::Error(Errno::EINTR)), look.footprint));
        }
        Ok(pending)
    }

    /// Whether a choice is a call that looks for signals before it does anything, and finds none.
    pub(super) fn looks_first(&self, choice: &Choice) -> bool {
        let goes_through = matches!(choice.act, Act::Step | Act::Fail(Fault::Short(_)));
        let task = self.tasks.get(&choice.task).filter(|task| goes_through && task.leaving.is_none());
        matches!(task, Some(Standing { at: At::Call(entry), .. }) if self.world.looks_first(&choice.task, &entry.ask))
    }

    /// Whether a call could move fewer bytes than it might, of a pipe, a file or the terminal. POSIX allows that to
    /// reads and writes of several bytes: a signal may come, or a disk be full; see read(3p), write(3p).
    fn may_be_short(&self, path: &TaskPath, touches: &Footprint) -> bool {
        let Some(Standing { at: At::Call(entry), .. }) = self.tasks.get(path) else { return false };
        let one_buffer = [libc::SYS_read, libc::SYS_write, libc::SYS_pread64, libc::SYS_pwrite64]
            .contains(&entry.call.number);
        let touches = |which: fn(&Resource) -> bool| touches.parts().iter().any(|(what, _)| which(what));
        let pipe = touches(|what| matches!(what, Resource::PipeData(..)));
        let file = touches(|what| matches!(what, Resource::Path(_)));
        one_buffer
            && match entry.ask {
                Ask::Read { wanted, .. } => wanted > 1 && (pipe || file),
                // At most PIPE_BUF bytes are written at once, or not at all.
                Ask::Write { wanted, .. } if pipe => wanted > libc::PIPE_BUF as u64,
                Ask::Write { fd, wanted, .. } => wanted > 1 && (file || self.world.leads_to_stdout(path, fd)),
                _ => false,
            }
    }

    /// A task's call cannot go on at once: from now on it waits.
    fn waits(&mut self, path: &TaskPath) -> Result<(), Trouble> {
        if let Some(Standing { at: At::Call(entry), .. }) = self.tasks.get_mut(path)
            && entry.begun.is_none()
        {
            let begun = self.recorder.begin();
            let (stamp, registers) = (begun.stamp, entry.registers);
            entry.begun = Some(begun);
            self.keep_snapshot(path, stamp, &registers)?;
        } else if let Some(Standing { at: At::Access(before), .. }) = self.tasks.get(path) {
            let before = before.clone();
            self.comes_to_wait(path, &before, true)?;
        }
        Ok(())
    }
}

/// A choice that can be taken now.
fn ready(path: &TaskPath, act: Act, footprint: Footprint) -> Pending {
    let choice = Choice { task: path.clone(), act };
    Pending { choice, footprint, readiness: Readiness::Ready }
}

/// How a call could fail without need, on this kernel. See fork(2), execve(2), pipe(2).
fn failures(ask: &Ask) -> Vec<Errno> {
    match ask {
        Ask::Fork(_) => vec![Errno::EAGAIN],
        Ask::Exec => vec![Errno::ENOENT, Errno::EACCES],
        Ask::Pipe { .. } => vec![Errno::EMFILE],
        _ => Vec::new(),
    }
}
