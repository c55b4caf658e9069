//! `grader verify`: the course checks itself.

use super::choice;
use crate::cli::{Place, Verify};
use crate::course::{self, Exercise};
use crate::output::to_stdout;
use crate::problem::{Problem, Status};
use crate::verify::cases::collect;
use crate::verify::comparison::{Line, Wrong};
use crate::verify::coverage::Coverage;
use crate::verify::verify;
use crate::workspace::Workspace;

/// Runs the command.
pub fn run(arguments: &Verify, place: &Place) -> Result<Status, Problem> {
    let workspace = Workspace::find(place.workspace.as_deref())?;
    let exercises: Vec<&'static Exercise> = match arguments.ids.is_empty() {
        true => course::exercises().iter().collect(),
        false => choice::all_named(&arguments.ids)?,
    };
    let (cases, strays) = collect(&workspace, &exercises)?;
    let lines = verify(&workspace, &cases)?;
    let coverage: Vec<Coverage> = exercises.iter().map(|exercise| Coverage::of(exercise, &cases)).collect();
    let text = lines.iter().map(line).chain(strays.iter().map(|stray| format!("STRAY  {stray}\n")));
    let text =
        text.chain(coverage.iter().map(covered)).collect::<String>() + &total(&lines, &strays, &coverage);
    to_stdout(text.as_bytes())?;
    let wrong = lines.iter().any(|line| matches!(line.result, Err(Wrong::Other(_))));
    if wrong || !strays.is_empty() || !coverage.iter().all(Coverage::suffices) {
        return Ok(Status::Failed);
    }
    let undetermined = lines.iter().any(|line| line.result.is_err());
    Ok(if undetermined { Status::Undetermined } else { Status::Passed })
}

fn line(line: &Line) -> String {
    let (mark, said) = match &line.result {
        Ok(said) => ("ok", said),
        Err(Wrong::Other(said)) => ("WRONG", said),
        Err(Wrong::Undetermined(said)) => ("?", said),
    };
    format!("{mark:<6} {}/{} {}\n", line.exercise, line.case, said.trim_end())
}

fn covered(coverage: &Coverage) -> String {
    let mark = if coverage.suffices() { "ok" } else { "FEW" };
    format!("{mark:<6} {}: {}\n", coverage.exercise, coverage.sentence())
}

fn total(lines: &[Line], strays: &[String], coverage: &[Coverage]) -> String {
    let right = lines.iter().filter(|line| line.result.is_ok()).count();
    let few = coverage.iter().filter(|coverage| !coverage.suffices()).count();
    let mut text = format!("\n{right} of {} verdicts are as they should be", lines.len());
    if !strays.is_empty() {
        text += &format!("; {} stray files", strays.len());
    }
    if few > 0 {
        text += &format!("; {few} exercises have too few fixtures");
    }
    text + "\n"
}
