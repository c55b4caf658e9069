//! A program for the machine: any program, started as a shell would start it.

use super::Surroundings;
use crate::problem::Problem;
use crate::submission::locate_program;
use grader_tracer::{Launch, Limits, Plan, Stdin, Stdout, Watch};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// How long a task may compute between two calls.
const COMPUTING: Duration = Duration::from_secs(5);

/// How a program is started for its schedules: no input, the environment of the caller, and a folder that is as new
/// each time.
///
/// `time` is all there is for it; a task that computes for that long is given up.
///
/// # Errors
/// A program that is not there, or that this machine cannot run.
pub fn launch(
    command: &[OsString],
    stdout: Stdout,
    time: Duration,
    around: &Surroundings,
) -> Result<Launch, Problem> {
    let Some(name) = command.first() else {
        return Err(Problem::Usage("there is no program: put it after --, as in -- ./program ARG…".into()));
    };
    Ok(Launch {
        program: locate_program(name)?,
        argv: command.to_vec(),
        env: environment(around),
        dir: Some(around.folder().to_path_buf()),
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
/// What tells where it is and where temporary files go is of its surroundings.
fn environment(around: &Surroundings) -> Vec<(OsString, OsString)> {
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
    let elsewhere = |(name, _): &(OsString, OsString)| name != "PWD" && name != "OLDPWD" && name != "TMPDIR";
    let there = [("PWD", around.folder()), ("TMPDIR", around.temporary())];
    let there = there.map(|(name, folder)| (name.into(), folder.into()));
    env::vars_os().filter_map(without).filter(elsewhere).chain(there).collect()
}

/// Does something on a thread of its own: the machine keeps the thread on which it lives to one processor.
pub fn on_a_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(work).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
}
