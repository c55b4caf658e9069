//! A page of text: headings, labelled paragraphs, lines of a table. Everything fits into the width.

use super::ink::Ink;
use super::line::{Line, print};
use super::style::Style;
use super::visible::Visible;

/// A page that is being written.
pub(crate) struct Page<'a> {
    pub(crate) style: &'a Style,
    lines: Vec<Line>,
}

/// The column where the text of a labelled paragraph begins.
const LABELLED: usize = 13;

/// Paragraphs are not longer than this.
const MOST_LINES: usize = 8;

impl<'a> Page<'a> {
    pub(crate) fn new(style: &'a Style) -> Page<'a> {
        Page { style, lines: Vec::new() }
    }

    /// The page as text.
    pub(crate) fn text(&self) -> String {
        print(&self.lines, self.style)
    }

    /// An empty line, unless there is one already.
    pub(crate) fn blank(&mut self) {
        if self.lines.last().is_some_and(|line| line.columns() > 0) {
            self.lines.push(Line::default());
        }
    }

    /// Finished lines.
    pub(crate) fn lines(&mut self, lines: impl IntoIterator<Item = Line>) {
        self.lines.extend(lines);
    }

    /// Something on the left, something on the right; below each other where there is no room.
    pub(crate) fn heading(&mut self, glyph: char, left: &str, right: &str, ink: Ink) {
        let style = self.style;
        let mut line = Line::default();
        line.glyph(0, glyph, ink);
        line.add(" ", Ink::Plain, style);
        line.add(left, Ink::Strong, style);
        let right = Visible::new(right, style);
        if line.columns() + 2 + right.columns() <= style.width {
            // Beside a short title it stands near; nobody reads across a wide screen.
            let column = style.width.min(80) - right.columns().min(style.width.min(80));
            line.put(column.max(line.columns() + 2), &right, ink);
            self.lines.push(line);
        } else {
            let mut first = Line::default();
            first.glyph(0, glyph, ink);
            self.hanging(first, 2, left, Ink::Strong, 3);
            let mut below = Line::default();
            below.put(2, &right, ink);
            self.lines.push(below);
        }
    }

    /// A paragraph.
    pub(crate) fn paragraph(&mut self, indent: usize, text: &str, ink: Ink) {
        self.hanging(Line::default(), indent, text, ink, MOST_LINES);
    }

    /// A paragraph with a label left of it.
    pub(crate) fn labelled(&mut self, label: &str, text: &str, ink: Ink) {
        let mut first = Line::default();
        first.put(2, &Visible::new(label, self.style), Ink::Dim);
        self.hanging(first, LABELLED, text, ink, MOST_LINES);
    }

    /// A paragraph that begins in `first` at `indent`, and goes on below at the same column.
    pub(crate) fn hanging(&mut self, first: Line, indent: usize, text: &str, ink: Ink, most: usize) {
        let room = self.style.width.min(100).saturating_sub(indent).max(8);
        let mut line = first;
        for part in Visible::new(text, self.style).wrapped(room, most, self.style) {
            line.put(indent.max(line.columns()), &part, ink);
            self.lines.push(std::mem::take(&mut line));
        }
    }
}

/// Lines of prose, broken between words where they are wider than the style allows. What is indented stays so, and
/// an empty line stays empty.
pub fn prose(text: &str, style: &Style) -> String {
    let mut page = Page::new(style);
    for line in text.lines() {
        let words = line.trim_start_matches(' ');
        page.hanging(Line::default(), line.len() - words.len(), words, Ink::Plain, usize::MAX);
    }
    page.text()
}

/// A text behind a head of its own; where it is broken, it goes on below itself.
pub fn entry(head: &str, text: &str, style: &Style) -> String {
    let mut page = Page::new(style);
    let mut first = Line::default();
    let indent = first.put(0, &Visible::new(head, style), Ink::Plain);
    page.hanging(first, indent, text, Ink::Plain, usize::MAX);
    page.text()
}

/// As much of a text as fits into so many columns.
pub fn beginning(text: &str, columns: usize) -> String {
    Visible::new(text, &Style::PLAIN).shortened(columns, &Style::PLAIN).as_str().to_owned()
}

/// `one run`, `3 runs`.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    match count {
        1 => format!("one {one}"),
        count => format!("{count} {many}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_broken_between_words_and_keeps_its_lines() {
        let text = "Four words and more.\n\n  cargo run\n";
        assert_eq!(prose(text, &Style::PLAIN.with_width(12)), "Four words\nand more.\n\n  cargo run\n");
        assert_eq!(prose(text, &Style::PLAIN), text);
    }
}
