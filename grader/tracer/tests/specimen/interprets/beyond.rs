//! Operations that the simulated machine has not.

use super::{BORN, CHILDREN, Op, end};
use crate::kernel::{done, exit, kill, on_signal, pid};
use libc::c_int;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::Ordering::Relaxed;

pub fn run(op: &Op) {
    match op {
        Op::Block(signal) => mask(libc::SIG_BLOCK, Some(*signal)),
        Op::Unblock => mask(libc::SIG_SETMASK, None),
        Op::Ignore(signal) => on_signal(*signal, libc::SIG_IGN, 0),
        Op::Raise(signal) => kill(pid(), *signal),
        Op::Suspend => {
            let none = set(None);
            // SAFETY: the set is alive. It always answers -1.
            unsafe { libc::sigsuspend(&raw const none) };
        }
        Op::Nonblock(pipe, which) => {
            // SAFETY: fcntl with F_SETFL takes numbers.
            done("fcntl", unsafe { libc::fcntl(end(*pipe, *which), libc::F_SETFL, libc::O_NONBLOCK) });
        }
        _ => {}
    }
}

fn set(signal: Option<c_int>) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset writes the whole set.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    if let Some(signal) = signal {
        // SAFETY: the set was initialised above.
        unsafe { libc::sigaddset(set.as_mut_ptr(), signal) };
    }
    // SAFETY: sigemptyset has initialised it.
    unsafe { set.assume_init() }
}

fn mask(how: c_int, signal: Option<c_int>) {
    let set = set(signal);
    // SAFETY: the set is alive, and the old one is not asked for.
    done("sigprocmask", unsafe { libc::sigprocmask(how, &raw const set, ptr::null_mut()) });
}

/// Becomes echo, which writes `e`.
pub fn exec() -> i64 {
    let argv = [c"echo".as_ptr(), c"-n".as_ptr(), c"e".as_ptr(), ptr::null()];
    // SAFETY: the strings end with NUL, the lists with null pointers.
    unsafe { libc::execve(c"/bin/echo".as_ptr(), argv.as_ptr(), [ptr::null()].as_ptr()) };
    exit(127)
}

/// Answers what was left of the timer, in seconds: 0 if none was set.
pub fn alarm(how: usize) -> i64 {
    if how < 2 {
        // SAFETY: alarm takes a number.
        return unsafe { libc::alarm(how as u32) }.into();
    }
    let second = libc::timeval { tv_sec: 1, tv_usec: 0 };
    let (new, mut old) = (libc::itimerval { it_interval: second, it_value: second }, new_timer());
    // SAFETY: both are alive, and of the type that setitimer takes.
    done("setitimer", unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const new, &raw mut old) });
    i64::from(old.it_value.tv_sec != 0 || old.it_value.tv_usec != 0)
}

fn new_timer() -> libc::itimerval {
    let never = libc::timeval { tv_sec: 0, tv_usec: 0 };
    libc::itimerval { it_interval: never, it_value: never }
}

/// Answers 1 when the parent goes on.
pub fn vfork(execs: bool) -> i64 {
    // SAFETY: the child calls write, execve and _exit only, and returns from no function that it was born in.
    #[allow(deprecated, reason = "it is what is to be shown")]
    let child = unsafe { libc::vfork() };
    if child == 0 {
        if execs {
            exec();
        }
        // SAFETY: the bytes are static.
        unsafe { libc::write(1, c"y".as_ptr().cast(), 1) };
        exit(3);
    }
    CHILDREN[BORN.fetch_add(1, Relaxed)].store(child, Relaxed);
    1
}
