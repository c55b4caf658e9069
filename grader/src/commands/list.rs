//! `grader list`: the exercises, and how far the learner is.

use super::choice;
use crate::cli::Place;
use crate::course;
use crate::output::to_stdout;
use crate::problem::{Problem, Status};
use crate::progress::Progress;
use crate::workspace::Workspace;

/// Runs the command.
pub fn run(place: &Place) -> Result<Status, Problem> {
    let workspace = Workspace::find(place.workspace.as_deref())?;
    to_stdout(text(&Progress::load(&workspace)?).as_bytes())?;
    Ok(Status::Passed)
}

fn text(progress: &Progress) -> String {
    let next = choice::next(progress).map(|exercise| exercise.id);
    let mut text = String::new();
    let mut chapter = "";
    for exercise in course::exercises() {
        if exercise.chapter != chapter {
            chapter = exercise.chapter;
            text += &format!("{chapter}\n");
        }
        let standing = progress.of(exercise.id);
        let state = match (standing.passed, next == Some(exercise.id)) {
            (true, _) => "passed",
            (false, true) => "next",
            (false, false) if !standing.failing.is_empty() => "begun",
            (false, false) => "",
        };
        let line = format!("  {state:<7} {:<9} {}", exercise.id, exercise.title);
        text += line.trim_end();
        text += "\n";
    }
    text
}
