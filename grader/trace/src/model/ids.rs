//! Small values that name things: tasks, descriptors, errors, signals, moments.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A task (a thread or a process) of this run: its place in the order of creation.
///
/// Task 0 is the program that was started. A PID is an attribute of a task, not
/// its name: PIDs are reused and differ from run to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct TaskId(pub u32);

impl TaskId {
    /// The program that was started.
    pub const ROOT: TaskId = TaskId(0);

    /// The task's index in [`crate::Trace::tasks`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A task's place in the tree of creation: `[0, 1]` is the second child of the first child of the root.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskPath(pub Vec<u16>);

impl TaskPath {
    /// The task that made this one; `None` of the root.
    pub fn creator(&self) -> Option<TaskPath> {
        self.0.split_last().map(|(_, creator)| TaskPath(creator.to_vec()))
    }
}

impl fmt::Display for TaskPath {
    /// `0` for the root, `0.1` for its second child.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0")?;
        self.0.iter().try_for_each(|step| write!(f, ".{step}"))
    }
}

/// The kernel's number of a task (a tid; for the first task of a process also its PID).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Pid(pub i32);

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A descriptor number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Fd(pub i32);

impl fmt::Display for Fd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A moment of the run: every start and every end of an operation has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Stamp(pub u64);

impl Stamp {
    /// After everything.
    pub const END: Stamp = Stamp(u64::MAX);
}

/// An error number. See errno(3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Errno(pub i32);

impl Errno {
    /// Operation not permitted.
    pub const EPERM: Errno = Errno(1);
    /// No such file or directory.
    pub const ENOENT: Errno = Errno(2);
    /// Interrupted system call.
    pub const EINTR: Errno = Errno(4);
    /// Bad file descriptor.
    pub const EBADF: Errno = Errno(9);
    /// No child processes.
    pub const ECHILD: Errno = Errno(10);
    /// Resource temporarily unavailable.
    pub const EAGAIN: Errno = Errno(11);
    /// Permission denied.
    pub const EACCES: Errno = Errno(13);
    /// Too many open files.
    pub const EMFILE: Errno = Errno(24);
    /// Function not implemented.
    pub const ENOSYS: Errno = Errno(38);

    /// The symbolic name, for the errors that programs of this course meet.
    pub fn name(self) -> Option<&'static str> {
        const NAMES: [(i32, &str); 36] = [
            (1, "EPERM"),
            (2, "ENOENT"),
            (3, "ESRCH"),
            (4, "EINTR"),
            (5, "EIO"),
            (6, "ENXIO"),
            (7, "E2BIG"),
            (8, "ENOEXEC"),
            (9, "EBADF"),
            (10, "ECHILD"),
            (11, "EAGAIN"),
            (12, "ENOMEM"),
            (13, "EACCES"),
            (14, "EFAULT"),
            (16, "EBUSY"),
            (17, "EEXIST"),
            (18, "EXDEV"),
            (19, "ENODEV"),
            (20, "ENOTDIR"),
            (21, "EISDIR"),
            (22, "EINVAL"),
            (23, "ENFILE"),
            (24, "EMFILE"),
            (25, "ENOTTY"),
            (26, "ETXTBSY"),
            (27, "EFBIG"),
            (28, "ENOSPC"),
            (29, "ESPIPE"),
            (30, "EROFS"),
            (31, "EMLINK"),
            (32, "EPIPE"),
            (36, "ENAMETOOLONG"),
            (38, "ENOSYS"),
            (40, "ELOOP"),
            (95, "EOPNOTSUPP"),
            (110, "ETIMEDOUT"),
        ];
        NAMES.iter().find(|(number, _)| *number == self.0).map(|(_, name)| *name)
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "errno {}", self.0),
        }
    }
}

/// A signal number, real-time signals included. See signal(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Signal(pub i32);

impl Signal {
    /// Kill; cannot be caught.
    pub const KILL: Signal = Signal(9);
    /// A child stopped, continued or ended.
    pub const CHLD: Signal = Signal(17);
    /// A timer has run out.
    pub const ALRM: Signal = Signal(14);
    /// Stop; cannot be caught.
    pub const STOP: Signal = Signal(19);

    /// Whether it is one that instructions cause: SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS.
    pub fn is_of_a_fault(self) -> bool {
        matches!(self.0, 4 | 5 | 7 | 8 | 11 | 31)
    }
}

impl fmt::Display for Signal {
    /// `SIGCHLD`, `SIGRT40`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 31] = [
            "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
            "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU",
            "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
        ];
        match usize::try_from(self.0 - 1).ok().and_then(|i| NAMES.get(i)) {
            Some(name) => write!(f, "SIG{name}"),
            None => write!(f, "SIGRT{}", self.0),
        }
    }
}

/// Bytes that are mostly text: arguments, paths, output.
///
/// Written to files without loss: bytes that are not UTF-8, control characters
/// and the backslash itself appear as `\xNN`, `\n`, `\\`.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String"))]
pub struct Text(pub Vec<u8>);

impl Text {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as a string, where they are one.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// What follows the last `/`.
    pub fn file_name(&self) -> &[u8] {
        self.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
    }

    fn parse(escaped: &str) -> Option<Text> {
        let mut bytes = Vec::with_capacity(escaped.len());
        let mut rest = escaped.chars();
        while let Some(c) = rest.next() {
            if c != '\\' {
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            bytes.push(match rest.next()? {
                'n' => b'\n',
                't' => b'\t',
                'r' => b'\r',
                '\\' => b'\\',
                'x' => {
                    let digits: String = rest.by_ref().take(2).collect();
                    u8::from_str_radix(&digits, 16).ok()?
                }
                _ => return None,
            });
        }
        Some(Text(bytes))
    }
}

impl fmt::Display for Text {
    /// The escaped form: safe to print on any terminal, except for bidirectional text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\n' => f.write_str("\\n")?,
                    '\t' => f.write_str("\\t")?,
                    '\r' => f.write_str("\\r")?,
                    '\\' => f.write_str("\\\\")?,
                    c if c.is_control() || is_invisible(c) => {
                        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                            write!(f, "\\x{byte:02x}")?;
                        }
                    }
                    c => write!(f, "{c}")?,
                }
            }
            chunk.invalid().iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))?;
        }
        Ok(())
    }
}

/// Characters that change how their neighbours look without being seen themselves.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{061c}')
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl<T: AsRef<[u8]>> From<T> for Text {
    fn from(bytes: T) -> Text {
        Text(bytes.as_ref().to_vec())
    }
}

impl Serialize for Text {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Text, D::Error> {
        let escaped = std::borrow::Cow::<str>::deserialize(from)?;
        Text::parse(&escaped).ok_or_else(|| serde::de::Error::custom("a bad escape in a text"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_survive_being_written_as_text() {
        let every_byte: Vec<u8> = (0..=255).collect();
        for bytes in [&every_byte[..], b"a\\x41\n", "ü\u{202e}x".as_bytes()] {
            let text = Text::from(bytes);
            assert_eq!(Text::parse(&text.to_string()), Some(text));
        }
    }

    #[test]
    fn control_and_bidirectional_characters_are_made_visible() {
        assert_eq!(Text::from("\x1b[2J\u{202e}").to_string(), "\\x1b[2J\\xe2\\x80\\xae");
    }

    #[test]
    fn signals_have_their_names() {
        assert_eq!(Signal::CHLD.to_string(), "SIGCHLD");
        assert_eq!(Signal(31).to_string(), "SIGSYS");
        assert_eq!(Signal(40).to_string(), "SIGRT40");
    }
}
