//! Signals, and waiting for the clock or for something to happen.

use super::super::args;
use super::Call;
use grader_trace::{Disposition, Operation, Pid, Signal};

pub(super) const NAMES: &[&str] = &[
    "rt_sigaction",
    "kill",
    "tkill",
    "tgkill",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "pidfd_send_signal",
    "nanosleep",
    "clock_nanosleep",
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "pause",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "alarm",
    "setitimer",
    "timer_settime",
    "timerfd_settime",
    // Not recorded, but they tell how an interrupted call went on.
    "rt_sigreturn",
    "restart_syscall",
];

pub(super) fn operation(call: &Call<'_>) -> Option<Operation> {
    let kill = |target, signal| Operation::Kill {
        target: Pid(call.number(target) as i32),
        signal: Signal(call.number(signal) as i32),
        result: call.done(),
    };
    Some(match call.name {
        "rt_sigaction" => return disposition(call),
        "kill" | "tkill" | "rt_sigqueueinfo" => kill(0, 1),
        "tgkill" | "rt_tgsigqueueinfo" => kill(1, 2),
        "nanosleep" | "clock_nanosleep" => Operation::Sleep { result: call.done() },
        "rt_sigreturn" | "restart_syscall" => return None,
        "pidfd_send_signal" | "alarm" | "setitimer" | "timer_settime" | "timerfd_settime" => {
            Operation::Call { call: call.name.into(), args: [0; 6], result: call.outcome(|value| value) }
        }
        name if NAMES.contains(&name) => {
            Operation::Await { call: name.into(), timed: false, result: call.outcome(|value| value) }
        }
        _ => return None,
    })
}

/// `rt_sigaction(17, {sa_handler=0x55c8, sa_mask=[], sa_flags=0x4000000, …}, NULL, 8)`; `None` if it only asks.
fn disposition(call: &Call<'_>) -> Option<Operation> {
    let field = |name| args::field(call.text(1), name).and_then(args::number);
    let action = match field("sa_handler").or_else(|| field("sa_sigaction"))? {
        0 => Disposition::Default,
        1 => Disposition::Ignore,
        _ => Disposition::Handler,
    };
    Some(Operation::Disposition {
        signal: Signal(call.number(0) as i32),
        action,
        flags: field("sa_flags")?,
        result: call.done(),
    })
}
