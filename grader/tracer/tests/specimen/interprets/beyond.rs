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
