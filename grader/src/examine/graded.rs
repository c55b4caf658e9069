//! From what the checks found to what a report says.

use super::sentence::sentence;
use super::{Examined, Sites, machine};
use crate::build::Built;
use crate::course::{CheckGrade, CheckOutcome, Exercise, Finding, Grade, Run};
use crate::report::model::{
    CheckVerdict, Checked, Found, Graded, Points, Report, SCHEMA, SourceLine, Summary, Tool, Verdict,
};
use grader_tracer::Trouble;

/// What a report says of an exercise that was run. `trouble` is why one of its runs could not be made.
pub fn graded(grade: &Grade, runs: &[Run], trouble: Option<&Trouble>, sites: &Sites) -> Graded {
    let note = match (grade.verdict, trouble) {
        (Verdict::CannotTell, Some(trouble)) => Some(trouble.to_string()),
        _ => grade.note.clone(),
    };
    let checks: Vec<Checked> = grade.checks.iter().map(|check| checked(check, runs, sites)).collect();
    let carrier = checks.iter().find(|check| grade.unwritten.is_some_and(|id| id == check.id));
    let unwritten = carrier.and_then(|check| check.finding.as_ref()?.sites.first().cloned());
    Graded {
        id: grade.exercise.id.to_string(),
        verdict: grade.verdict,
        note,
        unwritten,
        points: if grade.exercise.counted { grade.points } else { Points { earned: 0, max: 0 } },
        checks,
    }
}

/// What is known of an exercise that never came to a run; nothing, if there is a program to run.
pub fn without_run(exercise: &'static Exercise, built: &Built) -> Option<Examined> {
    match built {
        Built::Program(_) => None,
        Built::Broken { reason, diagnostics } => {
            Some(undetermined(exercise, Verdict::BuildFailed, reason.clone(), diagnostics.clone()))
        }
        Built::Unknown(reason) => {
            Some(undetermined(exercise, Verdict::CannotTell, reason.clone(), Vec::new()))
        }
    }
}

/// An exercise that was not judged, and why.
pub fn undetermined(
    exercise: &'static Exercise,
    verdict: Verdict,
    reason: String,
    diagnostics: Vec<String>,
) -> Examined {
    let points = Points { earned: 0, max: if exercise.counted { exercise.points() } else { 0 } };
    let (id, note) = (exercise.id.to_string(), Some(reason));
    let graded = Graded { id, verdict, note, unwritten: None, points, checks: Vec::new() };
    Examined { exercise, graded, diagnostics, judged: None }
}

fn checked(grade: &CheckGrade, runs: &[Run], sites: &Sites) -> Checked {
    let (mut holds, mut found, mut note) = (None, None, None);
    let verdict = match &grade.outcome {
        CheckOutcome::Holds(why) => {
            holds = Some(why.clone());
            CheckVerdict::Passed
        }
        CheckOutcome::Fails { finding, run } => {
            found = Some(explained(grade, finding, runs.get(*run), sites));
            CheckVerdict::Failed
        }
        CheckOutcome::Moot { because } => {
            note = Some(format!("there is nothing to judge while `{because}` fails"));
            CheckVerdict::NotJudged
        }
        CheckOutcome::CannotTell(why) => {
            note = Some(why.clone());
            CheckVerdict::CannotTell
        }
    };
    Checked {
        id: grade.check.id.to_string(),
        claim: grade.check.claim.to_string(),
        verdict,
        points: grade.points(),
        evidence: grade.evidence,
        holds,
        finding: found,
        note,
    }
}

fn explained(grade: &CheckGrade, finding: &Finding, run: Option<&Run>, sites: &Sites) -> Found {
    let events = || {
        let all = run.map(|run| run.recording.trace.events()).unwrap_or_default();
        finding.events.iter().filter_map(|index| all.get(*index))
    };
    let mut lines: Vec<SourceLine> = Vec::new();
    for line in events().filter_map(|event| sites.of(run?, event)) {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    Found {
        expected: finding.expected.clone(),
        observed: finding.observed.clone(),
        why: grade.check.why.to_string(),
        hint: grade.check.hints.first().map(|hint| hint.to_string()),
        scenario: run.map(|run| run.scenario.id.to_string()).unwrap_or_default(),
        schedule: run.and_then(|run| run.schedule.clone()),
        sites: lines,
        events: run
            .map(|run| events().map(|event| sentence(&run.recording.trace, event)).collect())
            .unwrap_or_default(),
    }
}

/// The report on exercises.
pub fn report(examined: &[Examined]) -> Report {
    let count = |wanted: &dyn Fn(Verdict) -> bool| {
        examined.iter().filter(|exercise| wanted(exercise.graded.verdict)).count()
    };
    let passed = count(&|verdict| verdict == Verdict::Passed);
    let cannot_tell = count(&|verdict| verdict == Verdict::CannotTell);
    let points =
        |part: fn(&Points) -> u32| examined.iter().map(|exercise| part(&exercise.graded.points)).sum();
    Report {
        schema: SCHEMA,
        tool: Tool { name: "grader", version: env!("CARGO_PKG_VERSION") },
        machine: machine(),
        summary: Summary {
            passed,
            failed: examined.len() - passed - cannot_tell,
            cannot_tell,
            points: Points { earned: points(|points| points.earned), max: points(|points| points.max) },
        },
        exercises: examined.iter().map(|exercise| exercise.graded.clone()).collect(),
    }
}
