//! pipe, read, write, close, poll.
//!
//! A blocked operation's footprint holds what it looked at and also what it will touch once it goes on.

use super::Did;
use super::program::{End, Op};
use super::world::{Held, Look, PipeState, World};
use grader_trace::order::rules::{self, Found};
use grader_trace::order::{Footprint, Name, Resource, Span};
use grader_trace::{Errno, PipeEnd, Signal};
use std::collections::VecDeque;

/// What a write gets that nobody can read.
pub(super) const SIGPIPE: Signal = Signal(13);

const EBADF: i64 = -(Errno::EBADF.0 as i64);

impl World {
    pub(super) fn pipe(&mut self, task: usize) -> i64 {
        let state = &mut self.tasks[task];
        let name = Name { by: state.path.clone(), nth: state.pipes_made };
        state.pipes_made += 1;
        state.held.push(Held { pipe: self.pipes.len(), read: true, write: true });
        self.pipes.push(PipeState { name, bytes: VecDeque::new(), taken: 0 });
        0
    }

    pub(super) fn look_read(&self, task: usize, number: usize, wanted: usize) -> Look {
        let Some(pipe) = self.tasks[task].holds(number, End::Read) else {
            return Look::ready(Footprint::nothing());
        };
        let PipeState { name, bytes, taken } = &self.pipes[pipe];
        let found = match bytes.len() {
            0 if self.held_by_anyone(pipe, End::Write) => {
                let later = rules::pipe_read(name, *taken, Found::All(wanted as u64));
                let now = rules::pipe_read(name, *taken, Found::NotYet);
                return Look::blocked(self.news_for_readers(pipe), now.and(later));
            }
            0 => Found::End,
            some if some < wanted => Found::Fewer(some as u64),
            _ => Found::All(wanted as u64),
        };
        Look::ready(rules::pipe_read(name, *taken, found))
    }

    pub(super) fn read(&mut self, task: usize, number: usize, wanted: usize) -> i64 {
        let Some(pipe) = self.tasks[task].holds(number, End::Read) else { return EBADF };
        let PipeState { bytes, taken, .. } = &mut self.pipes[pipe];
        let got = wanted.min(bytes.len());
        *taken += got as u64;
        bytes.drain(..got).fold(0, |number, digit| 10 * number + i64::from(digit))
    }

    /// A read that gives fewer bytes than there are.
    pub(super) fn read_short(&mut self, task: usize, bytes: u64) -> Did {
        let Some(Op::Read(number, _)) = self.tasks[task].op().cloned() else {
            return self.answer_next(task, EBADF);
        };
        let answer = self.read(task, number, usize::try_from(bytes).unwrap_or(usize::MAX));
        self.answer_next(task, answer)
    }

    pub(super) fn look_write(&self, task: usize, number: usize, bytes: usize, waits: bool) -> Look {
        let Some(pipe) = self.tasks[task].holds(number, End::Write) else {
            return Look::ready(Footprint::nothing());
        };
        let PipeState { name, bytes: held, taken } = &self.pipes[pipe];
        if !self.held_by_anyone(pipe, End::Read) {
            return Look::ready(rules::broken_pipe(name).and(self.ending(task)));
        }
        let bytes = bytes.min(self.capacity);
        let at = taken + held.len() as u64;
        let needs_reads = at + bytes as u64 > self.capacity as u64;
        let footprint = rules::pipe_write(name, at, bytes as u64, needs_reads);
        if held.len() + bytes > self.capacity && waits {
            let readers = Resource::PipeHeld(name.clone(), PipeEnd::Read);
            // If the readers go away, the writer dies.
            let footprint = footprint.and(self.ending(task));
            return Look::blocked(vec![Resource::PipeRoom(name.clone()), readers], footprint);
        }
        Look::ready(footprint)
    }

    /// `None`: nobody can read it, and the writer dies.
    pub(super) fn write(&mut self, task: usize, number: usize, bytes: usize, digit: u8) -> Option<i64> {
        let Some(pipe) = self.tasks[task].holds(number, End::Write) else { return Some(EBADF) };
        if !self.held_by_anyone(pipe, End::Read) {
            return None;
        }
        let bytes = bytes.min(self.capacity);
        if self.pipes[pipe].bytes.len() + bytes > self.capacity {
            return Some(-i64::from(Errno::EAGAIN.0));
        }
        self.pipes[pipe].bytes.extend(std::iter::repeat_n(digit, bytes));
        Some(bytes as i64)
    }

    pub(super) fn look_close(&self, task: usize, number: usize, end: End) -> Look {
        Look::ready(match self.tasks[task].holds(number, end) {
            Some(pipe) => rules::close_end(&self.pipes[pipe].name, end.into()),
            None => Footprint::nothing(),
        })
    }

    pub(super) fn close(&mut self, task: usize, number: usize, end: End) -> i64 {
        if self.tasks[task].holds(number, end).is_none() {
            return EBADF;
        }
        let held = &mut self.tasks[task].held[number];
        match end {
            End::Read => held.read = false,
            End::Write => held.write = false,
        }
        0
    }

    pub(super) fn look_poll(&self, task: usize, number: usize, timed: bool) -> Look {
        let Some(pipe) = self.tasks[task].holds(number, End::Read) else {
            return Look::ready(Footprint::nothing());
        };
        let PipeState { name, bytes, taken } = &self.pipes[pipe];
        if !bytes.is_empty() {
            let seen = Resource::PipeData(name.clone(), Span::new(*taken, 1));
            return Look::ready(
                Footprint::nothing().observes(Resource::PipeHead(name.clone())).observes(seen),
            );
        }
        let nothing = rules::pipe_read(name, *taken, Found::NotYet);
        if self.held_by_anyone(pipe, End::Write) {
            return Look { timed, ..Look::blocked(self.news_for_readers(pipe), nothing) };
        }
        Look::ready(nothing)
    }

    pub(super) fn poll(&self, task: usize, number: usize) -> i64 {
        let Some(pipe) = self.tasks[task].holds(number, End::Read) else { return EBADF };
        (!self.pipes[pipe].bytes.is_empty() || !self.held_by_anyone(pipe, End::Write)).into()
    }

    fn held_by_anyone(&self, pipe: usize, end: End) -> bool {
        let mut held = self.tasks.iter().flat_map(|task| &task.held).filter(|held| held.pipe == pipe);
        held.any(|held| match end {
            End::Read => held.read,
            End::Write => held.write,
        })
    }

    fn news_for_readers(&self, pipe: usize) -> Vec<Resource> {
        let PipeState { name, taken, .. } = &self.pipes[pipe];
        let data = Resource::PipeData(name.clone(), Span::since(*taken));
        vec![data, Resource::PipeHeld(name.clone(), PipeEnd::Write)]
    }
}
