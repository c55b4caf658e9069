//! Calls that are interrupted, and go on, or do not.

use crate::kernel::*;
use crate::signals::{go_on, stop};
use libc::{c_int, c_long, pid_t};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicPtr, Ordering};

pub fn mode(mode: &str, args: &[&str]) -> Option<i32> {
    match (mode, args) {
        ("read_restarted", []) => read_interrupted(libc::SA_RESTART),
        ("read_given_up", []) => read_interrupted(0),
        ("read_in_a_handler", []) => read_in_a_handler(),
        ("read_jumped_out_of", []) => read_jumped_out_of(),
        ("wait_restarted", []) => wait_restarted(),
        ("waits_for_named_children", [rounds]) => waits_for_named_children(rounds),
        ("stopped_in_sleep", []) => stopped_in_sleep(),
        ("stopped_in_poll", []) => stopped_in_poll(),
        ("stopped_in_futex", []) => stopped_in_futex(),
        ("stopped_in_read", []) => stopped_in_read(),
        ("suspended", [how]) => suspended(how),
        ("exec_in_a_handler", []) => exec_in_a_handler(),
        _ => return None,
    }
    Some(0)
}

/// Where handlers write to, to tell that they run.
static TOLD: AtomicI32 = AtomicI32::new(-1);

fn telling() -> libc::sighandler_t {
    extern "C" fn tell(_: c_int) {
        write(TOLD.load(Ordering::SeqCst), b"h");
    }
    let handler: extern "C" fn(c_int) = tell;
    handler as libc::sighandler_t
}

/// A read (of descriptor 3) that a signal interrupts; the handler writes (to descriptor 6).
fn read_interrupted(flags: c_int) {
    let (data, give) = pipe();
    let (told, tell) = pipe();
    TOLD.store(tell, Ordering::SeqCst);
    let child = child(|| {
        on_signal(libc::SIGUSR1, telling(), flags);
        match read_byte(data) {
            (1, _) => 1,
            (-1, libc::EINTR) => 2,
            _ => 3,
        }
    });
    until_asleep_in(child, libc::SYS_read);
    kill(child, libc::SIGUSR1);
    assert_eq!(read_byte(told).0, 1);
    if flags == libc::SA_RESTART {
        until_asleep_in(child, libc::SYS_read);
        assert_eq!(write(give, b"!"), 1);
        expect_exit(child, 1);
    } else {
        expect_exit(child, 2);
    }
}

/// The handler of one signal reads, too, and is interrupted by another signal: descriptors 3 and 5.
fn read_in_a_handler() {
    static INNER: AtomicI32 = AtomicI32::new(-1);
    extern "C" fn reads(_: c_int) {
        assert_eq!(read_byte(INNER.load(Ordering::SeqCst)).0, 1);
    }
    let (outer, give_outer) = pipe();
    let (inner, give_inner) = pipe();
    let (told, tell) = pipe();
    INNER.store(inner, Ordering::SeqCst);
    TOLD.store(tell, Ordering::SeqCst);
    let child = child(|| {
        let reads: extern "C" fn(c_int) = reads;
        on_signal(libc::SIGUSR1, reads as libc::sighandler_t, libc::SA_RESTART);
        on_signal(libc::SIGUSR2, telling(), libc::SA_RESTART);
        read_byte(outer).0 as i32
    });
    until_asleep_in_read_of(child, outer);
    kill(child, libc::SIGUSR1);
    until_asleep_in_read_of(child, inner);
    kill(child, libc::SIGUSR2);
    assert_eq!(read_byte(told).0, 1);
    until_asleep_in_read_of(child, inner);
    assert_eq!(write(give_inner, b"!"), 1);
    until_asleep_in_read_of(child, outer);
    assert_eq!(write(give_outer, b"!"), 1);
    expect_exit(child, 1);
}

