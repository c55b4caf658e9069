//! What outlives an execution: changes outside of the folders that are made anew for each one.
//!
//! The next execution would find them, and its world would not be the same any more. They are noticed when they have
//! been made; whoever explores asks for them.

use super::machine::Controlled;
use super::standing::Entry;
use crate::decode::Call;
use grader_trace::world::Ask;
use grader_trace::{OpenFlags, Text};
use libc::pid_t;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

impl Controlled<'_> {
    /// All that is in this folder is made anew for each execution, and nothing else is.
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_path_buf());
        self
    }

    /// The first thing outside of that folder that a task has changed, in this execution or an earlier one.
    pub fn changed_elsewhere(&self) -> Option<&Path> {
        self.elsewhere.as_deref()
    }

    /// A call has succeeded.
    pub(super) fn note_change(&mut self, pid: pid_t, entry: &Entry, result: i64) {
        let Some(folder) = self.folder.as_deref().filter(|_| self.elsewhere.is_none()) else { return };
        let changed = changed(pid, entry, result);
        self.elsewhere = changed.into_iter().find(|path| !path.starts_with(folder) && stays(path));
    }
}

/// Whether what is done to this path is there for others: not to a device without a state, nor to a file without a name.
fn stays(path: &Path) -> bool {
    let is_device = || fs::metadata(path).is_ok_and(|found| found.file_type().is_char_device());
    let of_a_process = path.starts_with("/proc") && !path.starts_with("/proc/sys");
    let has_no_name = !path.is_absolute() || path.as_os_str().as_bytes().ends_with(b" (deleted)");
    !(of_a_process || has_no_name || is_device())
}

/// What a call has changed, as seen from the root and without links.
fn changed(pid: pid_t, entry: &Entry, result: i64) -> Vec<PathBuf> {
    let opened = |fd: i64| fs::read_link(format!("/proc/{pid}/fd/{fd}")).into_iter().collect();
    match &entry.ask {
        Ask::Open { flags, .. } if flags.writes() || flags.has(OpenFlags::CREAT) => opened(result),
        Ask::Open { flags, .. } if flags.has(OpenFlags::TRUNC) => opened(result),
        Ask::Change(path) => vec![real(path)],
        Ask::Anything(_) => named(&entry.call, pid).unwrap_or_else(|| opened(entry.call.args[0] as i64)),
        _ => Vec::new(),
    }
}

/// The folder without links, and the name in it: that is what is changed, not what it leads to.
fn real(path: &Text) -> PathBuf {
    let path = Path::new(OsStr::from_bytes(path.as_bytes()));
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path.to_path_buf(),
    }
}

/// The names that a call gives, takes away or exchanges; `None`: it changes a file that is open.
fn named(call: &Call, pid: pid_t) -> Option<Vec<PathBuf>> {
    let args = &call.args;
    let at = |place: usize, relative_to: Option<usize>| {
        let relative_to = relative_to.map(|index| args[index] as i32);
        real(&super::asks::path(call, args[place], relative_to, pid))
    };
    Some(match call.number {
        libc::SYS_rename => vec![at(0, None), at(1, None)],
        libc::SYS_renameat | libc::SYS_renameat2 => vec![at(1, Some(0)), at(3, Some(2))],
        libc::SYS_link | libc::SYS_symlink => vec![at(1, None)],
        libc::SYS_linkat => vec![at(3, Some(2))],
        libc::SYS_symlinkat => vec![at(2, Some(1))],
        libc::SYS_ftruncate | libc::SYS_fallocate | libc::SYS_fchmod | libc::SYS_fchown => return None,
        _ => Vec::new(),
    })
}
