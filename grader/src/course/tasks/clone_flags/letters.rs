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

/// A flag word as one writes it in C. See <linux/sched.h>.
pub fn in_words(flags: CloneFlags) -> String {
    const NAMES: [(u64, &str); 13] = [
        (CloneFlags::VM, "CLONE_VM"),
        (CloneFlags::FS, "CLONE_FS"),
        (CloneFlags::FILES, "CLONE_FILES"),
        (CloneFlags::SIGHAND, "CLONE_SIGHAND"),
        (CloneFlags::VFORK, "CLONE_VFORK"),
        (CloneFlags::PARENT, "CLONE_PARENT"),
        (CloneFlags::THREAD, "CLONE_THREAD"),
        (0x4_0000, "CLONE_SYSVSEM"),
        (0x8_0000, "CLONE_SETTLS"),
        (0x10_0000, "CLONE_PARENT_SETTID"),
        (CloneFlags::CHILD_CLEARTID, "CLONE_CHILD_CLEARTID"),
        (0x100_0000, "CLONE_CHILD_SETTID"),
        (0x8000_0000, "CLONE_IO"),
    ];
    let named = NAMES.iter().filter(|(bit, _)| flags.has(*bit));
    let mut words: Vec<String> = named.clone().map(|(_, name)| (*name).to_owned()).collect();
    let rest = named.fold(flags.0, |rest, (bit, _)| rest & !bit);
    if rest != 0 {
        words.push(format!("{rest:#x}"));
    }
    if words.is_empty() { "no flags".into() } else { words.join(" | ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_called_by_their_names() {
        assert_eq!(in_words(CloneFlags(0)), "no flags");
        assert_eq!(in_words(CloneFlags(0x600)), "CLONE_FS | CLONE_FILES");
        assert_eq!(in_words(CloneFlags(0x21_0000)), "CLONE_THREAD | CLONE_CHILD_CLEARTID");
        assert_eq!(in_words(CloneFlags(0x2000_0100)), "CLONE_VM | 0x20000000");
    }
}
