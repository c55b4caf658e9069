//! `redirect`: `cat SOURCE > TARGET`, without a shell. The child leads its descriptor 1 elsewhere, and cat
//! never learns of it.
//!
//! Who fails by what: a descriptor 1 that does not lead to TARGET when cat starts is `descriptors`, and what
//! then is or is not in TARGET is moot. A TARGET that could not be opened where it should have been, so
//! that cat never ran, is `content` (or `truncated`, if it was there before). A parent that reports success
//! although the child failed is `status-decoded`, wherever the child was told apart.

use super::circumstance::{child_killed, exec_fails, fork_fails, natural, plain, slow_child, slow_parent};
use super::failure::{FORK_FAILS, STATUS_PASSED_ON};
use super::family::{ONE_CHILD, one_process};
use super::reaping::{NO_BUSY_WAIT, REAPED};
use super::wait::EXIT_STATUS;
use crate::course::{Check, Exercise, Scenario};
use grader_trace::{Builder, Fd, OpenFlags, TaskId, Trace};
use grader_tracer::Watch;
use judge::*;
use trouble::*;

mod judge;
mod trouble;

/// Names and contents of SOURCE and TARGET, in some runs and in others.
const SOURCES: [(&str, &[u8]); 2] =
    [("source.txt", b"one\ntwo\nthree\n"), ("numbers.dat", b"\x00\x01\xff no newline at the end")];
const TARGETS: [&str; 2] = ["target.txt", "copy.dat"];
/// What TARGET held before, where it was there before: longer than any SOURCE, and nowhere in one.
const OLD: [u8; 200] = [b'#'; 200];
/// A SOURCE that is not there, and a TARGET that cannot be.
const MISSING: &str = "missing.txt";
const UNWRITABLE: &str = "no-such-folder/target.txt";

/// The exercise.
pub const EXERCISE: Exercise = Exercise {
    id: "redirect",
    chapter: "1-processes",
    title: "cat SOURCE > TARGET, by dup2",
    aha: "The new program inherits the table, not the name.",
    counted: true,
    watch: Watch { reads: false, ..Watch::ALL },
    order_counts: true,
    scenarios: || {
        vec![
            copying(plain(), 0),
            copying(slow_child(), 1),
            copying(slow_parent(), 0),
            copying(fork_fails(), 0),
            copying(exec_fails(), 0),
            copying(child_killed(), 0),
            natural("missing-file", "when SOURCE does not exist").with_args(&[MISSING, TARGETS[0]]),
            copying(natural("longer-target", "when TARGET is there and longer than SOURCE"), 0)
                .with_file(TARGETS[0], &OLD),
            copying(natural("unwritable-target", "when TARGET cannot be opened"), 0)
                .with_args(&[SOURCES[0].0, UNWRITABLE]),
        ]
    },
    checks: &[
        Check {
            points: 1,
            claim: "The program makes exactly one process, its child.",
            judge: one_process,
            ..ONE_CHILD
        },
        BECOMES_CAT,
        ARGV,
        CHILD_REDIRECTS,
        DESCRIPTORS,
        CONTENT,
        PERMISSIONS,
        Check { points: 1, judge: reaped, ..REAPED },
        Check { points: 1, ..NO_BUSY_WAIT },
        Check { points: 1, judge: exit_status, ..EXIT_STATUS },
        TRUNCATED,
        UNWRITABLE_TARGET,
        Check {
            points: 1,
            scenarios: &["child-killed", "missing-file", "exec-fails"],
            judge: status_decoded,
            ..STATUS_PASSED_ON
        },
        EXEC_FAILS,
        Check { points: 1, ..FORK_FAILS },
    ],
    wanted,
};

fn copying(scenario: Scenario, which: usize) -> Scenario {
    let (name, bytes) = SOURCES[which];
    scenario.with_args(&[name, TARGETS[which]]).with_file(name, bytes)
}

const ALL_PACES: &[&str] = &["plain", "slow-child", "slow-parent"];

const BECOMES_CAT: Check = Check {
    id: "becomes-cat",
    claim: "The child itself becomes cat: no shell, no copying of its own.",
    why: "cat has no part in a redirection: it writes to descriptor 1, and whoever starts it decides where that \
          leads.",
    points: 1,
    hints: &[
        "Which program does the child run in the end? A shell would redirect for you; here that is the task.",
        "First the descriptor, then exec: in the child, execvp(c\"cat\", &[c\"cat\", source]).",
    ],
    see: &["execve(2)", "exec(3)"],
    scenarios: ALL_PACES,
    judge: becomes_cat,
};

const ARGV: Check = Check {
    id: "argv",
    claim: "The argument vector is exactly `cat`, `SOURCE`.",
    why: "In `cat SOURCE > TARGET` cat gets SOURCE alone: `>` and TARGET are words for the shell.",
    points: 1,
    hints: &[
        "Count the strings that cat gets. The first is its own name.",
        "The redirection is done with descriptors, before exec; none of it belongs into the vector.",
        "[c\"cat\", source], and in C a NULL behind them.",
    ],
    see: &["execve(2)", "exec(3)"],
    scenarios: ALL_PACES,
    judge: argv,
};

