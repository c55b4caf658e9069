//! A program's code with breakpoints, and copies of its instructions to run: made once, and written for each execution.

use super::libraries::{Meaning, meaning};
use crate::sys::memory;
use grader_program::accesses::{Instruction, ProgramCode};
use grader_trace::sorted::SortedMap;
use libc::pid_t;
use std::io;

/// Room for the copy of an instruction and a jump.
const SLOT_BYTES: usize = 32;

const BREAKPOINT: u8 = 0xcc;

/// The code, as it is while there are threads, and while there are none any more.
#[derive(Debug)]
pub(super) struct Texts {
    /// With a breakpoint wherever something could be touched that is shared.
    pub(super) watched: Vec<u8>,
    /// With one at each call of a function that waits for a thread.
    pub(super) quiet: Vec<u8>,
}

impl Texts {
    /// `frames`: what functions do with their own frames is watched, too.
    pub(super) fn new(code: &ProgramCode, frames: bool) -> Texts {
        let is_in_known = |place: &u64| {
            let before = code.functions.range(..=place).next_back();
            before.is_some_and(|(start, function)| place - start < function.length)
        };
        let joins = |function: &str| matches!(meaning(function, [0; 3]), Meaning::Joins(_));
        let frame = code.touching.frame.iter().filter(|_| frames);
        let calls = code.calls.keys();
        let anywhere =
            code.touching.anywhere.iter().chain(frame).chain(calls).filter(|place| !is_in_known(place));
        let mut texts = Texts { watched: code.bytes.clone(), quiet: code.bytes.clone() };
        for place in anywhere.chain(code.functions.keys()) {
            texts.watched[*place as usize] = BREAKPOINT;
        }
        for (place, _) in code.calls.iter().filter(|(_, call)| joins(&call.function)) {
            texts.quiet[*place as usize] = BREAKPOINT;
        }
        texts
    }
}

/// The copies of instructions, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Copies {
    /// For each instruction, by its place in the code, the number of its copy.
    slots: SortedMap<u64, usize>,
    bytes: Vec<u8>,
    /// Where the code is, and the copies, for which these are made.
    made_for: (u64, u64),
}

impl Copies {
    /// How much room all copies would take.
    pub(super) fn room(code: &ProgramCode) -> u64 {
        let places = code.touching.anywhere.len() + code.touching.frame.len() + code.functions.len();
        (SLOT_BYTES * places) as u64
    }

    /// Writes all copies made so far into a process whose code is at `code`, and which has room for them at `to`.
    pub(super) fn write(&mut self, pid: pid_t, code: u64, to: u64) -> io::Result<()> {
        if self.made_for != (code, to) {
            *self = Copies { made_for: (code, to), ..Copies::default() };
        }
        if self.bytes.is_empty() { Ok(()) } else { memory::write(pid, to, &self.bytes) }
    }

    /// Where the copy of an instruction is. It is made and written, if there is none yet.
    pub(super) fn of(&mut self, pid: pid_t, program: &ProgramCode, place: u64) -> io::Result<u64> {
        let (code, to) = self.made_for;
        if let Some(slot) = self.slots.get(&place) {
            return Ok(to + (slot * SLOT_BYTES) as u64);
        }
        let at = to + self.bytes.len() as u64;
        let instruction = Instruction::at(&program.bytes[place as usize..], code + place);
        let Some(mut copy) = instruction.and_then(|instruction| instruction.displaced(at)) else {
            return Err(io::Error::other("an instruction cannot be run elsewhere"));
        };
        copy.resize(SLOT_BYTES, BREAKPOINT);
        memory::write(pid, at, &copy)?;
        self.slots.insert(place, self.bytes.len() / SLOT_BYTES);
        self.bytes.extend(copy);
        Ok(at)
    }
}
