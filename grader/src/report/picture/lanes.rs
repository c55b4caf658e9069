//! Lanes: one column a task, time downwards; births, sleeps, zombies and reaps drawn between them.
//!
//! ```text
//!   100 wait
//!   ├─ fork ─────▶ 101
//!   ┊ waits        │ "hello"
//!   ┊              ■ exit 0
//!   ◀─ reaps 101 ──╯
//! ```

use super::arrows::Placed;
use super::crowd::Crowd;
use super::layout::Layout;
use super::lives::{Life, Lives};
use super::needs::name_of;
use super::story::{Act, Mark, Step};
use super::words::{Words, ink};
use crate::report::ink::Ink;
use crate::report::line::Line;
use crate::report::style::Style;
use crate::report::visible::Visible;
use grader_trace::{ExitStatus, TaskId};

/// One line of a picture.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What is drawn.
    pub(crate) line: Line,
    /// Why one should look at it.
    pub(crate) mark: Option<Mark>,
    /// The same lanes just before, with nothing happening; where that is a moment one can dwell on.
    pub(crate) quiet: Option<Line>,
}

impl Row {
    /// Stands for rows that are not shown.
    pub(crate) fn left_out(count: usize) -> Row {
        let mut line = Line::default();
        line.glyph(0, '⋮', Ink::Dim);
        line.add(&format!(" {count} rows left out"), Ink::Dim, &Style::PLAIN);
        Row { line, mark: None, quiet: None }
    }
}

/// Words are broken into so many lines at most.
const LINES: usize = 3;

/// Draws the lanes of one run.
pub(crate) struct Painter<'a> {
    pub(crate) crowd: &'a Crowd,
    pub(crate) words: Words<'a>,
    /// What the program is called.
    pub(crate) program: String,
    pub(crate) layout: Layout,
    pub(crate) style: &'a Style,
}

