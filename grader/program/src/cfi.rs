//! From one frame to its caller, as the compiler wrote it down: call frame information.
//!
//! Compilers leave a small table with every program, for exceptions: for each
//! instruction, where the frame starts and where the caller's registers were
//! saved. See section 6.4 of the DWARF 5 standard, and the Linux Standard Base
//! for its form in `.eh_frame`.

use crate::elf::{Elf, Record};
use crate::registers::{INSTRUCTION, Memory, PRESERVED, Registers, STACK_POINTER};
use gimli::{
    BaseAddresses, CfaRule, EhFrame, EndianSlice, EvaluationResult, FrameDescriptionEntry, LittleEndian,
    RegisterRule, UnwindContext, UnwindExpression, UnwindSection, Value,
};

type Bytes<'a> = EndianSlice<'a, LittleEndian>;

/// More than this is not the work of a compiler for a program of ours.
const MOST_BYTES: u64 = 48 << 20;
/// No expression of a compiler comes near it.
const MOST_STEPS: u32 = 1000;

/// The call frame information of one file.
#[derive(Debug)]
pub(crate) struct CallFrames {
    entries: Vec<u8>,
    bases: BaseAddresses,
    index: Option<Index>,
}

/// The caller of a frame.
#[derive(Debug)]
pub(crate) struct Caller {
    pub registers: Registers,
    /// The frame just left was made by the kernel: the caller did not call, it was interrupted.
    pub interrupted: bool,
}

/// Why no caller of a frame is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoCaller {
    /// It was called by nobody.
    Outermost,
    /// The copied stack does not reach that far, or the table is damaged.
    Lost,
    /// The table says nothing of it.
    Unlisted,
}

impl CallFrames {
    /// Those of a file, if it has any.
    pub fn load(elf: &Elf) -> Option<CallFrames> {
        let section = elf.section(".eh_frame").filter(|section| !section.compressed)?;
        let entries = elf.bytes(section, MOST_BYTES).ok()?;
        let bases = BaseAddresses::default().set_eh_frame(section.address);
        Some(CallFrames { entries, bases, index: Index::load(elf, section.address) })
    }

    /// How many bytes it takes to keep them.
    pub fn size(&self) -> usize {
        self.entries.len() + self.index.as_ref().map_or(0, |index| index.table.len())
    }

    /// The caller of the frame that is at `address` of the file as linked; it was loaded `bias` bytes above.
    pub fn caller(
        &self,
        address: u64,
        bias: u64,
        registers: &Registers,
        memory: Memory,
    ) -> Result<Caller, NoCaller> {
        let section = EhFrame::new(&self.entries, LittleEndian);
        let Some(entry) = self.entry(&section, address) else { return Err(NoCaller::Unlisted) };
        let frame = Frame { section, bias, registers, memory, encoding: entry.cie().encoding() };
        self.unwind(&entry, address, &frame).unwrap_or(Err(NoCaller::Lost))
    }

    fn entry<'a>(
        &self,
        section: &EhFrame<Bytes<'a>>,
        address: u64,
    ) -> Option<FrameDescriptionEntry<Bytes<'a>>> {
        let entry = match &self.index {
            Some(index) => {
                let offset = index.lookup(address)?;
                section.fde_from_offset(&self.bases, offset.into(), EhFrame::cie_from_offset)
            }
            None => section.fde_for_address(&self.bases, address, EhFrame::cie_from_offset),
        };
        entry.ok().filter(|entry| entry.contains(address))
    }

    fn unwind(
        &self,
        entry: &FrameDescriptionEntry<Bytes>,
        address: u64,
        frame: &Frame,
    ) -> Option<Result<Caller, NoCaller>> {
        let mut context = UnwindContext::new();
        let row = entry.unwind_info_for_address(&frame.section, &self.bases, &mut context, address).ok()?;
        let start = match row.cfa() {
            CfaRule::RegisterAndOffset { register, offset } => {
                frame.registers.get(*register)?.wrapping_add_signed(*offset)
            }
            CfaRule::Expression(expression) => frame.evaluate(expression, None)?,
        };
        let mut caller = Registers::unknown();
        for register in PRESERVED {
            caller.set(register, frame.registers.get(register));
        }
        caller.set(STACK_POINTER, Some(start));
        for (register, rule) in row.registers() {
            caller.set(*register, frame.recover(*register, rule, start));
        }
        let back = entry.cie().return_address_register();
        if matches!(row.register(back), None | Some(RegisterRule::Undefined)) {
            return Some(Err(NoCaller::Outermost));
        }
        let instruction = caller.get(back)?;
        caller.set(INSTRUCTION, Some(instruction));
        Some(match instruction {
            0 => Err(NoCaller::Outermost),
            _ => Ok(Caller { registers: caller, interrupted: entry.is_signal_trampoline() }),
        })
    }
}

