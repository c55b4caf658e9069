//! The world is compared with the kernel wherever a prediction rests on it: a disagreement is the grader's own trouble.
//!
//! In the first execution before each choice, in the others wherever nobody is able to move, for each task that stands before a wait call: its children, dead or alive, are what /proc says.
//! For each that stands before a read, a write or a poll: each pipe in question holds so many bytes, has room or has
//! not, and somebody holds its other end or nobody does.

use super::machine::Controlled;
use super::standing::{At, Standing};
use crate::sys::{probe, process};
use grader_explorer::Trouble;
use grader_trace::world::Ask;
use grader_trace::{ExitStatus, Fd, PipeEnd, TaskPath};

impl Controlled<'_> {
    /// Compares what the answer to the call depends on before which a task stands.
    pub(super) fn audit(&mut self, path: &TaskPath) -> Result<(), Trouble> {
        let Some(Standing { at: At::Call(entry), .. }) = self.tasks.get(path) else { return Ok(()) };
        match entry.ask.clone() {
            Ask::Wait(_) => self.audit_children(path),
            Ask::Read { fd, .. } | Ask::Write { fd, .. } => self.audit_pipe(path, fd),
            Ask::Poll { fds, .. } => fds.iter().try_for_each(|polled| self.audit_pipe(path, polled.fd)),
            _ => Ok(()),
        }
    }

    fn audit_children(&mut self, path: &TaskPath) -> Result<(), Trouble> {
        for child in self.world.children(path) {
            let Some(pid) = self.world.pid(child) else { continue };
            let foreseen = self.world.status(child);
            let state = process::state(pid.0);
            let is_zombie = state == Some(b'Z');
            if state.is_none() || is_zombie != foreseen.is_some() {
                let said =
                    state.map_or("is not there".into(), |state| format!("is in state {}", char::from(state)));
                return Err(disagreement(path, &format!("its child {child} {said}"), &life(foreseen)));
            }
        }
        self.audits += self.world.children(path).len() as u64;
        Ok(())
    }

    fn audit_pipe(&mut self, path: &TaskPath, fd: Fd) -> Result<(), Trouble> {
        let (Some(task), Some(pipe)) = (self.tasks.get(path), self.world.pipe(path, fd)) else {
            return Ok(());
        };
        // Where looking is not allowed, nothing is compared.
        let Ok(seen) = probe::pipe(task.pid, fd.0, pipe.end) else { return Ok(()) };
        let room_differs = pipe.end == PipeEnd::Write && seen.has_room != pipe.has_free_slot;
        if seen.bytes != pipe.bytes || seen.is_widowed == pipe.other_end_is_held || room_differs {
            return Err(disagreement(path, &format!("descriptor {fd}: {seen:?}"), &format!("{pipe:?}")));
        }
        self.audits += 1;
        Ok(())
    }
}

fn life(foreseen: Option<ExitStatus>) -> String {
    foreseen.map_or("alive".into(), |status| format!("a zombie ({status})"))
}

fn disagreement(path: &TaskPath, kernel: &str, world: &str) -> Trouble {
    Trouble::Broken(format!("task {path}: the kernel says {kernel}; foreseen was {world}"))
}
