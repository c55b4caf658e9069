//! `redirect`: every check fails for its own reason alone, and unusual right programs pass.

use super::*;
use crate::course::processes::proof::{Proof, all_hold, each_check_fails_somewhere, fails_only};
use grader_trace::*;

const P: TaskId = TaskId::ROOT;
const SOURCE: &str = "source.txt";
const TARGET: &str = "target.txt";
const BYTES: &[u8] = b"one\ntwo\nthree\n";
const FLAGS: u32 = 1 | OpenFlags::CREAT | OpenFlags::TRUNC | OpenFlags::CLOEXEC;
const CAT: [&str; 2] = ["cat", SOURCE];

/// A child between fork and its end, a parent that waits and ends with `status`; TARGET holds `bytes`.
fn leaving(bytes: &[u8], status: u8, child: impl FnOnce(&mut Builder, TaskId)) -> Proof {
    let mut run = Builder::new("redirect").args(&[SOURCE, TARGET]);
    let c = run.fork(P);
    child(&mut run, c);
    run.wait(P, c);
    run.exit(P, status);
    Proof::of(&EXERCISE).with("plain", run.finish()).leaving(TARGET, bytes, 0o644)
}

/// The same with a TARGET that is as it should be.
fn child(child: impl FnOnce(&mut Builder, TaskId)) -> Proof {
    leaving(BYTES, 0, child)
}

/// The child leads its descriptor 1 to TARGET.
fn redirects(run: &mut Builder, c: TaskId) {
    let file = run.open(c, TARGET, FLAGS, 0o666);
    run.dup2(c, file, Fd(1));
}

/// The child becomes cat, which ends with `status`.
fn becomes_cat(run: &mut Builder, c: TaskId, status: u8) {
    run.exec(c, "/usr/bin/cat", &CAT);
    run.exit(c, status);
}

fn open_fails(run: &mut Builder, task: TaskId, path: &str, errno: Errno) {
    let (path, flags, result) = (Text::from(path), OpenFlags(FLAGS), Outcome::Failed(errno));
    run.event(task, Operation::Open { path, flags, mode: 0o666, result });
}

#[test]
fn each_check_is_shown_to_fail() {
    each_check_fails_somewhere(&EXERCISE, include_str!("tests.rs"));
}

#[test]
fn the_wanted_run_holds() {
    all_hold(Proof::of(&EXERCISE).with("plain", wanted()).leaving(TARGET, BYTES, 0o644));
}

#[test]
fn the_lowest_free_number_is_as_good_as_dup2() {
    all_hold(child(|run, c| {
        run.close(c, Fd(1));
        let (path, flags, result) = (Text::from("./target.txt"), OpenFlags(0o1101), Outcome::Done(Fd(1)));
        run.event(c, Operation::Open { path, flags, mode: 0o666, result });
        becomes_cat(run, c, 0);
    }));
}

#[test]
fn the_parent_may_open_target_and_the_child_share_its_memory() {
    let mut run = Builder::new("redirect").args(&[SOURCE, TARGET]);
    let file = run.open(P, TARGET, FLAGS, 0o644);
    let c = run.clone_with(P, "clone", CloneFlags(CloneFlags::VM | CloneFlags::VFORK));
    run.dup2(c, file, Fd(1));
    becomes_cat(&mut run, c, 0);
    run.close(P, file);
    run.wait(P, c);
    run.exit(P, 0);
    all_hold(Proof::of(&EXERCISE).with("plain", run.finish()).leaving(TARGET, BYTES, 0o644));
}

#[test]
fn copying_by_hand_fails_by_becomes_cat() {
    fails_only(
        "becomes-cat",
        child(|run, c| {
            redirects(run, c);
            run.print(c, "one\ntwo\nthree\n");
            run.exit(c, 0);
        }),
    );
}

#[test]
fn a_parent_that_becomes_cat_fails_by_becomes_cat() {
    let mut run = Builder::new("redirect").args(&[SOURCE, TARGET]);
    let c = run.fork(P);
    run.exit(c, 0);
    redirects(&mut run, P);
    becomes_cat(&mut run, P, 0);
    fails_only("becomes-cat", Proof::of(&EXERCISE).with("plain", run.finish()).leaving(TARGET, BYTES, 0o644));
}

