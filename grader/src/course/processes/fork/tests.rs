//! `fork`: every check fails for its own reason alone, and unusual right programs pass.

use super::*;
use crate::course::processes::proof::{Proof, all_hold, each_check_fails_somewhere, fails_only};
use grader_trace::{CloneFlags, Ending, Errno, Fd, Signal, TaskId};

const P: TaskId = TaskId::ROOT;

/// Judges one natural run.
fn run(script: impl FnOnce(&mut Builder)) -> Proof {
    let mut run = Builder::new("fork");
    script(&mut run);
    Proof::of(&EXERCISE).with("plain", run.finish())
}

/// Judges one run in which fork fails.
fn failing(script: impl FnOnce(&mut Builder)) -> Proof {
    let mut run = Builder::new("fork");
    run.print(P, "hello world (pid:100)\n");
    run.fork_fails(P, Errno::EAGAIN);
    script(&mut run);
    Proof::of(&EXERCISE).with("fork-fails", run.finish())
}

/// A right beginning, then what the two say, then a right end.
fn saying(parent: &str, child: &str) -> Proof {
    run(|run| {
        run.print(P, "hello world (pid:100)\n");
        let c = run.fork(P);
        run.print(P, parent);
        run.print(c, child);
        run.exit(c, 0);
        run.exit(P, 0);
    })
}

const PARENTS: &str = "hello, I am parent of 101 (pid:100)\n";
const CHILDS: &str = "hello, I am child (pid:101)\n";

#[test]
fn each_check_is_shown_to_fail() {
    each_check_fails_somewhere(&EXERCISE, include_str!("tests.rs"));
}

#[test]
fn the_wanted_run_holds() {
    all_hold(Proof::of(&EXERCISE).with("plain", wanted()));
}

#[test]
fn any_way_to_make_a_process_is_a_fork() {
    for (call, flags) in [("vfork", CloneFlags::VM | CloneFlags::VFORK), ("clone3", 0), ("fork", 0)] {
        all_hold(run(|run| {
            run.print(P, "hello world (pid:100)\n");
            let c = run.clone_with(P, call, CloneFlags(flags));
            run.print(c, CHILDS);
            run.exit(c, 0);
            run.print(P, PARENTS);
            run.exit(P, 0);
        }));
    }
}

#[test]
fn a_child_may_end_last_and_lines_may_come_in_pieces_and_at_the_same_time() {
    all_hold(run(|run| {
        run.print(P, "hello world ");
        run.print(P, "(pid:100)\n");
        let c = run.fork(P);
        run.print(P, "hello, I am parent ");
        run.print(c, "hello, I am ");
        run.print(P, "of 101 (pid:100)\n");
        run.exit(P, 0);
        run.print(c, "child (pid:101)\n");
        run.exit(c, 0);
    }));
}

#[test]
fn without_a_fork_the_right_text_is_true_of_nobody() {
    let finding = fails_only(
        "one-child",
        run(|run| {
            run.print(P, "hello world (pid:100)\n");
            run.print(P, PARENTS);
            run.print(P, CHILDS);
            run.exit(P, 0);
        }),
    );
    assert!(finding.observed.contains("no process was made"), "{}", finding.observed);
    assert!(finding.observed.contains("true of nobody"), "{}", finding.observed);
}

#[test]
fn an_empty_program_fails_by_one_child_alone() {
    fails_only("one-child", run(|run| run.exit(P, 0)));
}

