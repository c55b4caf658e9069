//! `hello`: one line and an exit status, to see the loop of edit, save, verdict. It is not counted.

use super::circumstance::plain;
use crate::course::{Check, Exercise, Finding, Judgement, Objection, Run, blocked, naming, premise};
use grader_trace::{Builder, ExitStatus, Piece, TaskId, Trace};
use grader_tracer::Watch;

/// The line.
const LINE: &str = "hello world";
/// The exit status.
const STATUS: u8 = 7;

/// The exercise.
pub const EXERCISE: Exercise = Exercise {
    id: "hello",
    chapter: "1-processes",
    title: "one line, one exit status",
    aha: "What a program says and how it ends are two different things, and the kernel sees both.",
    counted: false,
    watch: Watch { writes: true, descriptors: true, sleeps: true, ..Watch::NONE },
    order_counts: true,
    scenarios: || vec![plain()],
    checks: &[
        Check {
            id: "line",
            claim: "Standard output gets exactly the line `hello world`.",
            why: "Programs are read by other programs. One character more or less is a different answer.",
            points: 0,
            hints: &[
                "Standard output is descriptor 1; println! writes to it. Is anything on it that was not asked for, or missing?",
                "The line ends with a newline, and nothing comes before or after it: println!(\"hello world\").",
            ],
            see: &["write(2)", "stdout(3)"],
            scenarios: &["plain"],
            judge: line,
        },
        Check {
            id: "one-write",
            claim: "The line is written by one write call.",
            why: "Each write is a trip into the kernel, and another process may write between two of them.",
            points: 0,
            hints: &[
                "print! and println! collect a line before they call write. What calls it more often here?",
                "One println! with the whole line makes one write call.",
            ],
            see: &["write(2)"],
            scenarios: &["plain"],
            judge: one_write,
        },
        Check {
            id: "status",
            claim: "The program ends with exit status 7.",
            why: "The exit status is how a program tells its parent whether it did its work: 0 is yes, anything else is no.",
            points: 0,
            hints: &[
                "A program that returns from main ends with 0. Which call ends it with another number?",
                "std::process::exit(7) ends the program with exit status 7.",
            ],
            see: &["exit(3)", "_exit(2)"],
            scenarios: &["plain"],
            judge: status,
        },
    ],
    wanted,
};

fn line(run: &Run) -> Judgement {
    let expected = format!("the line \"{LINE}\" on standard output, and nothing else");
    let pieces = run.trace().pieces();
    let written = written(run, &pieces);
    let wanted = [LINE.as_bytes(), b"\n"].concat();
    if written == wanted {
        return Ok(format!("\"{LINE}\" and a newline are all that went to standard output"));
    }
    if run.trace().root().end.is_none() && wanted.starts_with(&written) {
        // What a program that never ended would still have written, nobody knows.
        return Err(Objection::Moot { because: "status" });
    }
    let events = pieces.iter().map(|piece| piece.event);
    if written.is_empty() {
        if let Some(piece) = pieces.first() {
            let observed = "bytes went to standard output by a call that moves them inside the kernel (sendfile, \
                            splice), where nobody can read along";
            return Err(Finding::new(expected, observed).at([piece.event]).into());
        }
        let strays = run.trace().error_lines();
        let elsewhere = match strays.first() {
            Some(stray) => format!("; \"{}\" went to standard error instead", stray.text),
            None => String::new(),
        };
        let events = strays.into_iter().flat_map(|stray| stray.events);
        return Err(Finding::new(expected, format!("nothing went to standard output{elsewhere}"))
            .at(events)
            .into());
    }
    if written == LINE.as_bytes() {
        return Err(Finding::new(expected, format!("\"{LINE}\" without a newline at its end"))
            .at(events)
            .into());
    }
    let shown = grader_trace::Text::from(&written[..written.len().min(200)]);
    Err(Finding::new(expected, format!("\"{shown}\"")).at(events).into())
}

/// What went to standard output. Calls that move bytes inside the kernel (sendfile, splice) show the tracer none
/// of them; then it is what came out at the other end of the terminal.
fn written(run: &Run, pieces: &[Piece]) -> Vec<u8> {
    let captured = &run.recording.stdout;
    let unseen = pieces.iter().any(|piece| piece.data.as_bytes().is_empty());
    if unseen && !captured.truncated() {
        return captured.kept.clone();
    }
    pieces.iter().flat_map(|piece| piece.data.as_bytes()).copied().collect()
}

