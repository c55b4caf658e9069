//! `address-space`: one address, two values. The child adds to `x`, the parent subtracts, and neither notices.
//!
//! Who fails by what: a line that is missing or reads otherwise is its own check's; what the numbers in it are
//! is `two-values`, and where they lie `same-address`. Memory that both share is `two-values`, in whichever
//! of the two lines it shows. Reaping is not asked for, and the order of the two last lines is free.

use super::circumstance::{fork_fails, plain, slow_child, slow_parent};
use super::failure::FORK_FAILS;
use super::family::ONE_CHILD;
use super::fork;
use super::lines::OWN_PATH;
use super::wait::WATCH;
use crate::course::{Check, Exercise};
use grader_trace::{Builder, TaskId, Trace};
use judge::*;

mod judge;

/// The exercise.
pub const EXERCISE: Exercise = Exercise {
    id: "address-space",
    chapter: "1-processes",
    title: "one address, two values",
    aha: "Same address, two values: each process has an address space of its own.",
    counted: true,
    watch: WATCH,
    order_counts: true,
    scenarios: || vec![plain(), slow_child(), slow_parent(), fork_fails()],
    checks: &[
        Check { points: 1, ..ONE_CHILD },
        START_LINE,
        PARENT_LINE,
        CHILD_LINE,
        TWO_VALUES,
        SAME_ADDRESS,
        Check { points: 1, judge: own_path, ..OWN_PATH },
        Check { judge: exit_status, ..fork::EXIT_STATUS },
        Check { points: 1, ..FORK_FAILS },
    ],
    wanted,
};

const ALL_PACES: &[&str] = &["plain", "slow-child", "slow-parent"];

const START_LINE: Check = Check {
    id: "start-line",
    claim: "The first line is `start: x=1 at A`, said once, by the parent, before it forks; A is the address of x.",
    why: "Before the fork there is one process, one address space, and one x. What both find there afterwards is a \
          copy of that.",
    points: 1,
    hints: &[
        "Which process prints it, and at which moment: before or after the fork?",
        "Print it with its newline before you fork. {:p} (in C: %p) is the format for an address.",
        "let mut x = 1; println!(\"start: x={x} at {:p}\", &raw const x); as the first thing in main.",
    ],
    see: &["fork(2)", "stdio(3)"],
    scenarios: ALL_PACES,
    judge: start_line,
};

const PARENT_LINE: Check = Check {
    id: "parent-line",
    claim: "The parent says `parent: x=N at A`, once.",
    why: "fork returns in both processes. Who of them prints a line is decided by what it returned.",
    points: 1,
    hints: &[
        "In which of the two processes does that line of yours run?",
        "fork answers the child's PID in the parent. What stands there: the word, x, the address?",
        "In the parent's branch: println!(\"parent: x={x} at {:p}\", &raw const x).",
    ],
    see: &["fork(2)", "printf(3)"],
    scenarios: ALL_PACES,
    judge: parent_line,
};

const CHILD_LINE: Check = Check {
    id: "child-line",
    claim: "The child says `child: x=N at A`, once.",
    why: "fork returns in both processes. Who of them prints a line is decided by what it returned.",
    points: 1,
    hints: &[
        "In which of the two processes does that line of yours run?",
        "fork answers 0 in the child. What stands there: the word, x, the address?",
        "In the child's branch: println!(\"child: x={x} at {:p}\", &raw const x).",
    ],
    see: &["fork(2)", "printf(3)"],
    scenarios: ALL_PACES,
    judge: child_line,
};

const TWO_VALUES: Check = Check {
    id: "two-values",
    claim: "The parent's x is 0 and the child's x is 2, whoever comes first.",
    why: "Each starts with a copy in which x is 1. What one of them writes goes into its own memory, and the other \
          never sees it. Only memory that was made to be shared is shared.",
    points: 2,
    hints: &[
        "Both start with 1. What does each of them do with its x, once?",
        "The child adds 1, the parent subtracts 1. If one sees what the other did, x lies in shared memory (MAP_SHARED, \
         vfork, a thread), or in a file.",
        "An ordinary variable of main will do: x += 1 in the child's branch, x -= 1 in the parent's.",
    ],
    see: &["fork(2)", "mmap(2)", "vfork(2)"],
    scenarios: ALL_PACES,
    judge: two_values,
};

const SAME_ADDRESS: Check = Check {
    id: "same-address",
    claim: "All three lines name the same address.",
    why: "The child's x is not somewhere else: it has the same address, in another address space. The kernel leads \
          each process's addresses to memory of its own.",
    points: 1,
    hints: &[
        "Is it the same variable whose address is printed in all three lines?",
        "A second `let x` is a second variable, and so is a function's parameter. Pass a reference, or change the \
         one x in place.",
        "One `let mut x = 1` before the fork; in both branches only x += 1 or x -= 1, and &raw const x.",
    ],
    see: &["fork(2)", "proc(5)"],
    scenarios: ALL_PACES,
    judge: same_address,
};

/// The run as it should be.
fn wanted() -> Trace {
    let mut run = Builder::new("address-space");
    run.print(TaskId::ROOT, "start: x=1 at 0x7ffd3c1a90cc\n");
    let child = run.fork(TaskId::ROOT);
    run.print(TaskId::ROOT, "parent: x=0 at 0x7ffd3c1a90cc\n");
    run.print(child, "child: x=2 at 0x7ffd3c1a90cc\n");
    run.exit(child, 0);
    run.exit(TaskId::ROOT, 0);
    run.finish()
}

#[cfg(test)]
mod tests;
