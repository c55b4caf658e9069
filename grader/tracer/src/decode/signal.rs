//! Signals: what they do, and who sends them.

use super::{Call, Names, outcome};
use grader_trace::{Disposition, Operation, Outcome, Pid, Signal};

pub(super) const CALLS: &[(i64, &str)] = &[
    (libc::SYS_rt_sigaction, "rt_sigaction"),
    (libc::SYS_kill, "kill"),
    (libc::SYS_tkill, "tkill"),
    (libc::SYS_tgkill, "tgkill"),
    (libc::SYS_rt_sigqueueinfo, "rt_sigqueueinfo"),
    (libc::SYS_rt_tgsigqueueinfo, "rt_tgsigqueueinfo"),
    (libc::SYS_pidfd_send_signal, "pidfd_send_signal"),
];

pub(super) fn enter(call: &Call, name: &'static str) -> Option<Operation> {
    let (target, signal) = match call.number {
        libc::SYS_rt_sigaction => return disposition(call),
        libc::SYS_tgkill | libc::SYS_rt_tgsigqueueinfo => (call.int(1), call.int(2)),
        // Its target is a descriptor, not a PID.
        libc::SYS_pidfd_send_signal => {
            return Some(Operation::Call { call: name.into(), args: call.args, result: Outcome::Unfinished });
        }
        _ => (call.int(0), call.int(1)),
    };
    Some(Operation::Kill { target: Pid(target), signal: Signal(signal), result: Outcome::Unfinished })
}

/// Reads the kernel's `struct sigaction`; `None` if the call only asks. See sigaction(2), "C library/kernel
/// differences".
fn disposition(call: &Call) -> Option<Operation> {
    let place = call.args[1];
    if place == 0 {
        return None;
    }
    let action = match call.memory.u64(place)? {
        0 => Disposition::Default,
        1 => Disposition::Ignore,
        _ => Disposition::Handler,
    };
    Some(Operation::Disposition {
        signal: Signal(call.int(0)),
        action,
        flags: call.memory.u64(place.wrapping_add(8))?,
        result: Outcome::Unfinished,
    })
}

pub(super) fn leave(op: &mut Operation, _: &Call, answer: i64, _: Names<'_>) {
    match op {
        Operation::Disposition { result, .. } | Operation::Kill { result, .. } => {
            *result = outcome(answer, drop)
        }
        Operation::Call { result, .. } => *result = outcome(answer, |value| value as u64),
        _ => {}
    }
}