const CHILD_REDIRECTS: Check = Check {
    id: "child-redirects",
    claim: "Descriptor 1 is led to TARGET in the child (whoever opened it); the parent's descriptor 1 never changes.",
    why: "Each process has a table of its own. What the child does to its table between fork and exec, the parent \
          never notices; a parent that redirects itself has lost its own stdout.",
    points: 1,
    hints: &[
        "In which process does dup2 run? Before the fork there is only the parent.",
        "fork copies the table. Change the copy, in the child, between fork and exec.",
    ],
    see: &["dup(2)", "fork(2)"],
    scenarios: ALL_PACES,
    judge: child_redirects,
};

const DESCRIPTORS: Check = Check {
    id: "descriptors",
    claim: "When cat starts, 0, 1 and 2 are open and nothing else; 1 leads to TARGET, 0 and 2 to where they did.",
    why: "The new program gets every descriptor that is not marked close-on-exec. It cannot know about the ones it \
          did not ask for: it keeps them open, and its children after it.",
    points: 1,
    hints: &[
        "Which descriptors are open in the child just before exec, and where does each of them lead?",
        "dup2(old, new) copies from left to right: afterwards new leads where old leads, and old is still open.",
        "Open TARGET with O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, then dup2(fd, 1): the copy is not marked, and \
         exec closes the original.",
    ],
    see: &["dup(2)", "open(2)", "execve(2)"],
    scenarios: ALL_PACES,
    judge: descriptors,
};

const CONTENT: Check = Check {
    id: "content",
    claim: "TARGET holds SOURCE's bytes, written by cat alone, and nothing went to stdout.",
    why: "Whoever redirects a program's output wants all of it, and only that, in the file.",
    points: 1,
    hints: &[
        "Compare TARGET with SOURCE byte by byte (cmp). What is missing, what came before, and who wrote it?",
        "A TARGET that does not exist is made only if open has O_CREAT. Nobody but cat may write to it.",
    ],
    see: &["open(2)", "cat(1)"],
    scenarios: ALL_PACES,
    judge: content,
};

const PERMISSIONS: Check = Check {
    id: "permissions",
    claim: "A new TARGET has the permissions rw-r--r--, as a shell would make it under umask 022.",
    why: "open's third argument says what the file may allow at most, and the umask takes away what this user does \
          not want. Programs ask for 0666 and leave the rest to the umask.",
    points: 1,
    hints: &[
        "Which permissions does TARGET have (ls -l), and which did you ask for?",
        "Permissions are octal: 0o666 in Rust, 0666 in C. 666 is another number.",
        "open(target, flags, Mode::from_bits_truncate(0o666)), and leave the umask alone.",
    ],
    see: &["open(2)", "umask(2)"],
    scenarios: ALL_PACES,
    judge: permissions,
};

const TRUNCATED: Check = Check {
    id: "truncated",
    claim: "A TARGET that was there before, and longer, holds SOURCE's bytes and nothing of the old ones.",
    why: "Opening a file for writing does not empty it: the new bytes go over the old ones, and the rest stays.",
    points: 1,
    hints: &[
        "What does TARGET hold after you copied a short file over a long one?",
        "The shell's > has three flags: write, create if missing, and a third one. >> has another third one.",
        "O_WRONLY | O_CREAT | O_TRUNC.",
    ],
    see: &["open(2)"],
    scenarios: &["longer-target"],
    judge: truncated,
};

const UNWRITABLE_TARGET: Check = Check {
    id: "unwritable",
    claim: "If TARGET cannot be opened, there is a message on stderr, cat never runs, no child is left, and the exit \
            status is not 0.",
    why: "A failed open returns -1, and dup2(-1, 1) fails as well: descriptor 1 stays what it was, and cat would \
          write the file to the terminal.",
    points: 1,
    hints: &[
        "What does your program do with an open that answers -1?",
        "Say so on stderr, and end this process before it gets to exec; the parent then reports a failure.",
        "In the child: eprintln!(\"{target}: {errno}\"); std::process::exit(1).",
    ],
    see: &["open(2)", "errno(3)"],
    scenarios: &["unwritable-target"],
    judge: unwritable,
};

const EXEC_FAILS: Check = Check {
    id: "exec-fails",
    claim: "When exec fails, the child says so on stderr and ends with 127.",
    why: "By then descriptor 1 is TARGET: a message there would be found by nobody. That is what stderr is for.",
    points: 1,
    hints: &[
        "What does the child do on the line after exec, and where does descriptor 1 lead by then?",
        "eprintln! writes to descriptor 2. 127 is what shells answer for a command that they cannot start.",
        "let Err(errno) = execvp(…); eprintln!(\"cat: {errno}\"); std::process::exit(127).",
    ],
    see: &["exec(3)", "_exit(2)", "stderr(3)"],
    scenarios: &["exec-fails"],
    judge: exec_fails_cleanly,
};

/// The run as it should be.
fn wanted() -> Trace {
    let mut run = Builder::new("redirect").args(&[SOURCES[0].0, TARGETS[0]]);
    let child = run.fork(TaskId::ROOT);
    let waiting = run.now();
    let flags = 1 | OpenFlags::CREAT | OpenFlags::TRUNC | OpenFlags::CLOEXEC;
    let file = run.open(child, TARGETS[0], flags, 0o666);
    run.dup2(child, file, Fd(1));
    run.exec(child, "/usr/bin/cat", &["cat", SOURCES[0].0]);
    run.print(child, "one\ntwo\nthree\n");
    run.exit(child, 0);
    run.wait_since(waiting, TaskId::ROOT, child);
    run.exit(TaskId::ROOT, 0);
    run.finish()
}

#[cfg(test)]
mod tests;