/// The handler leaves the read (of descriptor 3) for good, three times, as siglongjmp does.
fn read_jumped_out_of() {
    static PLACE: AtomicPtr<libc::ucontext_t> = AtomicPtr::new(ptr::null_mut());
    static JUMPS: AtomicI32 = AtomicI32::new(0);
    extern "C" fn jumps(_: c_int) {
        JUMPS.fetch_add(1, Ordering::SeqCst);
        write(TOLD.load(Ordering::SeqCst), b"h");
        // SAFETY: the context was filled in by getcontext in a function that has not returned.
        unsafe { libc::setcontext(PLACE.load(Ordering::SeqCst)) };
    }
    let (data, _give) = pipe();
    let (told, tell) = pipe();
    TOLD.store(tell, Ordering::SeqCst);
    let child = child(|| {
        let jumps: extern "C" fn(c_int) = jumps;
        on_signal(libc::SIGUSR1, jumps as libc::sighandler_t, libc::SA_RESTART);
        let mut place = MaybeUninit::<libc::ucontext_t>::zeroed();
        PLACE.store(place.as_mut_ptr(), Ordering::SeqCst);
        // SAFETY: `place` is alive until this process exits below; what is kept across the jump is atomic.
        done("getcontext", unsafe { libc::getcontext(place.as_mut_ptr()) });
        if JUMPS.load(Ordering::SeqCst) < 3 {
            read_byte(data);
        }
        exit(JUMPS.load(Ordering::SeqCst))
    });
    for _ in 0..3 {
        until_asleep_in(child, libc::SYS_read);
        kill(child, libc::SIGUSR1);
        assert_eq!(read_byte(told).0, 1);
    }
    expect_exit(child, 3);
}

/// A parent's wait is interrupted and goes on.
fn wait_restarted() {
    let (told, tell) = pipe();
    let (gate, open_gate) = pipe();
    TOLD.store(tell, Ordering::SeqCst);
    let target = child(|| {
        close(open_gate);
        on_signal(libc::SIGUSR1, telling(), libc::SA_RESTART);
        let grandchild = child(|| read_byte(gate).0 as i32);
        wait(grandchild)
    });
    close(gate);
    until_asleep_in(target, libc::SYS_wait4);
    kill(target, libc::SIGUSR1);
    assert_eq!(read_byte(told).0, 1);
    until_asleep_in(target, libc::SYS_wait4);
    close(open_gate);
    expect_exit(target, 0);
}

/// Waits for one child at a time, in each way in which that can end, and says what each wait has told.
fn waits_for_named_children(rounds: &str) {
    on_signal(libc::SIGUSR1, nothing(), 0);
    let own = pid();
    for round in 0..rounds.parse().expect("a number of rounds") {
        match round % 6 {
            0 => say_wait(child(|| 7)),
            1 => {
                let (gate, open_gate) = pipe();
                let child = child(|| read_byte(gate).0 as i32);
                write(open_gate, b"!");
                say_wait(child);
                close(gate);
                close(open_gate);
            }
            2 => {
                let victim = child(|| 3);
                let killer = child(|| {
                    kill(victim, libc::SIGKILL);
                    0
                });
                say_wait(victim);
                say_wait(killer);
            }
            3 => blocking(libc::SIGCHLD, || say_wait(child(|| 4))),
            4 => {
                let child = child(|| {
                    until_asleep_in(own, libc::SYS_wait4);
                    kill(own, libc::SIGUSR1);
                    5
                });
                say_wait(child);
            }
            _ => {
                on_signal(libc::SIGCHLD, if round % 4 == 1 { nothing() } else { libc::SIG_IGN }, 0);
                say_wait(child(|| 6));
                on_signal(libc::SIGCHLD, libc::SIG_DFL, 0);
            }
        }
    }
}

/// Waits until the child is no more, and says so each time that the call answers.
fn say_wait(child: pid_t) {
    loop {
        let mut status = 0;
        // SAFETY: `status` is a live int, and waitpid writes nothing else.
        let answer = unsafe { libc::waitpid(child, &raw mut status, 0) };
        let errno = if answer == -1 { errno() } else { 0 };
        say(&format!("{answer} {status} {errno}\n"));
        if errno != libc::EINTR {
            return;
        }
    }
}

fn until_asleep_in_read_of(pid: pid_t, fd: c_int) {
    let call = format!("{} {fd:#x} ", libc::SYS_read);
    until(|| state(pid) == 'S' && proc_text(pid, "syscall").starts_with(&call));
}

