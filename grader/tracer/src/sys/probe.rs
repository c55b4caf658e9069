//! Looking at a pipe from outside: through a copy of a task's descriptor (pidfd_getfd(2)). Containers forbid that to whoever
//! may trace, too; there the same end of the pipe is opened once more (proc_pid_fd(5)).

use super::process::pidfd;
use grader_trace::PipeEnd;
use libc::{c_int, pid_t};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

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

/// Looks at the pipe that a descriptor of this process leads to: one of this end. Nothing is taken from it.
///
/// # Errors
/// A process that is gone, and sandboxes that forbid both ways to look.
pub(crate) fn pipe(pid: pid_t, fd: i32, end: PipeEnd) -> io::Result<Probe> {
    look(&copied(pid, fd).or_else(|_| opened(pid, fd, end))?)
}

/// The same descriptor, here.
fn copied(pid: pid_t, fd: i32) -> io::Result<OwnedFd> {
    let process = pidfd(pid)?;
    // SAFETY: pidfd_getfd takes three numbers and touches no memory of ours.
    let copy = unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), fd, 0) };
    if copy < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has just made this descriptor, and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(copy as i32) })
}

/// One more descriptor of this end. What is said of the other end does not change by it, and a pipe without a name does
/// not wait for the other end to be opened.
fn opened(pid: pid_t, fd: i32, end: PipeEnd) -> io::Result<OwnedFd> {
    let mut how = File::options();
    match end {
        PipeEnd::Read => how.read(true),
        PipeEnd::Write => how.write(true),
    };
    Ok(how.custom_flags(libc::O_NONBLOCK).open(format!("/proc/{pid}/fd/{fd}"))?.into())
}

fn look(copy: &OwnedFd) -> io::Result<Probe> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::DESCRIPTORS;
    use std::io::{Read, Write};
    use std::process::id;

    #[test]
    fn both_ways_to_look_show_the_same() {
        let looks = |fd: &dyn AsRawFd, end: PipeEnd| {
            let (pid, fd) = (id() as pid_t, fd.as_raw_fd());
            let again = look(&opened(pid, fd, end).expect("our own")).expect("a pipe");
            if let Ok(copy) = copied(pid, fd) {
                assert_eq!(look(&copy).expect("a pipe"), again);
            }
            again
        };
        let _alone = DESCRIPTORS.lock();
        let (mut reader, mut writer) = io::pipe().expect("a pipe");
        let empty = Probe { bytes: 0, has_room: true, is_widowed: false };
        assert_eq!(looks(&writer, PipeEnd::Write), empty);
        writer.write_all(&[0; 65_536]).expect("room");
        let full = Probe { bytes: 65_536, has_room: false, is_widowed: false };
        assert_eq!((looks(&writer, PipeEnd::Write), looks(&reader, PipeEnd::Read)), (full, full));
        reader.read_exact(&mut [0; 65_535]).expect("all but one");
        drop(writer);
        let left = Probe { bytes: 1, has_room: false, is_widowed: true };
        assert_eq!((looks(&reader, PipeEnd::Read), looks(&reader, PipeEnd::Read)), (left, left));
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        assert!(looks(&writer, PipeEnd::Write).is_widowed);
    }
}
