//! All programs whose verdict is known beforehand.

use super::header::{self, Expected};
use crate::course::Exercise;
use crate::problem::Problem;
use crate::submission::Package;
use crate::workspace::Workspace;
use std::fs;
use std::path::{Path, PathBuf};

/// A program whose verdict is known beforehand.
#[derive(Debug)]
pub struct Case {
    /// What it is judged as.
    pub exercise: &'static Exercise,
    /// What it is.
    pub kind: Kind,
}

/// What a case is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The exercise as it is shipped.
    Skeleton,
    /// The reference solution: this file.
    Solution(PathBuf),
    /// A fixture: this file, and what must come of it.
    Fixture(PathBuf, Expected),
}

impl Case {
    /// Its name within the exercise.
    pub fn name(&self) -> String {
        match &self.kind {
            Kind::Skeleton => "skeleton".to_string(),
            Kind::Solution(_) => "solution".to_string(),
            Kind::Fixture(path, _) => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        }
    }
}

/// Something among the fixtures that should not be there.
pub type Stray = String;

/// The cases of these exercises, in a fixed order, and what among their files is not in order.
pub fn collect(
    workspace: &Workspace,
    exercises: &[&'static Exercise],
) -> Result<(Vec<Case>, Vec<Stray>), Problem> {
    let mut cases = Vec::new();
    let mut strays = Vec::new();
    for exercise in exercises {
        cases.push(Case { exercise, kind: Kind::Skeleton });
        let solution = Package::of_solution(workspace, exercise).source;
        cases.push(Case { exercise, kind: Kind::Solution(solution) });
        for path in sorted(&workspace.fixtures(exercise))? {
            match fixture(exercise, &path) {
                Ok(expected) => cases.push(Case { exercise, kind: Kind::Fixture(path, expected) }),
                Err(reason) => strays.push(format!("{}: {reason}", workspace.shown(&path))),
            }
        }
    }
    Ok((cases, strays))
}

fn fixture(exercise: &Exercise, path: &Path) -> Result<Expected, String> {
    if path.extension().is_none_or(|extension| extension != "rs") {
        return Err("it is not a Rust file".into());
    }
    let text = fs::read_to_string(path).map_err(|error| crate::problem::plain(&error))?;
    let expected = header::read(&text)?;
    match &expected {
        Expected::Fails { check, .. } if exercise.check(check).is_none() => {
            Err(format!("{} has no check `{check}`", exercise.id))
        }
        _ => Ok(expected),
    }
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let unreadable = |error| Problem::file("read the fixtures in", folder, &error);
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    paths.sort_unstable();
    Ok(paths)
}
