//! The judges of `raw-thread`, each with the premises on which it stands.

use super::{BARE, FLAGS, GUARD, SLEEPS, STACK, THREADS, UNMAPPED};
use crate::course::naming::role;
use crate::course::tasks::by_hand::{self, POSIX_THREAD, threads_of};
use crate::course::tasks::threads::{self, Stack, had_its_time, name};
use crate::course::{Finding, Judgement, Objection, Run, premise};
use grader_trace::{Event, Futex, Line, Operation, Outcome, Region, Remap, Stamp, Task, TaskId, Trace};

pub fn flags(run: &Run) -> Judgement {
    by_hand::asked_for(run, POSIX_THREAD)
}

pub fn stack(run: &Run) -> Judgement {
    let trace = run.trace();
    let mut seen: Vec<(usize, &Task)> = Vec::new();
    for thread in threads_of(run)? {
        let who = name(trace, thread);
        let expected = format!("{who} begins at the upper end of memory that was mapped for it, with mmap");
        let fails =
            |observed: String| Err(Finding::new(&expected, observed).at(trace.birth_of(thread.id)).into());
        let top = threads::given(thread)?.stack;
        let Some(stack) = Stack::of(trace, thread)? else {
            return fails(match top {
                0 => "clone got no stack: both are on one and the same".into(),
                top => format!("clone got {top:#x}, and nobody has mapped what lies below that"),
            });
        };
        match &trace.events()[stack.usable.event].op {
            Operation::Map(map) if !map.anonymous => return fails("its stack is a file's contents".into()),
            Operation::Map(map) if map.shared => {
                return fails("its stack is a shared mapping: a child of fork would have it, too".into());
            }
            _ => {}
        }
        if !stack.usable.access.writes() {
            return fails(format!("clone got {top:#x}, and what lies below that cannot be written"));
        }
        if let Some((_, other)) = seen.iter().find(|(event, _)| *event == stack.usable.event) {
            return fails(format!("its stack lies in the same mapping as that of {}", name(trace, other)));
        }
        seen.push((stack.usable.event, thread));
    }
    Ok(format!("{} stacks were mapped, one for each thread", seen.len()))
}

/// A thread's stack, if all of them are where they should be.
fn stack_of(run: &Run, thread: &Task) -> Result<Stack, Objection> {
    premise(STACK.id, stack(run))?;
    Stack::of(run.trace(), thread)?.ok_or(Objection::Moot { because: STACK.id })
}

pub fn guard(run: &Run) -> Judgement {
    let trace = run.trace();
    for thread in threads_of(run)? {
        let (who, stack) = (name(trace, thread), stack_of(run, thread)?);
        if stack.is_guarded() {
            continue;
        }
        let expected = format!("right below the stack of {who} lies memory that nobody may touch");
        let observed = match stack.below {
            Some(region) if region.access.writes() => {
                "what lies right below it can be written, and belongs to something else"
            }
            Some(_) => "what lies right below it can be read",
            None => "nothing is mapped right below it, until somebody maps something there",
        };
        return Err(Finding::new(expected, observed).at(trace.birth_of(thread.id)).into());
    }
    Ok("right below each stack lies memory that nobody may touch".into())
}

pub fn bare(run: &Run) -> Judgement {
    let trace = run.trace();
    for thread in threads_of(run)? {
        let of_its_own = |event: &Event| {
            !matches!(
                event.op,
                Operation::Exit(_)
                    | Operation::Futex(_)
                    | Operation::Fault { .. }
                    | Operation::Signal { .. }
                    | Operation::ThreadPointer { .. }
            )
        };
        if let Some((index, event)) = by_hand::deeds(trace, thread).find(|(_, event)| of_its_own(event)) {
            let who = name(trace, thread);
            let expected = format!("{who} makes no system call, but for its end");
            let observed = match &event.op {
                Operation::Write { data, .. } => format!("{who} wrote \"{}\"", data.clone()),
                other => format!("{who} called {}", other.word()),
            };
            return Err(Finding::new(expected, observed).at([index]).into());
        }
    }
    Ok("no thread made a system call, but for its end".into())
}