#[test]
fn a_thread_instead_of_a_child_or_beside_it_fails_by_one_child() {
    let threads = CloneFlags(CloneFlags::THREAD | CloneFlags::VM | CloneFlags::FILES);
    let finding = fails_only(
        "one-child",
        run(|run| {
            run.print(P, "hello world (pid:100)\n");
            let thread = run.clone_with(P, "clone3", threads);
            run.print(thread, CHILDS);
            run.exit(thread, 0);
            run.exit(P, 0);
        }),
    );
    assert!(finding.observed.contains("101 is a thread"), "{}", finding.observed);
    fails_only(
        "one-child",
        run(|run| {
            run.print(P, "hello world (pid:100)\n");
            let thread = run.clone_with(P, "clone3", threads);
            run.exit(thread, 0);
            let c = run.fork(P);
            run.print(P, "hello, I am parent of 102 (pid:100)\n");
            run.print(c, "hello, I am child (pid:102)\n");
            run.exit(c, 0);
            run.exit(P, 0);
        }),
    );
}

#[test]
fn a_second_fork_fails_by_one_child_and_names_who_made_whom() {
    let finding = fails_only(
        "one-child",
        run(|run| {
            run.print(P, "hello world (pid:100)\n");
            let a = run.fork(P);
            let b = run.fork(P);
            let c = run.fork(a);
            [c, b, a, P].into_iter().for_each(|task| run.exit(task, 0));
        }),
    );
    assert_eq!(finding.observed, "3 processes were made: 101 by the parent, 102 by the parent, 103 by 101");
}

#[test]
fn a_sibling_made_with_clone_parent_is_nobodys_child() {
    fails_only(
        "one-child",
        run(|run| {
            run.print(P, "hello world (pid:100)\n");
            let c = run.clone_with(P, "clone", CloneFlags(CloneFlags::PARENT));
            run.print(P, PARENTS);
            run.print(c, CHILDS);
            run.exit(c, 0);
            run.exit(P, 0);
        }),
    );
}

#[test]
fn a_greeting_that_is_copied_by_fork_fails_by_greeting_and_says_why() {
    let finding = fails_only(
        "greeting",
        run(|run| {
            let c = run.fork(P);
            run.print(P, "hello world (pid:100)");
            run.print(P, PARENTS);
            run.print(c, "hello world (pid:100)\n");
            run.print(c, CHILDS);
            run.exit(c, 0);
            run.exit(P, 0);
        }),
    );
    assert!(finding.observed.contains("in a buffer when fork copied"), "{}", finding.observed);
}

