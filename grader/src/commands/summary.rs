//! One line an exercise, and the totals.

use crate::report::model::{CheckVerdict, Graded, Report, Verdict};

/// The summary of a report.
pub fn summary(report: &Report) -> String {
    let mut text = String::new();
    for graded in &report.exercises {
        text += line(graded).trim_end();
        text += "\n";
    }
    let totals = &report.summary;
    text += &format!("\n{} of {} passed", totals.passed, report.exercises.len());
    if totals.cannot_tell > 0 {
        text += &format!(", {} could not be determined", totals.cannot_tell);
    }
    text += &format!("; {} of {} points\n", totals.points.earned, totals.points.max);
    text
}

fn line(graded: &Graded) -> String {
    let points = match graded.points.max {
        0 => String::new(),
        max => format!("{}/{max}", graded.points.earned),
    };
    format!("{:<9} {:<12} {points:<6} {}", graded.id, word(graded.verdict), reason(graded))
}

/// A verdict, as people read it.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::BuildFailed => "not built",
        Verdict::TimedOut => "timed out",
        Verdict::Crashed => "crashed",
        Verdict::CannotTell => "cannot tell",
    }
}

/// What stands in the way: the note, or the first thing that was seen to be wrong.
fn reason(graded: &Graded) -> String {
    if let Some(note) = &graded.note {
        return note.clone();
    }
    let failed = graded.checks.iter().find(|check| check.verdict == CheckVerdict::Failed);
    let finding = failed.and_then(|check| Some((&check.id, check.finding.as_ref()?)));
    finding.map(|(id, finding)| format!("{id}: {}", finding.observed)).unwrap_or_default()
}
