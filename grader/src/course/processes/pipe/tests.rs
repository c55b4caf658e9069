//! `pipe`: every check fails for its own reason alone, and unusual right programs pass.

use super::*;
use crate::course::processes::proof::{Proof, all_hold, each_check_fails_somewhere, fails_only};
use grader_trace::*;

const P: TaskId = TaskId::ROOT;
const ECHO: [&str; 3] = ["echo", "hello", "world"];
const COUNTS: &str = "      1       2      12\n";

/// A pipeline as it is built up: the pipe's ends and the two children.
#[derive(Clone, Copy)]
struct Line {
    read: Fd,
    write: Fd,
    echo: TaskId,
    wc: TaskId,
}

/// The pipe, and both children.
fn start(run: &mut Builder, cloexec: bool) -> Line {
    let (read, write) = run.pipe(P, cloexec);
    let (echo, wc) = (run.fork(P), run.fork(P));
    Line { read, write, echo, wc }
}

/// Both children take their ends and become their programs.
fn become_both(run: &mut Builder, line: Line) {
    run.dup2(line.echo, line.write, Fd(1));
    run.exec(line.echo, "/usr/bin/echo", &ECHO);
    run.dup2(line.wc, line.read, Fd(0));
    run.exec(line.wc, "/usr/bin/wc", &["wc"]);
}

fn parent_lets_go(run: &mut Builder, line: Line) {
    run.close(P, line.read);
    run.close(P, line.write);
}

/// echo ends, wc counts and ends.
fn both_end(run: &mut Builder, line: Line) {
    run.exit(line.echo, 0);
    run.read(line.wc, Fd(0), 0);
    run.print(line.wc, COUNTS);
    run.exit(line.wc, 0);
}

fn parent_waits(run: &mut Builder, line: Line, status: u8) {
    run.wait(P, line.echo);
    run.wait(P, line.wc);
    run.exit(P, status);
}

/// One natural run.
fn run(script: impl FnOnce(&mut Builder)) -> Proof {
    let mut run = Builder::new("pipe");
    script(&mut run);
    Proof::of(&EXERCISE).with("plain", run.finish())
}

