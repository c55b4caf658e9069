//! Pictures of runs, for terminals: the tree of tasks, and one lane a task with time downwards.
//!
//! ```text
//! Trace ─▶ story (steps worth drawing) ─▶ crowd (who gets a lane) ─▶ layout ─▶ lanes (rows)
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | `story` | a trace as steps: noise left out, repetitions folded, sleeps and zombies added |
//! | `names`, `words` | what tasks and steps are called |
//! | `crowd` | tasks that did the same share a lane; too many are only counted |
//! | `needs`, `layout` | how much room the words need, and where the lanes stand |
//! | `lives` | who is born, asleep, a zombie, gone while the steps pass |
//! | `lanes`, `arrows` | the rows, and what goes from lane to lane |
//! | `difference`, `beside` | two runs beside each other, the first difference marked |
//! | `stuck` | why a run did not end |
//! | `tree` | the tree of tasks |
//!
//! Invariant: a picture is never wider than its style, and shows nothing of a program's output as it is.

mod arrows;
mod beside;
mod crowd;
mod difference;
#[cfg(test)]
mod golden;
mod lanes;
mod layout;
mod lives;
mod names;
mod needs;
#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod scenes;
mod story;
mod stuck;
mod tree;
mod words;

pub(crate) use beside::beside;
pub(crate) use tree::tree;
pub(crate) use words::command;

use super::ink::Ink;
use super::line::Line;
use super::style::Style;
use super::visible::Visible;
use crowd::Crowd;
use grader_trace::{Operation, TaskId, Trace};
use lanes::{Painter, Row};
use layout::Layout;
use names::Names;
use story::{Mark, Step};
use words::Words;

/// The columns left of a picture, for marks.
const GUTTER: usize = 2;

/// Draws the lanes of a trace in at most so many rows; the events in `focus` are marked.
pub(crate) fn lanes(trace: &Trace, focus: &[usize], style: &Style, rows: usize) -> Vec<Line> {
    let names = Names::pids(trace);
    let prepared = Prepared::new(trace, story::story(trace, focus), &names, style);
    prepared.picture(prepared.layout(), rows).lines(style)
}

/// The same, of a run that stands for others: tasks are called by their places in the tree of creation.
pub(crate) fn places(trace: &Trace, style: &Style, rows: usize) -> Vec<Line> {
    let names = Names::places(trace);
    let prepared = Prepared::new(trace, story::story(trace, &[]), &names, style);
    prepared.picture(prepared.layout(), rows).lines(style)
}

/// The tasks that were zombies for longer than it took a sleeping parent to wake up.
pub(crate) fn zombies(trace: &Trace) -> Vec<TaskId> {
    let steps = story::story(trace, &[]);
    steps.iter().filter(|step| step.act == story::Act::Rots).map(|step| step.task).collect()
}

/// All that is known of a picture before its lanes have their places.
struct Prepared<'a> {
    trace: &'a Trace,
    crowd: Crowd,
    words: Words<'a>,
    program: String,
    style: Style,
}

impl<'a> Prepared<'a> {
    fn new(trace: &'a Trace, steps: Vec<Step>, names: &'a Names, style: &Style) -> Prepared<'a> {
        let pipes = trace.events().iter().filter(|event| matches!(event.op, Operation::Pipe { .. })).count();
        let words = Words { names, several_pipes: pipes > 1 };
        let style = style.with_width(style.width.saturating_sub(GUTTER));
        let crowd = crowd::gather(trace, steps, Layout::most_lanes(style.width));
        let program = words::program(&trace.header().argv);
        Prepared { trace, crowd, words, program, style }
    }

    fn needs(&self) -> Vec<layout::Need> {
        needs::needs(&self.crowd, &self.words, &self.program, &self.style)
    }

    /// The layout that suits it.
    fn layout(&self) -> Layout {
        Layout::new(self.crowd.lanes.len(), &self.needs(), self.style.width)
    }

    /// A layout that suits both, if they have the same number of lanes.
    fn layout_with(&self, other: &Prepared) -> Option<Layout> {
        let count = self.crowd.lanes.len();
        let needs: Vec<layout::Need> = self.needs().into_iter().chain(other.needs()).collect();
        (count == other.crowd.lanes.len()).then(|| Layout::new(count, &needs, self.style.width))
    }

    fn picture(&self, layout: Layout, most_rows: usize) -> Picture {
        let painter = Painter {
            crowd: &self.crowd,
            words: self.words.clone(),
            program: self.program.clone(),
            layout,
            style: &self.style,
        };
        let mut notes = stuck::explain(self.trace, &self.crowd.steps, &self.words);
        match self.crowd.left_out {
            0 => {}
            1 => notes.push("One more task is not drawn.".into()),
            more => notes.push(format!("{more} more tasks are not drawn.")),
        }
        Picture { rows: cut(painter.rows(), most_rows), notes }
    }
}

/// A drawn run.
struct Picture {
    rows: Vec<Row>,
    /// Sentences below it.
    notes: Vec<String>,
}

impl Picture {
    fn lines(self, style: &Style) -> Vec<Line> {
        let rows = self.rows.into_iter().map(|row| {
            let mut line = Line::default();
            match row.mark {
                Some(Mark::Found) => line.glyph(0, '✗', Ink::Bad),
                Some(Mark::Differs) => line.glyph(0, '≠', Ink::Bad),
                Some(Mark::Wanted) => line.glyph(0, '✓', Ink::Good),
                None => {}
            }
            line.paste(GUTTER, &row.line);
            line
        });
        rows.chain(note_lines(&self.notes, style)).collect()
    }
}

fn note_lines(notes: &[String], style: &Style) -> Vec<Line> {
    let width = style.width.saturating_sub(GUTTER);
    let wrapped = notes.iter().flat_map(|note| Visible::new(note, style).wrapped(width, 4, style));
    wrapped
        .map(|text| {
            let mut line = Line::default();
            line.put(GUTTER, &text, Ink::Plain);
            line
        })
        .collect()
}

/// Leaves out rows in the middle, but none that is marked.
fn cut(rows: Vec<Row>, most: usize) -> Vec<Row> {
    let most = most.max(6);
    if rows.len() <= most {
        return rows;
    }
    let third = most / 3;
    let marked = rows.iter().position(|row| row.mark.is_some()).unwrap_or(third);
    let total = rows.len();
    let keep = |index: usize| {
        index < third
            || index + third >= total
            || (index + third / 2 >= marked && index < marked + third.div_ceil(2))
    };
    let mut kept = Vec::with_capacity(most);
    let mut missing = 0;
    for (index, row) in rows.into_iter().enumerate() {
        if keep(index) || row.mark.is_some() {
            if missing > 0 {
                kept.push(Row::left_out(missing));
                missing = 0;
            }
            kept.push(row);
        } else {
            missing += 1;
        }
    }
    kept
}
