//! A program for the machine: any program, started as a shell would start it.

use crate::problem::Problem;
use crate::submission::locate_program;
use grader_tracer::{Launch, Limits, Plan, Stdin, Stdout, Watch};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// How long a task may compute between two calls.
const COMPUTING: Duration = Duration::from_secs(5);

/// How a program is started for its schedules: no input, the environment and the folder of the caller.
///
/// `time` is all there is for it; a task that computes for that long is given up.
///
/// # Errors
/// A program that is not there, or that this machine cannot run.
pub fn launch(command: &[OsString], stdout: Stdout, time: Duration) -> Result<Launch, Problem> {
    let Some(name) = command.first() else {
        return Err(Problem::Usage("there is no program: put it after --, as in -- ./program ARG…".into()));
    };
    Ok(Launch {
        program: locate_program(name)?,
        argv: command.to_vec(),
        env: environment(),
        dir: None,
        umask: None,
        stdin: Stdin::Null,
        stdout,
        limits: Limits { wall: COMPUTING.min(time), ..Limits::default() },
        watch: Watch::ALL,
        plan: Plan::default(),
        snapshots: false,
    })
}

/// The caller's environment, without the folders in which cargo and rustup let the grader itself look for libraries:
/// a program that looks there, too, makes other calls than it makes without them, and its schedules would be others.
fn environment() -> Vec<(OsString, OsString)> {
    let itself = env::current_exe().ok().and_then(|file| file.parent().map(PathBuf::from));
    let rustup = env::var_os("RUSTUP_HOME").map(PathBuf::from);
    let theirs: Vec<PathBuf> = itself.into_iter().chain(rustup).collect();
    let added = |folder: &Path| {
        theirs.iter().any(|their| folder.starts_with(their))
            || folder.components().any(|part| part.as_os_str() == "rustlib")
    };
    let without = |(name, value): (OsString, OsString)| {
        if name != "LD_LIBRARY_PATH" || env::var_os("CARGO").is_none() {
            return Some((name, value));
        }
        let kept: Vec<PathBuf> = env::split_paths(&value).filter(|folder| !added(folder)).collect();
        // What is set and empty means the working directory.
        env::join_paths(kept).ok().filter(|paths| !paths.is_empty()).map(|paths| (name, paths))
    };
    env::vars_os().filter_map(without).collect()
}

/// Why a program would do something else if it were not traced: it would have somebody else's rights.
///
/// See execve(2), "set-user-ID": a traced process keeps its own.
pub(super) fn foreign_rights(file: &Path) -> Option<String> {
    const SET_UID: u32 = 0o4000;
    const SET_GID: u32 = 0o2000;
    let (file, own) = (fs::metadata(file).ok()?, fs::metadata("/proc/self").ok()?);
    let word = match file.mode() {
        mode if mode & SET_UID != 0 && file.uid() != own.uid() => "set-uid",
        mode if mode & SET_GID != 0 && file.gid() != own.gid() => "set-gid",
        _ => return None,
    };
    Some(format!("it is {word}: traced, it does not get its owner's rights, and does something else"))
}

/// Does something on a thread of its own: the machine keeps the thread on which it lives to one processor.
pub fn on_a_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(work).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
}
