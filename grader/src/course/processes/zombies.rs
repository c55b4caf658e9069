//! `zombies`: dead is not reaped. One zombie is made, looked at and reaped; then none is left among many.
//!
//! Who fails by what: whoever looks too early or too late, or at nobody, has not `seen` a zombie, and what it says of
//! its state is moot. A child that stays unreaped is `reaped`, whichever it is and in whatever circumstances.
//! What children write is `own-path`; that they fork, too, is `children`.

use super::circumstance::{fork_fails, later_fork_fails, plain, slow_child, slow_parent};
use super::failure::{self, FORK_FAILS};
use super::lines::OWN_PATH;
use super::reaping::{self, NO_BUSY_WAIT, REAPED};
use crate::course::{Check, Exercise};
use grader_trace::{Builder, TaskId, Trace};
use grader_tracer::Watch;
use judge::*;

mod judge;
mod looks;

/// How many children there are in the second part.
const MANY: usize = 10;

/// All children: the one to look at, and the many.
const CHILDREN: usize = 1 + MANY;

/// Forks that succeed before the one that is refused in the middle of the second part.
const BEFORE_REFUSAL: usize = 4;

/// The exercise.
pub const EXERCISE: Exercise = Exercise {
    id: "zombies",
    chapter: "1-processes",
    title: "make a zombie; leave none among many",
    aha: "Dead is not reaped.",
    counted: true,
    watch: Watch::ALL,
    order_counts: false,
    scenarios: || {
        vec![plain(), slow_child(), slow_parent(), fork_fails(), later_fork_fails(BEFORE_REFUSAL as u32)]
    },
    checks: &[
        ALL_CHILDREN,
        SEEN,
        STATE_LINE,
        GONE_LINE,
        ALL_AT_ONCE,
        Check {
            points: 2,
            claim: "The parent reaps each of its children with a wait call, also when a fork fails in the middle.",
            hints: &[
                "How many of your children does each wait call reap?",
                "One wait reaps one child; with WNOHANG perhaps none, and with WNOWAIT never.",
                "for child in children { waitpid(child, None)?; } or wait() again and again, until it answers ECHILD.",
            ],
            scenarios: &["plain", "slow-child", "slow-parent", "later-fork-fails"],
            judge: reaped,
            ..REAPED
        },
        COUNT_LINE,
        Check {
            points: 1,
            claim: "The parent says its three lines and nothing else; the children say nothing.",
            judge: own_path,
            ..OWN_PATH
        },
        Check { points: 1, judge: |run| reaping::no_busy_wait(run), ..NO_BUSY_WAIT },
        EXIT_STATUS,
        Check { points: 1, judge: |run| failure::fork_fails(run, CHILDREN, ALL_CHILDREN.id), ..FORK_FAILS },
        LATER_FORK_FAILS,
    ],
    wanted,
};

const ALL_PACES: &[&str] = &["plain", "slow-child", "slow-parent"];

const ALL_CHILDREN: Check = Check {
    id: "children",
    claim: "The program makes exactly eleven processes, all of them its own children.",
    why: "Whoever is to be reaped by you must be your child. Grandchildren, and what a helper such as ps or sh starts, are \
          not.",
    points: 1,
    hints: &[
        "Draw the tree of processes. Does a child come past the next fork, too?",
        "End each child right after its fork. In a loop of forks the children are in the loop as well.",
        "Ok(ForkResult::Child) => std::process::exit(0)",
    ],
    see: &["fork(2)", "_exit(2)"],
    scenarios: ALL_PACES,
    judge: children,
};

const SEEN: Check = Check {
    id: "seen",
    claim: "The parent reads /proc/C/stat (or status) of its first child C after C has ended and before it reaps C.",
    why: "Only in that time there is a zombie. Before, the child is alive; afterwards there is nothing in /proc to be \
          read.",
    points: 3,
    hints: &[
        "How does your parent know, at the moment when it reads, that the child has ended? A sleep tells nothing.",
        "There is a wait that tells of the end and leaves the child unreaped: waitid with WNOWAIT.",
        "waitid(Id::Pid(child), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?; then read; then waitpid(child, None)?.",
    ],
    see: &["waitid(2)", "proc(5)"],
    scenarios: ALL_PACES,
    judge: seen,
};

