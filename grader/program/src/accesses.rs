//! Instructions that touch memory: where they are in a program's code, what they touch, and how to run one elsewhere.
//!
//! ```text
//! code ─▶ touching ─▶ addresses ─▶ breakpoints; a task stands at one ─▶ Instruction::at ─▶ touches: which bytes, how
//!                                                                                     └─▶ displaced: a copy to run
//! ```
//!
//! The stack is touched by calls, pushes and pops, too; those are left out: what they touch is the top of a task's own
//! stack, below which nobody keeps anything.

use crate::elf::{Elf, SEGMENT_LOAD, SEGMENT_RELRO, Segment};
use crate::imports::{self, LibraryCall};
use crate::symbols::{self, Function};
use grader_trace::sorted::SortedMap;
use iced_x86::{
    Code, Decoder, DecoderOptions, FlowControl, InstructionInfoFactory, InstructionInfoOptions, Mnemonic,
    OpAccess, Register, UsedMemory,
};
use std::fs::File;
use std::path::Path;

/// Larger programs are not those of a course.
const MOST_CODE_BYTES: u64 = 64 << 20;

/// What a task's registers hold, as far as addresses are made of them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Values {
    /// By their numbers in machine code: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 … r15.
    pub general: [u64; 16],
    /// Where the segment FS begins: thread-local storage.
    pub fs: u64,
    /// Where the segment GS begins.
    pub gs: u64,
}

/// Bytes that an instruction touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch {
    /// The address of the first.
    pub at: u64,
    /// How many.
    pub length: u64,
    /// What they are matters to the instruction.
    pub reads: bool,
    /// They may be others afterwards.
    pub writes: bool,
}

/// An instruction, at an address.
#[derive(Debug, Clone)]
pub struct Instruction {
    decoded: iced_x86::Instruction,
    bytes: Vec<u8>,
    /// Where in its bytes the distance to its operand is kept, if that is counted from the instruction's end.
    distance_at: Option<usize>,
}

/// Where in a piece of code the instructions begin that touch memory other than the top of the stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touching {
    /// Those that go by an address that was computed.
    pub anywhere: Vec<u64>,
    /// Those that go by a fixed distance from the top of the stack, or from where a function's frame begins: they touch
    /// the stack of the task that runs them.
    pub frame: Vec<u64>,
}

/// The addresses of the instructions in a piece of code, which is at `address`, that touch memory; but for those that read
/// what nobody writes, by a distance from themselves: `is_constant`.
pub fn touching(code: &[u8], address: u64, is_constant: impl Fn(u64) -> bool) -> Touching {
    let mut info = InstructionInfoFactory::new();
    let mut found = Touching::default();
    let decoder = Decoder::with_ip(64, code, address, DecoderOptions::NONE);
    // Whether rbp tells where the frame begins: from `mov rbp, rsp` until whatever else changes it.
    let mut has_frame = false;
    for instruction in decoder {
        if is_movable(&instruction) && !instruction.is_stack_instruction() {
            let used = info.info_options(&instruction, InstructionInfoOptions::NO_REGISTER_USAGE);
            let mut memory = used
                .used_memory()
                .iter()
                .filter(|used| used.access() != OpAccess::None && used.access() != OpAccess::NoMemAccess);
            let is_in_frame = |used: &UsedMemory| {
                let starts = used.base() == Register::RSP || has_frame && used.base() == Register::RBP;
                starts && used.index() == Register::None && used.segment() != Register::FS
            };
            let reads_constant = instruction.is_ip_rel_memory_operand()
                && is_constant(instruction.ip_rel_memory_address())
                && used.used_memory().iter().all(|used| used.access() == OpAccess::Read);
            if let Some(first) = memory.next().filter(|_| !reads_constant) {
                let is_in_frame = is_in_frame(first) && memory.all(is_in_frame);
                let found = if is_in_frame { &mut found.frame } else { &mut found.anywhere };
                found.push(instruction.ip());
            }
        }
        if may_change_rbp(&instruction) {
            has_frame = instruction.mnemonic() == Mnemonic::Mov
                && instruction.op0_register() == Register::RBP
                && instruction.op1_register() == Register::RSP;
        }
    }
    found
}

