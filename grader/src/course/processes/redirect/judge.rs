//! The judges of `redirect` when nothing goes wrong from outside, each with the premises on which it stands.

use super::{BECOMES_CAT, CONTENT};
use crate::course::naming::role;
use crate::course::processes::becoming::{self, Became, became};
use crate::course::processes::ending::{nobody_is_left, with_success};
use crate::course::processes::failure::first_line;
use crate::course::processes::family::Family;
use crate::course::processes::{reaping, table};
use crate::course::{FileAfter, Finding, Judgement, Objection, Run, premise};
use grader_trace::{Errno, Fd, Object, OpenFlags, Operation, Outcome, Stamp, Tables, TaskId, Text, Trace};

/// The argument with which the program was told the file to write.
pub fn target(run: &Run) -> &str {
    run.arg(1)
}

/// SOURCE's bytes.
pub fn wanted_bytes(run: &Run) -> &[u8] {
    run.scenario.files.iter().find(|(name, _)| *name == run.arg(0)).map_or(&[], |(_, bytes)| bytes)
}

/// TARGET, as the run left it.
pub fn left(run: &Run) -> Option<&FileAfter> {
    run.files.get(target(run))
}

/// The open of TARGET for writing that failed, if there was one and cat never ran.
pub fn failed_open<'a>(run: &Run, family: &Family<'a>) -> Option<(usize, TaskId, &'a Errno)> {
    if !family.trace.programs(family.child.id).is_empty() {
        return None;
    }
    opens(run, family.trace).find_map(|(index, task, result)| match result {
        Outcome::Failed(errno) => Some((index, task, errno)),
        _ => None,
    })
}

/// All attempts to open TARGET for writing, by whom, and with what result.
pub fn opens<'a>(run: &Run, trace: &'a Trace) -> impl Iterator<Item = (usize, TaskId, &'a Outcome<Fd>)> {
    let target = target(run).to_owned();
    trace.events().iter().enumerate().filter_map(move |(index, event)| match &event.op {
        Operation::Open { path, flags, result, .. }
            if table::leads_to(path, &target) && (flags.writes() || flags.has(OpenFlags::CREAT)) =>
        {
            Some((index, event.task, result))
        }
        _ => None,
    })
}

pub fn becomes_cat(run: &Run) -> Judgement {
    let family = Family::of(run)?;
    if let Some((event, exec)) = family.trace.programs(family.parent.id).first()
        && becoming::another_program(family.trace, family.parent).is_some()
    {
        let expected =
            format!("{} becomes cat, and {} waits for it", family.the_child(), family.the_parent());
        let observed = format!("{} became {}", family.the_parent(), exec.path);
        return Err(Finding::new(expected, observed).at([*event]).into());
    }
    match the_cat(&family) {
        Ok(cat) => Ok(format!("{} became {} by its own exec", family.the_child(), cat.exec.path)),
        Err(Objection::Fails(_)) if failed_open(run, &family).is_some() => {
            Err(Objection::Moot { because: CONTENT.id })
        }
        Err(objection) => Err(objection),
    }
}

/// The child's exec of cat.
fn the_cat<'a>(family: &Family<'a>) -> Result<Became<'a>, Objection> {
    became(family.trace, family.child, "cat")
}

pub fn argv(run: &Run) -> Judgement {
    premise("becomes-cat", becomes_cat(run))?;
    let family = Family::of(run)?;
    Ok(becoming::with_argv(&the_cat(&family)?, &["cat", run.arg(0)], &family.the_child())?)
}

