//! Operations that the simulated machine has not.

use super::{ANSWER, BORN, CHILDREN, Op, answer, end, news, print_answer, wait_for};
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
        Op::Cloexec(pipe, which) => {
            // SAFETY: fcntl with F_SETFD takes numbers. EBADF, if the end is closed, changes nothing.
            unsafe { libc::fcntl(end(*pipe, *which), libc::F_SETFD, libc::FD_CLOEXEC) };
        }
        _ => {}
    }
}

/// A handler, and what it does to the calls and signals that it meets: `r` lets calls begin again, `i` does not, `o`
/// is there for one time, `m` blocks all others, `z` leaves no zombies, `s` says what it was told of the sender.
pub fn handle(signal: c_int, handler: libc::sighandler_t, kind: u8) {
    let flags = match kind {
        b'i' => 0,
        b'o' => libc::SA_RESTART | libc::SA_RESETHAND,
        b'z' => libc::SA_RESTART | libc::SA_NOCLDWAIT,
        _ => libc::SA_RESTART,
    };
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all-zero bytes are a valid sigaction with an empty mask.
    let action = unsafe { action.assume_init_mut() };
    (action.sa_sigaction, action.sa_flags) = (handler, flags);
    if kind == b's' {
        let tells: extern "C" fn(c_int, &libc::siginfo_t) = tells;
        action.sa_sigaction = tells as libc::sighandler_t;
        action.sa_flags |= libc::SA_SIGINFO;
    }
    if kind == b'm' {
        // SAFETY: the set is a live one.
        unsafe { libc::sigfillset(&raw mut action.sa_mask) };
    }
    // SAFETY: `action` is initialised, and every handler here makes async-signal-safe calls only.
    done("sigaction", unsafe { libc::sigaction(signal, action, ptr::null_mut()) });
}

/// In one number: the signal's code, and a child's status.
extern "C" fn tells(_: c_int, info: &libc::siginfo_t) {
    let before = ANSWER.load(Relaxed);
    // SAFETY: it is asked for with signals that have one, and is a number in any case.
    let status = unsafe { info.si_status() };
    ANSWER.store(1_000 * i64::from(info.si_code) + i64::from(status), Relaxed);
    print_answer();
    ANSWER.store(before, Relaxed);
}

/// Other ways to wait: `k` and `K` look and reap nobody, `K` without sleeping; `1` asks waitid for the first child; `u`
/// asks for those that stop, too; `e` asks for nothing, which is an error.
pub fn wait(how: u8) -> i64 {
    let all = (libc::P_ALL, 0);
    let first = (libc::P_PID, CHILDREN[0].load(Relaxed) as libc::id_t);
    match how {
        b'k' => waitid(all, libc::WEXITED | libc::WNOWAIT),
        b'K' => waitid(all, libc::WEXITED | libc::WNOWAIT | libc::WNOHANG),
        b'1' => waitid(first, libc::WEXITED),
        b'u' => wait_for(-1, libc::WUNTRACED | libc::WCONTINUED),
        b'e' => waitid(all, 0),
        other => panic!("no wait `{}`", char::from(other)),
    }
}

fn waitid((kind, id): (libc::idtype_t, libc::id_t), options: c_int) -> i64 {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    // SAFETY: there is room for what waitid writes.
    let result = answer(unsafe { libc::waitid(kind, id, info.as_mut_ptr(), options) }.into());
    // SAFETY: zeroes are a valid siginfo_t, too.
    let info = unsafe { info.assume_init() };
    // SAFETY: waitid fills in this kind, or nothing.
    let child = unsafe { info.si_pid() };
    if result < 0 || child == 0 {
        return result;
    }
    // SAFETY: as above.
    let status = unsafe { info.si_status() };
    news(child, if info.si_code == libc::CLD_EXITED { status << 8 } else { status })
}

/// What there is no model of: groups, stops, other parents.
pub fn group(what: u8) -> i64 {
    let me = pid();
    let result = match what {
        // SAFETY: setpgid takes two numbers.
        b's' => unsafe { libc::setpgid(0, 0) },
        // SAFETY: kill takes two numbers.
        b'k' => unsafe { libc::kill(0, libc::SIGTERM) },
        // SAFETY: kill takes two numbers.
        b't' => unsafe { libc::kill(me, libc::SIGSTOP) },
        // SAFETY: waitpid may be given no place for the status.
        b'w' => unsafe { libc::waitpid(-me, ptr::null_mut(), 0) },
        // SAFETY: this option takes one number.
        b'p' => unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) },
        other => panic!("no such thing is done to groups: `{}`", char::from(other)),
    };
    answer(result.into())
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
