//! waitpid(2) for one tracing thread: stops of its tracees and ends of its own children.
//!
//! Written over libc: nix's `wait` refuses real-time signals *after* it has
//! consumed the event.

use super::process::Handle;
use super::ptrace;
use libc::pid_t;
use std::collections::VecDeque;
use std::io;
use std::os::fd::AsRawFd;

/// What a task of ours reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Report {
    /// It ended; the whole status word.
    Ended(i32),
    /// A signal is about to be delivered to it.
    Signal(i32),
    /// It enters or leaves a system call.
    Syscall,
    /// A `PTRACE_EVENT_…`.
    Event(i32),
    /// A group-stop, because of this signal.
    GroupStop(i32),
    /// The first stop of a new task, or the end of a group-stop.
    Trap,
}

impl Report {
    fn is_an_end(self) -> bool {
        matches!(self, Report::Ended(_) | Report::Event(libc::PTRACE_EVENT_EXIT))
    }
}

/// What waiting came to.
pub(crate) enum News {
    /// A task reports.
    Of(pid_t, Report),
    /// A signal (the tick) interrupted the waiting.
    Interrupted,
    /// There is nobody left to wait for.
    Nobody,
}

/// Reports of all tasks that stand still, in turn.
///
/// The kernel tells of the youngest first, so that an old task could wait for long behind young ones that stop
/// again and again. Therefore all reports are taken at once, and each is answered before any task's next one.
/// Asking for more costs as much as half of an answer, and mostly there is no more: it is done each time a task
/// returns from a call, in which it may have learnt what another one's report tells, and else now and then.
#[derive(Default)]
pub(crate) struct Reports {
    taken: VecDeque<(pid_t, Report)>,
    /// How many were taken alone, one after the other.
    alone: u32,
}

/// How many reports are taken alone before it is asked whether there are more.
const ALONE: u32 = 8;

impl Reports {
    /// The next report; sleeps until a tracee or child of *this thread* makes one.
    pub(crate) fn next(&mut self) -> io::Result<News> {
        while let Some((pid, report)) = self.taken.pop_front() {
            // SIGKILL may have come meanwhile: then this report is not true any more, and another one follows.
            let outdated = !report.is_an_end() && ptrace::is_at_exit(pid);
            if !outdated {
                return Ok(News::Of(pid, report));
            }
        }
        let first = match wait(libc::__WALL | libc::__WNOTHREAD) {
            Ok(Some(first)) => first,
            Ok(None) => return Ok(News::Interrupted),
            Err(error) => return none_left(error),
        };
        if first.1 != Report::Syscall && self.alone < ALONE {
            self.alone += 1;
            return Ok(News::Of(first.0, first.1));
        }
        self.alone = 0;
        while let Ok(Some(more)) = wait(libc::__WALL | libc::__WNOTHREAD | libc::WNOHANG) {
            self.taken.push_back(more);
        }
        if self.taken.is_empty() {
            return Ok(News::Of(first.0, first.1));
        }
        self.taken.push_front(first);
        // A child stops before its parent is told so; whoever learns of it stands in a system call.
        self.taken.make_contiguous().sort_by_key(|(_, report)| *report == Report::Syscall);
        self.next()
    }
}

/// The next report of this very task; `None` if a signal interrupted the waiting.
///
/// # Errors
/// ECHILD: there is no such task.
#[cfg(feature = "controlled")]
pub(crate) fn next_of(pid: pid_t) -> io::Result<Option<Report>> {
    let mut status = 0;
    // SAFETY: `status` is a live i32, and waitpid writes nothing else.
    match unsafe { libc::waitpid(pid, &raw mut status, libc::__WALL) } {
        -1 => match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::EINTR) => Ok(None),
            error => Err(error),
        },
        _ => Ok(Some(decode(status))),
    }
}

