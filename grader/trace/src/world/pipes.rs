//! What is in a pipe, and how much room it has. See pipe(7), "Pipe capacity", and the kernel's fs/pipe.c.
//!
//! A pipe has sixteen slots of a page each. A write first fills up the last slot, if what exceeds whole pages fits
//! there as one piece, and then takes new slots. So it can be full with much fewer bytes than 65 536.

use super::descriptors::{OpenFile, What};
use super::{Look, World};
use crate::model::ids::{Fd, Signal, TaskPath};
use crate::order::rules::{self, Found};
use crate::order::{Footprint, Name, Resource};
use crate::view::descriptors::PipeEnd;
use std::collections::VecDeque;

const SLOTS: usize = 16;
const PAGE: u64 = 4096;

/// With so few bytes ever written, every write has found room, whatever was read: no slot is less than half full that
/// another one follows.
const ALWAYS_ROOM: u64 = SLOTS as u64 * PAGE / 2;

/// A pipe. Bytes are counted from its beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pipe {
    /// Where the bytes of each slot begin in its page, and how many there are.
    pub(super) slots: VecDeque<(u64, u64)>,
    written: u64,
    pub(super) taken: u64,
    /// Somebody who had its creator's memory (vfork) closed an end by giving it back.
    pub(super) given_back: bool,
}

impl Pipe {
    pub(super) fn bytes(&self) -> u64 {
        self.written - self.taken
    }

    /// How many of `wanted` bytes go into the last slot.
    fn merged(&self, wanted: u64) -> u64 {
        let piece = wanted % PAGE;
        match self.slots.back() {
            Some((begin, length)) if begin + length + piece <= PAGE => piece,
            _ => 0,
        }
    }

    /// How many of `wanted` bytes a write takes without sleeping.
    pub(super) fn room(&self, wanted: u64) -> u64 {
        let merged = self.merged(wanted);
        let free = (SLOTS - self.slots.len().min(SLOTS)) as u64;
        merged + (wanted - merged).min(free * PAGE)
    }

    pub(super) fn put(&mut self, bytes: u64) {
        let merged = self.merged(bytes);
        if let Some((_, length)) = self.slots.back_mut() {
            *length += merged;
        }
        let mut left = bytes - merged;
        while left > 0 {
            self.slots.push_back((0, left.min(PAGE)));
            left -= left.min(PAGE);
        }
        self.written += bytes;
    }

    pub(super) fn take(&mut self, bytes: u64) {
        let mut left = bytes.min(self.bytes());
        self.taken += left;
        while let Some((begin, length)) = self.slots.front_mut() {
            let here = left.min(*length);
            (*begin, *length) = (*begin + here, *length - here);
            left -= here;
            if *length > 0 {
                return;
            }
            self.slots.pop_front();
        }
    }
}

/// A pipe as one that holds an end of it could see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PipeView {
    /// Which end.
    pub end: PipeEnd,
    /// How many bytes are in it.
    pub bytes: u64,
    /// Whether a write of one page would find a place.
    pub has_free_slot: bool,
    /// Whether anybody holds the other end.
    pub other_end_is_held: bool,
}

impl World {
    /// The pipe that a descriptor leads to, if it is one's end.
    pub fn pipe(&self, path: &TaskPath, fd: Fd) -> Option<PipeView> {
        let (_, OpenFile { what: What::Pipe(name, end), .. }) = self.file(path, fd)? else { return None };
        let pipe = self.pipes.get(name)?;
        let other = if *end == PipeEnd::Read { PipeEnd::Write } else { PipeEnd::Read };
        Some(PipeView {
            end: *end,
            bytes: pipe.bytes(),
            has_free_slot: pipe.slots.len() < SLOTS,
            other_end_is_held: self.is_held(name, other),
        })
    }

    pub(super) fn look_pipe_read(&self, name: &Name, wanted: u64, nonblock: bool) -> Look {
        let Some(pipe) = self.pipes.get(name) else { return Look::ready(Footprint::nothing()) };
        let found = match pipe.bytes() {
            _ if wanted == 0 => return Look::ready(Footprint::nothing()),
            0 if !self.is_held(name, PipeEnd::Write) => Found::End,
            0 if nonblock => Found::NotYet,
            0 => {
                let later = rules::pipe_read(name, pipe.taken, Found::All(wanted));
                let now = rules::pipe_read(name, pipe.taken, Found::NotYet);
                return Look::blocked(self.news_for_readers(name), now.and(later));
            }
            some if some < wanted => Found::Fewer(some),
            _ => Found::All(wanted),
        };
        Look::ready(rules::pipe_read(name, pipe.taken, found))
    }

    pub(super) fn look_pipe_write(&self, path: &TaskPath, name: &Name, wanted: u64, nonblock: bool) -> Look {
        let Some(pipe) = self.pipes.get(name) else { return Look::ready(Footprint::nothing()) };
        if wanted == 0 {
            return Look::ready(Footprint::nothing());
        }
        let broken = || {
            let broken = rules::broken_pipe(name);
            if self.kills(path, Signal(SIGPIPE)) { broken.and(self.end_touches(path)) } else { broken }
        };
        if !self.is_held(name, PipeEnd::Read) {
            return Look::ready(broken());
        }
        let room = pipe.room(wanted);
        let saw_room = pipe.written + wanted > ALWAYS_ROOM;
        let touches = |bytes| rules::pipe_write(name, pipe.written, bytes, saw_room);
        if room > 0 {
            return Look { room: Some(room), ..Look::ready(touches(room)) };
        }
        if nonblock {
            return Look::ready(touches(0));
        }
        let readers = Resource::PipeHeld(name.clone(), PipeEnd::Read);
        // If the readers go away, the writer gets SIGPIPE.
        let footprint = touches(wanted).and(broken());
        Look::blocked(vec![Resource::PipeRoom(name.clone()), readers], footprint)
    }

    /// Whether a read would not sleep, and what it takes to know that.
    pub(super) fn has_input(&self, name: &Name) -> (bool, Footprint) {
        let Some(pipe) = self.pipes.get(name) else { return (true, Footprint::nothing()) };
        if pipe.bytes() > 0 {
            let first = Resource::PipeData(name.clone(), crate::order::Span::new(pipe.taken, 1));
            let seen = Footprint::nothing().observes(Resource::PipeHead(name.clone())).observes(first);
            return (true, seen);
        }
        (!self.is_held(name, PipeEnd::Write), rules::pipe_read(name, pipe.taken, Found::NotYet))
    }

    /// Whether a write would not sleep, and what it takes to know that: room is a free slot.
    pub(super) fn has_room(&self, name: &Name) -> (bool, Footprint) {
        let Some(pipe) = self.pipes.get(name) else { return (true, Footprint::nothing()) };
        let free = pipe.slots.len() < SLOTS || !self.is_held(name, PipeEnd::Read);
        let seen = Footprint::nothing()
            .observes(Resource::PipeRoom(name.clone()))
            .observes(Resource::PipeTail(name.clone()))
            .observes(Resource::PipeHeld(name.clone(), PipeEnd::Read));
        (free, seen)
    }
}

/// What a write gets that nobody can read.
pub(super) const SIGPIPE: i32 = 13;
