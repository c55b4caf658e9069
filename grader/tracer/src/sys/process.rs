//! Signals, pidfds and what /proc says of a task.

use libc::pid_t;
use std::fs;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// kill(2); a process that is gone already is no error.
pub(crate) fn kill(pid: pid_t, signal: i32) {
    // SAFETY: kill takes two numbers and touches no memory of ours.
    let answer = unsafe { libc::kill(pid, signal) };
    debug_assert!(answer == 0 || io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH));
}

/// A descriptor that stands for a process. See pidfd_open(2).
pub(crate) fn pidfd(pid: pid_t) -> io::Result<OwnedFd> {
    // SAFETY: pidfd_open takes two numbers and touches no memory of ours.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has just made this descriptor, and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Makes this process the one that adopts the orphans among its descendants. See PR_SET_CHILD_SUBREAPER(2const).
pub(crate) fn become_subreaper() -> io::Result<()> {
    // SAFETY: this prctl takes numbers only.
    match unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The letter that /proc/TID/stat shows for a task's state: `R`, `S`, `D`, `Z`, `t`, …; `None` if it is gone.
pub(crate) fn state(tid: pid_t) -> Option<u8> {
    let stat = fs::read(format!("/proc/{tid}/stat")).ok()?;
    // The command's name may hold anything, parentheses too; the state follows the last one.
    let close = stat.iter().rposition(|byte| *byte == b')')?;
    stat.get(close + 2).copied()
}

/// The system call in which a task sleeps, with its arguments; `None` if it runs, or is gone.
pub(crate) fn sleeping_in(tid: pid_t) -> Option<(i64, [u64; 6])> {
    let line = fs::read_to_string(format!("/proc/{tid}/syscall")).ok()?;
    let mut words = line.split_whitespace();
    let number = words.next()?.parse().ok()?;
    let mut args = [0; 6];
    for (arg, word) in args.iter_mut().zip(words) {
        *arg = u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()?;
    }
    Some((number, args))
}

/// What /proc/TID/fd/FD leads to, such as `pipe:[1234]`.
pub(crate) fn descriptor_name(tid: pid_t, fd: i32) -> Option<String> {
    let link = fs::read_link(format!("/proc/{tid}/fd/{fd}")).ok()?;
    Some(link.to_string_lossy().into_owned())
}
