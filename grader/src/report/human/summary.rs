//! The table over all exercises.

use super::{is_unwritten, points, verdict};
use crate::report::ink::Ink;
use crate::report::line::Line;
use crate::report::model::{Graded, Report};
use crate::report::page::Page;
use crate::report::style::Style;
use crate::report::visible::Visible;

/// In fewer columns than this, a reason says nothing.
const LEAST_REASON: usize = 16;

/// One line an exercise, and the totals.
pub fn summary(report: &Report, style: &Style) -> String {
    let mut page = Page::new(style);
    let ids = report.exercises.iter().map(|graded| graded.id.len()).max().unwrap_or(0);
    let words = report.exercises.iter().map(|graded| verdict(graded).1.len()).max().unwrap_or(0);
    let numbers = report.exercises.iter().map(|graded| score(graded).len()).max().unwrap_or(0);
    for graded in &report.exercises {
        let (glyph, word, ink) = verdict(graded);
        let mut line = Line::default();
        line.glyph(0, glyph, ink);
        line.put(2, &Visible::new(&graded.id, style), Ink::Plain);
        line.put(4 + ids, &Visible::new(word, style), ink);
        let score = score(graded);
        let at = 6 + ids + words + numbers;
        line.put(at - score.len(), &Visible::new(&score, style), Ink::Plain);
        let room = style.width.saturating_sub(at + 2);
        if room >= LEAST_REASON {
            let reason = Visible::new(&reason(graded), style).shortened(room, style);
            line.put(at + 2, &reason, Ink::Dim);
        }
        page.lines([line]);
    }
    page.blank();
    page.paragraph(0, &totals(report), Ink::Strong);
    page.text()
}

fn score(graded: &Graded) -> String {
    match graded.points.max {
        0 => "-".into(),
        max => format!("{}/{max}", graded.points.earned),
    }
}

/// What is wrong first, in its own words.
fn reason(graded: &Graded) -> String {
    if is_unwritten(graded) {
        return String::new();
    }
    let finding = graded.checks.iter().find_map(|check| Some((check, check.finding.as_ref()?)));
    match (finding, &graded.note) {
        (_, Some(note)) => note.clone(),
        (Some((check, found)), None) => format!("{}: {}", check.id, found.observed),
        (None, None) => String::new(),
    }
}

fn totals(report: &Report) -> String {
    let summary = report.summary;
    let all = report.exercises.len();
    let mut totals = format!("{} of {all} passed", summary.passed);
    if summary.cannot_tell > 0 {
        totals.push_str(&format!(", {} could not be determined", summary.cannot_tell));
    }
    if let Some(points) = points(summary.points) {
        totals.push_str(&format!(" · {points}"));
    }
    totals
}
