//! From the innermost frame outwards: the return addresses of a stopped task.
//!
//! Where a file says nothing about a frame, two guesses are tried, and believed
//! only if they lead back into mapped code: a return address at the stack
//! pointer, with a call before it (an assembler routine that has touched
//! nothing yet), and the chain of frame pointers.

use crate::cfi::{Caller, NoCaller};
use crate::instructions::{ends_with_call, ends_with_system_call};
use crate::programs::{Program, Programs};
use crate::registers::{FRAME_POINTER, INSTRUCTION, Memory, Registers, STACK_POINTER};
use grader_trace::{Module, Snapshot};
use std::sync::Arc;

/// A stack of more frames is cut: a report shows a handful.
const MOST_FRAMES: usize = 512;

/// A place in the code of one frame.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Where the task is, or returns to.
    pub address: u64,
    /// The file it is in, and the address there, as linked, of the instruction that is under way.
    pub code: Option<(Arc<Program>, u64)>,
    /// The mapping it is in.
    pub module: Option<usize>,
}

/// All frames of a stopped task that the copied stack holds, the innermost first.
pub(crate) fn walk(programs: &Programs, snapshot: &Snapshot) -> Vec<Place> {
    let mut walker = Walker { snapshot, memory: Memory::of(snapshot), files: Files::new(programs, snapshot) };
    let mut registers = Registers::of(snapshot);
    let mut position = Position::Stopped;
    let mut places = Vec::new();
    while let Some(address) = registers.get(INSTRUCTION)
        && places.len() < MOST_FRAMES
    {
        let module = walker.module(address);
        let code = module.and_then(|index| walker.files.code(index, address));
        let instruction = |(program, linked): &(Arc<Program>, u64)| {
            (Arc::clone(program), position.instruction(program, *linked))
        };
        places.push(Place { address, code: code.as_ref().map(instruction), module });
        let Some(caller) = walker.caller(address, position, code.as_ref(), &registers) else { break };
        // Callers lie higher, but for two: one interrupted on another stack, and the caller of vfork,
        // which takes its return address off the stack for the time of the call.
        let (above, here) = (caller.registers.get(STACK_POINTER), registers.get(STACK_POINTER));
        if above <= here && !caller.interrupted && !(position == Position::Stopped && above == here) {
            break;
        }
        position = if caller.interrupted { Position::Interrupted } else { Position::Called };
        registers = caller.registers;
    }
    places
}

/// How a frame came to be where it is. The address is that of the next instruction in all cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    /// The innermost frame: it has called the kernel, or a signal ends it in the middle of its work.
    Stopped,
    /// It has called a function. The next instruction may belong to another one, if this call never returns.
    Called,
    /// The kernel has interrupted it, for a signal.
    Interrupted,
}

impl Position {
    /// An address within the instruction that is under way.
    fn instruction(self, program: &Program, address: u64) -> u64 {
        let in_system_call = || program.code_before(address).is_some_and(|code| ends_with_system_call(&code));
        match self {
            Position::Stopped if in_system_call() => address.wrapping_sub(1),
            Position::Stopped | Position::Interrupted => address,
            Position::Called => address.wrapping_sub(1),
        }
    }

    /// The address whose call frame information holds. What a system call does to a frame, it has done.
    fn frame(self, address: u64) -> u64 {
        match self {
            Position::Stopped | Position::Interrupted => address,
            Position::Called => address.wrapping_sub(1),
        }
    }
}

struct Walker<'a> {
    snapshot: &'a Snapshot,
    memory: Memory<'a>,
    files: Files<'a>,
}

impl Walker<'_> {
    fn caller(
        &mut self,
        address: u64,
        position: Position,
        code: Option<&(Arc<Program>, u64)>,
        registers: &Registers,
    ) -> Option<Caller> {
        if let Some((program, linked)) = code {
            let bias = address.wrapping_sub(*linked);
            match program.caller(position.frame(*linked), bias, registers, self.memory) {
                Ok(caller) => return Some(caller),
                Err(NoCaller::Outermost | NoCaller::Lost) => return None,
                Err(NoCaller::Unlisted) => {}
            }
        }
        if position == Position::Stopped
            && let Some(caller) = self.untouched_stack(registers)
        {
            return Some(caller);
        }
        self.frame_pointer(registers)
    }

    /// A routine that has pushed nothing: the return address is on top of the stack.
    fn untouched_stack(&mut self, registers: &Registers) -> Option<Caller> {
        let top = registers.get(STACK_POINTER)?;
        let back = self.memory.word(top)?;
        let (program, linked) = self.module(back).and_then(|index| self.files.code(index, back))?;
        if !ends_with_call(&program.code_before(linked)?) {
            return None;
        }
        let mut caller = *registers;
        caller.set(STACK_POINTER, top.checked_add(8));
        caller.set(INSTRUCTION, Some(back));
        Some(Caller { registers: caller, interrupted: false })
    }

    /// A function that keeps the address of its frame in a register, and its caller's on the stack.
    fn frame_pointer(&self, registers: &Registers) -> Option<Caller> {
        let frame = registers.get(FRAME_POINTER)?;
        if frame % 8 != 0 || frame < registers.get(STACK_POINTER)? {
            return None;
        }
        let back = self.memory.word(frame.checked_add(8)?)?;
        self.module(back)?;
        let mut caller = Registers::unknown();
        caller.set(FRAME_POINTER, self.memory.word(frame));
        caller.set(STACK_POINTER, frame.checked_add(16));
        caller.set(INSTRUCTION, Some(back));
        Some(Caller { registers: caller, interrupted: false })
    }

    /// The mapped code that an address is in.
    fn module(&self, address: u64) -> Option<usize> {
        let holds = |module: &Module| module.executable && (module.start..module.end).contains(&address);
        self.snapshot.modules.iter().position(holds)
    }
}

/// The files of the mappings met on the way, each asked for once.
struct Files<'a> {
    programs: &'a Programs,
    modules: &'a [Module],
    met: Vec<(usize, Option<Arc<Program>>)>,
}

impl<'a> Files<'a> {
    fn new(programs: &'a Programs, snapshot: &'a Snapshot) -> Files<'a> {
        Files { programs, modules: &snapshot.modules, met: Vec::new() }
    }

    /// The file behind a mapping, and where an address of it is in the file as linked.
    fn code(&mut self, index: usize, address: u64) -> Option<(Arc<Program>, u64)> {
        let module = self.modules.get(index)?;
        let program = match self.met.iter().find(|(met, _)| *met == index) {
            Some((_, program)) => program.clone(),
            None => {
                let program = self.programs.program(&module.path);
                self.met.push((index, program.clone()));
                program
            }
        }?;
        let linked = program.linked(address.checked_sub(module.start)?.checked_add(module.offset)?)?;
        Some((program, linked))
    }
}
