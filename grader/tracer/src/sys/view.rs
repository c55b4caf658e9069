//! Files as a task sees them, which may have another root and other mounts than we have.

use libc::pid_t;
use std::ffi::CString;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Where a path leads that begins at the task's root, without links; `None`: there is nothing, or nobody can tell.
///
/// See openat2(2), "RESOLVE_IN_ROOT".
pub(crate) fn find(pid: pid_t, path: &Path) -> Option<PathBuf> {
    let only_there = libc::O_PATH | libc::O_CLOEXEC;
    let root =
        OpenOptions::new().read(true).custom_flags(only_there).open(format!("/proc/{pid}/root")).ok()?;
    let name = CString::new(path.as_os_str().as_bytes()).ok()?;
    // SAFETY: all fields are numbers, for which zero is a value.
    let mut how: libc::open_how = unsafe { std::mem::zeroed() };
    how.flags = only_there as u64;
    how.resolve = libc::RESOLVE_IN_ROOT;
    let size = size_of::<libc::open_how>();
    // SAFETY: the path ends with NUL, `how` is as long as is said, and both are alive.
    let fd =
        unsafe { libc::syscall(libc::SYS_openat2, root.as_raw_fd(), name.as_ptr(), &raw const how, size) };
    if fd < 0 {
        // A kernel before 5.6, or a container that denies what it does not know: then its view is ours.
        let unknown =
            [libc::ENOSYS, libc::EPERM].map(Some).contains(&io::Error::last_os_error().raw_os_error());
        return path.canonicalize().ok().filter(|_| unknown);
    }
    // SAFETY: the call has just made this descriptor, and nobody else knows of it.
    let found = unsafe { OwnedFd::from_raw_fd(fd as i32) };
    fs::read_link(format!("/proc/self/fd/{}", found.as_raw_fd())).ok()
}
