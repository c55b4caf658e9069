//! The judges of `tls`, each with the premises on which it stands.

use super::{BARE, FENCED, FLAGS, JOINED, OWN_BLOCK, SELF_POINTER, THREADS, WITH_TLS};
use crate::course::naming::role;
use crate::course::tasks::by_hand::{self, threads_of};
use crate::course::tasks::threads::{Stack, had_its_time, name};
use crate::course::{Finding, Judgement, Objection, Run, premise};
use grader_trace::{
    Access, Event, ExitStatus, Line, Operation, Outcome, Region, Remap, Stamp, Task, TaskId, Trace,
};

/// How far below a thread pointer somebody may look for thread-local variables, in bytes.
const BELOW: u64 = 64 * 1024;

pub fn flags(run: &Run) -> Judgement {
    by_hand::asked_for(run, WITH_TLS)
}

/// What was noted of a task's thread pointer, and of the first word that it leads to: the last of it, before `moment`.
fn pointer(trace: &Trace, task: TaskId, moment: Stamp) -> Option<(u64, Option<u64>)> {
    let noted = trace.events_of(task).filter_map(|(_, event)| match event.op {
        Operation::ThreadPointer { value, first } if event.begin < moment => Some((value, first)),
        _ => None,
    });
    noted.last()
}

/// A thread, and its thread pointer as it was at the end.
struct Pointed<'a> {
    thread: &'a Task,
    pointer: u64,
    /// The first word that the pointer leads to, if it leads anywhere.
    first: Option<u64>,
}

/// The threads with their pointers. Who was killed with others before it had begun had none.
fn pointers(run: &Run) -> Result<Vec<Pointed<'_>>, Objection> {
    let mut known = Vec::new();
    for thread in threads_of(run)? {
        match pointer(run.trace(), thread.id, Stamp::END) {
            Some((pointer, first)) => known.push(Pointed { thread, pointer, first }),
            None if matches!(thread.end, Some((_, ExitStatus::Killed(_)))) => {}
            None => {
                let unknown = "which thread pointers there were is not recorded in this run";
                return Err(Objection::CannotTell(unknown.into()));
            }
        }
    }
    Ok(known)
}

pub fn own_block(run: &Run) -> Judgement {
    premise(FLAGS.id, flags(run))?;
    let trace = run.trace();
    let mut seen = Vec::new();
    for Pointed { thread, pointer: value, first } in pointers(run)? {
        let who = name(trace, thread);
        let expected = format!("{who} has a thread pointer of its own, and a block behind it");
        let fails =
            |observed: String| Err(Finding::new(&expected, observed).at(trace.birth_of(thread.id)).into());
        if first.is_none() {
            return fails(format!("its thread pointer is {value:#x}, which leads nowhere"));
        }
        if pointer(trace, TaskId::ROOT, thread.birth.at).is_some_and(|(roots, _)| roots == value) {
            return fails(format!("its thread pointer is {value:#x}, as that of its creator"));
        }
        if let Some((other, _)) = seen.iter().find(|(_, known)| *known == value) {
            return fails(format!("its thread pointer is {value:#x}, as that of {other}"));
        }
        seen.push((who, value));
    }
    Ok("each thread has a thread pointer of its own".into())
}

pub fn self_pointer(run: &Run) -> Judgement {
    premise(OWN_BLOCK.id, own_block(run))?;
    let trace = run.trace();
    for Pointed { thread, pointer, first } in pointers(run)? {
        if let Some(first) = first.filter(|first| *first != pointer) {
            let who = name(trace, thread);
            let expected =
                format!("the first word of the block of {who} is the address of the block, {pointer:#x}");
            let finding = Finding::new(expected, format!("it was {first:#x}"));
            return Err(finding.at(trace.birth_of(thread.id)).into());
        }
    }
    Ok("each block begins with its own address".into())
}

/// The memory in which a thread's block lies, if somebody has mapped it.
fn block(trace: &Trace, thread: &Task, pointer: u64) -> Option<Region> {
    let regions = trace.regions(TaskId::ROOT, thread.birth.at);
    regions.into_iter().find(|region| (region.start..region.end).contains(&pointer))
}

