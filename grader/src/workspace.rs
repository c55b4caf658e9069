//! The learner's checkout: where it is, and where things lie in it.

use crate::course::Exercise;
use crate::problem::Problem;
use crate::replace::{Lasting, replace};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A checkout of the course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The checkout at `given`, or else the one around the current folder.
    pub fn find(given: Option<&Path>) -> Result<Workspace, Problem> {
        match given {
            Some(folder) => {
                let root = folder.canonicalize().map_err(|error| {
                    let reason = crate::problem::plain(&error);
                    Problem::Usage(format!("no workspace at {}: {reason}", folder.display()))
                })?;
                Self::at(&root).ok_or_else(|| {
                    let folder = folder.display();
                    Problem::Usage(format!(
                        "{folder} is not a workspace of this course: it needs a Cargo.toml and a folder exercises/"
                    ))
                })
            }
            None => {
                let here = std::env::current_dir().map_err(|error| {
                    Problem::Environment(format!(
                        "cannot tell the current folder: {}",
                        crate::problem::plain(&error)
                    ))
                })?;
                here.ancestors().find_map(Self::at).ok_or_else(|| {
                    Problem::Usage(format!(
                        "neither {} nor a folder above it is a workspace of this course; change into your clone, \
                         or name it with --workspace DIR",
                        here.display()
                    ))
                })
            }
        }
    }

    fn at(folder: &Path) -> Option<Workspace> {
        let complete = folder.join("Cargo.toml").is_file() && folder.join("exercises").is_dir();
        complete.then(|| Workspace { root: folder.to_path_buf() })
    }

    /// Its topmost folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the learner works on an exercise.
    pub fn exercise(&self, exercise: &Exercise) -> PathBuf {
        self.root.join("exercises").join(exercise.chapter).join(exercise.id)
    }

    /// Where its reference solution lies.
    pub fn solution(&self, exercise: &Exercise) -> PathBuf {
        self.root.join("solutions").join(exercise.chapter).join(exercise.id)
    }

    /// Where its fixtures lie.
    pub fn fixtures(&self, exercise: &Exercise) -> PathBuf {
        self.root.join("fixtures").join(exercise.chapter).join(exercise.id)
    }

    /// Where the grader keeps what it knows about this checkout. It lies outside of `target`, so that
    /// `cargo clean` does not take the learner's progress with it.
    pub fn memory(&self) -> Memory {
        Memory(self.root.join(".forklings"))
    }

    /// A path as a learner would type it: relative to the workspace, where it lies in it.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    /// The exercise in whose folder the command was started, by its id.
    pub fn exercise_here(&self) -> Option<String> {
        let here = std::env::current_dir().ok()?.canonicalize().ok()?;
        let below = here.strip_prefix(self.root.join("exercises")).ok()?;
        below.components().nth(1).map(|id| id.as_os_str().to_string_lossy().into_owned())
    }
}

/// A folder of the grader's own files, made when the first of them is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory(PathBuf);

impl Memory {
    /// One that lies here.
    pub fn at(folder: PathBuf) -> Memory {
        Memory(folder)
    }

    /// The file of this name, which may not be there.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Puts a file into it, whole or not at all. Git is told to leave the folder alone.
    pub fn keep(&self, name: &str, bytes: &[u8], lasting: Lasting) -> io::Result<()> {
        if !self.0.is_dir() {
            fs::create_dir(&self.0)?;
            fs::write(self.0.join(".gitignore"), "*\n")?;
        }
        replace(&self.file(name), bytes, lasting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_exercises_is_not_a_workspace_and_the_message_says_what_is_missing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let problem = Workspace::find(Some(folder.path())).expect_err("nothing in it");
        assert!(matches!(&problem, Problem::Usage(text) if text.contains("exercises/")), "{problem}");
    }

    #[test]
    fn the_memory_of_a_workspace_is_invisible_to_git() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("Cargo.toml"), "").expect("writable");
        fs::create_dir(folder.path().join("exercises")).expect("writable");
        let workspace = Workspace::find(Some(folder.path())).expect("complete");
        workspace.memory().keep("file", b"bytes", Lasting::Process).expect("writable");
        let ignored = workspace.memory().file(".gitignore");
        assert_eq!(fs::read_to_string(ignored).expect("just written"), "*\n");
    }
}
