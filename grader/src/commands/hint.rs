//! `grader hint`: help for the check that failed, each time a little more.

use super::choice;
use crate::cli::{Hint, Place};
use crate::course::{Check, Exercise};
use crate::output::{remark, to_stdout};
use crate::problem::{Problem, Status};
use crate::progress::{Progress, Standing};
use crate::terminal::{how_to_call, prose_for_stdout};
use crate::workspace::Workspace;

/// Runs the command.
pub fn run(hint: &Hint, place: &Place) -> Result<Status, Problem> {
    let workspace = Workspace::find(place.workspace.as_deref())?;
    let exercise = choice::meant(hint.id.as_deref(), &workspace)?;
    let before = Progress::load(&workspace)?;
    let check = match &hint.check {
        Some(id) => named(exercise, id)?,
        None => match failing(exercise, &before.of(exercise.id)) {
            Ok(check) => check,
            Err(advice) => {
                to_stdout(prose_for_stdout(&format!("{advice}\n")).as_bytes())?;
                return Ok(Status::Passed);
            }
        },
    };
    let mut progress = before.clone();
    let shown = progress.another_hint(exercise.id, check.id);
    to_stdout(prose_for_stdout(&text(exercise, check, shown)).as_bytes())?;
    if let Err(problem) = progress.keep(&before, &workspace) {
        remark(&problem.to_string());
    }
    Ok(Status::Passed)
}

fn named(exercise: &'static Exercise, id: &str) -> Result<&'static Check, Problem> {
    exercise.check(id).ok_or_else(|| {
        let ids: Vec<&str> = exercise.checks.iter().map(|check| check.id).collect();
        let guess = choice::nearest(id, ids.iter().copied());
        let guess = guess.map(|guess| format!("; did you mean `{guess}`?")).unwrap_or_else(|| ".".into());
        Problem::Usage(format!("{} has no check `{id}`{guess} It has: {}", exercise.id, ids.join(", ")))
    })
}

/// The check that failed first the last time, or what to do if there is none.
fn failing(exercise: &'static Exercise, standing: &Standing) -> Result<&'static Check, String> {
    let failing = standing.failing.iter().find_map(|id| exercise.check(id));
    failing.ok_or_else(|| match standing.passed {
        true => format!("{} is passed: nothing to hint at.", exercise.id),
        false => format!(
            "No check of {} has failed yet. Check it first:\n  {}",
            exercise.id,
            how_to_call(&format!("check {}", exercise.id))
        ),
    })
}

/// The hint that comes after `shown` others; the last one for ever after.
fn text(exercise: &Exercise, check: &Check, shown: usize) -> String {
    let last = check.hints.len().saturating_sub(1);
    let number = shown.min(last);
    let hint = check.hints.get(number).copied().unwrap_or("There is no hint for this check.");
    let more = match number < last {
        true => "Ask again for the next one.",
        false => "That is the last one.",
    };
    let see = check.see.join(", ");
    format!(
        "{}, {}: {}\n\nHint {} of {}: {hint}\n\nSee {see}. {more}\n",
        exercise.id,
        check.id,
        check.claim,
        number + 1,
        check.hints.len().max(1),
    )
}