/// Calls do not: the ABI has their functions put it back.
fn may_change_rbp(instruction: &iced_x86::Instruction) -> bool {
    let is_rbp = |register: Register| register.full_register() == Register::RBP;
    let exchanges = matches!(instruction.mnemonic(), Mnemonic::Xchg | Mnemonic::Xadd);
    is_rbp(instruction.op0_register())
        || exchanges && is_rbp(instruction.op1_register())
        || matches!(instruction.mnemonic(), Mnemonic::Leave | Mnemonic::Enter)
        || instruction.flow_control() == FlowControl::Return
}

/// A program's own code: all that its file has of it, mapped in one piece.
#[derive(Debug, Clone)]
pub struct ProgramCode {
    /// Where it begins in the file.
    pub offset: u64,
    /// Where the linker put its beginning.
    pub address: u64,
    /// The machine code.
    pub bytes: Vec<u8>,
    /// Where the instructions begin that touch memory, counted from the beginning of the code.
    pub touching: Touching,
    /// Where the instructions begin that go to functions of libraries, counted the same.
    pub calls: SortedMap<u64, LibraryCall>,
    /// Where the functions begin that were asked for, with their names, counted the same.
    pub functions: SortedMap<u64, Function>,
}

impl ProgramCode {
    /// Whether an instruction begins there that touches memory.
    pub fn touches(&self, place: u64) -> bool {
        let Touching { anywhere, frame } = &self.touching;
        anywhere.binary_search(&place).is_ok() || frame.binary_search(&place).is_ok()
    }
}

/// The code of a program, without what it has of other files; `None` if it cannot be read. `wanted`: of which of its
/// functions it is told where they begin.
pub fn code(program: &Path, wanted: impl Fn(&str) -> bool) -> Option<ProgramCode> {
    let elf = Elf::read(File::open(program).ok()?).ok()?;
    let text = elf.section(".text")?;
    let holds = |segment: &&Segment| {
        segment.kind == SEGMENT_LOAD
            && segment.executable
            && (segment.offset..segment.offset + segment.file_bytes).contains(&text.offset)
    };
    let segment = *elf.segments.iter().find(holds)?;
    let bytes = elf.bytes_at(segment.offset, segment.file_bytes, MOST_CODE_BYTES).ok()?;
    let slots = imports::slots(&elf);
    let (mut touching, mut calls) = (Touching::default(), SortedMap::new());
    for section in elf.sections.iter().filter(|section| is_code(&section.name)) {
        let Some(from) = section.address.checked_sub(segment.address) else { continue };
        let Some(code) = bytes.get(from as usize..).and_then(|rest| rest.get(..section.size as usize)) else {
            continue;
        };
        if section.name == ".text" {
            touching =
                self::touching(code, from, |place| is_constant(&elf, segment.address.wrapping_add(place)));
        }
        let found = imports::calls(code, section.address, &slots);
        calls.extend(found.into_iter().map(|(at, call)| (at - segment.address, call)));
    }
    let functions = symbols::functions(&elf, wanted).into_iter().filter_map(|(address, name)| {
        let place = address.checked_sub(segment.address)?;
        let first = Instruction::at(bytes.get(place as usize..)?, 0);
        first.map(|_| (place, name))
    });
    let functions = functions.collect();
    Some(ProgramCode { offset: segment.offset, address: segment.address, bytes, touching, calls, functions })
}

/// Whether nobody writes to an address once the program has started, unless it changes what it may write to.
fn is_constant(elf: &Elf, address: u64) -> bool {
    let holds =
        |segment: &&Segment| address >= segment.address && address - segment.address < segment.file_bytes;
    let mut segments = elf.segments.iter().filter(holds);
    segments.any(|segment| segment.kind == SEGMENT_RELRO || segment.kind == SEGMENT_LOAD && !segment.writable)
}

