//! The tracer against strace: both watch the same programs, and must have seen the same.
//!
//! ```text
//! case ─┬─▶ grader_tracer::run ─▶ Trace ─┐
//!       │                                ├─▶ deeds ─▶ compare ─▶ differences
//!       └─▶ strace ─▶ line ─▶ log ─▶ Trace ─┘
//!                     calls
//! ```
//!
//! | module | what it is for |
//! |---|---|
//! | `case` | a program to run, and in what surroundings |
//! | `programs` | which of them: system programs, our own, all fixtures and solutions |
//! | `both` | runs a case under either |
//! | `line`, `args` | strace's output, line by line |
//! | `calls` | from the text of a call to an operation, one file a family |
//! | `log` | from lines to a trace |
//! | `deeds` | what of a trace must be the same in two runs |
//! | `rules` | what need not be, and why |
//! | `words` | a call in words |
//! | `compare` | the two, side by side |
//!
//! strace is a second opinion: it stops at every system call, it is not built on this tracer's tables, and it
//! has been in use for thirty years.

pub mod args;
pub mod both;
pub mod calls;
pub mod case;
pub mod compare;
pub mod deeds;
pub mod line;
pub mod log;
pub mod programs;
pub mod rules;
pub mod words;
