//! Memory that threads share: which instructions touch it, and one such instruction at a time.
//!
//! ```text
//! first thread ─▶ a breakpoint at each instruction that touches memory
//!                    │ hit
//!                    ├─ known to touch what others touch, too ─▶ stays: a step of its own ─▶ its copy is run
//!                    └─ not known ─▶ noted ─▶ its copy is run
//! end ─▶ what was noted of different tasks meets, in no certain order, and one writes ─▶ known from the next exploration on
//! ```
//!
//! The real instruction is run, from a copy elsewhere; so flags and faults are the processor's own. An instruction that
//! reads, computes and writes without a lock is two steps: hardware promises no more. Before the second, what the first
//! has read is put back.
//!
//! Only the program's own code is watched. What the functions of libraries do that it calls is known, or refused:
//! see `libraries`.

use super::breakpoints::{Copies, Texts};
use super::libraries::{Meaning, is_known_of_rust, meaning, no_model, of_rust};
use super::machine::{Controlled, broken};
use super::standing::{At, Entry, Frame, Lock};
use super::watch::{MOST_IN_A_ROW, Noted, Placed};
use crate::arch;
use crate::engine::{Begun, snapshot};
use crate::sys::memory::{self, Memory};
use crate::sys::ptrace::{self, Resume, still_there};
use grader_explorer::Trouble;
use grader_program::accesses::{self, Instruction, Touch};
use grader_program::imports::LibraryCall;
use grader_trace::world::{Access, Answer, Ask};
use grader_trace::{Operation, TaskId, TaskPath};
use libc::{pid_t, user_regs_struct};
use std::fs;
use std::ops::Range;
use std::sync::Arc;

/// How far before the program's code copies are put, at least.
const GAP: u64 = 1 << 20;

/// SIGTRAP in a mask of signals.
pub(super) const TRAP: u64 = 1 << (libc::SIGTRAP - 1);

/// A task stands before an instruction.
#[derive(Debug, Clone)]
pub(super) struct Before {
    pub(super) registers: user_regs_struct,
    does: Does,
    /// Its place in the code.
    place: u64,
    touches: Vec<Touch>,
    /// What it has read, if it has done the first of its two steps.
    has_read: Option<Vec<u8>>,
}

/// What the instruction before which a task stands does.
#[derive(Debug, Clone)]
enum Does {
    /// It touches memory.
    Touch(Instruction),
    /// It goes to a function of a library.
    Call(LibraryCall, Meaning),
    /// It goes to pthread_join, for this thread.
    Join(LibraryCall, TaskPath),
    /// It is the first of this function, which is part of the program, and of which is known what it comes to.
    Enter(String, Meaning),
}

impl Does {
    /// The function of a library that it goes to, and the lock, or the description of a thread, that this one is about.
    fn waits(&self, registers: &user_regs_struct) -> Option<(&str, Vec<Touch>)> {
        match self {
            Does::Call(LibraryCall { function, .. }, Meaning::Locks(touches))
            | Does::Enter(function, Meaning::Locks(touches)) => Some((function, touches.clone())),
            Does::Join(call, _) => {
                let [at, ..] = arch::first_arguments(registers);
                Some((&call.function, vec![Touch { at, length: 0, reads: true, writes: false }]))
            }
            _ => None,
        }
    }
}

/// What will be told of an access, once it is known.
pub(super) struct Told {
    begun: Begun,
    /// What is touched, and what was there, if it is read.
    touches: Vec<(Touch, Option<u64>)>,
}

impl Before {
    /// Whether it is done in two steps.
    fn is_split(&self) -> bool {
        let both = matches!(self.touches[..], [Touch { reads: true, writes: true, .. }]);
        both && matches!(&self.does, Does::Touch(instruction) if !instruction.is_atomic())
    }

    /// The thread for whose end it is about to wait.
    pub(super) fn joins(&self) -> Option<&TaskPath> {
        match &self.does {
            Does::Join(_, thread) => Some(thread),
            _ => None,
        }
    }

