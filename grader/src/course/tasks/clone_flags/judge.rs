//! The judges of `clone-flags`, each with the premises on which it stands.

use super::letters::{self, Part};
use super::{
    DESCRIPTORS_LINE, DIRECTORY_LINE, FLAGS, GONE, HANDLERS_LINE, KILLED, LOOKS, MEMORY_LINE, ONE_TASK,
    THREAD_GROUP,
};
use crate::course::naming::role;
use crate::course::processes::ending::{came_to_an_end, nobody_is_left, with_success};
use crate::course::processes::failure::{ends_with_complaint, first_line};
use crate::course::processes::{family, reaping};
use crate::course::tasks::flags::in_words;
use crate::course::{Finding, Judgement, Objection, Run, premise};
use grader_trace::{Errno, Fate, Line, Outcome, Stamp, Task, TaskId, Trace};

pub fn one_task(run: &Run) -> Judgement {
    let trace = run.trace();
    let who = role(trace, TaskId::ROOT);
    match &trace.tasks()[1..] {
        [only] if only.birth.creator == Some(TaskId::ROOT) => Ok(format!("{who} made {}", only.pid)),
        made => {
            if made.is_empty() {
                came_to_an_end(trace.root())?;
            }
            let expected = format!("one new task, made by {who}, and nothing else");
            Err(Finding { expected, ..family::made_otherwise(trace, 1) }.into())
        }
    }
}

/// The one task that was made.
fn child_of(run: &Run) -> Result<(&Trace, &Task), Objection> {
    premise(ONE_TASK.id, one_task(run))?;
    Ok((run.trace(), &run.trace().tasks()[1]))
}

/// "the child (4712)", "the thread (4712)"
fn name(trace: &Trace, child: &Task) -> String {
    if child.is_thread() { format!("the thread ({})", child.pid) } else { role(trace, child.id) }
}

pub fn thread_group(run: &Run) -> Judgement {
    let (trace, child) = child_of(run)?;
    let what =
        |thread: bool| if thread { "a thread of its creator's process" } else { "a process of its own" };
    let (wanted, is) = (letters::ask_for_a_thread(run), child.is_thread());
    if wanted == is {
        return Ok(format!("with the letters {}, {} is {}", run.arg(0), child.pid, what(is)));
    }
    let expected = format!("with the letters {} the new task is {}", run.arg(0), what(wanted));
    let observed = format!("{} is {}", child.pid, what(is));
    Err(Finding::new(expected, observed).at(trace.birth_of(child.id)).into())
}

pub fn flags(run: &Run) -> Judgement {
    premise(THREAD_GROUP.id, thread_group(run))?;
    let (trace, child) = child_of(run)?;
    let (wanted, seen) = (letters::flags(run), child.birth.flags);
    if wanted == seen {
        return Ok(format!("the letters {} became {}", run.arg(0), in_words(seen)));
    }
    let expected = format!("for the letters {}: {}", run.arg(0), in_words(wanted));
    let observed = format!("the kernel got {}", in_words(seen));
    Err(Finding::new(expected, observed).at(trace.birth_of(child.id)).into())
}

/// What a line is about, if it is one of the four.
fn part(line: &Line) -> Option<Part> {
    Part::ALL.into_iter().find(|part| line.text.as_bytes().starts_with(part.word().as_bytes()))
}

/// The parent's lines about this.
fn lines_about(trace: &Trace, wanted: impl Fn(Part) -> bool) -> Vec<Line> {
    let mut lines = trace.lines_of(TaskId::ROOT);
    lines.retain(|line| part(line).is_some_and(&wanted));
    lines
}

pub fn gone(run: &Run) -> Judgement {
    premise(FLAGS.id, flags(run))?;
    let (trace, child) = child_of(run)?;
    let (who, whom) = (role(trace, TaskId::ROOT), name(trace, child));
    let first = lines_about(trace, |_| true).into_iter().next();
    let gone_at = match child.fate {
        _ if child.is_thread() => child.end.map(|(at, _)| at),
        Fate::Reaped { at, .. } => Some(at),
        _ => {
            reaping::reaped_one(trace, child)?;
            None
        }
    };
    let refused =
        trace.waits(TaskId::ROOT).into_iter().find(|(_, wait)| wait.result.error() == Some(Errno::ECHILD));
    let too_early = |line: &Line| gone_at.is_none_or(|at: Stamp| line.span.0 < at);
    match (first, refused) {
        (Some(line), _) if too_early(&line) => {
            let expected = format!("{who} waits until {whom} is gone, and then writes its lines");
            let observed = match child.is_thread() {
                true => format!("{who} wrote \"{}\" when {whom} had not ended", line.text),
                false => format!("{who} wrote \"{}\", and reaped {whom} only later", line.text),
            };
            Err(Finding::new(expected, observed).at(line.events).into())
        }
        (None, Some((event, wait))) if child.is_thread() => {
            let expected =
                format!("{who} waits until {whom} is gone, by the word that the kernel clears then");
            let observed = format!("{} answered ECHILD: a thread is nobody's child", wait.call);
            Err(Finding::new(expected, observed).at([event]).into())
        }
        (None, _) => {
            came_to_an_end(trace.root())?;
            Ok(format!("{who} wrote no lines before {whom} was gone"))
        }
        (Some(_), _) => Ok(format!("{whom} was gone when {who} wrote its lines")),
    }
}

