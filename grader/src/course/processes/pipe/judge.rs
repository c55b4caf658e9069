//! The judges of `pipe` when nothing goes wrong from outside, each with the premises on which it stands.

use super::stages::{Stage, Stages, closes, early_wait, two};
use super::{BOTH_STARTED, ENDS_CLOSED, JOINED, OUTPUT, STAGES};
use crate::course::naming::role;
use crate::course::processes::becoming::{became, with_argv};
use crate::course::processes::counts::Counts;
use crate::course::processes::ending::{came_to_an_end, nobody_is_left, with_success};
use crate::course::processes::failure::first_line;
use crate::course::processes::reaping::{self, REAPED};
use crate::course::processes::wait::EXIT_STATUS;
use crate::course::processes::{family, table};
use crate::course::{Finding, Judgement, Objection, Run, blocked, premise};
use grader_trace::{Fd, PipeEnd, Stamp, Tables, TaskId};

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
pub fn settled(run: &Run) -> Result<(), Objection> {
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
        let Some((list, makers)) = table::beyond_the_three(trace, stage.task, &stage.became) else {
            continue;
        };
        if let Err(Objection::Fails(_)) = ends_closed(run) {
            return Err(Objection::Moot { because: ENDS_CLOSED.id });
        }
        return Err(Finding::new(
            format!("{} starts with 0, 1 and 2 and nothing else", stage.who()),
            format!("{} started with {list} open as well", stage.who()),
        )
        .at(makers)
        .at([stage.became.event])
        .into());
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
            fails(format!("{who} wrote \"{}\" on stdout", first_line(&piece)), vec![piece.event])
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
