//! `exec`: fork, wait, and in between the child becomes another program.
//!
//! All of `wait` is asserted again. Who fails by what: a parent that execs instead of its child is
//! `becomes-wc`, and what it could then no longer do is moot. A parent that reports success although its
//! child could not exec is `status-decoded`, which is judged in all runs in which the child fails;
//! `exec-fails` is about what the child does then, and about the parent's line.

use super::becoming::{self, Became, became};
use super::circumstance::{child_killed, exec_fails, fork_fails, natural, plain, slow_child, slow_parent};
use super::counts::Counts;
use super::ending::{came_to_an_end, nobody_is_left};
use super::failure::{self, FORK_FAILS, NOT_STARTED, STATUS_PASSED_ON};
use super::family::{Family, ONE_CHILD};
use super::lines::{self, CHILD_LINE, GREETING, OWN_PATH};
use super::reaping::{self, NO_BUSY_WAIT, REAPED};
use super::saying::{Said, Saying};
use super::wait::{self, AFTER_CHILD, EXIT_STATUS, PARENT_LINE, WATCH};
use crate::course::{Check, Exercise, Finding, Judgement, Objection, Run, Scenario, premise};
use grader_trace::{Builder, Errno, Outcome, TaskId, Trace};

/// The file that is counted, in some runs and in others: no program can know its name beforehand.
const FILES: [(&str, &[u8]); 2] =
    [("lines.txt", b"one\ntwo words\nand three more\n"), ("numbers.txt", b"1 2 3\n5 8 13\n")];
/// A file that is not there.
const MISSING: &str = "missing.txt";

/// The exercise.
pub const EXERCISE: Exercise = Exercise {
    id: "exec",
    chapter: "1-processes",
    title: "the child becomes another program",
    aha: "Same PID, new program.",
    counted: true,
    watch: WATCH,
    order_counts: true,
    scenarios: || {
        vec![
            counting(plain(), 0),
            counting(slow_child(), 1),
            counting(slow_parent(), 0),
            counting(fork_fails(), 0),
            counting(exec_fails(), 0),
            counting(child_killed(), 0),
            natural("missing-file", "when FILE does not exist").with_args(&[MISSING]),
        ]
    },
    checks: &[
        Check { points: 1, ..ONE_CHILD },
        GREETING,
        Check { points: 1, ..CHILD_LINE },
        Check { points: 2, ..BECOMES_WC },
        Check { points: 1, ..ARGV },
        Check { points: 1, ..WC_OUTPUT },
        Check { points: 1, judge: reaped, ..REAPED },
        Check { points: 1, judge: parent_line, ..PARENT_LINE },
        Check { points: 1, judge: after_child, ..AFTER_CHILD },
        Check { points: 1, judge: own_path, ..OWN_PATH },
        Check { points: 1, ..NO_BUSY_WAIT },
        Check { points: 1, judge: exit_status, ..EXIT_STATUS },
        Check {
            points: 1,
            scenarios: &["child-killed", "missing-file", "exec-fails"],
            judge: status_decoded,
            ..STATUS_PASSED_ON
        },
        Check { points: 1, ..EXEC_FAILS },
        Check { points: 1, ..FORK_FAILS },
    ],
    wanted,
};

fn counting(scenario: Scenario, file: usize) -> Scenario {
    let (name, bytes) = FILES[file];
    scenario.with_args(&[name]).with_file(name, bytes)
}

const BECOMES_WC: Check = Check {
    id: "becomes-wc",
    claim: "The child itself becomes wc: no shell, no further process, no counting of its own.",
    why: "exec does not start a process: it replaces the program of the one that calls it. The PID stays, and so \
          does the parent that waits for it.",
    points: 0,
    hints: &[
        "Which process has to become wc, and does it find the program? A name without a / is searched for only by \
         the calls with a p.",
        "exec takes the program and, apart from it, the argument vector. It returns only if it has failed: look at \
         what it says then.",
        "In the child: execvp(c\"wc\", &[c\"wc\", file]).",
    ],
    see: &["execve(2)", "exec(3)", "environ(7)"],
    scenarios: &["plain", "slow-child", "slow-parent"],
    judge: becomes_wc,
};

