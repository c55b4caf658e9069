//! One line of a report, as cells: drawn piece by piece, printed with or without colour.
//!
//! Glyphs are given in Unicode; an ASCII style replaces each by one ASCII character when it is printed.

use super::ink::Ink;
use super::style::Style;
use super::visible::{Visible, columns_of};

/// A line of coloured cells.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    cells: Vec<Cell>,
}

#[derive(Debug, Clone, Copy)]
enum Cell {
    Shown(char, Ink),
    /// The right half of a wide character.
    Rest,
}

const BLANK: Cell = Cell::Shown(' ', Ink::Plain);

impl Line {
    /// A line of text.
    pub(crate) fn of(text: &str, ink: Ink, style: &Style) -> Line {
        let mut line = Line::default();
        line.add(text, ink, style);
        line
    }

    /// Puts text at the end.
    pub(crate) fn add(&mut self, text: &str, ink: Ink, style: &Style) {
        self.put(self.cells.len(), &Visible::new(text, style), ink);
    }

    /// Puts text at a column; what was there is gone. Returns the column after it.
    pub(crate) fn put(&mut self, column: usize, text: &Visible, ink: Ink) -> usize {
        self.reach(column);
        let mut at = column;
        for c in text.as_str().chars() {
            self.set(at, Cell::Shown(c, ink));
            if columns_of(c) == 2 {
                self.set(at + 1, Cell::Rest);
            }
            at += columns_of(c);
        }
        at
    }

    /// Draws one glyph of width 1.
    pub(crate) fn glyph(&mut self, column: usize, glyph: char, ink: Ink) {
        self.reach(column);
        self.set(column, Cell::Shown(glyph, ink));
    }

    /// Puts another line at a column.
    pub(crate) fn paste(&mut self, column: usize, other: &Line) {
        self.reach(column);
        for (offset, cell) in other.cells.iter().enumerate() {
            self.set(column + offset, *cell);
        }
    }

    /// How many columns it takes, blanks at its end included.
    pub(crate) fn columns(&self) -> usize {
        self.cells.len()
    }

    /// Prints it with a line end: never wider than the style allows, no blanks at the end.
    pub(crate) fn print(&self, style: &Style, to: &mut String) {
        let mut cells = &self.cells[..self.cells.len().min(style.width)];
        if let (Some(Cell::Rest), Some(Cell::Shown(..))) = (self.cells.get(cells.len()), cells.last()) {
            cells = &cells[..cells.len() - 1];
        }
        while let [head @ .., Cell::Shown(' ', _)] = cells {
            cells = head;
        }
        let mut current = Ink::Plain;
        for cell in cells {
            let Cell::Shown(c, ink) = *cell else { continue };
            if style.colour && ink != current && c != ' ' {
                change(current, ink, to);
                current = ink;
            }
            to.push(if style.unicode { c } else { ascii(c) });
        }
        if style.colour {
            change(current, Ink::Plain, to);
        }
        to.push('\n');
    }

    /// The same in rows that fit into the width, `most` at most: where something is missing, the last ends with a mark.
    pub(crate) fn broken(self, most: usize, style: &Style) -> Vec<Line> {
        let mut rows = Vec::new();
        let mut rest = self.cells;
        while rest.len() > style.width && rows.len() + 1 < most {
            let below = rest.split_off(end_of_row(&rest, style.width));
            rows.push(Line { cells: std::mem::replace(&mut rest, below) });
        }
        if rest.len() > style.width {
            let mark = Visible::new("…", style);
            rest.truncate(end_of_row(&rest, style.width.saturating_sub(mark.columns())));
            let mut last = Line { cells: rest };
            last.put(last.columns(), &mark, Ink::Dim);
            rest = last.cells;
        }
        rows.push(Line { cells: rest });
        rows
    }

    fn reach(&mut self, column: usize) {
        if self.cells.len() < column {
            self.cells.resize(column, BLANK);
        }
    }