/// Reaps a zombie that is a child of this process; whether there was one.
#[cfg(feature = "controlled")]
pub(crate) fn reap_now(pid: pid_t) -> bool {
    // SAFETY: the status is not asked for.
    unsafe { libc::waitpid(pid, std::ptr::null_mut(), libc::__WALL | libc::WNOHANG) == pid }
}

fn none_left(error: io::Error) -> io::Result<News> {
    match error.raw_os_error() {
        Some(libc::EINTR) => Ok(News::Interrupted),
        Some(libc::ECHILD) => Ok(News::Nobody),
        _ => Err(error),
    }
}

fn wait(options: i32) -> io::Result<Option<(pid_t, Report)>> {
    let mut status = 0;
    // SAFETY: `status` is a live i32, and waitpid writes nothing else.
    match unsafe { libc::waitpid(-1, &raw mut status, options) } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        pid => Ok(Some((pid, decode(status)))),
    }
}

fn decode(status: i32) -> Report {
    if !libc::WIFSTOPPED(status) {
        return Report::Ended(status);
    }
    let signal = libc::WSTOPSIG(status);
    match status >> 16 {
        0 if signal == libc::SIGTRAP | 0x80 => Report::Syscall,
        0 => Report::Signal(signal),
        ptrace::EVENT_STOP if is_stop_signal(signal) => Report::GroupStop(signal),
        ptrace::EVENT_STOP => Report::Trap,
        event => Report::Event(event),
    }
}

fn is_stop_signal(signal: i32) -> bool {
    matches!(signal, libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU)
}

/// What asking for a dead child came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reaped {
    /// It is reaped.
    Yes,
    /// It is a child of this process, and has not ended yet.
    NotYet,
    /// It is no child of this process (any more, or not yet), or there is no telling.
    NotOurs,
}

/// Reaps a child if it has ended, whichever thread it belongs to.
pub(crate) fn reap(child: &Handle) -> Reaped {
    const P_PIDFD: libc::idtype_t = 3;
    let (kind, id) = match child {
        Handle::Descriptor(fd, _) => (P_PIDFD, fd.as_raw_fd()),
        // No waiting by number before it is sure to be the one that is meant.
        Handle::Number(..) if !child.is_our_zombie() => return Reaped::NotOurs,
        Handle::Number(pid, _) => (libc::P_PID, *pid),
    };
    let mut info = std::mem::MaybeUninit::<libc::siginfo_t>::zeroed();
    let options = libc::WEXITED | libc::WNOHANG | libc::__WALL;
    // SAFETY: `info` is a live buffer of the right type, and waitid writes nothing else.
    let answer = unsafe { libc::waitid(kind, id as libc::id_t, info.as_mut_ptr(), options) };
    if answer != 0 {
        return Reaped::NotOurs;
    }
    // SAFETY: the structure was zeroed, so every byte is initialised whether waitid filled it or not.
    let info = unsafe { info.assume_init() };
    // SAFETY: waitid answered 0, so the PID field is the active one (0 if there was no news).
    let pid = unsafe { info.si_pid() };
    if pid == 0 { Reaped::NotYet } else { Reaped::Yes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_words_are_told_apart() {
        assert_eq!(decode(3 << 8), Report::Ended(3 << 8));
        assert_eq!(decode(libc::SIGKILL), Report::Ended(libc::SIGKILL));
        assert_eq!(decode(0x7f | (libc::SIGTRAP | 0x80) << 8), Report::Syscall);
        assert_eq!(decode(0x7f | 40 << 8), Report::Signal(40));
        assert_eq!(decode(0x7f | libc::SIGTRAP << 8 | 6 << 16), Report::Event(6));
        assert_eq!(decode(0x7f | libc::SIGTSTP << 8 | 128 << 16), Report::GroupStop(libc::SIGTSTP));
        assert_eq!(decode(0x7f | libc::SIGTRAP << 8 | 128 << 16), Report::Trap);
    }
}
