//! Invented reports, for tests.

use super::*;

/// A report with one exercise a verdict.
pub(crate) fn report_of(verdicts: &[Verdict]) -> Report {
    let exercises: Vec<Graded> = verdicts.iter().map(|verdict| graded(*verdict)).collect();
    let count = |of: &[Verdict]| exercises.iter().filter(|graded| of.contains(&graded.verdict)).count();
    let summary = Summary {
        passed: count(&[Verdict::Passed]),
        failed: count(&[Verdict::Failed, Verdict::BuildFailed, Verdict::TimedOut, Verdict::Crashed]),
        cannot_tell: count(&[Verdict::CannotTell]),
        points: Points {
            earned: exercises.iter().map(|graded| graded.points.earned).sum(),
            max: exercises.iter().map(|graded| graded.points.max).sum(),
        },
    };
    Report {
        schema: SCHEMA,
        tool: Tool { name: "grader", version: "0.1.0" },
        machine: Machine { kernel: "6.18.0".into(), architecture: "x86_64".into(), processors: 2 },
        exercises,
        summary,
    }
}

/// `wait`, with this verdict and the checks that go with it.
pub(crate) fn graded(verdict: Verdict) -> Graded {
    let checks = match verdict {
        Verdict::Passed => vec![
            passed(
                "one-child",
                "the program makes exactly one child",
                "100 forked once and made 101; no other task exists",
            ),
            passed(
                "after-child",
                "the parent's line comes after the child's end",
                "the wait that told of 101's end returned before the line was written",
            ),
        ],
        Verdict::BuildFailed => Vec::new(),
        Verdict::CannotTell => vec![cannot_tell()],
        Verdict::Failed | Verdict::TimedOut | Verdict::Crashed => vec![
            failed("after-child"),
            failed("reaped"),
            passed(
                "one-child",
                "the program makes exactly one child",
                "100 forked once and made 101; no other task exists",
            ),
            not_judged("exit-status"),
            not_judged("status-decoded"),
        ],
    };
    let note = match verdict {
        Verdict::Passed | Verdict::Failed => None,
        Verdict::BuildFailed => Some("rustc found 1 error".into()),
        Verdict::TimedOut => Some("it was still running after 10 seconds".into()),
        Verdict::Crashed => Some("SIGSEGV ended it".into()),
        Verdict::CannotTell => Some("this machine does not allow tracing".into()),
    };
    let earned = checks.iter().map(|check| check.points.earned).sum();
    Graded { id: "wait".into(), verdict, note, unwritten: None, points: Points { earned, max: 10 }, checks }
}

fn passed(id: &str, claim: &str, holds: &str) -> Checked {
    Checked {
        id: id.into(),
        claim: claim.into(),
        verdict: CheckVerdict::Passed,
        points: Points { earned: 2, max: 2 },
        evidence: Evidence { strength: Strength::Bounded, executions: 3 },
        holds: Some(holds.into()),
        finding: None,
        note: None,
    }
}

fn failed(id: &str) -> Checked {
    let claim = match id {
        "reaped" => "the parent itself reaps the child with a wait call",
        _ => "the parent's line comes after the child has ended, in every schedule",
    };
    Checked {
        id: id.into(),
        claim: claim.into(),
        verdict: CheckVerdict::Failed,
        points: Points { earned: 0, max: 2 },
        evidence: Evidence { strength: Strength::OneRun, executions: 1 },
        holds: None,
        finding: Some(Found {
            expected: "the parent writes its line after the wait call that told it of the end of 101".into(),
            observed: "the parent wrote its line while 101 had not run yet; no wait call came before it"
                .into(),
            why:
                "Without a wait nothing orders the two lines. That it looks right on an idle machine is luck."
                    .into(),
            hint: Some("Which call makes a parent sleep until its child has ended?".into()),
            scenario: "slow-child".into(),
            schedule: None,
            sites: vec![SourceLine {
                file: "exercises/1-processes/wait/src/main.rs".into(),
                line: 12,
                function: "main".into(),
            }],
            events: vec!["100 wrote \"hello, I am parent of 101 (wc:-1) (pid:100)\"".into()],
        }),
        note: None,
    }
}

fn not_judged(id: &str) -> Checked {
    Checked {
        id: id.into(),
        claim: "the program ends with status 0".into(),
        verdict: CheckVerdict::NotJudged,
        points: Points { earned: 0, max: 2 },
        evidence: Evidence { strength: Strength::OneRun, executions: 0 },
        holds: None,
        finding: None,
        note: Some("after-child fails already".into()),
    }
}

fn cannot_tell() -> Checked {
    Checked { verdict: CheckVerdict::CannotTell, note: Some("no tracing".into()), ..not_judged("reaped") }
}