/// What a join may be on: flags by which it is told of the end, and threads that do nothing else.
fn joinable(run: &Run) -> Result<Vec<&Task>, Objection> {
    premise(FLAGS.id, flags(run))?;
    premise(BARE.id, bare(run))?;
    threads_of(run)
}

pub fn sleeps(run: &Run) -> Judgement {
    let (trace, threads) = (run.trace(), joinable(run)?);
    let who = role(trace, TaskId::ROOT);
    let expected = format!("{who} sleeps in futex until the kernel has cleared the word of the thread");
    let fails = |observed: String, at: usize| Err(Finding::new(&expected, observed).at([at]).into());
    let words = threads.iter().map(|thread| threads::word(trace, thread)).collect::<Result<Vec<_>, _>>()?;
    let whose = |futex: &Futex| words.iter().position(|word| *word == futex.word).map(|index| threads[index]);
    for (index, futex) in threads::sleeps(trace) {
        let Some(thread) = whose(futex) else {
            return fails(
                format!("{who} slept on {:#x}, which the kernel does not clear", futex.word),
                index,
            );
        };
        let whom = name(trace, thread);
        if futex.op.is_private() {
            let observed = format!(
                "{who} slept with FUTEX_PRIVATE_FLAG on the word of {whom}: the kernel's wake is not private"
            );
            return fails(observed, index);
        }
        if futex.timed {
            return fails(format!("{who} slept on the word of {whom} only until some time was up"), index);
        }
        let event = &trace.events()[index];
        let gone = thread.end.is_some_and(|(at, _)| at < event.begin);
        if gone && event.end.is_none() {
            let observed = format!(
                "{who} went to sleep on the word of {whom} when that was gone, as long as the word is {}",
                futex.value
            );
            return fails(observed, index);
        }
    }
    for (thread, number) in threads.iter().zip(&run.scenario.args) {
        let about = |line: &Line| line.text.as_bytes().starts_with(format!("{number}:").as_bytes());
        let Some(line) = trace.lines_of(TaskId::ROOT).into_iter().find(about) else { continue };
        if thread.end.is_none_or(|(at, _)| line.span.0 < at) {
            let observed =
                format!("{who} wrote \"{}\" when {} was still there", line.text, name(trace, thread));
            return Err(Finding::new(expected, observed).at(line.events).into());
        }
    }
    if let Some((index, event)) = first_question(trace, &threads) {
        return fails(format!("{who} called {} again and again instead", event.op.word()), index);
    }
    let slept_for = |thread: &&Task| {
        threads::sleeps(trace).any(|(index, futex)| {
            let began = trace.events()[index].begin;
            whose(futex).is_some_and(|one| one.id == thread.id) && thread.end.is_none_or(|(at, _)| began < at)
        })
    };
    // Here no thread runs before everybody else sleeps.
    if run.scenario.id == "slow-thread" && !threads.iter().any(slept_for) {
        let observed = format!("{who} did not sleep in futex before one of its threads was gone");
        let last =
            trace.events_of(TaskId::ROOT).filter(|(_, event)| is_of_interest(event)).map(|(index, _)| index);
        return Err(Finding::new(expected, observed).at(last.last()).into());
    }
    Ok(match threads::sleeps(trace).count() {
        0 => format!("the threads were gone when {who} looked"),
        _ => format!("{who} slept in futex until its threads were gone"),
    })
}

/// Something that a task does while it waits, other than to wait: a sleep by the clock, or a yield.
fn first_question<'a>(trace: &'a Trace, threads: &[&Task]) -> Option<(usize, &'a Event)> {
    let born = threads.first()?.birth.at;
    let last = threads.iter().map(|thread| thread.end.map_or(Stamp::END, |(at, _)| at)).max()?;
    trace.events_of(TaskId::ROOT).find(|(_, event)| {
        let asks = match &event.op {
            Operation::Sleep { .. } | Operation::Await { timed: true, .. } => true,
            Operation::Call { call, .. } => call == "sched_yield",
            _ => false,
        };
        asks && born < event.begin && event.begin < last
    })
}