/// Stops a child that sleeps in this call, and lets it go on.
fn interrupt_with_a_stop(child: pid_t, call: c_long) {
    until_asleep_in(child, call);
    stop(child);
    go_on(child);
}

/// A sleep that a stop interrupts, and that then lasts to its end. On a busy machine the stop may come too late:
/// then it is tried again with a longer sleep.
fn stopped_in_sleep() {
    for tenths in [1, 2, 4, 8, 16, 32, 64, 128] {
        let child = child(|| {
            std::thread::sleep(std::time::Duration::from_millis(100 * tenths));
            0
        });
        until(|| state(child) != 'S' || proc_text(child, "syscall").starts_with("230 "));
        if state(child) != 'S' {
            expect_exit(child, 0);
            continue;
        }
        kill(child, libc::SIGSTOP);
        let (_, status) = wait_with(child, libc::WUNTRACED);
        if libc::WIFSTOPPED(status) {
            go_on(child);
            return expect_exit(child, 0);
        }
    }
    panic!("the sleeper was never met asleep");
}

/// A poll with a timeout that is far away, ended by a byte.
fn stopped_in_poll() {
    let (data, give) = pipe();
    let child = child(|| {
        let mut ready = libc::pollfd { fd: data, events: libc::POLLIN, revents: 0 };
        // SAFETY: `ready` is alive, and it is one.
        unsafe { libc::poll(&raw mut ready, 1, 1_000_000) }
    });
    interrupt_with_a_stop(child, libc::SYS_poll);
    until_asleep_in(child, libc::SYS_restart_syscall);
    assert_eq!(write(give, b"!"), 1);
    expect_exit(child, 1);
}

/// A futex wait with a timeout that is far away, ended by a wake.
fn stopped_in_futex() {
    let word = shared_numbers(1)[0].as_ptr();
    let child = child(|| {
        let later = libc::timespec { tv_sec: 1000, tv_nsec: 0 };
        // SAFETY: `word` leads to a shared page of zeroes, `later` is alive.
        let answer = unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAIT, 0, &raw const later) };
        i32::from(answer != 0)
    });
    interrupt_with_a_stop(child, libc::SYS_futex);
    until_asleep_in(child, libc::SYS_restart_syscall);
    // SAFETY: `word` leads to a shared page.
    assert_eq!(unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE, 1) }, 1);
    expect_exit(child, 0);
}

fn stopped_in_read() {
    let (data, give) = pipe();
    let child = child(|| read_byte(data).0 as i32);
    interrupt_with_a_stop(child, libc::SYS_read);
    until_asleep_in(child, libc::SYS_read);
    assert_eq!(write(give, b"!"), 1);
    expect_exit(child, 1);
}

/// Calls that only a handler ends.
fn suspended(how: &str) {
    let child = child(|| {
        on_signal(libc::SIGUSR1, nothing(), libc::SA_RESTART);
        if how == "pause" {
            return pause();
        }
        let mut none = MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: sigemptyset initialises the set that it is given.
        done("sigemptyset", unsafe { libc::sigemptyset(none.as_mut_ptr()) });
        // SAFETY: the set is initialised.
        unsafe { libc::sigsuspend(none.as_ptr()) };
        errno()
    });
    let call = if how == "pause" { libc::SYS_pause } else { libc::SYS_rt_sigsuspend };
    interrupt_with_a_stop(child, call);
    until_asleep_in(child, call);
    kill(child, libc::SIGUSR1);
    expect_exit(child, libc::EINTR);
}

/// A handler that does not return, for it execs: the read that it interrupts never ends.
fn exec_in_a_handler() {
    extern "C" fn execs(_: c_int) {
        become_specimen(&["exit", "6"]);
    }
    let (data, _give) = pipe();
    let child = child(|| {
        let execs: extern "C" fn(c_int) = execs;
        on_signal(libc::SIGUSR1, execs as libc::sighandler_t, libc::SA_RESTART);
        read_byte(data).0 as i32
    });
    until_asleep_in(child, libc::SYS_read);
    kill(child, libc::SIGUSR1);
    expect_exit(child, 6);
}
