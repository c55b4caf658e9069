//! The report: what was found, as data. Every output format is a pure function of it.
//!
//! ```text
//! Report ─────────────────────▶ json
//! Report, Shown, Trace, Style ─▶ human, trace (with pictures)
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`model`] | `grader/report/v1`, the published data |
//! | [`shown`] | what is shown to people beside it |
//! | [`style`] | width, colour, character set |
//! | [`json`] | `--format json` |
//!
//! Invariant: nothing here decides. Verdicts come from the checks.

pub mod json;
pub mod model;
pub mod shown;
pub mod style;

pub use shown::{Excerpt, Seen, Shown};
pub use style::Style;
