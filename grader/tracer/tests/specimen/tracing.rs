//! The specimen as a tracer: it runs itself in another mode, and writes the trace down.
//!
//! For tests that need a process of the tracer's own: to kill it, to put it
//! under a container's rules, to see that it has no child left.

use crate::kernel::*;
use grader_tracer::{Cancel, Launch, Limits, Plan, Stdin, Stdout, Watch, run};
use std::ffi::OsString;
use std::io::Write;
use std::mem::MaybeUninit;
use std::path::PathBuf;
use std::ptr;
use std::time::Duration;

pub fn mode(mode: &str, args: &[&str]) -> Option<i32> {
    match (mode, args) {
        ("trace", [circumstance, inner @ ..]) => Some(trace(circumstance, inner)),
        _ => None,
    }
}

/// Under some circumstance, traces the specimen in another mode (or a program, if a path is given). The trace goes to
/// standard error, what the program writes is passed on to standard output.
fn trace(circumstance: &str, inner: &[&str]) -> i32 {
    match circumstance {
        "as it is" => {}
        "in a container" => deny(&CONTAINER),
        "in an older container" => deny(&[&CONTAINER[..], &OLDER].concat()),
        "without ptrace" => deny(&[(libc::SYS_ptrace, libc::EPERM)]),
        "with few descriptors" => {
            let few = libc::rlimit { rlim_cur: 64, rlim_max: 64 };
            // SAFETY: the limit is initialised.
            done("setrlimit", unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const few) });
        }
        "among oddities" => be_odd(),
        _ => panic!("no such circumstance: {circumstance}"),
    }
    let program = match inner {
        [path, ..] if path.starts_with('/') => PathBuf::from(path),
        _ => std::env::current_exe().expect("/proc is there"),
    };
    let argv: Vec<&str> =
        if inner[0].starts_with('/') { inner.to_vec() } else { [&["specimen"], inner].concat() };
    let launch = Launch {
        program,
        argv: argv.iter().map(OsString::from).collect(),
        env: std::env::vars_os().collect(),
        dir: None,
        umask: Some(0o022),
        stdin: Stdin::Null,
        stdout: Stdout::Terminal,
        limits: Limits {
            wall: Duration::from_secs(120),
            linger: Duration::from_secs(60),
            ..Limits::default()
        },
        watch: Watch::ALL,
        plan: Plan::default(),
        snapshots: true,
    };
    let recording = match run(&launch, &Cancel::default()) {
        Ok(recording) => recording,
        Err(trouble) => {
            eprintln!("{trouble}");
            return 3;
        }
    };
    // SAFETY: the status is not asked for.
    let left = unsafe { libc::waitpid(-1, ptr::null_mut(), libc::WNOHANG | libc::__WALL) };
    assert_eq!((left, errno()), (-1, libc::ECHILD), "a child is left after the run");
    grader_trace::file::write(&recording.trace, &mut std::io::stderr())
        .expect("standard error takes the trace");
    std::io::stdout().write_all(&recording.stdout.kept).expect("standard output takes what was written");
    0
}

/// What a container engine's default profile denies, of what a tracer could want.
const CONTAINER: [(libc::c_long, i32); 9] = [
    (libc::SYS_process_vm_readv, libc::EPERM),
    (libc::SYS_process_vm_writev, libc::EPERM),
    (libc::SYS_kcmp, libc::EPERM),
    (libc::SYS_pidfd_getfd, libc::EPERM),
    (libc::SYS_personality, libc::EPERM),
    (libc::SYS_unshare, libc::EPERM),
    (libc::SYS_setns, libc::EPERM),
    (libc::SYS_mount, libc::EPERM),
    (libc::SYS_clone3, libc::ENOSYS),
];

/// What is not known to older kernels, and denied by older profiles because they do not know it.
const OLDER: [(libc::c_long, i32); 3] = [
    (libc::SYS_pidfd_open, libc::ENOSYS),
    (libc::SYS_close_range, libc::EPERM),
    (libc::SYS_openat2, libc::EPERM),
];

/// From now on, these calls of this process and all that descend from it fail.
fn deny(calls: &[(libc::c_long, i32)]) {
    let instruction = |code: u32, k: u32, jf: u8| libc::sock_filter { code: code as u16, jt: 0, jf, k };
    let mut filter = vec![instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0)];
    for (number, errno) in calls {
        filter.push(instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, *number as u32, 1));
        filter.push(instruction(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | *errno as u32, 0));
    }
    filter.push(instruction(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW, 0));
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: this prctl takes numbers only.
    done("prctl", unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) });
    let mode = libc::SECCOMP_SET_MODE_FILTER;
    // SAFETY: the filter is alive, and has as many instructions as is said.
    done("seccomp", unsafe { libc::syscall(libc::SYS_seccomp, mode, 0, &raw const program) });
}

/// Signals ignored and blocked, descriptors that exec does not close, an odd umask: none of it concerns a run.
fn be_odd() {
    for signal in [libc::SIGINT, libc::SIGQUIT, libc::SIGUSR1, libc::SIGCHLD, libc::SIGRTMIN() + 3] {
        on_signal(signal, libc::SIG_IGN, 0);
    }
    let mut all = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: sigfillset initialises the set that it is given.
    done("sigfillset", unsafe { libc::sigfillset(all.as_mut_ptr()) });
    // SAFETY: the set is initialised, the old mask is not asked for.
    done("sigprocmask", unsafe { libc::sigprocmask(libc::SIG_SETMASK, all.as_ptr(), ptr::null_mut()) });
    for _ in 0..5 {
        // SAFETY: dup takes a number.
        done("dup", unsafe { libc::dup(2) });
    }
    // SAFETY: umask takes a number.
    unsafe { libc::umask(0o077) };
}
