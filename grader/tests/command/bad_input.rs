//! Whatever is wrong with what it is given or with the machine: one clear message, the right exit status, nothing lost.

use crate::place::{Circumstances, Place};
use assert_cmd::assert::OutputAssertExt;
use predicates::prelude::*;
use std::fs::{self, File};
use std::io;
use std::num::NonZero;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Something that can be wrong.
struct Case {
    /// What.
    name: &'static str,
    /// Brings it about, and says what is started.
    prepare: fn(&Place) -> Command,
    /// The exit status.
    status: i32,
    /// Where the message is, and words of it.
    message: Message,
    /// What must still be there.
    afterwards: fn(&Place),
}

/// Where the message is.
enum Message {
    /// One line on standard error.
    Trouble(&'static [&'static str]),
    /// A verdict on standard output, and nothing on standard error.
    Verdict(&'static [&'static str]),
    /// Nowhere: there is nothing to complain about.
    Silence,
}

use Message::{Silence, Trouble, Verdict};

fn nothing(_: &Place) {}

#[test]
fn whatever_is_wrong_gets_one_clear_message_and_the_right_exit_status() {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(case) = CASES.get(next.fetch_add(1, Ordering::Relaxed)) {
            examine(case);
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
}

fn examine(case: &Case) {
    let place = Place::new();
    let output = (case.prepare)(&place).output().expect("the grader starts");
    let assert = output.assert().append_context("case", case.name).code(case.status);
    let assert = assert.stderr(predicate::str::contains("panicked").not());
    let contains = |words: &'static [&'static str]| {
        // Text for people is broken into lines wherever that suits.
        let unbroken = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        predicate::function(move |text: &str| words.iter().all(|word| unbroken(text).contains(word)))
    };
    match case.message {
        Trouble(words) => {
            let one_line =
                predicate::str::starts_with("grader: ").and(predicate::str::contains("\n").count(1));
            assert.stderr(one_line.and(contains(words)));
        }
        Verdict(words) => {
            assert.stderr("").stdout(contains(words));
        }
        Silence => {
            assert.stderr("");
        }
    }
    (case.afterwards)(&place);
}

