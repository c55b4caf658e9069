//! `wait`: every check fails for its own reason alone, and unusual right programs pass.

use super::*;
use crate::course::processes::circumstance::CHILD_FAILS_WITH;
use crate::course::processes::proof::{Proof, all_hold, each_check_fails_somewhere, fails_only};
use grader_trace::*;

const P: TaskId = TaskId::ROOT;
const GREETING: &str = "hello world (pid:100)\n";
const CHILDS: &str = "hello, I am child (pid:101)\n";
const PARENTS: &str = "hello, I am parent of 101 (wc:101) (pid:100)\n";

/// Judges one natural run.
fn run(script: impl FnOnce(&mut Builder)) -> Proof {
    let mut run = Builder::new("wait");
    script(&mut run);
    Proof::of(&EXERCISE).with("plain", run.finish())
}

/// A right beginning up to the child's line; then whatever the parent does.
fn parent(script: impl FnOnce(&mut Builder, TaskId)) -> Proof {
    run(|run| {
        run.print(P, GREETING);
        let c = run.fork(P);
        run.print(c, CHILDS);
        script(run, c);
    })
}

/// A parent that waits, and then says this.
fn saying(line: &str) -> Proof {
    parent(|run, c| {
        run.exit(c, 0);
        run.wait(P, c);
        run.print(P, line);
        run.exit(P, 0);
    })
}

fn news(run: &Builder, child: TaskId, change: Change) -> Outcome<Option<News>> {
    Outcome::Done(Some(News { pid: run.pid(child), task: Some(child), change }))
}

