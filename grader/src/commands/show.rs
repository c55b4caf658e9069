//! `grader show`: the statement of an exercise.

use super::choice;
use crate::cli::{One, Place};
use crate::output::to_stdout;
use crate::problem::{Problem, Status};
use crate::report;
use crate::terminal::{is_interactive, style_of_stdout};
use crate::workspace::Workspace;
use std::fs;

/// Runs the command.
pub fn run(one: &One, place: &Place) -> Result<Status, Problem> {
    let workspace = Workspace::find(place.workspace.as_deref())?;
    let exercise = choice::meant(one.id.as_deref(), &workspace)?;
    let folder = workspace.exercise(exercise);
    let path = folder.join("README.md");
    let statement = fs::read(&path).map_err(|error| Problem::file("read the statement", &path, &error))?;
    match is_interactive() {
        true => {
            to_stdout(report::statement(&String::from_utf8_lossy(&statement), &style_of_stdout()).as_bytes())?
        }
        false => to_stdout(&statement)?,
    }
    let source = workspace.shown(&folder.join("src/main.rs"));
    to_stdout(format!("\nYour file: {source}\n").as_bytes())?;
    Ok(Status::Passed)
}
