//! Whatever way a program makes a call, and however it was built: the line is found.

use crate::stopped::{Built, END, Stop, stops};
use grader_program::{DebugInfo, Frame, Programs, inspect};
use grader_trace::Snapshot;
use std::path::Path;
use std::process::Command;

const CALLS: [i64; 6] = [
    libc::SYS_write,
    libc::SYS_clone,
    libc::SYS_vfork,
    libc::SYS_wait4,
    libc::SYS_clock_gettime,
    libc::SYS_tgkill,
];

/// What the lines of `calls.rs` write, wherever the text itself says so.
const RUST_TEXTS: [&str; 13] = [
    "by println",
    "in two parts, sent at once",
    "on stderr",
    "by write_all",
    "by a function of ours",
    "by an inlined function",
    "at the bottom",
    "in a closure",
    "in a thread",
    "without libc",
    "without a frame",
    "in a handler",
    "in the child",
];

const C_TEXTS: [&str; 6] = [
    "by printf",
    "by an inlined function",
    "by a tail call",
    "in a handler",
    "in the child",
    "never returns",
];

/// The other calls, and the words on their lines.
const SILENT: [(i64, &str); 3] =
    [(libc::SYS_wait4, "waits"), (libc::SYS_clone, "forks"), (libc::SYS_tgkill, "raises a signal")];

struct Run {
    built: Built,
    programs: Programs,
    stops: Vec<Stop>,
}

impl Run {
    fn of(built: Built) -> Run {
        let stops = stops(Command::new(built.program()), &CALLS);
        Run { built, programs: Programs::new(), stops }
    }

    fn line(&self, snapshot: &Snapshot) -> Option<u32> {
        self.programs.site(snapshot, &|file| file == self.built.source).map(|site| site.line)
    }

    fn writes(&self, text: &str) -> &Stop {
        let found = self.stops.iter().find(|stop| stop.text == text);
        found.unwrap_or_else(|| panic!("{text:?} is never written"))
    }

    fn stack(&self, text: &str) -> Vec<Frame> {
        self.programs.stack(&self.writes(text).snapshot)
    }

    /// Each text has been written by the line that says so, and each other call was made by its line.
    fn finds_all(&self, texts: &[&str], silent: &[(i64, &str)]) {
        for text in texts {
            let expected = self.built.line(text);
            assert!(expected.is_some(), "no line says {text:?}");
            assert_eq!(self.line(&self.writes(text).snapshot), expected, "{text}: {:#?}", self.stack(text));
        }
        for (call, words) in silent {
            let stop =
                self.stops.iter().rfind(|stop| stop.call == *call && self.line(&stop.snapshot).is_some());
            let stop = stop.unwrap_or_else(|| panic!("no line for the call that {words}"));
            assert_eq!(self.line(&stop.snapshot), self.built.line(words), "{words}");
        }
    }
}

fn rust(options: &[&str]) -> Run {
    Run::of(Built::rust(options))
}

fn c(options: &[&str]) -> Option<Run> {
    Built::c(options).map(Run::of)
}

#[test]
fn in_a_debug_program() {
    let run = rust(&["-g"]);
    run.finds_all(&RUST_TEXTS, &SILENT);
    let todo = run.stops.iter().rfind(|stop| stop.text.contains("never returns")).expect("a panic message");
    assert_eq!(run.line(&todo.snapshot), run.built.line("never returns"));
}

#[test]
fn in_an_optimised_program() {
    rust(&["-g", "-O"]).finds_all(&RUST_TEXTS, &SILENT);
}

#[test]
fn with_line_tables_only() {
    rust(&["-Cdebuginfo=line-tables-only"]).finds_all(&RUST_TEXTS, &SILENT);
}

#[test]
fn in_a_program_that_is_not_position_independent() {
    rust(&["-g", "-Crelocation-model=static"]).finds_all(&RUST_TEXTS, &SILENT);
}

#[test]
fn in_a_statically_linked_program() {
    if Built::c(&["-static-pie"]).is_none() {
        return;
    }
    rust(&["-g", "-Ctarget-feature=+crt-static"]).finds_all(&RUST_TEXTS, &SILENT);
}

