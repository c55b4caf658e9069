//! A program that stops at a `todo!()` is not wrong, but unwritten; and it is told so in words.
//!
//! Of the checks judged in such a run, the first one that fails carries the finding. If that is the run as
//! it comes, all others are moot: there is no program yet that could be judged. If only a branch for special
//! circumstances is missing, only what is judged under these is moot.

use super::Exercise;
use super::check::{Finding, Judgement, Objection};
use super::grade::{CheckGrade, CheckOutcome};
use super::scenario::Run;
use grader_trace::{ExitStatus, Line, Trace};

/// What Rust's `todo!()` and `unimplemented!()` say, and the exit status of a panic.
const MARKS: [&str; 2] = ["not yet implemented", "not implemented"];
const PANICKED: ExitStatus = ExitStatus::Exited(101);

/// The first check that stopped at a `todo!()`.
#[derive(Debug)]
pub struct Unwritten {
    check: &'static str,
    finding: Finding,
    run: usize,
}

impl Unwritten {
    /// Looks for runs that stopped at a `todo!()`, and for the first check that one of them concerns.
    pub fn find(exercise: &'static Exercise, runs: &[Run]) -> Option<Unwritten> {
        let stopped: Vec<(usize, String, Vec<usize>)> = runs
            .iter()
            .enumerate()
            .filter_map(|(index, run)| told(&run.recording.trace).map(|(text, at)| (index, text, at)))
            .collect();
        let concerned = exercise.checks.iter().flat_map(|check| {
            let names = |run: &Run| check.scenarios.contains(&run.scenario.id);
            stopped.iter().filter(move |(run, ..)| names(&runs[*run])).map(move |stop| (check, stop))
        });
        let fails = |judgement: Judgement| matches!(judgement, Err(Objection::Fails(_)));
        let (check, (run, text, at)) = concerned
            .clone()
            .find(|(check, (run, ..))| fails((check.judge)(&runs[*run])))
            .or_else(|| concerned.clone().next())?;
        let finding = Finding::new(check.claim, format!("not written yet: {text}")).at(at.iter().copied());
        Some(Unwritten { check: check.id, finding, run: *run })
    }

    /// Puts the finding in its place, and makes moot what it concerns; the check that now has it.
    pub fn replace(self, checks: &mut [CheckGrade], runs: &[Run]) -> &'static str {
        let stopped = |run: &Run| told(&run.recording.trace).is_some();
        let nothing_yet = runs.first().is_some_and(stopped);
        for grade in checks {
            let mut concerned = runs.iter().filter(|run| grade.check.scenarios.contains(&run.scenario.id));
            if grade.check.id == self.check {
                grade.outcome = CheckOutcome::Fails { finding: self.finding.clone(), run: self.run };
            } else if nothing_yet || concerned.any(stopped) {
                grade.outcome = CheckOutcome::Moot { because: self.check };
            }
        }
        self.check
    }
}

/// What a `todo!()` said and where it stands, and the writes that said it.
fn told(trace: &Trace) -> Option<(String, Vec<usize>)> {
    if !trace.processes().any(|task| task.end.is_some_and(|(_, status)| status == PANICKED)) {
        return None;
    }
    let lines = trace.error_lines();
    let (index, said) =
        lines.iter().enumerate().find_map(|(index, line)| Some((index, said(line)?.to_owned())))?;
    let place = index.checked_sub(1).and_then(|before| place(&lines[before]));
    let text = match (said.is_empty(), place) {
        (false, Some(place)) => format!("{said} (todo!() at {place})"),
        (false, None) => said,
        (true, Some(place)) => format!("the program stopped at the todo!() at {place}"),
        (true, None) => "the program stopped at a todo!()".into(),
    };
    Some((text, lines[index].events.clone()))
}

/// What follows "not yet implemented" in a line, without the colon.
fn said(line: &Line) -> Option<&str> {
    let text = line.text.as_str()?;
    let rest = MARKS.iter().find_map(|mark| text.strip_prefix(mark))?;
    match rest.strip_prefix(':') {
        Some(message) => Some(message.trim()),
        None => rest.trim().is_empty().then_some(""),
    }
}

/// Where a panic says that it happened: `src/main.rs:12:5`.
fn place(line: &Line) -> Option<String> {
    let (_, place) = line.text.as_str()?.split_once(" panicked at ")?;
    Some(place.trim_end_matches(':').to_owned())
}
