//! A check: a claim about a run, and what came of judging it.

use super::scenario::Run;

/// A claim about a program.
pub struct Check {
    /// Its name, unique within the exercise.
    pub id: &'static str,
    /// What is claimed, in a sentence.
    pub claim: &'static str,
    /// Why it matters, in a sentence or two.
    pub why: &'static str,
    /// What it is worth.
    pub points: u32,
    /// Help, from a nudge to nearly the answer.
    pub hints: &'static [&'static str],
    /// The man page sections behind it, such as `wait(2)`.
    pub see: &'static [&'static str],
    /// The scenarios in which it is judged, by id.
    pub scenarios: &'static [&'static str],
    /// Judges one run.
    pub judge: fn(&Run) -> Judgement,
}

/// What came of judging one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// It holds; a sentence that says why, with what was seen.
    Holds(String),
    /// It does not.
    Fails(Finding),
    /// Another check fails already, and this one has nothing to look at.
    Moot {
        /// That other check's id.
        because: &'static str,
    },
    /// The machine does not allow the measurement; a sentence that says what is missing.
    CannotTell(String),
}

/// A learner's mistake.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finding {
    /// What should have been seen, in a sentence.
    pub expected: String,
    /// What was seen, in a sentence.
    pub observed: String,
    /// The events that show it, as indices into the run's trace; the first one names the source line.
    pub events: Vec<usize>,
}
