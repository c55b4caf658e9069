//! `fork-tree`: children fork too. Four trees, each grown to its exact shape, and every process reaped by its parent.
//!
//! Who fails by what: a tree of another shape fails by the check of its name alone, and all else about that
//! run is moot. A line that is missing, doubled or of another generation is `lines`. A child that waits for what are
//! not its children fails by what comes of it: a status other than 0, for which nothing before is an explanation.

use super::circumstance::{self, natural, plain, second_fork_fails, slow_child, slow_parent};
use super::failure::{FORK_FAILS, STATUS_DECODED};
use super::reaping::{NO_BUSY_WAIT, REAPED};
use super::wait::WATCH;
use crate::course::{Check, Exercise, Scenario};
use grader_trace::{Builder, TaskId, Trace};
use grader_tracer::{ExitAs, Plan};
use judge::*;

mod judge;
mod tree;

/// The exercise.
pub const EXERCISE: Exercise = Exercise {
    id: "fork-tree",
    chapter: "1-processes",
    title: "trees of processes",
    aha: "Children fork too: after fork there are two who come to the next line.",
    counted: true,
    watch: WATCH,
    order_counts: false,
    scenarios: || {
        vec![
            plain().with_args(&["chain"]),
            natural("fan", "when it grows the fan").with_args(&["fan"]),
            natural("doubling", "when it doubles three times").with_args(&["doubling"]),
            natural("six", "when it grows the tree of the puzzle").with_args(&["six"]),
            slow_child().with_args(&["six"]),
            slow_parent().with_args(&["six"]),
            fork_fails(),
            later_fork_fails(),
            child_killed(),
            last_fails(),
        ]
    },
    checks: &[
        CHAIN,
        FAN,
        DOUBLING,
        SIX,
        LINES,
        Check {
            points: 2,
            claim: "Every process reaps its own children with wait calls.",
            why: "A process can wait for its own children only: not for its siblings, and not for its grandchildren.",
            hints: &[
                "Which PIDs does each process wait for? After a fork the child has a copy of its parent's list.",
                "What fork told the parent before are the child's siblings, and wait answers ECHILD for them.",
                "In the child, right after the fork: children.clear().",
            ],
            scenarios: ALL_TREES,
            judge: reaped,
            ..REAPED
        },
        Check {
            points: 1,
            claim: "No process asks again and again whether its children have ended.",
            scenarios: ALL_TREES,
            judge: no_busy_wait,
            ..NO_BUSY_WAIT
        },
        EXIT_STATUS,
        Check {
            points: 1,
            claim: "If a process of the tree fails or is killed, the first one does not end with 0.",
            why: "Each process learns of its own children only. News from further down comes up as an exit status, from \
                  parent to parent, or gets lost on the way.",
            judge: status_decoded,
            ..STATUS_DECODED
        },
        Check { points: 1, judge: fork_fails_cleanly, ..FORK_FAILS },
        LATER_FORK_FAILS,
    ],
    wanted,
};

/// Where a whole tree is grown.
const ALL_TREES: &[&str] = &["plain", "fan", "doubling", "six", "slow-child", "slow-parent"];

fn fork_fails() -> Scenario {
    circumstance::fork_fails().with_args(&["fan"])
}

fn later_fork_fails() -> Scenario {
    second_fork_fails().with_args(&["fan"])
}

fn child_killed() -> Scenario {
    circumstance::child_killed().with_args(&["chain"])
}

/// The last of the chain hands in another exit status than its program asks for.
fn last_fails() -> Scenario {
    let exit = Some(ExitAs { task: 3, code: circumstance::CHILD_FAILS_WITH });
    Scenario {
        title: "when the last of the chain ends with 3",
        plan: Plan { exit, ..Plan::default() },
        ..circumstance::child_fails().with_args(&["chain"])
    }
}

const CHAIN: Check = Check {
    id: "chain",
    claim: "`chain` grows a chain of four: a process, its child, its grandchild, and one more.",
    why: "The parent has to stop where the child goes on. Both come to the next line, and both with the same plans.",
    points: 1,
    hints: &[
        "After the first fork: which of the two is to fork again?",
        "Only the child goes on; the parent leaves the loop.",
        "for _ in 0..3 { if the fork told you that you are the parent { break; } }",
    ],
    see: &["fork(2)"],
    scenarios: &["plain"],
    judge: shape,
};

