//! The child's way from fork to exec. Only async-signal-safe calls, no allocation, no lock: what needs memory
//! was made before the fork.

use super::places::Places;
use std::ffi::CString;
use std::os::fd::RawFd;
use std::ptr;

/// The steps that can fail, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub(super) enum Step {
    Session,
    Fork,
    Group,
    Namespaces,
    Identity,
    Mounts,
    Descriptors,
    Directory,
    Signals,
    Privileges,
    Filter,
    Exec,
    /// Nothing has failed: the program's process is there. Its PID is in the place of the error.
    Born,
}

impl Step {
    const ALL: [Step; 13] = [
        Step::Session,
        Step::Fork,
        Step::Group,
        Step::Namespaces,
        Step::Identity,
        Step::Mounts,
        Step::Descriptors,
        Step::Directory,
        Step::Signals,
        Step::Privileges,
        Step::Filter,
        Step::Exec,
        Step::Born,
    ];

    /// What was tried.
    pub(super) fn operation(self) -> &'static str {
        match self {
            Step::Session => "starting a session (setsid)",
            Step::Fork => "starting a process (clone)",
            Step::Group => "making a process group (setpgid)",
            Step::Namespaces => "making namespaces (unshare)",
            Step::Identity => "staying who it is in a user namespace (writing /proc/self/uid_map)",
            Step::Mounts => "covering /tmp and /dev/shm (mount)",
            Step::Descriptors => "setting up descriptors (dup2)",
            Step::Directory => "entering the working directory (chdir)",
            Step::Signals => "preparing signals",
            Step::Privileges => "forbidding new privileges (prctl)",
            Step::Filter => "installing the seccomp filter (seccomp)",
            Step::Exec => "executing the program (execve)",
            Step::Born => "starting the program",
        }
    }
}

/// What a child tells: a step, and an error number or a PID.
pub(super) fn decode(report: [u8; 8]) -> Option<(Step, i32)> {
    let number = |at: usize| i32::from_ne_bytes([report[at], report[at + 1], report[at + 2], report[at + 3]]);
    let step = Step::ALL.into_iter().find(|step| *step as i32 == number(0))?;
    Some((step, number(4)))
}

/// What the child needs, made before the fork.
pub(super) struct Plan<'a> {
    pub(super) program: &'a CString,
    pub(super) argv: *const *const libc::c_char,
    pub(super) env: *const *const libc::c_char,
    pub(super) dir: Option<&'a CString>,
    pub(super) places: Option<&'a Places>,
    pub(super) umask: Option<u32>,
    pub(super) streams: [RawFd; 3],
    pub(super) go: RawFd,
    pub(super) go_writer: RawFd,
    pub(super) reports: RawFd,
    pub(super) filter: libc::sock_fprog,
    pub(super) counter_traps: bool,
}

/// Starts a session, makes the process that becomes the program, and ends.
///
/// That process leads a group of its own and no session, as if a shell had started it: a terminal that it opens does
/// not become its controlling terminal, and its end hangs up nobody.
pub(super) fn start_session(plan: &Plan<'_>) -> ! {
    // SAFETY: setsid takes nothing.
    if unsafe { libc::setsid() } < 0 {
        report(plan.reports, Step::Session, errno());
    }
    // SAFETY: without CLONE_VM this is fork; with CLONE_PARENT the new process is the tracer's child, like this one.
    match unsafe { libc::syscall(libc::SYS_clone, libc::CLONE_PARENT, 0, 0, 0, 0) } {
        -1 => report(plan.reports, Step::Fork, errno()),
        0 => become_program(plan),
        pid => report(plan.reports, Step::Born, pid as i32),
    }
    leave()
}

fn become_program(plan: &Plan<'_>) -> ! {
    let step = steps_to_exec(plan);
    report(plan.reports, step, errno());
    leave()
}

/// Enters places of its own, tells how that went, and ends.
pub(super) fn try_out(places: &Places, reports: RawFd) -> ! {
    match places.enter() {
        Ok(()) => report(reports, Step::Born, 0),
        Err(step) => report(reports, step, errno()),
    }
    leave()
}

fn leave() -> ! {
    // SAFETY: _exit takes a number and does not return.
    unsafe { libc::_exit(127) }
}

fn errno() -> i32 {
    nix::errno::Errno::last_raw()
}

