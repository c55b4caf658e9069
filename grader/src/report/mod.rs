//! The report: what was found, as data. Every output format is a pure function of it.
//!
//! ```text
//! Report ─────────────────────▶ json
//! Report, Shown, Trace, Style ─▶ human, trace (with pictures)
//! Exploration, Style ─────────▶ exploration
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`model`] | `grader/report/v1`, the published data |
//! | [`shown`] | what is shown to people beside it |
//! | [`style`] | width, colour, character set |
//! | [`json`] | `--format json` |
//! | [`human`] | pages and the summary for people |
//! | [`trace`] | `grader trace`, `grader replay`: any run for people |
//! | [`exploration`] | `grader explore`: `grader/exploration/v1`, and a page for people |
//! | `picture` | trees and lanes |
//! | `page`, `line`, `visible`, `ink` | paragraphs, cells, printable text, colours |
//!
//! Invariants: nothing here decides, verdicts come from the checks. All text, whoever wrote it, goes
//! through `visible` before it is printed.

pub mod exploration;
pub mod human;
mod ink;
pub mod json;
mod line;
pub mod model;
mod page;
mod picture;
pub mod shown;
mod statement;
pub mod style;
pub mod trace;
mod visible;

pub use page::{beginning, entry, prose};
pub use shown::{Excerpt, Seen, Shown};
pub use statement::statement;
pub use style::Style;
