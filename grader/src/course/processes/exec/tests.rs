//! `exec`: every check fails for its own reason alone, and unusual right programs pass.

use super::*;
use crate::course::processes::proof::{Proof, all_hold, each_check_fails_somewhere, fails_only};
use grader_trace::*;

const P: TaskId = TaskId::ROOT;
const GREETING: &str = "hello world (pid:100)\n";
const CHILDS: &str = "hello, I am child (pid:101)\n";
const PARENTS: &str = "hello, I am parent of 101 (wc:101) (pid:100)\n";
const COUNTS: &str = " 3  6 29 lines.txt\n";
const ARGS: [&str; 2] = ["wc", "lines.txt"];

/// A right beginning up to the fork; then whatever follows. The end is the builder's business.
fn builder(script: impl FnOnce(&mut Builder, TaskId)) -> Trace {
    let mut run = Builder::new("exec").args(&["lines.txt"]);
    run.print(P, GREETING);
    let c = run.fork(P);
    script(&mut run, c);
    run.finish()
}

/// A right parent; the child says its line, and does this until it ends.
fn child(script: impl FnOnce(&mut Builder, TaskId)) -> Proof {
    Proof::of(&EXERCISE).with(
        "plain",
        builder(|run, c| {
            run.print(c, CHILDS);
            script(run, c);
            parents_end(run, c, 0);
        }),
    )
}

fn parents_end(run: &mut Builder, c: TaskId, status: u8) {
    run.wait(P, c);
    run.print(P, PARENTS);
    run.exit(P, status);
}

