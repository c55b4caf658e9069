//! Sleeping on a word of memory, and waking who sleeps there.

use super::{Call, Names, outcome, sleep};
use grader_trace::{Futex, FutexOp, Operation, Outcome};

pub(super) const CALLS: &[(i64, &str)] = &[
    (libc::SYS_futex, "futex"),
    (libc::SYS_futex_waitv, "futex_waitv"),
    (libc::SYS_set_tid_address, "set_tid_address"),
    (libc::SYS_sched_yield, "sched_yield"),
];

pub(super) fn enter(call: &Call, name: &'static str) -> Option<Operation> {
    let args = call.args;
    if call.number != libc::SYS_futex {
        return Some(Operation::Call { call: name.into(), args, result: Outcome::Unfinished });
    }
    let op = FutexOp(args[1] as u32);
    Some(Operation::Futex(Futex {
        op,
        word: args[0],
        value: args[2] as u32,
        timed: op.waits() && sleep::timed(call.number, &args),
        result: Outcome::Unfinished,
    }))
}

pub(super) fn leave(op: &mut Operation, _: &Call, answer: i64, _: Names<'_>) {
    if let Operation::Futex(Futex { result, .. }) | Operation::Call { result, .. } = op {
        *result = outcome(answer, |value| value as u64);
    }
}
