//! `clone-flags`: every check fails for its own reason alone, and unusual right programs pass.

use super::*;
use crate::course::processes::proof::{Proof, all_hold, each_check_fails_somewhere, fails_only};
use grader_trace::{Ending, Errno};

const P: TaskId = TaskId::ROOT;
const THREAD: u64 = CloneFlags::THREAD | CloneFlags::CHILD_CLEARTID;
const VST: u64 = CloneFlags::VM | CloneFlags::SIGHAND | THREAD;
const FD: u64 = CloneFlags::FS | CloneFlags::FILES;

/// The four lines.
fn say(run: &mut Builder, changed: [bool; 4]) {
    for (part, changed) in Part::ALL.into_iter().zip(changed) {
        run.print(P, &format!("{}\n", part.line(changed)));
    }
}

/// A run with this scenario's letters, and a child with these flags that ends.
fn with_child(scenario: &str, flags: u64, rest: impl FnOnce(&mut Builder, TaskId)) -> Proof {
    let mut run = Builder::new("clone-flags");
    let child = run.clone_with(P, "clone", CloneFlags(flags));
    run.exit(child, 0);
    rest(&mut run, child);
    run.exit(P, 0);
    Proof::of(&EXERCISE).with(scenario, run.finish())
}

/// The same with the letters `fd`; the child is reaped, and then something is written.
fn fd(rest: impl FnOnce(&mut Builder)) -> Proof {
    with_child("plain", FD, |run, child| {
        run.wait(P, child);
        rest(run);
    })
}