/// The child's exec fails; then the child does this, and the parent waits, speaks, and ends with `status`.
fn failing(status: u8, script: impl FnOnce(&mut Builder, TaskId)) -> Proof {
    Proof::of(&EXERCISE).with(
        "exec-fails",
        builder(|run, c| {
            run.print(c, CHILDS);
            run.exec_answers(c, "/usr/bin/wc", &ARGS, Outcome::Failed(Errno::ENOENT));
            script(run, c);
            parents_end(run, c, status);
        }),
    )
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
fn a_program_may_be_named_by_a_descriptor() {
    for path in ["", "/proc/self/fd/3"] {
        all_hold(child(|run, c| {
            run.open(c, "/usr/bin/wc", OpenFlags::CLOEXEC, 0);
            run.exec(c, path, &ARGS);
            run.print(c, COUNTS);
            run.exit(c, 0);
        }));
    }
}

#[test]
fn the_child_may_be_the_same_program_once_more_before_it_becomes_wc() {
    all_hold(Proof::of(&EXERCISE).with(
        "plain",
        builder(|run, c| {
            run.exec(c, "/proc/self/exe", &["exec", "lines.txt", "child"]);
            run.print(c, CHILDS);
            run.exec(c, "/usr/bin/wc", &ARGS);
            run.print(c, COUNTS);
            run.exit(c, 0);
            parents_end(run, c, 0);
        }),
    ));
}

#[test]
fn counting_by_itself_fails_by_becomes_wc() {
    let finding = fails_only(
        "becomes-wc",
        child(|run, c| {
            run.print(c, COUNTS);
            run.exit(c, 0);
        }),
    );
    assert!(finding.observed.contains("made no exec call"), "{}", finding.observed);
}

#[test]
fn a_shell_that_becomes_wc_fails_by_becomes_wc() {
    let finding = fails_only(
        "becomes-wc",
        child(|run, c| {
            run.exec(c, "/bin/sh", &["sh", "-c", "exec wc lines.txt"]);
            run.exec(c, "/usr/bin/wc", &ARGS);
            run.print(c, COUNTS);
            run.exit(c, 0);
        }),
    );
    assert!(finding.observed.contains("became /bin/sh"), "{}", finding.observed);
}

#[test]
fn an_exec_that_finds_nothing_fails_by_becomes_wc() {
    let finding = fails_only(
        "becomes-wc",
        Proof::of(&EXERCISE).with(
            "plain",
            builder(|run, c| {
                run.print(c, CHILDS);
                run.exec_answers(c, "/usr/bin/wc lines.txt", &ARGS, Outcome::Failed(Errno::ENOENT));
                run.complain(c, "wc: ENOENT\n");
                run.exit(c, 127);
                parents_end(run, c, 127);
            }),
        ),
    );
    assert!(finding.observed.contains("answered ENOENT"), "{}", finding.observed);
}

#[test]
fn a_parent_that_becomes_wc_fails_by_becomes_wc() {
    fails_only(
        "becomes-wc",
        Proof::of(&EXERCISE).with(
            "plain",
            builder(|run, c| {
                run.print(c, CHILDS);
                run.exit(c, 0);
                run.exec(P, "/usr/bin/wc", &ARGS);
                run.print(P, COUNTS);
                run.exit(P, 0);
            }),
        ),
    );
}

#[test]
fn a_shell_that_forks_is_one_process_too_many() {
    fails_only(
        "one-child",
        child(|run, c| {
            run.exec(c, "/bin/sh", &["sh", "-c", "wc lines.txt; true"]);
            let wc = run.fork(c);
            run.exec(wc, "/usr/bin/wc", &ARGS);
            run.print(wc, COUNTS);
            run.exit(wc, 0);
            run.wait(c, wc);
            run.exit(c, 0);
        }),
    );
}

#[test]
fn any_other_vector_fails_by_argv() {
    for (argv, output) in [
        (&["lines.txt"][..], "      0       0       0\n"),
        (&["/usr/bin/wc", "lines.txt"], COUNTS),
        (&["wc lines.txt"], "      0       0       0\n"),
        (&["wc", "wc", "lines.txt"], COUNTS),
    ] {
        fails_only(
            "argv",
            child(|run, c| {
                run.exec(c, "/usr/bin/wc", argv);
                run.print(c, output);
                run.exit(c, 0);
            }),
        );
    }
}

#[test]
fn a_line_of_wc_that_is_not_on_stdout_fails_by_wc_output() {
    let finding = fails_only(
        "wc-output",
        Proof::of(&EXERCISE).with(
            "plain",
            builder(|run, c| {
                run.print(c, CHILDS);
                run.close(c, Fd(1));
                run.exec(c, "/usr/bin/wc", &ARGS);
                run.complain(c, "wc: write error: Bad file descriptor\n");
                run.exit(c, 1);
                parents_end(run, c, 1);
            }),
        ),
    );
    assert!(finding.observed.contains("write error"), "{}", finding.observed);
}

#[test]
fn a_line_that_exec_threw_away_with_its_buffer_fails_by_child_line() {
    fails_only(
        "child-line",
        Proof::of(&EXERCISE).with(
            "plain",
            builder(|run, c| {
                run.exec(c, "/usr/bin/wc", &ARGS);
                run.print(c, COUNTS);
                run.exit(c, 0);
                parents_end(run, c, 0);
            }),
        ),
    );
}

#[test]
fn further_words_of_the_child_before_exec_fail_by_own_path() {
    fails_only(
        "own-path",
        child(|run, c| {
            run.print(c, "now wc\n");
            run.exec(c, "/usr/bin/wc", &ARGS);
            run.print(c, COUNTS);
            run.exit(c, 0);
        }),
    );
}

#[test]
fn never_waiting_fails_by_reaped() {
    fails_only(
        "reaped",
        Proof::of(&EXERCISE).with(
            "plain",
            builder(|run, c| {
                run.print(c, CHILDS);
                run.exec(c, "/usr/bin/wc", &ARGS);
                run.print(P, PARENTS);
                run.exit(P, 0);
                run.print(c, COUNTS);
                run.exit(c, 0);
            }),
        ),
    );
}

#[test]
fn speaking_before_the_wait_fails_by_after_child() {
    fails_only(
        "after-child",
        Proof::of(&EXERCISE).with(
            "plain",
            builder(|run, c| {
                run.print(c, CHILDS);
                run.exec(c, "/usr/bin/wc", &ARGS);
                run.print(c, COUNTS);
                run.print(P, PARENTS);
                run.exit(c, 0);
                run.wait(P, c);
                run.exit(P, 0);
            }),
        ),
    );
}

#[test]
fn a_right_run_that_ends_with_1_fails_by_exit_status() {
    fails_only(
        "exit-status",
        Proof::of(&EXERCISE).with(
            "plain",
            builder(|run, c| {
                run.print(c, CHILDS);
                run.exec(c, "/usr/bin/wc", &ARGS);
                run.print(c, COUNTS);
                run.exit(c, 0);
                parents_end(run, c, 1);
            }),
        ),
    );
}

#[test]
fn what_a_child_does_whose_exec_failed() {
    all_hold(failing(127, |run, c| {
        run.complain(c, "wc: ENOENT\n");
        run.exit(c, 127);
    }));
    let wrong: [fn(&mut Builder, TaskId); 4] = [
        |run, c| run.exit(c, 127),
        |run, c| {
            run.complain(c, "wc: ENOENT\n");
            run.exit(c, 101);
        },
        |run, c| {
            run.print(c, "this never prints\n");
            run.complain(c, "wc: ENOENT\n");
            run.exit(c, 127);
        },
        |run, c| {
            run.complain(c, "wc: ENOENT\n");
            run.print(c, "hello, I am parent of 0 (wc:-1) (pid:101)\n");
            run.exit(c, 0);
        },
    ];
    for script in wrong {
        fails_only("exec-fails", failing(127, script));
    }
}

#[test]
fn a_parent_that_hides_the_failure_fails_by_status_decoded() {
    fails_only(
        "status-decoded",
        failing(0, |run, c| {
            run.complain(c, "wc: ENOENT\n");
            run.exit(c, 127);
        }),
    );
    let missing = |status: u8| {
        let mut run = Builder::new("exec").args(&["missing.txt"]);
        run.print(P, GREETING);
        let c = run.fork(P);
        run.print(c, CHILDS);
        run.exec(c, "/usr/bin/wc", &["wc", "missing.txt"]);
        run.complain(c, "wc: missing.txt: No such file or directory\n");
        run.exit(c, 1);
        parents_end(&mut run, c, status);
        Proof::of(&EXERCISE).with("missing-file", run.finish())
    };
    all_hold(missing(1));
    fails_only("status-decoded", missing(2));
    fails_only("status-decoded", missing(0));
}

#[test]
fn the_checks_of_wait_fail_here_for_the_same_reasons() {
    let becomes_wc = |run: &mut Builder, c: TaskId| {
        run.exec(c, "/usr/bin/wc", &ARGS);
        run.print(c, COUNTS);
        run.exit(c, 0);
    };
    let plain = |trace: Trace| Proof::of(&EXERCISE).with("plain", trace);
    fails_only(
        "parent-line",
        plain(builder(|run, c| {
            run.print(c, CHILDS);
            becomes_wc(run, c);
            run.wait(P, c);
            run.print(P, "hello, I am parent of 101 (wc:0) (pid:100)\n");
            run.exit(P, 0);
        })),
    );
    fails_only(
        "no-busy-wait",
        plain(builder(|run, c| {
            run.print(c, CHILDS);
            (0..3).for_each(|_| run.wait_nohang(P));
            becomes_wc(run, c);
            parents_end(run, c, 0);
        })),
    );
    let mut run = Builder::new("exec").args(&["lines.txt"]);
    let c = run.fork(P);
    run.print(P, GREETING);
    run.print(c, CHILDS);
    becomes_wc(&mut run, c);
    parents_end(&mut run, c, 0);
    fails_only("greeting", plain(run.finish()));
    let mut run = Builder::new("exec").args(&["lines.txt"]);
    run.print(P, GREETING);
    run.fork_fails(P, Errno::EAGAIN);
    run.exit(P, 0);
    fails_only("fork-fails", Proof::of(&EXERCISE).with("fork-fails", run.finish()));
}
