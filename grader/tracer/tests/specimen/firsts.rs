//! Programs that begin with something that copies of a started program could share, or that all of them have by
//! themselves; then a parent and a child do something with it.

use crate::kernel::*;
use libc::c_int;
use std::sync::atomic::{AtomicBool, Ordering};

pub fn mode(mode: &str, args: &[&str]) -> Option<i32> {
    match (mode, args) {
        ("begins_with", [what]) => begins_with(what),
        _ => return None,
    }
    Some(0)
}

fn begins_with(what: &str) {
    match what {
        "a_pipe" => {
            let (reads, writes) = pipe();
            both(|| say_to(writes), || close(writes));
            // The child's byte, and then the end: nobody else holds the write end.
            while let (1, _) = read_byte(reads) {
                say("byte ");
            }
        }
        "a_word" => {
            say("first ");
            both(|| say("child "), || say("parent "));
        }
        "a_folder" => {
            // SAFETY: the name is a string with its end.
            done("chdir", unsafe { libc::chdir(c"/dev".as_ptr()) });
            let there = || say(if try_open("null", libc::O_RDONLY) >= 0 { "there " } else { "elsewhere " });
            both(there, there);
        }
        "a_handler" => {
            static CAME: AtomicBool = AtomicBool::new(false);
            extern "C" fn note(_: c_int) {
                CAME.store(true, Ordering::Relaxed);
            }
            let handler: extern "C" fn(c_int) = note;
            on_signal(libc::SIGUSR1, handler as libc::sighandler_t, 0);
            let parent = pid();
            both(|| kill(parent, libc::SIGUSR1), || ());
            say(if CAME.load(Ordering::Relaxed) { "came " } else { "did not come " });
        }
        "an_offset" => reads_on(),
        "a_file_closed" => {
            let begin = || {
                let file = open("/etc/passwd", libc::O_RDONLY);
                let byte = byte_of(file);
                close(file);
                say(&format!("{byte} "));
            };
            begin();
            both(begin, begin);
        }
        "a_copy_of_stdout" => {
            dup2(1, 9);
            both(|| say_to(9), || close(9));
        }
        "no_stdin" => {
            close(0);
            // The lowest number that is free.
            let (reads, writes) = pipe();
            both(|| say_to(writes), || close(writes));
            say(&format!("{reads}: {} ", byte_of(reads)));
        }
        "its_number" => {
            let root = pid();
            both(|| say(if parent() == root { "its child " } else { "an orphan " }), || ());
        }
        "its_memory" => {
            let mut bytes = vec![b'm'; 1 << 20];
            both(|| say("child "), || bytes[1 << 19] = b'n');
            say(if bytes[1 << 19] == b'n' { "its own " } else { "not its own " });
        }
        "a_child" => both(|| say("child "), || say("parent ")),
        "a_thread" => std::thread::spawn(|| ()).join().expect("a thread that does nothing"),
        other => panic!("nothing begins with {other}"),
    }
}

/// A child does one thing, its parent another; then the child is reaped.
fn both(in_the_child: impl FnOnce(), in_the_parent: impl FnOnce()) {
    let child = child(|| {
        in_the_child();
        0
    });
    in_the_parent();
    wait(child);
}

/// The offset of an open file is that of parent and child, and not that of another execution.
fn reads_on() {
    let file = open(own_program().to_str().expect("a name"), libc::O_RDONLY);
    for _ in 0..2 {
        byte_of(file);
    }
    let next = || say(&format!("{} ", byte_of(file)));
    both(next, next);
    next();
}

/// One byte into a pipe, or onto the terminal.
fn say_to(fd: c_int) {
    assert_eq!(write(fd, b"c"), 1);
}

/// The next byte of a file, as a number.
fn byte_of(file: c_int) -> u8 {
    let mut byte = 0;
    // SAFETY: `byte` is alive and one byte long.
    done("read", unsafe { libc::read(file, (&raw mut byte).cast(), 1) } as i64);
    byte
}