const STATE_LINE: Check = Check {
    id: "state-line",
    claim: "The parent says `zombie C: state Z`, with the first child's PID and what it has read.",
    why: "Z stands for a process that has ended and was not reaped. The kernel shows it for as long as nobody asks for \
          its status.",
    points: 1,
    hints: &[
        "What stands in the file, and which part of it is the state?",
        "In stat it is the letter after the name in parentheses; in status the letter after `State:`.",
        "let (_, fields) = stat.rsplit_once(\") \")?; the state is the first character of `fields`.",
    ],
    see: &["proc(5)", "ps(1)"],
    scenarios: ALL_PACES,
    judge: state_line,
};

const GONE_LINE: Check = Check {
    id: "gone-line",
    claim: "The parent says `zombie C: gone` after it has reaped C.",
    why: "Reaping is what ends a zombie. After that the number may be given to somebody else, so nobody should look it \
          up any more.",
    points: 1,
    hints: &[
        "Which call makes the zombie go away, and does the line come after it?",
        "A wait with WNOWAIT reaps nobody, and kill does nothing to the dead.",
        "waitpid(child, None)?; and then println!(\"zombie {child}: gone\").",
    ],
    see: &["wait(2)", "proc(5)"],
    scenarios: ALL_PACES,
    judge: gone_line,
};

const ALL_AT_ONCE: Check = Check {
    id: "all-at-once",
    claim: "All ten children of the second part are there before the first of them is reaped.",
    why: "To reap one child before the next one is made is easy. With many at once, several can end before the parent \
          asks for any.",
    points: 1,
    hints: &[
        "In which order do your program's forks and waits come?",
        "Two loops, one after the other: first fork ten times, then wait.",
    ],
    see: &["fork(2)", "wait(2)"],
    scenarios: ALL_PACES,
    judge: all_at_once,
};

const COUNT_LINE: Check = Check {
    id: "count-line",
    claim: "The parent says `reaped: 10` after it has reaped the last of the ten.",
    why: "Nobody but the parent knows how many were reaped, and it knows by what the waits returned.",
    points: 1,
    hints: &[
        "What does your program count: forks, or waits that returned a child?",
        "The first child was reaped before, and does not belong to the ten.",
        "println!(\"reaped: {}\", …) after the loop of waits.",
    ],
    see: &["wait(2)"],
    scenarios: ALL_PACES,
    judge: count_line,
};

const EXIT_STATUS: Check = Check {
    id: "exit-status",
    claim: "The parent and all children end, with exit status 0.",
    why: "A child's exit status is what its zombie is kept for: 0 says that all went well.",
    points: 1,
    hints: &[
        "How does each process end, and with which number?",
        "Returning from main gives 0. A panic gives 101, exit whatever it is given.",
        "End each child with std::process::exit(0), and the parent with ExitCode::SUCCESS.",
    ],
    see: &["exit(3)", "_exit(2)"],
    scenarios: ALL_PACES,
    judge: exit_status,
};

const LATER_FORK_FAILS: Check = Check {
    id: "later-fork-fails",
    claim: "When a later fork fails: a message on stderr, a status that is not 0, and no `reaped` line.",
    why: "Ten were wanted, and there are fewer. To clean up well is not to have done the work.",
    points: 1,
    hints: &[
        "What does your program say, and with what does it end, when the fifth fork is refused?",
        "Keep the error while you reap the children that are there, and report it then.",
        "let mut made = Ok(()); … made = fork…; then the waits; then made?; and only then println!.",
    ],
    see: &["fork(2)", "errno(3)"],
    scenarios: &["later-fork-fails"],
    judge: later_fork_fails_cleanly,
};

/// The run as it should be.
fn wanted() -> Trace {
    let mut run = Builder::new("zombies");
    let child = run.fork(TaskId::ROOT);
    run.exit(child, 0);
    run.looks_at_the_end(TaskId::ROOT, child);
    let file = run.open(TaskId::ROOT, &format!("/proc/{}/stat", run.pid(child)), 0, 0);
    run.read(TaskId::ROOT, file, 200);
    run.close(TaskId::ROOT, file);
    run.print(TaskId::ROOT, &format!("zombie {}: state Z\n", run.pid(child)));
    run.wait(TaskId::ROOT, child);
    run.print(TaskId::ROOT, &format!("zombie {}: gone\n", run.pid(child)));
    let many: Vec<TaskId> = (0..MANY).map(|_| run.fork(TaskId::ROOT)).collect();
    many.iter().for_each(|child| run.exit(*child, 0));
    many.iter().for_each(|child| run.wait(TaskId::ROOT, *child));
    run.print(TaskId::ROOT, &format!("reaped: {MANY}\n"));
    run.exit(TaskId::ROOT, 0);
    run.finish()
}

#[cfg(test)]
mod tests;