#[test]
fn another_vector_fails_by_argv_whatever_cat_then_does() {
    for (argv, status) in [(&["cat", "cat", SOURCE][..], 1), (&[SOURCE], 0)] {
        let bytes = if status == 0 { &b""[..] } else { BYTES };
        fails_only(
            "argv",
            leaving(bytes, status, |run, c| {
                redirects(run, c);
                run.exec(c, "/usr/bin/cat", argv);
                run.exit(c, status);
            }),
        );
    }
}

#[test]
fn a_parent_that_redirects_itself_fails_by_child_redirects() {
    for restores in [false, true] {
        let mut run = Builder::new("redirect").args(&[SOURCE, TARGET]);
        run.dup2(P, Fd(1), Fd(9));
        run.event(P, Operation::SetCloexec { fd: Fd(9), cloexec: true, result: Outcome::Done(()) });
        redirects(&mut run, P);
        let c = run.fork(P);
        if restores {
            run.dup2(P, Fd(9), Fd(1));
        }
        becomes_cat(&mut run, c, 0);
        run.wait(P, c);
        run.exit(P, 0);
        let finding = fails_only(
            "child-redirects",
            Proof::of(&EXERCISE).with("plain", run.finish()).leaving(TARGET, BYTES, 0o644),
        );
        assert!(finding.observed.contains("before the fork"), "{}", finding.observed);
    }
}

#[test]
fn a_table_shared_with_the_parent_is_the_parents_too() {
    let mut run = Builder::new("redirect").args(&[SOURCE, TARGET]);
    let c = run.clone_with(P, "clone", CloneFlags(CloneFlags::FILES));
    redirects(&mut run, c);
    becomes_cat(&mut run, c, 0);
    run.wait(P, c);
    run.exit(P, 0);
    let finding = fails_only(
        "child-redirects",
        Proof::of(&EXERCISE).with("plain", run.finish()).leaving(TARGET, BYTES, 0o644),
    );
    assert!(finding.observed.contains("while the child ran"), "{}", finding.observed);
}

#[test]
fn a_descriptor_1_that_leads_elsewhere_fails_by_descriptors_alone() {
    let wrong: [fn(&mut Builder, TaskId); 3] = [
        |_, _| {},
        |run, c| {
            let file = run.open(c, TARGET, FLAGS, 0o666);
            run.dup2(c, Fd(1), file);
        },
        |run, c| {
            let file = run.open(c, TARGET, OpenFlags::CREAT, 0o666);
            run.dup2(c, file, Fd(1));
        },
    ];
    for open in wrong {
        fails_only(
            "descriptors",
            leaving(b"", 0, |run, c| {
                open(run, c);
                run.exec(c, "/usr/bin/cat", &CAT);
                run.print(c, "one\n");
                run.exit(c, 0);
            }),
        );
    }
}

#[test]
fn an_open_original_or_a_closed_stdin_fails_by_descriptors() {
    let finding = fails_only(
        "descriptors",
        child(|run, c| {
            let file = run.open(c, TARGET, FLAGS & !OpenFlags::CLOEXEC, 0o666);
            run.dup2(c, file, Fd(1));
            becomes_cat(run, c, 0);
        }),
    );
    assert!(finding.observed.contains("descriptor 3 (target.txt)"), "{}", finding.observed);
    let finding = fails_only(
        "descriptors",
        child(|run, c| {
            run.close(c, Fd(0));
            redirects(run, c);
            becomes_cat(run, c, 0);
        }),
    );
    assert!(finding.observed.contains("descriptor 0 is closed"), "{}", finding.observed);
}

#[test]
fn more_bytes_than_cats_or_bytes_on_stdout_fail_by_content() {
    let finding = fails_only(
        "content",
        leaving(b"copy:\none\ntwo\nthree\n", 0, |run, c| {
            redirects(run, c);
            run.print(c, "copy:\n");
            becomes_cat(run, c, 0);
        }),
    );
    assert!(!finding.events.is_empty());
    let mut run = Builder::new("redirect").args(&[SOURCE, TARGET]);
    let c = run.fork(P);
    redirects(&mut run, c);
    becomes_cat(&mut run, c, 0);
    run.wait(P, c);
    run.print(P, "done\n");
    run.exit(P, 0);
    fails_only("content", Proof::of(&EXERCISE).with("plain", run.finish()).leaving(TARGET, BYTES, 0o644));
}

