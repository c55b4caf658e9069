//! What this machine allows, found out by doing it.
//!
//! ```text
//! probes ─▶ Sign, Sign, … ─▶ lines, and whether verdicts are possible here
//! ```
//!
//! The patient is the grader itself: it is started under its own tracer as a program that makes a thread and a
//! child, and the trace tells what was seen of them.

mod environment;
mod patient;
mod tracing;

pub use patient::run as be_the_patient;

use crate::workspace::Workspace;

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Well,
    /// Otherwise than usual, and verdicts are the same.
    Noted,
    /// Without it there are no verdicts.
    Missing,
}

/// One thing found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// What was looked at.
    pub name: &'static str,
    /// How it stands.
    pub state: State,
    /// What was seen, and what it means.
    pub said: String,
}

impl Sign {
    fn new(name: &'static str, state: State, said: impl Into<String>) -> Sign {
        Sign { name, state, said: said.into() }
    }
}

/// Looks at everything.
pub fn examine(workspace: Option<&Workspace>) -> Vec<Sign> {
    let mut signs = environment::machine();
    signs.extend(tracing::signs());
    signs.extend(environment::tools());
    signs.push(environment::workspace(workspace));
    signs
}
