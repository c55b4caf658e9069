//! The judges of `pipe`, each with the premises on which it stands.

use super::stages::{Stage, Stages, closes, early_wait, two};
use super::*;
use crate::course::naming::role;
use crate::course::processes::becoming::{became, with_argv};
use crate::course::processes::counts::Counts;
use crate::course::processes::ending::{came_to_an_end, nobody_is_left, with_success};
use crate::course::processes::{family, reaping, table};
use crate::course::{Finding, Judgement, Objection, Run, blocked, naming, premise};
use grader_trace::{CloneFlags, ExitStatus, Fate, PipeEnd, Stamp, Tables, Task};

/// What goes through the pipe.
const WORDS: &[u8] = b"hello world\n";

pub fn two_children(run: &Run) -> Judgement {
    let trace = run.trace();
    match family::children(trace, 2) {
        Ok(children) => {
            let pids: Vec<String> = children.iter().map(|child| child.pid.to_string()).collect();
            Ok(format!("two processes were made, {}, both by the parent", pids.join(" and ")))
        }
        Err(_) if early_wait(trace).is_some() => Err(Objection::Moot { because: BOTH_STARTED.id }),
        Err(finding) => {
            came_to_an_end(trace.root())?;
            Err(finding.into())
        }
    }
}

pub fn both_started(run: &Run) -> Judgement {
    let trace = run.trace();
    let who = role(trace, TaskId::ROOT);
    if let Some(event) = early_wait(trace) {
        return Err(Finding::new(
            format!("{who} forks both children, and waits only then"),
            format!("{who} waited with one child only: {}", reaping::told(trace, event)),
        )
        .at([event])
        .into());
    }
    let children = two(trace)?;
    Ok(format!("{} and {} both existed before {who} waited", children[0].pid, children[1].pid))
}

pub fn stages(run: &Run) -> Judgement {
    let trace = run.trace();
    let children = two(trace)?;
    let stages = match Stages::of(run) {
        Ok(stages) => stages,
        Err(_) => {
            // Whichever of the two names is missing, one child has become nothing, or something else.
            let missing =
                if children.iter().any(|child| became(trace, child, "echo").is_ok()) { "wc" } else { "echo" };
            let other = if missing == "wc" { "echo" } else { "wc" };
            let stranger = children.iter().find(|child| became(trace, child, other).is_err());
            let stranger = stranger.copied().unwrap_or(children[0]);
            return Err(became(trace, stranger, missing)
                .err()
                .unwrap_or(Objection::Moot { because: STAGES.id }));
        }
    };
    let echo = with_argv(&stages.echo.became, &["echo", "hello", "world"], &stages.echo.who())?;
    let wc = with_argv(&stages.wc.became, &["wc"], &stages.wc.who())?;
    Ok(format!("{echo}; {wc}"))
}

pub fn joined(run: &Run) -> Judgement {
    premise(STAGES.id, stages(run))?;
    let stages = Stages::of(run)?;
    if stages.pipe().is_some() {
        return Ok(format!(
            "{}'s descriptor 1 led into the pipe from which {}'s descriptor 0 came",
            stages.echo.who(),
            stages.wc.who()
        ));
    }
    let side = |stage: &Stage, fd: Fd| {
        let tables = stage.tables(stages.trace);
        format!("{}'s {}", stage.who(), table::leads(&tables, stage.task.id, fd))
    };
    let (echo, wc) = (side(&stages.echo, Fd(1)), side(&stages.wc, Fd(0)));
    let other = if echo.ends_with("a pipe's write end") && wc.ends_with("a pipe's read end") {
        ", but these are two pipes"
    } else {
        ""
    };
    Err(Finding::new(
        format!(
            "{}'s descriptor 1 leads to a pipe's write end, {}'s descriptor 0 to its read end",
            stages.echo.who(),
            stages.wc.who()
        ),
        format!("{echo}, {wc}{other}"),
    )
    .at([stages.echo.became.event, stages.wc.became.event])
    .into())
}

