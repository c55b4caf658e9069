//! Is a task asleep in a call that only another task can end? Looked up in /proc, for tasks that report nothing.

use super::task::Task;
use crate::decode::ends_by_the_clock;
use crate::sys::process;

/// Whether a task stands still, as far as other tasks are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// It runs, or will run again by itself.
    Active,
    /// It sleeps in a call that the clock cannot end; what wakes it may come from outside the run.
    Asleep,
    /// It sleeps in a call that only another task of the run can end.
    WaitsForOthers,
}

/// What a run shares with somebody outside, by the names that descriptors have in /proc.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    /// The standard input that it was given, if it is not `/dev/null`. Who shares that may send signals, too.
    pub(crate) input: Option<String>,
    /// Standard output and standard error: what is written there is taken by the tracer, sooner or later.
    pub(crate) outputs: Vec<String>,
}

/// Looks at one task.
pub(crate) fn of(task: &Task, outside: &Outside) -> Rest {
    let for_a_signal = if outside.input.is_some() { Rest::Asleep } else { Rest::WaitsForOthers };
    if task.stopped.is_some() {
        return for_a_signal;
    }
    match process::state(task.tid) {
        Some(b'S') => {}
        // The kernel is at work for it (a page comes from a disk, a fork waits for a lock), unless it waits in
        // vfork: then its child is born.
        Some(b'D') if task.waits_in_vfork => return Rest::WaitsForOthers,
        _ => return Rest::Active,
    }
    let Some((number, args)) = process::sleeping_in(task.tid) else { return Rest::Active };
    if ends_by_the_clock(number, &args) {
        return Rest::Active;
    }
    match number {
        libc::SYS_wait4 | libc::SYS_waitid | libc::SYS_futex => Rest::WaitsForOthers,
        libc::SYS_vfork | libc::SYS_clone | libc::SYS_clone3 if task.waits_in_vfork => Rest::WaitsForOthers,
        libc::SYS_pause | libc::SYS_rt_sigsuspend => for_a_signal,
        libc::SYS_read | libc::SYS_write | libc::SYS_readv | libc::SYS_writev => {
            let writes = matches!(number, libc::SYS_write | libc::SYS_writev);
            match process::descriptor_name(task.tid, args[0] as i32) {
                Some(name) if writes && outside.outputs.contains(&name) => Rest::Active,
                Some(name) if Some(&name) == outside.input.as_ref() => Rest::Asleep,
                Some(name) if name.starts_with("pipe:") || name.starts_with("/dev/pts/") => {
                    Rest::WaitsForOthers
                }
                Some(_) => Rest::Asleep,
                None => Rest::Active,
            }
        }
        libc::SYS_poll
        | libc::SYS_ppoll
        | libc::SYS_select
        | libc::SYS_pselect6
        | libc::SYS_epoll_wait
        | libc::SYS_epoll_pwait
        | libc::SYS_epoll_pwait2
        | libc::SYS_rt_sigtimedwait
        | libc::SYS_splice
        | libc::SYS_open
        | libc::SYS_openat
        | libc::SYS_flock
        | libc::SYS_fcntl => Rest::Asleep,
        _ => Rest::Active,
    }
}
