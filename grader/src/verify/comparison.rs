//! What was expected of a case, against what was found.

use super::cases::{Case, Kind};
use super::header::Expected;
use crate::examine::Examined;
use crate::report::model::{CheckVerdict, Graded, Verdict};

/// What came of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The exercise.
    pub exercise: &'static str,
    /// The case.
    pub case: String,
    /// How it went.
    pub result: Result<String, Wrong>,
}

/// How a case can go wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// Something else came of it than was expected; both, in a sentence.
    Other(String),
    /// Nothing could be determined; why.
    Undetermined(String),
}

/// Compares.
pub fn compare(case: &Case, found: &Examined) -> Line {
    let graded = &found.graded;
    let result = match (&case.kind, graded.verdict) {
        (_, Verdict::CannotTell) => Err(Wrong::Undetermined(graded.note.clone().unwrap_or_default())),
        (_, Verdict::BuildFailed) => Err(Wrong::Other(format!(
            "{}\n{}",
            graded.note.clone().unwrap_or_default(),
            found.diagnostics.concat()
        ))),
        (Kind::Skeleton, _) => unwritten(graded, found),
        (Kind::Solution(_), _) => expect(&Expected::Passes, graded),
        (Kind::Fixture(_, expected), _) => expect(expected, graded),
    };
    Line { exercise: case.exercise.id, case: case.name(), result }
}

/// A skeleton fails with one finding in words, and earns nothing.
fn unwritten(graded: &Graded, found: &Examined) -> Result<String, Wrong> {
    let unwritten = found.judged.as_ref().is_some_and(|judged| judged.grade.unwritten.is_some());
    match graded.verdict {
        Verdict::Failed if unwritten && failing(graded).count() == 1 && graded.points.earned == 0 => {
            Ok("is not written yet, and is told so".to_string())
        }
        _ => Err(Wrong::Other(format!(
            "expected: one finding, \"not written yet\"; found: {}",
            outcome(graded)
        ))),
    }
}

fn expect(expected: &Expected, graded: &Graded) -> Result<String, Wrong> {
    let failed: Vec<&str> = failing(graded).map(|(id, _)| id).collect();
    match expected {
        Expected::Passes if graded.verdict == Verdict::Passed => Ok("passes".to_string()),
        Expected::Passes => Err(Wrong::Other(format!("expected: it passes; found: {}", outcome(graded)))),
        Expected::Fails { check, verdict } if graded.verdict == *verdict && failed == [check.as_str()] => {
            Ok(format!("fails by {check}{}", except_failed(*verdict)))
        }
        Expected::Fails { check, verdict } => Err(Wrong::Other(format!(
            "expected: it fails by {check}{}; found: {}",
            except_failed(*verdict),
            outcome(graded)
        ))),
    }
}

/// The failed checks, and what was observed by each.
fn failing(graded: &Graded) -> impl Iterator<Item = (&str, Option<&str>)> {
    graded
        .checks
        .iter()
        .filter(|check| check.verdict == CheckVerdict::Failed)
        .map(|check| (check.id.as_str(), check.finding.as_ref().map(|finding| finding.observed.as_str())))
}

fn except_failed(verdict: Verdict) -> String {
    match verdict {
        Verdict::Failed => String::new(),
        other => format!(", {}", word(other)),
    }
}

/// A verdict and the checks behind it, in one line.
fn outcome(graded: &Graded) -> String {
    let mut text = word(graded.verdict).to_string();
    if let Some(note) = &graded.note {
        text += &format!(" ({note})");
    }
    for (id, observed) in failing(graded) {
        text += &format!("; fails by {id}: {}", observed.unwrap_or("no finding"));
    }
    text
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::BuildFailed => "not built",
        Verdict::TimedOut => "timed out",
        Verdict::Crashed => "crashed",
        Verdict::CannotTell => "cannot tell",
    }
}
