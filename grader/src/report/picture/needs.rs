//! How much room the words of each step need, measured before the lanes have their places.

use super::crowd::Crowd;
use super::layout::Need;
use super::lives::Lives;
use super::story::{Act, Step};
use super::words::Words;
use crate::report::style::Style;
use crate::report::visible::Visible;

/// The layout is made for the first so many steps; those after them have to live with it.
const MEASURED: usize = 120;

/// What the rows of `crowd` need, to make a layout from.
pub(crate) fn needs(crowd: &Crowd, words: &Words, program: &str, style: &Style) -> Vec<Need> {
    let mut lives = Lives::new(&crowd.lanes, &crowd.steps);
    let mut needs = Vec::new();
    for step in crowd.steps.iter().take(MEASURED) {
        let Some(lane) = lives.lane(step.task) else { continue };
        let before = lives.next_occupied(lane);
        lives.apply(step);
        let next = before.or(lives.next_occupied(lane));
        let said = Visible::new(&words.of(step), style);
        let columns = match &step.act {
            Act::Starts => in_one_line(words.names.task(step.task).len() + 1 + program.len()),
            Act::Forks { child, .. } => {
                if let Some(child) = lives.lane(*child) {
                    let columns = in_one_line(name_of(crowd, words, step, style).columns());
                    needs.push(Need { lane: child, next: lives.next_occupied(child), columns });
                }
                in_one_line(said.columns() + 7)
            }
            Act::Learns { .. } => in_one_line(said.columns() + 5),
            _ => in_lines(&said, style).map(|columns| columns + 2),
        };
        needs.push(Need { lane, next, columns });
    }
    needs
}

/// What cannot be broken.
fn in_one_line(columns: usize) -> [usize; 3] {
    [columns; 3]
}

/// The columns that words need to be written in one, two and three lines.
fn in_lines(said: &Visible, style: &Style) -> [usize; 3] {
    let whole = said.columns();
    [1, 2, 3].map(|lines| {
        let fits = |columns: &usize| said.wrapped(*columns, lines + 1, style).len() <= lines;
        let least = whole.div_ceil(lines);
        // No word is longer than this without being broken anyway.
        (least..whole.min(least + 24)).find(fits).unwrap_or(whole)
    })
}

/// What is written where a task is born.
pub(super) fn name_of(crowd: &Crowd, words: &Words, birth: &Step, style: &Style) -> Visible {
    let Act::Forks { child, .. } = birth.act else { return Visible::default() };
    let name = words.names.task(child);
    match crowd.alike.get(&child) {
        Some(count) => Visible::new(&format!("{name} and {} alike", count - 1), style),
        None => Visible::new(name, style),
    }
}
