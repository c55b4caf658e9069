//! `grader check`: build, run, judge, report.

use super::choice;
use super::page::pages;
use crate::cli::{Check, Format, Place};
use crate::course::{self, Exercise};
use crate::examine::{Examined, Subject, examine, report};
use crate::output::{deliver, remark};
use crate::problem::{Problem, Status};
use crate::progress::Progress;
use crate::report::model::{Graded, Report, Verdict};
use crate::report::{Style, json};
use crate::terminal::style_of_stdout;
use crate::workspace::Workspace;
use std::path::PathBuf;

/// Runs the command.
pub fn run(check: &Check, place: &Place) -> Result<Status, Problem> {
    let workspace = match check.program {
        Some(_) => Workspace::find(place.workspace.as_deref()).ok(),
        None => Some(Workspace::find(place.workspace.as_deref())?),
    };
    let exercises = wanted(check, workspace.as_ref())?;
    let subject = match &check.program {
        Some(program) => Subject::Program(program.clone()),
        None if check.solutions => Subject::Solution,
        None => Subject::Learner,
    };
    let style = if check.output.is_some() { Style::PLAIN } else { style_of_stdout() };
    let examined = examine(&exercises, &subject, workspace.as_ref())?;
    if let (Subject::Learner, Some(workspace)) = (&subject, &workspace) {
        remember(&examined, workspace);
    }
    let report = report(&examined);
    if let (Format::Human, Some(trouble)) = (check.format, common_trouble(&report)) {
        return Err(Problem::Environment(trouble));
    }
    let mut text = Vec::new();
    match check.format {
        Format::Json => json::write(&report, &mut text)
            .map_err(|error| Problem::Environment(format!("cannot write the report: {error}")))?,
        Format::Human => {
            text.extend(pages(&examined, &report, &base(workspace.as_ref()), &style).into_bytes())
        }
    }
    deliver(&text, check.output.as_deref())?;
    Ok(status(&report))
}

/// The exercises that the command line asks for.
fn wanted(check: &Check, workspace: Option<&Workspace>) -> Result<Vec<&'static Exercise>, Problem> {
    if check.program.is_some() && check.ids.len() != 1 {
        return Err(Problem::Usage("--program needs the ID of exactly one exercise to be judged as".into()));
    }
    if !check.ids.is_empty() {
        return choice::all_named(&check.ids);
    }
    match workspace {
        Some(workspace) if !check.all && !check.solutions => Ok(vec![choice::meant(None, workspace)?]),
        _ => Ok(course::exercises().iter().collect()),
    }
}

/// The folder that source files are named relative to.
fn base(workspace: Option<&Workspace>) -> PathBuf {
    workspace.map(|workspace| workspace.root().to_path_buf()).unwrap_or_default()
}

/// Takes note of how far the learner is. Whether that works or not, the verdict stands.
pub fn remember(examined: &[Examined], workspace: &Workspace) {
    let kept = Progress::load(workspace).and_then(|before| {
        let mut progress = before.clone();
        examined.iter().for_each(|exercise| progress.take(&exercise.graded));
        progress.keep(&before, workspace)
    });
    if let Err(problem) = kept {
        remark(&problem.to_string());
    }
}

/// What keeps every exercise from a verdict, if it is the same for all: then it is said once, and nothing else.
pub fn common_trouble(report: &Report) -> Option<String> {
    let first = report.exercises.first()?;
    let same = |graded: &Graded| graded.verdict == Verdict::CannotTell && graded.note == first.note;
    report.exercises.iter().all(same).then(|| first.note.clone()).flatten()
}

/// The exit status that tells a report: a failure is certain, whatever else could not be determined.
pub fn status(report: &Report) -> Status {
    let any = |wanted: fn(Verdict) -> bool| report.exercises.iter().any(|graded| wanted(graded.verdict));
    if any(|verdict| !matches!(verdict, Verdict::Passed | Verdict::CannotTell)) {
        Status::Failed
    } else if any(|verdict| verdict == Verdict::CannotTell) {
        Status::Undetermined
    } else {
        Status::Passed
    }
}
