//! What was built: the program file, and the source line behind an address in it.
//!
//! ```text
//! Snapshot ─▶ walk the stack ─▶ return addresses ─▶ lines and functions ─▶ Frame, Frame, … ─▶ Site
//!             call frame           in their files       debug information                  the first of
//!             information                                                                  the learner's own
//! ```
//!
//! A task that enters a system call stands deep inside libc. The question of
//! this package is which line of the learner's own source led there. It reads
//! files and the [`Snapshot`](grader_trace::Snapshot) it is given; it knows
//! nothing of running a program, and needs no unsafe code.
//!
//! | module | what it holds |
//! |---|---|
//! | `elf` | the file format: segments, sections |
//! | [`inspection`] | can this file be run here, and will it have lines? |
//! | `registers` | the registers of one frame, and the copied stack |
//! | `instructions` | calls and system calls in machine code |
//! | [`accesses`] | which instructions touch memory, what they touch, how to run one elsewhere |
//! | [`imports`] | which functions of libraries a program calls, and where |
//! | `cfi` | from one frame to its caller, as the compiler wrote it down |
//! | `walk` | from the innermost frame outwards, also where nothing was written down |
//! | `units` | the debug information of a file, unit by unit |
//! | `lines` | from an address to file and line |
//! | `functions` | from an address to the functions it is in, inlined ones too |
//! | [`programs`] | the files already read, and the questions one can ask |
//!
//! Invariants: no file and no stack, however damaged, makes this package panic
//! or loop; what cannot be known is left out, never guessed. A frame that is
//! found only by a guess (the frame pointer, where call frame information is
//! missing) is taken only if it leads back into mapped code.

#![forbid(unsafe_code)]

pub mod accesses;
mod cfi;
mod elf;
mod functions;
pub mod imports;
pub mod inspection;
mod instructions;
mod lines;
pub mod programs;
mod registers;
pub mod symbols;
mod units;
mod walk;

pub use inspection::{DebugInfo, Inspection, NotRunnable, Why, inspect, other_than_file};
pub use programs::{Frame, Programs, Source};