impl Painter<'_> {
    /// All rows.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut lives = Lives::new(&self.crowd.lanes, &self.crowd.steps);
        let mut rows = Vec::new();
        let (steps, left) = self.steps_and_survivors();
        for step in steps {
            let before = lives.clone();
            lives.apply(step);
            let quiet = before.is_quiet().then(|| self.lanes(&before));
            let lines = self.step(step, &before, &lives);
            let marks = std::iter::once((step.mark, quiet)).chain(std::iter::repeat((None, None)));
            rows.extend(lines.into_iter().zip(marks).map(|(line, (mark, quiet))| Row { line, mark, quiet }));
        }
        if !left.is_empty() {
            rows.push(Row { line: self.survivors(left, &lives), mark: None, quiet: None });
        }
        rows
    }

    /// The steps, and at their end those that only say who is left.
    fn steps_and_survivors(&self) -> (&[Step], &[Step]) {
        let steps = &self.crowd.steps[..];
        let is_left = |step: &Step| matches!(step.act, Act::Remains { zombie: false }) && step.mark.is_none();
        let first = steps.iter().rposition(|step| !is_left(step)).map_or(0, |last| last + 1);
        steps.split_at(first)
    }

    /// One row for all who are left when the run is over: they are killed together.
    fn survivors(&self, left: &[Step], lives: &Lives) -> Line {
        let mut line = self.lanes(lives);
        let lanes: Vec<usize> = left.iter().filter_map(|step| lives.lane(step.task)).collect();
        for lane in &lanes {
            line.glyph(self.layout.lanes[*lane], '✗', Ink::Bad);
        }
        if let Some(text) = self.layout.rails {
            let said = Visible::new("killed by the grader: did not end", self.style);
            line.put(text, &said.shortened(self.layout.width.saturating_sub(text), self.style), Ink::Bad);
            return line;
        }
        for lane in lanes {
            let end = lives.next_occupied(lane).map_or(self.layout.width, |next| self.layout.lanes[next] - 1);
            let from = self.layout.lanes[lane] + 2;
            let fits = |said: &&str| said.chars().count() <= end.saturating_sub(from);
            let said = ["killed by the grader: did not end", "killed by the grader", "did not end", "killed"];
            if let Some(said) = said.iter().find(|said| fits(said)) {
                line.put(from, &Visible::new(said, self.style), Ink::Bad);
            }
        }
        line
    }

    fn step(&self, step: &Step, before: &Lives, after: &Lives) -> Vec<Line> {
        let Some(lane) = after.lane(step.task) else { return Vec::new() };
        let mut line = self.lanes(before);
        let placed = match &step.act {
            Act::Forks { child, .. } => {
                after.lane(*child).map(|child| self.birth(&mut line, step, lane, child, before))
            }
            Act::Learns { child: Some(child), change, .. } => after
                .lane(*child)
                .filter(|child| before.of(*child).occupies())
                .map(|child| self.news(&mut line, step, (lane, child), *change, (before, after))),
            Act::Signalled { from: Some(from), .. } => before
                .lane(*from)
                .filter(|from| *from != lane)
                .map(|from| self.signal(&mut line, step, from, lane, before)),
            _ => None,
        };
        if placed == Some(Placed::Yes) {
            return vec![line];
        }
        if placed.is_none() {
            let (glyph, ink) = self.mark_of(step, lane, after);
            line.glyph(self.layout.lanes[lane], glyph, ink);
        }
        let room = self.room(lane, step, before, after);
        let ink = if matches!(step.act, Act::Starts) { self.lane_ink(lane) } else { ink(step) };
        self.write(line, &self.said(step), ink, room, after)
    }

    /// The words of a step, with who it is about where the lane does not say so.
    fn said(&self, step: &Step) -> String {
        let said = match step.act {
            Act::Starts => self.program.clone(),
            Act::Forks { child, .. } => {
                let name = name_of(self.crowd, &self.words, step, self.style);
                let lane = self.crowd.lanes.contains(&child);
                let name = if lane { name.as_str() } else { self.words.names.task(child) };
                format!("{} → {name}", self.words.of(step))
            }
            _ => self.words.of(step),
        };
        match (&step.act, self.layout.rails) {
            (Act::Starts, None) => format!("{} {said}", self.words.names.task(step.task)),
            (_, None) => said,
            (_, Some(_)) => format!("{} {said}", self.words.names.task(step.task)),
        }
    }

    /// From which column to which there is room for the words of a step of `lane`.
    fn room(&self, lane: usize, step: &Step, before: &Lives, after: &Lives) -> (usize, usize) {
        if let Some(text) = self.layout.rails {
            return (text, self.layout.width);
        }
        let indent = if matches!(step.act, Act::Starts) { 0 } else { 2 };
        let next = [before.next_occupied(lane), after.next_occupied(lane)].into_iter().flatten().min();
        let end = next.map_or(self.layout.width, |next| self.layout.lanes[next].saturating_sub(1));
        (self.layout.lanes[lane] + indent, end)
    }

    /// Writes words into a row, and into rows below it if need be.
    fn write(
        &self,
        first: Line,
        said: &str,
        ink: Ink,
        (from, to): (usize, usize),
        after: &Lives,
    ) -> Vec<Line> {
        let said = Visible::new(said, self.style);
        let words = said.wrapped(to.saturating_sub(from).max(2), LINES, self.style);
        let mut lines = Vec::new();
        let mut line = first;
        for part in &words {
            line.put(from, part, ink);
            lines.push(std::mem::replace(&mut line, self.lanes(after)));
        }
        lines
    }

    /// All lanes, with nothing happening.
    fn lanes(&self, lives: &Lives) -> Line {
        let mut line = Line::default();
        for (lane, column) in self.layout.lanes.iter().enumerate() {
            if lives.of(lane).occupies() {
                let (glyph, ink) = self.glyph(lane, lives);
                line.glyph(*column, glyph, ink);
            }
        }
        line
    }

    fn glyph(&self, lane: usize, lives: &Lives) -> (char, Ink) {
        let own = self.lane_ink(lane);
        match (lives.of(lane), lives.is_foreign(lane)) {
            (Life::Zombie | Life::Ended, _) => ('░', Ink::Zombie),
            (Life::Asleep, _) => ('┊', own),
            (Life::Stopped, _) => ('╎', own),
            (Life::Unborn | Life::Gone, _) => (' ', own),
            (Life::Running, true) => ('┃', own),
            (Life::Running, false) => ('│', own),
        }
    }

    pub(super) fn lane_ink(&self, lane: usize) -> Ink {
        let TaskId(number) = self.crowd.lanes[lane];
        Ink::Lane(number as usize)
    }

    /// What stands in the lane where a step happens.
    fn mark_of(&self, step: &Step, lane: usize, after: &Lives) -> (char, Ink) {
        let own = self.lane_ink(lane);
        match &step.act {
            Act::Starts => ('│', own),
            Act::Ends { status: ExitStatus::Exited(_), .. } => ('■', own),
            Act::Ends { .. } => ('✗', Ink::Bad),
            Act::Remains { .. } => ('✗', Ink::Bad),
            Act::Unreaped => ('░', Ink::Zombie),
            Act::Execs { .. } => ('◆', own),
            Act::ForkFails { .. } | Act::ExecFails { .. } | Act::WaitFails { .. } => ('✗', ink(step)),
            Act::Learns { .. } => ('◀', own),
            _ => self.glyph(lane, after),
        }
    }
}
