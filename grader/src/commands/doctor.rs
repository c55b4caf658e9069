//! `grader doctor`: what this machine allows, and what that means for verdicts.

use crate::cli::Place;
use crate::doctor::{Sign, State, examine};
use crate::output::to_stdout;
use crate::problem::{Problem, Status};
use crate::report;
use crate::terminal::{is_interactive, style_of_stdout};
use crate::workspace::Workspace;

/// Runs the command.
pub fn run(place: &Place) -> Result<Status, Problem> {
    let workspace = match &place.workspace {
        Some(folder) => Some(Workspace::find(Some(folder))?),
        None => Workspace::find(None).ok(),
    };
    let signs = examine(workspace.as_ref());
    let missing = signs.iter().any(|sign| sign.state == State::Missing);
    let verdict = match missing {
        false => "Verdicts given on this machine can be relied on.",
        true => "This machine lacks something that verdicts need; see the lines marked `missing`.",
    };
    let text: String = signs.iter().map(line).collect();
    to_stdout(format!("{text}\n{verdict}\n").as_bytes())?;
    Ok(if missing { Status::Undetermined } else { Status::Passed })
}

fn line(sign: &Sign) -> String {
    let state = match sign.state {
        State::Well => "ok",
        State::Noted => "note",
        State::Missing => "missing",
    };
    let head = format!("{state:<8} {:<16} ", sign.name);
    match is_interactive() {
        true => report::entry(&head, &sign.said, &style_of_stdout()),
        false => format!("{head}{}\n", sign.said),
    }
}
