//! Calls that fail: fork at a limit, exec without a program; and a child whose failure must not get lost.

use super::ending::nobody_is_left;
use super::family::Family;
use super::saying::{Said, Saying, Who, said_by};
use crate::course::naming::{in_words, role};
use crate::course::{Check, Finding, Judgement, Objection, Run, blocked};
use grader_trace::{
    CloneFlags, Errno, ExitStatus, Fate, Line, Operation, Piece, Signal, Stamp, Task, TaskId, Trace,
};

/// "A fork that fails is reported." Its judge depends on how many processes are wanted.
pub const FORK_FAILS: Check = Check {
    id: "fork-fails",
    claim: "When fork fails, there is a message on stderr, an exit status that is not 0, and no more work is done.",
    why: "fork answers -1 when a limit on processes is reached: there is no child then. A program that does not \
          look takes -1 for a PID.",
    points: 0,
    hints: &[
        "fork has three answers, not two. Which branch does the third one take in your program?",
        "When it is -1 (in nix: Err), nobody was born. Say so on stderr, and end with something other than 0.",
        "Err(errno) => { eprintln!(\"fork: {errno}\"); return ExitCode::FAILURE; }",
    ],
    see: &["fork(2)", "errno(3)"],
    scenarios: &["fork-fails"],
    judge: |run| fork_fails(run, 1, "one-child"),
};

/// "A child that failed is not reported as success."
pub const STATUS_DECODED: Check = Check {
    id: "status-decoded",
    claim: "If the child fails or is killed, the parent's own exit status is not 0.",
    why: "The status that wait stores is a word of several parts: how the child ended, and with which number. Who \
          only looks at the exit code takes a child that was killed for one that ended with 0.",
    points: 0,
    hints: &[
        "What does wait store, beside the PID that it returns? Does your program look at it?",
        "A process that a signal killed has no exit code. WIFEXITED and WIFSIGNALED tell the two apart; nix has \
         WaitStatus::Exited and WaitStatus::Signaled.",
        "Pass on what happened as a shell does: the child's own code, or 128 plus the number of the signal.",
    ],
    see: &["wait(2)", "exit(3)"],
    scenarios: &["child-killed", "child-fails"],
    judge: |run| status_decoded(&Family::of(run)?),
};

/// "The parent ends as its child did." Its judge depends on what can go wrong before.
pub const STATUS_PASSED_ON: Check = Check {
    claim: "If the child fails, the parent ends with the child's exit status; if a signal killed it, with 128 + the \
            signal's number.",
    judge: |run| status_passed_on(&Family::of(run)?),
    ..STATUS_DECODED
};

/// What a child ends with whose exec failed: a shell says the same of a command that it cannot start.
pub const NOT_STARTED: ExitStatus = ExitStatus::Exited(127);

/// The first fork that the plan made to fail, and when it had done so.
fn failed_fork(trace: &Trace) -> Option<(usize, Errno, Stamp)> {
    trace.events().iter().enumerate().find_map(|(index, event)| match &event.op {
        Operation::Fork(fork) if event.injected && !fork.flags.has(CloneFlags::THREAD) => {
            Some((index, fork.child.error()?, event.effect()))
        }
        _ => None,
    })
}

/// Judges [`FORK_FAILS`] of a program that wants `wanted` children; `premise` is the check that says so.
pub fn fork_fails(run: &Run, wanted: usize, premise: &'static str) -> Judgement {
    let trace = run.trace();
    let Some((index, errno, moment)) = failed_fork(trace) else {
        return Err(Objection::Moot { because: premise });
    };
    let what = format!("fork answered {errno}");
    stops_there(trace, &what, (index, moment), wanted)
}

/// After a call that was refused (`what`: "fork answered EAGAIN") nothing goes on, unless the root tries again and
/// has the `wanted` children in the end.
pub fn stops_there(trace: &Trace, what: &str, refused: (usize, Stamp), wanted: usize) -> Judgement {
    let (index, moment) = refused;
    let who = role(trace, TaskId::ROOT);
    let expected =
        format!("after {what}, a message on stderr, an exit status that is not 0, and nothing else");
    let fails = |observed: String| Finding::new(&expected, observed).at([index]);
    let born = trace.processes().filter(|task| task.id != TaskId::ROOT && task.birth.at > moment).count();
    if born == wanted && trace.root().end.is_some_and(|(_, status)| status.success()) {
        return Ok(format!("{what}; {who} tried again, and all went well"));
    }
    if born > 0 {
        return Err(fails(format!("{who} went on and forked, as if nothing had failed")).into());
    }
    if let Some(piece) = further_words(trace, moment) {
        // The line to look at is the one that writes.
        let observed = format!("{who} went on and wrote \"{}\" on stdout", first_line(&piece));
        return Err(Finding::new(&expected, observed).at([piece.event, index]).into());
    }
    ends_with_complaint(trace, fails).map(|words| format!("{what}, and {words}"))
}