/// The program's own code, and the stubs by which it calls functions of libraries.
fn is_code(section: &str) -> bool {
    section == ".text" || section.starts_with(".plt")
}

/// Whether an instruction could be run elsewhere and then go on behind itself.
fn is_movable(instruction: &iced_x86::Instruction) -> bool {
    !instruction.is_invalid()
        && instruction.flow_control() == FlowControl::Next
        && instruction.code() != Code::Syscall
}

impl Instruction {
    /// The instruction that begins at an address, whose first bytes are these, if it could be run elsewhere and then go on
    /// behind itself.
    pub fn at(code: &[u8], address: u64) -> Option<Instruction> {
        let mut decoder = Decoder::with_ip(64, code, address, DecoderOptions::NONE);
        let decoded = decoder.decode();
        let distance_at = decoded
            .is_ip_rel_memory_operand()
            .then(|| decoder.get_constant_offsets(&decoded).displacement_offset());
        let bytes = code.get(..decoded.len())?.to_vec();
        is_movable(&decoded).then_some(Instruction { decoded, bytes, distance_at })
    }

    /// How many bytes it takes.
    pub fn length(&self) -> u64 {
        self.decoded.len() as u64
    }

    /// Whether nobody else can touch the memory between its reading and its writing: it is locked, or an exchange.
    pub fn is_atomic(&self) -> bool {
        self.decoded.has_lock_prefix() || matches!(self.decoded.mnemonic(), Mnemonic::Xchg)
    }

    /// What it touches, if registers hold these values.
    pub fn touches(&self, values: &Values) -> Vec<Touch> {
        let mut info = InstructionInfoFactory::new();
        let used = info.info_options(&self.decoded, InstructionInfoOptions::NO_REGISTER_USAGE);
        let touches = used.used_memory().iter().filter_map(|memory| {
            let (reads, writes) = match memory.access() {
                OpAccess::Read | OpAccess::CondRead => (true, false),
                OpAccess::Write | OpAccess::CondWrite => (false, true),
                OpAccess::ReadWrite | OpAccess::ReadCondWrite => (true, true),
                _ => return None,
            };
            let at = memory.virtual_address(0, |register, _, _| Some(value(values, register)))?;
            let size = memory.memory_size().size().max(self.decoded.memory_size().size()) as u64;
            let (at, length) = self.repeated(values, at, size);
            Some(Touch { at, length, reads, writes })
        });
        touches.collect()
    }

    /// A string instruction touches as many elements as rcx says, upwards or downwards.
    fn repeated(&self, values: &Values, at: u64, size: u64) -> (u64, u64) {
        if !self.decoded.is_string_instruction()
            || !(self.decoded.has_rep_prefix() || self.decoded.has_repne_prefix())
        {
            return (at, size);
        }
        (at, size.saturating_mul(values.general[1]))
    }

    /// Code that does at `to` what the instruction does where it is, and then goes on behind it. `None` if it cannot be
    /// written there: too far away.
    pub fn displaced(&self, to: u64) -> Option<Vec<u8>> {
        const JUMP: u8 = 0xe9;
        const JUMP_BYTES: u64 = 5;
        let length = self.length();
        let mut code = self.bytes.clone();
        if let Some(at) = self.distance_at {
            let distance = distance(to + length, self.decoded.ip_rel_memory_address())?;
            code.get_mut(at..at + 4)?.copy_from_slice(&distance.to_le_bytes());
        }
        let back = distance(to + length + JUMP_BYTES, self.decoded.next_ip())?;
        code.push(JUMP);
        code.extend(back.to_le_bytes());
        Some(code)
    }
}

/// How far it is from one address to another, if an instruction can say that.
fn distance(from: u64, to: u64) -> Option<i32> {
    i32::try_from(to.wrapping_sub(from) as i64).ok()
}