const CASES: &[Case] = &[
    Case {
        name: "an unknown exercise",
        prepare: |place| place.grader(&["check", "frok"]),
        status: 2,
        message: Trouble(&["`frok`", "did you mean `fork`?"]),
        afterwards: nothing,
    },
    Case {
        name: "an unknown check",
        prepare: |place| place.grader(&["hint", "fork", "chld-line"]),
        status: 2,
        message: Trouble(&["`chld-line`", "did you mean `child-line`?"]),
        afterwards: nothing,
    },
    Case {
        name: "a workspace that is not there",
        prepare: |place| place.grader(&["check", "--workspace", "nowhere"]),
        status: 2,
        message: Trouble(&["no workspace at nowhere", "no such file or directory"]),
        afterwards: nothing,
    },
    Case {
        name: "a folder that is not a workspace",
        prepare: |place| place.grader(&["list", "--workspace", "exercises"]),
        status: 2,
        message: Trouble(&["is not a workspace of this course", "exercises/"]),
        afterwards: nothing,
    },
    Case {
        name: "no workspace around the current folder",
        prepare: |place| {
            let mut grader = place.grader(&["check"]);
            grader.current_dir("/");
            grader
        },
        status: 2,
        message: Trouble(&["--workspace DIR"]),
        afterwards: nothing,
    },
    Case {
        name: "a program, and no exercise to judge it as",
        prepare: |place| place.grader(&["check", "--program", "/bin/true"]),
        status: 2,
        message: Trouble(&["exactly one exercise"]),
        afterwards: nothing,
    },
    Case {
        name: "a source file that is missing",
        prepare: |place| {
            fs::remove_file(place.source("hello")).expect("a skeleton");
            place.grader(&["check", "hello"])
        },
        status: 1,
        message: Verdict(&["exercises/1-processes/hello/src/main.rs is missing", "reset hello"]),
        afterwards: nothing,
    },
    Case {
        name: "a FIFO in place of a source file",
        prepare: |place| {
            fs::remove_file(place.source("hello")).expect("a skeleton");
            make_fifo(&place.source("hello"));
            place.grader(&["check", "hello"])
        },
        status: 1,
        message: Verdict(&["hello/src/main.rs is a FIFO, not a file"]),
        afterwards: nothing,
    },
    Case {
        name: "a folder in place of a source file",
        prepare: |place| {
            fs::remove_file(place.source("hello")).expect("a skeleton");
            fs::create_dir(place.source("hello")).expect("writable");
            place.grader(&["check", "hello"])
        },
        status: 1,
        message: Verdict(&["hello/src/main.rs is a folder, not a file"]),
        afterwards: nothing,
    },
    Case {
        name: "a source file that is not text",
        prepare: |place| {
            fs::write(place.source("hello"), b"fn main() {\n    // caf\xe9\n}\n").expect("writable");
            place.grader(&["check", "hello"])
        },
        status: 1,
        message: Verdict(&["hello/src/main.rs is not UTF-8 text", "line 2", "0xe9"]),
        afterwards: |place| {
            assert!(fs::read(place.source("hello")).expect("still there").contains(&0xe9));
        },
    },
    Case {
        name: "a program that is not there",
        prepare: |place| place.grader(&["check", "fork", "--program", "nowhere"]),
        status: 3,
        message: Trouble(&["cannot run nowhere", "no such file or directory"]),
        afterwards: nothing,
    },
    Case {
        name: "a folder as a program",
        prepare: |place| place.grader(&["check", "fork", "--program", "exercises"]),
        status: 3,
        message: Trouble(&["cannot run exercises", "a folder"]),
        afterwards: nothing,
    },
    Case {
        name: "a FIFO as a program",
        prepare: |place| {
            make_fifo(&place.path("fifo"));
            place.grader(&["check", "fork", "--program", "fifo"])
        },
        status: 3,
        message: Trouble(&["cannot run fifo", "a FIFO"]),
        afterwards: nothing,
    },
    Case {
        name: "a program that nobody may execute",
        prepare: |place| {
            fs::copy("/bin/true", place.path("program")).expect("a program");
            let forbidden = fs::Permissions::from_mode(0o644);
            fs::set_permissions(place.path("program"), forbidden).expect("our own file");
            place.grader(&["check", "fork", "--program", "./program"])
        },
        status: 3,
        message: Trouble(&["cannot run ./program", "chmod +x"]),
        afterwards: nothing,
    },
    Case {
        name: "a program for another architecture",
        prepare: |place| {
            let mut bytes = fs::read("/bin/true").expect("a program");
            bytes[18..20].copy_from_slice(&183u16.to_le_bytes());
            program(place, &bytes)
        },
        status: 3,
        message: Trouble(&["ARM (64 bits)", "x86-64"]),
        afterwards: nothing,
    },
    Case {
        name: "half a program",
        prepare: |place| program(place, &fs::read("/bin/true").expect("a program")[..100]),
        status: 3,
        message: Trouble(&["ends before it is complete"]),
        afterwards: nothing,
    },
    Case {
        name: "a script",
        prepare: |place| program(place, b"#!/bin/sh\necho hello world\n"),
        status: 3,
        message: Trouble(&["a script for /bin/sh"]),
        afterwards: nothing,
    },
    Case {
        name: "a trace file that is cut short",
        prepare: |place| {
            let whole =
                place.grader(&["trace", "--json", "--", "true"]).output().expect("the grader starts").stdout;
            fs::write(place.path("half"), &whole[..whole.len() / 2]).expect("writable");
            place.grader(&["trace", "--from", "half"])
        },
        status: 3,
        message: Trouble(&["cannot draw half", "cut short"]),
        afterwards: nothing,
    },
    Case {
        name: "a file that is not a trace",
        prepare: |place| place.grader(&["trace", "--from", "Cargo.toml"]),
        status: 3,
        message: Trouble(&["cannot draw Cargo.toml", "not a trace file"]),
        afterwards: nothing,
    },
    Case {
        name: "a FIFO as a trace file",
        prepare: |place| {
            make_fifo(&place.path("fifo"));
            place.grader(&["trace", "--from", "fifo"])
        },
        status: 3,
        message: Trouble(&["cannot draw fifo", "a FIFO"]),
        afterwards: nothing,
    },
    Case {
        name: "a command that is not in PATH",
        prepare: |place| place.grader(&["trace", "--", "no-such-command"]),
        status: 3,
        message: Trouble(&["no-such-command", "PATH"]),
        afterwards: nothing,
    },
    Case {
        name: "a machine that forbids ptrace, asked for a trace",
        prepare: |place| without_ptrace(place.grader(&["trace", "--", "true"])),
        status: 3,
        message: Trouble(&["does not allow tracing", "SYS_PTRACE"]),
        afterwards: nothing,
    },
    Case {
        name: "a machine that forbids ptrace, asked for a verdict",
        prepare: |place| without_ptrace(place.grader(&["check", "hello", "--solutions"])),
        status: 3,
        message: Trouble(&["does not allow tracing", "SYS_PTRACE"]),
        afterwards: nothing,
    },
    Case {
        name: "a machine that forbids ptrace, asked for a report",
        prepare: |place| without_ptrace(place.grader(&["check", "hello", "--solutions", "--format", "json"])),
        status: 3,
        message: Verdict(&["\"cannot-tell\"", "does not allow tracing"]),
        afterwards: nothing,
    },
    Case {
        name: "a machine that forbids ptrace, asked what it allows",
        prepare: |place| without_ptrace(place.grader(&["doctor"])),
        status: 3,
        message: Verdict(&["missing", "does not allow tracing"]),
        afterwards: nothing,
    },
    Case {
        name: "a disk that is full when progress is to be written",
        prepare: |place| {
            checked(place, &["check", "hello"]);
            let mut grader = place.grader(&["hint", "hello", "status"]);
            grader.with_files_up_to(0);
            grader
        },
        status: 0,
        message: Trouble(&["cannot write .forklings/progress.json", "file too large", "is kept"]),
        afterwards: |place| {
            let progress = fs::read_to_string(place.path(".forklings/progress.json")).expect("still there");
            assert!(progress.contains("\"failing\""), "{progress}");
            let files = fs::read_dir(place.path(".forklings")).expect("a folder").count();
            assert_eq!(files, 3, ".gitignore, builds.json and progress.json, and nothing half-written");
        },
    },
    Case {
        name: "a disk that is full when the report is to be written",
        prepare: |place| {
            checked(place, &["check", "hello", "--solutions"]);
            fs::write(place.path("report"), "the last report").expect("writable");
            let mut grader = place.grader(&["check", "hello", "--solutions", "--output", "report"]);
            grader.with_files_up_to(0);
            grader
        },
        status: 3,
        message: Trouble(&["cannot write report", "file too large"]),
        afterwards: |place| {
            let report = fs::read_to_string(place.path("report")).expect("still there");
            assert_eq!(report, "the last report");
        },
    },
    Case {
        name: "a report for a folder that is not there",
        prepare: |place| place.grader(&["check", "hello", "--solutions", "--output", "nowhere/report"]),
        status: 3,
        message: Trouble(&["cannot write nowhere/report", "no such file or directory"]),
        afterwards: nothing,
    },
    Case {
        name: "standard output on a full disk",
        prepare: |place| {
            let mut grader = place.grader(&["list"]);
            grader.stdout(File::options().write(true).open("/dev/full").expect("a device"));
            grader
        },
        status: 3,
        message: Trouble(&["cannot write to standard output", "no space left on device"]),
        afterwards: nothing,
    },
    Case {
        name: "a reader that has seen enough",
        prepare: |place| {
            let mut grader = place.grader(&["check", "hello"]);
            grader.stdout(closed());
            grader
        },
        status: 1,
        message: Silence,
        afterwards: |place| {
            let progress = fs::read_to_string(place.path(".forklings/progress.json")).expect("written");
            assert!(progress.contains("hello"), "{progress}");
        },
    },
    Case {
        name: "a progress file that makes no sense",
        prepare: |place| {
            fs::create_dir(place.path(".forklings")).expect("writable");
            fs::write(place.path(".forklings/progress.json"), "{\"schema\":").expect("writable");
            place.grader(&["list"])
        },
        status: 0,
        message: Trouble(&["damaged", ".forklings/progress.json.corrupt-1"]),
        afterwards: |place| {
            let kept = fs::read_to_string(place.path(".forklings/progress.json.corrupt-1")).expect("kept");
            assert_eq!(kept, "{\"schema\":");
        },
    },
    Case {
        name: "no place for progress",
        prepare: |place| {
            fs::write(place.path(".forklings"), "a file").expect("writable");
            place.grader(&["check", "hello", "--format", "json"])
        },
        status: 1,
        message: Trouble(&[".forklings", "not a directory"]),
        afterwards: nothing,
    },
    Case {
        name: "no cargo",
        prepare: |place| {
            let mut grader = place.grader(&["check", "hello"]);
            grader.env_remove("CARGO").env("PATH", "/nowhere");
            grader
        },
        status: 3,
        message: Trouble(&["cannot start cargo", "rustup"]),
        afterwards: nothing,
    },
];

fn make_fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().expect("mkfifo");
    assert!(made.success());
}

/// Checks these bytes as a program.
fn program(place: &Place, bytes: &[u8]) -> Command {
    fs::write(place.path("program"), bytes).expect("writable");
    let allowed = fs::Permissions::from_mode(0o755);
    fs::set_permissions(place.path("program"), allowed).expect("our own file");
    place.grader(&["check", "fork", "--program", "program"])
}

/// Checks something beforehand.
fn checked(place: &Place, arguments: &[&str]) {
    place.grader(arguments).output().expect("the grader starts");
}

fn without_ptrace(mut grader: Command) -> Command {
    grader.without(&[(libc::SYS_ptrace, libc::EPERM)]);
    grader
}

/// A pipe that nobody reads.
fn closed() -> Stdio {
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}
