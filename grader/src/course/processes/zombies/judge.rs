//! The judges of `zombies`, each with the premises on which it stands.

use super::looks::{Look, When, looks};
use super::{ALL_AT_ONCE, ALL_CHILDREN, BEFORE_REFUSAL, CHILDREN, COUNT_LINE, GONE_LINE, LATER_FORK_FAILS};
use super::{MANY, SEEN, STATE_LINE};
use crate::course::naming::role;
use crate::course::processes::ending::{came_to_an_end, nobody_is_left, with_success};
use crate::course::processes::reaping::{self, REAPED};
use crate::course::processes::{failure, family};
use crate::course::{Finding, Judgement, Objection, Run, premise};
use grader_trace::{Fate, Line, Stamp, Task, TaskId, Trace};

pub fn children(run: &Run) -> Judgement {
    let trace = run.trace();
    if trace.tasks().iter().any(Task::is_thread) {
        return Err(family::made_otherwise(trace, CHILDREN).into());
    }
    match family::children(trace, CHILDREN) {
        Ok(_) => Ok(format!("{CHILDREN} processes were made, all by {}", role(trace, TaskId::ROOT))),
        Err(finding) => {
            came_to_an_end(trace.root())?;
            Err(finding.into())
        }
    }
}

/// The child to look at, and the many that come after it.
fn family_of(run: &Run) -> Result<(&Trace, &Task, Vec<&Task>), Objection> {
    premise(ALL_CHILDREN.id, children(run))?;
    let mut children = run.trace().children(TaskId::ROOT);
    let first = children.remove(0);
    Ok((run.trace(), first, children))
}

/// When a child was reaped, if it was.
fn reaped_at(child: &Task) -> Option<Stamp> {
    match child.fate {
        Fate::Reaped { at, .. } => Some(at),
        _ => None,
    }
}

pub fn seen(run: &Run) -> Judgement {
    let (trace, child, _) = family_of(run)?;
    if child.fate == Fate::Released {
        return Err(Objection::Moot { because: REAPED.id });
    }
    let (who, the_child) = (role(trace, TaskId::ROOT), role(trace, child.id));
    let looks = looks(trace, child);
    if looks.iter().any(|look| look.when == When::Zombie) {
        return Ok(format!("{who} read about {the_child} when it had ended and was not reaped"));
    }
    came_to_an_end(trace.root())?;
    let observed = match looks.last() {
        None => format!("{who} never read that file"),
        Some(Look { when: When::Alive, .. }) => {
            format!("when {who} read about {the_child}, it was still alive")
        }
        Some(_) => format!("when {who} looked for {the_child}, it had reaped it already"),
    };
    let expected = format!(
        "{who} reads /proc/{}/stat between the end of {the_child} and the wait that reaps it",
        child.pid
    );
    let events = looks.iter().map(|look| look.event).chain(trace.birth_of(child.id));
    Err(Finding::new(expected, observed).at(events).into())
}

/// The lines of the parent, by what they begin and end with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    State,
    Gone,
    Count,
    Other,
}

fn kind(line: &Line) -> Kind {
    let text = line.text.as_bytes();
    let about_it = text.starts_with(b"zombie");
    match () {
        () if about_it && text.ends_with(b"gone") => Kind::Gone,
        () if about_it => Kind::State,
        () if text.starts_with(b"reaped") => Kind::Count,
        () => Kind::Other,
    }
}

/// The parent's one line of this kind, which must be `wanted`.
fn line(trace: &Trace, which: Kind, wanted: &str) -> Result<Line, Objection> {
    let who = role(trace, TaskId::ROOT);
    let lines = trace.lines_of(TaskId::ROOT);
    let mut found = lines.iter().filter(|line| kind(line) == which);
    let fails = |observed: String, line: Option<&Line>| {
        let events = line.into_iter().flat_map(|line| line.events.clone());
        let expected = format!("\"{wanted}\", written once by {who}");
        Err(Finding::new(expected, observed).at(events))
    };
    let Some(line) = found.next() else {
        came_to_an_end(trace.root())?;
        let other = lines.iter().find(|line| kind(line) == Kind::Other);
        let observed = match other {
            Some(other) => format!("{who} wrote \"{}\"", other.text),
            None => format!("{who} wrote no such line"),
        };
        return fails(observed, other).map_err(|finding| finding.by_absence().into());
    };
    if line.text.as_bytes() != wanted.as_bytes() {
        return Ok(fails(format!("{who} wrote \"{}\"", line.text), Some(line))?);
    }
    if !line.complete {
        came_to_an_end(trace.root())?;
        return Ok(fails(format!("\"{wanted}\" has no newline at its end"), Some(line))?);
    }
    match found.next() {
        Some(again) => Ok(fails(format!("{who} wrote such a line more than once"), Some(again))?),
        None => Ok(line.clone()),
    }
}

pub fn state_line(run: &Run) -> Judgement {
    premise(SEEN.id, seen(run))?;
    let (trace, child, _) = family_of(run)?;
    let wanted = format!("zombie {}: state Z", child.pid);
    let line = line(trace, Kind::State, &wanted)?;
    let look = looks(trace, child).into_iter().find(|look| look.when == When::Zombie);
    match look {
        Some(look) if trace.events()[look.event].effect() > line.span.0 => {
            let who = role(trace, TaskId::ROOT);
            let expected = format!("{who} reads the state, and then writes what it has read");
            let observed = format!("{who} wrote \"{wanted}\" before it had read anything about a zombie");
            Err(Finding::new(expected, observed).at(line.events).into())
        }
        _ => Ok(format!("{} wrote \"{wanted}\" when it had read it", role(trace, TaskId::ROOT))),
    }
}