/// The frame that is being left.
struct Frame<'a> {
    section: EhFrame<Bytes<'a>>,
    bias: u64,
    registers: &'a Registers,
    memory: Memory<'a>,
    encoding: gimli::Encoding,
}

impl Frame<'_> {
    /// The value that a register had in the caller, whose frame ends at `start`.
    fn recover(&self, register: gimli::Register, rule: &RegisterRule<usize>, start: u64) -> Option<u64> {
        match rule {
            RegisterRule::SameValue => self.registers.get(register),
            RegisterRule::Register(other) => self.registers.get(*other),
            RegisterRule::Offset(offset) => self.memory.word(start.wrapping_add_signed(*offset)),
            RegisterRule::ValOffset(offset) => Some(start.wrapping_add_signed(*offset)),
            RegisterRule::Expression(expression) => self.memory.word(self.evaluate(expression, Some(start))?),
            RegisterRule::ValExpression(expression) => self.evaluate(expression, Some(start)),
            RegisterRule::Constant(value) => Some(*value),
            RegisterRule::Undefined | RegisterRule::Architectural => None,
        }
    }

    fn evaluate(&self, expression: &UnwindExpression<usize>, start: Option<u64>) -> Option<u64> {
        let mut evaluation = expression.get(&self.section).ok()?.evaluation(self.encoding);
        evaluation.set_max_iterations(MOST_STEPS);
        if let Some(start) = start {
            evaluation.set_initial_value(start);
        }
        let mut state = evaluation.evaluate().ok()?;
        loop {
            state = match state {
                EvaluationResult::Complete => break,
                EvaluationResult::RequiresMemory { address, size, .. } => {
                    evaluation.resume_with_memory(Value::Generic(self.memory.read(address, size)?))
                }
                EvaluationResult::RequiresRegister { register, .. } => {
                    evaluation.resume_with_register(Value::Generic(self.registers.get(register)?))
                }
                EvaluationResult::RequiresCallFrameCfa => evaluation.resume_with_call_frame_cfa(start?),
                EvaluationResult::RequiresRelocatedAddress(address) => {
                    evaluation.resume_with_relocated_address(address.wrapping_add(self.bias))
                }
                _ => return None,
            }
            .ok()?;
        }
        match evaluation.as_result().first()?.location {
            gimli::Location::Address { address } => Some(address),
            gimli::Location::Register { register } => self.registers.get(register),
            gimli::Location::Value { value } => value.to_u64(u64::MAX).ok(),
            _ => None,
        }
    }
}

/// `.eh_frame_hdr` in the form that all linkers write: pairs of the first
/// address of a function and the place of its entry, in order of address.
#[derive(Debug)]
struct Index {
    table: Vec<u8>,
    /// Where the table's section is loaded; its numbers count from there.
    header: u64,
    /// Where the entries are loaded.
    entries: u64,
}

impl Index {
    const ROW_BYTES: usize = 8;
    const VERSION: u8 = 1;
    /// `DW_EH_PE_pcrel | DW_EH_PE_sdata4`, `DW_EH_PE_udata4`, `DW_EH_PE_datarel | DW_EH_PE_sdata4`.
    const USUAL: [u8; 4] = [Self::VERSION, 0x1b, 0x03, 0x3b];
    const TABLE_STARTS: usize = 12;

    fn load(elf: &Elf, entries: u64) -> Option<Index> {
        let section = elf.section(".eh_frame_hdr")?;
        let mut table = elf.bytes(section, MOST_BYTES).ok()?;
        if !table.starts_with(&Self::USUAL) {
            return None;
        }
        let rows = Record(&table).u32(8) as usize;
        if rows == 0 || rows > table.len().saturating_sub(Self::TABLE_STARTS) / Self::ROW_BYTES {
            return None;
        }
        table.drain(..Self::TABLE_STARTS);
        table.truncate(rows * Self::ROW_BYTES);
        Some(Index { table, header: section.address, entries })
    }

    /// The place of the entry that covers `address`, if any does.
    fn lookup(&self, address: u64) -> Option<usize> {
        let rows = self.table.len() / Self::ROW_BYTES;
        let number = |row: usize, at: usize| {
            let offset = Record(&self.table).u32(row * Self::ROW_BYTES + at).cast_signed();
            self.header.wrapping_add_signed(i64::from(offset))
        };
        let (mut low, mut high) = (0, rows);
        while low < high {
            let middle = low + (high - low) / 2;
            if number(middle, 0) <= address { low = middle + 1 } else { high = middle }
        }
        usize::try_from(number(low.checked_sub(1)?, 4).checked_sub(self.entries)?).ok()
    }
}
