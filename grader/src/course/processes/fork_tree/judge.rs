//! The judges of `fork-tree`, each with the premises on which it stands.

use super::tree::{as_wanted, asked_for};
use super::{EXIT_STATUS, FAN, LINES};
use crate::course::naming::{in_words, role};
use crate::course::processes::ending::{came_to_an_end, nobody_is_left, with_success};
use crate::course::processes::failure;
use crate::course::processes::reaping::{self, REAPED};
use crate::course::{Finding, Judgement, Objection, Run, blocked, premise};
use grader_trace::{Fate, Line, Task, TaskId, Trace};

/// How many children the tree has in which forks are refused.
const FANNED: usize = 4;

/// Judges the check of the tree that the run was asked for.
pub fn shape(run: &Run) -> Judgement {
    let wanted = asked_for(run)?;
    match as_wanted(run.trace(), wanted) {
        Ok(()) => Ok(format!("it grew {}", wanted.words)),
        Err(finding) => {
            came_to_an_end(run.trace().root())?;
            Err(finding.into())
        }
    }
}

/// The run, if its tree is the one that was asked for; else what stands on it is moot.
fn grown(run: &Run) -> Result<&Trace, Objection> {
    premise(asked_for(run)?.check, shape(run))?;
    Ok(run.trace())
}

pub fn lines(run: &Run) -> Judgement {
    let trace = grown(run)?;
    for process in trace.processes() {
        said_its_generation(trace, process)?;
    }
    let mut said: Vec<String> = trace.processes().map(|process| generation(process).to_string()).collect();
    said.sort_unstable();
    Ok(format!("each process said its generation: {}", said.join(", ")))
}

/// How many forks a process is from the first one.
fn generation(process: &Task) -> usize {
    process.path.0.len()
}

fn said_its_generation(trace: &Trace, process: &Task) -> Result<(), Objection> {
    let wanted = format!("generation {}", generation(process));
    let name = role(trace, process.id);
    let expected = format!("\"{wanted}\" and nothing else, written by {name}");
    let lines = trace.lines_of(process.id);
    let is_it = |line: &&Line| line.text.as_bytes() == wanted.as_bytes() && line.complete;
    let at = |line: &Line, observed: String| {
        let unwritten = !line.complete && process.end.is_none();
        let fails = Finding::new(&expected, observed).at(line.events.iter().copied());
        Err(if unwritten { Objection::Moot { because: EXIT_STATUS.id } } else { fails.into() })
    };
    if let Some(other) = lines.iter().find(|line| !is_it(line)) {
        let bare = if other.complete { "" } else { ", with no newline at its end" };
        return at(other, format!("{name} wrote \"{}\"{bare}", other.text));
    }
    match &lines[..] {
        [_] => Ok(()),
        [_, again, ..] => at(again, format!("{name} wrote it {} times", lines.len())),
        [] => {
            came_to_an_end(process)?;
            let end = process.end.map_or(String::new(), |(_, status)| in_words(status));
            let events = trace.events_of(process.id).map(|(index, _)| index).last();
            let observed = format!("{name} wrote nothing on stdout, and ended with {end}");
            Err(Finding::new(expected, observed).at(events).by_absence().into())
        }
    }
}

pub fn reaped(run: &Run) -> Judgement {
    let trace = grown(run)?;
    let children: Vec<&Task> = trace.processes().filter(|task| task.parent.is_some()).collect();
    for child in &children {
        reaping::reaped_one(trace, child)?;
    }
    Ok(format!("{} processes were reaped, each by its parent", children.len()))
}

pub fn no_busy_wait(run: &Run) -> Judgement {
    let trace = grown(run)?;
    for process in trace.processes() {
        reaping::no_busy_wait_of(trace, process.id)?;
    }
    Ok("nobody asked in vain more than twice in a row".into())
}

pub fn exit_status(run: &Run) -> Judgement {
    nobody_is_left(run.trace())?;
    let trace = grown(run)?;
    // Whoever fails further down is the reason why those above it do.
    let depth = |task: &&Task| generation(task);
    let mut processes: Vec<&Task> = trace.processes().collect();
    processes.sort_by_key(depth);
    for process in processes.into_iter().rev() {
        if let Err(finding) = with_success(trace, process) {
            premise(LINES.id, lines(run))?;
            premise(REAPED.id, reaped(run))?;
            return Err(finding.into());
        }
    }
    Ok(format!("{} processes ended with exit status 0", trace.processes().count()))
}

pub fn status_decoded(run: &Run) -> Judgement {
    let trace = run.trace();
    let who = role(trace, TaskId::ROOT);
    let failed = trace.processes().filter(|task| task.id != TaskId::ROOT).find_map(|task| {
        let (_, status) = task.end.filter(|(_, status)| !status.success())?;
        Some((task, status))
    });
    let Some((task, status)) = failed else { return Err(Objection::Moot { because: asked_for(run)?.check }) };
    let story = format!("{} ended with {}", role(trace, task.id), in_words(status));
    let unreaped = |task: &&Task| !matches!(task.fate, Fate::Reaped { .. } | Fate::Root);
    let expected = format!("{who} ends with an exit status that is not 0");
    let told = match task.fate {
        Fate::Reaped { event, .. } => Some(event),
        _ => None,
    };
    match trace.root().end {
        None => Err(Finding::new(expected, blocked::still_there(trace)).at(blocked::events(trace)).into()),
        Some((_, end)) if !end.success() => Ok(format!("{story}; {who} ended with {}", in_words(end))),
        // Who never asks is not told either.
        Some(_) if trace.processes().any(|task| unreaped(&task)) => {
            Err(Objection::Moot { because: REAPED.id })
        }
        Some((_, end)) => {
            let observed = format!("{story}, and {who} ended with {}", in_words(end));
            Err(Finding::new(expected, observed).at(told).into())
        }
    }
}

pub fn fork_fails_cleanly(run: &Run) -> Judgement {
    failure::fork_fails(run, FANNED, FAN.id)
}

pub fn second_fork_fails_cleanly(run: &Run) -> Judgement {
    let trace = run.trace();
    // A child that forks as well is a matter of the tree's shape.
    if trace.processes().any(|task| task.id != TaskId::ROOT && task.parent != Some(TaskId::ROOT)) {
        return Err(Objection::Moot { because: FAN.id });
    }
    let judgement = failure::fork_fails(run, FANNED - 1, FAN.id);
    if let Err(Objection::Moot { .. }) = judgement {
        return judgement;
    }
    failure::nobody_left_behind(trace)?;
    judgement.map(|words| format!("{words}; the first child was reaped"))
}
