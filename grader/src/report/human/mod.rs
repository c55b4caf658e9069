//! The report for people.
//!
//! An exercise's page opens with the verdict. If it failed, there follow the first failing check (claim,
//! expectation, observation, source line, why it matters, a hint), the others in a line each, and the
//! picture of the run beside the one that was wanted. If it passed: why each check holds, and what one
//! knows now. [`summary`] is the table over all exercises.

mod build;
mod excerpt;
mod failed;
#[cfg(test)]
mod golden;
mod passed;
mod summary;

pub use summary::summary;

use super::ink::Ink;
use super::model::{Graded, Points, SourceLine, Verdict};
use super::page::Page;
use super::shown::Shown;
use super::style::Style;

/// The page of one exercise.
pub fn exercise(shown: &Shown, style: &Style) -> String {
    let graded = shown.graded;
    let mut page = Page::new(style);
    let (glyph, word, ink) = verdict(graded);
    let right = match points(graded.points) {
        Some(points) => format!("{word} · {points}"),
        None => word.to_owned(),
    };
    page.heading(glyph, &format!("{}: {}", graded.id, shown.title), &right, ink);
    page.blank();
    // Of a program that hung, the finding tells more; of one that does not compile, the compiler.
    let compiler = graded.verdict == Verdict::BuildFailed && !shown.diagnostics.is_empty();
    let hung =
        graded.verdict == Verdict::TimedOut && graded.checks.iter().any(|check| check.finding.is_some());
    if let Some(note) = graded.note.as_ref().filter(|_| !hung && !compiler) {
        page.paragraph(2, note, Ink::Plain);
        page.blank();
    }
    match graded.verdict {
        _ if is_unwritten(graded) => failed::unwritten(&mut page, shown),
        Verdict::Passed => passed::page(&mut page, shown),
        Verdict::BuildFailed => build::page(&mut page, shown),
        Verdict::Failed | Verdict::TimedOut | Verdict::Crashed | Verdict::CannotTell => {
            failed::page(&mut page, shown);
        }
    }
    page.text()
}

/// A claim as a sentence of its own.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    let full_stop = if text.ends_with(['.', '!', '?', ':']) { "" } else { "." };
    format!("{first}{}{full_stop}", chars.as_str())
}

/// Whether a `todo!()` is what fails first, and not one behind a mistake.
fn is_unwritten(graded: &Graded) -> bool {
    let first = graded.checks.iter().find_map(|check| check.finding.as_ref());
    let place = |site: &SourceLine| (site.file.clone(), site.line);
    let site = first.and_then(|found| found.sites.first()).map(place);
    graded.unwritten.as_ref().is_some_and(|todo| first.is_none() || site == Some(place(todo)))
}

/// The sign, the words and the colour of a verdict.
fn verdict(graded: &Graded) -> (char, &'static str, Ink) {
    match graded.verdict {
        _ if is_unwritten(graded) => ('○', "not written yet", Ink::Dim),
        Verdict::Passed => ('✓', "passed", Ink::Good),
        Verdict::Failed => ('✗', "failed", Ink::Bad),
        Verdict::BuildFailed => ('✗', "does not compile", Ink::Bad),
        Verdict::TimedOut => ('✗', "timed out", Ink::Bad),
        Verdict::Crashed => ('✗', "crashed", Ink::Bad),
        Verdict::CannotTell => ('?', "cannot tell", Ink::Grader),
    }
}

/// `6 of 10 points`; nothing where there are none to be had.
fn points(points: Points) -> Option<String> {
    match points {
        Points { max: 0, .. } => None,
        Points { earned, max: 1 } => Some(format!("{earned} of 1 point")),
        Points { earned, max } => Some(format!("{earned} of {max} points")),
    }
}
