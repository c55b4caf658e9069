//! Threads made by hand: which there are, where their stacks lie, which word tells that they are gone.

use crate::course::naming::role;
use crate::course::{Finding, Objection, Run};
use grader_trace::{
    Access, ExitStatus, Futex, Given, Operation, Outcome, Region, Stamp, Task, TaskId, Trace,
};

/// The threads that a program made of itself, in the order of their births.
pub fn threads(trace: &Trace) -> Vec<&Task> {
    trace.tasks().iter().filter(|task| task.is_thread() && task.process == TaskId::ROOT).collect()
}

/// "the thread (4712)"; among several "the second thread (4713)".
pub fn name(trace: &Trace, thread: &Task) -> String {
    const ORDINALS: [&str; 5] = ["first ", "second ", "third ", "fourth ", "fifth "];
    let all = threads(trace);
    let place = all.iter().position(|other| other.id == thread.id).filter(|_| all.len() > 1);
    let ordinal = place.and_then(|place| ORDINALS.get(place)).copied().unwrap_or_default();
    format!("the {ordinal}thread ({})", thread.pid)
}

/// What clone was given for a thread. Where that is not recorded, nobody can tell.
pub fn given(thread: &Task) -> Result<Given, Objection> {
    let unknown = || "which addresses clone was given is not recorded in this run".to_owned();
    thread.birth.given.ok_or_else(|| Objection::CannotTell(unknown()))
}

/// The word that the kernel clears when a thread is gone: clone's, or what the thread has said itself.
pub fn word(trace: &Trace, thread: &Task) -> Result<u64, Objection> {
    let said = trace.events_of(thread.id).filter_map(|(_, event)| match &event.op {
        Operation::Call { call, args, .. } if call == "set_tid_address" => Some(args[0]),
        _ => None,
    });
    Ok(said.last().unwrap_or(given(thread)?.child_word))
}

/// A thread's stack, as it was mapped when the thread was born.
#[derive(Debug, Clone)]
pub struct Stack {
    /// What can be written, up to the address that clone was given, and beyond it.
    pub usable: Region,
    /// What lies right below that, if anything is mapped there.
    pub below: Option<Region>,
    /// All that the same mmap has mapped.
    pub whole: Vec<Region>,
}

impl Stack {
    /// Where a thread's stack lies; `None` where nobody has mapped anything.
    pub fn of(trace: &Trace, thread: &Task) -> Result<Option<Stack>, Objection> {
        Ok(Stack::at(trace, given(thread)?, thread.birth.at))
    }

    /// The stack that clone was given at `moment`.
    pub fn at(trace: &Trace, given: Given, moment: Stamp) -> Option<Stack> {
        let highest = given.stack.checked_sub(1)?;
        let regions = trace.regions(TaskId::ROOT, moment);
        let usable = *regions.iter().find(|region| (region.start..region.end).contains(&highest))?;
        let below = regions.iter().find(|region| region.end == usable.start).copied();
        let whole = regions.into_iter().filter(|region| region.event == usable.event).collect();
        Some(Stack { usable, below, whole })
    }

    /// Whether its lower end is guarded by memory that nobody may touch.
    pub fn is_guarded(&self) -> bool {
        self.below.is_some_and(|below| below.access == Access::NONE)
    }

    /// How much of it is still mapped at `moment`, in bytes.
    pub fn left_at(&self, trace: &Trace, moment: Stamp) -> u64 {
        let regions = trace.regions(TaskId::ROOT, moment);
        regions.iter().filter(|region| region.event == self.usable.event).map(Region::length).sum()
    }
}

/// Before something is called missing: the program had its time, and was not killed. Else the finding is another one.
pub fn had_its_time(trace: &Trace) -> Result<(), Objection> {
    match trace.root().end {
        Some((_, ExitStatus::Exited(_))) => Ok(()),
        _ => Err(Objection::Moot { because: "exit-status" }),
    }
}

/// Each sleep in futex of the program's first task, by its event.
pub fn sleeps(trace: &Trace) -> impl Iterator<Item = (usize, &Futex)> {
    trace.events_of(TaskId::ROOT).filter_map(|(index, event)| match &event.op {
        Operation::Futex(futex) if futex.op.waits() => Some((index, futex)),
        _ => None,
    })
}

/// How a program was killed, if it was: who touched which memory, and what is there.
pub fn death(run: &Run) -> Option<Finding> {
    let trace = run.trace();
    let Some((_, ExitStatus::Killed(signal))) = trace.root().end else { return None };
    let who = role(trace, TaskId::ROOT);
    let fault = trace.events().iter().enumerate().find_map(|(index, event)| match event.op {
        Operation::Fault { address } => Some((index, event, address)),
        _ => None,
    });
    let expected = format!("{who} and its threads come to their ends by themselves");
    let Some((index, event, address)) = fault else {
        return Some(Finding::new(expected, format!("{signal} killed {who}")));
    };
    let task = trace.task(event.task);
    let toucher = if task.is_thread() { name(trace, task) } else { who.clone() };
    let place = place(trace, task, address, event.begin);
    Some(
        Finding::new(expected, format!("{signal} killed {who}: {toucher} touched {address:#x}, {place}"))
            .at([index]),
    )
}

/// What lies at an address that may not be touched.
fn place(trace: &Trace, task: &Task, address: u64, moment: Stamp) -> String {
    let stack = Stack::of(trace, task).ok().flatten();
    if let Some(stack) = stack.filter(|stack| address < stack.usable.start) {
        let (below, kib) = (stack.usable.start - address, stack.usable.length() / 1024);
        if stack.below.is_some_and(|guard| guard.access == Access::NONE && guard.start <= address) {
            return format!(
                "{below} bytes below its stack of {kib} KiB: it needs more than that, and has hit the guard page"
            );
        }
    }
    let regions = trace.regions(TaskId::ROOT, moment);
    match regions.iter().find(|region| (region.start..region.end).contains(&address)) {
        Some(region) if region.access == Access::NONE => "which nobody may touch (PROT_NONE)".into(),
        Some(_) => "which may not be touched like that".into(),
        None if was_mapped(trace, address, moment) => "where nothing is mapped any more".into(),
        None => "where nothing is mapped that it may use".into(),
    }
}

fn was_mapped(trace: &Trace, address: u64, moment: Stamp) -> bool {
    trace.events().iter().filter(|event| event.effect() < moment).any(|event| match &event.op {
        Operation::Map(map) => {
            let covers = |start: &u64| (*start..start.saturating_add(map.length)).contains(&address);
            matches!(&map.result, Outcome::Done(start) if covers(start))
        }
        _ => false,
    })
}
