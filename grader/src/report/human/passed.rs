//! The page of an exercise that passes: why each check holds, by which evidence, and what one knows now.

use crate::report::ink::Ink;
use crate::report::line::Line;
use crate::report::model::{CheckVerdict, Evidence, Strength};
use crate::report::page::{Page, counted};
use crate::report::shown::Shown;
use crate::report::visible::Visible;

/// A reason is not longer than this.
const LINES: usize = 3;

pub(super) fn page(page: &mut Page, shown: &Shown) {
    let checks = &shown.graded.checks;
    let widest = checks.iter().map(|check| check.id.len()).max().unwrap_or(0).min(page.style.width / 3);
    for check in checks {
        let (glyph, ink) = match check.verdict {
            CheckVerdict::Passed => ('✓', Ink::Good),
            CheckVerdict::Failed => ('✗', Ink::Bad),
            CheckVerdict::NotJudged | CheckVerdict::CannotTell => ('?', Ink::Grader),
        };
        let mut first = Line::default();
        first.glyph(2, glyph, ink);
        first.put(4, &Visible::new(&check.id, page.style).shortened(widest, page.style), Ink::Plain);
        let why = check.holds.as_deref().or(check.note.as_deref()).unwrap_or(&check.claim);
        let text = match check.verdict {
            CheckVerdict::Passed => format!("{why} ({})", evidence(check.evidence)),
            _ => why.to_owned(),
        };
        page.hanging(first, widest + 6, &text, Ink::Dim, LINES);
    }
    if !shown.aha.is_empty() {
        page.blank();
        page.paragraph(2, shown.aha, Ink::Strong);
    }
}

/// How much was looked at, in words.
fn evidence(evidence: Evidence) -> String {
    match evidence.strength {
        Strength::EverySchedule => "in every schedule".into(),
        Strength::Bounded => counted(evidence.executions, "schedule", "schedules"),
        Strength::OneRun => counted(evidence.executions, "run", "runs"),
    }
}