#[test]
fn with_frame_pointers_and_the_newer_debug_format() {
    rust(&["-g", "-Cforce-frame-pointers", "-Cdwarf-version=5"]).finds_all(&RUST_TEXTS, &SILENT);
}

#[test]
fn names_are_readable() {
    let run = rust(&["-g"]);
    let stack = run.stack("by a function of ours");
    let names: Vec<_> = stack.iter().filter_map(|frame| frame.function.as_deref()).collect();
    assert!(names.contains(&"calls::raw") && names.contains(&"calls::main"), "{names:?}");
    assert!(names.iter().all(|name| !name.starts_with("_R") && !name.starts_with("_ZN")), "{names:?}");
}

#[test]
fn inlined_functions_are_frames_of_their_own() {
    let run = rust(&["-g", "-O"]);
    let stack = run.stack("by an inlined function");
    let at = stack.iter().position(|frame| frame.inlined).expect("an inlined frame");
    let line = |frame: &Frame| frame.source.as_ref().and_then(|source| source.line);
    assert_eq!(stack[at].function.as_deref(), Some("calls::inlined"));
    assert_eq!(line(&stack[at]), run.built.line("by an inlined function"));
    assert_eq!(stack[at + 1].function.as_deref(), Some("calls::around"));
    assert_eq!(line(&stack[at + 1]), run.built.line("calls the inlined function"));
}

#[test]
fn a_signal_handler_stands_on_what_it_interrupted() {
    let run = rust(&["-g"]);
    let stack = run.stack("in a handler");
    let handler = stack.iter().position(|frame| frame.function.as_deref() == Some("calls::handler"));
    let raise = run.built.line("raises a signal");
    let main = stack.iter().position(|frame| {
        frame.function.as_deref() == Some("calls::main")
            && frame.source.as_ref().and_then(|source| source.line) == raise
    });
    assert!(handler.is_some() && handler < main, "{stack:#?}");
}

#[test]
fn in_c_programs() {
    let ways: [&[&str]; 7] = [
        &["-g", "-O0"],
        &["-g", "-O0", "-no-pie"],
        &["-g", "-O0", "-static"],
        &["-g", "-O0", "-static-pie"],
        &["-g", "-O0", "-gdwarf-4"],
        &["-g", "-O0", "-fno-asynchronous-unwind-tables", "-fno-omit-frame-pointer"],
        &["-g", "-O0", "-gdwarf-5", "-fdebug-types-section"],
    ];
    for options in ways {
        let Some(run) = c(options) else { continue };
        let clock = (libc::SYS_clock_gettime, "asks the clock");
        run.finds_all(&C_TEXTS, &[(libc::SYS_wait4, "waits"), (libc::SYS_vfork, "forks"), clock]);
    }
}

#[test]
fn a_tail_call_leaves_the_line_of_its_caller() {
    let Some(run) = c(&["-g", "-O2", "-fno-inline"]) else { return };
    let line = run.line(&run.writes("by a tail call").snapshot);
    assert_eq!(line, run.built.line("calls by a tail call"));
    assert_eq!(
        run.line(&run.writes("by an inlined function").snapshot),
        run.built.line("by an inlined function")
    );
}

#[test]
fn without_debug_information_there_are_frames_but_no_lines() {
    let programs = [
        (Some(rust(&["-Cstrip=symbols"])), DebugInfo::Missing),
        (Some(rust(&["-g", "-Clink-arg=-Wl,--compress-debug-sections=zlib"])), DebugInfo::Compressed),
        (c(&["-O2"]), DebugInfo::Missing),
        (c(&["-s"]), DebugInfo::Missing),
        (c(&["-s", "-static"]), DebugInfo::Missing),
    ];
    for (run, expected) in programs.iter().filter_map(|(run, expected)| Some((run.as_ref()?, expected))) {
        let own = run.built.program();
        assert_eq!(inspect(&own).expect("a program").debug_info, *expected);
        let words = if run.built.source.ends_with("calls.c") { "by printf" } else { "by println" };
        let stack = run.stack(words);
        assert!(stack.iter().all(|frame| frame.site().is_none()), "{stack:#?}");
        assert!(stack.iter().any(|frame| frame.module.as_ref() == Some(&own)), "{stack:#?}");
        assert_eq!(run.line(&run.writes(words).snapshot), None);
    }
}