pub fn child_redirects(run: &Run) -> Judgement {
    let family = Family::of(run)?;
    let Family { trace, parent, child } = family;
    let until = child.end.map_or(Stamp::END, |(ended, _)| ended);
    if let Some(event) = table::first_change(trace, parent, Fd(1), until) {
        let word = trace.events()[event].op.word();
        let when = if event < family.birth() { "before the fork" } else { "while the child ran" };
        return Err(Finding::new(
            format!("{}'s descriptor 1 leads to the run's stdout all the time", family.the_parent()),
            format!("{} changed its own descriptor 1 ({word}) {when}", family.the_parent()),
        )
        .at([event])
        .into());
    }
    premise("descriptors", descriptors(run)).or_else(|objection| match objection {
        // Left open or closed too much: that does not touch descriptor 1.
        Objection::Moot { because: "descriptors" } if leads_to_target(run, &family) => Ok(()),
        other => Err(other),
    })?;
    Ok(format!(
        "{} led its own descriptor 1 to {}; the parent's stayed what it was",
        family.the_child(),
        target(run)
    ))
}

/// Whether descriptor 1 leads to TARGET when cat starts.
fn leads_to_target(run: &Run, family: &Family) -> bool {
    the_cat(family).is_ok_and(|cat| {
        let tables = table::at_start(family.trace, &cat);
        matches!(tables.get(family.child.id, Fd(1)).map(|ofd| &ofd.object),
            Some(Object::File(name)) if table::leads_to(name, target(run)))
    })
}

pub fn descriptors(run: &Run) -> Judgement {
    premise("becomes-cat", becomes_cat(run))?;
    let family = Family::of(run)?;
    let Family { trace, child, .. } = family;
    let cat = the_cat(&family)?;
    let tables = table::at_start(trace, &cat);
    let name = target(run);
    let expected =
        format!("when cat ({}) starts: 0 and 2 as they were, 1 leads to {name}, nothing else", child.pid);
    let fails = |observed: String| Finding::new(&expected, observed).at([cat.event]);
    if !leads_to_target(run, &family) {
        let opened = opens(run, trace).map(|(index, ..)| index).next();
        return Err(fails(table::leads(&tables, child.id, Fd(1))).at(opened).into());
    }
    if tables.get(child.id, Fd(1)).is_some_and(|ofd| !ofd.flags.writes()) {
        let opened = opens(run, trace).map(|(index, ..)| index).next();
        return Err(fails(format!("descriptor 1 leads to {name}, opened for reading only"))
            .at(opened)
            .into());
    }
    for fd in [Fd(0), Fd(2)] {
        if tables.get(child.id, fd).map(|ofd| &ofd.object) != table::given(trace, fd) {
            return Err(fails(table::leads(&tables, child.id, fd)).into());
        }
    }
    match table::beyond_the_three(trace, child, &cat) {
        None => Ok(format!("cat started with 0, 1 and 2, and 1 led to {name}")),
        Some((list, makers)) => {
            let observed = format!("cat started with {list} open as well");
            Err(Finding::new(expected, observed).at(makers).at([cat.event]).into())
        }
    }
}

pub fn content(run: &Run) -> Judgement {
    let family = Family::of(run)?;
    let name = target(run);
    let wanted = wanted_bytes(run);
    let expected = format!(
        "{name} with the {} bytes of {}, from cat alone, and nothing on stdout",
        wanted.len(),
        run.arg(0)
    );
    if let Some((index, task, errno)) = failed_open(run, &family) {
        let who = role(family.trace, task);
        let observed = format!("{who} could not open {name} ({errno}), so that cat never ran");
        return Err(Finding::new(expected, observed).at([index]).into());
    }
    let printed = family.trace.pieces();
    let bytes = left(run).map(|file| &file.bytes[..]);
    let others = writes_to(run, &family);
    if bytes == Some(wanted) && printed.is_empty() && others.is_empty() {
        return Ok(format!(
            "{name} holds the {} bytes of {}, from cat alone; stdout got none",
            wanted.len(),
            run.arg(0)
        ));
    }
    premise("argv", argv(run))?;
    if !leads_to_target(run, &family) || bytes != Some(wanted) {
        premise("descriptors", descriptors(run))?;
    }
    let (observed, events) = match (printed.first(), bytes) {
        (Some(piece), _) => {
            let who = role(family.trace, piece.task);
            (format!("{who} wrote \"{}\" on stdout", first_line(piece)), vec![piece.event])
        }
        (None, None) => (format!("there is no {name}"), vec![]),
        (None, Some(bytes)) if bytes == wanted => (by_others(run, &family, &others), others),
        (None, Some(bytes)) => (format!("{name} holds \"{}\"", shown(bytes)), others),
    };
    Err(Finding::new(expected, observed).at(events).into())
}

