//! Memory that threads share: which instructions touch it, and one such instruction at a time.
//!
//! ```text
//! first thread ─▶ a breakpoint at each instruction that touches memory
//!                    │ hit
//!                    ├─ known to touch what others touch, too ─▶ stays: a step of its own ─▶ its copy is run
//!                    └─ not known ─▶ noted ─▶ its copy is run
//! end ─▶ what was noted of different tasks meets, and one writes ─▶ known from the next exploration on
//! ```
//!
//! The real instruction is run, from a copy elsewhere; so flags and faults are the processor's own. An instruction that
//! reads, computes and writes without a lock is two steps: hardware promises no more. Before the second, what the first
//! has read is put back.
//!
//! Only the program's own code is watched. What libraries do between two calls is one step.

use super::machine::{Controlled, broken};
use super::standing::{At, Entry};
use crate::arch;
use crate::engine::snapshot;
use crate::sys::memory::{self, Memory};
use crate::sys::ptrace::{self, Resume, still_there};
use grader_explorer::Trouble;
use grader_program::accesses::{self, Instruction, ProgramCode, Touch};
use grader_trace::TaskPath;
use grader_trace::world::{Access, Answer, Ask};
use libc::{pid_t, user_regs_struct};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// Room for the copy of an instruction and a jump.
const SLOT_BYTES: u64 = 32;

/// How far before the program's code copies are put, at least.
const GAP: u64 = 1 << 20;

const BREAKPOINT: u8 = 0xcc;

/// What is known of a program's accesses.
#[derive(Debug, Default)]
pub(super) struct Watch {
    code: Option<ProgramCode>,
    /// Instructions that are steps of their own, by their place in the code.
    shared: BTreeSet<u64>,
    /// Those that will be.
    found: BTreeSet<u64>,
    /// The copies made so far: for each instruction, the number of its slot.
    slots: BTreeMap<u64, u64>,
    /// Where breakpoints are, in the execution under way.
    placed: Option<Placed>,
    /// What was touched in it: by whom, and by which instruction.
    noted: BTreeSet<Noted>,
}

#[derive(Debug, Clone, Copy)]
struct Placed {
    /// Where the code is.
    code: u64,
    /// Where copies of instructions are.
    copies: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Noted {
    from: u64,
    to: u64,
    task: TaskPath,
    writes: bool,
    place: u64,
}

/// A task stands before an instruction.
#[derive(Debug, Clone)]
pub(super) struct Before {
    registers: user_regs_struct,
    instruction: Instruction,
    /// Its place in the code.
    place: u64,
    touches: Vec<Touch>,
    /// What it has read, if it has done the first of its two steps.
    has_read: Option<Vec<u8>>,
}

impl Before {
    /// Whether it is done in two steps.
    fn is_split(&self) -> bool {
        let both = matches!(self.touches[..], [Touch { reads: true, writes: true, .. }]);
        both && !self.instruction.is_atomic()
    }

    pub(super) fn ask(&self) -> Ask {
        let first = self.is_split() && self.has_read.is_none();
        let access =
            |touch: &Touch| Access { at: touch.at, length: touch.length, writes: touch.writes && !first };
        Ask::Access(self.touches.iter().map(access).collect())
    }
}

impl Controlled<'_> {
    /// Accesses were found that are shared, and that were not steps of their own: from now on they are.
    pub fn finds_more(&mut self) -> bool {
        self.learns();
        let before = self.watch.shared.len();
        let found = std::mem::take(&mut self.watch.found);
        self.watch.shared.extend(found);
        self.watch.shared.len() > before
    }

    /// Which of the accesses noted meet, by different tasks, and one writes.
    pub(super) fn learns(&mut self) {
        let noted: Vec<Noted> = std::mem::take(&mut self.watch.noted).into_iter().collect();
        for (index, one) in noted.iter().enumerate() {
            for other in noted[index + 1..].iter().take_while(|other| other.from < one.to) {
                if one.task != other.task && (one.writes || other.writes) {
                    self.watch.found.extend([one.place, other.place]);
                }
            }
        }
        self.watch.placed = None;
    }

