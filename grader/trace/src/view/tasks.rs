//! The tree of tasks: who was born of whom, how each ended, who reaped it.

use crate::Signal;
use crate::model::births::{CloneFlags, Fork, Sharing};
use crate::model::event::{Event, Header};
use crate::model::ids::{Pid, Stamp, TaskId, TaskPath};
use crate::model::operation::{Disposition, Operation, Outcome};
use crate::model::status::ExitStatus;
use crate::model::threads::Given;
use crate::model::waits::{Change, Selector};

/// How a task came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Birth {
    /// When.
    pub at: Stamp,
    /// Who called fork or clone; `None` for the root.
    pub creator: Option<TaskId>,
    /// What it was asked to share with its creator.
    pub flags: CloneFlags,
    /// What it shared with its creator, where the kernel says so.
    pub sharing: Option<Sharing>,
    /// The addresses that clone was given, where memory was watched.
    pub given: Option<Given>,
}

/// What became of a process after its end. Threads are never waited for and have [`Fate::Released`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It had not ended by itself when the run was over.
    Alive,
    /// A wait call of this task returned it, at this moment. The event is `events()[event]`.
    Reaped {
        /// Who waited.
        by: TaskId,
        /// When the call returned.
        at: Stamp,
        /// The index of the wait event.
        event: usize,
    },
    /// Nobody kept it: a thread, or a child whose parent ignores SIGCHLD.
    Released,
    /// Its parent ended without waiting; whoever adopts orphans reaped it.
    Adopted {
        /// When the parent ended.
        at: Stamp,
    },
    /// It is the root: whoever started the program waits for it.
    Root,
    /// It ended, and stayed a zombie until the run was over.
    Zombie,
}

/// A task, from birth to reaping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its name.
    pub id: TaskId,
    /// Its place in the tree of creation.
    pub path: TaskPath,
    /// The kernel's number for it.
    pub pid: Pid,
    /// The first task of its process (itself, unless it is a thread).
    pub process: TaskId,
    /// The process whose child it is at birth; `None` for the root and its siblings.
    pub parent: Option<TaskId>,
    /// How it came to be.
    pub birth: Birth,
    /// When and how it ended by itself.
    pub end: Option<(Stamp, ExitStatus)>,
    /// What became of it afterwards.
    pub fate: Fate,
}

impl Task {
    /// Whether it is a thread of an older process.
    pub fn is_thread(&self) -> bool {
        self.process != self.id
    }

    /// From its end until it was reaped (or its parent ended, or the run was over).
    pub fn zombie(&self) -> Option<(Stamp, Stamp)> {
        let (ended, _) = self.end?;
        match self.fate {
            Fate::Reaped { at, .. } | Fate::Adopted { at } => (ended < at).then_some((ended, at)),
            Fate::Zombie => Some((ended, Stamp::END)),
            Fate::Alive | Fate::Released | Fate::Root => None,
        }
    }
}

/// Derives the tasks of a run from its events, which are in the order of their beginnings.
pub(crate) fn tasks_of(header: &Header, events: &[Event]) -> Vec<Task> {
    let mut tasks = births(header, events);
    ends(&mut tasks, events);
    reaps(&mut tasks, events);
    orphans(&mut tasks, events);
    tasks
}