const FAN: Check = Check {
    id: "fan",
    claim: "`fan` grows a fan of five: one process and its four children.",
    why: "A loop with fork in it is run by everybody who is born in it. Who does not leave it forks again.",
    points: 1,
    hints: &[
        "After the first fork: which of the two is to fork again?",
        "Only the parent goes on; a child leaves the loop.",
        "for _ in 0..4 { if the fork told you that you are the child { break; } }",
    ],
    see: &["fork(2)"],
    scenarios: &["fan"],
    judge: shape,
};

const DOUBLING: Check = Check {
    id: "doubling",
    claim: "`doubling` grows the tree of `fork(); fork(); fork();`, which has eight processes.",
    why: "Each fork is reached by everybody who is there, and doubles them: 2, 4, 8. Ten in a row make 1024.",
    points: 2,
    hints: &[
        "How many processes come to the second fork? And to the third?",
        "Nobody leaves the loop here: parent and child both go on.",
        "Three times fork, and nothing between them that only one of the two does.",
    ],
    see: &["fork(2)"],
    scenarios: &["doubling"],
    judge: shape,
};

const SIX: Check = Check {
    id: "six",
    claim: "`six` grows the tree of the puzzle, which has six processes.",
    why: "What fork returned is kept in a variable, and the variable is copied with everything else. So each process \
          can tell afterwards at which fork it was the child.",
    points: 2,
    hints: &[
        "Write down p1 and p2 of each process that comes to the if. For how many are both conditions true?",
        "p1 > 0 and p2 == 0: the parent of the first fork and the child of the second. There is one such process.",
        "That one forks; and if it is the parent then, it forks once more.",
    ],
    see: &["fork(2)"],
    scenarios: &["six", "slow-child", "slow-parent"],
    judge: shape,
};

const LINES: Check = Check {
    id: "lines",
    claim: "Every process says `generation G` once and nothing else; G is how many forks it is from the first process.",
    why: "A variable that the child changes is the child's. So each process can count for itself how deep in the tree \
          it is.",
    points: 2,
    hints: &[
        "Which process changes the number, and when?",
        "Add 1 in the child after each fork that made it, and nowhere else.",
        "Ok(ForkResult::Child) => generation += 1, and at the end println!(\"generation {generation}\").",
    ],
    see: &["fork(2)", "stdio(3)"],
    scenarios: ALL_TREES,
    judge: lines,
};

const EXIT_STATUS: Check = Check {
    id: "exit-status",
    claim: "Every process comes to its end, with exit status 0.",
    why: "0 says that all went well, and each parent in the tree asks for it.",
    points: 1,
    hints: &[
        "Which process ends otherwise, and why? Does it wait for somebody who is not its child?",
        "Returning from main gives 0. A wait that answers ECHILD has no child to wait for.",
        "Wait for your own children only, and end with ExitCode::SUCCESS if they all ended with 0.",
    ],
    see: &["exit(3)", "wait(2)"],
    scenarios: ALL_TREES,
    judge: exit_status,
};

const LATER_FORK_FAILS: Check = Check {
    id: "second-fork-fails",
    claim: "When a later fork fails: a message, a status that is not 0, and the children made before are reaped.",
    why: "There is half a tree by then. Whoever ends in the middle of it leaves its children to others.",
    points: 1,
    hints: &[
        "Who exists at that moment, and who reaps them?",
        "A `?` leaves the function at once. What of the waiting below it?",
        "On the error path: the message first, then wait for all children made so far, then end with a failure.",
    ],
    see: &["fork(2)", "wait(2)"],
    scenarios: &["second-fork-fails"],
    judge: second_fork_fails_cleanly,
};

/// The run as it should be, of the first tree.
fn wanted() -> Trace {
    let mut run = Builder::new("fork-tree").args(&["chain"]);
    let child = run.fork(TaskId::ROOT);
    run.print(TaskId::ROOT, "generation 0\n");
    let waits = run.now();
    let grandchild = run.fork(child);
    run.print(child, "generation 1\n");
    let child_waits = run.now();
    let last = run.fork(grandchild);
    run.print(grandchild, "generation 2\n");
    let grandchild_waits = run.now();
    run.print(last, "generation 3\n");
    run.exit(last, 0);
    run.wait_since(grandchild_waits, grandchild, last);
    run.exit(grandchild, 0);
    run.wait_since(child_waits, child, grandchild);
    run.exit(child, 0);
    run.wait_since(waits, TaskId::ROOT, child);
    run.exit(TaskId::ROOT, 0);
    run.finish()
}

#[cfg(test)]
mod tests;
