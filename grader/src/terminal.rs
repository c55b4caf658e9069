//! What the grader speaks to: a person at a terminal, or a program.

use crate::report::{self, Style};
use console::Term;
use std::env;
use std::io::IsTerminal;

/// Whether somebody sits at the other end of standard output.
pub fn is_interactive() -> bool {
    std::io::stdout().is_terminal()
}

/// How text for standard output should look.
pub fn style_of_stdout() -> Style {
    if !is_interactive() {
        return Style::PLAIN;
    }
    let columns = Term::stdout().size_checked().map_or(Style::PLAIN.width, |(_, columns)| columns.into());
    Style { width: columns.clamp(40, 140), colour: !colour_refused(), unicode: speaks_unicode() }
}

/// Prose for standard output: at a terminal no word is broken at its edge, elsewhere a line is a line.
pub fn prose_for_stdout(text: &str) -> String {
    if is_interactive() { report::prose(text, &style_of_stdout()) } else { text.to_owned() }
}

/// The same for standard error, where it may be narrower.
pub fn prose_for_stderr(text: &str) -> String {
    match Term::stderr().size_checked() {
        Some((_, columns)) if std::io::stderr().is_terminal() => {
            let style = Style { unicode: speaks_unicode(), ..Style::PLAIN.with_width(columns.into()) };
            report::prose(text, &style)
        }
        _ => text.to_owned(),
    }
}

/// Whether the user does not want colours. See <https://no-color.org>.
fn colour_refused() -> bool {
    let set = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    set || env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// What the locale says. See locale(7): the first of these that is set decides.
fn speaks_unicode() -> bool {
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(env::var_os).find(|value| !value.is_empty());
    let locale = locale.unwrap_or_default().to_string_lossy().to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// What to type to start the grader with these arguments: the way in which it was started this time.
pub fn how_to_call(arguments: &str) -> String {
    let itself = match env::var_os("CARGO") {
        Some(_) => "cargo run -p grader --".to_string(),
        None => return how_to_call_without_cargo(arguments),
    };
    format!("{itself} {arguments}")
}

/// The same where cargo itself does not work: it starts nothing then.
pub fn how_to_call_without_cargo(arguments: &str) -> String {
    format!("{} {arguments}", env::args().next().unwrap_or_else(|| "grader".to_string()))
}
