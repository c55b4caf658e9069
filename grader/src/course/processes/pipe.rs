//! `pipe`: `echo hello world | wc`, with two children. The reader sees the end when the last writer is gone.
//!
//! Who fails by what: a run that hangs because somebody beside echo still holds the write end is
//! `ends-closed`, and what the run did not come to is moot; a write end that wc kept is part of it, not of
//! `no-leaks`. Ends that do not meet are `joined`, whatever came out of wc then. A parent that waits before
//! both children exist is `both-started`, also if it then waits for ever. Never waiting is `reaped`, even
//! though the parent's own end closes what it forgot to close.

use super::circumstance::{
    exec_fails, first_child_killed, fork_fails, pipe_fails, plain, second_child_killed, second_fork_fails,
    slow_child, slow_parent,
};
use super::failure::{self, FORK_FAILS, STATUS_PASSED_ON};
use super::reaping::{NO_BUSY_WAIT, REAPED};
use super::wait::EXIT_STATUS;
use crate::course::{Check, Exercise};
use grader_trace::{Builder, Fd, TaskId, Trace};
use grader_tracer::Watch;
use judge::*;
use trouble::*;

mod judge;
mod stages;
mod trouble;

/// The exercise.
pub const EXERCISE: Exercise = Exercise {
    id: "pipe",
    chapter: "1-processes",
    title: "echo hello world | wc",
    aha: "End of file means that the last writer has closed.",
    counted: true,
    watch: Watch::ALL,
    order_counts: true,
    scenarios: || {
        vec![
            plain(),
            slow_child(),
            slow_parent(),
            pipe_fails(),
            fork_fails(),
            second_fork_fails(),
            exec_fails(),
            second_child_killed(),
            first_child_killed(),
        ]
    },
    checks: &[
        TWO_CHILDREN,
        BOTH_STARTED,
        STAGES,
        JOINED,
        ENDS_CLOSED,
        NO_LEAKS,
        OUTPUT,
        Check {
            points: 1,
            claim: "The parent reaps both children with wait calls.",
            judge: reaped,
            ..REAPED
        },
        Check { points: 1, judge: no_busy_wait, ..NO_BUSY_WAIT },
        Check {
            points: 1,
            claim: "The parent ends with exit status 0 when wc did, and everybody ends.",
            judge: exit_status,
            ..EXIT_STATUS
        },
        Check {
            points: 1,
            claim: "The parent ends with wc's exit status, or with 128 + the number of the signal that killed it; how \
                    echo ended does not matter.",
            scenarios: &["child-killed", "first-child-killed", "exec-fails"],
            judge: status_decoded,
            ..STATUS_PASSED_ON
        },
        EXEC_FAILS,
        PIPE_FAILS,
        Check { points: 1, judge: |run| failure::fork_fails(run, 2, TWO_CHILDREN.id), ..FORK_FAILS },
        SECOND_FORK_FAILS,
    ],
    wanted,
};

const ALL_PACES: &[&str] = &["plain", "slow-child", "slow-parent"];

const TWO_CHILDREN: Check = Check {
    id: "two-children",
    claim: "The program makes exactly two processes, and both are its own children.",
    why: "A process can wait for its own children only. A stage that was forked by another stage is out of reach.",
    points: 1,
    hints: &[
        "Draw the tree of processes. Who forks whom, and does a child come past the second fork too?",
        "Each child has to end or exec in its own branch, before the code that forks again.",
        "fork, and in the child exec; then, in the parent, fork again, and in the child exec.",
    ],
    see: &["fork(2)", "wait(2)"],
    scenarios: ALL_PACES,
    judge: two_children,
};

const BOTH_STARTED: Check = Check {
    id: "both-started",
    claim: "Both children exist before the parent waits for one of them: the stages run at once.",
    why: "A pipe holds some 64 KiB. A writer that has more to say sleeps until somebody reads, and if the reader is \
          started only when the writer has ended, that is never.",
    points: 2,
    hints: &[
        "In which order do your program's forks and waits come?",
        "First fork both, then wait for both.",
    ],
    see: &["pipe(7)", "wait(2)"],
    scenarios: ALL_PACES,
    judge: both_started,
};

const STAGES: Check = Check {
    id: "stages",
    claim: "One child becomes echo with exactly `echo`, `hello`, `world`, the other wc with exactly `wc`; no shell.",
    why: "A pipeline is programs that know nothing of each other. Doing it by hand shows what a shell does.",
    points: 1,
    hints: &[
        "Which program does each of the two children become, and which strings does it get?",
        "Each word is a string of its own, and the program's name is the first of them.",
        "execvp(c\"echo\", &[c\"echo\", c\"hello\", c\"world\"]) in one, execvp(c\"wc\", &[c\"wc\"]) in the other.",
    ],
    see: &["execve(2)", "exec(3)"],
    scenarios: ALL_PACES,
    judge: stages,
};

const JOINED: Check = Check {
    id: "joined",
    claim: "When they start, echo's descriptor 1 is the write end and wc's descriptor 0 the read end of one pipe.",
    why: "The two programs only know their numbers 0 and 1. What these lead to is decided between fork and exec.",
    points: 2,
    hints: &[
        "For each child: where do descriptors 0 and 1 lead at the moment of exec?",
        "pipe gives the read end first, then the write end. It has to be called before the forks, and once.",
        "In echo's child dup2(ends[1], 1), in wc's child dup2(ends[0], 0).",
    ],
    see: &["pipe(2)", "dup(2)"],
    scenarios: ALL_PACES,
    judge: joined,
};

