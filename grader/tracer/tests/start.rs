//! From a launch to a program's first instruction: what it finds, and what can go wrong before.

use crate::stage::*;
use grader_trace::{Ending, Errno, Fd, Operation, Outcome, Stamp, Tables, TaskId};
use grader_tracer::Trouble;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn right(stage: &Stage) -> grader_tracer::Recording {
    let recording = stage.run();
    assert_eq!(root_status(&recording.trace), Some(exited(0)), "{}", listing(&recording.trace));
    recording
}

#[test]
fn a_file_that_cannot_be_executed_is_the_graders_trouble() {
    let folder = Folder::new();
    let plain = folder.file("plain", b"#!/bin/sh\n");
    let garbage = folder.file("garbage", b"\x7fnot a program");
    let interpreter = folder.file("interpreter", b"#!/nowhere/sh\n");
    for file in [&garbage, &interpreter] {
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    }
    let missing = folder.path().join("missing");
    let beyond = plain.join("beyond");
    let files = [
        (missing.as_path(), libc::ENOENT),
        (folder.path(), libc::EACCES),
        (&plain, libc::EACCES),
        (&garbage, libc::ENOEXEC),
        (&interpreter, libc::ENOENT),
        (&beyond, libc::ENOTDIR),
    ];
    for (file, errno) in files {
        match Stage::program(file, &["program"]).trouble() {
            Trouble::Program { path, error } => {
                assert_eq!((path.as_path(), error.raw_os_error()), (file, Some(errno)));
            }
            other => panic!("{}: {other:?}", file.display()),
        }
    }
}

