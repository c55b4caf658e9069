//! The statement of an exercise at a terminal: its paragraphs broken anew to fit, its code line by line.

use super::ink::Ink;
use super::line::Line;
use super::page::Page;
use super::style::Style;
use super::visible::Visible;

/// A statement, as its Markdown file has it, for a terminal.
pub fn statement(markdown: &str, style: &Style) -> String {
    let mut page = Page::new(style);
    let mut block = Block::default();
    let mut code = false;
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with('|') && !code {
            block.put(&mut page);
            let mut rows = vec![line];
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                rows.push(row);
            }
            table(&mut page, &rows);
            continue;
        }
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        if fence || code || line.trim().is_empty() || line.starts_with('#') {
            block.put(&mut page);
            let ink = if line.starts_with('#') && !code { Ink::Strong } else { Ink::Plain };
            let words = line.trim_start_matches(' ');
            page.hanging(Line::default(), line.len() - words.len(), words, ink, usize::MAX);
        } else {
            if begins_an_item(line) {
                block.put(&mut page);
            }
            block.add(line);
        }
    }
    block.put(&mut page);
    page.text()
}

/// A table, without its rules: the first column as wide as it has to be, the others behind it.
fn table(page: &mut Page, rows: &[&str]) {
    let cells = |row: &str| {
        let (first, rest) = row.trim_matches('|').split_once('|').unwrap_or((row, ""));
        (unescaped(first.trim()), unescaped(rest.trim()))
    };
    let rule =
        |(first, rest): &(String, String)| format!("{first}{rest}").chars().all(|c| "-|: ".contains(c));
    let rows: Vec<_> = rows.iter().map(|row| cells(row)).filter(|row| !rule(row)).collect();
    let style = page.style;
    let column = rows.iter().map(|(first, _)| Visible::new(first, style).columns()).max().unwrap_or(0) + 2;
    for (first, rest) in rows {
        let mut line = Line::default();
        line.put(0, &Visible::new(&first, style), Ink::Plain);
        page.hanging(line, column, &rest, Ink::Plain, usize::MAX);
    }
}

/// Without the backslashes that keep Markdown from taking a sign for one of its own.
fn unescaped(text: &str) -> String {
    text.replace("\\_", "_").replace("\\*", "*").replace("\\|", "|")
}

/// Whether a line begins with `-` or `1.`.
fn begins_an_item(line: &str) -> bool {
    item(line) > 0
}

/// How many columns the sign of a list's item takes, with the blank behind it and the indentation.
fn item(line: &str) -> usize {
    let text = line.trim_start();
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let sign = match digits {
        0 if text.starts_with("- ") => 2,
        1.. if text[digits..].starts_with(". ") => digits + 2,
        _ => return 0,
    };
    line.len() - text.len() + sign
}

/// A paragraph or an item that is being read.
#[derive(Default)]
struct Block {
    /// What stands in front of its first line.
    sign: String,
    text: String,
}

impl Block {
    fn add(&mut self, line: &str) {
        if self.text.is_empty() {
            let (sign, text) = line.split_at(item(line));
            (self.sign, self.text) = (sign.to_owned(), text.trim().to_owned());
        } else {
            self.text += " ";
            self.text += line.trim();
        }
    }

    fn put(&mut self, page: &mut Page) {
        let Block { sign, text } = std::mem::take(self);
        if text.is_empty() {
            return;
        }
        let mut first = Line::default();
        let indent = first.put(0, &Visible::new(&sign, page.style), Ink::Plain);
        page.hanging(first, indent, &unescaped(&text), Ink::Plain, usize::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_and_items_are_broken_anew() {
        let markdown = "# A title\n\nTwo lines that\nare one.\n\n- an item that\n  goes on\n10. the tenth\n";
        let expected = "# A title\n\nTwo lines that are\none.\n\n- an item that goes\n  on\n10. the tenth\n";
        assert_eq!(statement(markdown, &Style::PLAIN.with_width(19)), expected);
    }

    #[test]
    fn code_keeps_its_lines_and_loses_nothing() {
        let markdown = "```rust\nlet a = 1;\n    f(a)?; // why\n```\n";
        assert_eq!(statement(markdown, &Style::PLAIN.with_width(40)), markdown);
        let narrow = statement(markdown, &Style::PLAIN.with_width(14));
        assert!(narrow.contains("    f(a)?; //\n    why\n"), "{narrow}");
    }

    #[test]
    fn tables_are_columns() {
        let markdown = "| | |\n|---|---|\n| 0 | the child |\n| -1 | nobody: see \\_exit(2) |\n";
        let expected = "0   the child\n-1  nobody: see\n    _exit(2)\n";
        assert_eq!(statement(markdown, &Style::PLAIN.with_width(17)), expected);
    }
}
