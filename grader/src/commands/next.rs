//! `grader` alone: at a terminal the next unfinished exercise, elsewhere one pass over the course.

use super::page::pages;
use super::{check, choice};
use crate::cli::Place;
use crate::course::{self, Exercise};
use crate::examine::{Subject, examine, report};
use crate::output::to_stdout;
use crate::problem::{Problem, Status};
use crate::progress::Progress;
use crate::report::human;
use crate::report::model::Verdict;
use crate::terminal::{how_to_call, is_interactive, style_of_stdout};
use crate::workspace::Workspace;

/// Runs the command.
pub fn run(place: &Place) -> Result<Status, Problem> {
    let workspace = Workspace::find(place.workspace.as_deref())?;
    match is_interactive() {
        true => next(&workspace),
        false => pass(&workspace),
    }
}

/// Everything once, and a summary.
fn pass(workspace: &Workspace) -> Result<Status, Problem> {
    let exercises: Vec<&'static Exercise> = course::exercises().iter().collect();
    let examined = examine(&exercises, &Subject::Learner, Some(workspace))?;
    check::remember(&examined, workspace);
    let report = report(&examined);
    if let Some(trouble) = check::common_trouble(&report) {
        return Err(Problem::Environment(trouble));
    }
    to_stdout(human::summary(&report, &style_of_stdout()).as_bytes())?;
    Ok(check::status(&report))
}

/// The next unfinished exercise, checked and explained, and what to do about it.
fn next(workspace: &Workspace) -> Result<Status, Problem> {
    let Some(exercise) = choice::next(&Progress::load(workspace)?) else {
        let again = how_to_call("check --all");
        to_stdout(
            format!("You have passed every exercise. To check them all again:\n  {again}\n").as_bytes(),
        )?;
        return Ok(Status::Passed);
    };
    let style = style_of_stdout();
    let examined = examine(&[exercise], &Subject::Learner, Some(workspace))?;
    check::remember(&examined, workspace);
    let report = report(&examined);
    if let Some(trouble) = check::common_trouble(&report) {
        return Err(Problem::Environment(trouble));
    }
    let advice = advice(exercise, report.exercises[0].verdict, workspace)?;
    to_stdout(format!("{}\n{advice}", pages(&examined, &report, workspace.root(), &style)).as_bytes())?;
    Ok(check::status(&report))
}

/// What to do next.
fn advice(exercise: &Exercise, verdict: Verdict, workspace: &Workspace) -> Result<String, Problem> {
    let folder = |exercise: &Exercise| workspace.shown(&workspace.exercise(exercise));
    if verdict != Verdict::Passed {
        return Ok(format!(
            "Edit {file}/src/main.rs, save, and run this again.\n\
             The statement: {file}/README.md\n\
             For a hint:    {hint}\n",
            file = folder(exercise),
            hint = how_to_call(&format!("hint {}", exercise.id)),
        ));
    }
    let compare = how_to_call(&format!("solution {}", exercise.id));
    Ok(match choice::next(&Progress::load(workspace)?) {
        Some(next) => format!(
            "{} is passed. To compare with the solution:\n  {compare}\n\
             Next: {}, {}. Its statement:\n  {}/README.md\n",
            exercise.id,
            next.id,
            next.title,
            folder(next),
        ),
        None => format!(
            "{} is passed, and with it the whole course. To compare with the solution:\n  {compare}\n",
            exercise.id
        ),
    })
}