#[test]
fn a_parent_that_writes_to_target_beside_cat_fails_by_content_unless_it_was_cut_to_length_0_since() {
    let run = |first: bool| {
        let mut run = Builder::new("redirect").args(&[SOURCE, TARGET]);
        let file = run.open(P, TARGET, FLAGS, 0o666);
        if first {
            run.write(P, file, "one\n");
        }
        let c = run.fork(P);
        redirects(&mut run, c);
        run.exec(c, "/usr/bin/cat", &CAT);
        run.write(c, Fd(1), "one\ntwo\nthree\n");
        if !first {
            run.write(P, file, "one\n");
        }
        run.exit(c, 0);
        run.wait(P, c);
        run.exit(P, 0);
        Proof::of(&EXERCISE).with("plain", run.finish()).leaving(TARGET, BYTES, 0o644)
    };
    all_hold(run(true));
    let finding = fails_only("content", run(false));
    assert!(finding.observed.ends_with("wrote to target.txt itself, beside cat"), "{}", finding.observed);
    assert_eq!(finding.events.len(), 1);
}

#[test]
fn a_target_that_is_not_made_fails_by_content() {
    let mut run = Builder::new("redirect").args(&[SOURCE, TARGET]);
    let c = run.fork(P);
    open_fails(&mut run, c, TARGET, Errno::ENOENT);
    run.complain(c, "target.txt: ENOENT\n");
    run.exit(c, 1);
    run.wait(P, c);
    run.exit(P, 1);
    let finding = fails_only("content", Proof::of(&EXERCISE).with("plain", run.finish()));
    assert!(finding.observed.contains("could not open target.txt (ENOENT)"), "{}", finding.observed);
}

#[test]
fn other_permissions_fail_by_permissions() {
    let proof = Proof::of(&EXERCISE).with("plain", wanted()).leaving(TARGET, BYTES, 0o600);
    let finding = fails_only("permissions", proof);
    assert_eq!(finding.observed, "target.txt has rw------- (0o600)");
}

#[test]
fn a_child_that_nobody_waits_for_fails_by_reaped() {
    let mut run = Builder::new("redirect").args(&[SOURCE, TARGET]);
    let c = run.fork(P);
    redirects(&mut run, c);
    run.exit(P, 0);
    becomes_cat(&mut run, c, 0);
    fails_only("reaped", Proof::of(&EXERCISE).with("plain", run.finish()).leaving(TARGET, BYTES, 0o644));
}

#[test]
fn asking_in_a_loop_fails_by_no_busy_wait_and_ending_with_1_by_exit_status() {
    let mut run = Builder::new("redirect").args(&[SOURCE, TARGET]);
    let c = run.fork(P);
    redirects(&mut run, c);
    (0..5).for_each(|_| run.wait_nohang(P));
    becomes_cat(&mut run, c, 0);
    run.wait(P, c);
    run.exit(P, 0);
    let spins = Proof::of(&EXERCISE).with("plain", run.finish()).leaving(TARGET, BYTES, 0o644);
    fails_only("no-busy-wait", spins);
    fails_only(
        "exit-status",
        leaving(BYTES, 1, |run, c| {
            redirects(run, c);
            becomes_cat(run, c, 0);
        }),
    );
}

/// A right run over a longer TARGET, which then holds this.
fn longer(bytes: &[u8]) -> Proof {
    Proof::of(&EXERCISE).with("longer-target", wanted()).leaving(TARGET, bytes, 0o644)
}

#[test]
fn old_bytes_in_target_fail_by_truncated() {
    all_hold(longer(BYTES));
    let mut over = OLD.to_vec();
    over[..BYTES.len()].copy_from_slice(BYTES);
    let finding = fails_only("truncated", longer(&over));
    assert_eq!(finding.observed, "target.txt still holds 186 of its 200 old bytes");
    let finding = fails_only("truncated", longer(&[&OLD[..], BYTES].concat()));
    assert!(finding.observed.contains("begins with the 200 old bytes"), "{}", finding.observed);
}

/// A run in which TARGET cannot be opened by `opener`; then whatever follows.
fn unwritable(script: impl FnOnce(&mut Builder)) -> Proof {
    let mut run = Builder::new("redirect").args(&[SOURCE, UNWRITABLE]);
    script(&mut run);
    Proof::of(&EXERCISE).with("unwritable-target", run.finish())
}

