//! The tasks that are alive, and what the engine knows of each. State of a task lives with the task.

use super::recorder::Begun;
use crate::arch;
use crate::decode::Call;
use grader_trace::sorted::SortedMap;
use grader_trace::{ExitStatus, Module, Operation, TaskId};
use libc::{pid_t, user_regs_struct};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// A call that a task has begun.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub(crate) begun: Begun,
    pub(crate) op: Operation,
    pub(crate) call: Call,
    /// The instruction pointer: just after the system call instruction.
    pub(crate) ip: u64,
    /// The stack pointer.
    pub(crate) sp: u64,
    /// It was interrupted, and a signal handler runs.
    pub(crate) under_handler: bool,
    /// The tracer made it fail.
    pub(crate) injected: bool,
    /// What to put back when the call returns.
    pub(crate) put_back: Option<PutBack>,
    /// Its return makes no stop of its own: a signal is delivered at that moment, and shows it.
    pub(crate) told_by_signal: bool,
}

impl Pending {
    /// Whether this interrupted call is what a task makes now: again by itself, or anew after its handler has
    /// jumped out of it. What a handler calls lies deeper in the stack.
    pub(crate) fn is_made_again(&self, call: &Call, registers: &user_regs_struct) -> bool {
        self.call.number == call.number
            && self.call.args == call.args
            && self.ip == arch::instruction(registers)
            && (!self.under_handler || self.sp == arch::stack(registers))
    }
}

/// What the tracer has changed in a task, for the length of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PutBack {
    /// The first argument was this.
    FirstArgument(u64),
    /// There was this word at this address.
    Word(u64, u64),
}

/// A living task.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) id: TaskId,
    pub(crate) tid: pid_t,
    pub(crate) tgid: pid_t,
    /// The process whose child it is, by PID.
    pub(crate) parent: pid_t,
    /// Its process's end sends SIGCHLD to the parent, as far as its creator's call tells.
    pub(crate) sends_child_signal: bool,
    /// It has not made its first stop yet.
    pub(crate) fresh: bool,
    /// It is in this group-stop of its process.
    pub(crate) stopped: Option<u32>,
    /// It has made a child, and waits for the child's exec or end.
    pub(crate) waits_in_vfork: bool,
    /// It stands between the entry and the exit of a call, and both stop.
    pub(crate) in_call: bool,
    /// The call that it is in is rt_sigreturn.
    pub(crate) returning_from_handler: bool,
    /// The call that it is in.
    pub(crate) pending: Option<Pending>,
    /// What to put back before it runs for the first time: it was born with a changed copy.
    pub(crate) put_back: Option<PutBack>,
    /// Calls that a signal interrupted, and that may go on: the innermost last.
    pub(crate) interrupted: Vec<Pending>,
    /// It runs the program that was started, and not another one by exec.
    pub(crate) own_program: bool,
    /// The addresses of the dynamic loader that is putting another program together in it.
    pub(crate) loader: Option<Range<u64>>,
    /// The files mapped into it, as far as they were looked up.
    pub(crate) modules: Option<Arc<[Module]>>,
    /// Wait calls in a row that had nothing to report, looks at processes that were there, and what else passes time.
    pub(crate) vain_waits: u32,
    /// Its thread pointer and what that leads to, as they were noted last.
    pub(crate) thread_pointer: Option<(u64, Option<u64>)>,
}

impl Task {
    pub(crate) fn new(id: TaskId, tid: pid_t, tgid: pid_t, parent: pid_t) -> Task {
        Task {
            id,
            tid,
            tgid,
            parent,
            sends_child_signal: false,
            fresh: true,
            stopped: None,
            waits_in_vfork: false,
            in_call: false,
            returning_from_handler: false,
            pending: None,
            put_back: None,
            interrupted: Vec::new(),
            own_program: false,
            loader: None,
            modules: None,
            vain_waits: 0,
            thread_pointer: None,
        }
    }

    /// Whether its next return from a call must stop.
    pub(crate) fn wants_returns(&self) -> bool {
        self.pending.as_ref().is_some_and(|call| !call.told_by_signal) || !self.interrupted.is_empty()
    }
}

/// A leader that has ended while other threads of its process live on.
#[derive(Debug, Clone)]
pub(crate) struct EarlyLeader {
    pub(crate) id: TaskId,
    pub(crate) parent: pid_t,
}

/// A group-stop of a process.
#[derive(Debug, Clone, Copy, Default)]
struct GroupStop {
    /// Which it is, from 1.
    number: u32,
    /// Nobody has told that it is over.
    lasts: bool,
}

