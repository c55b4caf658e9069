//! Places of its own: what a program changes in /tmp and /dev/shm nobody else sees, and with its last task it is gone.
//!
//! ```text
//! /tmp                     an overlay: /tmp as it is, and a tmpfs that takes what is changed
//! /tmp/forklings-run-…     the folder that the grader itself makes anew (a bind mount)
//! ```
//!
//! The mounts are those of a namespace (see mount_namespaces(7)) that begins before the exec. Who may not make one makes
//! a user namespace with it, in which it is who it was (see user_namespaces(7)).
//! No IPC namespace is needed: calls that make queues, segments and semaphores have no model, and are not let go.

use super::child::{Step, try_out};
use super::{next_report, pipe_for_reports, reap};
use crate::trouble::Trouble;
use std::ffi::{CStr, CString};
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::ptr;

/// Where programs leave things for others.
const NAMES: [&str; 2] = ["/tmp", "/dev/shm"];

/// Those of these places that there are, without links.
pub(crate) fn shared() -> Vec<PathBuf> {
    let places = NAMES.iter().filter_map(|name| fs::canonicalize(name).ok());
    let mut places: Vec<PathBuf> = places.filter(|place| place.is_dir()).collect();
    places.dedup();
    places
}

/// What is to be mounted, made before the fork.
#[derive(Debug)]
pub(crate) struct Places {
    covers: Vec<Cover>,
    /// Who one is in a user namespace, if one is needed: lines for `uid_map` and `gid_map`.
    identity: Option<[Vec<u8>; 2]>,
}

/// An overlay on one place.
#[derive(Debug)]
struct Cover {
    place: CString,
    /// The folder for what is changed, the one that the overlay works in, and its options.
    upper: CString,
    work: CString,
    options: CString,
    mode: u32,
    /// Whom the place belongs to, if that can be kept.
    owner: Option<(u32, u32)>,
    /// What lies in this place and is not covered: its path from there, and from the root.
    kept: Option<(CString, CString)>,
}

impl Places {
    /// Covers all places, but not `folder`.
    pub(crate) fn around(folder: &Path) -> Result<Places, Trouble> {
        let preparing = |error| Trouble::System { operation: "preparing a /tmp of its own", error };
        let own = fs::metadata("/proc/self").map_err(preparing)?;
        let is_root = own.uid() == 0;
        let covers =
            shared().iter().map(|place| Cover::of(place, folder, is_root)).collect::<io::Result<_>>();
        let line = |id: u32| format!("{id} {id} 1").into_bytes();
        let identity = (!is_root).then(|| [line(own.uid()), line(own.gid())]);
        Ok(Places { covers: covers.map_err(preparing)?, identity })
    }

    /// Whether this machine allows it: a process tries, and ends.
    pub(crate) fn try_out(&self) -> Result<(), Trouble> {
        let (reports, end) = pipe_for_reports()?;
        // SAFETY: the child of this possibly threaded process only makes async-signal-safe calls.
        match unsafe { libc::fork() } {
            -1 => return Err(Trouble::last("starting a process (fork)")),
            0 => try_out(self, end.as_raw_fd()),
            child => reap(child),
        }
        match next_report(&mut File::from(reports)) {
            Some((Step::Born, _)) => Ok(()),
            Some((step, errno)) => {
                let error = io::Error::from_raw_os_error(errno);
                Err(Trouble::System { operation: step.operation(), error })
            }
            None => Err(Trouble::System {
                operation: Step::Namespaces.operation(),
                error: io::Error::other("the process that tried it was killed"),
            }),
        }
    }