    fn set(&mut self, column: usize, cell: Cell) {
        if column == self.cells.len() {
            self.cells.push(cell);
            return;
        }
        // Half a wide character cannot stay.
        if matches!(self.cells[column], Cell::Rest) && !matches!(cell, Cell::Rest) && column > 0 {
            self.cells[column - 1] = BLANK;
        }
        if matches!(self.cells.get(column + 1), Some(Cell::Rest)) {
            self.cells[column + 1] = BLANK;
        }
        self.cells[column] = cell;
    }
}

/// Where to cut cells so that the first part has at most so many and no wide character is halved.
fn end_of_row(cells: &[Cell], width: usize) -> usize {
    let halves = matches!(cells.get(width), Some(Cell::Rest)) && width > 1;
    if halves { width - 1 } else { width }
}

fn change(from: Ink, to: Ink, out: &mut String) {
    if from != to {
        out.push_str(&from.style().render_reset().to_string());
        out.push_str(&to.style().render().to_string());
    }
}

/// The ASCII character for a drawn glyph.
fn ascii(c: char) -> char {
    match c {
        ' '..='~' => c,
        '│' | '┃' | '├' | '┤' | '▏' => '|',
        '┊' | '┋' | '╎' => ':',
        '─' | '━' | '╌' => '-',
        '┼' | '╮' | '╯' | '╰' | '└' | '┴' | '┬' => '+',
        '▶' => '>',
        '◀' => '<',
        '░' => 'z',
        '■' => '#',
        '✗' => 'x',
        '✓' => '+',
        '○' => 'o',
        '◆' => '*',
        '≠' => '!',
        '•' => '*',
        '⋮' => ':',
        _ => '?',
    }
}

/// Prints lines.
pub(crate) fn print(lines: &[Line], style: &Style) -> String {
    let mut text = String::new();
    lines.iter().for_each(|line| line.print(style, &mut text));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(line: &Line, style: &Style) -> String {
        let mut text = String::new();
        line.print(style, &mut text);
        text
    }

    #[test]
    fn a_line_is_cut_at_the_width_without_halving_a_wide_character() {
        let line = Line::of("ab日本", Ink::Plain, &Style::PLAIN);
        assert_eq!(printed(&line, &Style::PLAIN.with_width(5)), "ab日\n");
        assert_eq!(printed(&line, &Style::PLAIN.with_width(3)), "ab\n");
    }

    #[test]
    fn a_line_is_broken_at_the_width_and_says_where_something_is_missing() {
        let rows = |style: Style, most| {
            print(&Line::of("ab日本cdef", Ink::Plain, &Style::PLAIN).broken(most, &style), &style)
        };
        let narrow = Style::PLAIN.with_width(5);
        assert_eq!(rows(narrow, 9), "ab日\n本cde\nf\n");
        assert_eq!(rows(narrow, 2), "ab日\n本cd…\n");
        assert_eq!(rows(Style { unicode: false, ..Style::PLAIN.with_width(7) }, 1), "ab?...\n");
        assert_eq!(rows(Style::PLAIN, 1), "ab日本cdef\n");
    }

    #[test]
    fn drawing_over_half_a_wide_character_removes_the_other_half() {
        let mut line = Line::of("日本", Ink::Plain, &Style::PLAIN);
        line.glyph(1, '│', Ink::Plain);
        assert_eq!(printed(&line, &Style::PLAIN), " │本\n");
    }

    #[test]
    fn colour_is_reset_at_the_end_of_the_line_and_absent_where_not_wanted() {
        let line = Line::of("no", Ink::Bad, &Style::PLAIN);
        assert_eq!(printed(&line, &Style::PLAIN), "no\n");
        let coloured = printed(&line, &Style { colour: true, ..Style::PLAIN });
        assert!(coloured.starts_with('\x1b') && coloured.ends_with("\x1b[0m\n"), "{coloured:?}");
    }
}
