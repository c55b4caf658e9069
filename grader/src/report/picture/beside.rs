//! What a program did beside what was wanted, or one below the other where the width is too small.

use super::lanes::Row;
use super::story::{self, Mark};
use super::{Picture, Prepared, difference, names::Names};
use crate::report::ink::Ink;
use crate::report::line::Line;
use crate::report::shown::Seen;
use crate::report::style::Style;
use crate::report::visible::Visible;
use grader_trace::Trace;

/// From this width on two pictures stand beside each other.
const WIDE: usize = 100;

/// Between two pictures.
const GAP: usize = 3;

/// Not more empty rows than this are put in to bring the difference to the same height.
const PADDING: usize = 8;

/// Draws both runs; the first difference is marked.
pub(crate) fn beside(seen: Seen, wanted: &Trace, style: &Style, rows: usize) -> Vec<Line> {
    let mut ours = story::story(seen.trace, seen.events);
    let mut theirs = story::story(wanted, &[]);
    difference::mark((seen.trace, &mut ours), (wanted, &mut theirs));
    let together = style.width >= WIDE;
    let half = style.with_width(if together { (style.width - GAP) / 2 } else { style.width });
    let (own_names, borrowed) = (Names::pids(seen.trace), Names::borrowed(wanted, seen.trace));
    let did = Prepared::new(seen.trace, ours, &own_names, &half);
    let should = Prepared::new(wanted, theirs, &borrowed, &half);
    let shared = did.layout_with(&should);
    let did_picture = did.picture(shared.clone().unwrap_or_else(|| did.layout()), rows);
    let should_picture = should.picture(shared.unwrap_or_else(|| should.layout()), rows);
    let titles = ["what it did", "what was wanted"];
    let legend = legend(&[&did_picture.rows, &should_picture.rows], style);
    let mut lines = if together {
        side_by_side(titles, did_picture, should_picture, &half)
    } else {
        one_below_the_other(titles, did_picture, should_picture, style)
    };
    lines.extend(legend);
    lines
}

/// What the marks mean, as far as there are any: in one line, or in one each.
fn legend(rows: &[&[Row]], style: &Style) -> Vec<Line> {
    let meanings = [
        (Mark::Found, '✗', Ink::Bad, "what the check saw"),
        (Mark::Differs, '≠', Ink::Bad, "the first difference"),
        (Mark::Wanted, '✓', Ink::Good, "what was wanted there"),
    ];
    let used = |mark: Mark| rows.iter().copied().flatten().any(|row| row.mark == Some(mark));
    let mut lines: Vec<Line> = Vec::new();
    for (_, glyph, ink, meaning) in meanings.into_iter().filter(|(mark, ..)| used(*mark)) {
        let room = lines
            .last()
            .map(|line| line.columns() + 3)
            .filter(|from| from + 2 + meaning.len() <= style.width);
        let mut line = if room.is_some() { lines.pop().unwrap_or_default() } else { Line::default() };
        line.glyph(room.unwrap_or(super::GUTTER), glyph, ink);
        line.add(&format!(" {meaning}"), Ink::Dim, style);
        lines.push(line);
    }
    lines
}

fn title(text: &str, style: &Style) -> Line {
    let mut line = Line::default();
    line.put(super::GUTTER, &Visible::new(text, style), Ink::Strong);
    line
}

fn one_below_the_other(titles: [&str; 2], did: Picture, should: Picture, style: &Style) -> Vec<Line> {
    let mut lines = vec![title(titles[0], style)];
    lines.extend(did.lines(style));
    lines.push(Line::default());
    lines.push(title(titles[1], style));
    lines.extend(should.lines(style));
    lines
}

fn side_by_side(titles: [&str; 2], mut did: Picture, mut should: Picture, half: &Style) -> Vec<Line> {
    align(&mut did.rows, &mut should.rows);
    let notes = std::mem::take(&mut did.notes);
    let left: Vec<Line> = std::iter::once(title(titles[0], half)).chain(did.lines(half)).collect();
    let right: Vec<Line> = std::iter::once(title(titles[1], half)).chain(should.lines(half)).collect();
    let mut lines = Vec::new();
    for row in 0..left.len().max(right.len()) {
        let mut line = left.get(row).cloned().unwrap_or_default();
        line.glyph(half.width + 1, '│', Ink::Dim);
        if let Some(right) = right.get(row) {
            line.paste(half.width + GAP, right);
        }
        lines.push(line);
    }
    let full = half.with_width(half.width * 2 + GAP);
    lines.extend(super::note_lines(&notes, &full));
    lines
}

/// Brings the marked rows to the same height, by rows in which nothing happens.
fn align(did: &mut Vec<Row>, should: &mut Vec<Row>) {
    let marked = |rows: &[Row]| {
        rows.iter()
            .position(|row| matches!(row.mark, Some(Mark::Differs | Mark::Wanted)))
            .or_else(|| rows.iter().position(|row| row.mark.is_some()))
    };
    let (Some(here), Some(there)) = (marked(did), marked(should)) else { return };
    let (rows, at, missing) =
        if here < there { (did, here, there - here) } else { (should, there, here - there) };
    let quiet = (0..=at).rev().find_map(|row| Some((row, rows[row].quiet.clone()?)));
    if let Some((row, line)) = quiet.filter(|_| missing <= PADDING) {
        let padding = Row { line, mark: None, quiet: None };
        rows.splice(row..row, std::iter::repeat_n(padding, missing));
    }
}
