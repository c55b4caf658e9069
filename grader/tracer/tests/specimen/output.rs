//! What a program writes, and where to.

use crate::kernel::*;
use libc::{c_int, c_void};
use std::ptr;

pub fn mode(mode: &str, args: &[&str]) -> Option<i32> {
    match (mode, args) {
        ("binary", []) => binary(),
        ("no_newline", []) => say("no newline"),
        ("out_and_err", []) => out_and_err(),
        ("gathered", []) => gathered(),
        ("sent_from_a_file", [file]) => sent_from_a_file(file),
        ("spliced", []) => spliced(),
        ("flood", [fd, megabytes]) => {
            flood(fd.parse().expect("a number"), megabytes.parse().expect("a number"))
        }
        ("at_once", [bytes]) => {
            let bytes = vec![b'x'; bytes.parse().expect("a number")];
            assert_eq!(write(1, &bytes), bytes.len());
        }
        ("in_turns", []) => in_turns(),
        ("closes_stdout", []) => closes_stdout(),
        ("into_a_file", [file]) => into_a_file(file),
        ("opens_stdout_again", [name]) => opens_stdout_again(name),
        ("opens_its_terminal", []) => opens_its_terminal(),
        ("terminal_outlives_root", []) => terminal_outlives_root(),
        ("no_controlling_terminal", []) => no_controlling_terminal(),
        ("last_words_of_many", [count]) => last_words_of_many(count.parse().expect("a count")),
        _ => return None,
    }
    Some(0)
}

fn binary() {
    let all: Vec<u8> = (0..=255).collect();
    (0..3).for_each(|_| assert_eq!(write(1, &all), 256));
}

fn out_and_err() {
    say("to out\n");
    assert_eq!(write(2, b"to err\n"), 7);
    say("to out again\n");
}

/// writev(2).
fn gathered() {
    let piece = |text: &'static str| libc::iovec {
        iov_base: text.as_ptr().cast_mut().cast::<c_void>(),
        iov_len: text.len(),
    };
    let pieces = [piece("one, "), piece(""), piece("two, "), piece("three\n")];
    // SAFETY: the pieces are static strings, and there are as many as is said.
    assert_eq!(done("writev", unsafe { libc::writev(1, pieces.as_ptr(), pieces.len() as c_int) } as i64), 16);
}

/// sendfile(2), all of a file of 12 bytes.
fn sent_from_a_file(file: &str) {
    let file = open(file, libc::O_RDONLY);
    // SAFETY: the offset is not asked for.
    let sent = done("sendfile", unsafe { libc::sendfile(1, file, ptr::null_mut(), 100) } as i64);
    assert_eq!(sent, 12);
}

/// splice(2) from a pipe.
fn spliced() {
    let (read, write_end) = pipe();
    assert_eq!(write(write_end, b"through a pipe\n"), 15);
    // SAFETY: offsets are not asked for.
    let moved = unsafe { libc::splice(read, ptr::null_mut(), 1, ptr::null_mut(), 100, 0) };
    assert_eq!(done("splice", moved as i64), 15);
}

fn flood(fd: c_int, megabytes: usize) {
    let block = vec![b'x'; 1 << 16];
    let mut left = megabytes << 20;
    while left > 0 {
        left -= write(fd, &block[..left.min(block.len())]);
    }
}

/// Parent and child write in turns, each in two pieces; pipes give the turn.
fn in_turns() {
    let (to_child, from_parent) = pipe();
    let (to_parent, from_child) = pipe();
    let speak = |name: &str, turn: c_int, pass: c_int| {
        for round in 0..20 {
            assert_eq!(read_byte(turn).0, 1);
            say(&format!("{name} "));
            say(&format!("{round}\n"));
            write(pass, b"!");
        }
    };
    let child = child(|| {
        speak("child", to_child, from_child);
        0
    });
    assert_eq!(write(from_child, b"!"), 1);
    speak("parent", to_parent, from_parent);
    expect_exit(child, 0);
}

fn closes_stdout() {
    say("before\n");
    close(1);
    // SAFETY: the bytes are static; the descriptor is closed, so that nothing is written.
    assert_eq!(unsafe { libc::write(1, c"lost\n".as_ptr().cast(), 5) }, -1);
    assert_eq!(errno(), libc::EBADF);
}

fn into_a_file(file: &str) {
    say("to the terminal\n");
    let saved = done("dup", {
        // SAFETY: dup takes a number.
        unsafe { libc::dup(1) }
    });
    let file = open(file, libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC);
    dup2(file, 1);
    say("to the file\n");
    dup2(saved, 1);
    say("to the terminal again\n");
}

fn opens_stdout_again(name: &str) {
    let again = open(name, libc::O_WRONLY);
    assert_eq!(write(again, b"by another name\n"), 16);
}

fn terminal_name() -> String {
    let name = std::fs::read_link("/proc/self/fd/1").expect("/proc is there");
    name.to_str().expect("a UTF-8 name").to_owned()
}

fn opens_its_terminal() {
    opens_stdout_again(&terminal_name());
}

/// A program that is started from a shell leads no session: what it opens does not become its controlling
/// terminal, and its end hangs up nobody.
fn terminal_outlives_root() {
    close(open(&terminal_name(), libc::O_RDWR));
    let root = pid();
    child(|| {
        until(|| parent() != root);
        say("still heard\n");
        0
    });
}

fn no_controlling_terminal() {
    assert_eq!(try_open("/dev/tty", libc::O_RDWR), -1);
    assert_eq!(errno(), libc::ENXIO);
    // SAFETY: getsid takes a number.
    let session = unsafe { libc::getsid(0) };
    // SAFETY: getpgrp takes nothing.
    let group = unsafe { libc::getpgrp() };
    assert_ne!(session, pid(), "it leads a session");
    assert_eq!(group, pid(), "it leads no process group");
}

/// The last thing each of them does is to write; nobody waits for them.
fn last_words_of_many(count: i32) {
    for number in 0..count {
        child(|| {
            say(&format!("{number}\n"));
            0
        });
    }
}
