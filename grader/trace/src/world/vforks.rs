//! vfork: a creator sleeps until its child has another program, or ends.
//!
//! Linux wakes it as soon as the memory is its own again, and only then closes what the child held, and makes a zombie
//! of one that ends (begin_new_exec in fs/exec.c, do_exit in kernel/exit.c). Here all of that is one step. Who waits
//! for the rest cannot tell the difference; who only looks could, and is refused.

use super::descriptors::{OpenFile, What};
use super::{Task, World};
use crate::model::ids::{Fd, TaskPath};
use crate::order::Name;
use crate::view::descriptors::PipeEnd;

impl World {
    /// Who has lent this task its memory.
    pub(super) fn lender(&self, path: &TaskPath) -> Option<TaskPath> {
        let creator = path.creator()?;
        let lends = self.tasks.get(&creator).is_some_and(|task| task.vfork.as_ref() == Some(path));
        lends.then_some(creator)
    }

    pub(super) fn give_back(&mut self, path: &TaskPath) {
        if let Some(lender) = self.lender(path)
            && let Some(task) = self.task_mut(&lender)
        {
            task.regained = task.vfork.take();
        }
    }

    pub(super) fn descriptors_of(&self, path: &TaskPath) -> Vec<i32> {
        self.tasks.get(path).map_or(Vec::new(), |task| task.slots.keys().copied().collect())
    }

    /// A task closes these descriptors at the time at which it gives borrowed memory back.
    pub(super) fn marks_pipes(&mut self, path: &TaskPath, fds: &[i32]) {
        if self.lender(path).is_none() {
            return;
        }
        let pipe = |fd: &i32| match self.file(path, Fd(*fd)) {
            Some((_, OpenFile { what: What::Pipe(name, _), .. })) => Some(name.clone()),
            _ => None,
        };
        let pipes: Vec<Name> = fds.iter().filter_map(pipe).collect();
        for name in pipes {
            if let Some(pipe) = self.pipes.get_mut(&name) {
                pipe.given_back = true;
            }
        }
    }

    /// Whether it is asked without waiting whether one of these has ended, and that is not known.
    pub(super) fn must_not_be_too_soon(&self, asked: &[TaskPath]) -> Result<(), String> {
        let mut tasks = asked.iter().filter_map(|path| self.tasks.get(path));
        if tasks.any(|task: &Task| task.ended_with_it) {
            return Err(
                "it asks with WNOHANG for a child that ended in vfork, of which there is no model".into()
            );
        }
        Ok(())
    }

    /// Whether it is looked without waiting who holds this end of a pipe, and that is not known.
    pub(super) fn must_be_held(&self, pipe: &Name, end: PipeEnd) -> Result<(), String> {
        if self.pipes.get(pipe).is_some_and(|pipe| pipe.given_back) && !self.is_held(pipe, end) {
            return Err(
                "it looks at a pipe that its child has just closed in vfork, of which there is no model"
                    .into(),
            );
        }
        Ok(())
    }
}
