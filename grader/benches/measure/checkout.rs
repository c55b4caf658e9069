//! A copy of the workspace to edit and to build in, so that nobody's own files are touched.

use super::Measured;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A workspace as a fresh clone would be: every source, nothing built, nothing remembered.
///
/// It lies where cargo lets benchmarks keep files, below `target`, and is gone when dropped.
pub struct Checkout(TempDir);

impl Checkout {
    /// Copies the workspace that this benchmark belongs to.
    pub fn new() -> Measured<Checkout> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"));
        let folder = folder.map_err(|error| format!("cannot make a folder for a copy: {error}"))?;
        copy(&workspace(), folder.path()).map_err(|error| format!("cannot copy the workspace: {error}"))?;
        Ok(Checkout(folder))
    }

    /// Its topmost folder.
    pub fn root(&self) -> &Path {
        self.0.path()
    }

    /// A program that cargo has built in it.
    pub fn built(&self, name: &str) -> PathBuf {
        self.root().join("target/debug").join(name)
    }

    /// The learner's program for an exercise.
    pub fn exercise(&self, id: &str) -> PathBuf {
        self.root().join("exercises/1-processes").join(id).join("src/main.rs")
    }

    /// Puts the reference solution where the learner's program is, and returns its text.
    pub fn solve(&self, id: &str) -> Measured<String> {
        let solution = self.root().join("solutions/1-processes").join(id).join("src/main.rs");
        let text =
            fs::read_to_string(&solution).map_err(|error| format!("{}: {error}", solution.display()))?;
        write(&self.exercise(id), &text)?;
        Ok(text)
    }

    /// A program as started by hand in this workspace: not by cargo, and not with settings that were made for
    /// other builds. Nothing is downloaded.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| concerns_builds(name)) {
            command.env_remove(name);
        }
        command
            .current_dir(self.root())
            .env("CARGO_TARGET_DIR", self.root().join("target"))
            .env("CARGO_NET_OFFLINE", "true")
            // Empty, it outranks a wrapper that a file names: a cache of builds is not a cold one.
            .env("RUSTC_WRAPPER", "")
            .stdin(Stdio::null());
        command
    }
}

fn concerns_builds(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    (name.starts_with("CARGO") && name != "CARGO_HOME")
        || name.starts_with("RUSTC")
        || ["RUSTFLAGS", "RUST_RECURSION_COUNT", "RUST_LOG"].contains(&&*name)
}

/// The workspace that this benchmark belongs to.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(1).unwrap_or(Path::new(".")).to_path_buf()
}

/// Writes a file.
pub fn write(file: &Path, text: &str) -> Measured<()> {
    fs::write(file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))
}

/// Copies all that somebody wrote: not what cargo made, which it marks (<https://bford.info/cachedir/>), not what git
/// and the grader remember.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        let memory = [".git", ".forklings"].iter().any(|name| entry.file_name() == *name);
        if kind.is_dir() && !memory && !source.join("CACHEDIR.TAG").exists() {
            fs::create_dir(&target)?;
            copy(&source, &target)?;
        } else if kind.is_file() && !memory {
            fs::copy(&source, &target)?;
        }
    }
    Ok(())
}

/// Runs a command whose output nobody wants to see, unless it fails.
pub fn succeed(command: &mut Command) -> Measured<()> {
    ends(command, |code| code == 0).map(|_| ())
}

/// The same, where several exit codes are right; what it wrote on standard output.
pub fn ends(command: &mut Command, right: impl Fn(i32) -> bool) -> Measured<String> {
    let output = command.output().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    if output.status.code().is_some_and(right) {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Err(format!("{command:?}: {}\n{}{}", output.status, said(&output.stdout), said(&output.stderr)))
}
