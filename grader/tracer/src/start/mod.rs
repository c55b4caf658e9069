//! From a [`Launch`] to a seized child that stands before its exec.
//!
//! ```text
//! tracer             go-between             program
//! fork ────────────▶ session
//!                    clone(PARENT) ───────▶ sleeps in read(go)
//! PTRACE_SEIZE ◀──── its PID; exit
//! write(go) ──────────────────────────────▶ group, places, descriptors, directory, umask, counter, filter
//!                                           exec (or: error ─▶ report, exit)
//! ```
//!
//! If the tracer dies before the seizure, the kernel kills the child (PR_SET_PDEATHSIG); after it, too
//! (PTRACE_O_EXITKILL).

mod child;
#[cfg_attr(not(feature = "controlled"), allow(dead_code, reason = "free executions share all places"))]
mod places;
mod streams;

pub(crate) use places::Places;
#[cfg(feature = "controlled")]
pub(crate) use places::shared;
pub(crate) use streams::Streams;

use crate::filter::Filter;
use crate::launch::Launch;
use crate::sys::ptrace;
use crate::trouble::Trouble;
use child::Step;
use libc::pid_t;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::pipe2;
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::ptr;

/// What comes of an instruction that reads the processor's counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counter {
    /// Its value.
    Answers,
    /// A SIGSEGV, in the program and in whatever it starts, where the kernel allows that.
    Traps,
}

/// A seized child.
pub(crate) struct Started {
    pub(crate) pid: pid_t,
    /// Where the child reports what went wrong before its exec.
    reports: File,
}

/// Starts the program of `launch`, seized by the calling thread; with `places`, in places of its own.
pub(crate) fn start(
    launch: &Launch,
    filter: &Filter,
    streams: &Streams,
    counter: Counter,
    places: Option<&Places>,
) -> Result<Started, Trouble> {
    let mut prepared = prepare(launch)?;
    if places.is_some() && prepared.dir.is_none() {
        prepared.dir = Some(own_folder()?);
    }
    let argv: Vec<*const libc::c_char> = pointers(&prepared.argv);
    let env: Vec<*const libc::c_char> = pointers(&prepared.env);
    let (go_end, go) = pipe()?;
    let (reports, reports_end) = pipe_for_reports()?;
    let plan = child::Plan {
        program: &prepared.program,
        argv: argv.as_ptr(),
        env: env.as_ptr(),
        dir: prepared.dir.as_ref(),
        places,
        umask: launch.umask,
        streams: streams.numbers(),
        go: go_end.as_raw_fd(),
        go_writer: go.as_raw_fd(),
        reports: reports_end.as_raw_fd(),
        filter: filter.program(),
        counter_traps: counter == Counter::Traps,
    };
    // SAFETY: the child of this possibly threaded process only makes async-signal-safe calls (see `child`).
    match unsafe { libc::fork() } {
        -1 => return Err(Trouble::last("starting a process (fork)")),
        0 => child::start_session(&plan),
        go_between => reap(go_between),
    }
    drop((go_end, reports_end));
    let mut reports = File::from(reports);
    let pid = match next_report(&mut reports) {
        Some((Step::Born, pid)) => pid,
        other => return Err(trouble_of(other, launch)),
    };
    if let Err(error) = ptrace::seize(pid) {
        drop(go);
        crate::sys::process::kill(pid, libc::SIGKILL);
        reap(pid);
        return Err(Trouble::PtraceForbidden { operation: "PTRACE_SEIZE", error });
    }
    // If that fails, the child has just been killed, and reports nothing.
    let _ = File::from(go).write_all(b"!");
    Ok(Started { pid, reports })
}

impl Started {
    /// What went wrong in a child that has ended before its exec.
    pub(crate) fn failure(&mut self, launch: &Launch) -> Trouble {
        trouble_of(next_report(&mut self.reports), launch)
    }
}

fn next_report(reports: &mut File) -> Option<(Step, i32)> {
    let mut report = [0; 8];
    reports.read_exact(&mut report).ok()?;
    child::decode(report)
}

fn trouble_of(report: Option<(Step, i32)>, launch: &Launch) -> Trouble {
    let Some((step, errno)) = report else {
        let error = io::Error::other("it ended before its exec");
        return Trouble::System { operation: Step::Born.operation(), error };
    };
    let error = io::Error::from_raw_os_error(errno);
    match (step, &launch.dir) {
        (Step::Exec, _) => Trouble::Program { path: launch.program.clone(), error },
        (Step::Directory, Some(dir)) => Trouble::Directory { path: dir.clone(), error },
        _ => Trouble::System { operation: step.operation(), error },
    }
}

fn pipe() -> Result<(OwnedFd, OwnedFd), Trouble> {
    pipe2(OFlag::O_CLOEXEC)
        .map_err(|errno| Trouble::System { operation: "making a pipe", error: errno.into() })
}

/// Whoever reports has ended by the time the report is read. Never wait for the end of the file: some other child of
/// this process may hold a copy of the pipe.
fn pipe_for_reports() -> Result<(OwnedFd, OwnedFd), Trouble> {
    let (reports, end) = pipe()?;
    fcntl(&reports, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))
        .map_err(|errno| Trouble::System { operation: "preparing a pipe", error: errno.into() })?;
    Ok((reports, end))
}

fn system(operation: &'static str) -> impl Fn(io::Error) -> Trouble {
    move |error| Trouble::System { operation, error }
}

struct Prepared {
    program: CString,
    argv: Vec<CString>,
    env: Vec<CString>,
    dir: Option<CString>,
}

fn prepare(launch: &Launch) -> Result<Prepared, Trouble> {
    let invalid = || Trouble::Program {
        path: launch.program.clone(),
        error: io::Error::new(io::ErrorKind::InvalidInput, "a path, argument or variable holds a NUL byte"),
    };
    let c_string = |text: &OsStr| CString::new(text.as_bytes()).map_err(|_| invalid());
    let variable = |(name, value): &(_, _)| {
        let (name, value): (&std::ffi::OsString, &std::ffi::OsString) = (name, value);
        c_string(OsStr::from_bytes(&[name.as_bytes(), b"=", value.as_bytes()].concat()))
    };
    Ok(Prepared {
        program: c_string(launch.program.as_os_str())?,
        argv: launch.argv.iter().map(|arg| c_string(arg)).collect::<Result<_, _>>()?,
        env: launch.env.iter().map(variable).collect::<Result<_, _>>()?,
        dir: launch.dir.as_ref().map(|dir| c_string(dir.as_os_str())).transpose()?,
    })
}

/// The caller's working directory.
fn own_folder() -> Result<CString, Trouble> {
    let folder = std::env::current_dir().and_then(|folder| Ok(CString::new(folder.as_os_str().as_bytes())?));
    folder.map_err(system("finding the working directory (getcwd)"))
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
}

/// Waits for the end of a child that is about to end.
fn reap(pid: pid_t) {
    loop {
        // SAFETY: the status is not asked for; the child is ours.
        let answer = unsafe { libc::waitpid(pid, ptr::null_mut(), libc::__WALL) };
        if answer == pid || io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            return;
        }
    }
}
