//! From a [`Launch`] to a seized child that stands before its exec.
//!
//! ```text
//! tracer                          child
//! fork ─────────────────────────▶ sleeps in read(go)
//! PTRACE_SEIZE
//! write(go) ────────────────────▶ session, descriptors, directory, umask, filter
//!                                 exec (or: error ─▶ report, exit)
//! ```
//!
//! If the tracer dies before the seizure, `read(go)` sees the end of the file and
//! the child exits. What runs in the child is async-signal-safe: everything that
//! needs memory is made before the fork.

use crate::filter::Filter;
use crate::launch::{Launch, Stdin, Stdout};
use crate::sys::ptrace;
use crate::trouble::Trouble;
use libc::pid_t;
use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

/// A seized child, and the tracer's ends of what it was given.
pub(crate) struct Started {
    pub(crate) pid: pid_t,
    /// The terminal's master side, or the read end of the pipe behind descriptor 1.
    pub(crate) stdout: OwnedFd,
    /// The read end of the pipe behind descriptor 2.
    pub(crate) stderr: OwnedFd,
    /// The terminal's name, if there is one.
    pub(crate) terminal: Option<String>,
    /// Keeps a terminal alive while nobody has it open; dropped when the run is over.
    pub(crate) keep: Option<OwnedFd>,
    /// Where the child reports what went wrong before its exec.
    pub(crate) errors: File,
}

/// The steps between fork and exec that can fail, for messages.
const STEPS: [&str; 8] = [
    "starting the program",
    "starting a session (setsid)",
    "setting up descriptors (dup2)",
    "entering the working directory (chdir)",
    "forbidding new privileges (prctl)",
    "installing the seccomp filter (seccomp)",
    "executing the program (execve)",
    "preparing signals",
];

const EXEC_STEP: i32 = 6;

struct Prepared {
    program: CString,
    argv: Vec<CString>,
    env: Vec<CString>,
    dir: Option<CString>,
    umask: Option<u32>,
}

/// Starts the program of `launch`, seized by the calling thread.
pub(crate) fn start(launch: &Launch, filter: &Filter) -> Result<Started, Trouble> {
    let prepared = prepare(launch)?;
    let argv: Vec<*const libc::c_char> = pointers(&prepared.argv);
    let env: Vec<*const libc::c_char> = pointers(&prepared.env);
    let stdin = match launch.stdin {
        Stdin::Inherit => None,
        Stdin::Null => Some(File::open("/dev/null").map_err(system("opening /dev/null"))?),
    };
    let out = Output::open(launch.stdout)?;
    let (stderr, stderr_end) = pipe()?;
    let (go_end, go) = pipe()?;
    let (errors, errors_end) = pipe()?;
    let plan = ChildPlan {
        prepared: &prepared,
        argv: argv.as_ptr(),
        env: env.as_ptr(),
        stdin: stdin.as_ref().map_or(0, AsRawFd::as_raw_fd),
        stdout: out.theirs.as_raw_fd(),
        stderr: stderr_end.as_raw_fd(),
        go: go_end.as_raw_fd(),
        go_writer: go.as_raw_fd(),
        errors: errors_end.as_raw_fd(),
        filter: filter.program(),
    };
    // SAFETY: the child of this possibly threaded process only makes async-signal-safe calls (see `child`).
    let pid = unsafe { libc::fork() };
    match pid {
        -1 => return Err(Trouble::last("starting a process (fork)")),
        0 => child(&plan),
        _ => {}
    }
    drop((go_end, errors_end, stderr_end));
    let started = Started {
        pid,
        stdout: out.ours,
        stderr,
        terminal: out.terminal,
        keep: out.keep_theirs.then_some(out.theirs),
        errors: File::from(errors),
    };
    if let Err(error) = ptrace::seize(pid) {
        drop(go);
        reap(pid);
        return Err(Trouble::PtraceForbidden { operation: "PTRACE_SEIZE", error });
    }
    File::from(go).write_all(b"!").map_err(system("waking the new process"))?;
    Ok(started)
}

/// What went wrong in a child that ended before its exec.
pub(crate) fn failure(errors: &mut File, launch: &Launch) -> Trouble {
    let mut report = [0; 8];
    if errors.read_exact(&mut report).is_err() {
        let error = io::Error::other("it ended before its exec");
        return Trouble::System { operation: STEPS[0], error };
    }
    let number = |at: usize| i32::from_ne_bytes([report[at], report[at + 1], report[at + 2], report[at + 3]]);
    let (step, error) = (number(0), io::Error::from_raw_os_error(number(4)));
    if step == EXEC_STEP {
        return Trouble::Program { path: launch.program.clone(), error };
    }
    let operation = usize::try_from(step).ok().and_then(|step| STEPS.get(step)).copied().unwrap_or(STEPS[0]);
    Trouble::System { operation, error }
}

/// The two sides of standard output.
struct Output {
    ours: OwnedFd,
    theirs: OwnedFd,
    terminal: Option<String>,
    keep_theirs: bool,
}