/// What the root wrote to stdout after `moment`, other than a first line that lay in a buffer until then.
fn further_words(trace: &Trace, moment: Stamp) -> Option<Piece> {
    let late = |span: (Stamp, Stamp)| span.1 > moment;
    let said = said_by(trace, TaskId::ROOT);
    let is_first =
        |said: &Said| matches!(said.saying, Saying::Greeting { .. } | Saying::Holds { who: Who::Start, .. });
    let first_only = said.iter().filter(|said| late(said.span)).all(is_first);
    let by_root = |piece: &Piece| trace.process_of(piece.task) == TaskId::ROOT && late(piece.span);
    trace.pieces().into_iter().find(by_root).filter(|_| !first_only)
}

/// The first line on stderr that a process wrote after `moment`, blank ones aside.
fn words_of(trace: &Trace, process: TaskId, moment: Stamp) -> Option<Line> {
    let says = |line: &Line| line.span.1 > moment && !line.text.as_bytes().trim_ascii().is_empty();
    trace.error_lines_of(process).into_iter().find(says)
}

/// Somebody said something on stderr, and the root ended with a status that is not 0.
pub fn ends_with_complaint(trace: &Trace, fails: impl Fn(String) -> Finding) -> Judgement {
    let who = role(trace, TaskId::ROOT);
    let first_words = |task: &Task| Some((role(trace, task.id), words_of(trace, task.id, Stamp(0))?));
    match (trace.root().end, trace.processes().find_map(first_words)) {
        (None, _) => Err(fails(blocked::still_there(trace)).at(blocked::events(trace)).into()),
        (Some((_, status)), _) if status.success() => {
            Err(fails(format!("{who} ended with exit status 0, which says that all went well")).into())
        }
        (Some((_, status)), None) => {
            let silent = fails(format!("{who} ended with {} and without a word on stderr", in_words(status)));
            Err(silent.by_absence().into())
        }
        (Some((_, status)), Some((speaker, line))) if speaker == who => {
            Ok(format!("{who} said \"{}\" on stderr and ended with {}", line.text, in_words(status)))
        }
        (Some((_, status)), Some((speaker, line))) => Ok(format!(
            "{speaker} said \"{}\" on stderr, and {who} ended with {}",
            line.text,
            in_words(status)
        )),
    }
}

/// After a fork that was refused: the children made before it have ended, and the root has reaped them. That nobody
/// learns how they ended, because SIGCHLD is ignored, is not a matter of forks that fail.
pub fn nobody_left_behind(trace: &Trace) -> Result<(), Finding> {
    let who = role(trace, TaskId::ROOT);
    let expected = format!(
        "{who} lets go of the children that it has, reaps them, says why on stderr and does not end with 0"
    );
    if nobody_is_left(trace).is_err() {
        return Err(Finding::new(expected, blocked::still_there(trace)).at(blocked::events(trace)));
    }
    let reaped = |child: &Task| matches!(child.fate, Fate::Reaped { .. } | Fate::Released);
    match trace.children(TaskId::ROOT).into_iter().find(|child| !reaped(child)) {
        None => Ok(()),
        Some(child) => {
            let observed = format!("{who} ended, and nobody had reaped {}", role(trace, child.id));
            Err(Finding::new(expected, observed).at(trace.birth_of(child.id)))
        }
    }
}

/// The first line of what a write wrote.
pub fn first_line(piece: &Piece) -> grader_trace::Text {
    let line = piece.data.as_bytes().split(|byte| *byte == b'\n').next().unwrap_or_default();
    grader_trace::Text::from(line)
}

/// Judges [`STATUS_DECODED`]: the parent was told that the child failed, and does not end with 0.
pub fn status_decoded(family: &Family) -> Judgement {
    let expected = format!("{} ends with an exit status that is not 0", family.the_parent());
    status_is(family, expected, |status, _| !status.success())
}

