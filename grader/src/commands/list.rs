//! `grader list`: the exercises, and how far the learner is.

use super::choice;
use crate::cli::Place;
use crate::course::{self, Exercise};
use crate::output::to_stdout;
use crate::problem::{Problem, Status};
use crate::progress::Progress;
use crate::skeleton;
use crate::submission::Package;
use crate::workspace::Workspace;
use std::fs;

/// Runs the command.
pub fn run(place: &Place) -> Result<Status, Problem> {
    let workspace = Workspace::find(place.workspace.as_deref())?;
    to_stdout(text(&workspace, &Progress::load(&workspace)?).as_bytes())?;
    Ok(Status::Passed)
}

fn text(workspace: &Workspace, progress: &Progress) -> String {
    let next = choice::next(progress).map(|exercise| exercise.id);
    let mut text = String::new();
    let mut chapter = "";
    for exercise in course::exercises() {
        if exercise.chapter != chapter {
            chapter = exercise.chapter;
            text += &format!("{chapter}\n");
        }
        let state = match (progress.of(exercise.id).passed, next == Some(exercise.id)) {
            (true, _) => "passed",
            (false, true) => "next",
            (false, false) if begun(workspace, exercise) => "begun",
            (false, false) => "",
        };
        let line = format!("  {state:<7} {:<13} {}", exercise.id, exercise.title);
        text += line.trim_end();
        text += "\n";
    }
    text
}

/// Whether the learner has changed anything.
fn begun(workspace: &Workspace, exercise: &Exercise) -> bool {
    let now = fs::read(Package::of_learner(workspace, exercise).source).unwrap_or_default();
    skeleton::source(exercise).is_some_and(|shipped| now != shipped.as_bytes())
}