/// The writes to TARGET of anybody but cat, since it was last cut to length 0.
fn writes_to(run: &Run, family: &Family) -> Vec<usize> {
    let started = the_cat(family).map_or(Stamp::END, |cat| cat.moment);
    let mut found = Vec::new();
    Tables::walk(family.trace, |event, tables| {
        if let Operation::Open { path, flags, result: Outcome::Done(_), .. } = &event.op
            && table::leads_to(path, target(run))
            && flags.has(OpenFlags::TRUNC)
        {
            found.clear();
        }
        let Operation::Write { fd, result: Outcome::Done(1..), .. } = &event.op else { return };
        let here = matches!(tables.get(event.task, *fd).map(|ofd| &ofd.object),
            Some(Object::File(name)) if table::leads_to(name, target(run)));
        let by_cat = family.trace.process_of(event.task) == family.child.id && event.begin > started;
        if here && !by_cat {
            found.push(family.trace.events().partition_point(|other| other.begin < event.begin));
        }
    });
    found
}

/// Who wrote to a TARGET that is as it should be, beside cat.
fn by_others(run: &Run, family: &Family, writes: &[usize]) -> String {
    let first = writes.first().and_then(|index| family.trace.events().get(*index));
    let who = first.map_or_else(|| "somebody".into(), |event| role(family.trace, event.task));
    let when = match first {
        Some(event) if event.task == family.child.id => "before it became cat",
        _ => "beside cat",
    };
    format!("{who} wrote to {} itself, {when}", target(run))
}

fn shown(bytes: &[u8]) -> Text {
    const SHOWN: usize = 60;
    Text::from(&bytes[..bytes.len().min(SHOWN)])
}

pub fn permissions(run: &Run) -> Judgement {
    let family = Family::of(run)?;
    let name = target(run);
    let wanted = 0o666 & !run.scenario.umask;
    match left(run) {
        Some(file) if file.mode == wanted => Ok(format!("{name} has {} ({wanted:#o})", letters(wanted))),
        Some(file) => Err(Finding::new(
            format!("{name} with {} ({wanted:#o})", letters(wanted)),
            format!("{name} has {} ({:#o})", letters(file.mode), file.mode),
        )
        .at(opens(run, family.trace).map(|(index, ..)| index).next())
        .into()),
        None => match content(run) {
            Err(Objection::Fails(_)) | Ok(_) => Err(Objection::Moot { because: CONTENT.id }),
            Err(objection) => Err(objection),
        },
    }
}

/// `rw-r--r--`
fn letters(mode: u32) -> String {
    let bits = (0..9).rev().map(|bit| (mode >> bit & 1 == 1, b"xwr"[bit as usize % 3]));
    bits.map(|(set, letter)| if set { char::from(letter) } else { '-' }).collect()
}

pub fn reaped(run: &Run) -> Judgement {
    let family = family_that_stays(run)?;
    reaping::reaped(family.trace)
}

/// Parent and child, of whom the parent is still this program: else `becomes-cat` has failed.
pub fn family_that_stays(run: &Run) -> Result<Family<'_>, Objection> {
    let family = Family::of(run)?;
    match becoming::another_program(family.trace, family.parent) {
        Some(_) => Err(Objection::Moot { because: BECOMES_CAT.id }),
        None => Ok(family),
    }
}

pub fn exit_status(run: &Run) -> Judgement {
    let family = family_that_stays(run)?;
    nobody_is_left(family.trace)?;
    match with_success(family.trace, family.parent) {
        Ok(sentence) => Ok(sentence),
        Err(finding) => {
            premise("reaped", reaped(run))?;
            premise("argv", argv(run))?;
            premise("content", content(run))?;
            Err(finding.into())
        }
    }
}