/// Judges [`STATUS_PASSED_ON`]: the parent was told that the child failed, and ends as it did.
pub fn status_passed_on(family: &Family) -> Judgement {
    // posix_spawn tells the parent why exec failed, and not how the child ended.
    let spawned = family.child.birth.flags.has(CloneFlags::VM);
    if spawned && family.child.end.is_some_and(|(_, how)| how == NOT_STARTED) {
        return status_decoded(family);
    }
    let expected = match family.child.end {
        Some((_, how)) => format!("{} ends with {}", family.the_parent(), passed_on(how)),
        None => return Err(Objection::Moot { because: "exit-status" }),
    };
    status_is(family, expected, is_passed_on)
}

/// What a shell makes of a child that ended like this, in words: "exit status 137 (128 + 9)".
pub fn passed_on(how: ExitStatus) -> String {
    match how {
        ExitStatus::Exited(code) => format!("exit status {code}"),
        ExitStatus::Killed(Signal(number)) => format!("exit status {} (128 + {number})", 128 + number),
    }
}

/// Whether `parent` is what a shell makes of a child that ended like `child`. To die of the same signal says it, too.
pub fn is_passed_on(parent: ExitStatus, child: ExitStatus) -> bool {
    match (parent, child) {
        (ExitStatus::Exited(code), ExitStatus::Killed(Signal(number))) => i32::from(code) == 128 + number,
        _ => parent == child,
    }
}

fn status_is(family: &Family, expected: String, right: impl Fn(ExitStatus, ExitStatus) -> bool) -> Judgement {
    let Family { trace, parent, child } = *family;
    let Some((wait, call)) = trace.told_of_end(parent.id, child.id) else {
        return Err(Objection::Moot { because: "reaped" });
    };
    let Some((_, how)) = child.end else {
        return Err(Objection::Moot { because: "exit-status" });
    };
    let story = in_story(how, &family.the_child());
    let fails = |observed: String| Err(Finding::new(&expected, observed).at([wait]).into());
    match parent.end {
        None => fails(blocked::still_there(trace)),
        Some((_, status)) if right(status, how) => {
            Ok(format!("{story}; {} ended with {}", family.the_parent(), in_words(status)))
        }
        Some((_, status)) => fails(format!(
            "{story}, {} returned {}, and {} ended with {}",
            call.call,
            child.pid,
            family.the_parent(),
            in_words(status)
        )),
    }
}

/// "SIGKILL killed the child (4712)", "the child (4712) ended with exit status 1"
fn in_story(how: ExitStatus, who: &str) -> String {
    match how {
        ExitStatus::Exited(code) => format!("{who} ended with exit status {code}"),
        ExitStatus::Killed(signal) => format!("{signal} killed {who}"),
    }
}

/// What a child does whose exec fails: a message, silence on stdout, and the status that says so. If it made
/// no exec call at all, that is the finding of `premise`.
pub fn exec_fails(trace: &Trace, child: &Task, premise: &'static str) -> Judgement {
    let who = role(trace, child.id);
    let Some((index, exec)) =
        trace.execs(child.id).into_iter().find(|(_, exec)| exec.result.error().is_some())
    else {
        return Err(Objection::Moot { because: premise });
    };
    let moment = trace.events()[index].effect();
    let errno = exec.result.error().map_or(String::new(), |errno| errno.to_string());
    let expected = format!(
        "after exec answered {errno}, {who} says so on stderr, writes nothing on stdout and ends with {NOT_STARTED}"
    );
    let fails = |observed: String| Finding::new(&expected, observed).at([index]);
    let by_child = |piece: &Piece| trace.process_of(piece.task) == child.id && piece.span.1 > moment;
    if let Some(piece) = trace.pieces().into_iter().find(by_child) {
        let observed = format!("{who} went on and wrote \"{}\" on stdout", first_line(&piece));
        return Err(Finding::new(&expected, observed).at([piece.event, index]).into());
    }
    match child.end {
        None => return Err(fails(blocked::still_there(trace)).at(blocked::events(trace)).into()),
        Some((_, end)) if end != NOT_STARTED => {
            return Err(fails(format!("{who} ended with {}", in_words(end))).into());
        }
        Some(_) => {}
    }
    // posix_spawn runs the child in the parent's memory, and the parent is told why exec failed.
    let spawned = child.birth.flags.has(CloneFlags::VM);
    let mut speakers = [Some(child.id), spawned.then_some(TaskId::ROOT)].into_iter().flatten();
    match speakers.find_map(|speaker| words_of(trace, speaker, moment)) {
        Some(line) => Ok(format!("{who} ended with {NOT_STARTED}, and \"{}\" is on stderr", line.text)),
        None => {
            let silent = fails(format!("{who} ended with {NOT_STARTED}, and without a word on stderr"));
            Err(silent.by_absence().into())
        }
    }
}
