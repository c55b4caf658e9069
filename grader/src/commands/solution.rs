//! `grader solution`: the reference solution, to compare with one's own.

use super::choice;
use crate::cli::{Place, Solution};
use crate::output::{remark, to_stdout};
use crate::problem::{Problem, Status};
use crate::progress::Progress;
use crate::submission::Package;
use crate::terminal::how_to_call;
use crate::workspace::Workspace;
use std::fs;

/// Runs the command.
pub fn run(solution: &Solution, place: &Place) -> Result<Status, Problem> {
    let workspace = Workspace::find(place.workspace.as_deref())?;
    let progress = Progress::load(&workspace)?;
    let (exercise, which) = match (&solution.id, choice::here(&workspace), choice::last_passed(&progress)) {
        (Some(id), ..) => (choice::named(id)?, ""),
        (None, Some(here), _) => (here, ", in whose folder you are"),
        (None, None, Some(last)) => (last, ", which you passed last"),
        (None, None, None) => (choice::meant(None, &workspace)?, ""),
    };
    if !solution.force && !progress.of(exercise.id).passed {
        let again = how_to_call(&format!("solution {} --force", exercise.id));
        remark(&format!(
            "you have not passed {} yet; to see the solution all the same:\n  {again}",
            exercise.id
        ));
        return Ok(Status::Failed);
    }
    let path = Package::of_solution(&workspace, exercise).source;
    let text = fs::read(&path).map_err(|error| Problem::file("read", &path, &error))?;
    to_stdout(
        format!("// The solution of {}{which}: {}\n\n", exercise.id, workspace.shown(&path)).as_bytes(),
    )?;
    to_stdout(&text)?;
    Ok(Status::Passed)
}
