//! What it takes to find the source line of a call afterwards: registers and a copy of the top of the stack.
//!
//! Unwinding is slow and most lines are never asked for, so the tracer copies a
//! few kilobytes at a stop and the stack is unwound only for what a report shows.

use std::path::PathBuf;
use std::sync::Arc;

/// A file mapped into a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// The mapped file.
    pub path: PathBuf,
    /// The addresses of the mapping, first included, last not.
    pub start: u64,
    /// See `start`.
    pub end: u64,
    /// The offset in the file of the byte at `start`.
    pub offset: u64,
    /// Whether it may be executed.
    pub executable: bool,
}

/// A task at the entry of a system call.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The registers by their DWARF numbers; on x86-64: rax, rdx, rcx, rbx, rsi, rdi, rbp, rsp, r8 … r15, rip.
    pub registers: Vec<u64>,
    /// The address of the first byte of `stack`: the stack pointer.
    pub stack_start: u64,
    /// The bytes from there upwards.
    pub stack: Arc<[u8]>,
    /// All files mapped into the process at that moment.
    pub modules: Arc<[Module]>,
}
