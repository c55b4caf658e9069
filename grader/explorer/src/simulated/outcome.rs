//! What an execution came to, as far as anybody could tell afterwards.

use grader_trace::{ExitStatus, TaskPath};
use std::fmt;

/// What an execution came to. Two executions with the same outcome may have had different traces.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Outcome {
    /// What was written to stdout, in order.
    pub output: String,
    /// All tasks, by their paths.
    pub tasks: Vec<TaskOutcome>,
}

/// What became of a task.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskOutcome {
    /// Who.
    pub task: TaskPath,
    /// How it ended; `None`: it never did (a deadlock).
    pub status: Option<Ended>,
    /// Whether its parent reaped it.
    pub reaped: bool,
}

/// A status that can be put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ended {
    /// With a status of its own.
    Exited(u8),
    /// By this signal.
    Killed(i32),
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Ended {
        match status {
            ExitStatus::Exited(code) => Ended::Exited(code),
            ExitStatus::Killed(signal) => Ended::Killed(signal.0),
        }
    }
}

impl Outcome {
    /// Whether some task never ended.
    pub fn deadlock(&self) -> bool {
        self.tasks.iter().any(|task| task.status.is_none())
    }

    /// Tasks that ended and were not reaped by their parent; the root has none to do it.
    pub fn unreaped(&self) -> usize {
        let children = self.tasks.iter().filter(|task| !task.task.0.is_empty());
        children.filter(|task| task.status.is_some() && !task.reaped).count()
    }
}

impl fmt::Display for Outcome {
    /// `"ab" 0 exits 0, 0.0 killed by 10 and reaped, 0.1 stuck`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.output)?;
        for (nth, task) in self.tasks.iter().enumerate() {
            let comma = if nth == 0 { "" } else { "," };
            write!(f, "{comma} {}", task.task)?;
            match task.status {
                None => f.write_str(" stuck")?,
                Some(Ended::Exited(code)) => write!(f, " exits {code}")?,
                Some(Ended::Killed(signal)) => write!(f, " killed by {signal}")?,
            }
            if task.reaped {
                f.write_str(" and reaped")?;
            }
        }
        Ok(())
    }
}
