//! What is asserted of every program that makes threads by hand: how many, with which flags, what they compute, how they
//! and the program end, and what comes of a clone that fails.

use super::flags::in_words;
use super::threads::{self, Stack, had_its_time, name};
use crate::course::naming::{in_words as how_it_ended, role};
use crate::course::processes::ending::{nobody_is_left, with_success};
use crate::course::processes::failure::{ends_with_complaint, first_line};
use crate::course::{Check, Finding, Judgement, Objection, Run, premise};
use grader_trace::{CloneFlags, Event, Fork, Operation, Outcome, Stamp, Task, TaskId, Trace};

/// What pthread_create asks for, but for CLONE_SETTLS.
pub const POSIX_THREAD: CloneFlags = CloneFlags(
    CloneFlags::VM
        | CloneFlags::FS
        | CloneFlags::FILES
        | CloneFlags::SIGHAND
        | CloneFlags::THREAD
        | CloneFlags::SYSVSEM
        | CloneFlags::PARENT_SETTID
        | CloneFlags::CHILD_CLEARTID,
);

/// The scenarios in which all goes well.
pub const WELL: &[&str] = &["plain", "slow-thread", "slow-creator", "many"];

/// "There are as many threads as numbers."
pub const THREADS: Check = Check {
    id: "threads",
    claim: "The program makes one thread for each number, and nothing else.",
    why: "A thread is a task of the process that makes it: one PID, one memory, and a number of its own.",
    points: 1,
    hints: &[
        "Count the tasks that your program makes. Are they threads of it, or processes?",
        "CLONE_THREAD makes the new task a thread of its creator's process. It needs CLONE_SIGHAND, and that CLONE_VM.",
        "let tid = unsafe { libc::clone(begin, stack, POSIX_THREAD, argument, word, unused, word) };",
    ],
    see: &["clone(2)", "credentials(7)"],
    scenarios: WELL,
    judge: made,
};

/// Judges [`THREADS`].
pub fn made(run: &Run) -> Judgement {
    let trace = run.trace();
    let (wanted, made) = (run.scenario.args.len(), threads::threads(trace));
    let by_root = |task: &&Task| task.birth.creator == Some(TaskId::ROOT);
    if made.len() == wanted && trace.tasks().len() == wanted + 1 && made.iter().all(by_root) {
        return Ok(format!("{wanted} threads were made, and nothing else"));
    }
    if made.len() < wanted && trace.tasks().len() == made.len() + 1 {
        had_its_time(trace)?;
    }
    let (who, others) = (role(trace, TaskId::ROOT), trace.processes().count() - 1);
    let expected = format!("{wanted} threads of {who}, made by its first one, and nothing else");
    let observed = match (made.len(), others) {
        (0, 0) => "no task was made".to_owned(),
        (threads, 0) => format!("{threads} threads were made"),
        (threads, others) => format!("{threads} threads and {others} processes were made"),
    };
    let births = trace.tasks()[1..].iter().filter_map(|task| trace.birth_of(task.id));
    Err(Finding::new(expected, observed).at(births).into())
}

/// The threads, if they are as many as they should be; or those that were there when the program came to a bad end.
pub fn threads_of(run: &Run) -> Result<Vec<&Task>, Objection> {
    let threads = threads::threads(run.trace());
    match made(run) {
        Err(Objection::Moot { .. }) if !threads.is_empty() => Ok(threads),
        judgement => premise(THREADS.id, judgement).map(|()| threads),
    }
}

/// What a thread did up to the moment at which it touched memory that it may not touch: a handler's doings are not its own.
pub fn deeds<'a>(trace: &'a Trace, thread: &Task) -> impl Iterator<Item = (usize, &'a Event)> {
    let mut faulted = false;
    trace.events_of(thread.id).take_while(move |(_, event)| {
        !std::mem::replace(&mut faulted, matches!(event.op, Operation::Fault { .. }))
    })
}

/// clone got just these flags, each time.
pub fn asked_for(run: &Run, wanted: CloneFlags) -> Judgement {
    for thread in threads_of(run)? {
        let seen = thread.birth.flags;
        if seen == wanted {
            continue;
        }
        let part =
            |word: &str, bits: u64| (bits != 0).then(|| format!("{word} {}", in_words(CloneFlags(bits))));
        let differences = [part("without", wanted.0 & !seen.0), part("with", seen.0 & !wanted.0)];
        let differences: Vec<String> = differences.into_iter().flatten().collect();
        let observed = format!("the kernel got a flag word {}", differences.join(", and "));
        return Err(Finding::new(in_words(wanted), observed).at(run.trace().birth_of(thread.id)).into());
    }
    Ok(format!("the kernel got {}", in_words(wanted)))
}