fn births(header: &Header, events: &[Event]) -> Vec<Task> {
    let root = Task {
        id: TaskId::ROOT,
        path: TaskPath::default(),
        pid: header.pid,
        process: TaskId::ROOT,
        parent: None,
        birth: Birth {
            at: Stamp(0),
            creator: None,
            flags: CloneFlags::default(),
            sharing: None,
            given: None,
        },
        end: None,
        fate: Fate::Root,
    };
    let mut born: Vec<(TaskId, Pid, &Event, &Fork)> = events
        .iter()
        .filter_map(|event| match &event.op {
            Operation::Fork(fork) => {
                let child = fork.child.done()?;
                Some((child.task, child.pid, event, fork))
            }
            _ => None,
        })
        .collect();
    born.sort_unstable_by_key(|(id, ..)| *id);
    let mut tasks = vec![root];
    let mut children = vec![0u16];
    for (id, pid, event, fork) in born {
        // A creator is always older than what it creates; a file that says otherwise is cut short here.
        if id.index() != tasks.len() || event.task >= id {
            break;
        }
        let creator = &tasks[event.task.index()];
        let mut path = creator.path.clone();
        path.0.push(children[event.task.index()]);
        let Fork { flags, sharing, given, .. } = *fork;
        let thread = flags.has(CloneFlags::THREAD);
        let process = if thread { creator.process } else { id };
        let parent = if thread || flags.has(CloneFlags::PARENT) {
            tasks[creator.process.index()].parent
        } else {
            Some(creator.process)
        };
        children[event.task.index()] += 1;
        children.push(0);
        let at = event.begin;
        let birth = Birth { at, creator: Some(event.task), flags, sharing, given };
        tasks.push(Task { id, path, pid, process, parent, birth, end: None, fate: Fate::Alive });
    }
    tasks
}

fn ends(tasks: &mut [Task], events: &[Event]) {
    for event in events {
        if let (Operation::Exit(status), Some(task)) = (&event.op, tasks.get_mut(event.task.index())) {
            task.end = Some((event.begin, *status));
        }
    }
    // A process lasts as long as its last thread.
    for index in 0..tasks.len() {
        let process = tasks[index].process.index();
        if process != index
            && let (Some(thread), Some(leader)) = (tasks[index].end, tasks[process].end)
        {
            tasks[process].end = Some((leader.0.max(thread.0), leader.1));
        }
    }
}

fn reaps(tasks: &mut [Task], events: &[Event]) {
    for (index, event) in events.iter().enumerate() {
        let Operation::Wait(wait) = &event.op else { continue };
        let Outcome::Done(Some(news)) = wait.result else { continue };
        if wait.nowait || !matches!(news.change, Change::Ended(_)) {
            continue;
        }
        if let (Some(task), Some(at)) = (news.task.and_then(|id| tasks.get_mut(id.index())), event.end) {
            task.fate = Fate::Reaped { by: event.task, at, event: index };
        }
    }
}

fn orphans(tasks: &mut [Task], events: &[Event]) {
    for index in 0..tasks.len() {
        let Task { end: Some((ended, _)), fate: Fate::Alive, .. } = tasks[index] else { continue };
        tasks[index].fate = if tasks[index].is_thread() {
            Fate::Released
        } else {
            match tasks[index].parent.map(|parent| &tasks[parent.index()]) {
                Some(parent) if ignores_children(parent.id, ended, events) => Fate::Released,
                Some(parent) => match parent.end {
                    Some((at, _)) => Fate::Adopted { at },
                    None => Fate::Zombie,
                },
                None => Fate::Adopted { at: ended },
            }
        };
    }
}

/// Whether `process` had SIGCHLD ignored (or asked for no zombies) at `moment`. See wait(2), NOTES.
fn ignores_children(process: TaskId, moment: Stamp, events: &[Event]) -> bool {
    const SA_NOCLDWAIT: u64 = 2;
    events
        .iter()
        .filter(|event| event.task == process && event.effect() < moment)
        .filter_map(|event| match event.op {
            Operation::Disposition { signal: Signal::CHLD, action, flags, result: Outcome::Done(()) } => {
                Some(action == Disposition::Ignore || flags & SA_NOCLDWAIT != 0)
            }
            _ => None,
        })
        .next_back()
        .unwrap_or(false)
}

impl Selector {
    /// Whether a wait with this selector would take `pid`, as far as the selector itself tells.
    pub fn names(self, pid: Pid) -> bool {
        matches!(self, Selector::Any) || self == Selector::Pid(pid)
    }
}
