//! From system calls to operations: one file a family, each with the table of the calls that it knows.
//!
//! A call is decoded twice. `enter` makes the [`Operation`] from what is known at
//! the entry, with its outcome [`Outcome::Unfinished`]; `leave` fills the outcome in.

mod descriptor;
mod futex;
mod memory;
mod process;
mod signal;
mod sleep;
mod transfer;

pub(crate) use memory::given;

use crate::launch::Watch;
use crate::sys::memory::Memory;
use grader_trace::{Errno, Operation, Outcome, Pid, TaskId};

/// A system call as a task makes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) number: i64,
    pub(crate) args: [u64; 6],
    pub(crate) memory: Memory,
}

impl Call {
    fn int(&self, index: usize) -> i32 {
        self.args[index] as i32
    }
}

/// When a call stops for the tracer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rule {
    /// Each time.
    Always,
    /// When the low half of its second argument is one of these.
    IfSecondArgument(&'static [u32]),
}

/// Finds the task that has a PID.
type Names<'a> = &'a dyn Fn(Pid) -> Option<TaskId>;

/// The calls of one family, and how to read them.
struct Family {
    calls: &'static [(i64, &'static str)],
    wanted: fn(Watch) -> bool,
    enter: fn(&Call, &'static str) -> Option<Operation>,
    leave: fn(&mut Operation, &Call, i64, Names<'_>),
}

const FAMILIES: [Family; 8] = [
    Family {
        calls: process::BIRTHS_AND_EXECS,
        wanted: |_| true,
        enter: process::enter,
        leave: process::leave,
    },
    Family {
        calls: process::WAITS,
        wanted: |watch| watch.waits,
        enter: process::enter_wait,
        leave: process::leave_wait,
    },
    Family {
        calls: descriptor::CALLS,
        wanted: |watch| watch.descriptors,
        enter: descriptor::enter,
        leave: descriptor::leave,
    },
    Family {
        calls: transfer::CALLS,
        wanted: |watch| watch.reads || watch.writes,
        enter: transfer::enter,
        leave: transfer::leave,
    },
    Family { calls: sleep::CALLS, wanted: |watch| watch.sleeps, enter: sleep::enter, leave: sleep::leave },
    Family {
        calls: signal::CALLS,
        wanted: |watch| watch.signals,
        enter: signal::enter,
        leave: signal::leave,
    },
    Family { calls: memory::CALLS, wanted: |watch| watch.memory, enter: memory::enter, leave: memory::leave },
    Family { calls: futex::CALLS, wanted: |watch| watch.futexes, enter: futex::enter, leave: futex::leave },
];

/// The calls that must stop for this `watch`.
pub(crate) fn rules(watch: Watch) -> Vec<(i64, Rule)> {
    let mut rules = Vec::new();
    for family in FAMILIES.iter().filter(|family| (family.wanted)(watch)) {
        for (number, _) in family.calls {
            let unwanted = (!watch.reads && transfer::is_read(*number))
                || (!watch.writes && transfer::is_write(*number));
            if !unwanted {
                rules.push((*number, descriptor::rule(*number)));
            }
        }
    }
    rules
}

/// When this call would stop, if all that is about processes were watched; `None` if it is about something else.
#[cfg(feature = "controlled")]
pub(crate) fn rule_of(number: i64) -> Option<Rule> {
    let (family, _) = family(number)?;
    (family.wanted)(Watch::ALL).then(|| descriptor::rule(number))
}

fn family(number: i64) -> Option<(&'static Family, &'static str)> {
    FAMILIES.iter().find_map(|family| {
        let (_, name) = family.calls.iter().find(|(known, _)| *known == number)?;
        Some((family, *name))
    })
}

/// What a task begins to do; `None` if the call is of no interest after all.
pub(crate) fn enter(call: &Call) -> Option<Operation> {
    let (family, name) = family(call.number)?;
    (family.enter)(call, name)
}

/// Fills in what came of it. `task` finds the task that has a PID.
pub(crate) fn leave(op: &mut Operation, call: &Call, result: i64, task: Names<'_>) {
    if let Some((family, _)) = family(call.number) {
        (family.leave)(op, call, result, task);
    }
}

/// A call's result as an outcome: −4095 … −1 are errors. See syscall(2).
fn outcome<T>(result: i64, value: impl FnOnce(i64) -> T) -> Outcome<T> {
    match result {
        -4095..=-1 => Outcome::Failed(Errno(-result as i32)),
        _ => Outcome::Done(value(result)),
    }
}

/// Whether a call sets a timer, which may wake somebody later.
pub(crate) fn sets_a_timer(number: i64) -> bool {
    sleep::sets_a_timer(number)
}

/// Whether a wait call was given no place for what it tells.
pub(crate) fn tells_no_status(call: &Call) -> bool {
    process::tells_no_status(call)
}

/// Whether the clock alone can end a call in which a task sleeps.
pub(crate) fn ends_by_the_clock(number: i64, args: &[u64; 6]) -> bool {
    number == libc::SYS_restart_syscall || sleep::timed(number, args)
}