fn one_write(run: &Run) -> Judgement {
    premise("line", line(run))?;
    let pieces = run.trace().pieces();
    match &pieces[..] {
        [_] => Ok(format!("one call took all {} bytes", LINE.len() + 1)),
        several => Err(Finding::new(
            "one write call for the whole line",
            format!("{} write calls, the first of them with \"{}\"", several.len(), several[0].data),
        )
        .at(several.iter().map(|piece| piece.event))
        .into()),
    }
}

fn status(run: &Run) -> Judgement {
    let root = run.trace().root();
    let expected = format!("exit status {STATUS}");
    match root.end {
        Some((_, ExitStatus::Exited(STATUS))) => Ok(format!("it ended with exit status {STATUS}")),
        Some((_, status)) => {
            premise("line", line(run))?;
            Err(Finding::new(expected, format!("it ended with {}", naming::in_words(status))).into())
        }
        None => Err(Finding::new(expected, blocked::still_there(run.trace())).into()),
    }
}

/// The run as it should be.
fn wanted() -> Trace {
    let mut run = Builder::new("hello");
    run.print(TaskId::ROOT, "hello world\n");
    run.exit(TaskId::ROOT, STATUS);
    run.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::processes::proof::{Proof, all_hold, each_check_fails_somewhere, fails_only};
    use grader_trace::{Ending, Fd, Operation, Outcome, Signal};
    use grader_tracer::Captured;

    fn plain_run(script: impl FnOnce(&mut Builder)) -> Proof {
        let mut run = Builder::new("hello");
        script(&mut run);
        Proof::of(&EXERCISE).with("plain", run.finish())
    }

    #[test]
    fn each_check_is_shown_to_fail() {
        each_check_fails_somewhere(&EXERCISE, include_str!("hello.rs"));
    }

    #[test]
    fn the_wanted_run_holds() {
        all_hold(Proof::of(&EXERCISE).with("plain", wanted()));
    }

    #[test]
    fn a_line_of_other_words_or_on_stderr_or_without_an_end_fails_by_line() {
        let wrong: [fn(&mut Builder); 4] = [
            |run| run.print(TaskId::ROOT, "Hello, world!\n"),
            |run| run.write(TaskId::ROOT, Fd(2), "hello world\n"),
            |run| run.print(TaskId::ROOT, "hello world"),
            |run| run.print(TaskId::ROOT, "hello world\nhello world\n"),
        ];
        for print in wrong {
            fails_only(
                "line",
                plain_run(|run| {
                    print(run);
                    run.exit(TaskId::ROOT, STATUS);
                }),
            );
        }
    }

    #[test]
    fn a_line_in_two_writes_fails_by_one_write() {
        fails_only(
            "one-write",
            plain_run(|run| {
                run.print(TaskId::ROOT, "hello ");
                run.print(TaskId::ROOT, "world\n");
                run.exit(TaskId::ROOT, STATUS);
            }),
        );
    }

    #[test]
    fn another_exit_status_or_a_signal_fails_by_status() {
        fails_only(
            "status",
            plain_run(|run| {
                run.print(TaskId::ROOT, "hello world\n");
                run.exit(TaskId::ROOT, 0);
            }),
        );
        fails_only(
            "status",
            plain_run(|run| {
                run.print(TaskId::ROOT, "hello world\n");
                run.crash(TaskId::ROOT, Signal(11));
            }),
        );
    }

    #[test]
    fn a_program_that_never_ends_fails_by_status() {
        let mut run = Builder::new("hello");
        run.print(TaskId::ROOT, "hello world\n");
        fails_only("status", Proof::of(&EXERCISE).with("plain", run.end(Ending::TimedOut)));
        // What it has not written by then it might have written later.
        let silent = Builder::new("hello");
        fails_only("status", Proof::of(&EXERCISE).with("plain", silent.end(Ending::Overflowed)));
    }

    #[test]
    fn what_sendfile_moved_is_read_where_it_came_out() {
        let judged = |captured: &[u8]| {
            let mut run = Builder::new("hello");
            let (data, result) = (grader_trace::Text::default(), Outcome::Done(12));
            run.event(TaskId::ROOT, Operation::Write { fd: Fd(1), data, wanted: 12, result });
            run.exit(TaskId::ROOT, STATUS);
            let mut run = Run::invented(plain(), run.finish());
            run.recording.stdout = Captured { kept: captured.to_vec(), total: captured.len() as u64 };
            (line(&run), one_write(&run))
        };
        let (line, one_write) = judged(b"hello world\n");
        assert!(line.is_ok() && one_write.is_ok(), "{line:?} {one_write:?}");
        let Err(Objection::Fails(finding)) = judged(b"hello moon!\n").0 else { panic!("another line") };
        assert!(finding.observed.contains("hello moon!"), "{}", finding.observed);
    }
}
