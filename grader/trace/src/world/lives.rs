//! Births, execs, ends, waits.

use super::ask::WaitFor;
use super::{Ended, Life, Look, Task, World};
use crate::model::births::CloneFlags;
use crate::model::ids::{Pid, Signal, TaskPath};
use crate::model::status::ExitStatus;
use crate::model::waits::Selector;
use crate::order::{Footprint, Resource, rules};

/// Clone flags that change nothing that another task could notice: where the new task's number is stored, its
/// thread-local storage, default signal handlers. See clone(2).
const HARMLESS: u64 = 0x0010_0000 | 0x0020_0000 | 0x0100_0000 | 0x0008_0000 | CLEAR_SIGHAND;

const CLEAR_SIGHAND: u64 = 0x1_0000_0000;

/// What a fork touches, if there is a model of it.
pub(super) fn may_fork(parent: &TaskPath, flags: CloneFlags) -> Result<Footprint, String> {
    let borrows = flags.has(CloneFlags::VFORK);
    if flags.has(CloneFlags::VM) && !borrows {
        return Err(
            "it makes a process that shares its memory (CLONE_VM), of which there is no model yet".into()
        );
    }
    let unknown = flags.0 & !(HARMLESS | CloneFlags::VFORK | CloneFlags::VM);
    if unknown != 0 {
        return Err(format!("it calls clone with flags {unknown:#x}, of which there is no model"));
    }
    Ok(rules::fork(parent))
}

fn child_of(path: &TaskPath, nth: u16) -> TaskPath {
    TaskPath([&path.0[..], &[nth]].concat())
}

impl World {
    pub(super) fn forked(&mut self, path: &TaskPath, flags: CloneFlags, pid: Pid) {
        let Some(nth) = self.next_birth(path) else { return };
        let born = child_of(path, nth);
        if flags.has(CloneFlags::THREAD) {
            return self.thread_started(born, path, pid);
        }
        let Some(parent) = self.task_mut(path) else { return };
        parent.children.push(born.clone());
        if flags.has(CloneFlags::VFORK) {
            parent.vfork = Some(born.clone());
        }
        let mut child = Task::new(pid, Some(path.clone()));
        child.slots = parent.slots.clone();
        child.signals = parent.signals.inherited();
        if flags.has(CLEAR_SIGHAND) {
            child.signals.reset_handlers();
        }
        for slot in child.slots.values() {
            if let Some(file) = self.files.get_mut(&slot.file) {
                (file.holders, file.shared) = (file.holders + 1, true);
            }
        }
        self.tasks.insert(born, child);
    }

    /// The number of the next task that this one makes.
    fn next_birth(&mut self, path: &TaskPath) -> Option<u16> {
        let counter = match self.threads.get_mut(path) {
            Some(thread) => &mut thread.born,
            None => &mut self.task_mut(path)?.born,
        };
        *counter += 1;
        Some(*counter - 1)
    }

    /// An exec closes what is marked so, and gives a vfork parent its memory back.
    pub(super) fn exec_touches(&self, path: &TaskPath) -> Footprint {
        let Some(task) = self.tasks.get(path) else { return Footprint::nothing() };
        let marked = task.slots.iter().filter(|(_, slot)| slot.cloexec);
        let closes =
            marked.fold(Footprint::nothing(), |sum, (fd, _)| sum.and(self.close_touches(path, *fd..=*fd)));
        let reset = task.signals.heeded_until_exec();
        let closes = reset.fold(closes, |sum, signal| sum.changes(Resource::Signal(path.clone(), signal)));
        if self.lender(path).is_some() { closes.changes(Resource::Life(path.clone())) } else { closes }
    }

    pub(super) fn execed(&mut self, path: &TaskPath) {
        let Some(task) = self.task_mut(path) else { return };
        let marked: Vec<i32> =
            task.slots.iter().filter(|(_, slot)| slot.cloexec).map(|(fd, _)| *fd).collect();
        task.signals.reset_handlers();
        self.marks_pipes(path, &marked);
        marked.into_iter().for_each(|fd| self.close(path, fd));
        self.give_back(path);
    }

    /// What a task's end touches: its life, its children's parent, what it closes, its parent's SIGCHLD.
    ///
    /// Whether its parent and its children still live makes no difference to that: their ends commute with this one,
    /// so nothing that is said here may depend on who was first.
    pub(super) fn end_touches(&self, path: &TaskPath) -> Footprint {
        let Some(task) = self.tasks.get(path) else { return Footprint::nothing() };
        let children: Vec<TaskPath> = (0..task.born).map(|nth| child_of(path, nth)).collect();
        let ends = rules::exit(path, &children).and(self.close_touches(path, 0..=i32::MAX));
        let Some(parent) = path.creator() else { return ends };
        let told = Resource::Signal(parent.clone(), Signal::CHLD);
        // As with any other signal: had its parent ended before, it would not have been told.
        let ends = if self.minds_children(&parent) {
            ends.changes(told)
                .observes(Resource::Life(parent.clone()))
                .observes(Resource::Leaving(parent.clone()))
        } else {
            ends.observes(told)
        };
        if self.disowns_children(&parent) { ends.changes(Resource::Children(parent)) } else { ends }
    }

