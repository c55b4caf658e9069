//! The learner's checkout: where it is, and where things lie in it.

use crate::course::Exercise;
use crate::problem::Problem;
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

    /// Where the grader keeps what it knows about this checkout; made when it is first needed.
    ///
    /// It lies outside of `target`, so that `cargo clean` does not take the learner's progress with it,
    /// and git is told to leave it alone.
    pub fn memory(&self) -> Result<PathBuf, Problem> {
        let folder = self.root.join(".forklings");
        if !folder.is_dir() {
            std::fs::create_dir(&folder)
                .map_err(|error| Problem::file("make the folder", &folder, &error))?;
            let ignore = folder.join(".gitignore");
            std::fs::write(&ignore, "*\n").map_err(|error| Problem::file("write", &ignore, &error))?;
        }
        Ok(folder)
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
        std::fs::write(folder.path().join("Cargo.toml"), "").expect("writable");
        std::fs::create_dir(folder.path().join("exercises")).expect("writable");
        let workspace = Workspace::find(Some(folder.path())).expect("complete");
        let memory = workspace.memory().expect("writable");
        assert_eq!(std::fs::read_to_string(memory.join(".gitignore")).expect("just written"), "*\n");
    }
}
