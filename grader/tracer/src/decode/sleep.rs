//! Waiting for the clock, or for something to happen.

use super::{Call, Names, outcome};
use grader_trace::{Operation, Outcome};

pub(super) const CALLS: &[(i64, &str)] = &[
    (libc::SYS_nanosleep, "nanosleep"),
    (libc::SYS_clock_nanosleep, "clock_nanosleep"),
    (libc::SYS_poll, "poll"),
    (libc::SYS_ppoll, "ppoll"),
    (libc::SYS_select, "select"),
    (libc::SYS_pselect6, "pselect6"),
    (libc::SYS_epoll_wait, "epoll_wait"),
    (libc::SYS_epoll_pwait, "epoll_pwait"),
    (libc::SYS_epoll_pwait2, "epoll_pwait2"),
    (libc::SYS_pause, "pause"),
    (libc::SYS_rt_sigsuspend, "rt_sigsuspend"),
    (libc::SYS_rt_sigtimedwait, "rt_sigtimedwait"),
    (libc::SYS_alarm, "alarm"),
    (libc::SYS_setitimer, "setitimer"),
    (libc::SYS_timer_settime, "timer_settime"),
    (libc::SYS_timerfd_settime, "timerfd_settime"),
];

pub(super) fn enter(call: &Call, name: &'static str) -> Option<Operation> {
    Some(match call.number {
        libc::SYS_nanosleep | libc::SYS_clock_nanosleep => Operation::Sleep { result: Outcome::Unfinished },
        number if sets_a_timer(number) => {
            Operation::Call { call: name.into(), args: call.args, result: Outcome::Unfinished }
        }
        _ => Operation::Await {
            call: name.into(),
            timed: timed(call.number, &call.args),
            result: Outcome::Unfinished,
        },
    })
}

/// Whether a call sets a timer, which may wake somebody later.
pub(super) fn sets_a_timer(number: i64) -> bool {
    matches!(
        number,
        libc::SYS_alarm | libc::SYS_setitimer | libc::SYS_timer_settime | libc::SYS_timerfd_settime
    )
}

/// Whether the clock alone can end this call.
pub(crate) fn timed(number: i64, args: &[u64; 6]) -> bool {
    match number {
        libc::SYS_poll => args[2] as i32 >= 0,
        libc::SYS_epoll_wait | libc::SYS_epoll_pwait => args[3] as i32 >= 0,
        libc::SYS_ppoll | libc::SYS_rt_sigtimedwait => args[2] != 0,
        libc::SYS_select | libc::SYS_pselect6 => args[4] != 0,
        libc::SYS_epoll_pwait2 | libc::SYS_futex => args[3] != 0,
        libc::SYS_nanosleep | libc::SYS_clock_nanosleep => true,
        _ => false,
    }
}

pub(super) fn leave(op: &mut Operation, _: &Call, answer: i64, _: Names<'_>) {
    match op {
        Operation::Sleep { result } => *result = outcome(answer, drop),
        Operation::Await { result, .. } | Operation::Call { result, .. } => {
            *result = outcome(answer, |value| value as u64);
        }
        _ => {}
    }
}
