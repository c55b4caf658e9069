//! How a report is to look: how wide, with or without colour, in Unicode or in plain ASCII.
//!
//! The caller finds out about the terminal, `NO_COLOR` and the locale; here they are data.

/// How text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns; no line is wider.
    pub width: usize,
    /// Whether to colour.
    pub colour: bool,
    /// Whether to draw with characters outside ASCII.
    pub unicode: bool,
}

impl Style {
    /// What is written where nobody said anything: 80 columns, no colour, Unicode.
    pub const PLAIN: Style = Style { width: 80, colour: false, unicode: true };

    /// The same with another width.
    pub fn with_width(self, width: usize) -> Style {
        Style { width, ..self }
    }
}
