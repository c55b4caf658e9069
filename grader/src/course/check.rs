//! A check: a claim about a run, and what came of judging it.

use super::scenario::Run;

/// A claim about a program.
#[derive(Debug)]
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

/// What came of judging one run: the sentence that says why the claim holds, or why there is none.
pub type Judgement = Result<String, Objection>;

/// Why a claim cannot be said to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objection {
    /// It does not hold.
    Fails(Finding),
    /// Another check fails already, and this one has nothing to look at.
    Moot {
        /// That other check's id.
        because: &'static str,
    },
    /// The machine does not allow the measurement; a sentence that says what is missing.
    CannotTell(String),
}

impl From<Finding> for Objection {
    fn from(finding: Finding) -> Objection {
        Objection::Fails(finding)
    }
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
    /// It rests on words that were *not* seen. Where the trace does not hold all that was written, that
    /// proves nothing: the check cannot tell.
    pub absence: bool,
}

impl Finding {
    /// A mistake: what was wanted of this very run, and what was seen instead.
    pub fn new(expected: impl Into<String>, observed: impl Into<String>) -> Finding {
        let (expected, observed) = (expected.into(), observed.into());
        Finding { expected, observed, events: Vec::new(), absence: false }
    }

    /// The same, shown by these events.
    pub fn at(mut self, events: impl IntoIterator<Item = usize>) -> Finding {
        self.events.extend(events);
        self
    }

    /// The same, but it rests on words that were not seen.
    pub fn by_absence(mut self) -> Finding {
        self.absence = true;
        self
    }
}

/// What a check stands on: unless the check `id` holds in this run, this one is moot.
///
/// A chain of premises leads back to the one check that fails: a learner is shown one mistake, not
/// all that follows from it.
pub fn premise(id: &'static str, judgement: Judgement) -> Result<(), Objection> {
    match judgement {
        Ok(_) => Ok(()),
        Err(Objection::Fails(_)) => Err(Objection::Moot { because: id }),
        Err(objection) => Err(objection),
    }
}
