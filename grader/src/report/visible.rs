//! Text that may be printed: nothing in it moves the cursor, hides, or turns the line around.
//!
//! Invariant: a [`Visible`] holds printable characters only, one or two columns wide each, and in an
//! ASCII style ASCII only. All text of a report goes through it, whoever wrote it.

use super::style::Style;
use std::fmt::Write;
use unicode_width::UnicodeWidthChar;

/// Printable text of a known width.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Visible {
    text: String,
    columns: usize,
}

/// More characters than any line has; what follows is never looked at.
const MOST: usize = 4096;

impl Visible {
    /// Makes `text` printable: line ends and tabs become blanks, other invisible characters are escaped.
    pub(crate) fn new(text: &str, style: &Style) -> Visible {
        let mut visible = Visible::default();
        for c in text.chars().take(MOST) {
            match c {
                '\n' | '\t' => visible.push(' '),
                ' '..='~' => visible.push(c),
                c if !style.unicode => match plain_form(c) {
                    Some(plain) => plain.chars().for_each(|c| visible.push(c)),
                    None => visible.push_escaped(c),
                },
                c if changes_the_line(c) || matches!(c.width(), None | Some(0)) => visible.push_escaped(c),
                c => visible.push(c),
            }
        }
        visible
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// How many columns it takes.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// The same, cut to `most` columns, with a mark where something is missing.
    pub(crate) fn shortened(&self, most: usize, style: &Style) -> Visible {
        if self.columns <= most {
            return self.clone();
        }
        let mark = if style.unicode { "…" } else { "..." };
        let mark_columns = mark.chars().count();
        let mut short = Visible::default();
        for c in self.text.chars() {
            if short.columns + columns_of(c) + mark_columns > most {
                break;
            }
            short.push(c);
        }
        if short.columns + mark_columns <= most {
            mark.chars().for_each(|c| short.push(c));
        }
        short
    }

    /// The same in lines of at most `width` columns, broken at blanks where there are some; not more
    /// than `rows` lines, the last of which is shortened.
    pub(crate) fn wrapped(&self, width: usize, rows: usize, style: &Style) -> Vec<Visible> {
        let width = width.max(2);
        let mut lines = Vec::new();
        let mut rest = self.clone();
        while rest.columns > width && lines.len() + 1 < rows {
            let (line, tail) = rest.broken(width);
            lines.push(line);
            rest = tail;
        }
        lines.push(rest.shortened(width, style));
        lines
    }

    /// The first line of at most `width` columns, and what follows.
    fn broken(&self, width: usize) -> (Visible, Visible) {
        let mut columns = 0;
        let mut blank = None;
        let mut full = self.text.len();
        let mut before = ' ';
        for (index, c) in self.text.char_indices() {
            // Several blanks in a row are somebody's table: they stay together.
            if c == ' ' && before != ' ' && !self.text[index + 1..].starts_with(' ') {
                blank = Some(index);
            }
            before = c;
            columns += columns_of(c);
            if columns > width {
                full = index;
                break;
            }
        }
        // A word that would leave the line nearly empty is cut instead.
        let at = blank.filter(|blank| *blank * 3 > full).unwrap_or(full);
        let (line, tail) = self.text.split_at(at);
        let tail = if blank == Some(at) { &tail[1..] } else { tail };
        (Visible::measured(line), Visible::measured(tail))
    }

    fn measured(text: &str) -> Visible {
        Visible { text: text.to_owned(), columns: text.chars().map(columns_of).sum() }
    }

    fn push(&mut self, c: char) {
        self.text.push(c);
        self.columns += columns_of(c);
    }

    fn push_escaped(&mut self, c: char) {
        let before = self.text.len();
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            // Writing to a String cannot fail.
            let _ = write!(self.text, "\\x{byte:02x}");
        }
        self.columns += self.text.len() - before;
    }
}

/// The columns of a character of a [`Visible`].
pub(crate) fn columns_of(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// Invisible characters, and those of scripts that run from right to left: a terminal that honours
/// them shows the rest of the line in another order, the drawing included.
fn changes_the_line(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        | '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// How the typography of the grader's own sentences is written in ASCII.
fn plain_form(c: char) -> Option<&'static str> {
    Some(match c {
        '…' => "...",
        '→' => "->",
        '←' => "<-",
        '×' => "x",
        '·' | '–' | '—' => "-",
        '‘' | '’' => "'",
        '“' | '”' | '„' => "\"",
        '‹' => "<",
        '›' => ">",
        '≠' => "!=",
        '≤' => "<=",
        '≥' => ">=",
        'µ' => "u",
        '\u{a0}' => " ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASCII: Style = Style { width: 80, colour: false, unicode: false };

    #[test]
    fn nothing_that_moves_or_hides_text_survives() {
        let hostile = "a\x1b[2J\u{9b}31m\u{202e}\u{200d}e\u{301}\u{5d0}\r\u{7f}";
        for style in [Style::PLAIN, ASCII] {
            let visible = Visible::new(hostile, &style);
            assert!(visible.as_str().is_ascii(), "{:?}", visible.as_str());
            assert!(!visible.as_str().contains(|c: char| c.is_control()));
            assert_eq!(visible.columns(), visible.as_str().len());
        }
    }

    #[test]
    fn wide_characters_count_two_and_are_never_cut_in_half() {
        let visible = Visible::new("日本語", &Style::PLAIN);
        assert_eq!(visible.columns(), 6);
        assert_eq!(visible.shortened(4, &Style::PLAIN).as_str(), "日…");
        assert_eq!(Visible::new("é", &ASCII).as_str(), "\\xc3\\xa9");
    }

    #[test]
    fn lines_break_at_blanks_and_the_last_one_says_that_something_is_missing() {
        let visible = Visible::new("hello, I am parent of 101 (wc:101) (pid:100)", &Style::PLAIN);
        let lines = visible.wrapped(20, 2, &Style::PLAIN);
        let lines: Vec<&str> = lines.iter().map(Visible::as_str).collect();
        assert_eq!(lines, ["hello, I am parent", "of 101 (wc:101) (pi…"]);
    }

    #[test]
    fn a_word_longer_than_the_line_is_cut() {
        let lines = Visible::new(&"x".repeat(25), &Style::PLAIN).wrapped(10, 9, &Style::PLAIN);
        assert_eq!(lines.iter().map(Visible::columns).collect::<Vec<_>>(), [10, 10, 5]);
    }
}
