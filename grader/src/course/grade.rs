//! From runs to a verdict: what each check comes to over all its scenarios, and the whole exercise.
//!
//! A check holds if it holds in every scenario that it names. One that fails somewhere fails; one that
//! has nothing to look at somewhere is not judged. The exercise passes if every check holds.
//!
//! Two things outrank the checks. A run whose root is killed by a signal that nobody injected makes the
//! verdict *crashed*; one that never ended makes it *timed out*. The checks are judged all the same, on
//! what was established until then. A program that outlived its root, or did more than can be followed, has
//! failed by a check, and timed out if there is no check for it. And a program that stops at a `todo!()` is not wrong but unwritten:
//! see [`super::unwritten`].

use super::check::{Check, Finding, Judgement, Objection};
use super::naming::role;
use super::scenario::Run;
use super::unwritten::Unwritten;
use super::{Exercise, blocked};
use crate::report::model::{Evidence, Points, Strength, Verdict};
use crate::run::{PLAIN, SCHEDULE};
use grader_trace::{Ending, ExitStatus, Task, TaskId};

/// What came of grading one exercise.
#[derive(Debug)]
pub struct Grade {
    /// Which.
    pub exercise: &'static Exercise,
    /// The whole exercise's verdict.
    pub verdict: Verdict,
    /// A sentence that says more: the signal that ended it, who never ended, what could not be measured.
    pub note: Option<String>,
    /// Points; all there are, even for an exercise that does not count.
    pub points: Points,
    /// One entry a check, in the order of the exercise.
    pub checks: Vec<CheckGrade>,
    /// The check that fails because the program came to a `todo!()`, if it did.
    pub unwritten: Option<&'static str>,
}

/// What came of one check over all its scenarios.
#[derive(Debug)]
pub struct CheckGrade {
    /// Which.
    pub check: &'static Check,
    /// What came of it.
    pub outcome: CheckOutcome,
    /// How strong that is.
    pub evidence: Evidence,
}

/// What came of one check over all its scenarios.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckOutcome {
    /// It holds; the sentence that says why, from the first scenario.
    Holds(String),
    /// It fails in this run, which is an index into the runs that were graded.
    Fails {
        /// The mistake.
        finding: Finding,
        /// The run that shows it.
        run: usize,
    },
    /// Another check fails already, and this one has nothing to look at.
    Moot {
        /// That other check's id.
        because: &'static str,
    },
    /// It could not be measured; a sentence that says what is missing.
    CannotTell(String),
}

impl CheckGrade {
    /// Points: all of the check's if it holds, none otherwise.
    pub fn points(&self) -> Points {
        let max = self.check.points;
        Points { earned: if matches!(self.outcome, CheckOutcome::Holds(_)) { max } else { 0 }, max }
    }
}

/// Whether all checks that are judged in this scenario hold in this run.
pub fn holds_in(exercise: &Exercise, scenario: &str, run: &Run) -> bool {
    let mut claims = exercise.checks.iter().filter(|check| check.scenarios.contains(&scenario));
    claims.all(|check| !matches!((check.judge)(run), Err(Objection::Fails(_))))
}

/// In how many schedules of a scenario the checks were judged, and held; whether these were all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proved {
    /// Which scenario.
    pub scenario: &'static str,
    /// How many schedules.
    pub executions: u64,
    /// All of them.
    pub all: bool,
}

impl Grade {
    /// Checks that hold rest on more than the runs that were graded. `paced`: scenarios that only choose among
    /// schedules, as these do.
    pub fn rests_on(&mut self, proved: &[Proved], paced: &[&str]) {
        for grade in self.checks.iter_mut().filter(|grade| matches!(grade.outcome, CheckOutcome::Holds(_))) {
            let scenarios = grade.check.scenarios.iter().filter(|scenario| !paced.contains(scenario));
            let of = |scenario: &&str| proved.iter().find(|proved| proved.scenario == *scenario);
            let found: Vec<Option<&Proved>> = scenarios.map(of).collect();
            let executions: u64 = found.iter().flatten().map(|proved| proved.executions).sum();
            if executions == 0 {
                continue;
            }
            let all = found.iter().all(|proved| proved.is_some_and(|proved| proved.all));
            grade.evidence = if all {
                Evidence { strength: Strength::EverySchedule, executions }
            } else {
                Evidence { strength: Strength::Bounded, executions: grade.evidence.executions + executions }
            };
        }
    }
}

/// Grades the runs of one exercise, one a scenario. A counterexample counts for every check that
/// is judged in the run as it comes.
pub fn grade(exercise: &'static Exercise, runs: &[Run]) -> Grade {
    let mut checks: Vec<CheckGrade> = exercise.checks.iter().map(|check| over_all(check, runs)).collect();
    let unwritten = Unwritten::find(exercise, runs).map(|unwritten| unwritten.replace(&mut checks, runs));
    let (verdict, note) = verdict(runs, &checks);
    let points = checks.iter().map(CheckGrade::points).fold(Points { earned: 0, max: 0 }, |sum, one| {
        Points { earned: sum.earned + one.earned, max: sum.max + one.max }
    });
    Grade { exercise, verdict, note, points, checks, unwritten }
}