fn report(reports: RawFd, step: Step, number: i32) {
    let report = [step as i32, number];
    // SAFETY: `report` is alive and 8 bytes long. If the tracer is gone, nobody needs the report.
    let _ = unsafe { libc::write(reports, report.as_ptr().cast(), 8) };
}

/// Returns the step that failed, with errno set.
fn steps_to_exec(plan: &Plan<'_>) -> Step {
    wait_for_the_tracer(plan);
    // SAFETY: setpgid takes two numbers.
    if unsafe { libc::setpgid(0, 0) } != 0 {
        return Step::Group;
    }
    if let Some(Err(step)) = plan.places.map(Places::enter) {
        return step;
    }
    for (from, to) in plan.streams.into_iter().zip(0..) {
        // SAFETY: dup2 takes two numbers; the pipes and files of the tracer lie above 2.
        if unsafe { libc::dup2(from, to) } < 0 {
            return Step::Descriptors;
        }
    }
    close_the_rest_at_exec();
    if let Some(mask) = plan.umask {
        // SAFETY: umask takes a number and cannot fail.
        unsafe { libc::umask(mask) };
    }
    if let Some(dir) = plan.dir {
        // SAFETY: the string was made before the fork and ends with NUL.
        if unsafe { libc::chdir(dir.as_ptr()) } != 0 {
            return Step::Directory;
        }
    }
    if !reset_signals() {
        return Step::Signals;
    }
    if plan.counter_traps {
        // Inherited by children and kept by exec. A kernel that refuses leaves the counter to whoever reads it.
        // SAFETY: this prctl takes numbers only.
        unsafe { libc::prctl(libc::PR_SET_TSC, libc::PR_TSC_SIGSEGV, 0, 0, 0) };
    }
    // SAFETY: this prctl takes numbers only.
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } != 0 {
        return Step::Privileges;
    }
    // SAFETY: the filter program was made before the fork and is alive in the child's copy of the memory.
    let installed = unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0u32, &raw const plan.filter)
    };
    if installed != 0 {
        return Step::Filter;
    }
    // SAFETY: program, argv and env were made before the fork; both vectors end with a null pointer.
    unsafe { libc::execve(plan.program.as_ptr(), plan.argv, plan.env) };
    Step::Exec
}

/// Sleeps until the tracer has seized this process. If the tracer dies before, so does this process: by a signal,
/// because other children of the tracer may hold the pipe's other end for a while.
fn wait_for_the_tracer(plan: &Plan<'_>) {
    // SAFETY: this prctl takes numbers only; PR_SET_PDEATHSIG cannot fail with a signal's number.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) };
    // SAFETY: closes a descriptor of the child's own, which only the tracer uses on its side.
    unsafe { libc::close(plan.go_writer) };
    let mut byte = 0u8;
    // SAFETY: `byte` is alive and one byte long.
    if unsafe { libc::read(plan.go, (&raw mut byte).cast(), 1) } != 1 {
        leave();
    }
    // SAFETY: as above; 0 is no signal. From now on the tracer's end is seen to by PTRACE_O_EXITKILL.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, 0, 0, 0, 0) };
}

/// Whatever else is open closes at the exec.
fn close_the_rest_at_exec() {
    // SAFETY: takes numbers only.
    let answer = unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if answer == 0 {
        return;
    }
    // A kernel before 5.11, or a container that denies what it does not know.
    // SAFETY: sysconf takes a number and is async-signal-safe.
    let limit = unsafe { libc::sysconf(libc::_SC_OPEN_MAX) };
    for fd in 3..limit.clamp(3, 1 << 16) as RawFd {
        // SAFETY: fcntl(F_SETFD) takes numbers only; where there is no such descriptor it changes nothing.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

/// Default dispositions and an empty mask, as a shell would give a program.
fn reset_signals() -> bool {
    for signal in 1..=64 {
        // The C library refuses to touch two signals that it uses itself; the caller may ignore those, too.
        // SAFETY: the kernel's structure is four words on x86-64, and zeroes are the default disposition; the old one
        // is not asked for. For SIGKILL and SIGSTOP it is refused, which changes nothing.
        unsafe {
            libc::syscall(libc::SYS_rt_sigaction, signal, [0u64; 4].as_ptr(), ptr::null_mut::<u8>(), 8usize)
        };
    }
    let mut none = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set that it is given.
    if unsafe { libc::sigemptyset(none.as_mut_ptr()) } != 0 {
        return false;
    }
    // SAFETY: `none` is initialised; the old mask is not asked for.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut()) == 0 }
}
