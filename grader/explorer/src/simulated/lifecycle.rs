//! fork, exit, wait, getppid.

use super::Did;
use super::program::{Op, Who};
use super::world::{Held, Look, Task, World};
use grader_trace::order::{Footprint, Resource, rules};
use grader_trace::{Errno, ExitStatus, TaskPath};
use std::sync::Arc;

impl World {
    pub(super) fn fork(&mut self, task: usize, body: Arc<[Op]>) -> i64 {
        let child = self.tasks.len();
        let parent = &mut self.tasks[task];
        let mut path = parent.path.clone();
        path.0.push(parent.children.len() as u16);
        parent.children.push(child);
        let mut born = Task::new(path, Some(task), body);
        born.held = parent.held.clone();
        born.handlers = parent.handlers.clone();
        born.settle();
        self.tasks.push(born);
        1
    }

    /// What a task's end touches: its own life, its children's parent, the pipes it holds.
    pub(super) fn ending(&self, task: usize) -> Footprint {
        let state = &self.tasks[task];
        let children: Vec<TaskPath> = self.unreaped(task, Who::Any).map(|child| self.path(child)).collect();
        let mut sum = rules::exit(&state.path, &children);
        for held in &state.held {
            let name = &self.pipes[held.pipe].name;
            sum = held.ends().fold(sum, |sum, end| sum.and(rules::close_end(name, end)));
        }
        sum
    }

    /// What its end touches first: whoever holds pipes closes them before it has ended.
    pub(super) fn end_begins(&self, task: usize) -> Footprint {
        let state = &self.tasks[task];
        if !state.holds_any() {
            return self.ending(task);
        }
        let closes = |sum: Footprint, held: &Held| {
            let name = &self.pipes[held.pipe].name;
            held.ends().fold(sum, |sum, end| sum.and(rules::close_end(name, end)))
        };
        state.held.iter().fold(rules::leave(&state.path), closes)
    }

    /// A task ends, or closes first what it holds.
    pub(super) fn end(&mut self, task: usize, status: ExitStatus) -> Did {
        let state = &mut self.tasks[task];
        if !state.holds_any() {
            return self.end_at_once(task, status);
        }
        state.leaving = Some(status);
        state.alarm = false;
        state.sent.clear();
        state.held.iter_mut().for_each(|held| (held.read, held.write) = (false, false));
        Did { word: "closes", answer: 0 }
    }

    pub(super) fn end_at_once(&mut self, task: usize, status: ExitStatus) -> Did {
        let state = &mut self.tasks[task];
        state.status = Some(status);
        state.held.iter_mut().for_each(|held| (held.read, held.write) = (false, false));
        let (word, answer) = match status {
            ExitStatus::Exited(code) => ("exit", code.into()),
            ExitStatus::Killed(signal) => ("dies", signal.0.into()),
        };
        Did { word, answer }
    }

    pub(super) fn look_wait(&self, task: usize, who: Who, nohang: bool) -> Look {
        let parent = &self.tasks[task].path;
        let asked: Vec<TaskPath> = self.unreaped(task, who).map(|child| self.path(child)).collect();
        let zombie = self.unreaped(task, who).position(|child| self.tasks[child].status.is_some());
        match zombie {
            // It takes the oldest zombie and does not look at younger children. But they count: had the older one
            // not ended yet, it would have looked. What a step depends on must not depend on the schedule, or
            // reduction misses the execution in which the younger one's end came first.
            Some(oldest) => Look::ready(rules::reap(parent, &asked[oldest], &asked)),
            None if nohang || asked.is_empty() => Look::ready(rules::no_news(parent, &asked)),
            None => {
                let lives = || asked.iter().map(|child| Resource::Life(child.clone()));
                let all = lives().fold(rules::no_news(parent, &asked), Footprint::changes);
                Look::blocked(lives().collect(), all.changes(Resource::Children(parent.clone())))
            }
        }
    }

    pub(super) fn wait(&mut self, task: usize, who: Who) -> i64 {
        let zombie = self.unreaped(task, who).find(|child| self.tasks[*child].status.is_some());
        let Some(child) = zombie else {
            return if self.unreaped(task, who).next().is_none() { -i64::from(Errno::ECHILD.0) } else { 0 };
        };
        self.tasks[child].reaped = true;
        let number = self.tasks[child].path.0.last().map_or(0, |nth| i64::from(*nth) + 1);
        let status = match self.tasks[child].status {
            Some(ExitStatus::Exited(code)) => i64::from(code),
            Some(ExitStatus::Killed(signal)) => i64::from(signal.0) + 50,
            None => 0,
        };
        100 * number + status
    }

    /// Whether a task's number leads nowhere: it was reaped, or it ended and its parent (if it had one) cannot reap it.
    pub(super) fn is_gone(&self, task: usize) -> bool {
        let state = &self.tasks[task];
        let could_be_reaped = || state.parent.is_some_and(|parent| self.tasks[parent].status.is_none());
        state.reaped || (state.status.is_some() && !could_be_reaped())
    }

    pub(super) fn parent_lives(&self, task: usize) -> bool {
        self.tasks[task].parent.is_none_or(|parent| self.tasks[parent].status.is_none())
    }

    /// The children that a wait for `who` asks about, the oldest first.
    fn unreaped(&self, task: usize, who: Who) -> impl Iterator<Item = usize> {
        let children = self.tasks[task].children.iter().enumerate();
        children
            .filter(move |(nth, child)| {
                !self.tasks[**child].reaped && (who == Who::Any || who == Who::Nth(*nth))
            })
            .map(|(_, child)| *child)
    }

    fn path(&self, task: usize) -> TaskPath {
        self.tasks[task].path.clone()
    }
}
