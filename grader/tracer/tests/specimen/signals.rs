//! Signals, stops and continuations.

use crate::kernel::*;
use libc::{c_int, pid_t};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;

pub fn mode(mode: &str, args: &[&str]) -> Option<i32> {
    match (mode, args) {
        ("stop_and_continue", [kind]) => stop_and_continue(kind),
        ("stops_itself", []) => kill(pid(), libc::SIGSTOP),
        ("stopped_threads", []) => stopped_threads(),
        ("real_time", []) => real_time(),
        ("timer", []) => timer(),
        ("for_one_thread", []) => for_one_thread(),
        ("fault", []) => fault(),
        ("terminal_stop", []) => terminal_stop(),
        _ => return None,
    }
    Some(0)
}

/// Stops a child, lets it go on and ends it; each time the news comes to a wait call.
fn stop_and_continue(kind: &str) {
    let (read, write) = pipe();
    let child = child(|| {
        if kind != "alone" {
            thread::spawn(|| pause_for_ever());
        }
        assert_eq!(self::write(write, b"!"), 1);
        if kind == "leader gone" {
            exit_thread(0);
        }
        pause_for_ever()
    });
    assert_eq!(read_byte(read).0, 1);
    if kind == "leader gone" {
        until(|| state(child) == 'Z');
    }
    stop(child);
    go_on(child);
    kill(child, libc::SIGTERM);
    expect_kill(child, libc::SIGTERM);
}

/// Stops a child, and is told so.
pub fn stop(child: pid_t) {
    kill(child, libc::SIGSTOP);
    let (_, status) = wait_with(child, libc::WUNTRACED);
    assert!(libc::WIFSTOPPED(status) && libc::WSTOPSIG(status) == libc::SIGSTOP, "status word {status:#x}");
}

/// Lets a stopped child go on, and is told so.
pub fn go_on(child: pid_t) {
    kill(child, libc::SIGCONT);
    let (_, status) = wait_with(child, libc::WCONTINUED);
    assert!(libc::WIFCONTINUED(status), "status word {status:#x}");
}

/// A thread is born while its process is being stopped.
fn stopped_threads() {
    for _ in 0..20 {
        let child = child(|| {
            loop {
                drop(thread::spawn(|| ()).join());
            }
        });
        until(|| matches!(state(child), 'R' | 'S'));
        stop(child);
        go_on(child);
        stop(child);
        kill(child, libc::SIGKILL);
        expect_kill(child, libc::SIGKILL);
    }
}

static COUNT: AtomicI32 = AtomicI32::new(0);

fn counting() -> libc::sighandler_t {
    extern "C" fn count(_: c_int) {
        COUNT.fetch_add(1, Ordering::SeqCst);
    }
    let handler: extern "C" fn(c_int) = count;
    handler as libc::sighandler_t
}

/// The sum of the values that came with signals.
static SUM: AtomicI32 = AtomicI32::new(0);

/// Real-time signals are queued, one by one and with their values, by the process itself and by another one.
fn real_time() {
    extern "C" fn add(_: c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
        COUNT.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the kernel gives a siginfo_t to a handler with SA_SIGINFO.
        let info = unsafe { &*info };
        if info.si_code == libc::SI_QUEUE {
            // SAFETY: this code comes with a value.
            SUM.fetch_add(unsafe { info.si_value() }.sival_ptr.addr() as i32, Ordering::SeqCst);
        }
    }
    let add: extern "C" fn(c_int, *mut libc::siginfo_t, *mut libc::c_void) = add;
    let (first, last) = (libc::SIGRTMIN(), libc::SIGRTMAX());
    for signal in first..=last {
        on_signal(signal, add as libc::sighandler_t, libc::SA_RESTART | libc::SA_SIGINFO);
    }
    for signal in first..=last {
        let value = libc::sigval { sival_ptr: ptr::without_provenance_mut(signal as usize) };
        // SAFETY: sigqueue takes numbers and a value that nobody dereferences.
        done("sigqueue", unsafe { libc::sigqueue(pid(), signal, value) });
    }
    assert_eq!(COUNT.load(Ordering::SeqCst), last - first + 1);
    assert_eq!(SUM.load(Ordering::SeqCst), (first..=last).sum::<i32>());
    let child = child(|| {
        (0..3).for_each(|_| kill(parent(), first + 6));
        0
    });
    expect_exit(child, 0);
    assert_eq!(COUNT.load(Ordering::SeqCst), last - first + 4);
}

/// A timer sends a signal: nobody's but the kernel's.
fn timer() {
    let signal = libc::SIGRTMIN() + 2;
    on_signal(signal, counting(), 0);
    let mut event = MaybeUninit::<libc::sigevent>::zeroed();
    // SAFETY: all-zero bytes are a valid sigevent.
    let event = unsafe { event.assume_init_mut() };
    event.sigev_notify = libc::SIGEV_SIGNAL;
    event.sigev_signo = signal;
    let mut timer: libc::timer_t = ptr::null_mut();
    // SAFETY: both pointers lead to live, initialised values.
    done("timer_create", unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, event, &raw mut timer) });
    let soon = libc::timespec { tv_sec: 0, tv_nsec: 1_000_000 };
    let setting = libc::itimerspec { it_interval: libc::timespec { tv_sec: 0, tv_nsec: 0 }, it_value: soon };
    // SAFETY: the timer is alive, the setting is initialised, the old one is not asked for.
    done("timer_settime", unsafe { libc::timer_settime(timer, 0, &raw const setting, ptr::null_mut()) });
    until(|| COUNT.load(Ordering::SeqCst) == 1);
}

/// A signal to one thread reaches that thread and no other.
fn for_one_thread() {
    on_signal(libc::SIGUSR1, counting(), 0);
    let (told, number) = std::sync::mpsc::channel();
    let thread = thread::spawn(move || {
        told.send(tid()).expect("the leader listens");
        pause()
    });
    let number = number.recv().expect("the thread tells its number");
    until_asleep_in(number, libc::SYS_pause);
    // SAFETY: tgkill takes three numbers.
    done("tgkill", unsafe { libc::syscall(libc::SYS_tgkill, pid(), number, libc::SIGUSR1) } as i32);
    assert_eq!(thread.join().expect("the thread ends"), libc::EINTR);
}

fn fault() {
    on_signal(libc::SIGSEGV, libc::SIG_DFL, 0);
    let nowhere: *const i32 = ptr::without_provenance(8);
    // SAFETY: it is not safe: this is the fault that the mode is about.
    let value = unsafe { nowhere.read_volatile() };
    unreachable!("read {value}");
}

/// SIGTSTP stops a child that has a process group of its own, as a shell gives to its jobs.
fn terminal_stop() {
    let child = child(|| pause_for_ever());
    // SAFETY: setpgid takes two numbers.
    done("setpgid", unsafe { libc::setpgid(child, child) });
    kill(child, libc::SIGTSTP);
    let (_, status) = wait_with(child, libc::WUNTRACED);
    assert!(libc::WIFSTOPPED(status) && libc::WSTOPSIG(status) == libc::SIGTSTP, "status word {status:#x}");
    go_on(child);
    kill(child, libc::SIGINT);
    expect_kill(child, libc::SIGINT);
}
