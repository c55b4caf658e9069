//! What an execution has come to.

use super::machine::{Controlled, descriptors};
use super::standing::At;
use crate::recording::{Captured, Recording};
use grader_trace::world::World;
use grader_trace::{Ending, Header, Outcome, Pid, TaskPath, Text, Trace};
use std::os::unix::ffi::OsStrExt;

impl Controlled<'_> {
    /// What the execution under way, or the last one, has left behind. What came out of its streams is in the trace.
    pub fn recording(&self) -> Recording {
        Recording {
            trace: self.trace(),
            stdout: Captured::default(),
            stderr: Captured::default(),
            snapshots: self.recorder.snapshots.clone(),
            dropped: self.recorder.dropped,
            wall: self.recorder.elapsed(),
        }
    }

    /// What the execution under way, or the last one, has come to.
    pub fn trace(&self) -> Trace {
        let text = |word: &std::ffi::OsStr| Text::from(word.as_bytes());
        let header = Header {
            program: text(self.launch.program.as_os_str()),
            argv: self.launch.argv.iter().map(|arg| text(arg)).collect(),
            pid: Pid(self.root),
            descriptors: descriptors().into(),
            terminal: self.streams.terminal.clone().map(Text::from),
        };
        let ending = if self.tasks.is_empty() { Ending::Finished } else { Ending::Stalled };
        let mut recorder = self.recorder.clone();
        for task in self.tasks.values() {
            if let Some(lock) = &task.lock {
                recorder.abandon(task.id, lock.begun.clone(), lock.call(Outcome::Unfinished), false);
            }
            if let At::Call(entry) = &task.at
                && let (Some(begun), Some(op)) = (&entry.begun, &entry.op)
            {
                recorder.abandon(task.id, begun.clone(), op.clone(), false);
            }
        }
        Trace::new(header, recorder.events, ending)
    }

    /// The PID of each task of the execution, dead or alive.
    pub fn pids(&self) -> Vec<(TaskPath, Pid)> {
        self.world.everyone().map(|(path, pid)| (path.clone(), pid)).collect()
    }

    /// The world as the last step left it.
    pub fn world(&self) -> &World {
        &self.world
    }
}
