//! Programs that take long, do much, or get nowhere.

use crate::kernel::*;
use std::mem::MaybeUninit;
use std::ptr;
use std::thread;
use std::time::{Duration, Instant};

pub fn mode(mode: &str, args: &[&str]) -> Option<i32> {
    match (mode, args) {
        ("sleeps", [milliseconds]) => thread::sleep(milliseconds_of(milliseconds)),
        ("computes", [milliseconds]) => computes(milliseconds_of(milliseconds)),
        ("waits_for_one_that_computes", [milliseconds]) => {
            let child = child(|| {
                computes(milliseconds_of(milliseconds));
                0
            });
            expect_exit(child, 0);
        }
        ("deadlock", [how]) => deadlock(how),
        ("woken_by", [what]) => woken_by(what),
        ("opens", [count]) => opens(count.parse().expect("a count")),
        ("writes", [count]) => (0..count.parse().expect("a count")).for_each(|_: i32| say("again\n")),
        _ => return None,
    }
    Some(0)
}

fn milliseconds_of(text: &str) -> Duration {
    Duration::from_millis(text.parse().expect("milliseconds"))
}

fn computes(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// Nobody can ever go on.
fn deadlock(how: &str) {
    let (read, write_end) = pipe();
    match how {
        // The parent holds the end whose closing its child waits for.
        "wait and read" => expect_exit(child(|| read_byte(read).0 as i32), 0),
        "read" => drop(read_byte(read)),
        "write" => loop {
            write(write_end, &[0; 4096]);
        },
        "terminal" => drop(read_byte(1)),
        "pause" => pause_for_ever(),
        "threads" => {
            let waits = thread::spawn(|| {
                let word = 0u32;
                // SAFETY: the word is alive and holds what is expected; nobody wakes this thread.
                unsafe {
                    libc::syscall(libc::SYS_futex, &raw const word, libc::FUTEX_WAIT, 0, ptr::null::<u8>())
                }
            });
            drop(waits.join());
        }
        _ => {
            let mut ready = libc::pollfd { fd: read, events: libc::POLLIN, revents: 0 };
            // SAFETY: `ready` is alive, and it is one.
            unsafe { libc::poll(&raw mut ready, 1, -1) };
        }
    }
}

/// It looks like the end, and then the clock moves it.
fn woken_by(what: &str) {
    on_signal(libc::SIGALRM, nothing(), 0);
    let half_a_second = libc::timeval { tv_sec: 0, tv_usec: 500_000 };
    let never = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let (read, write_end) = pipe();
    match what {
        "alarm" => {
            // SAFETY: alarm takes a number.
            unsafe { libc::alarm(1) };
            assert_eq!(pause(), libc::EINTR);
        }
        "setitimer" => {
            let setting = libc::itimerval { it_interval: never, it_value: half_a_second };
            // SAFETY: the setting is initialised, the old one is not asked for.
            done("setitimer", unsafe {
                libc::setitimer(libc::ITIMER_REAL, &raw const setting, ptr::null_mut())
            });
            assert_eq!(read_byte(read), (-1, libc::EINTR));
        }
        "timerfd" => {
            let timer = half_a_second_timer();
            let mut ticks = [0u8; 8];
            // SAFETY: `ticks` is alive and 8 bytes long.
            assert_eq!(unsafe { libc::read(timer, ticks.as_mut_ptr().cast(), 8) }, 8);
        }
        "poll" => {
            let mut ready = libc::pollfd { fd: read, events: libc::POLLIN, revents: 0 };
            // SAFETY: `ready` is alive, and it is one.
            assert_eq!(unsafe { libc::poll(&raw mut ready, 1, 500) }, 0);
        }
        "sigtimedwait" => {
            let mut none = MaybeUninit::<libc::sigset_t>::zeroed();
            let later = libc::timespec { tv_sec: 0, tv_nsec: 500_000_000 };
            // SAFETY: sigemptyset initialises the set that it is given.
            done("sigemptyset", unsafe { libc::sigemptyset(none.as_mut_ptr()) });
            // SAFETY: set and time are initialised, the siginfo_t is not asked for.
            let answer = unsafe { libc::sigtimedwait(none.as_ptr(), ptr::null_mut(), &raw const later) };
            assert_eq!((answer, errno()), (-1, libc::EAGAIN));
        }
        // A child that sleeps, and a parent that waits for what it says.
        _ => {
            let child = child(|| {
                thread::sleep(Duration::from_millis(500));
                assert_eq!(write(write_end, b"!"), 1);
                0
            });
            assert_eq!(read_byte(read).0, 1);
            expect_exit(child, 0);
        }
    }
}

fn half_a_second_timer() -> i32 {
    // SAFETY: timerfd_create takes numbers.
    let timer = done("timerfd_create", unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, 0) });
    let setting = libc::itimerspec {
        it_interval: libc::timespec { tv_sec: 0, tv_nsec: 0 },
        it_value: libc::timespec { tv_sec: 0, tv_nsec: 500_000_000 },
    };
    // SAFETY: the setting is initialised, the old one is not asked for.
    done("timerfd_settime", unsafe { libc::timerfd_settime(timer, 0, &raw const setting, ptr::null_mut()) });
    timer
}

fn opens(count: i32) {
    (0..count).for_each(|_| close(open("/dev/null", libc::O_RDONLY)));
}