/// The program said what its threads have computed, in order, and nothing else.
pub fn said(run: &Run) -> Judgement {
    let trace = run.trace();
    let who = role(trace, TaskId::ROOT);
    let wanted: Vec<String> = run.scenario.args.iter().map(|number| line(number)).collect();
    let said = trace.lines_of(TaskId::ROOT);
    for (index, line) in said.iter().enumerate() {
        let fails = |expected: String, observed: String| {
            Err(Finding::new(expected, observed).at(line.events.iter().copied()).into())
        };
        match wanted.get(index) {
            None => {
                let observed = format!("{who} wrote \"{}\" as well", line.text);
                return fails(format!("{} lines of {who}", wanted.len()), observed);
            }
            Some(right) if line.text.as_bytes() != right.as_bytes() => {
                let observed = format!("{who} wrote \"{}\"", line.text);
                return fails(format!("\"{right}\" as line {} of {who}", index + 1), observed);
            }
            Some(right) if !line.complete => {
                let observed = format!("\"{right}\" has no newline at its end");
                return fails(format!("\"{right}\" with a newline"), observed);
            }
            Some(_) => {}
        }
    }
    let Some(missing) = wanted.get(said.len()) else {
        return Ok(format!("{who} wrote \"{}\"", wanted.join("\", \"")));
    };
    had_its_time(trace)?;
    let observed = match said.len() {
        0 => format!("{who} wrote no line"),
        written => format!("{who} wrote no more than {written} lines"),
    };
    Err(Finding::new(format!("\"{missing}\", written by {who}"), observed).by_absence().into())
}

/// The line for a number: the sum of all numbers up to it.
fn line(number: &str) -> String {
    let n: u64 = number.parse().unwrap_or_default();
    format!("{n}: {}", n * (n + 1) / 2)
}

/// The program and its threads came to their ends, with 0; unless one of these checks, which fails, explains why not.
pub fn ended_well(run: &Run, explanations: &[&Check]) -> Judgement {
    let trace = run.trace();
    let of_a_thread = |thread: &&Task| {
        let (_, status) = thread.end.filter(|(_, status)| !status.success())?;
        let who = name(trace, thread);
        let finding =
            Finding::new(format!("{who} ends with 0"), format!("{who} ended with {}", how_it_ended(status)));
        Some(finding.at(trace.events_of(thread.id).map(|(index, _)| index).last()))
    };
    let judged = match threads::death(run) {
        Some(finding) => Err(finding),
        None => {
            nobody_is_left(trace).and_then(|()| match threads::threads(trace).iter().find_map(of_a_thread) {
                Some(finding) => Err(finding),
                None => with_success(trace, trace.root()),
            })
        }
    };
    judged.map_err(|finding| {
        let fails = |check: &&&Check| matches!((check.judge)(run), Err(Objection::Fails(_)));
        match explanations.iter().find(fails) {
            Some(check) => Objection::Moot { because: check.id },
            None => finding.into(),
        }
    })
}

/// After a clone that was refused: a message, a status that is not 0, no line, and no memory that was meant for a thread;
/// or the program tried again, and all went well.
pub fn refused_well(run: &Run) -> Judgement {
    let trace = run.trace();
    let who = role(trace, TaskId::ROOT);
    let refused = trace.forks(TaskId::ROOT).into_iter().find_map(|(index, fork)| match fork {
        Fork { child: Outcome::Failed(errno), .. } if trace.events()[index].injected => {
            Some((index, *errno, fork.given))
        }
        _ => None,
    });
    let Some((index, errno, given)) = refused else {
        return Err(Objection::Moot { because: THREADS.id });
    };
    if made(run).is_ok() && trace.root().end.is_some_and(|(_, status)| status.success()) {
        return Ok(format!("clone answered {errno}; {who} tried again, and all went well"));
    }
    let expected = format!(
        "after clone answered {errno}, a message on stderr, a status that is not 0, no line, and no memory left over"
    );
    let fails = |observed: String| Finding::new(&expected, observed).at([index]);
    if let Some(piece) = trace.pieces().first() {
        let observed = format!("{who} wrote \"{}\" on stdout", first_line(piece));
        return Err(Finding::new(&expected, observed).at([piece.event, index]).into());
    }
    let words = ends_with_complaint(trace, fails)?;
    let unknown = || "which stack clone was given is not recorded in this run".to_owned();
    let given = given.ok_or_else(|| Objection::CannotTell(unknown()))?;
    let stack = Stack::at(trace, given, trace.events()[index].effect());
    let end = trace.root().end.map_or(Stamp::END, |(at, _)| at);
    match stack.map(|stack| (stack.left_at(trace, end), stack)) {
        None | Some((0, _)) => Ok(format!("clone answered {errno}, {words}, and no memory was left over")),
        Some((left, stack)) => {
            let observed = format!(
                "{left} bytes of the stack for which there was no thread were still mapped at the end"
            );
            Err(Finding::new(expected, observed).at([stack.usable.event, index]).into())
        }
    }
}