const ENDS_CLOSED: Check = Check {
    id: "ends-closed",
    claim: "When echo is done, nobody else holds the write end: wc sees the end of its input.",
    why: "A reader gets the end of the file when the last descriptor of the write end is closed, in whatever process \
          it is. As long as one is open, more could come, and read sleeps.",
    points: 3,
    hints: &[
        "Who has a descriptor of the write end? Count all processes, and remember what fork copies.",
        "The parent got both ends from pipe, and each child got copies. Who needs which of them?",
        "Close both ends in the parent after the forks, before it waits, and the write end in wc's child too (or \
         make the pipe with O_CLOEXEC).",
    ],
    see: &["pipe(7)", "close(2)", "fork(2)"],
    scenarios: ALL_PACES,
    judge: ends_closed,
};

const NO_LEAKS: Check = Check {
    id: "no-leaks",
    claim: "When echo and wc start, nothing but 0, 1 and 2 is open.",
    why: "A descriptor that leaked keeps a pipe alive: its reader never sees the end, or its writer never learns that \
          nobody reads any more.",
    points: 2,
    hints: &[
        "What else is open in a child at the moment of exec, beside 0, 1 and 2?",
        "dup2 copies: the original is still there afterwards. And the other end is there as well.",
        "pipe2 with O_CLOEXEC marks both ends, and the copies that dup2 makes are not marked.",
    ],
    see: &["pipe(2)", "dup(2)", "execve(2)"],
    scenarios: ALL_PACES,
    judge: no_leaks,
};

const OUTPUT: Check = Check {
    id: "output",
    claim: "wc's line is on stdout, and nothing else.",
    why: "echo's words went into the pipe, and wc's stdout is still the one that the parent was given.",
    points: 1,
    hints: &[
        "What is on stdout, and which process wrote it?",
        "Leave wc's descriptor 1 alone, and let the parent print nothing.",
    ],
    see: &["pipe(7)", "wc(1)"],
    scenarios: ALL_PACES,
    judge: output,
};

const EXEC_FAILS: Check = Check {
    id: "exec-fails",
    claim: "When exec fails, each child says so on stderr and ends with 127, and both are reaped.",
    why: "A child that goes on after a failed exec runs the parent's code: it forks again, or waits for children that \
          it does not have.",
    points: 1,
    hints: &[
        "Where does a child go on if exec returns?",
        "Say why on stderr (descriptor 1 may be the pipe) and end the child right there.",
        "let Err(errno) = execvp(…); eprintln!(\"echo: {errno}\"); std::process::exit(127).",
    ],
    see: &["exec(3)", "_exit(2)"],
    scenarios: &["exec-fails"],
    judge: exec_fails_cleanly,
};

const PIPE_FAILS: Check = Check {
    id: "pipe-fails",
    claim: "When pipe fails, there is a message on stderr, an exit status that is not 0, and no child.",
    why: "A process may have so many descriptors open and no more: then pipe answers -1, and there is nothing to \
          join two programs by. A program that does not look works with numbers that nobody gave it.",
    points: 1,
    hints: &[
        "What does your program do with a pipe call that answers -1?",
        "Say so on stderr, and end with something other than 0, before anything is forked.",
        "Err(errno) => { eprintln!(\"pipe: {errno}\"); return ExitCode::FAILURE; }",
    ],
    see: &["pipe(2)", "errno(3)"],
    scenarios: &["pipe-fails"],
    judge: pipe_fails_cleanly,
};

const SECOND_FORK_FAILS: Check = Check {
    id: "second-fork-fails",
    claim: "When the second fork fails: a message, a status that is not 0, and the first child ends and is reaped.",
    why: "There is half a pipeline by then. A first child that waits for a partner who never comes must be let go, \
          and somebody has to ask how it ended.",
    points: 1,
    hints: &[
        "Who exists at that moment, and what does it wait for?",
        "Close both ends of the pipe: a reader then sees the end, a writer is told that nobody reads.",
        "On the error path: close both ends, waitpid(first, None), then return a failure.",
    ],
    see: &["fork(2)", "pipe(7)", "wait(2)"],
    scenarios: &["second-fork-fails"],
    judge: second_fork_fails_cleanly,
};

/// The run as it should be.
fn wanted() -> Trace {
    let mut run = Builder::new("pipe");
    let (read, write) = run.pipe(TaskId::ROOT, true);
    let echo = run.fork(TaskId::ROOT);
    let wc = run.fork(TaskId::ROOT);
    run.close(TaskId::ROOT, read);
    run.close(TaskId::ROOT, write);
    let waiting = run.now();
    run.dup2(echo, write, Fd(1));
    run.exec(echo, "/usr/bin/echo", &["echo", "hello", "world"]);
    run.dup2(wc, read, Fd(0));
    run.exec(wc, "/usr/bin/wc", &["wc"]);
    run.print(echo, "hello world\n");
    run.exit(echo, 0);
    run.wait_since(waiting, TaskId::ROOT, echo);
    let waiting = run.now();
    run.read(wc, Fd(0), 12);
    run.read(wc, Fd(0), 0);
    run.print(wc, "      1       2      12\n");
    run.exit(wc, 0);
    run.wait_since(waiting, TaskId::ROOT, wc);
    run.exit(TaskId::ROOT, 0);
    run.finish()
}

#[cfg(test)]
mod tests;
