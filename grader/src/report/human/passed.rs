//! The page of an exercise that passes: why each check holds, by which evidence, and what one knows now.

use crate::report::ink::Ink;
use crate::report::line::Line;
use crate::report::model::{CheckVerdict, Evidence, Strength};
use crate::report::page::{Page, counted};
use crate::report::picture;
use crate::report::shown::Shown;
use crate::report::visible::Visible;

/// The columns for how much was looked at.
const EVIDENCE: usize = 9;

/// The height of a picture.
const ROWS: usize = 16;

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
        first.put(widest + 6, &Visible::new(&evidence(check.evidence), page.style), Ink::Dim);
        let why = check.holds.as_deref().or(check.note.as_deref()).unwrap_or(&check.claim);
        page.hanging(first, widest + 6 + EVIDENCE, why, Ink::Plain, LINES);
    }
    if shown.typical.len() > 1 {
        let style = *page.style;
        for (trace, title) in shown.typical.iter().zip(["one schedule", "another one"]) {
            page.blank();
            page.paragraph(2, title, Ink::Strong);
            page.lines(picture::lanes(trace, &[], &style, ROWS));
        }
    }
    if !shown.aha.is_empty() {
        page.blank();
        page.paragraph(2, shown.aha, Ink::Strong);
    }
}

/// How much was looked at, in at most [`EVIDENCE`] columns: every schedule, or so many runs of others.
fn evidence(evidence: Evidence) -> String {
    match evidence.strength {
        Strength::EverySchedule => "always".into(),
        Strength::Bounded | Strength::OneRun => counted(evidence.executions, "run", "runs"),
    }
}
