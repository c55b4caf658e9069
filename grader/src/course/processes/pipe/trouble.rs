//! The judges of `pipe` when a fork or an exec fails, and when a child is killed.

use super::judge::settled;
use super::stages::two;
use super::{EXEC_FAILS, STAGES, TWO_CHILDREN};
use crate::course::naming::{self, role};
use crate::course::processes::ending::nobody_is_left;
use crate::course::processes::failure;
use crate::course::processes::reaping::{self, REAPED};
use crate::course::processes::wait::EXIT_STATUS;
use crate::course::{Finding, Judgement, Objection, Run, blocked, premise};
use grader_trace::{CloneFlags, ExitStatus, Fate, Task, TaskId, Trace};

pub fn status_decoded(run: &Run) -> Judgement {
    let trace = run.trace();
    settled(run)?;
    let who = role(trace, TaskId::ROOT);
    let wc = match run.scenario.id {
        "exec-fails" if went_on(trace).is_some() => return Err(Objection::Moot { because: EXEC_FAILS.id }),
        "exec-fails" => trace.children(TaskId::ROOT).into_iter().find(|child| asks_for(trace, child, "wc")),
        _ => match killed_stage(trace)? {
            Killed::Wc(wc) => Some(wc),
            Killed::Echo => {
                return Ok("the killed child was to be echo; a pipeline ends as its last stage did".into());
            }
        },
    };
    let (how, event) = match wc.map(|wc| (wc, wc.end, trace.told_of_end(TaskId::ROOT, wc.id))) {
        None => ("no child got as far as wc".into(), None),
        Some((wc, Some((_, status)), Some((wait, _)))) if !status.success() => {
            let how = match status {
                ExitStatus::Killed(signal) => {
                    format!("{signal} killed the child that was to be wc ({})", wc.pid)
                }
                _ => format!(
                    "the child that was to be wc ({}) ended with {}",
                    wc.pid,
                    naming::in_words(status)
                ),
            };
            (how, Some(wait))
        }
        Some((_, Some((_, status)), _)) if status.success() => {
            return Err(Objection::Moot { because: EXEC_FAILS.id });
        }
        Some(_) => return Err(Objection::Moot { because: REAPED.id }),
    };
    let children = trace.children(TaskId::ROOT);
    // posix_spawn tells the parent itself why there is no stage; fork leaves it to wait.
    let spawned = |child: &&Task| child.birth.flags.has(CloneFlags::VM);
    match trace.root().end {
        Some((_, status)) if status.success() && wc.is_none() && !children.iter().any(spawned) => {
            Err(Objection::Moot { because: if children.len() < 2 { TWO_CHILDREN.id } else { STAGES.id } })
        }
        Some((_, status)) if !status.success() => {
            Ok(format!("{how}; {who} ended with {}", naming::in_words(status)))
        }
        Some(_) => {
            let expected = format!("{who} ends with an exit status that is not 0");
            Err(Finding::new(expected, format!("{how}, and {who} ended with exit status 0")).at(event).into())
        }
        None => Err(Objection::Moot { because: EXIT_STATUS.id }),
    }
}

/// Which of the two children was killed before it became anything.
enum Killed<'a> {
    /// The one that was to be echo.
    Echo,
    /// The one that was to be wc.
    Wc(&'a Task),
}

/// Told from what the other one became.
fn killed_stage(trace: &Trace) -> Result<Killed<'_>, Objection> {
    let children = two(trace)?;
    let killed = |child: &&&Task| {
        matches!(child.end, Some((_, ExitStatus::Killed(_)))) && trace.execs(child.id).is_empty()
    };
    let Some(killed) = children.iter().copied().find(|child| killed(&child)) else {
        return Err(Objection::Moot { because: STAGES.id });
    };
    let wc_lives = children.iter().any(|child| child.id != killed.id && asks_for(trace, child, "wc"));
    Ok(if wc_lives { Killed::Echo } else { Killed::Wc(killed) })
}

/// Whether a child tried to become this program, with success or without.
fn asks_for(trace: &Trace, child: &Task, name: &str) -> bool {
    let is_name = |text: &grader_trace::Text| text.file_name() == name.as_bytes();
    trace
        .execs(child.id)
        .iter()
        .any(|(_, exec)| is_name(&exec.path) || exec.argv.first().is_some_and(is_name))
}

/// A child that forked on after its exec had failed, and the fork.
fn went_on(trace: &Trace) -> Option<(&Task, usize)> {
    trace.processes().filter(|task| task.id != TaskId::ROOT).find_map(|task| {
        let failed = trace.execs(task.id).into_iter().find(|(_, exec)| exec.result.error().is_some())?.0;
        let fork = trace.forks(task.id).into_iter().find(|(event, _)| *event > failed)?.0;
        Some((task, fork))
    })
}

pub fn exec_fails_cleanly(run: &Run) -> Judgement {
    let trace = run.trace();
    if let Some((task, fork)) = went_on(trace) {
        let who = role(trace, task.id);
        return Err(Finding::new(
            format!("{who} says on stderr that exec failed, and ends with 127"),
            format!("{who} went on in the parent's code after exec had failed, and forked"),
        )
        .at([fork])
        .into());
    }
    let children = trace.children(TaskId::ROOT);
    if children.is_empty() || children.len() + 1 != trace.processes().count() {
        return Err(Objection::Moot { because: TWO_CHILDREN.id });
    }
    let mut words = Vec::new();
    for child in children {
        words.push(failure::exec_fails(trace, child, STAGES.id)?);
    }
    premise(REAPED.id, reaping::reaped(trace))?;
    Ok(words.join("; "))
}

pub fn second_fork_fails_cleanly(run: &Run) -> Judgement {
    let trace = run.trace();
    let judgement = failure::fork_fails(run, 1, TWO_CHILDREN.id);
    if let Err(Objection::Moot { .. }) = judgement {
        return judgement;
    }
    let who = role(trace, TaskId::ROOT);
    let expected =
        format!("{who} lets go of its first child, reaps it, says why on stderr and does not end with 0");
    let fails =
        |observed: String, events: Vec<usize>| Err(Finding::new(&expected, observed).at(events).into());
    if nobody_is_left(trace).is_err() {
        return fails(blocked::still_there(trace), blocked::events(trace));
    }
    if let Some(child) =
        trace.children(TaskId::ROOT).into_iter().find(|child| !matches!(child.fate, Fate::Reaped { .. }))
    {
        return fails(
            format!("{who} ended, and nobody had reaped its first child ({})", child.pid),
            trace.birth_of(child.id).into_iter().collect(),
        );
    }
    judgement.map(|words| format!("{words}; the first child was reaped"))
}