    /// A process is about to have its second thread, by the call at whose entry a task stands: from now on what its
    /// threads do to memory is watched.
    pub(super) fn watches_memory(&mut self, path: &TaskPath, entry: &Entry) -> Result<(), Trouble> {
        if self.watch.placed.is_some() {
            return Ok(());
        }
        let pid = self.task(path)?.pid;
        let program = fs::canonicalize(&self.launch.program).unwrap_or_default();
        if self.watch.code.is_none() {
            self.watch.code = accesses::code(&program);
        }
        let unknown = || Trouble::Unmodelled("it has threads, and its code cannot be read".into());
        let code = self.watch.code.as_ref().ok_or_else(unknown)?;
        let holds =
            |start: u64, end: u64, offset: u64| offset <= code.offset && code.offset < offset + (end - start);
        let modules = snapshot::modules(pid);
        let mut modules = modules.iter().filter(|module| module.executable && module.path == program);
        let module =
            modules.find(|module| holds(module.start, module.end, module.offset)).ok_or_else(unknown)?;
        let at = module.start + (code.offset - module.offset);
        let mut bytes = code.bytes.clone();
        code.touching.iter().for_each(|place| bytes[*place as usize] = BREAKPOINT);
        let room = SLOT_BYTES * code.touching.len() as u64;
        let copies = (module.start.saturating_sub(GAP + room)) & !0xfff;
        let answer =
            self.calls_instead(path, entry, |registers| arch::map_code_instead(registers, copies, room))?;
        if answer != Some(copies as i64) {
            return Err(Trouble::Broken(format!("{pid} has no room for copies of instructions: {answer:?}")));
        }
        self.watch.placed = Some(Placed { code: at, copies });
        let mut written = memory::write(pid, at, &bytes);
        for (place, slot) in self.watch.slots.clone() {
            written = written.and(self.writes_copy(pid, place, slot));
        }
        written.map_err(|error| Trouble::Broken(format!("setting breakpoints in {pid}: {error}")))
    }

    fn writes_copy(&self, pid: pid_t, place: u64, slot: u64) -> std::io::Result<()> {
        let (Some(code), Some(placed)) = (&self.watch.code, self.watch.placed) else { return Ok(()) };
        let instruction = Instruction::at(&code.bytes[place as usize..], placed.code + place);
        let copy =
            instruction.and_then(|instruction| instruction.displaced(placed.copies + slot * SLOT_BYTES));
        copy.map_or(Ok(()), |copy| memory::write(pid, placed.copies + slot * SLOT_BYTES, &copy))
    }

    /// A task has hit a breakpoint; whether it stays there. `None`: there was none.
    pub(super) fn hits(&mut self, path: &TaskPath) -> Result<Option<bool>, Trouble> {
        let (Some(placed), Some(code)) = (self.watch.placed, &self.watch.code) else { return Ok(None) };
        let Some(pid) = self.tasks.get(path).map(|task| task.pid) else { return Ok(None) };
        let registers = still_there("reading registers", ptrace::registers(pid)).map_err(broken)?;
        let Some(registers) = registers else { return Ok(Some(false)) };
        let address = arch::instruction(&registers).wrapping_sub(1);
        let place = address.wrapping_sub(placed.code);
        if code.touching.binary_search(&place).is_err() {
            return Ok(None);
        }
        let Some(instruction) = Instruction::at(&code.bytes[place as usize..], address) else {
            return Ok(None);
        };
        let touches = instruction.touches(&arch::values(&registers));
        let is_shared = self.world.shares_memory(path);
        if is_shared {
            let noted = |touch: &Touch| Noted {
                from: touch.at,
                to: touch.at.saturating_add(touch.length),
                task: path.clone(),
                writes: touch.writes,
                place,
            };
            self.watch.noted.extend(touches.iter().map(noted));
        }
        let before = Before { registers, instruction, place, touches, has_read: None };
        if is_shared && self.watch.shared.contains(&place) {
            self.task(path)?.at = At::Access(Box::new(before));
            return Ok(Some(true));
        }
        self.runs_copy(path, &before)?;
        Ok(Some(false))
    }

    /// A task does the access before which it stands, or the first half of it; whether it has gone on.
    pub(super) fn accesses(&mut self, path: &TaskPath, mut before: Box<Before>) -> Result<bool, Trouble> {
        let pid = self.task(path)?.pid;
        self.world.did(path, &before.ask(), Answer::Value(0));
        let touch = before.touches.first().copied().filter(|_| before.is_split());
        match (touch, before.has_read.take()) {
            (Some(touch), None) => {
                before.has_read = Some(Memory(pid).bytes(touch.at, touch.length as usize));
                self.task(path)?.at = At::Access(before);
                return Ok(false);
            }
            (Some(touch), Some(read)) => memory::write(pid, touch.at, &read)
                .map_err(|error| Trouble::Broken(format!("putting back what {pid} has read: {error}")))?,
            (None, _) => {}
        }
        self.runs_copy(path, &before)?;
        Ok(true)
    }

    /// A task goes on with an instruction at which there is a breakpoint.
    fn runs_copy(&mut self, path: &TaskPath, before: &Before) -> Result<(), Trouble> {
        let pid = self.task(path)?.pid;
        let Some(placed) = self.watch.placed else { return Ok(()) };
        let next = self.watch.slots.len() as u64;
        let slot = *self.watch.slots.entry(before.place).or_insert(next);
        if slot == next {
            self.writes_copy(pid, before.place, slot)
                .map_err(|error| Trouble::Broken(format!("copying an instruction of {pid}: {error}")))?;
        }
        let mut registers = before.registers;
        arch::go_to(&mut registers, placed.copies + slot * SLOT_BYTES);
        still_there("going to a copy", ptrace::set_registers(pid, &registers)).map_err(broken)?;
        self.resume(pid, Resume::Free, 0)
    }
}