/// One check over all the runs that it names.
fn over_all(check: &'static Check, runs: &[Run]) -> CheckGrade {
    let mut judged = 0;
    let mut worst: Option<CheckOutcome> = None;
    let found = check.scenarios.contains(&PLAIN) && runs.iter().any(|run| run.scenario.id == SCHEDULE);
    for scenario in found.then_some(&SCHEDULE).into_iter().chain(check.scenarios) {
        let outcome = match runs.iter().enumerate().find(|(_, run)| run.scenario.id == *scenario) {
            None => CheckOutcome::CannotTell(format!("there was no run in the scenario {scenario}")),
            Some((_, run)) if *run.recording.trace.ending() == Ending::Cancelled => {
                CheckOutcome::CannotTell(format!("the run in the scenario {scenario} was called off"))
            }
            Some((index, run)) => {
                judged += 1;
                outcome((check.judge)(run), run, index)
            }
        };
        if worst.as_ref().is_none_or(|worst| severity(worst) < severity(&outcome)) {
            worst = Some(outcome);
        }
    }
    let outcome = worst.unwrap_or_else(|| CheckOutcome::CannotTell("it names no scenario".into()));
    let strength = if judged > 1 { Strength::Bounded } else { Strength::OneRun };
    CheckGrade { check, outcome, evidence: Evidence { strength, executions: judged } }
}

fn outcome(judgement: Judgement, run: &Run, index: usize) -> CheckOutcome {
    match judgement {
        Ok(sentence) => CheckOutcome::Holds(sentence),
        Err(Objection::Fails(finding)) if finding.absence && !run.words_are_complete() => {
            CheckOutcome::CannotTell(format!(
                "in the scenario {} more was written than is kept, so what was not seen may have been there",
                run.scenario.id
            ))
        }
        Err(Objection::Fails(finding)) => CheckOutcome::Fails { finding, run: index },
        Err(Objection::Moot { because }) => CheckOutcome::Moot { because },
        Err(Objection::CannotTell(sentence)) => CheckOutcome::CannotTell(sentence),
    }
}

fn severity(outcome: &CheckOutcome) -> u8 {
    match outcome {
        CheckOutcome::Holds(_) => 0,
        CheckOutcome::Moot { .. } => 1,
        CheckOutcome::CannotTell(_) => 2,
        CheckOutcome::Fails { .. } => 3,
    }
}

/// The whole exercise's verdict, and a sentence that says more.
fn verdict(runs: &[Run], checks: &[CheckGrade]) -> (Verdict, Option<String>) {
    if let Some(note) = runs.iter().find_map(crash) {
        return (Verdict::Crashed, Some(note));
    }
    if let Some(note) = runs.iter().find_map(hang) {
        return (Verdict::TimedOut, Some(note));
    }
    let any = |wanted: fn(&CheckOutcome) -> bool| checks.iter().any(|check| wanted(&check.outcome));
    if any(|outcome| matches!(outcome, CheckOutcome::Fails { .. })) {
        return (Verdict::Failed, None);
    }
    // Who lives on, or does more than anybody can follow, has failed by some check; or there is none for it.
    let unended = |run: &&Run| matches!(run.trace().ending(), Ending::LeftBehind | Ending::Overflowed);
    if let Some(run) = runs.iter().find(unended) {
        return (Verdict::TimedOut, Some(unfinished(run)));
    }
    match checks.iter().find_map(|check| reason_not_to_pass(&check.outcome)) {
        Some(note) => (Verdict::CannotTell, Some(note)),
        None => (Verdict::Passed, None),
    }
}

/// Without a check that fails, a check that was not judged is the grader's gap, not the learner's.
fn reason_not_to_pass(outcome: &CheckOutcome) -> Option<String> {
    match outcome {
        CheckOutcome::CannotTell(sentence) => Some(sentence.clone()),
        CheckOutcome::Moot { because } => {
            Some(format!("a check was not judged because of `{because}`, which itself does not fail"))
        }
        CheckOutcome::Holds(_) | CheckOutcome::Fails { .. } => None,
    }
}

/// The root was killed by a signal; unless it passed on the death of a child in kind, as careful shells do.
fn crash(run: &Run) -> Option<String> {
    let trace = &run.recording.trace;
    let Some((_, ExitStatus::Killed(signal))) = trace.root().end else { return None };
    let killed_too = |child: &&Task| child.end.is_some_and(|(_, how)| how == ExitStatus::Killed(signal));
    let was_told = |child: &Task| trace.told_of_end(TaskId::ROOT, child.id).is_some();
    if trace.children(TaskId::ROOT).into_iter().filter(killed_too).any(was_told) {
        return None;
    }
    Some(format!("{}: {signal} killed {}", run.scenario.id, role(trace, TaskId::ROOT)))
}

fn hang(run: &Run) -> Option<String> {
    matches!(run.trace().ending(), Ending::TimedOut | Ending::Stalled).then(|| unfinished(run))
}

fn unfinished(run: &Run) -> String {
    format!("{}: {}", run.scenario.id, blocked::still_there(run.trace()))
}

#[cfg(test)]
mod tests;
