//! A program to run, and in what surroundings.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The whole environment of a case, in the order in which the standard library hands it over.
pub const ENVIRONMENT: [(&str, &str); 2] = [("LC_ALL", "C"), ("PATH", "/usr/local/bin:/usr/bin:/bin")];

/// A program, its arguments and its files.
#[derive(Debug, Clone)]
pub struct Case {
    /// A name for messages and folders.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// What follows its name.
    pub args: Vec<String>,
    /// What is in its working directory.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Case {
    /// A program that needs no files.
    pub fn new(name: &str, program: impl Into<PathBuf>, args: &[&str]) -> Case {
        let args = args.iter().map(ToString::to_string).collect();
        Case { name: name.into(), program: program.into(), args, files: Vec::new() }
    }

    /// A line for the shell.
    pub fn shell(name: &str, line: &str) -> Case {
        Case::new(name, "/bin/sh", &["-c", line])
    }

    /// With a file in its working directory.
    pub fn with_file(mut self, name: &str, text: &str) -> Case {
        self.files.push((name.into(), text.into()));
        self
    }

    /// The whole argument vector.
    pub fn argv(&self) -> Vec<String> {
        std::iter::once(self.program.display().to_string()).chain(self.args.iter().cloned()).collect()
    }

    /// A place of this case's own, for its working directory and what is kept of a difference.
    pub fn folder(&self) -> PathBuf {
        Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("differential")
            .join(std::process::id().to_string())
            .join(self.name.replace('/', "-"))
    }

    /// Makes the working directory anew, always at the same place: programs may ask where they are.
    pub fn fresh_world(&self) -> io::Result<PathBuf> {
        let world = self.folder().join("world");
        match fs::remove_dir_all(&world) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir_all(&world)?,
        }
        for (name, bytes) in &self.files {
            fs::write(world.join(name), bytes)?;
        }
        Ok(world)
    }
}