impl Output {
    fn open(kind: Stdout) -> Result<Output, Trouble> {
        if kind == Stdout::Pipe {
            let (ours, theirs) = pipe()?;
            return Ok(Output { ours, theirs, terminal: None, keep_theirs: false });
        }
        let errno = |operation| move |errno: nix::Error| Trouble::System { operation, error: errno.into() };
        let opening = "opening a pseudo-terminal";
        let master = nix::pty::posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC)
            .map_err(errno(opening))?;
        nix::pty::grantpt(&master).map_err(errno(opening))?;
        nix::pty::unlockpt(&master).map_err(errno(opening))?;
        let name = nix::pty::ptsname_r(&master).map_err(errno(opening))?;
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        let theirs = nix::fcntl::open(Path::new(&name), flags, nix::sys::stat::Mode::empty())
            .map_err(errno("opening the terminal's slave side"))?;
        let setting = "making the terminal raw";
        let mut modes = nix::sys::termios::tcgetattr(&theirs).map_err(errno(setting))?;
        nix::sys::termios::cfmakeraw(&mut modes);
        nix::sys::termios::tcsetattr(&theirs, nix::sys::termios::SetArg::TCSANOW, &modes)
            .map_err(errno(setting))?;
        let ours = OwnedFd::from(master);
        Ok(Output { ours, theirs, terminal: Some(name), keep_theirs: true })
    }
}

fn pipe() -> Result<(OwnedFd, OwnedFd), Trouble> {
    pipe2(OFlag::O_CLOEXEC)
        .map_err(|errno| Trouble::System { operation: "making a pipe", error: errno.into() })
}

fn system(operation: &'static str) -> impl Fn(io::Error) -> Trouble {
    move |error| Trouble::System { operation, error }
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
        umask: launch.umask,
    })
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
}

/// What the child needs, made before the fork.
struct ChildPlan<'a> {
    prepared: &'a Prepared,
    argv: *const *const libc::c_char,
    env: *const *const libc::c_char,
    stdin: RawFd,
    stdout: RawFd,
    stderr: RawFd,
    go: RawFd,
    go_writer: RawFd,
    errors: RawFd,
    filter: libc::sock_fprog,
}

/// The child's way from fork to exec. Only async-signal-safe calls, no allocation, no lock.
fn child(plan: &ChildPlan<'_>) -> ! {
    let step = steps_to_exec(plan);
    let errno = nix::errno::Errno::last_raw();
    let report = [step, errno];
    // SAFETY: `report` is alive and 8 bytes long. If the tracer is gone, nobody needs the report.
    let _ = unsafe { libc::write(plan.errors, report.as_ptr().cast(), 8) };
    // SAFETY: _exit takes a number and does not return.
    unsafe { libc::_exit(127) }
}

/// Returns the number of the step that failed, with errno set.
fn steps_to_exec(plan: &ChildPlan<'_>) -> i32 {
    let prepared = plan.prepared;
    // SAFETY: closes a descriptor of the child's own, which only the tracer uses on its side.
    unsafe { libc::close(plan.go_writer) };
    let mut byte = 0u8;
    // SAFETY: `byte` is alive and one byte long.
    if unsafe { libc::read(plan.go, (&raw mut byte).cast(), 1) } != 1 {
        // SAFETY: the tracer is gone; _exit takes a number and does not return.
        unsafe { libc::_exit(127) };
    }
    // SAFETY: setsid takes nothing.
    if unsafe { libc::setsid() } < 0 {
        return 1;
    }
    for (from, to) in [(plan.stdin, 0), (plan.stdout, 1), (plan.stderr, 2)] {
        // SAFETY: dup2 takes two numbers; the pipes and files of the tracer lie above 2.
        if unsafe { libc::dup2(from, to) } < 0 {
            return 2;
        }
    }
    // SAFETY: marks every other descriptor close-on-exec; takes numbers only. Where the kernel lacks it, the
    // tracer's own descriptors are all O_CLOEXEC anyway.
    unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if let Some(mask) = prepared.umask {
        // SAFETY: umask takes a number and cannot fail.
        unsafe { libc::umask(mask) };
    }
    if let Some(dir) = &prepared.dir {
        // SAFETY: the string was made before the fork and ends with NUL.
        if unsafe { libc::chdir(dir.as_ptr()) } != 0 {
            return 3;
        }
    }
    if !reset_signals() {
        return 7;
    }
    // SAFETY: this prctl takes numbers only.
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } != 0 {
        return 4;
    }
    // SAFETY: the filter program was made before the fork and is alive in the child's copy of the memory.
    let installed = unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0u32, &raw const plan.filter)
    };
    if installed != 0 {
        return 5;
    }
    // SAFETY: program, argv and env were made before the fork; both vectors end with a null pointer.
    unsafe { libc::execve(prepared.program.as_ptr(), plan.argv, plan.env) };
    EXEC_STEP
}

/// Default dispositions and an empty mask, as a shell would give a program.
fn reset_signals() -> bool {
    for signal in 1..=64 {
        // SAFETY: sets a disposition to the default; for SIGKILL, SIGSTOP and libc's own two it is refused,
        // which changes nothing.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    let mut none = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set that it is given.
    if unsafe { libc::sigemptyset(none.as_mut_ptr()) } != 0 {
        return false;
    }
    // SAFETY: `none` is initialised; the old mask is not asked for.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut()) == 0 }
}

fn reap(pid: pid_t) {
    // SAFETY: the status is not asked for; the child is ours and is about to exit.
    let answer = unsafe { libc::waitpid(pid, ptr::null_mut(), libc::__WALL) };
    debug_assert_eq!(answer, pid, "waitpid of a child that was just made");
}