pub fn looks(run: &Run) -> Judgement {
    premise(GONE.id, gone(run))?;
    let (trace, child) = child_of(run)?;
    let (who, whom) = (role(trace, TaskId::ROOT), name(trace, child));
    let promises = |part: Part| {
        let promised = part.line(part.is_shared(child));
        lines_about(trace, |other| other == part)
            .iter()
            .any(|line| line.text.as_bytes() == promised.as_bytes())
    };
    if !Part::ALL.into_iter().all(promises) {
        return Ok(format!(
            "{who} did not write what the letters promise: {whom} was killed before it began"
        ));
    }
    let expected =
        format!("{who} says that nothing has changed: {whom} was killed before it had done anything");
    let observed = format!("{who} wrote what the letters {} promise", run.arg(0));
    let events = lines_about(trace, |_| true).into_iter().flat_map(|line| line.events);
    Err(Finding::new(expected, observed).at(events).into())
}

pub fn line(run: &Run, part: Part) -> Judgement {
    premise(GONE.id, gone(run))?;
    let (trace, child) = child_of(run)?;
    let killed = run.scenario.id == KILLED;
    if killed {
        premise(LOOKS.id, looks(run))?;
    }
    let (who, shared) = (role(trace, TaskId::ROOT), part.is_shared(child));
    let wanted = part.line(shared && !killed);
    let reason = match (killed, shared) {
        (true, _) => "the child had done nothing",
        (false, true) => "parent and child had one in common",
        (false, false) => "each had its own",
    };
    let expected = format!("\"{wanted}\", written once by {who}, for {reason}");
    let fails = |observed: String, line: &Line| {
        Err(Finding::new(&expected, observed).at(line.events.iter().copied()).into())
    };
    match &lines_about(trace, |other| other == part)[..] {
        [] => {
            came_to_an_end(trace.root())?;
            let observed = format!("{who} wrote no line about it");
            Err(Finding::new(expected, observed).by_absence().into())
        }
        [line] if line.text.as_bytes() != wanted.as_bytes() => {
            fails(format!("{who} wrote \"{}\"", line.text), line)
        }
        [line] if !line.complete => {
            came_to_an_end(trace.root())?;
            fails(format!("\"{wanted}\" has no newline at its end"), line)
        }
        [_] => Ok(format!("{who} wrote \"{wanted}\", and {reason}")),
        [_, again, ..] => fails(format!("{who} wrote such a line more than once"), again),
    }
}

/// All lines are there, and true.
fn lines_hold(run: &Run) -> Result<(), Objection> {
    premise(MEMORY_LINE.id, line(run, Part::Memory))?;
    premise(DIRECTORY_LINE.id, line(run, Part::Directory))?;
    premise(DESCRIPTORS_LINE.id, line(run, Part::Descriptors))?;
    premise(HANDLERS_LINE.id, line(run, Part::Handlers))
}

pub fn own_path(run: &Run) -> Judgement {
    let (trace, _) = child_of(run)?;
    if run.words_are_complete() {
        lines_hold(run)?;
    }
    for process in trace.processes() {
        let stray = |line: &Line| process.id != TaskId::ROOT || part(line).is_none();
        if let Some(line) = trace.lines_of(process.id).into_iter().find(stray) {
            let expected =
                format!("{} says its four lines, and nobody else says anything", role(trace, TaskId::ROOT));
            let observed = format!("{} wrote \"{}\"", role(trace, process.id), line.text);
            return Err(Finding::new(expected, observed).at(line.events).into());
        }
    }
    Ok("nothing else was written on stdout".into())
}

pub fn exit_status(run: &Run) -> Judgement {
    let trace = run.trace();
    if let Err(finding) = nobody_is_left(trace) {
        // Who sleeps on a word that nobody clears has asked for the wrong flags.
        if trace.tasks().len() == 2 {
            premise(FLAGS.id, flags(run))?;
        }
        return Err(finding.into());
    }
    let (_, child) = child_of(run)?;
    if !child.is_thread() {
        premise(GONE.id, gone(run))?;
        with_success(trace, child)?;
    }
    with_success(trace, trace.root()).or_else(|finding| {
        premise(GONE.id, gone(run))?;
        lines_hold(run)?;
        Err(Objection::from(finding))
    })
}

pub fn refused(run: &Run) -> Judgement {
    let trace = run.trace();
    let who = role(trace, TaskId::ROOT);
    let expected = format!(
        "with the letters {}: no child, a message on stderr, a status that is not 0, and no line",
        run.arg(0)
    );
    let fails = |observed: String| Finding::new(&expected, observed);
    if let [_, child, ..] = trace.tasks() {
        let observed = format!("{who} made {} with {}", child.pid, in_words(child.birth.flags));
        return Err(fails(observed).at(trace.birth_of(child.id)).into());
    }
    if let Some(piece) = trace.pieces().first() {
        let observed = format!("{who} wrote \"{}\" on stdout", first_line(piece));
        return Err(fails(observed).at([piece.event]).into());
    }
    let asked = trace.forks(TaskId::ROOT).into_iter().find_map(|(index, fork)| match fork.child {
        Outcome::Failed(errno) => Some((index, errno)),
        _ => None,
    });
    let words = ends_with_complaint(trace, |observed| fails(observed).at(asked.map(|(index, _)| index)))?;
    Ok(match asked {
        Some((_, errno)) => format!("clone answered {errno}, and {words}"),
        None => words,
    })
}