#[test]
fn a_greeting_of_other_words_or_missing_fails_by_greeting() {
    for greeting in
        ["Hello world (pid:100)\n", "hello world (pid:99)\n", "start\nhello world (pid:100)\n", ""]
    {
        fails_only(
            "greeting",
            run(|run| {
                if !greeting.is_empty() {
                    run.print(P, greeting);
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
fn wrong_numbers_or_words_in_the_parents_line_fail_by_parent_line() {
    for line in [
        "hello, I am parent of 100 (pid:101)\n",
        "hello, I am parent of 1 (pid:100)\n",
        "hello, I am parent of 101 (pid:100)",
        "hello, I am the parent of 101 (pid:100)\n",
        "hello, I am parent of 101 (wc:101) (pid:100)\n",
    ] {
        fails_only("parent-line", saying(line, CHILDS));
    }
}

#[test]
fn the_parents_line_on_stderr_is_not_on_stdout() {
    let finding = fails_only(
        "parent-line",
        run(|run| {
            run.print(P, "hello world (pid:100)\n");
            let c = run.fork(P);
            run.write(P, Fd(2), PARENTS);
            run.print(c, CHILDS);
            run.exit(c, 0);
            run.exit(P, 0);
        }),
    );
    assert!(finding.observed.contains("on stderr"), "{}", finding.observed);
}

#[test]
fn a_parent_that_crashes_before_its_line_fails_by_parent_line() {
    let finding = fails_only(
        "parent-line",
        run(|run| {
            run.print(P, "hello world (pid:100)\n");
            let c = run.fork(P);
            run.print(c, CHILDS);
            run.exit(c, 0);
            run.crash(P, Signal(11));
        }),
    );
    assert!(finding.observed.contains("SIGSEGV"), "{}", finding.observed);
}

#[test]
fn wrong_numbers_or_no_line_of_the_child_fail_by_child_line() {
    for line in ["hello, I am child (pid:100)\n", "hello, I am child (pid:0)\n", "I am child (pid:101)\n"] {
        fails_only("child-line", saying(PARENTS, line));
    }
    let finding = fails_only(
        "child-line",
        run(|run| {
            run.print(P, "hello world (pid:100)\n");
            let c = run.fork(P);
            run.exit(c, 0);
            run.print(P, PARENTS);
            run.print(P, CHILDS);
            run.exit(P, 0);
        }),
    );
    assert!(finding.observed.contains("the parent (100) wrote"), "{}", finding.observed);
}

#[test]
fn falling_through_and_further_words_and_swapped_branches_fail_by_own_path() {
    let both = format!("{CHILDS}hello, I am parent of 0 (pid:101)\n");
    fails_only("own-path", saying(PARENTS, &both));
    fails_only("own-path", saying(&format!("{PARENTS}bye\n"), CHILDS));
    let swapped = saying("hello, I am child (pid:100)\n", "hello, I am parent of 0 (pid:101)\n");
    let finding = fails_only("own-path", swapped);
    assert!(finding.observed.contains("each other's branch"), "{}", finding.observed);
}

#[test]
fn another_status_or_a_signal_or_no_end_fails_by_exit_status() {
    let ends: [fn(&mut Builder, TaskId); 3] = [
        |run, c| {
            run.exit(c, 1);
            run.exit(P, 0);
        },
        |run, c| {
            run.exit(c, 0);
            run.exit(P, 100);
        },
        |run, c| {
            run.crash(c, Signal(6));
            run.exit(P, 0);
        },
    ];
    for end in ends {
        fails_only(
            "exit-status",
            run(|run| {
                run.print(P, "hello world (pid:100)\n");
                let c = run.fork(P);
                run.print(P, PARENTS);
                run.print(c, CHILDS);
                end(run, c);
            }),
        );
    }
}

#[test]
fn a_child_that_never_ends_fails_by_exit_status_alone() {
    let mut run = Builder::new("fork");
    run.print(P, "hello world (pid:100)\n");
    let c = run.fork(P);
    run.print(P, PARENTS);
    run.exit(P, 0);
    run.waits_for_ever(c);
    let finding = fails_only("exit-status", Proof::of(&EXERCISE).with("plain", run.end(Ending::LeftBehind)));
    assert!(finding.observed.contains("the child (101) slept in wait4"), "{}", finding.observed);
}

#[test]
fn a_fork_that_fails_needs_a_message_and_a_status_and_silence() {
    all_hold(failing(|run| {
        run.complain(P, "fork: EAGAIN: Try again\n");
        run.exit(P, 1);
    }));
    all_hold(failing(|run| {
        let c = run.fork(P);
        run.print(c, CHILDS);
        run.exit(c, 0);
        run.print(P, PARENTS);
        run.exit(P, 0);
    }));
    let wrong: [fn(&mut Builder); 4] = [
        |run| run.exit(P, 1),
        |run| {
            run.complain(P, "fork: EAGAIN\n");
            run.exit(P, 0);
        },
        |run| {
            run.print(P, "hello, I am parent of -1 (pid:100)\n");
            run.exit(P, 0);
        },
        |run| {
            run.complain(P, "fork: EAGAIN\n");
            run.print(P, "fork failed\n");
            run.exit(P, 1);
        },
    ];
    for script in wrong {
        fails_only("fork-fails", failing(script));
    }
}

#[test]
fn work_that_goes_on_after_a_failed_fork_is_shown_where_it_is_written() {
    let finding = fails_only(
        "fork-fails",
        failing(|run| {
            run.complain(P, "fork: EAGAIN\n");
            run.print(P, "fork failed\n");
            run.exit(P, 1);
        }),
    );
    // The greeting, the fork and the message come before it.
    assert!(finding.events.len() == 2 && finding.events[0] > finding.events[1], "{:?}", finding.events);
}