/// All living tasks, by tid.
#[derive(Debug, Default)]
pub(crate) struct Live {
    tasks: HashMap<pid_t, Task>,
    /// How many tasks of each process are alive.
    threads: SortedMap<pid_t, usize>,
    /// Leaders that ended first, by PID.
    pub(crate) early_leaders: SortedMap<pid_t, EarlyLeader>,
    /// How a process ends as a whole, by PID: exit_group or a deadly signal has come, some threads still run.
    group_ends: SortedMap<pid_t, ExitStatus>,
    /// The last group-stop of each process that had one, by PID.
    stops: SortedMap<pid_t, GroupStop>,
}

impl Live {
    pub(crate) fn get(&self, tid: pid_t) -> Option<&Task> {
        self.tasks.get(&tid)
    }

    pub(crate) fn get_mut(&mut self, tid: pid_t) -> Option<&mut Task> {
        self.tasks.get_mut(&tid)
    }

    pub(crate) fn insert(&mut self, task: Task) {
        *self.threads.entry(task.tgid).or_default() += 1;
        self.tasks.insert(task.tid, task);
    }

    pub(crate) fn remove(&mut self, tid: pid_t) -> Option<Task> {
        let task = self.tasks.remove(&tid)?;
        if let Some(count) = self.threads.get_mut(&task.tgid) {
            *count -= 1;
            if *count == 0 {
                self.threads.remove(&task.tgid);
                self.stops.remove(&task.tgid);
            }
        }
        Some(task)
    }

    /// A task of a process ends in a way that ends them all.
    ///
    /// The first exit_group counts. Only an exec that is under way ends threads with 0 and can itself be
    /// killed afterwards, so a signal counts more than an exit status.
    pub(crate) fn ends_as_a_whole(&mut self, tgid: pid_t, status: ExitStatus) {
        let known = self.group_ends.entry(tgid).or_insert(status);
        if let (ExitStatus::Exited(_), ExitStatus::Killed(_)) = (*known, status) {
            *known = status;
        }
    }

    /// How a process ends as a whole, if it does not end by the exits of all its threads. Asked once.
    pub(crate) fn take_group_end(&mut self, tgid: pid_t) -> Option<ExitStatus> {
        self.group_ends.remove(&tgid)
    }

    /// A task reports that it stands in a group-stop. Its process, if this is the first report of that stop.
    pub(crate) fn stops(&mut self, tid: pid_t) -> Option<TaskId> {
        let tgid = self.get(tid)?.tgid;
        let stop = self.stops.entry(tgid).or_default();
        let first = !stop.lasts;
        if first {
            *stop = GroupStop { number: stop.number + 1, lasts: true };
        }
        let number = stop.number;
        self.get_mut(tid)?.stopped = Some(number);
        if first { self.process(tgid) } else { None }
    }

    /// A task reports that its group-stop is over. Its process, if this is the first report of that.
    pub(crate) fn leaves_stop(&mut self, tid: pid_t) -> Option<TaskId> {
        let task = self.get_mut(tid)?;
        let (tgid, number) = (task.tgid, task.stopped.take()?);
        // The process may have been stopped again in the meantime, and another task may have told so.
        if self.stops.get(&tgid)?.number == number { self.goes_on(tgid) } else { None }
    }

    /// A process is known to go on. The process, if this is the first one hears of it.
    pub(crate) fn goes_on(&mut self, tgid: pid_t) -> Option<TaskId> {
        let stop = self.stops.get_mut(&tgid)?;
        if std::mem::take(&mut stop.lasts) { self.process(tgid) } else { None }
    }

    /// The name of a process: its first task's, even if that has ended.
    fn process(&self, tgid: pid_t) -> Option<TaskId> {
        let early = self.early_leaders.get(&tgid).map(|leader| leader.id);
        early.or_else(|| self.get(tgid).map(|leader| leader.id))
    }

    /// Whether a process has a living task.
    pub(crate) fn has_process(&self, tgid: pid_t) -> bool {
        self.threads.contains_key(&tgid)
    }

    /// How many tasks of a process are alive.
    pub(crate) fn threads_of(&self, tgid: pid_t) -> usize {
        self.threads.get(&tgid).copied().unwrap_or_default()
    }

    /// The PIDs of all living processes.
    pub(crate) fn processes(&self) -> Vec<pid_t> {
        self.threads.keys().copied().collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Task> {
        self.tasks.values()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }
}
