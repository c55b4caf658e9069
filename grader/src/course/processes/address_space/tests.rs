//! `address-space`: every check fails for its own reason alone, and unusual right programs pass.

use super::*;
use crate::course::processes::proof::{Proof, all_hold, each_check_fails_somewhere, fails_only};
use grader_trace::{CloneFlags, Ending, Errno, Signal};

const P: TaskId = TaskId::ROOT;
const START: &str = "start: x=1 at 0xabc0\n";
const PARENTS: &str = "parent: x=0 at 0xabc0\n";
const CHILDS: &str = "child: x=2 at 0xabc0\n";

/// Judges one natural run.
fn run(script: impl FnOnce(&mut Builder)) -> Proof {
    let mut run = Builder::new("address-space");
    script(&mut run);
    Proof::of(&EXERCISE).with("plain", run.finish())
}

/// Judges one run in which fork fails.
fn failing(script: impl FnOnce(&mut Builder)) -> Proof {
    let mut run = Builder::new("address-space");
    run.print(P, START);
    run.fork_fails(P, Errno::EAGAIN);
    script(&mut run);
    Proof::of(&EXERCISE).with("fork-fails", run.finish())
}

/// A right beginning, then what the two say, then a right end.
fn saying(parent: &str, child: &str) -> Proof {
    run(|run| {
        run.print(P, START);
        let c = run.fork(P);
        run.print(c, child);
        run.print(P, parent);
        run.exit(c, 0);
        run.exit(P, 0);
    })
}

#[test]
fn each_check_is_shown_to_fail() {
    each_check_fails_somewhere(&EXERCISE, include_str!("tests.rs"));
}

#[test]
fn the_wanted_run_holds() {
    all_hold(Proof::of(&EXERCISE).with("plain", wanted()));
}

#[test]
fn the_parent_may_wait_and_lines_may_come_in_pieces() {
    all_hold(run(|run| {
        run.print(P, "start: x=1 ");
        run.print(P, "at 0xabc0\n");
        let c = run.fork(P);
        run.print(c, "child: x=");
        run.print(c, "2 at 0xabc0\n");
        run.exit(c, 0);
        run.wait(P, c);
        run.print(P, PARENTS);
        run.exit(P, 0);
    }));
}

#[test]
fn a_program_without_a_child_fails_by_one_child() {
    fails_only(
        "one-child",
        run(|run| {
            [START, PARENTS, CHILDS].iter().for_each(|line| run.print(P, line));
            run.exit(P, 0);
        }),
    );
    let thread = CloneFlags(CloneFlags::THREAD | CloneFlags::VM);
    fails_only(
        "one-child",
        run(|run| {
            run.print(P, START);
            let thread = run.clone_with(P, "clone3", thread);
            run.print(thread, CHILDS);
            run.exit(thread, 0);
            run.print(P, PARENTS);
            run.exit(P, 0);
        }),
    );
}

#[test]
fn a_first_line_of_other_words_too_late_or_missing_fails_by_start_line() {
    for first in ["start: x=0 at 0xabc0\n", "x=1 at 0xabc0\n", "puzzle\nstart: x=1 at 0xabc0\n", ""] {
        fails_only(
            "start-line",
            run(|run| {
                if !first.is_empty() {
                    run.print(P, first);
                }
                let c = run.fork(P);
                run.print(P, PARENTS);
                run.print(c, CHILDS);
                run.exit(c, 0);
                run.exit(P, 0);
            }),
        );
    }
}

#[test]
fn a_first_line_that_fork_copies_fails_by_start_line_and_says_why() {
    for end in ["", "\n"] {
        let begun = START.trim_end();
        let finding = fails_only(
            "start-line",
            run(|run| {
                let c = run.fork(P);
                run.print(P, &format!("{begun}{end}{PARENTS}"));
                run.print(c, &format!("{begun}{end}{CHILDS}"));
                run.exit(c, 0);
                run.exit(P, 0);
            }),
        );
        let words = if end.is_empty() { "no newline" } else { "in a buffer when fork copied" };
        assert!(finding.observed.contains(words), "{}", finding.observed);
    }
}

#[test]
fn a_line_of_other_words_or_none_fails_by_the_check_of_that_line() {
    for line in ["parent: 0 at 0xabc0\n", "parent: x=0 at 43968\n", "parent: x=0 at 0xabc0", "x\n"] {
        fails_only("parent-line", saying(line, CHILDS));
    }
    for line in ["child : x=2 at 0xabc0\n", "child: x=2 at 0xabc0", "I am child\n"] {
        fails_only("child-line", saying(PARENTS, line));
    }
    let twice = format!("{PARENTS}{PARENTS}");
    fails_only("parent-line", saying(&twice, CHILDS));
    let finding = fails_only(
        "child-line",
        run(|run| {
            run.print(P, START);
            let c = run.fork(P);
            run.complain(c, CHILDS);
            run.exit(c, 0);
            run.print(P, PARENTS);
            run.exit(P, 0);
        }),
    );
    assert!(finding.observed.contains("on stderr"), "{}", finding.observed);
}

