//! `fork`: one call returns twice. Parent and child each say who they are.
//!
//! Reaping is not asked for: that is the next exercise. The order of the two last lines is free.

use super::circumstance::{fork_fails, plain, slow_child, slow_parent};
use super::ending::{nobody_is_left, with_success};
use super::failure::FORK_FAILS;
use super::family::{Family, ONE_CHILD};
use super::lines::{self, CHILD_LINE, GREETING, OWN_PATH};
use super::wait::WATCH;
use crate::course::{Check, Exercise, Judgement, Run, premise};
use grader_trace::{Builder, TaskId, Trace};

/// The exercise.
pub const EXERCISE: Exercise = Exercise {
    id: "fork",
    chapter: "1-processes",
    title: "parent and child each say who they are",
    aha: "One call returns twice: once in each of two processes.",
    counted: true,
    watch: WATCH,
    order_counts: true,
    scenarios: || vec![plain(), slow_child(), slow_parent(), fork_fails()],
    checks: &[
        Check { points: 2, ..ONE_CHILD },
        Check { points: 1, ..GREETING },
        PARENT_LINE,
        Check { points: 2, ..CHILD_LINE },
        Check { points: 1, judge: own_path, ..OWN_PATH },
        EXIT_STATUS,
        Check { points: 1, ..FORK_FAILS },
    ],
    wanted,
};

const PARENT_LINE: Check = Check {
    id: "parent-line",
    claim: "The parent says `hello, I am parent of C (pid:P)`, with the child's PID and its own.",
    why: "fork tells the parent who its child is, and tells it once: no other call gives that number later.",
    points: 2,
    hints: &[
        "Two numbers, two sources: which of them does fork answer, and which does getpid?",
        "What fork returned in the parent is C. In the child the same variable holds 0.",
        "In the parent's branch: println!(\"hello, I am parent of {child} (pid:{})\", getpid()).",
    ],
    see: &["fork(2)", "getpid(2)"],
    scenarios: &["plain", "slow-child", "slow-parent"],
    judge: parent_line,
};

/// "Both end well." Its judge depends on what they say before.
pub const EXIT_STATUS: Check = Check {
    id: "exit-status",
    claim: "Parent and child both end, with exit status 0.",
    why: "0 says that all went well. A child has an exit status of its own, which its parent can ask for.",
    points: 1,
    hints: &[
        "How does each of the two end, and with which number? Both run the same code after the fork.",
        "Returning from main gives 0. A panic gives 101, abort no status at all, exit whatever it is given.",
        "End the child with std::process::exit(0), or let both return ExitCode::SUCCESS from main.",
    ],
    see: &["exit(3)", "_exit(2)"],
    scenarios: &["plain", "slow-child", "slow-parent"],
    judge: exit_status,
};

fn parent_line(run: &Run) -> Judgement {
    lines::parent_line(&Family::of(run)?, None)
}

fn own_path(run: &Run) -> Judgement {
    let family = Family::of(run)?;
    lines::own_branches(run, &family, |_| true)?;
    premise("greeting", lines::greeting(run))?;
    premise("parent-line", parent_line(run))?;
    premise("child-line", lines::child_line(&family))?;
    lines::own_path(&family, |_| true)
}

fn exit_status(run: &Run) -> Judgement {
    let Family { trace, parent, child } = Family::of(run)?;
    nobody_is_left(trace)?;
    match (with_success(trace, parent), with_success(trace, child)) {
        (Ok(parent), Ok(child)) => Ok(format!("{parent}, {child}")),
        (Err(finding), _) => premise("parent-line", parent_line(run)).and(Err(finding.into())),
        (_, Err(finding)) => premise("child-line", (CHILD_LINE.judge)(run)).and(Err(finding.into())),
    }
}

/// The run as it should be.
fn wanted() -> Trace {
    let mut run = Builder::new("fork");
    run.print(TaskId::ROOT, "hello world (pid:100)\n");
    let child = run.fork(TaskId::ROOT);
    run.print(TaskId::ROOT, "hello, I am parent of 101 (pid:100)\n");
    run.print(child, "hello, I am child (pid:101)\n");
    run.exit(child, 0);
    run.exit(TaskId::ROOT, 0);
    run.finish()
}

#[cfg(test)]
mod tests;
