//! What is handed in: a package of the workspace, or a built program.
//!
//! Before anything is built, its files are looked at: a FIFO in place of a source file would make the
//! compiler wait for ever, and what the compiler says about bytes that are not text helps nobody.

mod files;
mod program;

pub use files::{Unfit, inspect_file};
pub use program::{locate_program, program};

use crate::course::Exercise;
use crate::workspace::Workspace;
use std::path::PathBuf;

/// A package of the workspace that can be built and judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
}

impl Package {
    /// The learner's own work on an exercise.
    pub fn of_learner(workspace: &Workspace, exercise: &Exercise) -> Package {
        Package { name: exercise.id.to_string(), folder: workspace.exercise(exercise) }
    }

    /// The reference solution of an exercise.
    pub fn of_solution(workspace: &Workspace, exercise: &Exercise) -> Package {
        Package { name: format!("{}-solution", exercise.id), folder: workspace.solution(exercise) }
    }

    /// Its source file.
    pub fn source(&self) -> PathBuf {
        self.folder.join("src/main.rs")
    }

    /// Its manifest.
    pub fn manifest(&self) -> PathBuf {
        self.folder.join("Cargo.toml")
    }

    /// Whether the compiler can be trusted with it.
    pub fn inspect(&self) -> Result<(), Unfit> {
        files::inspect_text(&self.manifest())?;
        files::inspect_text(&self.source())?;
        files::inspect_folder(&self.folder.join("src"))
    }
}
