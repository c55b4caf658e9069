//! What outlives an execution: changes outside of the folder that is made anew for each one.
//!
//! The next execution would find them, and its world would not be the same any more. What programs leave in /tmp and
//! /dev/shm an execution can have to itself: when one is about to change something there, it is broken off before it has,
//! and whoever explores begins again with a machine whose executions are in places of their own. All other changes are noticed
//! when they have been made; whoever explores asks for them.

use super::machine::{Controlled, broken};
use super::standing::Entry;
use crate::decode::Call;
use crate::start::{Places, shared};
use crate::sys::view;
use grader_explorer::Trouble;
use grader_trace::world::Ask;
use grader_trace::{OpenFlags, TaskPath, Text};
use libc::pid_t;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// What a machine knows of it.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    /// The folder that is made anew for each execution.
    folder: Option<PathBuf>,
    /// Where programs leave things for others.
    shared: Vec<PathBuf>,
    /// Executions have these places to themselves.
    own: Option<Places>,
    /// An execution was broken off that could have had them to itself.
    wanted: bool,
    /// Why none can.
    refused: Option<String>,
    /// What was changed that stays changed.
    changed: Option<PathBuf>,
}

impl Elsewhere {
    pub(super) fn own_places(&self) -> Option<&Places> {
        self.own.as_ref()
    }

    fn is_shared(&self, path: &Path) -> bool {
        let within = |folder: &PathBuf| path.starts_with(folder);
        self.shared.iter().any(within) && !self.folder.as_ref().is_some_and(within)
    }
}

impl Controlled<'_> {
    /// All that is in this folder is made anew for each execution, and nothing else is.
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.elsewhere.folder = Some(folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf()));
        self.elsewhere.shared = shared();
        self
    }

    /// From now on each execution begins with an exec, and what it changes in /tmp and /dev/shm is gone with it: that is for
    /// programs that [want it](Self::wants_places_of_its_own). To be asked for after [`in_folder`](Self::in_folder).
    ///
    /// # Errors
    /// Places that cannot be looked at.
    pub fn in_places_of_its_own(mut self) -> Result<Self, Trouble> {
        if let Some(folder) = &self.elsewhere.folder {
            self.elsewhere.own = Some(Places::around(folder).map_err(broken)?);
        }
        self.elsewhere.wanted = false;
        // What was started is not in them.
        self.template = None;
        Ok(self.with_exec_each_time())
    }

    /// Whether that was asked for.
    pub fn is_in_places_of_its_own(&self) -> bool {
        self.elsewhere.own.is_some()
    }

    /// Whether an execution was broken off because it was about to change something in /tmp or /dev/shm. Nothing that was
    /// found so far counts: the program is to be looked at [in places of its own](Self::in_places_of_its_own).
    pub fn wants_places_of_its_own(&self) -> bool {
        self.elsewhere.wanted
    }

    /// The first thing that a task has changed, in this execution or an earlier one, and that stays changed.
    pub fn changed_elsewhere(&self) -> Option<&Path> {
        self.elsewhere.changed.as_deref()
    }

    /// If that is in /tmp or /dev/shm: why this machine gives no places of one's own.
    pub fn no_places_of_its_own(&self) -> Option<&str> {
        let changed = self.changed_elsewhere().filter(|path| self.elsewhere.is_shared(path));
        self.elsewhere.refused.as_deref().filter(|_| changed.is_some())
    }

    /// A call is about to be made: not if it changes what others see, and need not.
    pub(super) fn keeps_to_itself(&mut self, path: &TaskPath, entry: &Entry) -> Result<(), Trouble> {
        let elsewhere = &self.elsewhere;
        if elsewhere.folder.is_none() || elsewhere.own.is_some() || elsewhere.refused.is_some() {
            return Ok(());
        }
        let pid = self.task(path)?.pid;
        let elsewhere = &self.elsewhere;
        let changed = changed(pid, entry, None).into_iter().find(|path| elsewhere.is_shared(path));
        let (Some(changed), Some(folder)) = (changed, &elsewhere.folder) else { return Ok(()) };
        match Places::around(folder).and_then(|places| places.try_out()) {
            Ok(()) => {
                self.elsewhere.wanted = true;
                Err(Trouble::Unmodelled(format!("it changes {}, which others see", changed.display())))
            }
            Err(trouble) => {
                self.elsewhere.refused = Some(trouble.to_string());
                Ok(())
            }
        }
    }

    /// A call has succeeded.
    pub(super) fn note_change(&mut self, pid: pid_t, entry: &Entry, result: i64) {
        let elsewhere = &mut self.elsewhere;
        let Some(folder) = elsewhere.folder.as_deref().filter(|_| elsewhere.changed.is_none()) else {
            return;
        };
        let is_own =
            |path: &Path| path.starts_with(folder) || elsewhere.own.is_some() && elsewhere.is_shared(path);
        let changed = changed(pid, entry, Some(result));
        let changed = changed.into_iter().find(|path| !is_own(path) && stays(path));
        elsewhere.changed = changed;
    }
}

/// Whether what is done to this path is there for others: not to a device without a state, nor to a file without a name.
fn stays(path: &Path) -> bool {
    let is_device = || fs::metadata(path).is_ok_and(|found| found.file_type().is_char_device());
    let of_a_process = path.starts_with("/proc") && !path.starts_with("/proc/sys");
    let has_no_name = !path.is_absolute() || path.as_os_str().as_bytes().ends_with(b" (deleted)");
    !(of_a_process || has_no_name || is_device())
}

/// What a call changes, as seen from the root and without links; `result` is its answer, once it has one.
fn changed(pid: pid_t, entry: &Entry, result: Option<i64>) -> Vec<PathBuf> {
    let behind = |fd: i64| fs::read_link(format!("/proc/{pid}/fd/{fd}")).into_iter().collect();
    match &entry.ask {
        Ask::Open { path, flags }
            if flags.writes() || flags.has(OpenFlags::CREAT) || flags.has(OpenFlags::TRUNC) =>
        {
            match result {
                Some(fd) => behind(fd),
                None => vec![view::find(pid, path_of(path)).unwrap_or_else(|| real(path, pid))],
            }
        }
        Ask::Change(path) => vec![real(path, pid)],
        Ask::Link(_) | Ask::Anything(_) => {
            named(&entry.call, pid).unwrap_or_else(|| behind(entry.call.args[0] as i64))
        }
        _ => Vec::new(),
    }
}

fn path_of(path: &Text) -> &Path {
    Path::new(OsStr::from_bytes(path.as_bytes()))
}

/// The folder without links, and the name in it: that is what is changed, not what it leads to.
fn real(path: &Text, pid: pid_t) -> PathBuf {
    let path = path_of(path);
    let folder = path.parent().and_then(|folder| view::find(pid, folder));
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
        real(&super::asks::path(call, args[place], relative_to, pid), pid)
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