const ARGV: Check = Check {
    id: "argv",
    claim: "The argument vector is exactly `wc`, `FILE`.",
    why: "The new program gets the vector as it is. Its first string is the program's name for itself, by \
          convention only: leave it out, and the first argument is taken for it.",
    points: 0,
    hints: &[
        "Count the strings that wc gets. Which one does it take for its own name?",
        "Each argument is a string of its own; nobody cuts a command line at its spaces but a shell.",
        "[c\"wc\", file], and in C a NULL behind them.",
    ],
    see: &["execve(2)", "exec(3)"],
    scenarios: &["plain", "slow-child", "slow-parent"],
    judge: argv,
};

const WC_OUTPUT: Check = Check {
    id: "wc-output",
    claim: "wc's line is on stdout, written by the child's process, after the child's own line.",
    why: "exec keeps the descriptors: the new program writes to where the old one did. Nobody had to tell wc.",
    points: 0,
    hints: &[
        "What do the child's descriptors lead to at the moment of exec?",
        "wc writes to descriptor 1, whatever that is. Did anything close it or lead it elsewhere?",
        "Leave descriptors 0, 1 and 2 of the child alone.",
    ],
    see: &["execve(2)", "stdout(3)", "wc(1)"],
    scenarios: &["plain", "slow-child", "slow-parent"],
    judge: wc_output,
};

const EXEC_FAILS: Check = Check {
    id: "exec-fails",
    claim: "When exec fails, the child says so on stderr, prints nothing more on stdout and ends with 127; the \
            parent says its line all the same.",
    why: "exec that fails returns, and the child still runs your program. If nothing stops it there, it goes on as \
          a second parent.",
    points: 0,
    hints: &[
        "What does the child do on the line after exec? It gets there if there is no such command.",
        "Write the message with eprintln!, and end the child at once, so that it does not reach the parent's code.",
        "let Err(errno) = execvp(…); eprintln!(\"wc: {errno}\"); std::process::exit(127).",
    ],
    see: &["exec(3)", "_exit(2)", "errno(3)"],
    scenarios: &["exec-fails"],
    judge: exec_fails_cleanly,
};

fn becomes_wc(run: &Run) -> Judgement {
    let family = Family::of(run)?;
    parent_stays(&family)?;
    let wc = the_wc(&family)?;
    Ok(format!("{} became {} by its own exec", family.the_child(), wc.exec.path))
}

/// The child's exec of wc.
fn the_wc<'a>(family: &Family<'a>) -> Result<Became<'a>, Objection> {
    became(family.trace, family.child, "wc")
}

/// It is not the parent that execs.
fn parent_stays(family: &Family) -> Result<(), Finding> {
    match family.trace.programs(family.parent.id).first() {
        Some((event, exec)) if becoming::another_program(family.trace, family.parent).is_some() => {
            Err(Finding::new(
                format!("{} becomes wc, and {} waits for it", family.the_child(), family.the_parent()),
                format!("{} became {}", family.the_parent(), exec.path),
            )
            .at([*event]))
        }
        _ => Ok(()),
    }
}

/// Parent and child, of whom the parent is still this program: else `becomes-wc` has failed.
fn family_that_stays(run: &Run) -> Result<Family<'_>, Objection> {
    let family = Family::of(run)?;
    parent_stays(&family).map_err(|_| Objection::Moot { because: BECOMES_WC.id })?;
    Ok(family)
}

fn argv(run: &Run) -> Judgement {
    premise("becomes-wc", becomes_wc(run))?;
    let family = Family::of(run)?;
    Ok(becoming::with_argv(&the_wc(&family)?, &["wc", run.arg(0)], &family.the_child())?)
}

fn wc_output(run: &Run) -> Judgement {
    premise("argv", argv(run))?;
    let family = Family::of(run)?;
    premise("child-line", lines::child_line(&family))?;
    let Family { trace, child, .. } = family;
    let started = the_wc(&family)?.moment;
    let name = run.arg(0);
    let bytes = run.scenario.files.iter().find(|(file, _)| *file == name).map_or(&[][..], |(_, bytes)| bytes);
    let counts = Counts::of(bytes);
    let Counts { lines, words, bytes } = counts;
    let expected = format!("\"{lines} {words} {bytes} {name}\" on stdout, written by wc ({})", child.pid);
    let after: Vec<_> = trace.lines_of(child.id).into_iter().filter(|line| line.span.0 > started).collect();
    match after.iter().find(|line| counts.are_in(&line.text, name)) {
        Some(line) if line.complete => {
            Ok(format!("wc, still process {}, wrote \"{}\"", child.pid, line.text))
        }
        _ => {
            came_to_an_end(child)?;
            let elsewhere = trace.error_lines().into_iter().find(|line| line.span.0 > started);
            let observed = match (after.first(), elsewhere) {
                (Some(line), _) => format!("wc wrote \"{}\"", line.text),
                (None, Some(line)) => format!("wc wrote nothing on stdout; \"{}\" went to stderr", line.text),
                (None, None) => "wc wrote nothing on stdout".into(),
            };
            Err(Finding::new(expected, observed).at(the_wc(&family).map(|wc| wc.event)).by_absence().into())
        }
    }
}