#[test]
fn every_way_to_link_makes_a_program() {
    let ways: [(&[&str], bool, bool); 4] = [
        (&["-g"], true, true),
        (&["-g", "-no-pie"], false, true),
        (&["-g", "-static"], false, false),
        (&["-g", "-static-pie"], true, false),
    ];
    for (options, position_independent, interpreter) in ways {
        let Some(built) = Built::c(options) else { continue };
        let inspection = inspect(&built.program()).expect("a program");
        assert_eq!(inspection.position_independent, position_independent, "{options:?}");
        assert_eq!(inspection.interpreter.is_some(), interpreter, "{options:?}");
        assert_eq!(inspection.debug_info, DebugInfo::Present, "{options:?}");
    }
}

#[test]
fn a_program_that_was_built_again_is_read_again() {
    let Some(run) = c(&["-g"]) else { return };
    let Some(stripped) = Built::c(&["-s"]) else { return };
    let snapshot = &run.writes("by printf").snapshot;
    let kept = run.built.folder.path().join("kept");
    assert_eq!(run.line(snapshot), run.built.line("by printf"));
    std::fs::rename(run.built.program(), &kept).expect("put the program aside");
    assert_eq!(run.line(snapshot), None);
    std::fs::copy(stripped.program(), run.built.program()).expect("put another in its place");
    assert_eq!(run.line(snapshot), None);
    std::fs::rename(&kept, run.built.program()).expect("put the program back");
    assert_eq!(run.line(snapshot), run.built.line("by printf"));
}

#[test]
fn threads_share_what_was_read() {
    let run = rust(&["-g"]);
    let sites = |run: &Run| run.stops.iter().map(|stop| run.line(&stop.snapshot)).collect::<Vec<_>>();
    let alone = sites(&run);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| sites(&run))).collect();
        for thread in threads {
            assert_eq!(thread.join().expect("no panic"), alone);
        }
    });
    assert!(alone.iter().flatten().count() > RUST_TEXTS.len());
}

#[test]
fn the_line_where_a_program_ends() {
    for options in [&["-g"][..], &["-g", "-O"]] {
        let built = Built::rust_program("ends.rs", options);
        for way in ["store", "jump", "abort", "exit", "kill"] {
            let mut command = Command::new(built.program());
            command.arg(way);
            let stops = stops(command, &[END]);
            let [end] = stops.as_slice() else { panic!("{way}: {} ends", stops.len()) };
            let expected = built.line(way);
            assert!(expected.is_some(), "no line says {way:?}");
            let site = Programs::new().site(&end.snapshot, &|file| file == built.source);
            assert_eq!(site.map(|site| site.line), expected, "{way}");
        }
    }
}

#[test]
fn through_a_crate() {
    const LINE: u32 = line!() + 3;
    if std::env::var_os("FORKLINGS_TEST_IS_TRACED").is_some() {
        let text = b"through nix\n";
        let written = nix::unistd::write(std::io::stdout(), text);
        assert_eq!(written, Ok(text.len()));
        return;
    }
    let mut command = Command::new(std::env::current_exe().expect("the path of this test"));
    command.args(["--exact", "sites::through_a_crate", "--nocapture"]).env("FORKLINGS_TEST_IS_TRACED", "1");
    let stops = stops(command, &[libc::SYS_write]);
    let stop = stops.iter().find(|stop| stop.text == "through nix").expect("the write");
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let site = Programs::new().site_under(&stop.snapshot, package).expect("a site");
    assert_eq!((Path::new(&site.file), site.line), (&*package.join("tests/real/sites.rs"), LINE));
}