fn is_of_interest(event: &Event) -> bool {
    !matches!(event.op, Operation::ThreadPointer { .. } | Operation::Exit(_))
}

pub fn looks_again(run: &Run) -> Judgement {
    let (trace, threads) = (run.trace(), joinable(run)?);
    let who = role(trace, TaskId::ROOT);
    let mut waits = threads::sleeps(trace);
    let Some((early, futex)) = waits.find(|(index, _)| trace.events()[*index].injected) else {
        return Err(Objection::Moot { because: SLEEPS.id });
    };
    let mut whom = None;
    for thread in threads {
        if threads::word(trace, thread)? == futex.word {
            whom = Some(thread);
        }
    }
    let Some(thread) = whom.filter(|_| !futex.op.is_private()) else {
        return Err(Objection::Moot { because: SLEEPS.id });
    };
    let whom = name(trace, thread);
    let expected = format!("{who} goes back to sleep, for {whom} is not gone");
    match waits.next() {
        Some((_, again)) if again.word == futex.word => {
            Ok(format!("futex returned early, and {who} went back to sleep"))
        }
        _ => {
            let after =
                trace.events_of(TaskId::ROOT).find(|(index, event)| *index > early && is_of_interest(event));
            let observed = match after.map(|(_, event)| event) {
                Some(Event { op: Operation::Remap(Remap { access: None, .. }), .. }) => {
                    format!("{who} unmapped memory, as if {whom} were gone")
                }
                Some(event) => format!("{who} went on with {}, as if {whom} were gone", event.op.word()),
                None => format!("{who} ended, as if {whom} were gone"),
            };
            Err(Finding::new(expected, observed).at([early]).at(after.map(|(index, _)| index)).into())
        }
    }
}

pub fn unmapped(run: &Run) -> Judgement {
    premise(SLEEPS.id, sleeps(run))?;
    let trace = run.trace();
    let who = role(trace, TaskId::ROOT);
    for thread in threads_of(run)? {
        let (whom, stack) = (name(trace, thread), stack_of(run, thread)?);
        let expected = format!("the stack of {whom} is unmapped when that is gone, all of it");
        let gone = thread.end.map_or(Stamp::END, |(at, _)| at);
        let early = trace.events().iter().enumerate().find(|(_, event)| match &event.op {
            Operation::Remap(Remap { start, length, access: None, result: Outcome::Done(()) }) => {
                let overlaps =
                    *start < stack.usable.end && stack.usable.start < start.saturating_add(*length);
                overlaps && thread.birth.at < event.begin && event.begin < gone
            }
            _ => false,
        });
        if let Some((index, _)) = early {
            let observed = format!("it was unmapped when {whom} was still there");
            return Err(Finding::new(expected, observed).at([index]).into());
        }
        had_its_time(trace)?;
        let end = trace.root().end.map_or(Stamp::END, |(at, _)| at);
        let all: u64 = stack.whole.iter().map(Region::length).sum();
        let left = stack.left_at(trace, end);
        if left > 0 {
            let observed = match left {
                left if left == all => format!("it was still mapped when {who} ended"),
                left => format!("{left} of {all} bytes were still mapped when {who} ended"),
            };
            return Err(Finding::new(expected, observed).at([stack.usable.event]).into());
        }
    }
    Ok("each stack was unmapped when its thread was gone".into())
}

pub fn lines(run: &Run) -> Judgement {
    premise(SLEEPS.id, sleeps(run))?;
    by_hand::said(run)
}

pub fn exit_status(run: &Run) -> Judgement {
    by_hand::ended_well(run, &[&THREADS, &FLAGS, &STACK, &GUARD, &BARE, &SLEEPS, &UNMAPPED])
}