pub fn gone_line(run: &Run) -> Judgement {
    let (trace, child, _) = family_of(run)?;
    premise(REAPED.id, reaped(run))?;
    let wanted = format!("zombie {}: gone", child.pid);
    let line = line(trace, Kind::Gone, &wanted)?;
    after_reaping(trace, &[child], &line)
}

pub fn all_at_once(run: &Run) -> Judgement {
    let (trace, _, many) = family_of(run)?;
    let who = role(trace, TaskId::ROOT);
    let before = |at: Stamp| many.iter().any(|other| at < other.birth.at);
    let early = many.iter().find(|child| reaped_at(child).is_some_and(before));
    match early {
        None => Ok(format!("all {MANY} were there before {who} reaped one of them")),
        Some(child) => {
            let expected = format!("{who} makes all {MANY} children, and waits only then");
            let observed = format!("{who} reaped {} before it had made the last one", role(trace, child.id));
            let event = match child.fate {
                Fate::Reaped { event, .. } => Some(event),
                _ => None,
            };
            Err(Finding::new(expected, observed).at(event).into())
        }
    }
}

pub fn reaped(run: &Run) -> Judgement {
    let trace = run.trace();
    if run.scenario.id == LATER_FORK_FAILS.id {
        without_grandchildren(trace)?;
    } else {
        premise(ALL_CHILDREN.id, children(run))?;
    }
    reaping::reaped(trace)?;
    let count = trace.children(TaskId::ROOT).len();
    Ok(format!("{} reaped {count} children, each with a wait call", role(trace, TaskId::ROOT)))
}

/// Children that fork as well are a matter of who is whose child.
fn without_grandchildren(trace: &Trace) -> Result<(), Objection> {
    match trace.processes().all(|task| task.id == TaskId::ROOT || task.parent == Some(TaskId::ROOT)) {
        true => Ok(()),
        false => Err(Objection::Moot { because: ALL_CHILDREN.id }),
    }
}

pub fn count_line(run: &Run) -> Judgement {
    let (trace, _, many) = family_of(run)?;
    premise(REAPED.id, reaped(run))?;
    let line = line(trace, Kind::Count, &format!("reaped: {MANY}"))?;
    after_reaping(trace, &many, &line)
}

/// A line that speaks of children as reaped comes after the waits that reaped them.
fn after_reaping(trace: &Trace, children: &[&Task], line: &Line) -> Judgement {
    let who = role(trace, TaskId::ROOT);
    let later = children.iter().find(|child| reaped_at(child).is_none_or(|at| at > line.span.0));
    match later {
        None => Ok(format!("{who} wrote \"{}\" after the wait that made it true", line.text)),
        Some(child) => {
            let the_child = role(trace, child.id);
            let expected = format!("{who} reaps {the_child}, and then writes \"{}\"", line.text);
            let observed = format!("{who} wrote it when {the_child} was not reaped yet");
            Err(Finding::new(expected, observed).at(line.events.iter().copied()).into())
        }
    }
}

pub fn own_path(run: &Run) -> Judgement {
    let (trace, ..) = family_of(run)?;
    if run.words_are_complete() {
        premise(SEEN.id, seen(run))?;
        premise(STATE_LINE.id, state_line(run))?;
        premise(GONE_LINE.id, gone_line(run))?;
        premise(COUNT_LINE.id, count_line(run))?;
    }
    for process in trace.processes() {
        let stray = |line: &Line| process.id != TaskId::ROOT || kind(line) == Kind::Other;
        if let Some(line) = trace.lines_of(process.id).into_iter().find(stray) {
            let expected =
                format!("{} says its three lines, and nobody else says anything", role(trace, TaskId::ROOT));
            let observed = format!("{} wrote \"{}\"", role(trace, process.id), line.text);
            return Err(Finding::new(expected, observed).at(line.events).into());
        }
    }
    Ok("nothing else was written on stdout".into())
}

pub fn exit_status(run: &Run) -> Judgement {
    let trace = run.trace();
    nobody_is_left(trace)?;
    premise(ALL_CHILDREN.id, children(run))?;
    for process in trace.processes().filter(|process| process.id != TaskId::ROOT) {
        with_success(trace, process)?;
    }
    with_success(trace, trace.root()).or_else(|finding| {
        premise(SEEN.id, seen(run))?;
        premise(STATE_LINE.id, state_line(run))?;
        premise(GONE_LINE.id, gone_line(run))?;
        premise(ALL_AT_ONCE.id, all_at_once(run))?;
        premise(COUNT_LINE.id, count_line(run))?;
        Err(Objection::from(finding))
    })?;
    Ok(format!("all {} processes ended with exit status 0", CHILDREN + 1))
}

pub fn later_fork_fails_cleanly(run: &Run) -> Judgement {
    without_grandchildren(run.trace())?;
    failure::fork_fails(run, CHILDREN - BEFORE_REFUSAL, ALL_CHILDREN.id)
}
