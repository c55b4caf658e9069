//! The registers of one frame, by their DWARF numbers, and the copied part of the stack.
//!
//! The numbers are those of x86-64; another machine would have its own copy of
//! the constants here. See "DWARF Register Number Mapping" in the System V ABI
//! for the AMD64 architecture.

use gimli::Register;
use grader_trace::Snapshot;

/// rax to r15, and the address of the next instruction.
const COUNT: usize = 17;

pub(crate) const FRAME_POINTER: Register = Register(6);
pub(crate) const STACK_POINTER: Register = Register(7);
pub(crate) const INSTRUCTION: Register = Register(16);
/// What a function leaves as it found it: rbx, rbp, r12 to r15.
pub(crate) const PRESERVED: [Register; 6] =
    [Register(3), FRAME_POINTER, Register(12), Register(13), Register(14), Register(15)];

/// What is known of the registers of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Registers([Option<u64>; COUNT]);

impl Registers {
    /// Nothing is known.
    pub fn unknown() -> Registers {
        Registers([None; COUNT])
    }

    /// Those of the innermost frame.
    pub fn of(snapshot: &Snapshot) -> Registers {
        let mut values = snapshot.registers.iter().copied();
        Registers(std::array::from_fn(|_| values.next()))
    }

    /// The value of one, where it is known.
    pub fn get(&self, register: Register) -> Option<u64> {
        self.0.get(usize::from(register.0)).copied().flatten()
    }

    /// Sets one. Those that are not kept here (vectors) are left out.
    pub fn set(&mut self, register: Register, value: Option<u64>) {
        if let Some(slot) = self.0.get_mut(usize::from(register.0)) {
            *slot = value;
        }
    }
}

/// The copied part of the stack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory<'a> {
    start: u64,
    bytes: &'a [u8],
}

impl<'a> Memory<'a> {
    pub fn of(snapshot: &'a Snapshot) -> Memory<'a> {
        Memory { start: snapshot.stack_start, bytes: &snapshot.stack }
    }

    /// Up to eight bytes as a number; none, where the copy does not reach.
    pub fn read(&self, address: u64, size: u8) -> Option<u64> {
        let from = usize::try_from(address.checked_sub(self.start)?).ok()?;
        let bytes = self.bytes.get(from..from.checked_add(usize::from(size))?)?;
        let mut word = [0; 8];
        word.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(u64::from_le_bytes(word))
    }

    /// Eight bytes.
    pub fn word(&self, address: u64) -> Option<u64> {
        self.read(address, 8)
    }
}
