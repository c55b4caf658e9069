//! What all schedules of a program come to, as JSON (`grader/exploration/v1`) and as text.

use crate::explore::{Covered, Exploration, Range};
use grader_trace::order::Count;
use serde::Serialize;

/// The document.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Document<'a> {
    /// `grader/exploration/v1`.
    schema: &'a str,
    /// Whether every schedule was covered.
    complete: bool,
    /// If not: why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    /// How many executions were run: one of each kind.
    executions: u64,
    /// Processes in an execution.
    processes: Bounds,
    /// Lines written to standard output: pieces that end with a newline or with their write; empty ones do not count.
    lines: Bounds,
    /// How many different outputs there are, in decimal.
    distinct_outputs: String,
    /// Whether that number is exact; otherwise there are so many or more.
    distinct_outputs_exact: bool,
    /// The first outputs in lexicographic order; `‹0.1›` stands for the PID of that task.
    outputs: &'a [String],
    /// Schedules after which tasks wait for each other for ever.
    deadlocks: Vec<Found>,
    /// Processes that ended without being reaped by their parent.
    unreaped: Unreaped,
    /// What a complete answer rests on.
    assumptions: Vec<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Bounds {
    min: u64,
    max: u64,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Unreaped {
    min: u64,
    max: u64,
    /// One in which there are some.
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Found {
    schedule: String,
}

const BUDGET: &str = "there was no time for more";

fn bounds(range: Range) -> Bounds {
    Bounds { min: range.min, max: range.max }
}

fn document(exploration: &Exploration) -> Document<'_> {
    let (count, exact) = match &exploration.distinct_outputs {
        Count::Exactly(count) => (count, true),
        Count::AtLeast(count) => (count, false),
    };
    Document {
        schema: "grader/exploration/v1",
        complete: exploration.covered == Covered::All,
        why: match &exploration.covered {
            Covered::All => None,
            Covered::Budget => Some(BUDGET),
            Covered::Inconclusive(why) => Some(why),
        },
        executions: exploration.executions,
        processes: bounds(exploration.processes),
        lines: bounds(exploration.lines),
        distinct_outputs: count.to_string(),
        distinct_outputs_exact: exact,
        outputs: &exploration.outputs,
        deadlocks: exploration
            .deadlocks
            .iter()
            .map(|schedule| Found { schedule: schedule.to_string() })
            .collect(),
        unreaped: Unreaped {
            min: exploration.unreaped.min,
            max: exploration.unreaped.max,
            schedule: exploration.zombie.as_ref().map(ToString::to_string),
        },
        assumptions: exploration.assumptions.iter().map(ToString::to_string).collect(),
    }
}

/// As JSON.
pub fn json(exploration: &Exploration) -> String {
    // Strings and numbers only: there is nothing that cannot be written.
    let mut text = serde_json::to_string_pretty(&document(exploration)).unwrap_or_default();
    text.push('\n');
    text
}

/// As text for people.
pub fn describe(exploration: &Exploration) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        text.push_str(&words);
        text.push('\n');
    };
    let executions = exploration.executions;
    let plural = if executions == 1 { "execution stands" } else { "executions stand" };
    match &exploration.covered {
        Covered::All => line(format!("every schedule: {executions} {plural} for all of them")),
        Covered::Budget => line(format!("not every schedule: {BUDGET} than {executions}")),
        Covered::Inconclusive(why) => line(format!("no claim about every schedule: {why}")),
    }
    line(format!("processes  {}", shown(exploration.processes)));
    line(format!("lines      {}", shown(exploration.lines)));
    line(format!("outputs    {} different", exploration.distinct_outputs));
    for output in exploration.outputs.iter().take(4) {
        line(format!("           {}", output.escape_debug()));
    }
    match exploration.deadlocks.first() {
        None => line("deadlocks  none".into()),
        Some(schedule) => line(format!("deadlocks  {schedule}")),
    }
    match &exploration.zombie {
        None => line("unreaped   none".into()),
        Some(schedule) => line(format!("unreaped   {}, as after {schedule}", shown(exploration.unreaped))),
    }
    text
}

fn shown(range: Range) -> String {
    if range.min == range.max { range.min.to_string() } else { format!("{} to {}", range.min, range.max) }
}
