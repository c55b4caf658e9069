//! The page of an exercise that does not compile: the compiler's own message.

use crate::report::ink::Ink;
use crate::report::line::Line;
use crate::report::page::Page;
use crate::report::shown::Shown;
use crate::report::style::Style;

/// So much of the message is shown; the first error is what counts.
const MOST_LINES: usize = 40;

pub(super) fn page(page: &mut Page, shown: &Shown) {
    let message = shown.diagnostics.unwrap_or_default().trim_end();
    let style = *page.style;
    let total = message.lines().count();
    for source in message.lines().take(MOST_LINES) {
        page.lines([line(source, &style)]);
    }
    if total > MOST_LINES {
        let more =
            format!("… {} more lines: cargo build -p {} shows all", total - MOST_LINES, shown.graded.id);
        page.paragraph(2, &more, Ink::Dim);
    }
}

/// One line of the message, without whatever would colour it or move the cursor.
fn line(source: &str, style: &Style) -> Line {
    let mut bare = String::with_capacity(source.len());
    let mut rest = source.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '\x1b' {
            bare.push(c);
        } else if rest.next_if_eq(&'[').is_some() {
            // A control sequence ends with its first letter. See ECMA-48, 5.4.
            rest.by_ref().find(|c| ('@'..='~').contains(c));
        }
    }
    let ink = match bare.trim_start() {
        text if text.starts_with("error") => Ink::Bad,
        text if text.starts_with("warning") => Ink::Zombie,
        _ => Ink::Plain,
    };
    Line::of(&bare.replace('\t', "    "), ink, style)
}
