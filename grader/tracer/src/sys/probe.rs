//! Looking at a pipe from outside: through a copy of a task's descriptor. See pidfd_getfd(2).

use super::process::pidfd;
use libc::{c_int, pid_t};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// What the kernel says of a pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Probe {
    /// How many bytes are in it.
    pub(crate) bytes: u64,
    /// Whether a slot is free; only a write end tells.
    pub(crate) has_room: bool,
    /// Whether nobody holds the other end any more.
    pub(crate) is_widowed: bool,
}

/// Looks at the pipe that a descriptor of this process leads to. Nothing is taken from it.
///
/// # Errors
/// Kernels without pidfd_getfd, and sandboxes that forbid it.
pub(crate) fn pipe(pid: pid_t, fd: i32) -> io::Result<Probe> {
    let process = pidfd(pid)?;
    // SAFETY: pidfd_getfd takes three numbers and touches no memory of ours.
    let copy = unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), fd, 0) };
    if copy < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has just made this descriptor, and nobody else knows of it.
    let copy = unsafe { OwnedFd::from_raw_fd(copy as i32) };
    let mut bytes: c_int = 0;
    // SAFETY: FIONREAD stores an int, and `bytes` is a live one.
    if unsafe { libc::ioctl(copy.as_raw_fd(), libc::FIONREAD, &raw mut bytes) } < 0 {
        return Err(io::Error::last_os_error());
    }
    let mut entry = libc::pollfd { fd: copy.as_raw_fd(), events: libc::POLLIN | libc::POLLOUT, revents: 0 };
    // SAFETY: one live entry.
    if unsafe { libc::poll(&raw mut entry, 1, 0) } < 0 {
        return Err(io::Error::last_os_error());
    }
    let says = |flag: i16| entry.revents & flag != 0;
    Ok(Probe {
        bytes: u64::try_from(bytes).unwrap_or(0),
        has_room: says(libc::POLLOUT),
        is_widowed: says(libc::POLLHUP) || says(libc::POLLERR),
    })
}