    pub(super) fn ask(&self) -> Ask {
        if let Does::Join(_, thread) = &self.does {
            return Ask::Join(thread.clone());
        }
        if let Does::Call(call, Meaning::Streams) = &self.does {
            return Ask::Anything(call.function.clone());
        }
        let first = self.is_split() && self.has_read.is_none();
        let access =
            |touch: &Touch| Access { at: touch.at, length: touch.length, writes: touch.writes && !first };
        Ask::Access(self.touches.iter().map(access).collect())
    }
}

impl Controlled<'_> {
    /// Whether it is known by now that there is more to watch than was watched.
    pub fn has_found_more(&mut self) -> bool {
        self.watch.has_found_more()
    }

    /// Accesses were found that are shared, and that were not steps of their own: from now on they are.
    pub fn finds_more(&mut self) -> bool {
        self.watch.finds_more()
    }

    /// A process is about to have its second thread, by the call at whose entry a task stands: from now on what its
    /// threads do to memory is watched.
    pub(super) fn watches_memory(&mut self, path: &TaskPath, entry: &Entry) -> Result<(), Trouble> {
        let pid = self.task(path)?.pid;
        if self.watch.placed.is_some() {
            return if self.watch.is_on { Ok(()) } else { self.sets_breakpoints(pid, true) };
        }
        let program = fs::canonicalize(&self.launch.program).unwrap_or_default();
        if self.watch.code.is_none() {
            self.watch.code = accesses::code(&program, is_known_of_rust).map(Arc::new);
        }
        let unknown = || Trouble::Unmodelled("it has threads, and its code cannot be read".into());
        if snapshot::has_code_in_no_file(pid) {
            return Err(Trouble::Unmodelled("it has threads, and code that it has made itself".into()));
        }
        let code = self.watch.code.as_ref().ok_or_else(unknown)?;
        let holds =
            |start: u64, end: u64, offset: u64| offset <= code.offset && code.offset < offset + (end - start);
        let modules = snapshot::modules(pid);
        let mut modules = modules.iter().filter(|module| module.executable && module.path == program);
        let module =
            modules.find(|module| holds(module.start, module.end, module.offset)).ok_or_else(unknown)?;
        let at = module.start + (code.offset - module.offset);
        let code = code.clone();
        let room = Copies::room(&code);
        let copies = (module.start.saturating_sub(GAP + room)) & !0xfff;
        let answer =
            self.calls_instead(path, entry, |registers| arch::map_code_instead(registers, copies, room))?;
        if answer != Some(copies as i64) {
            return Err(Trouble::Broken(format!("{pid} has no room for copies of instructions: {answer:?}")));
        }
        self.task(path)?.own_stack = Some(first_stack(arch::stack(&entry.registers)));
        self.watch.placed = Some(Placed { code: at });
        let written = self.watch.copies.write(pid, at, copies);
        written.map_err(|error| Trouble::Broken(format!("writing copies into {pid}: {error}")))?;
        self.sets_breakpoints(pid, true)
    }

    /// From now on what is touched is watched, or not any more.
    pub(super) fn sets_breakpoints(&mut self, pid: pid_t, watched: bool) -> Result<(), Trouble> {
        let (Some(placed), Some(code)) = (self.watch.placed, &self.watch.code) else { return Ok(()) };
        let frames = self.watch.frames;
        let texts = self.watch.texts.get_or_insert_with(|| Texts::new(code, frames));
        let text = if watched { &texts.watched } else { &texts.quiet };
        self.watch.is_on = watched;
        memory::write(pid, placed.code, text)
            .map_err(|error| Trouble::Broken(format!("setting breakpoints in {pid}: {error}")))
    }

    /// A task has hit a breakpoint; whether it stays there. `None`: there was none.
    pub(super) fn hits(&mut self, path: &TaskPath) -> Result<Option<bool>, Trouble> {
        let (Some(placed), Some(code)) = (self.watch.placed, self.watch.code.clone()) else {
            return Ok(None);
        };
        let Some(pid) = self.tasks.get(path).map(|task| task.pid) else { return Ok(None) };
        let registers = still_there("reading registers", ptrace::registers(pid)).map_err(broken)?;
        let Some(registers) = registers else { return Ok(Some(false)) };
        let address = arch::instruction(&registers).wrapping_sub(1);
        let place = address.wrapping_sub(placed.code);
        let is_inside = self.is_inside(path, &registers)?;
        let is_shared = self.world.shares_memory(path) && !is_inside;
        let (does, touches) = if let Some(call) = code.calls.get(&place) {
            let meaning = meaning(&call.function, arch::first_arguments(&registers));
            let touches = match &meaning {
                Meaning::Touches(touches) | Meaning::Locks(touches) => touches.clone(),
                Meaning::Unknown if is_shared => return Err(no_model(&call.function)),
                Meaning::Unknown | Meaning::Private | Meaning::Streams | Meaning::Joins(_) => Vec::new(),
            };
            let joined = match meaning {
                Meaning::Joins(number) if !is_inside => self.joined(path, number),
                _ => None,
            };
            let does = match joined {
                Some(thread) => Does::Join(call.clone(), thread),
                None => Does::Call(call.clone(), meaning),
            };
            (does, touches)
        } else if let Some(instruction) = Instruction::at(&code.bytes[place as usize..], address) {
            let function = code.functions.get(&place).filter(|_| !is_inside);
            if let Some(function) = function {
                let meaning = of_rust(&function.name, arch::first_arguments(&registers));
                let touches = match &meaning {
                    Meaning::Locks(touches) => touches.clone(),
                    _ => Vec::new(),
                };
                (Does::Enter(function.name.clone(), meaning), touches)
            } else if code.touches(place) || code.functions.contains_key(&place) {
                let touches = instruction.touches(&arch::values(&registers));
                (Does::Touch(instruction), touches)
            } else {
                return Ok(None);
            }
        } else {
            return Ok(None);
        };
        if !is_inside {
            self.is_back_from_a_library(path)?;
        }
        if self.task(path)?.blocks_trap {
            // The kernel lets SIGTRAP through, for it cannot wait, and forgets that it was held back.
            let mask = ptrace::signal_mask(pid).unwrap_or(0) | TRAP;
            still_there("holding back SIGTRAP", ptrace::set_signal_mask(pid, mask)).map_err(broken)?;
        }
        if is_shared {
            self.leaves_own_stack(path, arch::stack(&registers));
            touches.iter().for_each(|touch| self.touches_stacks(path, touch.at, touch.length));
            let when = self.watch.operations.now(path);
            let noted = |touch: &Touch| Noted {
                from: touch.at,
                to: touch.at.saturating_add(touch.length),
                when: when.clone(),
                writes: touch.writes,
                place,
            };
            self.watch.noted.extend(touches.iter().map(noted));
        }
        let always = does.waits(&registers).is_some() || matches!(does, Does::Call(_, Meaning::Streams));
        let joins = matches!(does, Does::Join(..));
        let before = Before { registers, does, place, touches, has_read: None };
        if joins || is_shared && (always || self.watch.shared.contains(&place)) {
            self.watch.begins_a_row();
            self.task(path)?.at = At::Access(Box::new(before));
            return Ok(Some(true));
        }
        if self.watch.counts_in_a_row(place, is_shared) {
            return Err(Trouble::Endless(format!(
                "‹{path}› touches memory more than {MOST_IN_A_ROW} times in a row that nobody else touches"
            )));
        }
        self.goes_on_behind(path, &before)?;
        Ok(Some(false))
    }

    /// A task goes on with the instruction before which it stands.
    fn goes_on_behind(&mut self, path: &TaskPath, before: &Before) -> Result<(), Trouble> {
        if self.task(path)?.inside.is_none() {
            self.comes_to_wait(path, before, false)?;
        }
        match &before.does {
            Does::Touch(_) => self.runs_copy(path, before),
            Does::Call(call, _) | Does::Join(call, _) => self.calls_library(path, before, call),
            Does::Enter(..) => {
                let stack = arch::stack(&before.registers);
                let task = self.task(path)?;
                task.inside = Memory(task.pid).u64(stack).map(|returns_to| Frame { stack, returns_to });
                self.runs_copy(path, before)
            }
        }
    }

    /// A task comes to a call of a library that may have to wait; `sleeps`: it does.
    pub(super) fn comes_to_wait(
        &mut self,
        path: &TaskPath,
        before: &Before,
        sleeps: bool,
    ) -> Result<(), Trouble> {
        let Some((function, touches)) = before.does.waits(&before.registers) else { return Ok(()) };
        if self.task(path)?.lock.is_none() {
            let begun = self.recorder.begin();
            self.keep_snapshot(path, begun.stamp, &before.registers)?;
            self.task(path)?.lock = Some(Lock { touches, function: function.into(), begun, slept: sleeps });
        }
        Ok(())
    }

    /// Whether a task is still in a function in which what it touches is its own affair.
    fn is_inside(&mut self, path: &TaskPath, registers: &user_regs_struct) -> Result<bool, Trouble> {
        let task = self.task(path)?;
        let Some(Frame { stack, returns_to }) = task.inside else { return Ok(false) };
        let now = arch::stack(registers);
        let is_inside = now < stack && Memory(task.pid).u64(stack) == Some(returns_to);
        if !is_inside {
            task.inside = None;
        }
        Ok(is_inside)
    }

    /// A task is about to do the access before which it stands: what will be told of it.
    pub(super) fn begins_access(&mut self, path: &TaskPath, before: &Before) -> Result<Told, Trouble> {
        let begun = self.recorder.begin();
        self.keep_snapshot(path, begun.stamp, &before.registers)?;
        let pid = self.task(path)?.pid;
        let first = before.is_split() && before.has_read.is_none();
        let second = before.is_split() && !first;
        let does = matches!(before.does, Does::Touch(_));
        let touches = before.touches.iter().filter(|_| does).map(|touch| {
            let touch = Touch { reads: touch.reads && !second, writes: touch.writes && !first, ..*touch };
            (touch, if touch.reads { number(pid, &touch) } else { None })
        });
        Ok(Told { begun, touches: touches.collect() })
    }

    /// The access is done, and its task stands somewhere else.
    pub(super) fn tells_access(&mut self, path: &TaskPath, id: TaskId, told: Told) {
        let process = self.world.process_of(path).clone();
        let alive = self.tasks.get(path).or_else(|| self.tasks.get(&process)).map(|task| task.pid);
        for (Touch { at, length, reads, writes }, before) in told.touches {
            let touch = Touch { at, length, reads, writes };
            let after = alive.filter(|_| writes).and_then(|pid| number(pid, &touch));
            let access = Operation::Access { at, length, reads, writes, before, after };
            self.recorder.end(id, told.begun.clone(), access, false);
        }
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
        self.goes_on_behind(path, &before)?;
        Ok(true)
    }

    /// A task goes on with an instruction at which there is a breakpoint.
    fn runs_copy(&mut self, path: &TaskPath, before: &Before) -> Result<(), Trouble> {
        let pid = self.task(path)?.pid;
        let Some(code) = self.watch.code.clone() else { return Ok(()) };
        let copy = self.watch.copies.of(pid, &code, before.place);
        let copy =
            copy.map_err(|error| Trouble::Broken(format!("copying an instruction of {pid}: {error}")))?;
        let mut registers = before.registers;
        arch::go_to(&mut registers, copy);
        still_there("going to a copy", ptrace::set_registers(pid, &registers)).map_err(broken)?;
        self.resume(pid, Resume::Free, 0)
    }
}

/// Where the stack is of a process's first thread, which has come this far with it: it is the last thing in memory.
fn first_stack(now: u64) -> Range<u64> {
    const MOST_BYTES: u64 = 64 << 20;
    now.saturating_sub(MOST_BYTES)..u64::MAX
}

/// What is in memory, if it is a number.
fn number(pid: pid_t, touch: &Touch) -> Option<u64> {
    let mut number = [0; 8];
    let length = (1..=8).contains(&touch.length).then_some(touch.length as usize)?;
    let bytes = Memory(pid).bytes(touch.at, length);
    number.get_mut(..length)?.copy_from_slice(bytes.get(..length)?);
    Some(u64::from_le_bytes(number))
}
