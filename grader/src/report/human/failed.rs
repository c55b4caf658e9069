//! The page of an exercise that does not pass: what is wrong, where, why it matters, what to try.

use super::{excerpt, sentence};
use crate::report::ink::Ink;
use crate::report::line::Line;
use crate::report::model::{CheckVerdict, Checked, Found};
use crate::report::page::Page;
use crate::report::picture;
use crate::report::shown::Shown;
use crate::report::visible::Visible;

/// Further failing checks are listed up to this many.
const MOST_OTHERS: usize = 4;

/// Of a program that is not written yet, so many claims are listed.
const MOST_CLAIMS: usize = 4;

/// The column of the signs in a list.
const LIST: usize = 13;

/// A picture on a page is not higher than this.
const PICTURE_ROWS: usize = 48;

pub(super) fn page(page: &mut Page, shown: &Shown) {
    let checks = &shown.graded.checks;
    let mut failing = checks.iter().filter_map(|check| Some((check, check.finding.as_ref()?)));
    if let Some((check, found)) = failing.next() {
        first(page, shown, check, found);
    }
    others(page, &failing.collect::<Vec<_>>());
    rest(page, checks);
    pictures(page, shown);
}

/// The first failing check, in full.
fn first(page: &mut Page, shown: &Shown, check: &Checked, found: &Found) {
    page.paragraph(2, &sentence(&check.claim), Ink::Strong);
    page.blank();
    page.labelled("expected", &found.expected, Ink::Good);
    page.labelled("observed", &found.observed, Ink::Bad);
    match shown.scenarios.iter().find(|(id, _)| *id == found.scenario) {
        Some((_, "")) => {}
        Some((_, title)) => page.labelled("seen", title, Ink::Plain),
        None => page.labelled("seen", &found.scenario, Ink::Plain),
    }
    if let Some(schedule) = &found.schedule {
        page.labelled("schedule", schedule, Ink::Dim);
    }
    if let Some(site) = found.sites.first() {
        page.labelled("where", &format!("{}:{}, in {}", site.file, site.line, site.function), Ink::Plain);
    }
    if let Some(excerpt) = &shown.excerpt {
        excerpt::put(page, excerpt, 2);
    }
    page.labelled("why", &found.why, Ink::Plain);
    if let Some(hint) = &found.hint {
        page.labelled("hint", hint, Ink::Plain);
    }
    page.blank();
}

/// The other failing checks, a line each.
fn others(page: &mut Page, failing: &[(&Checked, &Found)]) {
    for (index, (check, found)) in failing.iter().take(MOST_OTHERS).enumerate() {
        let label = if index == 0 { "also" } else { "" };
        listed(page, label, '✗', Ink::Bad, &format!("{}: {}", check.id, found.observed));
    }
    if failing.len() > MOST_OTHERS {
        let more = format!("… and {} more", failing.len() - MOST_OTHERS);
        page.labelled("", &more, Ink::Dim);
    }
}

/// What could not be judged, and what holds: in short.
fn rest(page: &mut Page, checks: &[Checked]) {
    for check in checks.iter().filter(|check| check.verdict == CheckVerdict::CannotTell) {
        let note = check.note.as_deref().unwrap_or("this machine does not allow the measurement");
        listed(page, "unknown", '?', Ink::Grader, &format!("{}: {note}", check.id));
    }
    let ids = |verdict| {
        let of = checks.iter().filter(|check| check.verdict == verdict).map(|check| check.id.as_str());
        of.collect::<Vec<_>>().join(", ")
    };
    let (unjudged, held) = (ids(CheckVerdict::NotJudged), ids(CheckVerdict::Passed));
    if !unjudged.is_empty() {
        page.labelled("not judged", &format!("{unjudged} (until the above holds)"), Ink::Dim);
    }
    if !held.is_empty() {
        page.labelled("holds", &held, Ink::Dim);
    }
    page.blank();
}

/// A line of a list; two, if it is long.
fn listed(page: &mut Page, label: &str, glyph: char, ink: Ink, text: &str) {
    let mut line = Line::default();
    line.put(2, &Visible::new(label, page.style), Ink::Dim);
    line.glyph(LIST, glyph, ink);
    page.hanging(line, LIST + 2, text, Ink::Plain, 2);
}

fn pictures(page: &mut Page, shown: &Shown) {
    let Some(seen) = shown.seen else { return };
    let style = *page.style;
    page.blank();
    match shown.wanted {
        Some(wanted) => page.lines(picture::beside(seen, wanted, &style, PICTURE_ROWS)),
        None => {
            page.paragraph(2, "what it did", Ink::Strong);
            page.lines(picture::lanes(seen.trace, seen.events, &style, PICTURE_ROWS));
        }
    }
}

/// A program that ran into a `todo!()`: no fault, only unfinished.
pub(super) fn unwritten(page: &mut Page, shown: &Shown) {
    if let Some(site) = &shown.graded.unwritten {
        let at = format!(
            "The program ran up to the todo!() in {}:{}. Your part begins there.",
            site.file, site.line
        );
        page.paragraph(2, &at, Ink::Plain);
    }
    if let Some(excerpt) = &shown.excerpt {
        page.blank();
        excerpt::put(page, excerpt, 2);
    }
    page.blank();
    // What comes before the first finding has been learned in earlier exercises, or is there already.
    let checks = &shown.graded.checks;
    let first = checks.iter().position(|check| check.finding.is_some()).unwrap_or(0);
    let (before, after) = checks.split_at(first);
    let open: Vec<&Checked> =
        after.iter().chain(before).filter(|check| check.verdict != CheckVerdict::Passed).collect();
    // "One more" takes as much room as the one.
    let listed_here = if open.len() == MOST_CLAIMS + 1 { open.len() } else { MOST_CLAIMS };
    for (index, check) in open.iter().take(listed_here).enumerate() {
        let label = if index == 0 { "to do" } else { "" };
        listed(page, label, '○', Ink::Dim, &check.claim);
    }
    if open.len() > listed_here {
        let more = format!("… and {} more; the exercise's README.md has them all", open.len() - listed_here);
        page.labelled("", &more, Ink::Dim);
    }
}
