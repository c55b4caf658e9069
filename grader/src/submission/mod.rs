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

/// Something that cargo can make one program of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The program's name; for a package of the workspace also the package's.
    pub name: String,
    /// The package's folder.
    pub folder: PathBuf,
    /// The file with `main`.
    pub source: PathBuf,
}

impl Package {
    /// The learner's own work on an exercise.
    pub fn of_learner(workspace: &Workspace, exercise: &Exercise) -> Package {
        Package::in_folder(exercise.id.to_string(), workspace.exercise(exercise))
    }

    /// The reference solution of an exercise.
    pub fn of_solution(workspace: &Workspace, exercise: &Exercise) -> Package {
        Package::in_folder(format!("{}-solution", exercise.id), workspace.solution(exercise))
    }

    fn in_folder(name: String, folder: PathBuf) -> Package {
        Package { name, source: folder.join("src/main.rs"), folder }
    }

    /// Its manifest.
    pub fn manifest(&self) -> PathBuf {
        self.folder.join("Cargo.toml")
    }

    /// Whether the compiler can be trusted with it.
    pub fn inspect(&self) -> Result<(), Unfit> {
        files::inspect_text(&self.manifest())?;
        files::inspect_text(&self.source)?;
        match self.modules() {
            Some(folder) => files::inspect_folder(&folder),
            None => Ok(()),
        }
    }

    /// The folder in which further modules of it may lie.
    pub fn modules(&self) -> Option<PathBuf> {
        let folder = self.folder.join("src");
        self.source.starts_with(&folder).then_some(folder)
    }
}