/// The same with a child that is killed, and these lines.
fn killed(changed: [bool; 4]) -> Proof {
    let flags = FD | CloneFlags::VM | CloneFlags::SIGHAND;
    let mut run = Builder::new("clone-flags");
    let child = run.clone_with(P, "clone", CloneFlags(flags));
    run.killed_by_plan(child, Signal::KILL);
    run.wait(P, child);
    say(&mut run, changed);
    run.exit(P, 0);
    Proof::of(&EXERCISE).with("child-killed", run.finish())
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
fn all_letters_are_understood() {
    all_hold(with_child("memory", CloneFlags::VM | CloneFlags::FILES, |run, child| {
        run.wait(P, child);
        say(run, [true, false, true, false]);
    }));
    all_hold(with_child("thread", VST, |run, _| say(run, [true, false, false, true])));
    all_hold(with_child("all", VST | FD, |run, _| say(run, [true; 4])));
    all_hold(killed([false; 4]));
}

#[test]
fn no_task_or_two_fail_by_one_task() {
    fails_only("one-task", {
        let mut run = Builder::new("clone-flags");
        say(&mut run, [false, true, true, false]);
        run.exit(P, 0);
        Proof::of(&EXERCISE).with("plain", run.finish())
    });
    let finding = fails_only(
        "one-task",
        fd(|run| {
            let helper = run.fork(P);
            run.exit(helper, 0);
            run.wait(P, helper);
            say(run, [false, true, true, false]);
        }),
    );
    assert!(finding.observed.starts_with("2 processes were made"), "{}", finding.observed);
}

#[test]
fn a_process_instead_of_a_thread_or_the_other_way_round_fails_by_thread_group() {
    fails_only(
        "thread-group",
        with_child("thread", VST & !THREAD, |run, child| {
            run.wait(P, child);
            say(run, [true, false, false, true]);
        }),
    );
    fails_only("thread-group", with_child("memory", VST | CloneFlags::FILES, |_, _| {}));
}

#[test]
fn a_bit_too_many_or_too_few_fails_by_flags() {
    for wrong in [CloneFlags::FS, FD | CloneFlags::VFORK, FD | CloneFlags::CHILD_CLEARTID, 0] {
        let finding = fails_only(
            "flags",
            with_child("plain", wrong, |run, child| {
                run.wait(P, child);
                say(run, [false, true, true, false]);
            }),
        );
        assert_eq!(finding.expected, "for the letters fd: CLONE_FS | CLONE_FILES");
    }
}

#[test]
fn whoever_waits_for_ever_because_of_its_flags_fails_by_flags() {
    let mut run = Builder::new("clone-flags");
    let thread = run.clone_with(P, "clone", CloneFlags(VST & !CloneFlags::CHILD_CLEARTID));
    run.exit(thread, 0);
    fails_only("flags", Proof::of(&EXERCISE).with("thread", run.end(Ending::Stalled)));
}

#[test]
fn lines_before_the_end_or_without_a_wait_fail_by_gone() {
    fails_only("gone", with_child("plain", FD, |run, _| say(run, [false, true, true, false])));
    fails_only(
        "gone",
        with_child("plain", FD, |run, child| {
            say(run, [false, true, true, false]);
            run.wait(P, child);
        }),
    );
    fails_only("gone", {
        let mut run = Builder::new("clone-flags");
        let thread = run.clone_with(P, "clone", CloneFlags(VST));
        say(&mut run, [true, false, false, true]);
        run.exit(thread, 0);
        run.exit(P, 0);
        Proof::of(&EXERCISE).with("thread", run.finish())
    });
}

#[test]
fn a_wait_for_a_thread_fails_by_gone() {
    let finding = fails_only("gone", {
        let mut run = Builder::new("clone-flags");
        let thread = run.clone_with(P, "clone", CloneFlags(VST));
        run.wait_answers(P, false, Outcome::Failed(Errno::ECHILD));
        run.complain(P, "ECHILD\n");
        run.exit(thread, 1);
        run.exit(P, 1);
        Proof::of(&EXERCISE).with("thread", run.finish())
    });
    assert!(finding.observed.contains("nobody's child"), "{}", finding.observed);
}

#[test]
fn what_the_letters_promise_fails_by_looks_and_less_by_its_line() {
    fails_only("looks", killed([true; 4]));
    fails_only("descriptors-line", killed([false, false, true, false]));
}

#[test]
fn each_wrong_line_fails_by_its_own_check() {
    fails_only("memory-line", fd(|run| say(run, [true, true, true, false])));
    fails_only("directory-line", fd(|run| say(run, [false, false, true, false])));
    fails_only("descriptors-line", fd(|run| say(run, [false, true, false, false])));
    fails_only("handlers-line", fd(|run| say(run, [false, true, true, true])));
    let finding = fails_only(
        "memory-line",
        fd(|run| {
            say(run, [false, true, true, false]);
            run.print(P, "memory: unchanged\n");
        }),
    );
    assert!(finding.observed.contains("more than once"), "{}", finding.observed);
}

#[test]
fn further_words_of_anybody_fail_by_own_path() {
    fails_only(
        "own-path",
        fd(|run| {
            run.print(P, "and the rest:\n");
            say(run, [false, true, true, false]);
        }),
    );
    fails_only("own-path", {
        let mut run = Builder::new("clone-flags");
        let child = run.clone_with(P, "clone", CloneFlags(FD));
        run.print(child, "child\n");
        run.exit(child, 0);
        run.wait(P, child);
        say(&mut run, [false, true, true, false]);
        run.exit(P, 0);
        Proof::of(&EXERCISE).with("plain", run.finish())
    });
}

#[test]
fn another_status_or_no_end_fails_by_exit_status() {
    for (childs, parents) in [(1, 0), (0, 1)] {
        let mut run = Builder::new("clone-flags");
        let child = run.clone_with(P, "clone", CloneFlags(FD));
        run.exit(child, childs);
        run.wait(P, child);
        say(&mut run, [false, true, true, false]);
        run.exit(P, parents);
        fails_only("exit-status", Proof::of(&EXERCISE).with("plain", run.finish()));
    }
    let mut run = Builder::new("clone-flags");
    let thread = run.clone_with(P, "clone", CloneFlags(VST));
    run.exit(thread, 0);
    fails_only("exit-status", Proof::of(&EXERCISE).with("thread", run.end(Ending::Stalled)));
}

/// A run with the letter `s` alone: what the kernel answers, and what follows.
fn alone(asks: bool, rest: impl FnOnce(&mut Builder)) -> Proof {
    let mut run = Builder::new("clone-flags");
    if asks {
        run.clone_fails(P, CloneFlags(CloneFlags::SIGHAND), Errno(22));
    }
    rest(&mut run);
    Proof::of(&EXERCISE).with("refused-handlers", run.finish())
}

#[test]
fn what_the_kernel_refuses_needs_a_message_and_a_status_whoever_finds_out() {
    for asks in [true, false] {
        all_hold(alone(asks, |run| {
            run.complain(P, "EINVAL\n");
            run.exit(P, 1);
        }));
        fails_only("refused", alone(asks, |run| run.exit(P, 1)));
        fails_only(
            "refused",
            alone(asks, |run| {
                run.complain(P, "EINVAL\n");
                run.exit(P, 0);
            }),
        );
        fails_only(
            "refused",
            alone(asks, |run| {
                run.complain(P, "EINVAL\n");
                say(run, [false; 4]);
                run.exit(P, 1);
            }),
        );
    }
    let finding = fails_only(
        "refused",
        alone(false, |run| {
            let child = run.clone_with(P, "clone", CloneFlags(CloneFlags::SIGHAND | CloneFlags::VM));
            run.exit(child, 0);
            run.complain(P, "added v\n");
            run.exit(P, 1);
        }),
    );
    assert!(finding.observed.ends_with("with CLONE_VM | CLONE_SIGHAND"), "{}", finding.observed);
}

#[test]
fn a_clone_that_fails_needs_a_message_and_a_status() {
    let refused = |says: bool| {
        let mut run = Builder::new("clone-flags");
        run.fork_fails(P, Errno::EAGAIN);
        if says {
            run.complain(P, "clone: EAGAIN\n");
        }
        run.exit(P, 1);
        Proof::of(&EXERCISE).with("fork-fails", run.finish())
    };
    all_hold(refused(true));
    fails_only("fork-fails", refused(false));
}
