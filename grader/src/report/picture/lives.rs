//! How the tasks of a picture are doing while its steps pass: born, asleep, a zombie, gone.

use super::story::{Act, Step};
use grader_trace::{Change, TaskId};

/// How a task is doing, as far as its lane shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// Not there yet.
    Unborn,
    /// Running, or ready to.
    Running,
    /// Asleep in a call.
    Asleep,
    /// Stopped by a signal.
    Stopped,
    /// Ended, not waited for.
    Zombie,
    /// Ended, and about to be reaped or forgotten.
    Ended,
    /// Not there any more.
    Gone,
}

impl Life {
    /// Whether its lane is drawn.
    pub(crate) fn occupies(self) -> bool {
        !matches!(self, Life::Unborn | Life::Gone)
    }
}

/// The lives of all lanes while the steps pass.
#[derive(Debug, Clone)]
pub(crate) struct Lives<'a> {
    lanes: &'a [TaskId],
    lives: Vec<Life>,
    /// Whether the lane's task became another program.
    foreign: Vec<bool>,
    /// Whether anybody will still reap the lane's task.
    reaped_later: Vec<bool>,
}

impl<'a> Lives<'a> {
    pub(crate) fn new(lanes: &'a [TaskId], steps: &[Step]) -> Lives<'a> {
        let mut reaped_later = vec![false; lanes.len()];
        for step in steps {
            let about = match step.act {
                Act::Learns { child: Some(child), looks_only: false, .. } => child,
                Act::Unreaped | Act::Remains { zombie: true } => step.task,
                _ => continue,
            };
            if let Some(lane) = lanes.iter().position(|task| *task == about) {
                reaped_later[lane] = true;
            }
        }
        let (lives, foreign) = (vec![Life::Unborn; lanes.len()], vec![false; lanes.len()]);
        Lives { lanes, lives, foreign, reaped_later }
    }

    /// The lane of a task.
    pub(crate) fn lane(&self, task: TaskId) -> Option<usize> {
        self.lanes.iter().position(|other| *other == task)
    }

    /// How the task of a lane is doing.
    pub(crate) fn of(&self, lane: usize) -> Life {
        self.lives[lane]
    }

    /// Whether the task of a lane became another program.
    pub(crate) fn is_foreign(&self, lane: usize) -> bool {
        self.foreign[lane]
    }

    /// Whether nothing is about to happen: nobody has just ended and is still to be reaped.
    pub(crate) fn is_quiet(&self) -> bool {
        !self.lives.contains(&Life::Ended)
    }

    /// The first lane right of `lane` that is occupied.
    pub(crate) fn next_occupied(&self, lane: usize) -> Option<usize> {
        (lane + 1..self.lanes.len()).find(|other| self.lives[*other].occupies())
    }

    /// Takes note of a step.
    pub(crate) fn apply(&mut self, step: &Step) {
        let Some(lane) = self.lane(step.task) else { return };
        match &step.act {
            Act::Forks { child, .. } => {
                if let Some(child) = self.lane(*child) {
                    self.lives[child] = Life::Running;
                    self.foreign[child] = self.foreign[lane];
                }
            }
            Act::Learns { child: Some(child), change, looks_only: false, .. } => {
                self.lives[lane] = Life::Running;
                if let (Some(child), Change::Ended(_)) = (self.lane(*child), change) {
                    self.lives[child] = Life::Gone;
                }
            }
            Act::Ends { .. } => {
                self.lives[lane] = if self.reaped_later[lane] { Life::Ended } else { Life::Gone }
            }
            Act::Rots => self.lives[lane] = Life::Zombie,
            Act::Unreaped | Act::Remains { .. } => self.lives[lane] = Life::Gone,
            Act::Sleeps { .. } => self.lives[lane] = Life::Asleep,
            Act::Stops(_) => self.lives[lane] = Life::Stopped,
            Act::Orphaned | Act::Signalled { .. } | Act::More(_) => {}
            Act::Execs { .. } => {
                self.lives[lane] = Life::Running;
                self.foreign[lane] = true;
            }
            _ => self.lives[lane] = Life::Running,
        }
    }
}