#[test]
fn a_target_that_cannot_be_opened() {
    all_hold(unwritable(|run| {
        let c = run.fork(P);
        open_fails(run, c, UNWRITABLE, Errno::ENOENT);
        run.complain(c, "no-such-folder/target.txt: ENOENT\n");
        run.exit(c, 1);
        run.wait(P, c);
        run.exit(P, 1);
    }));
    all_hold(unwritable(|run| {
        open_fails(run, P, UNWRITABLE, Errno::ENOENT);
        run.complain(P, "no-such-folder/target.txt: ENOENT\n");
        run.exit(P, 1);
    }));
    let wrong: [fn(&mut Builder); 4] = [
        |run| {
            let c = run.fork(P);
            open_fails(run, c, UNWRITABLE, Errno::ENOENT);
            run.exit(c, 1);
            run.wait(P, c);
            run.exit(P, 1);
        },
        |run| {
            let c = run.fork(P);
            open_fails(run, c, UNWRITABLE, Errno::ENOENT);
            run.exec(c, "/usr/bin/cat", &CAT);
            run.print(c, "one\ntwo\nthree\n");
            run.exit(c, 0);
            run.wait(P, c);
            run.exit(P, 0);
        },
        |run| {
            let c = run.fork(P);
            open_fails(run, P, UNWRITABLE, Errno::ENOENT);
            run.complain(P, "ENOENT\n");
            run.exit(P, 1);
            run.exit(c, 0);
        },
        |run| {
            open_fails(run, P, UNWRITABLE, Errno::ENOENT);
            run.complain(P, "ENOENT\n");
            run.exit(P, 0);
        },
    ];
    for script in wrong {
        fails_only("unwritable", unwritable(script));
    }
}

#[test]
fn a_parent_that_hides_a_failure_of_any_kind_fails_by_status_decoded() {
    let missing = |status: u8| {
        let mut run = Builder::new("redirect").args(&[MISSING, TARGET]);
        let c = run.fork(P);
        redirects(&mut run, c);
        run.exec(c, "/usr/bin/cat", &["cat", MISSING]);
        run.exit(c, 1);
        run.wait(P, c);
        run.exit(P, status);
        Proof::of(&EXERCISE).with("missing-file", run.finish()).leaving(TARGET, b"", 0o644)
    };
    all_hold(missing(1));
    fails_only("status-decoded", missing(127));
    let hidden = missing(0);
    let mut run = Builder::new("redirect").args(&[SOURCE, UNWRITABLE]);
    let c = run.fork(P);
    open_fails(&mut run, c, UNWRITABLE, Errno::ENOENT);
    run.complain(c, "ENOENT\n");
    run.exit(c, 1);
    run.wait(P, c);
    run.exit(P, 0);
    fails_only("status-decoded", hidden.with("unwritable-target", run.finish()));
}

#[test]
fn a_child_whose_exec_fails_says_so_on_stderr_and_ends_with_127() {
    let failing = |script: fn(&mut Builder, TaskId)| {
        let mut run = Builder::new("redirect").args(&[SOURCE, TARGET]);
        let c = run.fork(P);
        redirects(&mut run, c);
        run.exec_answers(c, "/usr/bin/cat", &CAT, Outcome::Failed(Errno::ENOENT));
        script(&mut run, c);
        run.wait(P, c);
        run.exit(P, 127);
        Proof::of(&EXERCISE).with("exec-fails", run.finish()).leaving(TARGET, b"", 0o644)
    };
    all_hold(failing(|run, c| {
        run.complain(c, "cat: ENOENT\n");
        run.exit(c, 127);
    }));
    fails_only(
        "exec-fails",
        failing(|run, c| {
            run.print(c, "cat: ENOENT\n");
            run.exit(c, 127);
        }),
    );
    fails_only(
        "exec-fails",
        failing(|run, c| {
            run.complain(c, "cat: ENOENT\n");
            run.exit(c, 1);
        }),
    );
}

#[test]
fn a_failed_fork_without_a_message_fails_by_fork_fails() {
    let mut run = Builder::new("redirect").args(&[SOURCE, TARGET]);
    run.fork_fails(P, Errno::EAGAIN);
    run.exit(P, 1);
    fails_only("fork-fails", Proof::of(&EXERCISE).with("fork-fails", run.finish()));
}

#[test]
fn a_second_process_fails_by_one_child() {
    let mut run = Builder::new("redirect").args(&[SOURCE, TARGET]);
    let toucher = run.fork(P);
    run.exec(toucher, "/usr/bin/touch", &["touch", TARGET]);
    run.exit(toucher, 0);
    run.wait(P, toucher);
    let c = run.fork(P);
    redirects(&mut run, c);
    becomes_cat(&mut run, c, 0);
    run.wait(P, c);
    run.exit(P, 0);
    fails_only("one-child", Proof::of(&EXERCISE).with("plain", run.finish()).leaving(TARGET, BYTES, 0o644));
}
