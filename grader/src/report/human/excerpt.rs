//! A few lines of the learner's source, with the one to look at underlined.

use crate::report::ink::Ink;
use crate::report::line::Line;
use crate::report::page::Page;
use crate::report::shown::Excerpt;
use crate::report::visible::Visible;

/// ```text
///   11 │     let child = fork();
/// ▶ 12 │     println!("…");
///      │     ^^^^^^^^^^^^^^
/// ```
pub(super) fn put(page: &mut Page, excerpt: &Excerpt, indent: usize) {
    let style = *page.style;
    let last = excerpt.first as usize + excerpt.lines.len();
    let digits = last.to_string().len();
    let bar = indent + 2 + digits + 1;
    let text = bar + 2;
    let margin = excerpt.lines.iter().filter(|line| !line.trim().is_empty()).map(|line| leading(line)).min();
    for (number, source) in (excerpt.first..).zip(&excerpt.lines) {
        let here = number == excerpt.site.line;
        let mut line = Line::default();
        let shown = untabbed(source);
        let shown: String = shown.chars().skip(margin.unwrap_or(0)).collect();
        let visible = Visible::new(shown.trim_end(), &style);
        let room = style.width.saturating_sub(text);
        let visible = visible.shortened(room, &style);
        if here {
            line.glyph(indent, '▶', Ink::Bad);
        }
        let number = Visible::new(&format!("{number:digits$}"), &style);
        line.put(indent + 2, &number, if here { Ink::Plain } else { Ink::Dim });
        line.glyph(bar, '│', Ink::Dim);
        line.put(text, &visible, if here { Ink::Plain } else { Ink::Dim });
        page.lines([line]);
        if here {
            page.lines([underline(&visible, bar)]);
        }
    }
}

fn underline(text: &Visible, bar: usize) -> Line {
    let blanks = text.as_str().len() - text.as_str().trim_start().len();
    let mut line = Line::default();
    line.glyph(bar, '│', Ink::Dim);
    for column in blanks..text.columns() {
        line.glyph(bar + 2 + column, '^', Ink::Bad);
    }
    line
}

fn untabbed(line: &str) -> String {
    line.replace('\t', "    ")
}

fn leading(line: &str) -> usize {
    let line = untabbed(line);
    line.len() - line.trim_start_matches(' ').len()
}
