//! `grader explore --json`: `grader/exploration/v1`.
//!
//! The schema is `grader/schema/exploration-v1.json`, generated from these types; a test keeps it up to date.

use super::{Explored, OUT_OF_TIME, call, fault};
use crate::explore::{Covered, Range, Schedules, Witness};
use grader_explorer::faults::Place;
use grader_trace::order::Count;
use grader_tracer::Stdout;
use serde::Serialize;

/// What all schedules of a program come to.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Document {
    /// Which format this is.
    schema: Version,
    /// The program and its arguments.
    command: Vec<String>,
    /// What its standard output was.
    stdout: Output,
    #[serde(flatten)]
    found: Found,
    /// What a complete answer rests on.
    assumptions: Vec<String>,
    /// What comes of each call that could fail, if that was asked (`--faults`): at most one fails in an execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    faults: Option<Vec<Fault>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum Version {
    #[serde(rename = "grader/exploration/v1")]
    One,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum Output {
    Tty,
    Pipe,
}

/// What was found.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Found {
    /// Whether every schedule was covered.
    complete: bool,
    /// If not: why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// How many executions were run to their end: if complete, one of each kind.
    executions: u64,
    /// Processes in an execution.
    processes: Bounds,
    /// Threads in an execution, besides the first one of each process.
    threads: Bounds,
    /// Lines written to standard output: pieces that end with a newline or with their write; empty ones do not count.
    lines: Bounds,
    /// How many different outputs there are, in decimal.
    distinct_outputs: String,
    /// Whether that number is exact; otherwise there are so many or more.
    distinct_outputs_exact: bool,
    /// The first outputs in lexicographic order; `‹0.1›` stands for the PID of that task.
    outputs: Vec<String>,
    /// Outputs of executions, each with a schedule that leads there; not all, if there are many.
    reached: Vec<Reached>,
    /// How the program's first process may end.
    ends: Vec<End>,
    /// Schedules after which tasks wait for each other for ever, one for each kind.
    deadlocks: Vec<Deadlock>,
    /// Processes that ended without being reaped by their parent.
    unreaped: Unreaped,
}

/// The least and the most, over all executions.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Bounds {
    min: u64,
    max: u64,
}

/// An output.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Reached {
    /// What was written.
    output: String,
    /// A schedule that leads there.
    schedule: String,
}

/// A way to end.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct End {
    /// `exit status 3`, `killed by SIGSEGV`.
    status: String,
    /// A schedule that leads there.
    schedule: String,
}

/// Tasks that wait for each other for ever.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Deadlock {
    /// As simple as it gets, and executed.
    schedule: String,
    /// Those that are left.
    waiting: Vec<Waiting>,
}

/// A task that never goes on.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Waiting {
    /// Its path in the tree of creation: `0.1` is the second child of the first process.
    task: String,
    /// In which call.
    call: String,
    /// Where in the source, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<Site>,
}

/// A line of source.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Site {
    file: String,
    line: u32,
    function: String,
}

/// Processes that were not reaped by their parent.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Unreaped {
    min: u64,
    max: u64,
    /// A schedule that leaves some (with a fault: more than without it); as simple as it gets, and executed.
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<String>,
}

/// A call that fails without need, and what comes of it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Fault {
    /// Whose call.
    task: String,
    /// How many steps of this task come before it.
    nth: usize,
    /// What fails, and how.
    fault: String,
    /// Who allows it: `this kernel does it`, or `POSIX allows it`.
    possible: String,
    #[serde(flatten)]
    found: Found,
}

fn bounds(range: Range) -> Bounds {
    Bounds { min: range.min, max: range.max }
}

fn found(schedules: &Schedules) -> Found {
    let (count, exact) = match &schedules.distinct_outputs {
        Count::Exactly(count) => (count, true),
        Count::AtLeast(count) => (count, false),
    };
    Found {
        complete: schedules.covered == Covered::All,
        why: match &schedules.covered {
            Covered::All => None,
            Covered::Budget => Some(OUT_OF_TIME.into()),
            Covered::Inconclusive(why) => Some(why.clone()),
        },
        executions: schedules.executions,
        processes: bounds(schedules.processes),
        threads: bounds(schedules.threads),
        lines: bounds(schedules.lines),
        distinct_outputs: count.to_string(),
        distinct_outputs_exact: exact,
        outputs: schedules.outputs.clone(),
        reached: schedules
            .reached
            .iter()
            .map(|(output, schedule)| Reached { output: output.clone(), schedule: schedule.to_string() })
            .collect(),
        ends: schedules
            .ends
            .iter()
            .map(|(status, schedule)| End { status: status.to_string(), schedule: schedule.to_string() })
            .collect(),
        deadlocks: schedules.deadlocks.iter().map(deadlock).collect(),
        unreaped: Unreaped {
            min: schedules.unreaped.min,
            max: schedules.unreaped.max,
            schedule: schedules.zombie.as_ref().map(|witness| witness.schedule.to_string()),
        },
    }
}

fn deadlock(witness: &Witness) -> Deadlock {
    let left = witness.trace.tasks().iter().filter(|task| task.end.is_none());
    let waiting = left.filter_map(|task| {
        let event = witness.trace.events().iter().rfind(|event| event.task == task.id)?;
        let site = event.site.as_ref().map(|site| Site {
            file: site.file.clone(),
            line: site.line,
            function: site.function.clone(),
        });
        Some(Waiting { task: task.path.to_string(), call: call(&event.op).into(), site })
    });
    Deadlock { schedule: witness.schedule.to_string(), waiting: waiting.collect() }
}

fn failed((place, schedules): &(Place, Schedules)) -> Fault {
    let (what, possible) = fault(place);
    Fault {
        task: place.task.to_string(),
        nth: place.nth,
        fault: what,
        possible: possible.into(),
        found: found(schedules),
    }
}

fn document(explored: &Explored<'_>) -> Document {
    let exploration = explored.exploration;
    Document {
        schema: Version::One,
        command: explored.command.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
        stdout: match explored.stdout {
            Stdout::Terminal => Output::Tty,
            Stdout::Pipe => Output::Pipe,
        },
        found: found(&exploration.schedules),
        assumptions: exploration.schedules.assumptions.iter().map(ToString::to_string).collect(),
        faults: exploration.faults.as_ref().map(|faults| faults.iter().map(failed).collect()),
    }
}

/// As JSON.
pub fn json(explored: &Explored<'_>) -> String {
    // Strings, numbers and lists of them: there is nothing that cannot be written.
    let mut text = serde_json::to_string_pretty(&document(explored)).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/exploration-v1.json");

    #[test]
    fn the_stored_schema_of_explorations_is_what_the_types_say() {
        let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
        let mut schema = settings.into_generator().into_root_schema_for::<Document>().to_value();
        schema["$id"] = "grader/exploration/v1".into();
        let generated = format!("{schema:#}\n");
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(STORED, &generated).expect("the schema can be written");
        }
        let stored = std::fs::read_to_string(STORED).unwrap_or_default();
        assert_eq!(
            stored, generated,
            "{STORED} is not what the types say; if the change is meant, run\n\
             UPDATE_SCHEMA=1 cargo test -p grader the_stored_schema"
        );
    }
}