pub fn ends_closed(run: &Run) -> Judgement {
    premise(JOINED.id, joined(run))?;
    let stages = Stages::of(run)?;
    let Stages { trace, echo, wc } = stages;
    let Some(pipe) = stages.pipe() else { return Err(Objection::Moot { because: JOINED.id }) };
    let holders = |moment: Stamp| {
        let tables = Tables::at(trace, moment);
        let mut holders = tables.holders(pipe, PipeEnd::Write);
        holders.retain(|(task, _)| *task != echo.task.id);
        holders
    };
    if wc.task.end.is_none() {
        let held = holders(Stamp::END);
        let list: Vec<String> = held
            .iter()
            .map(|(task, fd)| match *task == wc.task.id {
                true => format!("{} itself still holds descriptor {fd}, the pipe's write end", wc.who()),
                false => format!("{} still holds descriptor {fd}, the pipe's write end", role(trace, *task)),
            })
            .collect();
        if list.is_empty() {
            return Err(Objection::Moot { because: EXIT_STATUS.id });
        }
        return Err(Finding::new(
            format!(
                "nobody holds the write end when {} is done, so that {} sees the end",
                echo.who(),
                wc.who()
            ),
            format!("{}; {} {}", list.join(", "), wc.who(), blocked::what_it_did(trace, wc.task.id)),
        )
        .at(blocked::events(trace))
        .into());
    }
    let Some((echo_ended, _)) = echo.task.end else {
        return Err(Objection::Moot { because: EXIT_STATUS.id });
    };
    // It may still lie with the parent then, if the parent lets go of it later; to end is not to let go.
    let late = holders(Stamp(echo_ended.0 + 1)).into_iter().find(|(task, _)| *task == TaskId::ROOT);
    match late {
        Some((_, fd)) if !closes(trace, TaskId::ROOT, fd, echo_ended) => match reaped(run) {
            Err(Objection::Fails(_)) => Err(Objection::Moot { because: REAPED.id }),
            _ => Ok(sees_the_end(&echo, &wc, "in the end nobody held it")),
        },
        Some(_) => Ok(sees_the_end(&echo, &wc, "the parent let go of it later")),
        None => Ok(sees_the_end(&echo, &wc, "nobody else held the write end")),
    }
}

fn sees_the_end(echo: &Stage, wc: &Stage, how: &str) -> String {
    format!("when {} had ended, {how}, and {} saw the end of its input", echo.who(), wc.who())
}

/// Everybody came to an end; or it is known which check tells why not.
fn settled(run: &Run) -> Result<(), Objection> {
    if nobody_is_left(run.trace()).is_ok() {
        return Ok(());
    }
    premise(BOTH_STARTED.id, both_started(run))?;
    premise(ENDS_CLOSED.id, ends_closed(run))
}

pub fn no_leaks(run: &Run) -> Judgement {
    premise(STAGES.id, stages(run))?;
    let stages = Stages::of(run)?;
    let trace = stages.trace;
    for stage in [stages.echo, stages.wc] {
        let beyond = table::beyond_the_three(&stage.tables(trace), stage.task.id);
        if !beyond.is_empty() {
            if let Err(Objection::Fails(_)) = ends_closed(run) {
                return Err(Objection::Moot { because: ENDS_CLOSED.id });
            }
            let word = if beyond.len() == 1 { "descriptor" } else { "the descriptors" };
            return Err(Finding::new(
                format!("{} starts with 0, 1 and 2 and nothing else", stage.who()),
                format!("{} started with {word} {} open as well", stage.who(), beyond.join(", ")),
            )
            .at([stage.became.event])
            .into());
        }
    }
    Ok("echo and wc both started with 0, 1 and 2 alone".into())
}

pub fn output(run: &Run) -> Judgement {
    settled(run)?;
    premise(JOINED.id, joined(run))?;
    let Stages { trace, wc, .. } = Stages::of(run)?;
    let counts = Counts::of(WORDS);
    let Counts { lines, words, bytes } = counts;
    let expected =
        format!("\"{lines} {words} {bytes}\" on stdout, written by {}, and nothing else", wc.who());
    let printed = trace.lines();
    let stranger = trace.pieces().into_iter().find(|piece| trace.process_of(piece.task) != wc.task.id);
    let fails =
        |observed: String, events: Vec<usize>| Err(Finding::new(&expected, observed).at(events).into());
    match (&printed[..], stranger) {
        (_, Some(piece)) => {
            let who = role(trace, piece.task);
            fails(format!("{who} wrote \"{}\" on stdout", failure::first_line(&piece)), vec![piece.event])
        }
        ([line], None) if counts.are_in(&line.text, "") && line.complete => {
            Ok(format!("{} wrote \"{}\", and nobody wrote anything else", wc.who(), line.text))
        }
        ([line, ..], None) => fails(format!("{} wrote \"{}\"", wc.who(), line.text), line.events.clone()),
        ([], None) => match trace.error_lines().first() {
            Some(line) => {
                fails(format!("nothing on stdout; \"{}\" went to stderr", line.text), line.events.clone())
            }
            None => fails("nothing came to stdout".into(), vec![wc.became.event]),
        },
    }
}

pub fn reaped(run: &Run) -> Judgement {
    let trace = run.trace();
    two(trace)?;
    settled(run)?;
    reaping::reaped(trace)
}

pub fn no_busy_wait(run: &Run) -> Judgement {
    two(run.trace())?;
    reaping::no_busy_wait(run)
}

pub fn exit_status(run: &Run) -> Judgement {
    let trace = run.trace();
    two(trace)?;
    match settled(run) {
        Err(Objection::Moot { because }) if because != EXIT_STATUS.id => {
            return Err(Objection::Moot { because });
        }
        _ => nobody_is_left(trace)?,
    }
    match with_success(trace, trace.root()) {
        Ok(sentence) => Ok(sentence),
        Err(finding) => {
            premise(REAPED.id, reaped(run))?;
            premise(OUTPUT.id, output(run))?;
            Err(finding.into())
        }
    }
}

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
    if children.is_empty() || children.len() + 1 != trace.tasks().len() {
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
