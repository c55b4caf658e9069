//! What a run writes is kept apart, whole, bounded, and ascribed to whoever wrote it.

use crate::stage::*;
use grader_trace::{Ending, Errno, Object, Operation, Outcome, TaskId, Trace};
use grader_tracer::{Recording, Stdout};

const BOTH: [Stdout; 2] = [Stdout::Terminal, Stdout::Pipe];

fn right(stage: Stage) -> Recording {
    let recording = stage.run();
    assert_eq!(root_status(&recording.trace), Some(exited(0)), "{}", listing(&recording.trace));
    recording
}

/// All that the trace says went to standard output.
fn written(trace: &Trace) -> Vec<u8> {
    trace.pieces().into_iter().flat_map(|piece| piece.data.0).collect()
}

#[test]
fn bytes_come_out_as_they_went_in() {
    for stdout in BOTH {
        let recording = right(Stage::of("binary", &[]).stdout(stdout));
        let expected: Vec<u8> = (0..3).flat_map(|_| 0..=255).collect();
        assert_eq!(recording.stdout.kept, expected, "{stdout:?}");
        assert_eq!((recording.stdout.total, recording.stdout.truncated()), (768, false));
        assert_eq!(written(&recording.trace), expected);
        assert!(recording.stderr.kept.is_empty());
    }
}

#[test]
fn a_line_without_its_end_is_kept() {
    for stdout in BOTH {
        let recording = right(Stage::of("no_newline", &[]).stdout(stdout));
        assert_eq!(said(&recording), "no newline");
        let [line] = &recording.trace.lines()[..] else { panic!("{}", listing(&recording.trace)) };
        assert_eq!((line.text.as_str(), line.complete), (Some("no newline"), false));
    }
}

#[test]
fn standard_error_is_kept_apart() {
    for stdout in BOTH {
        let recording = right(Stage::of("out_and_err", &[]).stdout(stdout));
        assert_eq!(said(&recording), "to out\nto out again\n");
        assert_eq!(recording.stderr.kept, b"to err\n");
        assert_eq!(recording.trace.lines().len(), 2);
        assert_eq!(recording.trace.error_lines()[0].text.as_str(), Some("to err"));
    }
}

#[test]
fn a_gathered_write_is_one_piece() {
    for stdout in BOTH {
        let recording = right(Stage::of("gathered", &[]).stdout(stdout));
        assert_eq!(said(&recording), "one, two, three\n");
        let [piece] = &recording.trace.pieces()[..] else { panic!("{}", listing(&recording.trace)) };
        assert_eq!(piece.data.as_str(), Some("one, two, three\n"));
    }
}

#[test]
fn what_the_kernel_copies_by_itself_is_counted_and_collected() {
    let folder = Folder::new();
    folder.file("source", b"from a file\n");
    for stdout in BOTH {
        let recording = right(Stage::of("sent_from_a_file", &[&folder.at("source")]).stdout(stdout));
        assert_eq!(said(&recording), "from a file\n");
        let sent = recording.trace.pieces();
        assert_eq!((sent.len(), sent[0].task), (1, TaskId::ROOT));
        let Operation::Write { fd, result, .. } = &recording.trace.events()[sent[0].event].op else {
            panic!()
        };
        assert_eq!((fd.0, *result), (1, Outcome::Done(12)));

        let recording = right(Stage::of("spliced", &[]).stdout(stdout));
        assert_eq!(said(&recording), "through a pipe\n");
        assert_eq!(recording.trace.pieces().len(), 1);
    }
}

