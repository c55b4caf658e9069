//! Programs whose schedule or luck the tracer decides.

use crate::kernel::*;
use std::thread;
use std::time::Duration;

pub fn mode(mode: &str, args: &[&str]) -> Option<i32> {
    match (mode, args) {
        ("speaks_after_fork", [how]) => speaks_after_fork(how),
        ("tour_of_waiting", []) => tour_of_waiting(),
        ("forks", [count]) => forks(count.parse().expect("a count")),
        ("forks_in_a_thread", []) => thread::spawn(|| forks(2)).join().expect("the thread ends"),
        ("execs_along_the_path", []) => execs_along_the_path(),
        ("makes_pipes", [count]) => makes_pipes(count.parse().expect("a count")),
        ("waits_for", children) => waits_for(children),
        _ => return None,
    }
    Some(0)
}

fn speaks_after_fork(how: &str) {
    let child = child(|| {
        say("child\n");
        0
    });
    say("parent\n");
    match how {
        "waits" => expect_exit(child, 0),
        "asks" => until(|| wait_with(child, libc::WNOHANG).0 == child),
        _ => {}
    }
}

/// Parents and children wait for each other in every way, and at the end both speak.
fn tour_of_waiting() {
    child_waits_for_a_byte(|| ());
    child_waits_for_a_byte(|| thread::spawn(|| ()).join().expect("the thread ends"));
    for args in [["exit", "0"], ["exit", "3"]] {
        let child = child(|| {
            become_specimen(&args);
            127
        });
        expect_exit(child, args[1].parse().expect("a code"));
    }
    crate::births::mode("posix_spawn", &[]);
    crate::births::mode("vfork", &[]);
    thread::spawn(|| expect_exit(child(|| 2), 2)).join().expect("the thread ends");
    let sleeper = child(|| 0);
    thread::sleep(Duration::from_millis(20));
    expect_exit(sleeper, 0);
    let stopped = child(|| pause_for_ever());
    crate::signals::stop(stopped);
    kill(stopped, libc::SIGKILL);
    expect_kill(stopped, libc::SIGKILL);
    speaks_after_fork("waits");
}

/// The child does something, and then cannot go on before the parent has.
fn child_waits_for_a_byte(first: impl FnOnce()) {
    let (read, write_end) = pipe();
    let child = child(|| {
        first();
        read_byte(read).0 as i32
    });
    assert_eq!(write(write_end, b"!"), 1);
    expect_exit(child, 1);
    close(read);
    close(write_end);
}

fn forks(count: i32) {
    for _ in 0..count {
        // SAFETY: the child exits at once.
        match unsafe { libc::fork() } {
            -1 => say(&format!("fork: {}\n", errno())),
            0 => exit(0),
            child => {
                expect_exit(child, 0);
                say("fork: done\n");
            }
        }
    }
}

/// execvp(3): a search along PATH, which the environment gives as three folders.
fn execs_along_the_path() {
    let child = child(|| {
        let argv = [c"wc".as_ptr(), std::ptr::null()];
        // SAFETY: the strings end with NUL, the vector with a null pointer.
        unsafe { libc::execvp(c"wc".as_ptr(), argv.as_ptr()) };
        errno()
    });
    expect_exit(child, libc::ENOENT);
}

fn makes_pipes(count: i32) {
    for _ in 0..count {
        let mut ends = [0; 2];
        // SAFETY: `ends` has room for two descriptors.
        match unsafe { libc::pipe(ends.as_mut_ptr()) } {
            0 => say("pipe: done\n"),
            _ => say(&format!("pipe: {}\n", errno())),
        }
    }
}

/// Children that end by themselves, or are deaf to SIGTERM; their status words are told.
fn waits_for(children: &[&str]) {
    for kind in children {
        let child = child(|| {
            if *kind == "deaf" {
                on_signal(libc::SIGTERM, libc::SIG_IGN, 0);
            }
            3
        });
        say(&format!("{}\n", wait(child)));
    }
}