    /// In the child: makes the namespaces and the mounts. The working directory is another one afterwards. `Err`: the step
    /// that failed, with errno set.
    pub(super) fn enter(&self) -> Result<(), Step> {
        let for_user = if self.identity.is_some() { libc::CLONE_NEWUSER } else { 0 };
        // SAFETY: unshare takes flags; this process has one thread.
        if unsafe { libc::unshare(libc::CLONE_NEWNS | for_user) } != 0 {
            return Err(Step::Namespaces);
        }
        if let Some([users, groups]) = &self.identity {
            let told = write_to(c"/proc/self/setgroups", b"deny")
                && write_to(c"/proc/self/uid_map", users)
                && write_to(c"/proc/self/gid_map", groups);
            if !told {
                return Err(Step::Identity);
            }
        }
        let apart = mount(None, c"/", None, libc::MS_REC | libc::MS_PRIVATE, None);
        if apart && self.covers.iter().all(Cover::lay) { Ok(()) } else { Err(Step::Mounts) }
    }
}

impl Cover {
    fn of(place: &Path, folder: &Path, is_root: bool) -> io::Result<Cover> {
        let found = fs::metadata(place)?;
        let c_string = |path: &Path| Ok::<_, io::Error>(CString::new(path.as_os_str().as_bytes())?);
        let (upper, work) = (place.join("upper"), place.join("work"));
        // What an ordinary user may note on files has another name.
        let how = if is_root { "" } else { ",userxattr" };
        let options = format!("lowerdir=.,upperdir={},workdir={}{how}", upper.display(), work.display());
        let kept = match folder.strip_prefix(place) {
            Ok(inside) => Some((c_string(inside)?, c_string(folder)?)),
            Err(_) => None,
        };
        Ok(Cover {
            place: c_string(place)?,
            upper: c_string(&upper)?,
            work: c_string(&work)?,
            options: CString::new(options)?,
            mode: found.mode() & 0o7777,
            owner: is_root.then_some((found.uid(), found.gid())),
            kept,
        })
    }

    /// Whether it lies now; if not, errno says why.
    fn lay(&self) -> bool {
        let flags = libc::MS_NOSUID | libc::MS_NODEV;
        // From here on `.` is the place as it is, whatever is mounted on it.
        // SAFETY: the string was made before the fork and ends with NUL.
        let there = unsafe { libc::chdir(self.place.as_ptr()) } == 0;
        there
            && mount(Some(c"tmpfs"), &self.place, Some(c"tmpfs"), flags, None)
            && self.make_folders()
            && mount(Some(c"overlay"), &self.place, Some(c"overlay"), flags, Some(&self.options))
            && self.kept.as_ref().is_none_or(|(inside, folder)| {
                mount(Some(inside), folder, None, libc::MS_BIND | libc::MS_REC, None)
            })
    }

    fn make_folders(&self) -> bool {
        [&self.upper, &self.work].into_iter().all(|folder| {
            // SAFETY: as above.
            unsafe { libc::mkdir(folder.as_ptr(), 0o700) == 0 }
        }) && self.owner.is_none_or(|(user, group)| {
            // SAFETY: as above.
            unsafe { libc::chown(self.upper.as_ptr(), user, group) == 0 }
        }) && {
            // SAFETY: as above. The overlay looks like its upper folder.
            unsafe { libc::chmod(self.upper.as_ptr(), self.mode) == 0 }
        }
    }
}

/// mount(2); whether it succeeded.
fn mount(
    what: Option<&CStr>,
    to: &CStr,
    kind: Option<&CStr>,
    flags: libc::c_ulong,
    options: Option<&CStr>,
) -> bool {
    let pointer = |text: Option<&CStr>| text.map_or(ptr::null(), CStr::as_ptr);
    // SAFETY: strings that end with NUL and outlive the call, or null where the kernel looks at nothing.
    let answer =
        unsafe { libc::mount(pointer(what), to.as_ptr(), pointer(kind), flags, pointer(options).cast()) };
    answer == 0
}

/// Writes all of this to a file at once; whether that succeeded.
fn write_to(file: &CStr, text: &[u8]) -> bool {
    // SAFETY: the path is a static string.
    let fd = unsafe { libc::open(file.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC) };
    // SAFETY: the bytes are alive, and the length is theirs. What could not be opened is no descriptor: EBADF.
    fd >= 0 && unsafe { libc::write(fd, text.as_ptr().cast(), text.len()) } == text.len() as isize
}