fn value(values: &Values, register: Register) -> u64 {
    match register {
        Register::None => 0,
        Register::ES | Register::CS | Register::SS | Register::DS => 0,
        Register::FS => values.fs,
        Register::GS => values.gs,
        _ => {
            let full = values.general[register.full_register().number()];
            match register.size() {
                8 => full,
                4 => full & 0xffff_ffff,
                _ => full & 0xffff,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// mov eax,[rbx+4] · add dword [rip+0x10],1 · lock inc dword [rsi] · push rax · mov fs:[0x28],rax · lea rax,[rsp] ·
    /// rep stosq · ret
    const CODE: [u8; 42] = [
        0x8b, 0x43, 0x04, 0x83, 0x05, 0x10, 0, 0, 0, 1, 0xf0, 0xff, 0x06, 0x50, 0x64, 0x48, 0x89, 0x04, 0x25,
        0x28, 0, 0, 0, 0x48, 0x8d, 0x04, 0x24, 0xf3, 0x48, 0xab, 0xc3, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
        0x90, 0x90, 0x90, 0x90, 0x90,
    ];
    const AT: u64 = 0x40_0000;

    fn instruction(offset: u64) -> Instruction {
        Instruction::at(&CODE[offset as usize..], AT + offset).expect("an instruction")
    }

    fn values() -> Values {
        let mut values = Values { fs: 0x7000, ..Values::default() };
        (values.general[1], values.general[3], values.general[6], values.general[7]) =
            (3, 0x1000, 0x2000, 0x3000);
        values
    }

    #[test]
    fn what_touches_memory_is_found_and_calls_pushes_and_addresses_are_not() {
        let found = touching(&CODE[..31], AT, |_| false);
        assert_eq!(
            (found.anywhere, found.frame),
            ([0, 3, 10, 14, 27].map(|offset| AT + offset).to_vec(), vec![])
        );
    }

    #[test]
    fn a_frame_is_what_a_function_has_of_the_stack_at_fixed_places() {
        // push rbp · mov rbp,rsp · mov eax,[rbp-4] · mov eax,[rsp+8] · mov eax,[rbp+rax*4-8] · pop rbp · mov eax,[rbp-4]
        const CODE: [u8; 20] = [
            0x55, 0x48, 0x89, 0xe5, 0x8b, 0x45, 0xfc, 0x8b, 0x44, 0x24, 0x08, 0x8b, 0x44, 0x85, 0xf8, 0x5d,
            0x8b, 0x45, 0xfc, 0xc3,
        ];
        assert_eq!(touching(&CODE, 0, |_| false), Touching { anywhere: vec![11, 16], frame: vec![4, 7] });
    }

    #[test]
    fn addresses_are_those_that_the_processor_makes() {
        let touch = |offset| instruction(offset).touches(&values());
        assert_eq!(touch(0), [Touch { at: 0x1004, length: 4, reads: true, writes: false }]);
        let counter = AT + 10 + 0x10;
        assert_eq!(touch(3), [Touch { at: counter, length: 4, reads: true, writes: true }]);
        assert_eq!(touch(10), [Touch { at: 0x2000, length: 4, reads: true, writes: true }]);
        assert_eq!(touch(14), [Touch { at: 0x7028, length: 8, reads: false, writes: true }]);
        assert_eq!(touch(27), [Touch { at: 0x3000, length: 24, reads: false, writes: true }]);
        assert!(instruction(10).is_atomic() && !instruction(3).is_atomic());
    }

    #[test]
    fn a_copy_elsewhere_touches_the_same_and_goes_on_behind_the_original() {
        let to = AT + 0x10_0000;
        let code = instruction(3).displaced(to).expect("near enough");
        let copy = Instruction::at(&code, to).expect("an instruction");
        assert_eq!(copy.touches(&values()), instruction(3).touches(&values()));
        let mut rest =
            Decoder::with_ip(64, &code[copy.length() as usize..], to + copy.length(), DecoderOptions::NONE);
        assert_eq!(rest.decode().near_branch_target(), AT + 10);
        assert!(instruction(3).displaced(AT + (1 << 40)).is_none(), "too far away");
    }
}
