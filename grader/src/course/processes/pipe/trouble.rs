//! The judges of `pipe` when a pipe, a fork or an exec fails, and when a child is killed.

use super::judge::settled;
use super::stages::two;
use super::{EXEC_FAILS, JOINED, STAGES, TWO_CHILDREN};
use crate::course::naming::{self, role};
use crate::course::processes::becoming::became;
use crate::course::processes::failure::{self, NOT_STARTED};
use crate::course::processes::reaping::{self, REAPED};
use crate::course::processes::wait::EXIT_STATUS;
use crate::course::{Finding, Judgement, Objection, Run, premise};
use grader_trace::{CloneFlags, ExitStatus, Operation, Task, TaskId, Trace};

pub fn status_decoded(run: &Run) -> Judgement {
    let trace = run.trace();
    settled(run)?;
    let wc = match run.scenario.id {
        "exec-fails" if went_on(trace).is_some() => return Err(Objection::Moot { because: EXEC_FAILS.id }),
        "exec-fails" => {
            match trace.children(TaskId::ROOT).into_iter().find(|child| asks_for(trace, child, "wc")) {
                Some(wc) => wc,
                None => return without_wc(trace),
            }
        }
        _ => match killed_stage(trace)? {
            Killed::Wc(wc) => wc,
            Killed::Echo => return in_spite_of_echo(run),
        },
    };
    let (status, wait) = match (wc.end, trace.told_of_end(TaskId::ROOT, wc.id)) {
        (Some((_, status)), _) if run.scenario.id == "exec-fails" && status != NOT_STARTED => {
            return Err(Objection::Moot { because: EXEC_FAILS.id });
        }
        (Some((_, status)), Some((wait, _))) => (status, wait),
        _ => return Err(Objection::Moot { because: REAPED.id }),
    };
    let to_be_wc = format!("the child that was to be wc ({})", wc.pid);
    let how = match status {
        ExitStatus::Killed(signal) => format!("{signal} killed {to_be_wc}"),
        _ => format!("{to_be_wc} ended with {}", naming::in_words(status)),
    };
    // posix_spawn tells the parent itself why there is no stage; fork leaves it to wait.
    if is_spawned(wc) && status == NOT_STARTED {
        return ends_with(trace, how, Some(wait), "an exit status that is not 0", |own| !own.success());
    }
    let expected = failure::passed_on(status);
    ends_with(trace, how, Some(wait), &expected, |own| failure::is_passed_on(own, status))
}

/// No exec works, and nobody got as far as wc.
fn without_wc(trace: &Trace) -> Judgement {
    let children = trace.children(TaskId::ROOT);
    if !children.iter().any(|child| is_spawned(child)) {
        return Err(Objection::Moot {
            because: if children.len() < 2 { TWO_CHILDREN.id } else { STAGES.id },
        });
    }
    let how = "no child got as far as wc".into();
    ends_with(trace, how, None, "an exit status that is not 0", |own| !own.success())
}

/// The child that was to be echo was killed, and wc did its work all the same.
fn in_spite_of_echo(run: &Run) -> Judgement {
    let trace = run.trace();
    let wc = two(trace)?.into_iter().find(|child| became(trace, child, "wc").is_ok());
    let wc = wc.ok_or(Objection::Moot { because: STAGES.id })?;
    match (wc.end, trace.told_of_end(TaskId::ROOT, wc.id)) {
        (Some((_, status)), Some((wait, _))) => {
            let ended = naming::in_words(status);
            let how = format!("the killed child was to be echo, and wc ({}) ended with {ended}", wc.pid);
            let expected = failure::passed_on(status);
            ends_with(trace, how, Some(wait), &expected, |own| failure::is_passed_on(own, status))
        }
        _ => Err(Objection::Moot { because: REAPED.id }),
    }
}

fn is_spawned(child: &Task) -> bool {
    child.birth.flags.has(CloneFlags::VM)
}

/// The parent ended with the right status; `how` tells what it had to make it of.
fn ends_with(
    trace: &Trace,
    how: String,
    event: Option<usize>,
    expected: &str,
    right: impl Fn(ExitStatus) -> bool,
) -> Judgement {
    let who = role(trace, TaskId::ROOT);
    match trace.root().end {
        Some((_, own)) if right(own) => Ok(format!("{how}; {who} ended with {}", naming::in_words(own))),
        Some((_, own)) => {
            let observed = format!("{how}, and {who} ended with {}", naming::in_words(own));
            Err(Finding::new(format!("{who} ends with {expected}"), observed).at(event).into())
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
    failure::nobody_left_behind(trace)?;
    judgement.map(|words| format!("{words}; the first child was reaped"))
}

pub fn pipe_fails_cleanly(run: &Run) -> Judgement {
    let trace = run.trace();
    let refused = trace.events().iter().enumerate().find_map(|(index, event)| match &event.op {
        Operation::Pipe { result, .. } if event.injected => Some((index, result.error()?, event.effect())),
        _ => None,
    });
    // Without a pipe nothing is joined by one.
    let Some((index, errno, moment)) = refused else { return Err(Objection::Moot { because: JOINED.id }) };
    let what = format!("pipe answered {errno}");
    failure::stops_there(trace, &what, (index, moment), 2)
}
