//! A program that somebody else has built.

use super::files::inspect_file;
use crate::build::Built;
use crate::problem::{Problem, plain};
use grader_program::Why;
use std::env;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The program at `file`, if this machine can run it.
pub fn program(file: &Path) -> Result<Built, Problem> {
    runnable(file).map(Built::Program)
}

/// The program that a shell would run under this name: along PATH, unless there is a slash in it.
pub fn locate_program(name: &OsStr) -> Result<PathBuf, Problem> {
    if name.as_encoded_bytes().contains(&b'/') {
        let file = Path::new(name);
        return match grader_program::inspect(file) {
            // The kernel runs its interpreter. Only what is graded has to be a program of its own.
            Err(refused) if matches!(refused.why, Why::Script(_)) => absolute(file),
            _ => runnable(file),
        };
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let executable =
        |file: &PathBuf| inspect_file(file).is_ok_and(|found| found.permissions().mode() & 0o111 != 0);
    let found = env::split_paths(&path).map(|folder| folder.join(name)).find(executable);
    found.ok_or_else(|| {
        let name = name.display();
        Problem::Environment(format!("cannot run {name}: there is no such program in PATH; is it ./{name}?"))
    })
}

fn runnable(file: &Path) -> Result<PathBuf, Problem> {
    grader_program::inspect(file).map_err(|refused| match refused.why {
        Why::Unreadable(error) => refuse(file, &plain(&error)),
        why => refuse(file, &why.to_string()),
    })?;
    absolute(file)
}

fn absolute(file: &Path) -> Result<PathBuf, Problem> {
    file.canonicalize().map_err(|error| refuse(file, &plain(&error)))
}

fn refuse(file: &Path, reason: &str) -> Problem {
    Problem::Environment(format!("cannot run {}: {reason}", file.display()))
}
