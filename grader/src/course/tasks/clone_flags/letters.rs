//! The letters, the flags that they stand for, and the parts of a process that these are about.

use crate::course::Run;
use grader_trace::{CloneFlags, Sharing, Task};

/// What a child can have in common with its parent, and a line is said about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `v`
    Memory,
    /// `f`
    Directory,
    /// `d`
    Descriptors,
    /// `s`
    Handlers,
}

impl Part {
    /// All four, in the order of the lines.
    pub const ALL: [Part; 4] = [Part::Memory, Part::Directory, Part::Descriptors, Part::Handlers];

    /// The word that its line begins with.
    pub fn word(self) -> &'static str {
        match self {
            Part::Memory => "memory",
            Part::Directory => "directory",
            Part::Descriptors => "descriptors",
            Part::Handlers => "handlers",
        }
    }

    fn flag(self) -> u64 {
        match self {
            Part::Memory => CloneFlags::VM,
            Part::Directory => CloneFlags::FS,
            Part::Descriptors => CloneFlags::FILES,
            Part::Handlers => CloneFlags::SIGHAND,
        }
    }

    /// Whether a child has it in common with its creator: as the kernel says, or if it does not say, as clone was asked.
    pub fn is_shared(self, child: &Task) -> bool {
        match (child.birth.sharing, self) {
            (None, _) => child.birth.flags.has(self.flag()),
            (Some(Sharing { memory, .. }), Part::Memory) => memory,
            (Some(Sharing { directory, .. }), Part::Directory) => directory,
            (Some(Sharing { descriptors, .. }), Part::Descriptors) => descriptors,
            (Some(Sharing { handlers, .. }), Part::Handlers) => handlers,
        }
    }

    /// The line that is wanted.
    pub fn line(self, changed: bool) -> String {
        format!("{}: {}", self.word(), if changed { "changed" } else { "unchanged" })
    }
}

/// Whether a run asks for a thread.
pub fn ask_for_a_thread(run: &Run) -> bool {
    run.arg(0).contains('t')
}

/// The flags that the letters of a run stand for.
pub fn flags(run: &Run) -> CloneFlags {
    let flag = |letter| match letter {
        'v' => CloneFlags::VM,
        'f' => CloneFlags::FS,
        'd' => CloneFlags::FILES,
        's' => CloneFlags::SIGHAND,
        _ => CloneFlags::THREAD | CloneFlags::CHILD_CLEARTID,
    };
    CloneFlags(run.arg(0).chars().map(flag).fold(0, |flags, flag| flags | flag))
}