    /// Whether a task that ends closes something of which others can tell, and does so before it has ended.
    pub fn closes_first(&self, path: &TaskPath) -> bool {
        self.tasks.get(path).is_some_and(|task| !task.leaving)
            && !self.shares_memory(path)
            && self.close_touches(path, 0..=i32::MAX) != Footprint::nothing()
    }

    /// What it touches that a task begins to end.
    pub(super) fn leave_touches(&self, path: &TaskPath) -> Footprint {
        rules::leave(path).and(self.close_touches(path, 0..=i32::MAX))
    }

    /// A task has begun to end: it holds nothing any more, and no signal reaches it.
    pub fn leaves(&mut self, path: &TaskPath) {
        self.marks_pipes(path, &self.descriptors_of(path));
        self.close_range(path, 0..=i32::MAX, false);
        let Some(task) = self.task_mut(path) else { return };
        task.leaving = true;
        task.timer = Default::default();
        task.signals.forget_pending();
    }

    /// Whether it has.
    pub fn is_leaving(&self, path: &TaskPath) -> bool {
        self.tasks.get(path).is_some_and(|task| task.leaving)
    }

    /// A task has ended.
    pub fn ended(&mut self, path: &TaskPath, status: ExitStatus) -> Ended {
        let threads: Vec<TaskPath> = self.later_threads(path).chain([path]).cloned().collect();
        threads.iter().for_each(|thread| self.thread_ended(thread));
        self.marks_pipes(path, &self.descriptors_of(path));
        self.close_range(path, 0..=i32::MAX, false);
        let borrowed = self.lender(path).is_some();
        self.give_back(path);
        let Some(task) = self.task_mut(path) else { return Ended::default() };
        task.ended_with_it = borrowed;
        let children = std::mem::take(&mut task.children);
        let parent = task.parent.clone();
        (task.vfork, task.regained) = (None, None);
        task.timer = Default::default();
        task.signals.forget_pending();
        task.life = Life::Zombie(status);
        let mut ended = Ended::default();
        for child in children {
            let Some(orphan) = self.task_mut(&child) else { continue };
            orphan.parent = None;
            if let Life::Zombie(status) = orphan.life {
                orphan.life = Life::Gone(status);
                ended.left.push(child);
            }
        }
        match parent.filter(|parent| self.lives(parent)) {
            None => self.goes(path, status),
            Some(parent) if self.disowns_children(&parent) => {
                self.remove_child(&parent, path);
                self.goes(path, status);
                ended.vanishes = true;
                self.child_ended(&parent, path);
            }
            Some(parent) => self.child_ended(&parent, path),
        }
        ended
    }

    fn goes(&mut self, path: &TaskPath, status: ExitStatus) {
        if let Some(task) = self.task_mut(path) {
            task.life = Life::Gone(status);
            task.parent = None;
        }
    }

    fn remove_child(&mut self, parent: &TaskPath, child: &TaskPath) {
        if let Some(parent) = self.task_mut(parent) {
            parent.children.retain(|other| other != child);
        }
    }

    /// The children that a wait call asks about, the oldest first.
    fn asked_about(&self, path: &TaskPath, selector: Selector) -> Result<Vec<TaskPath>, String> {
        let Some(task) = self.tasks.get(path) else { return Ok(Vec::new()) };
        let all = task.children.iter().cloned();
        match selector {
            Selector::Any | Selector::Group(Pid(0)) => Ok(all.collect()),
            Selector::Pid(pid) => Ok(all.filter(|child| self.pid(child) == Some(pid)).collect()),
            Selector::Group(_) => Err("it waits for a process group, of which there is no model".into()),
            Selector::PidFd(_) => Err("it waits for a pidfd, of which there is no model yet".into()),
        }
    }

    pub(super) fn look_wait(&self, path: &TaskPath, wait: &WaitFor) -> Result<Look, String> {
        let asked = self.asked_about(path, wait.selector)?;
        if wait.nohang {
            self.must_not_be_too_soon(&asked)?;
        }
        let zombie = asked
            .iter()
            .find(|child| self.tasks.get(*child).is_some_and(|child| matches!(child.life, Life::Zombie(_))));
        Ok(match zombie {
            // All that were asked about count, the younger ones too: had this one lived, they would have been looked at.
            Some(oldest) if wait.nowait => Look::ready(rules::peek(path, oldest, &asked)),
            Some(oldest) => Look::ready(rules::reap(path, oldest, &asked)),
            None if wait.nohang || asked.is_empty() => Look::ready(rules::no_news(path, &asked)),
            None => {
                let lives = || asked.iter().map(|child| Resource::Life(child.clone()));
                let touches = lives().fold(rules::no_news(path, &asked), Footprint::changes);
                let children = Resource::Children(path.clone());
                Look::blocked(lives().chain([children.clone()]).collect(), touches.changes(children))
            }
        })
    }

    pub(super) fn reaped(&mut self, path: &TaskPath, pid: Pid) {
        let Some(task) = self.tasks.get(path) else { return };
        let Some(child) = task.children.iter().find(|child| self.pid(child) == Some(pid)).cloned() else {
            return;
        };
        if let Some(status) = self.status(&child) {
            self.goes(&child, status);
            self.remove_child(path, &child);
        }
    }
}
