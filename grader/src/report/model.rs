//! `grader/report/v1`: the types behind `--format json`.

use serde::Serialize;

#[cfg(test)]
pub(crate) mod sample;

/// The name and version of the format.
pub const SCHEMA: &str = "grader/report/v1";

/// What was found about a set of submissions.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// Always `grader/report/v1`.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    pub schema: &'static str,
    /// What made the report.
    pub tool: Tool,
    /// Where it was made.
    pub machine: Machine,
    /// One entry an exercise, in the order of the course.
    pub exercises: Vec<Graded>,
    /// Totals.
    pub summary: Summary,
}

/// What made the report.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tool {
    /// `grader`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// Where the report was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Machine {
    /// The kernel's release, such as `6.18.0`.
    pub kernel: String,
    /// The architecture, such as `x86_64`.
    pub architecture: String,
    /// How many processors the grader may use.
    pub processors: usize,
}

/// What was found about one exercise.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Graded {
    /// The exercise.
    pub id: String,
    /// The whole exercise's verdict.
    pub verdict: Verdict,
    /// A sentence that says more: the signal that ended it, the time that was up, what could not be measured.
    pub note: Option<String>,
    /// The `todo!()` that the program ran into: from there on it is not written yet.
    pub unwritten: Option<SourceLine>,
    /// Points; `max` is 0 where the exercise does not count.
    pub points: Points,
    /// One entry a check, in the order of the exercise. Empty if it was not built.
    pub checks: Vec<Checked>,
}

/// A verdict on an exercise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every check holds.
    Passed,
    /// A check does not hold.
    Failed,
    /// It does not compile.
    BuildFailed,
    /// It did not end in time.
    TimedOut,
    /// A signal ended it.
    Crashed,
    /// The machine does not allow the measurement. Never counted as wrong, never as right.
    CannotTell,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Verdict; 6] = [
        Verdict::Passed,
        Verdict::Failed,
        Verdict::BuildFailed,
        Verdict::TimedOut,
        Verdict::Crashed,
        Verdict::CannotTell,
    ];
}

/// Points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Points {
    /// Earned.
    pub earned: u32,
    /// To be had.
    pub max: u32,
}

/// What was found about one check.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Checked {
    /// The check.
    pub id: String,
    /// What it claims.
    pub claim: String,
    /// Its verdict.
    pub verdict: CheckVerdict,
    /// Points.
    pub points: Points,
    /// How strong the verdict is.
    pub evidence: Evidence,
    /// Why it holds, in a sentence; only if it passed.
    pub holds: Option<String>,
    /// What is wrong; only if it failed.
    pub finding: Option<Found>,
    /// Why it could not be judged; only then.
    pub note: Option<String>,
}

/// A verdict on a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CheckVerdict {
    /// It holds.
    Passed,
    /// It does not.
    Failed,
    /// Another check fails already, and this one had nothing to look at.
    NotJudged,
    /// The machine does not allow the measurement.
    CannotTell,
}

/// How strong a verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Evidence {
    /// What was covered.
    pub strength: Strength,
    /// How many executions were looked at.
    pub executions: u64,
}

/// What a verdict covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// Every schedule.
    EverySchedule,
    /// As many schedules as `executions` says.
    Bounded,
    /// One run.
    OneRun,
}

/// What is wrong, and what to try.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Found {
    /// What should have been seen.
    pub expected: String,
    /// What was seen.
    pub observed: String,
    /// Why it matters.
    pub why: String,
    /// One hint.
    pub hint: Option<String>,
    /// The scenario that shows it, such as `slow-child`.
    pub scenario: String,
    /// If it was found among all schedules: the one that shows it, as `grader replay` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// The source lines that caused it.
    pub sites: Vec<SourceLine>,
    /// The events that show it, as sentences.
    pub events: Vec<String>,
}

/// A line of the learner's own source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SourceLine {
    /// The file, relative to the workspace where it lies in it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The function.
    pub function: String,
}

/// Totals over a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Summary {
    /// Exercises that passed.
    pub passed: usize,
    /// Exercises that failed, did not build, timed out or crashed.
    pub failed: usize,
    /// Exercises that could not be determined.
    pub cannot_tell: usize,
    /// Points, of the exercises that count.
    pub points: Points,
}