#[test]
fn a_value_that_went_over_to_the_other_fails_by_two_values_whoever_came_first() {
    for (parent, child) in [(0, 1), (1, 2)] {
        let finding = fails_only(
            "two-values",
            saying(&format!("parent: x={parent} at 0xabc0\n"), &format!("child: x={child} at 0xabc0\n")),
        );
        assert!(finding.observed.contains("what the other had left"), "{}", finding.observed);
    }
    let finding = fails_only("two-values", saying("parent: x=2 at 0xabc0\n", "child: x=0 at 0xabc0\n"));
    assert!(finding.observed.contains("the child is to add"), "{}", finding.observed);
    fails_only("two-values", saying(PARENTS, "child: x=3 at 0xabc0\n"));
}

#[test]
fn a_child_in_its_parents_memory_is_told_so() {
    let finding = fails_only(
        "two-values",
        run(|run| {
            run.print(P, START);
            let c = run.clone_with(P, "vfork", CloneFlags(CloneFlags::VM | CloneFlags::VFORK));
            run.print(c, CHILDS);
            run.exit(c, 0);
            run.print(P, "parent: x=1 at 0xabc0\n");
            run.exit(P, 0);
        }),
    );
    assert!(finding.observed.contains("CLONE_VM"), "{}", finding.observed);
}

#[test]
fn another_address_in_any_of_the_lines_fails_by_same_address() {
    for (parent, child) in [("0xabc0", "0xabc4"), ("0xabc4", "0xabc0"), ("0xabc4", "0xabc4")] {
        let finding = fails_only(
            "same-address",
            saying(&format!("parent: x=0 at {parent}\n"), &format!("child: x=2 at {child}\n")),
        );
        assert!(finding.observed.ends_with("before the fork it was 0xabc0"), "{}", finding.observed);
    }
}

#[test]
fn falling_through_and_further_words_and_swapped_branches_fail_by_own_path() {
    let both = format!("{CHILDS}parent: x=1 at 0xabc0\n");
    fails_only("own-path", saying(PARENTS, &both));
    fails_only("own-path", saying(&format!("{PARENTS}bye\n"), CHILDS));
    let finding = fails_only("own-path", saying(CHILDS, PARENTS));
    assert!(finding.observed.contains("each other's branch"), "{}", finding.observed);
}

#[test]
fn another_status_or_a_signal_or_no_end_fails_by_exit_status() {
    let ends: [fn(&mut Builder, TaskId); 2] = [
        |run, c| {
            run.exit(c, 2);
            run.exit(P, 0);
        },
        |run, c| {
            run.exit(c, 0);
            run.crash(P, Signal(6));
        },
    ];
    for end in ends {
        fails_only(
            "exit-status",
            run(|run| {
                run.print(P, START);
                let c = run.fork(P);
                run.print(P, PARENTS);
                run.print(c, CHILDS);
                end(run, c);
            }),
        );
    }
    let mut run = Builder::new("address-space");
    run.print(P, START);
    let c = run.fork(P);
    run.print(P, PARENTS);
    run.exit(P, 0);
    run.waits_for_ever(c);
    fails_only("exit-status", Proof::of(&EXERCISE).with("plain", run.end(Ending::LeftBehind)));
}

#[test]
fn a_fork_that_fails_needs_a_message_and_a_status_and_silence() {
    all_hold(failing(|run| {
        run.complain(P, "fork: EAGAIN: Try again\n");
        run.exit(P, 1);
    }));
    // The first line may have lain in a buffer: that is the finding of another check.
    let mut late = Builder::new("address-space");
    late.fork_fails(P, Errno::EAGAIN);
    late.complain(P, "fork: EAGAIN\n");
    late.print(P, START.trim_end());
    late.exit(P, 1);
    all_hold(Proof::of(&EXERCISE).with("fork-fails", late.finish()));
    let wrong: [fn(&mut Builder); 3] = [
        |run| run.exit(P, 1),
        |run| {
            run.complain(P, "fork: EAGAIN\n");
            run.exit(P, 0);
        },
        |run| {
            run.print(P, PARENTS);
            run.exit(P, 0);
        },
    ];
    for script in wrong {
        fails_only("fork-fails", failing(script));
    }
}
