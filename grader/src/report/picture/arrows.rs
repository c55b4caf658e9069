//! What is drawn from lane to lane: births, reaps, signals.

use super::lanes::Painter;
use super::lives::Lives;
use super::needs::name_of;
use super::story::Step;
use super::words::ink;
use crate::report::ink::Ink;
use crate::report::line::Line;
use crate::report::visible::Visible;
use grader_trace::Change;

/// Whether the words of a step are in the picture already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placed {
    Yes,
    No,
}

impl Painter<'_> {
    /// Draws a line between two lanes, from the tail to the head; lanes between are crossed.
    fn span(&self, line: &mut Line, tail: usize, head: usize, ink: Ink, lives: &Lives) {
        let (left, right) = (tail.min(head), tail.max(head));
        let columns = &self.layout.lanes;
        for column in columns[left] + 1..columns[right] {
            line.glyph(column, '─', ink);
        }
        for crossed in (left + 1..right).filter(|lane| lives.of(*lane).occupies()) {
            line.glyph(columns[crossed], '┼', self.lane_ink(crossed));
        }
    }

    /// Writes words onto a drawn line right of `lane`, if they fit before the next lane that is crossed.
    fn on_line(
        &self,
        line: &mut Line,
        lane: usize,
        end: usize,
        said: &str,
        ink: Ink,
        lives: &Lives,
    ) -> Placed {
        if self.layout.rails.is_some() {
            return Placed::No;
        }
        let column = self.layout.lanes[lane];
        let crossed = (lane + 1..self.layout.lanes.len())
            .filter(|other| lives.of(*other).occupies())
            .map(|other| self.layout.lanes[other])
            .find(|crossed| *crossed > column)
            .unwrap_or(usize::MAX);
        let said = Visible::new(&format!(" {said} "), self.style);
        if column + 2 + said.columns() >= end.min(crossed) {
            return Placed::No;
        }
        line.put(column + 2, &said, ink);
        Placed::Yes
    }

    /// The branch from a creator to the new task, and its name.
    pub(super) fn birth(
        &self,
        line: &mut Line,
        step: &Step,
        lane: usize,
        child: usize,
        before: &Lives,
    ) -> Placed {
        let columns = &self.layout.lanes;
        let own = self.lane_ink(lane);
        self.span(line, lane, child, own, before);
        line.glyph(columns[lane], if child > lane { '├' } else { '┤' }, own);
        if self.layout.rails.is_some() {
            line.glyph(columns[child], '╮', self.lane_ink(child));
            return Placed::No;
        }
        let head = columns[child].saturating_sub(2);
        line.glyph(head, '▶', own);
        line.glyph(head + 1, ' ', own);
        let end =
            before.next_occupied(child).map_or(self.layout.width, |next| columns[next].saturating_sub(2));
        let name = name_of(self.crowd, &self.words, step, self.style);
        let name = name.shortened(end.saturating_sub(columns[child]), self.style);
        line.put(columns[child], &name, self.lane_ink(child));
        let _ = self.on_line(line, lane, head, &self.words.of(step), ink(step), before);
        Placed::Yes
    }

    /// The arrow from a child's lane to the waiter's.
    pub(super) fn news(
        &self,
        line: &mut Line,
        step: &Step,
        (lane, child): (usize, usize),
        change: Change,
        (before, after): (&Lives, &Lives),
    ) -> Placed {
        let columns = &self.layout.lanes;
        let own = self.lane_ink(lane);
        let zombie = matches!(change, Change::Ended(_));
        let ink_of_arrow = if zombie { self.lane_ink(child) } else { own };
        self.span(line, child, lane, ink_of_arrow, before);
        let leftwards = child > lane;
        line.glyph(columns[lane], if leftwards { '◀' } else { '▶' }, own);
        let corner = match (after.of(child).occupies(), leftwards) {
            (true, true) => '┤',
            (true, false) => '├',
            (false, true) => '╯',
            (false, false) => '╰',
        };
        line.glyph(columns[child], corner, ink_of_arrow);
        if !leftwards {
            return Placed::No;
        }
        let said = self.words.of(step);
        if self.on_line(line, lane, columns[child], &said, ink(step), before) == Placed::Yes {
            return Placed::Yes;
        }
        if self.layout.rails.is_none() && !after.of(child).occupies() {
            // Where the child's lane ends there is room beside it.
            let end = after.next_occupied(child).map_or(self.layout.width, |next| columns[next]);
            let said = Visible::new(&said, self.style);
            if columns[child] + 2 + said.columns() <= end {
                line.put(columns[child] + 2, &said, ink(step));
                return Placed::Yes;
            }
        }
        if self.layout.rails.is_some() { Placed::No } else { Placed::Yes }
    }

    /// The arrow from the sender's lane to the receiver's.
    pub(super) fn signal(
        &self,
        line: &mut Line,
        step: &Step,
        from: usize,
        lane: usize,
        before: &Lives,
    ) -> Placed {
        let columns = &self.layout.lanes;
        let arrow = if step.injected { Ink::Grader } else { self.lane_ink(from) };
        self.span(line, from, lane, arrow, before);
        let (tail, head) = if from < lane { ('├', '▶') } else { ('┤', '◀') };
        line.glyph(columns[from], tail, self.lane_ink(from));
        line.glyph(columns[lane], head, self.lane_ink(lane));
        let left = from.min(lane);
        self.on_line(line, left, columns[from.max(lane)], &self.words.of(step), ink(step), before)
    }
}
