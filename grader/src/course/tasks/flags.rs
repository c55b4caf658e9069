//! Flag words in words.

use grader_trace::CloneFlags;

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
        (CloneFlags::SYSVSEM, "CLONE_SYSVSEM"),
        (CloneFlags::SETTLS, "CLONE_SETTLS"),
        (CloneFlags::PARENT_SETTID, "CLONE_PARENT_SETTID"),
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