fn waitid(run: &mut Builder, nowait: bool, child: TaskId) {
    let result = news(run, child, Change::Ended(ExitStatus::Exited(0)));
    let selector = Selector::Pid(run.pid(child));
    let wait = Wait { call: "waitid".into(), selector, nohang: false, nowait, result };
    run.event(P, Operation::Wait(wait));
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
fn waitid_may_look_first_and_reap_after_the_line() {
    all_hold(parent(|run, c| {
        run.exit(c, 0);
        waitid(run, true, c);
        run.print(P, PARENTS);
        waitid(run, false, c);
        run.exit(P, 0);
    }));
}

#[test]
fn sleeping_in_poll_or_sigsuspend_between_two_questions_is_waiting() {
    all_hold(parent(|run, c| {
        run.wait_nohang(P);
        run.wait_nohang(P);
        run.sleeps(P, "sigsuspend");
        run.wait_nohang(P);
        run.sleeps(P, "poll");
        run.exit(c, 0);
        run.wait(P, c);
        run.print(P, PARENTS);
        run.exit(P, 0);
    }));
}

#[test]
fn another_thread_of_the_parent_is_more_than_one_child() {
    fails_only(
        "one-child",
        parent(|run, c| {
            let thread = run.clone_with(P, "clone3", CloneFlags(CloneFlags::THREAD));
            run.exit(c, 0);
            run.wait(thread, c);
            run.exit(thread, 0);
            run.print(P, PARENTS);
            run.exit(P, 0);
        }),
    );
}

#[test]
fn never_waiting_fails_by_reaped_alone() {
    for line in [PARENTS, "hello, I am parent of 101 (wc:-1) (pid:100)\n", "hello, I am parent of 1\n"] {
        let finding = fails_only(
            "reaped",
            parent(|run, c| {
                run.exit(c, 0);
                run.print(P, line);
                run.exit(P, 0);
            }),
        );
        assert!(finding.observed.contains("made no wait call"), "{}", finding.observed);
        assert!(finding.observed.contains("zombie"), "{}", finding.observed);
    }
}

#[test]
fn a_child_that_waits_itself_is_not_reaped() {
    let finding = fails_only(
        "reaped",
        parent(|run, c| {
            run.wait_answers(c, false, Outcome::Failed(Errno::ECHILD));
            run.print(P, PARENTS);
            run.exit(c, 0);
            run.exit(P, 0);
        }),
    );
    let words = "its child made one: wait4 answered ECHILD";
    assert!(finding.observed.contains(words), "{}", finding.observed);
}

#[test]
fn asking_once_in_vain_and_going_on_is_not_reaping() {
    let finding = fails_only(
        "reaped",
        parent(|run, c| {
            run.wait_nohang(P);
            run.print(P, "hello, I am parent of 101 (wc:0) (pid:100)\n");
            run.exit(P, 0);
            run.exit(c, 0);
        }),
    );
    assert!(finding.observed.contains("\"nothing yet\""), "{}", finding.observed);
}

#[test]
fn ignoring_sigchld_is_not_reaping() {
    let finding = fails_only(
        "reaped",
        run(|run| {
            let ignore = Operation::Disposition {
                signal: Signal::CHLD,
                action: Disposition::Ignore,
                flags: 0,
                result: Outcome::Done(()),
            };
            run.event(P, ignore);
            run.print(P, GREETING);
            let c = run.fork(P);
            run.print(c, CHILDS);
            run.exit(c, 0);
            run.wait_answers(P, false, Outcome::Failed(Errno::ECHILD));
            run.print(P, "hello, I am parent of 101 (wc:-1) (pid:100)\n");
            run.exit(P, 0);
        }),
    );
    assert!(finding.observed.contains("ignores SIGCHLD"), "{}", finding.observed);
}

#[test]
fn looking_without_reaping_is_not_reaping() {
    fails_only(
        "reaped",
        parent(|run, c| {
            run.exit(c, 0);
            waitid(run, true, c);
            run.print(P, PARENTS);
            run.exit(P, 0);
        }),
    );
}

#[test]
fn waiting_after_the_line_fails_by_after_child_whatever_wc_it_made_up() {
    for line in [PARENTS, "hello, I am parent of 101 (wc:0) (pid:100)\n"] {
        let finding = fails_only(
            "after-child",
            parent(|run, c| {
                run.print(P, line);
                run.exit(c, 0);
                run.wait(P, c);
                run.exit(P, 0);
            }),
        );
        assert!(finding.observed.contains("the child (101) was still alive"), "{}", finding.observed);
    }
}

#[test]
fn a_line_after_the_childs_end_without_having_asked_is_luck() {
    let finding = fails_only(
        "after-child",
        parent(|run, c| {
            run.exit(c, 0);
            run.event(P, Operation::Sleep { result: Outcome::Done(()) });
            run.print(P, PARENTS);
            run.wait(P, c);
            run.exit(P, 0);
        }),
    );
    assert!(finding.observed.contains("nobody had asked"), "{}", finding.observed);
}

#[test]
fn news_of_a_stop_is_not_news_of_the_end() {
    fails_only(
        "after-child",
        run(|run| {
            run.print(P, GREETING);
            let c = run.fork(P);
            run.event(c, Operation::Stop(Signal::STOP));
            let stopped = news(run, c, Change::Stopped(Signal::STOP));
            run.wait_answers(P, false, stopped);
            run.print(P, PARENTS);
            run.event(c, Operation::Continue);
            run.print(c, CHILDS);
            run.exit(c, 0);
            run.wait(P, c);
            run.exit(P, 0);
        }),
    );
}

#[test]
fn other_numbers_after_a_wait_fail_by_parent_line() {
    for line in [
        "hello, I am parent of 101 (wc:0) (pid:100)\n",
        "hello, I am parent of 100 (wc:101) (pid:101)\n",
        "hello, I am parent of 101 (pid:100)\n",
        "I am the parent\n",
    ] {
        fails_only("parent-line", saying(line));
    }
}

#[test]
fn a_silent_child_fails_by_child_line_and_the_order_is_moot() {
    fails_only(
        "child-line",
        run(|run| {
            run.print(P, GREETING);
            let c = run.fork(P);
            run.exit(c, 0);
            run.wait(P, c);
            run.print(P, PARENTS);
            run.exit(P, 0);
        }),
    );
}

#[test]
fn a_child_that_falls_through_fails_by_own_path() {
    fails_only(
        "own-path",
        parent(|run, c| {
            run.wait_answers(c, false, Outcome::Failed(Errno::ECHILD));
            run.print(c, "hello, I am parent of 0 (wc:-1) (pid:101)\n");
            run.exit(c, 0);
            run.wait(P, c);
            run.print(P, PARENTS);
            run.exit(P, 0);
        }),
    );
}

#[test]
fn three_vain_questions_in_a_row_fail_by_no_busy_wait() {
    let finding = fails_only(
        "no-busy-wait",
        parent(|run, c| {
            for _ in 0..3 {
                run.wait_nohang(P);
                run.event(P, Operation::Sleep { result: Outcome::Done(()) });
            }
            run.exit(c, 0);
            run.wait(P, c);
            run.print(P, PARENTS);
            run.exit(P, 0);
        }),
    );
    assert!(finding.observed.contains("asked 3 times"), "{}", finding.observed);
}

#[test]
fn a_status_other_than_0_fails_by_exit_status() {
    let finding = fails_only(
        "exit-status",
        parent(|run, c| {
            run.exit(c, 1);
            run.wait(P, c);
            run.print(P, PARENTS);
            run.exit(P, 1);
        }),
    );
    assert!(
        finding.observed.contains("the child (101) had ended with exit status 1"),
        "{}",
        finding.observed
    );
}

#[test]
fn a_child_that_never_ends_fails_by_exit_status_alone() {
    let mut run = Builder::new("wait");
    run.print(P, GREETING);
    let c = run.fork(P);
    run.print(c, CHILDS);
    run.reads_for_ever(c, Fd(0));
    run.waits_for_ever(P);
    let finding = fails_only("exit-status", Proof::of(&EXERCISE).with("plain", run.end(Ending::Stalled)));
    assert_eq!(
        finding.observed,
        "when nobody could go on any more, the parent (100) slept in wait4 for a child; the child (101) slept in read of \
         descriptor 0"
    );
}

/// The child is killed at its birth; then whatever the parent does.
fn killed(script: impl FnOnce(&mut Builder, TaskId)) -> Proof {
    let mut run = Builder::new("wait");
    run.print(P, GREETING);
    let c = run.fork(P);
    run.killed_by_plan(c, Signal::KILL);
    script(&mut run, c);
    Proof::of(&EXERCISE).with("child-killed", run.finish())
}

#[test]
fn a_killed_child_reported_as_success_fails_by_status_decoded() {
    all_hold(killed(|run, c| {
        run.wait(P, c);
        run.print(P, PARENTS);
        run.exit(P, 137);
    }));
    let finding = fails_only(
        "status-decoded",
        killed(|run, c| {
            run.wait(P, c);
            run.print(P, PARENTS);
            run.exit(P, 0);
        }),
    );
    assert!(finding.observed.contains("SIGKILL killed the child (101)"), "{}", finding.observed);
}

#[test]
fn a_child_that_fails_and_is_reported_as_success_fails_by_status_decoded() {
    let failing = |status: u8| {
        let mut run = Builder::new("wait");
        run.print(P, GREETING);
        let c = run.fork(P);
        run.print(c, CHILDS);
        run.exit(c, CHILD_FAILS_WITH);
        run.wait(P, c);
        run.print(P, PARENTS);
        run.exit(P, status);
        Proof::of(&EXERCISE).with("child-fails", run.finish())
    };
    all_hold(failing(CHILD_FAILS_WITH));
    all_hold(failing(1));
    let finding = fails_only("status-decoded", failing(0));
    assert!(finding.observed.contains("ended with exit status 3"), "{}", finding.observed);
}

#[test]
fn without_a_wait_no_status_can_be_decoded_and_the_finding_is_reaped() {
    let mut run = Builder::new("wait");
    run.print(P, GREETING);
    let c = run.fork(P);
    run.print(c, CHILDS);
    run.exit(c, 0);
    run.print(P, PARENTS);
    run.exit(P, 0);
    fails_only("reaped", killed(|run, _| run.exit(P, 0)).with("plain", run.finish()));
}

#[test]
fn a_failed_fork_that_goes_on_fails_by_fork_fails() {
    let mut run = Builder::new("wait");
    run.print(P, GREETING);
    run.fork_fails(P, Errno::EAGAIN);
    run.wait_answers(P, false, Outcome::Failed(Errno::ECHILD));
    run.print(P, "hello, I am parent of -1 (wc:-1) (pid:100)\n");
    run.exit(P, 0);
    fails_only("fork-fails", Proof::of(&EXERCISE).with("fork-fails", run.finish()));
}

#[test]
fn a_greeting_after_the_fork_fails_by_greeting() {
    fails_only(
        "greeting",
        run(|run| {
            let c = run.fork(P);
            run.print(P, GREETING);
            run.print(c, CHILDS);
            run.exit(c, 0);
            run.wait(P, c);
            run.print(P, PARENTS);
            run.exit(P, 0);
        }),
    );
}