#[test]
fn a_hundred_megabytes_are_counted_and_a_few_are_kept() {
    for (stdout, fd, megabytes) in
        [(Stdout::Terminal, 1, 100), (Stdout::Pipe, 1, 100), (Stdout::Terminal, 2, 10)]
    {
        let stage = Stage::of("flood", &[&fd.to_string(), &megabytes.to_string()]).stdout(stdout);
        let recording = right(stage.limits(|limits| limits.output_bytes = 100_000));
        let flooded = if fd == 1 { &recording.stdout } else { &recording.stderr };
        assert_eq!((flooded.total, flooded.kept.len()), (megabytes << 20, 100_000), "{stdout:?}");
        assert!(flooded.truncated() && flooded.kept.iter().all(|byte| *byte == b'x'));
        let stream = if fd == 1 { Object::Stdout } else { Object::Stderr };
        let taken: u64 = grader_trace::view::output::pieces(&recording.trace, &stream)
            .iter()
            .map(|piece| match recording.trace.events()[piece.event].op {
                Operation::Write { result: Outcome::Done(taken), .. } => taken,
                _ => 0,
            })
            .sum();
        assert_eq!(taken, megabytes << 20);
    }
}

#[test]
fn each_line_is_ascribed_to_its_writer() {
    for stdout in BOTH {
        let recording = right(Stage::of("in_turns", &[]).stdout(stdout));
        let lines = recording.trace.lines();
        assert_eq!(lines.len(), 40);
        let mut expected = String::new();
        for (index, line) in lines.iter().enumerate() {
            let (name, writer) = [("parent", TaskId::ROOT), ("child", TaskId(1))][index % 2];
            let text = format!("{name} {}", index / 2);
            assert_eq!((line.text.as_str(), line.writer()), (Some(text.as_str()), Some(writer)));
            expected += &(text + "\n");
        }
        assert_eq!(said(&recording), expected);
    }
}

#[test]
fn the_last_words_of_processes_that_nobody_waits_for_are_heard() {
    for stdout in BOTH {
        let recording = right(Stage::of("last_words_of_many", &["40"]).stdout(stdout));
        let mut numbers: Vec<u32> =
            said(&recording).lines().map(|line| line.parse().expect("a number")).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..40).collect::<Vec<u32>>());
        assert_eq!(*recording.trace.ending(), Ending::Finished);
    }
}

#[test]
fn a_program_may_close_its_standard_output() {
    for stdout in BOTH {
        let recording = right(Stage::of("closes_stdout", &[]).stdout(stdout));
        assert_eq!(said(&recording), "before\n");
        assert_eq!(written(&recording.trace), b"before\n");
        let answers = recording.trace.events_of(TaskId::ROOT).filter_map(|(_, event)| match &event.op {
            Operation::Write { result, .. } => Some(*result),
            _ => None,
        });
        assert_eq!(answers.collect::<Vec<_>>(), [Outcome::Done(7), Outcome::Failed(Errno::EBADF)]);
    }
}

#[test]
fn what_goes_to_a_file_is_no_output() {
    let folder = Folder::new();
    for stdout in BOTH {
        let recording = right(Stage::of("into_a_file", &[&folder.at("target")]).stdout(stdout));
        let expected = "to the terminal\nto the terminal again\n";
        assert_eq!((said(&recording).as_str(), written(&recording.trace)), (expected, expected.into()));
        assert_eq!(std::fs::read(folder.at("target")).expect("it was made"), b"to the file\n");
    }
}

#[test]
fn standard_output_may_be_opened_by_other_names() {
    for stdout in BOTH {
        for name in ["/proc/self/fd/1", "/dev/stdout", "/dev/fd/1"] {
            let recording = right(Stage::of("opens_stdout_again", &[name]).stdout(stdout));
            assert_eq!(said(&recording), "by another name\n", "{name}");
            assert_eq!(written(&recording.trace), b"by another name\n", "{name}");
        }
    }
    let recording = right(Stage::of("opens_its_terminal", &[]));
    assert_eq!(said(&recording), "by another name\n");
    assert_eq!(written(&recording.trace), b"by another name\n");
}

#[test]
fn the_terminal_is_nobodys_controlling_terminal() {
    right(Stage::of("no_controlling_terminal", &[]));
    let recording = right(Stage::of("terminal_outlives_root", &[]));
    assert_eq!(said(&recording), "still heard\n");
    assert_eq!(status(recording.trace.task(TaskId(1))), Some(exited(0)));
}