#[test]
fn a_missing_working_directory_is_named() {
    let folder = Folder::new();
    let missing = folder.path().join("missing");
    let trouble = Stage::of("exit", &["0"]).dir(&missing).trouble();
    assert!(trouble.to_string().contains(folder.path().to_str().expect("UTF-8")), "{trouble}");
    match trouble {
        Trouble::Directory { path, error } => {
            assert_eq!((path, error.kind()), (missing, ErrorKind::NotFound))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_nul_byte_in_an_argument_is_refused() {
    let mut stage = Stage::of("exit", &["0"]);
    stage.launch.argv.push(OsString::from("a\0b"));
    assert!(matches!(stage.trouble(), Trouble::Program { .. }));
}

#[test]
fn the_environment_is_exactly_what_was_given() {
    let mut stage = Stage::program(Path::new("/usr/bin/env"), &["env"]);
    stage.launch.env.push(("ODD NAME".into(), "a=b\tc".into()));
    stage.launch.env.push(("EMPTY".into(), "".into()));
    let expected =
        format!("PATH=/usr/local/bin:/usr/bin:/bin\nSTAGE={}\nODD NAME=a=b\tc\nEMPTY=\n", stage.mark());
    assert_eq!(said(&right(&stage)), expected);
}

#[test]
fn arguments_arrive_as_they_are() {
    let argv = ["printf", r"%s|%s|%s\n", "two words", "", "ünïcode"];
    let recording = right(&Stage::program(Path::new("/usr/bin/printf"), &argv));
    assert_eq!(said(&recording), "two words||ünïcode\n");
    let header = recording.trace.header();
    assert_eq!(header.argv.iter().filter_map(|arg| arg.as_str()).collect::<Vec<_>>(), argv);
}

#[test]
fn only_the_three_standard_descriptors_are_open() {
    let recording = right(&Stage::of("tells_its_descriptors", &[]));
    assert_eq!(said(&recording), "0 1 2\n/dev/null\n");
}

#[test]
fn working_directory_and_umask_are_those_given() {
    let folder = Folder::new();
    let recording = right(&Stage::program(Path::new("/bin/pwd"), &["pwd"]).dir(folder.path()));
    let expected = folder.path().canonicalize().expect("it is there");
    assert_eq!(said(&recording).trim_end(), expected.to_str().expect("UTF-8"));
    let mut stage = Stage::of("tells_its_umask", &[]);
    stage.launch.umask = Some(0o027);
    assert_eq!(said(&right(&stage)), "027\n");
}

#[test]
fn nothing_odd_about_the_caller_concerns_the_program() {
    // A C program: Rust's runtime would itself ignore SIGPIPE.
    let traced = Traced::of("among oddities", &["/bin/cat", "/proc/self/status"]);
    let field = |name: &str| {
        let line = traced.output.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {}", traced.output)).trim().to_owned()
    };
    for set in ["SigQ", "SigPnd:", "ShdPnd:", "SigBlk:", "SigIgn:", "SigCgt:"] {
        let value = field(set);
        assert!(set == "SigQ" || value == "0000000000000000", "{set} {value}");
    }
    assert_eq!((field("Umask:").as_str(), field("NoNewPrivs:").as_str()), ("0022", "1"));
    let traced = Traced::of("among oddities", &["tells_its_descriptors"]);
    assert_eq!(traced.output, "0 1 2\n/dev/null\n");
    assert_eq!(*traced.trace.ending(), Ending::Finished);
}

#[test]
fn what_a_tracer_cannot_see_does_not_exist() {
    right(&Stage::of("ignored_by_the_kernel", &[]));
}

#[test]
fn calls_that_go_round_the_filter_kill() {
    let trace = Stage::of("x32", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(killed(libc::SIGSYS)));
    // A kernel without 32-bit programs has no such gate: then it is a fault.
    let trace = Stage::of("calls_of_another_architecture", &[]).run().trace;
    assert!([Some(killed(libc::SIGSYS)), Some(killed(libc::SIGSEGV))].contains(&root_status(&trace)));
}

#[test]
fn strings_at_the_edge_of_a_page_are_read() {
    let recording = right(&Stage::of("strings_at_the_edge", &[]));
    assert_strings_at_the_edge(&recording.trace);
    assert_eq!(said(&recording), "edge\n");
}

/// The paths of the failed opens, by their lengths, and the vector of the failed exec.
pub fn assert_strings_at_the_edge(trace: &grader_trace::Trace) {
    let opened = trace.events_of(TaskId::ROOT).filter_map(|(_, event)| match &event.op {
        Operation::Open { path, result: Outcome::Failed(errno), .. } if path.0.starts_with(b"/nowhere/") => {
            Some((path.0.len(), *errno))
        }
        _ => None,
    });
    let opened: Vec<_> = opened.collect();
    // The path that is too long is written down as far as a path can go.
    let expected = [(19, Errno::ENOENT), (4096, Errno(libc::ENAMETOOLONG)), (30, Errno(libc::EFAULT))];
    assert_eq!(opened, expected, "{}", listing(trace));
    let (_, exec) = trace.execs(TaskId::ROOT)[0];
    assert_eq!(exec.argv.iter().filter_map(|arg| arg.as_str()).collect::<Vec<_>>(), ["edge\n"]);
}

/// The root's table, as the trace tells it, in the words of the specimen.
fn table(trace: &grader_trace::Trace, moment: Stamp) -> String {
    let tables = Tables::at(trace, moment);
    let table = tables.table(TaskId::ROOT).expect("the root is alive");
    let word = |(fd, slot): (&Fd, &grader_trace::Slot)| {
        if slot.cloexec { format!("{}x", fd.0) } else { fd.0.to_string() }
    };
    table.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_descriptor_table_that_follows_from_the_trace_is_the_kernels() {
    for (mode, lines) in [("tour_of_descriptors", 15), ("shares_a_table", 3)] {
        let recording = right(&Stage::of(mode, &[]));
        let told: Vec<_> =
            recording.trace.lines().into_iter().filter(|line| !line.text.0.starts_with(b"/")).collect();
        assert_eq!(told.len(), lines);
        for line in told {
            assert_eq!(Some(table(&recording.trace, line.span.0).as_str()), line.text.as_str(), "{mode}");
        }
    }
}

#[test]
fn what_it_takes_to_find_source_lines_is_kept_for_every_task() {
    let mut stage = Stage::of("speaks_after_fork", &["waits"]);
    stage.launch.snapshots = true;
    let recording = right(&stage);
    let writes = recording.trace.pieces();
    assert_eq!(writes.len(), 2);
    for piece in writes {
        let event = &recording.trace.events()[piece.event];
        let snapshot = recording.snapshots.get(&event.begin).expect("each write of the program has one");
        let ip = *snapshot.registers.last().expect("the instruction pointer");
        assert!(snapshot.modules.iter().any(|module| (module.start..module.end).contains(&ip)));
        let program = snapshot.modules.iter().filter(|module| module.path == specimen());
        assert!(program.count() > 0 && !snapshot.stack.is_empty());
    }
}