/// A run that stalls.
fn stalled(script: impl FnOnce(&mut Builder)) -> Proof {
    let mut run = Builder::new("pipe");
    script(&mut run);
    Proof::of(&EXERCISE).with("plain", run.end(Ending::Stalled))
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
fn the_reader_may_come_first_and_close_one_by_one() {
    all_hold(run(|run| {
        let (read, write) = run.pipe(P, false);
        let (wc, echo) = (run.fork(P), run.fork(P));
        run.close(wc, write);
        run.dup2(wc, read, Fd(0));
        run.close(wc, read);
        run.exec(wc, "/usr/bin/wc", &["wc"]);
        run.close(echo, read);
        run.dup2(echo, write, Fd(1));
        run.close(echo, write);
        run.exec(echo, "/usr/bin/echo", &ECHO);
        let line = Line { read, write, echo, wc };
        parent_lets_go(run, line);
        both_end(run, line);
        run.wait(P, wc);
        run.wait(P, echo);
        run.exit(P, 0);
    }));
}

#[test]
fn the_parent_may_let_go_when_echo_has_ended() {
    all_hold(run(|run| {
        let line = start(run, true);
        become_both(run, line);
        run.exit(line.echo, 0);
        run.wait(P, line.echo);
        parent_lets_go(run, line);
        run.print(line.wc, COUNTS);
        run.exit(line.wc, 0);
        run.wait(P, line.wc);
        run.exit(P, 0);
    }));
}

#[test]
fn one_process_or_three_or_a_grandchild_fail_by_two_children() {
    let finding = fails_only(
        "two-children",
        run(|run| {
            let shell = run.fork(P);
            run.exec(shell, "/bin/sh", &["sh", "-c", "echo hello world | wc"]);
            let (echo, wc) = (run.fork(shell), run.fork(shell));
            run.print(wc, COUNTS);
            [echo, wc, shell].into_iter().for_each(|task| run.exit(task, 0));
            run.wait(P, shell);
            run.exit(P, 0);
        }),
    );
    assert!(finding.observed.contains("3 processes were made"), "{}", finding.observed);
    fails_only(
        "two-children",
        run(|run| {
            let wc = run.fork(P);
            let echo = run.fork(wc);
            run.exit(echo, 0);
            run.exit(wc, 0);
            run.wait(P, wc);
            run.exit(P, 0);
        }),
    );
    fails_only("two-children", run(|run| run.exit(P, 0)));
}

#[test]
fn waiting_for_echo_before_wc_is_born_fails_by_both_started() {
    let finding = fails_only(
        "both-started",
        run(|run| {
            let (read, write) = run.pipe(P, true);
            let echo = run.fork(P);
            run.dup2(echo, write, Fd(1));
            run.exec(echo, "/usr/bin/echo", &ECHO);
            run.exit(echo, 0);
            run.wait(P, echo);
            let wc = run.fork(P);
            run.dup2(wc, read, Fd(0));
            run.exec(wc, "/usr/bin/wc", &["wc"]);
            run.close(P, read);
            run.close(P, write);
            run.print(wc, COUNTS);
            run.exit(wc, 0);
            run.wait(P, wc);
            run.exit(P, 0);
        }),
    );
    assert!(finding.observed.contains("wait4 returned 101"), "{}", finding.observed);
}

#[test]
fn waiting_for_ever_for_wc_before_echo_is_born_fails_by_both_started() {
    fails_only(
        "both-started",
        stalled(|run| {
            let (read, _) = run.pipe(P, true);
            let wc = run.fork(P);
            run.dup2(wc, read, Fd(0));
            run.exec(wc, "/usr/bin/wc", &["wc"]);
            run.reads_for_ever(wc, Fd(0));
            run.waits_for_ever(P);
        }),
    );
}

#[test]
fn other_programs_or_arguments_fail_by_stages() {
    for (echo, wc) in [(&["echo", "hello world"][..], &["wc"][..]), (&ECHO, &["wc", "-w"])] {
        fails_only(
            "stages",
            run(|run| {
                let line = start(run, true);
                run.dup2(line.echo, line.write, Fd(1));
                run.exec(line.echo, "/usr/bin/echo", echo);
                run.dup2(line.wc, line.read, Fd(0));
                run.exec(line.wc, "/usr/bin/wc", wc);
                parent_lets_go(run, line);
                both_end(run, line);
                parent_waits(run, line, 0);
            }),
        );
    }
    let finding = fails_only(
        "stages",
        run(|run| {
            let line = start(run, true);
            run.write(line.echo, line.write, "hello world\n");
            run.dup2(line.wc, line.read, Fd(0));
            run.exec(line.wc, "/usr/bin/wc", &["wc"]);
            parent_lets_go(run, line);
            both_end(run, line);
            parent_waits(run, line, 0);
        }),
    );
    assert!(finding.observed.contains("the first child (101) made no exec call"), "{}", finding.observed);
}

#[test]
fn ends_that_do_not_meet_fail_by_joined_whatever_wc_counts() {
    let finding = fails_only(
        "joined",
        run(|run| {
            let line = start(run, true);
            run.exec(line.echo, "/usr/bin/echo", &ECHO);
            run.dup2(line.wc, line.read, Fd(0));
            run.exec(line.wc, "/usr/bin/wc", &["wc"]);
            parent_lets_go(run, line);
            run.print(line.echo, "hello world\n");
            run.exit(line.echo, 0);
            run.print(line.wc, "      0       0       0\n");
            run.exit(line.wc, 0);
            parent_waits(run, line, 0);
        }),
    );
    assert!(
        finding.observed.starts_with("echo (101)'s descriptor 1 leads to the run's stdout"),
        "{}",
        finding.observed
    );
    let finding = fails_only(
        "joined",
        run(|run| {
            let (_, write) = run.pipe(P, true);
            let (read, _) = run.pipe(P, true);
            let (echo, wc) = (run.fork(P), run.fork(P));
            let line = Line { read, write, echo, wc };
            become_both(run, line);
            both_end(run, line);
            parent_waits(run, line, 0);
        }),
    );
    assert!(finding.observed.ends_with("but these are two pipes"), "{}", finding.observed);
}

#[test]
fn a_write_end_that_the_parent_keeps_fails_by_ends_closed_alone() {
    let finding = fails_only(
        "ends-closed",
        stalled(|run| {
            let line = start(run, true);
            become_both(run, line);
            run.close(P, line.read);
            run.exit(line.echo, 0);
            run.reads_for_ever(line.wc, Fd(0));
            run.wait(P, line.echo);
            run.waits_for_ever(P);
        }),
    );
    assert_eq!(
        finding.observed,
        "the parent (100) still holds descriptor 4, the pipe's write end; wc (102) slept in read of descriptor 0, a \
         pipe's read end"
    );
}

#[test]
fn a_write_end_that_wc_keeps_fails_by_ends_closed_and_not_by_no_leaks() {
    let finding = fails_only(
        "ends-closed",
        stalled(|run| {
            let line = start(run, false);
            run.close(line.echo, line.read);
            run.dup2(line.echo, line.write, Fd(1));
            run.close(line.echo, line.write);
            run.exec(line.echo, "/usr/bin/echo", &ECHO);
            run.dup2(line.wc, line.read, Fd(0));
            run.close(line.wc, line.read);
            run.exec(line.wc, "/usr/bin/wc", &["wc"]);
            parent_lets_go(run, line);
            run.exit(line.echo, 0);
            run.reads_for_ever(line.wc, Fd(0));
            run.wait(P, line.echo);
            run.waits_for_ever(P);
        }),
    );
    assert!(finding.observed.contains("wc (102) itself still holds descriptor 4"), "{}", finding.observed);
}

#[test]
fn a_read_end_that_echo_keeps_fails_by_no_leaks() {
    let finding = fails_only(
        "no-leaks",
        run(|run| {
            let line = start(run, false);
            run.dup2(line.echo, line.write, Fd(1));
            run.close(line.echo, line.write);
            run.exec(line.echo, "/usr/bin/echo", &ECHO);
            run.close(line.wc, line.write);
            run.dup2(line.wc, line.read, Fd(0));
            run.close(line.wc, line.read);
            run.exec(line.wc, "/usr/bin/wc", &["wc"]);
            parent_lets_go(run, line);
            both_end(run, line);
            parent_waits(run, line, 0);
        }),
    );
    assert_eq!(finding.observed, "echo (101) started with descriptor 3 (a pipe's read end) open as well");
}

#[test]
fn more_than_wcs_line_or_less_fails_by_output() {
    fails_only(
        "output",
        run(|run| {
            let line = start(run, true);
            become_both(run, line);
            parent_lets_go(run, line);
            both_end(run, line);
            run.wait(P, line.echo);
            run.wait(P, line.wc);
            run.print(P, "done\n");
            run.exit(P, 0);
        }),
    );
    fails_only(
        "output",
        run(|run| {
            let line = start(run, true);
            run.dup2(line.wc, Fd(2), Fd(1));
            become_both(run, line);
            parent_lets_go(run, line);
            run.exit(line.echo, 0);
            run.print(line.wc, COUNTS);
            run.exit(line.wc, 0);
            parent_waits(run, line, 0);
        }),
    );
}

#[test]
fn waiting_for_one_or_none_fails_by_reaped() {
    let finding = fails_only(
        "reaped",
        run(|run| {
            let line = start(run, true);
            become_both(run, line);
            parent_lets_go(run, line);
            both_end(run, line);
            run.wait(P, line.wc);
            run.exit(P, 0);
        }),
    );
    assert!(finding.expected.contains("returns 101"), "{}", finding.expected);
    // The parent's own end closes what the parent did not.
    fails_only(
        "reaped",
        run(|run| {
            let line = start(run, true);
            become_both(run, line);
            run.exit(line.echo, 0);
            run.wait(P, line.echo);
            run.exit(P, 0);
            run.print(line.wc, COUNTS);
            run.exit(line.wc, 0);
        }),
    );
}

#[test]
fn asking_in_a_loop_fails_by_no_busy_wait_and_another_status_by_exit_status() {
    fails_only(
        "no-busy-wait",
        run(|run| {
            let line = start(run, true);
            become_both(run, line);
            parent_lets_go(run, line);
            (0..9).for_each(|_| run.wait_nohang(P));
            both_end(run, line);
            parent_waits(run, line, 0);
        }),
    );
    fails_only(
        "exit-status",
        run(|run| {
            let line = start(run, true);
            become_both(run, line);
            parent_lets_go(run, line);
            both_end(run, line);
            parent_waits(run, line, 2);
        }),
    );
}

/// One of the two is killed at its birth; the parent ends with `status`.
fn killed(echo_dies: bool, status: u8) -> Proof {
    let mut run = Builder::new("pipe");
    let line = start(&mut run, true);
    let victim = if echo_dies { line.echo } else { line.wc };
    run.killed_by_plan(victim, Signal::KILL);
    parent_lets_go(&mut run, line);
    if echo_dies {
        run.dup2(line.wc, line.read, Fd(0));
        run.exec(line.wc, "/usr/bin/wc", &["wc"]);
        run.print(line.wc, "      0       0       0\n");
        run.exit(line.wc, 0);
    } else {
        run.dup2(line.echo, line.write, Fd(1));
        run.exec(line.echo, "/usr/bin/echo", &ECHO);
        run.crash(line.echo, Signal(13));
    }
    parent_waits(&mut run, line, status);
    let scenario = if echo_dies { "first-child-killed" } else { "child-killed" };
    Proof::of(&EXERCISE).with(scenario, run.finish())
}

#[test]
fn a_killed_wc_must_show_and_a_killed_echo_need_not() {
    all_hold(killed(false, 137));
    all_hold(killed(true, 0));
    fails_only("status-decoded", killed(false, 1));
    fails_only("status-decoded", killed(false, 141));
    let finding = fails_only("status-decoded", killed(true, 137));
    assert!(finding.observed.starts_with("the killed child was to be echo, and wc (102) ended with"));
    let finding = fails_only("status-decoded", killed(false, 0));
    assert!(finding.observed.starts_with("SIGKILL killed the child that was to be wc (102)"));
}

/// Both execs fail; each child ends as `child` says, and the parent with `status`.
fn no_programs(status: u8, child: fn(&mut Builder, TaskId)) -> Proof {
    let mut run = Builder::new("pipe");
    let line = start(&mut run, true);
    parent_lets_go(&mut run, line);
    for (task, argv) in [(line.echo, &ECHO[..]), (line.wc, &["wc"])] {
        let path = format!("/usr/bin/{}", argv[0]);
        run.exec_answers(task, &path, argv, Outcome::Failed(Errno::ENOENT));
        child(&mut run, task);
    }
    parent_waits(&mut run, line, status);
    Proof::of(&EXERCISE).with("exec-fails", run.finish())
}

#[test]
fn what_the_children_do_whose_exec_failed() {
    let right = |run: &mut Builder, task| {
        run.complain(task, "ENOENT\n");
        run.exit(task, 127);
    };
    all_hold(no_programs(127, right));
    fails_only("status-decoded", no_programs(0, right));
    fails_only("status-decoded", no_programs(1, right));
    fails_only("exec-fails", no_programs(127, |run, task| run.exit(task, 127)));
    fails_only(
        "exec-fails",
        no_programs(1, |run, task| {
            run.complain(task, "ENOENT\n");
            run.exit(task, 1);
        }),
    );
    let mut run = Builder::new("pipe");
    let (_, _) = run.pipe(P, true);
    let echo = run.fork(P);
    run.exec_answers(echo, "/usr/bin/echo", &ECHO, Outcome::Failed(Errno::ENOENT));
    run.complain(echo, "ENOENT\n");
    let second = run.fork(echo);
    [second, echo, P].into_iter().for_each(|task| run.exit(task, 127));
    let finding = fails_only("exec-fails", Proof::of(&EXERCISE).with("exec-fails", run.finish()));
    assert!(finding.observed.contains("and forked"), "{}", finding.observed);
}

#[test]
fn posix_spawn_tells_of_a_failed_exec_before_there_is_a_second_child() {
    let spawn = |status: u8| {
        let mut run = Builder::new("pipe");
        run.pipe(P, true);
        let c = run.clone_with(P, "clone3", CloneFlags(CloneFlags::VM | CloneFlags::VFORK));
        run.exec_answers(c, "/usr/bin/echo", &ECHO, Outcome::Failed(Errno::ENOENT));
        run.exit(c, 127);
        run.wait(P, c);
        run.complain(P, "echo: ENOENT\n");
        run.exit(P, status);
        Proof::of(&EXERCISE).with("exec-fails", run.finish())
    };
    all_hold(spawn(1));
    fails_only("status-decoded", spawn(0));
}

/// The pipe call fails; then the parent does this.
fn without_a_pipe(script: impl FnOnce(&mut Builder)) -> Proof {
    let mut run = Builder::new("pipe");
    let result = Outcome::Failed(Errno::EMFILE);
    run.event(P, Operation::Pipe { cloexec: true, result }).injected = true;
    script(&mut run);
    Proof::of(&EXERCISE).with("pipe-fails", run.finish())
}

#[test]
fn a_pipe_that_fails_is_reported_and_nothing_is_forked() {
    all_hold(without_a_pipe(|run| {
        run.complain(P, "pipe: EMFILE\n");
        run.exit(P, 1);
    }));
    let finding = fails_only("pipe-fails", without_a_pipe(|run| run.exit(P, 0)));
    assert!(finding.observed.contains("exit status 0"), "{}", finding.observed);
    let finding = fails_only("pipe-fails", without_a_pipe(|run| run.exit(P, 1)));
    assert!(finding.observed.contains("without a word"), "{}", finding.observed);
    let finding = fails_only(
        "pipe-fails",
        without_a_pipe(|run| {
            let child = run.fork(P);
            run.exit(child, 1);
            run.complain(P, "dup2: EBADF\n");
            run.exit(P, 1);
        }),
    );
    assert!(finding.observed.contains("went on and forked"), "{}", finding.observed);
}

#[test]
fn a_first_fork_that_fails_and_is_not_noticed_fails_by_fork_fails() {
    let mut run = Builder::new("pipe");
    let (read, write) = run.pipe(P, true);
    run.fork_fails(P, Errno::EAGAIN);
    let wc = run.fork(P);
    run.close(P, read);
    run.close(P, write);
    run.print(wc, "      0       0       0\n");
    run.exit(wc, 0);
    run.wait(P, wc);
    run.exit(P, 0);
    fails_only("fork-fails", Proof::of(&EXERCISE).with("fork-fails", run.finish()));
}

/// The second fork fails; then the parent does this.
fn half(script: impl FnOnce(&mut Builder, TaskId), ending: Ending) -> Proof {
    let mut run = Builder::new("pipe");
    let (read, write) = run.pipe(P, true);
    let first = run.fork(P);
    run.dup2(first, read, Fd(0));
    run.exec(first, "/usr/bin/wc", &["wc"]);
    run.fork_fails(P, Errno::EAGAIN);
    run.close(P, read);
    run.complain(P, "fork: EAGAIN\n");
    script(&mut run, first);
    let _ = write;
    Proof::of(&EXERCISE).with("second-fork-fails", run.end(ending))
}

#[test]
fn half_a_pipeline_is_let_go_and_reaped() {
    all_hold(half(
        |run, first| {
            run.close(P, Fd(4));
            run.print(first, "      0       0       0\n");
            run.exit(first, 0);
            run.wait(P, first);
            run.exit(P, 1);
        },
        Ending::Finished,
    ));
    fails_only(
        "second-fork-fails",
        half(
            |run, first| {
                run.exit(P, 1);
                run.exit(first, 0);
            },
            Ending::Finished,
        ),
    );
    fails_only(
        "second-fork-fails",
        half(
            |run, first| {
                run.reads_for_ever(first, Fd(0));
                run.waits_for_ever(P);
            },
            Ending::Stalled,
        ),
    );
    fails_only(
        "second-fork-fails",
        half(
            |run, first| {
                run.exit(first, 0);
                run.wait(P, first);
                run.exit(P, 0);
            },
            Ending::Finished,
        ),
    );
}
