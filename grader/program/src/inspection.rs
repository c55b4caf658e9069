//! Can this file be run here, and will its calls have source lines?
//!
//! The kernel's own answer to a bad program is an error number or a crash.
//! This asks first, so that the answer is a sentence.

use crate::elf::{self, Elf, Identity, Malformed, Record};
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File, FileType};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What a program file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Whether the kernel may load it anywhere (PIE) or only at the addresses it was linked for.
    pub position_independent: bool,
    /// The dynamic loader that it asks for; none in a statically linked program.
    pub interpreter: Option<PathBuf>,
    /// Whether its calls will have source lines.
    pub debug_info: DebugInfo,
}

/// Whether a program says which source line an instruction came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DebugInfo {
    /// It does.
    Present,
    /// It does, in a compressed form that is not read here. Its calls will have no lines.
    Compressed,
    /// It does not: built without `-g`, or stripped.
    Missing,
}

/// A file that is not a program for this machine.
#[derive(Debug)]
pub struct NotRunnable {
    /// Which file.
    pub path: PathBuf,
    /// Why not.
    pub why: Why,
}

/// Why a file is not a program for this machine.
#[derive(Debug)]
pub enum Why {
    /// It cannot be opened or read.
    Unreadable(io::Error),
    /// It is not a regular file, but this.
    NotAFile(&'static str),
    /// Nobody is allowed to execute it.
    NotExecutable,
    /// It is empty.
    Empty,
    /// It is a script for this interpreter.
    Script(String),
    /// It is in no format that is known here.
    NotElf,
    /// It ends before it is complete.
    Truncated,
    /// It is for another kind of machine: this one.
    OtherMachine(String),
    /// It is an ELF file, but not a program: this.
    NotAProgram(&'static str),
}

/// Says what a program file is, or why it is none.
pub fn inspect(path: &Path) -> Result<Inspection, NotRunnable> {
    examine(path).map_err(|why| NotRunnable { path: path.to_owned(), why })
}

fn examine(path: &Path) -> Result<Inspection, Why> {
    // Asked before it is opened: opening a FIFO waits for a writer.
    let metadata = fs::metadata(path).map_err(Why::Unreadable)?;
    if let Some(kind) = other_than_file(metadata.file_type()) {
        return Err(Why::NotAFile(kind));
    }
    if metadata.len() == 0 {
        return Err(Why::Empty);
    }
    let elf = File::open(path).map_err(Malformed::Unreadable).and_then(Elf::read).map_err(why)?;
    if elf.identity.machine != elf::MACHINE_X86_64 {
        return Err(Why::OtherMachine(machine(elf.identity)));
    }
    let interpreter = interpreter(&elf);
    match elf.identity.kind {
        elf::TYPE_FIXED => {}
        elf::TYPE_SHARED if interpreter.is_some() || says_it_is_a_program(&elf) => {}
        elf::TYPE_SHARED => return Err(Why::NotAProgram("a shared library")),
        elf::TYPE_OBJECT => return Err(Why::NotAProgram("an object file, not linked yet")),
        elf::TYPE_CORE => return Err(Why::NotAProgram("the core dump of a program that crashed")),
        _ => return Err(Why::NotAProgram("an ELF file of an unknown type")),
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(Why::NotExecutable);
    }
    Ok(Inspection {
        position_independent: elf.identity.kind == elf::TYPE_SHARED,
        interpreter,
        debug_info: debug_info(&elf),
    })
}

/// What something is, if not a regular file.
pub fn other_than_file(kind: FileType) -> Option<&'static str> {
    if kind.is_file() {
        None
    } else if kind.is_dir() {
        Some("a folder")
    } else if kind.is_fifo() {
        Some("a FIFO")
    } else if kind.is_socket() {
        Some("a socket")
    } else {
        Some("a device")
    }
}

fn why(malformed: Malformed) -> Why {
    match malformed {
        Malformed::Unreadable(error) => Why::Unreadable(error),
        Malformed::Truncated => Why::Truncated,
        Malformed::OtherLayout(identity) => Why::OtherMachine(machine(identity)),
        Malformed::OtherFormat(start) => match start.strip_prefix(b"#!") {
            Some(line) => {
                let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
                Why::Script(String::from_utf8_lossy(line).trim().escape_debug().to_string())
            }
            None => Why::NotElf,
        },
    }
}

/// Position-independent programs look like shared libraries, but for a flag. See "DF_1_PIE" in `<elf.h>`.
fn says_it_is_a_program(elf: &Elf) -> bool {
    const FLAGS: u64 = 0x6fff_fffb;
    const FLAG_PROGRAM: u64 = 0x0800_0000;
    const MOST_BYTES: u64 = 1 << 16;
    let Some(segment) = elf.segment(elf::SEGMENT_DYNAMIC) else { return false };
    let Ok(bytes) = elf.bytes_at(segment.offset, segment.file_bytes, MOST_BYTES) else { return false };
    bytes.chunks_exact(16).map(Record).any(|entry| entry.u64(0) == FLAGS && entry.u64(8) & FLAG_PROGRAM != 0)
}

fn interpreter(elf: &Elf) -> Option<PathBuf> {
    const MOST_BYTES: u64 = 4096;
    let segment = elf.segment(elf::SEGMENT_INTERPRETER)?;
    let bytes = elf.bytes_at(segment.offset, segment.file_bytes, MOST_BYTES).ok()?;
    let path = bytes.split(|byte| *byte == 0).next()?;
    Some(PathBuf::from(OsStr::from_bytes(path)))
}

fn debug_info(elf: &Elf) -> DebugInfo {
    let state = |name: &str, old_compressed: &str| match elf.section(name) {
        Some(section) if section.compressed => DebugInfo::Compressed,
        Some(_) => DebugInfo::Present,
        None if elf.section(old_compressed).is_some() => DebugInfo::Compressed,
        None => DebugInfo::Missing,
    };
    match (state(".debug_info", ".zdebug_info"), state(".debug_line", ".zdebug_line")) {
        (DebugInfo::Missing, _) | (_, DebugInfo::Missing) => DebugInfo::Missing,
        (DebugInfo::Present, DebugInfo::Present) => DebugInfo::Present,
        _ => DebugInfo::Compressed,
    }
}

fn machine(identity: Identity) -> String {
    let name = match identity.machine {
        3 => "x86 (32 bits)",
        8 => "MIPS",
        20 => "PowerPC",
        21 => "PowerPC (64 bits)",
        22 => "IBM Z",
        40 => "ARM (32 bits)",
        62 if identity.class == 1 => "x86-64 with 32-bit addresses (x32)",
        62 => "x86-64, big endian",
        183 => "ARM (64 bits)",
        243 => "RISC-V",
        258 => "LoongArch",
        number => return format!("machine number {number}"),
    };
    name.to_owned()
}

impl fmt::Display for NotRunnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot run {}: {}", self.path.display(), self.why)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Unreadable(error) => error.fmt(f),
            Why::NotAFile(kind) => write!(f, "it is {kind}; give the path of a built program"),
            Why::NotExecutable => f.write_str("nobody may execute it; allow it with chmod +x"),
            Why::Empty => f.write_str("it is empty; build it again"),
            Why::Script(interpreter) => {
                write!(f, "it is a script for {interpreter}; give the path of a compiled program")
            }
            Why::NotElf => f.write_str("it is not a program (no ELF file); compile it first"),
            Why::Truncated => f.write_str("it ends before it is complete; build or copy it again"),
            Why::OtherMachine(machine) => {
                write!(f, "it was built for {machine}, this machine is x86-64; build it here")
            }
            Why::NotAProgram(kind) => write!(f, "it is {kind}, not a program; link it to one"),
        }
    }
}

impl std::error::Error for NotRunnable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.why {
            Why::Unreadable(error) => Some(error),
            _ => None,
        }
    }
}
