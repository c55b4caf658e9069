//! The page of an exercise that does not compile: the compiler's own messages, in their own layout.
//!
//! Their colours are translated into the report's: nothing they quote from a source file reaches the terminal as it is.
//! A message that is shown is shown whole; where something is left out after all, there is a mark.

use crate::report::ink::Ink;
use crate::report::line::Line;
use crate::report::page::{Page, counted};
use crate::report::shown::Shown;
use crate::report::style::Style;

/// No message begins below this line: the first error is what counts.
const MOST_LINES: usize = 30;

/// A message has no more lines than this. Those of a linker quote the command that started it.
const MOST_OF_ONE: usize = 100;

/// So far a line goes on below itself where it is wider than the page.
const MOST_ROWS: usize = 6;

pub(super) fn page(page: &mut Page, shown: &Shown) {
    let style = *page.style;
    let mut ink = Ink::Plain;
    let (mut lines, mut left_out) = (0, 0);
    let messages = shown.diagnostics.iter().filter(|message| !message.trim().is_empty());
    for message in messages {
        if lines >= MOST_LINES {
            left_out += 1;
            continue;
        }
        page.blank();
        let message = message.trim_end();
        for source in message.lines().take(MOST_OF_ONE) {
            page.lines(line(source, &mut ink, &style).broken(MOST_ROWS, &style));
        }
        let total = message.lines().count();
        lines += total + 1;
        if total > MOST_OF_ONE {
            let more = counted((total - MOST_OF_ONE) as u64, "more line", "more lines");
            page.paragraph(2, &format!("… {more} of this message"), Ink::Dim);
        }
    }
    if left_out > 0 {
        page.blank();
        let more = counted(left_out, "more message", "more messages");
        page.paragraph(2, &format!("… {more}: cargo build -p {} shows all", shown.graded.id), Ink::Dim);
    }
}

/// One line of the message; `ink` goes on from line to line.
fn line(source: &str, ink: &mut Ink, style: &Style) -> Line {
    let mut line = Line::default();
    let mut parts = source.split('\x1b');
    line.add(&untabbed(parts.next().unwrap_or_default()), *ink, style);
    for part in parts {
        // A control sequence ends with its first letter. See ECMA-48, 5.4.
        let text = match part.strip_prefix('[').map(|part| part.split_once(|c| ('@'..='~').contains(&c))) {
            Some(Some((parameters, text))) => {
                if part.as_bytes().get(1 + parameters.len()) == Some(&b'm') {
                    *ink = ink_of(parameters, *ink);
                }
                text
            }
            Some(None) => "",
            None => part,
        };
        line.add(&untabbed(text), *ink, style);
    }
    line
}

fn untabbed(text: &str) -> String {
    text.replace('\t', "    ")
}

/// What the compiler's colours mean. See console_codes(4), "ECMA-48 Select Graphic Rendition".
fn ink_of(parameters: &str, before: Ink) -> Ink {
    match parameters.trim_start_matches("1;") {
        "" | "0" => Ink::Plain,
        "1" if before == Ink::Plain => Ink::Strong,
        "31" | "91" | "38;5;9" => Ink::Bad,
        "32" | "92" | "38;5;10" => Ink::Good,
        "33" | "93" | "38;5;11" => Ink::Zombie,
        "34" | "36" | "94" | "96" | "38;5;12" | "38;5;14" => Ink::Lane(0),
        _ => before,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::line::print;

    #[test]
    fn the_compilers_colours_stay_and_everything_else_that_escapes_goes() {
        let message = "\x1b[1m\x1b[91merror\x1b[0m: no\x1b[2J\x1b]0;title\x07\tx \u{202e}";
        let coloured = Style { colour: true, ..Style::PLAIN };
        let mut ink = Ink::Plain;
        let plain = print(&[line(message, &mut ink, &Style::PLAIN)], &Style::PLAIN);
        assert_eq!(plain, "error: no]0;title\\x07    x \\xe2\\x80\\xae\n");
        let shown = print(&[line(message, &mut ink, &coloured)], &coloured);
        assert!(shown.contains("31m") && !shown.contains("\x1b[2J") && !shown.contains("\x1b]"), "{shown:?}");
    }
}
