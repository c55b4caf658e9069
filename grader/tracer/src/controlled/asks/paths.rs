//! Paths as calls give them, and the files they lead to.

use crate::decode::Call;
use crate::sys::view;
use grader_trace::Text;
use libc::pid_t;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The path at this address, as seen from the root.
pub(in crate::controlled) fn path(call: &Call, at: u64, relative_to: Option<i32>, pid: pid_t) -> Text {
    absolute(call.memory.string(at, 4096), relative_to, pid)
}

/// Whether there is a file of this name, for us or for the task.
pub(super) fn exists(path: &Text, pid: pid_t) -> bool {
    let path = Path::new(OsStr::from_bytes(path.as_bytes()));
    path.exists() || view::find(pid, path).is_some()
}

/// Whether a program would run with somebody else's rights if it were not traced: `set-uid` or `set-gid`.
///
/// See execve(2), "set-user-ID": a traced process keeps its own.
pub fn foreign_rights(file: &Path) -> Option<&'static str> {
    let (file, own) = (fs::metadata(file).ok()?, fs::metadata("/proc/self").ok()?);
    match file.mode() {
        mode if mode & libc::S_ISUID != 0 && file.uid() != own.uid() => Some("set-uid"),
        mode if mode & libc::S_ISGID != 0 && file.gid() != own.gid() => Some("set-gid"),
        _ => None,
    }
}

/// A path as seen from the root, as far as the name tells. Two names that differ only in `.` and `//` are one.
pub(super) fn absolute(path: Vec<u8>, relative_to: Option<i32>, pid: pid_t) -> Text {
    let full = from_root(path, relative_to, pid);
    let parts = full.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b"."));
    Text(parts.flat_map(|part| [b"/", part].concat()).collect())
}

fn from_root(path: Vec<u8>, relative_to: Option<i32>, pid: pid_t) -> Vec<u8> {
    if path.starts_with(b"/") {
        return path;
    }
    let base = match relative_to {
        Some(fd) if fd != libc::AT_FDCWD => format!("/proc/{pid}/fd/{fd}"),
        _ => format!("/proc/{pid}/cwd"),
    };
    let base = fs::read_link(base).unwrap_or_default();
    [base.as_os_str().as_bytes(), b"/", &path].concat()
}
