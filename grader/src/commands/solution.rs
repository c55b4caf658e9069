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
    let exercise = choice::meant(solution.one.id.as_deref(), &workspace)?;
    if !solution.force && !Progress::load(&workspace)?.of(exercise.id).passed {
        let again = how_to_call(&format!("solution {} --force", exercise.id));
        remark(&format!(
            "you have not passed {} yet; to see the solution all the same:\n  {again}",
            exercise.id
        ));
        return Ok(Status::Failed);
    }
    let path = Package::of_solution(&workspace, exercise).source;
    let text = fs::read(&path).map_err(|error| Problem::file("read", &path, &error))?;
    to_stdout(format!("// {}\n", workspace.shown(&path)).as_bytes())?;
    to_stdout(&text)?;
    Ok(Status::Passed)
}