fn reaped(run: &Run) -> Judgement {
    reaping::reaped(family_that_stays(run)?.trace)
}

fn parent_line(run: &Run) -> Judgement {
    let family = family_that_stays(run)?;
    premise("reaped", reaped(run))?;
    wait::says_what_wait_returned(&family)
}

fn after_child(run: &Run) -> Judgement {
    let family = family_that_stays(run)?;
    premise("child-line", lines::child_line(&family))?;
    premise("reaped", reaped(run))?;
    wait::speaks_after_the_end(&family)
}

fn own_path(run: &Run) -> Judgement {
    let family = family_that_stays(run)?;
    let exec = becoming::another_program(family.trace, family.child);
    let own = |said: &Said| exec.is_none_or(|moment| said.span.0 < moment);
    premise("reaped", reaped(run))?;
    lines::own_branches(run, &family, own)?;
    premise("greeting", lines::greeting(run))?;
    premise("child-line", lines::child_line(&family))?;
    premise("becomes-wc", becomes_wc(run))?;
    premise("parent-line", parent_line(run))?;
    lines::own_path(&family, own)
}

fn exit_status(run: &Run) -> Judgement {
    let family = family_that_stays(run)?;
    nobody_is_left(family.trace)?;
    wait::passes_success_on(&family, || {
        premise("child-line", lines::child_line(&family))?;
        premise("parent-line", parent_line(run))?;
        premise("wc-output", wc_output(run))
    })
}

fn status_decoded(run: &Run) -> Judgement {
    let family = family_that_stays(run)?;
    let (trace, child) = (family.trace, family.child);
    match run.scenario.id {
        // Only the real wc fails because of a missing file, and only with the file in its vector.
        "missing-file" => premise("argv", argv(run))?,
        "exec-fails" if trace.execs(child.id).is_empty() => {
            return Err(Objection::Moot { because: BECOMES_WC.id });
        }
        "exec-fails" if child.end.is_some_and(|(_, status)| status != NOT_STARTED) => {
            return Err(Objection::Moot { because: EXEC_FAILS.id });
        }
        _ => {}
    }
    failure::status_passed_on(&family)
}

fn exec_fails_cleanly(run: &Run) -> Judgement {
    let family = family_that_stays(run)?;
    let Family { trace, child, .. } = family;
    let sentence = failure::exec_fails(trace, child, BECOMES_WC.id)?;
    premise("reaped", reaped(run))?;
    let the_parent = family.the_parent();
    let said = lines::said_by_parent(&family, &format!("{the_parent} says its line all the same"))?;
    let Saying::Parent { .. } = said.saying else { return Err(Objection::Moot { because: PARENT_LINE.id }) };
    Ok(format!("{sentence}; {the_parent} said its line"))
}

/// The run as it should be.
fn wanted() -> Trace {
    let mut run = Builder::new("exec").args(&[FILES[0].0]);
    run.print(TaskId::ROOT, "hello world (pid:100)\n");
    let child = run.fork(TaskId::ROOT);
    let waiting = run.now();
    run.print(child, "hello, I am child (pid:101)\n");
    let argv = ["wc", FILES[0].0];
    run.exec_answers(child, "/usr/local/bin/wc", &argv, Outcome::Failed(Errno::ENOENT));
    run.exec(child, "/usr/bin/wc", &argv);
    run.print(child, " 3  6 29 lines.txt\n");
    run.exit(child, 0);
    run.wait_since(waiting, TaskId::ROOT, child);
    run.print(TaskId::ROOT, "hello, I am parent of 101 (wc:101) (pid:100)\n");
    run.exit(TaskId::ROOT, 0);
    run.finish()
}

#[cfg(test)]
mod tests;