pub fn fenced(run: &Run) -> Judgement {
    premise(OWN_BLOCK.id, own_block(run))?;
    let trace = run.trace();
    for Pointed { thread, pointer, .. } in pointers(run)? {
        let expected =
            format!("right below the block of {} lies memory that nobody may touch", name(trace, thread));
        let fails =
            |observed: &str| Err(Finding::new(&expected, observed).at(trace.birth_of(thread.id)).into());
        let Some(region) = block(trace, thread, pointer) else {
            return fails("it lies in memory that nobody has mapped for it: between other things");
        };
        if region.start < pointer {
            return fails("what lies right below it is in the same mapping, and can be written");
        }
        let regions = trace.regions(TaskId::ROOT, thread.birth.at);
        match regions.iter().find(|below| below.end == region.start) {
            Some(below) if below.access == Access::NONE => {}
            Some(_) => return fails("what lies right below it can be touched"),
            None => return fails("nothing is mapped right below it, until somebody maps something there"),
        }
    }
    Ok("right below each block lies memory that nobody may touch".into())
}

pub fn bare(run: &Run) -> Judgement {
    premise(SELF_POINTER.id, self_pointer(run))?;
    let trace = run.trace();
    for thread in threads_of(run)? {
        let who = name(trace, thread);
        let expected = format!("{who} uses nothing of std or libc that needs thread-local variables");
        for (index, event) in by_hand::deeds(trace, thread) {
            let observed = match &event.op {
                Operation::Fault { address } => match pointer(trace, thread.id, event.begin) {
                    Some((value, _)) if (value.saturating_sub(BELOW)..value).contains(address) => format!(
                        "{who} touched {address:#x}, {} bytes below its thread pointer: there are the thread-local \
                         variables of std and libc, in a thread that has any",
                        value - address
                    ),
                    _ => continue,
                },
                Operation::Exit(_)
                | Operation::Futex(_)
                | Operation::Signal { .. }
                | Operation::ThreadPointer { .. } => continue,
                Operation::Write { data, .. } => format!("{who} wrote \"{}\"", data.clone()),
                other => format!("{who} called {}", other.word()),
            };
            return Err(Finding::new(expected, observed).at([index]).into());
        }
    }
    Ok("no thread used what it has not got".into())
}

pub fn joined(run: &Run) -> Judgement {
    premise(BARE.id, bare(run))?;
    let trace = run.trace();
    let who = role(trace, TaskId::ROOT);
    for (Pointed { thread, pointer, .. }, number) in pointers(run)?.into_iter().zip(&run.scenario.args) {
        let whom = name(trace, thread);
        let expected =
            format!("when {whom} is gone, its line is written and its memory is unmapped, not before");
        let fails = |observed: String| Finding::new(&expected, observed);
        let gone = thread.end.map_or(Stamp::END, |(at, _)| at);
        let about = |line: &Line| line.text.as_bytes().starts_with(format!("{number}:").as_bytes());
        if let Some(line) = trace.lines_of(TaskId::ROOT).into_iter().find(about)
            && line.span.0 < gone
        {
            let observed = format!("{who} wrote \"{}\" when {whom} was still there", line.text);
            return Err(fails(observed).at(line.events).into());
        }
        had_its_time(trace)?;
        let end = trace.root().end.map_or(Stamp::END, |(at, _)| at);
        for (what, region) in [
            ("stack", Stack::of(trace, thread)?.map(|stack| stack.usable)),
            ("block", block(trace, thread, pointer)),
        ] {
            let Some(region) = region else { continue };
            if let Some(index) = unmapped_early(trace, region, (thread.birth.at, gone)) {
                let observed = format!("its {what} was unmapped when {whom} was still there");
                return Err(fails(observed).at([index]).into());
            }
            let left = trace.regions(TaskId::ROOT, end).iter().any(|left| left.event == region.event);
            if left {
                let observed = format!("its {what} was still mapped, or part of it, when {who} ended");
                return Err(fails(observed).at([region.event]).into());
            }
        }
    }
    Ok("each thread was gone when its line was written and its memory unmapped".into())
}

/// The munmap that takes a part of this region away, while somebody lives.
fn unmapped_early(trace: &Trace, region: Region, life: (Stamp, Stamp)) -> Option<usize> {
    let takes = |event: &Event| match &event.op {
        Operation::Remap(Remap { start, length, access: None, result: Outcome::Done(()) }) => {
            *start < region.end && region.start < start.saturating_add(*length)
        }
        _ => false,
    };
    trace.events().iter().position(|event| life.0 < event.begin && event.begin < life.1 && takes(event))
}

pub fn lines(run: &Run) -> Judgement {
    premise(JOINED.id, joined(run))?;
    by_hand::said(run)
}

pub fn exit_status(run: &Run) -> Judgement {
    by_hand::ended_well(run, &[&THREADS, &FLAGS, &OWN_BLOCK, &SELF_POINTER, &FENCED, &BARE, &JOINED])
}
