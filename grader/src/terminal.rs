//! What the grader speaks to: a person at a terminal, or a program.

use console::Term;
use std::env;
use std::io::IsTerminal;

/// What standard output is, and how text for it should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Somebody is there to read it.
    pub interactive: bool,
    /// Colours are welcome.
    pub colour: bool,
    /// Columns.
    pub width: usize,
}

impl Terminal {
    /// The width of text that goes elsewhere than to a terminal.
    pub const PLAIN_WIDTH: usize = 100;

    /// What standard output is.
    pub fn of_stdout() -> Terminal {
        let interactive = std::io::stdout().is_terminal();
        let columns = Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
        Terminal {
            interactive,
            colour: interactive && !refused(),
            width: columns.filter(|_| interactive).unwrap_or(Self::PLAIN_WIDTH).clamp(40, 140),
        }
    }

    /// A file or a pipe.
    pub fn none() -> Terminal {
        Terminal { interactive: false, colour: false, width: Self::PLAIN_WIDTH }
    }
}

/// Whether the user does not want colours. See <https://no-color.org>.
fn refused() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    set("NO_COLOR") || env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// What to type to start the grader with these arguments: the way in which it was started this time.
pub fn how_to_call(arguments: &str) -> String {
    let itself = match env::var_os("CARGO") {
        Some(_) => "cargo run -p grader --".to_string(),
        None => env::args().next().unwrap_or_else(|| "grader".to_string()),
    };
    format!("{itself} {arguments}")
}
