//! Which functions of libraries a program calls, and by which instructions.
//!
//! ```text
//! call *slot(%rip)                       the slot is named by a relocation ─▶ symbol ─▶ `malloc`
//! call stub ─▶ stub: jmp *slot(%rip)     the same, by way of the procedure linkage table
//! ```
//!
//! See elf(5), "Relocation entries", and the System V ABI for x86-64, "Global Offset Table".

use crate::elf::{Elf, Record};
use grader_trace::sorted::SortedMap;
use iced_x86::{Decoder, DecoderOptions, FlowControl};
use std::collections::HashMap;

const RELOCATION_BYTES: usize = 24;
const SYMBOL_BYTES: usize = 24;
/// R_X86_64_GLOB_DAT and R_X86_64_JUMP_SLOT: the slot holds a symbol's address.
const SLOT_RELOCATIONS: [u32; 2] = [6, 7];
/// Larger tables are not those of a program.
const MOST_BYTES: u64 = 16 << 20;

/// An instruction that goes to a function of a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryCall {
    /// The function's name.
    pub function: String,
    /// Where the function's address is kept: an address as the linker gave it.
    pub slot: u64,
    /// Where the function returns to, as the linker gave it; `None` if the instruction jumps, and it is its caller who called.
    pub returns_to: Option<u64>,
}

/// The names of the functions whose addresses are kept in slots, by the slots' addresses.
pub(crate) fn slots(elf: &Elf) -> HashMap<u64, String> {
    read(elf).unwrap_or_default()
}

fn read(elf: &Elf) -> Option<HashMap<u64, String>> {
    let bytes = |name: &str| elf.section(name).and_then(|section| elf.bytes(section, MOST_BYTES).ok());
    let (symbols, names) = (bytes(".dynsym")?, bytes(".dynstr")?);
    let name = |symbol: usize| {
        let entry = Record(symbols.get(symbol * SYMBOL_BYTES..)?);
        let name = names.get(entry.u32(0) as usize..)?.split(|byte| *byte == 0).next()?;
        Some(String::from_utf8_lossy(name).into_owned())
    };
    let mut slots = HashMap::new();
    for table in [".rela.dyn", ".rela.plt"] {
        for entry in bytes(table).unwrap_or_default().chunks_exact(RELOCATION_BYTES).map(Record) {
            let (kind, symbol) = (entry.u64(8) as u32, (entry.u64(8) >> 32) as usize);
            if SLOT_RELOCATIONS.contains(&kind)
                && let Some(name) = name(symbol).filter(|name| !name.is_empty())
            {
                slots.insert(entry.u64(0), name);
            }
        }
    }
    Some(slots)
}

/// The instructions in a piece of code, which the linker put at `address`, that go to functions of libraries: by their
/// addresses.
pub(crate) fn calls(code: &[u8], address: u64, slots: &HashMap<u64, String>) -> SortedMap<u64, LibraryCall> {
    let mut found = SortedMap::new();
    for instruction in Decoder::with_ip(64, code, address, DecoderOptions::NONE) {
        let calls = instruction.flow_control() == FlowControl::IndirectCall;
        if (calls || instruction.flow_control() == FlowControl::IndirectBranch)
            && instruction.is_ip_rel_memory_operand()
            && let Some(function) = slots.get(&instruction.ip_rel_memory_address())
        {
            let call = LibraryCall {
                function: function.clone(),
                slot: instruction.ip_rel_memory_address(),
                returns_to: calls.then(|| instruction.next_ip()),
            };
            found.insert(instruction.ip(), call);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_stubs_are_known_by_the_slot_that_they_look_into() {
        // call *0x100(%rip) · jmp *0xfa(%rip) · jmp *0x200(%rip) · call *%rax
        let code = [0xff, 0x15, 0, 1, 0, 0, 0xff, 0x25, 0xfa, 0, 0, 0, 0xff, 0x25, 0, 2, 0, 0, 0xff, 0xd0];
        let slots = HashMap::from([(0x1106, "malloc".to_owned())]);
        let malloc = |returns_to| LibraryCall { function: "malloc".into(), slot: 0x1106, returns_to };
        let expected = SortedMap::from([(0x1000, malloc(Some(0x1006))), (0x1006, malloc(None))]);
        assert_eq!(calls(&code, 0x1000, &slots), expected);
    }

    #[test]
    fn this_program_calls_functions_of_the_c_library() {
        let own = std::fs::File::open("/proc/self/exe").expect("/proc is there");
        let slots = slots(&Elf::read(own).expect("an ELF file"));
        assert!(slots.values().any(|name| name == "memcpy" || name == "write"), "{slots:?}");
    }
}
