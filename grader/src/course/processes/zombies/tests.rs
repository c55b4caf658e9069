//! `zombies`: every check fails for its own reason alone, and unusual right programs pass.

use super::*;
use crate::course::processes::proof::{Proof, all_hold, each_check_fails_somewhere, fails_only};
use grader_trace::{CloneFlags, Disposition, Ending, Errno, Fd, Operation, Outcome, Signal};

const P: TaskId = TaskId::ROOT;

/// A run in the making, and what is different about it.
struct Making {
    run: Builder,
    reaps: fn(usize) -> bool,
    status: u8,
}

impl Making {
    fn new() -> Making {
        Making { run: Builder::new("zombies"), reaps: |_| true, status: 0 }
    }

    /// A child that ends at once.
    fn child(&mut self) -> TaskId {
        let child = self.run.fork(P);
        self.run.exit(child, 0);
        child
    }

    /// The root reads this file of a process.
    fn reads(&mut self, child: TaskId, file: &str) {
        let path = format!("/proc/{}/{file}", self.run.pid(child));
        let fd = self.run.open(P, &path, 0, 0);
        self.run.read(P, fd, 200);
        self.run.read(P, fd, 0);
        self.run.close(P, fd);
    }

    fn says(&mut self, child: TaskId, what: &str) {
        let line = format!("zombie {}: {what}\n", self.run.pid(child));
        self.run.print(P, &line);
    }

    /// The first part, as it should be.
    fn one(&mut self) {
        let child = self.child();
        self.run.looks_at_the_end(P, child);
        self.reads(child, "stat");
        self.says(child, "state Z");
        self.run.wait(P, child);
        self.says(child, "gone");
    }

    /// The second part, up to its line.
    fn many(&mut self) {
        let many: Vec<TaskId> = (0..MANY).map(|_| self.child()).collect();
        for (index, child) in many.iter().enumerate() {
            if (self.reaps)(index) {
                self.run.wait(P, *child);
            }
        }
    }

    fn ends(mut self) -> Proof {
        self.run.exit(P, self.status);
        Proof::of(&EXERCISE).with("plain", self.run.finish())
    }

    /// The second part and the end, as they should be.
    fn goes_on(mut self) -> Proof {
        self.many();
        self.run.print(P, "reaped: 10\n");
        self.ends()
    }
}

/// A right run, but for its first part.
fn first(part: impl FnOnce(&mut Making, TaskId)) -> Proof {
    let mut making = Making::new();
    let child = making.run.fork(P);
    part(&mut making, child);
    making.goes_on()
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
fn any_file_that_tells_the_state_may_be_read_and_what_counts_is_the_moment_of_reading() {
    for file in ["status", "stat"] {
        all_hold(first(|making, child| {
            making.run.exit(child, 0);
            making.run.sleeps(P, "poll");
            making.reads(child, file);
            making.says(child, "state Z");
            making.run.wait(P, child);
            making.says(child, "gone");
        }));
    }
    all_hold(first(|making, child| {
        let fd = making.run.open(P, "/proc/101/stat", 0, 0);
        making.run.exit(child, 0);
        making.run.read(P, fd, 200);
        making.says(child, "state Z");
        making.run.wait(P, child);
        making.says(child, "gone");
    }));
}

#[test]
fn the_many_may_be_reaped_in_any_order() {
    let mut making = Making::new();
    making.one();
    let mut many: Vec<TaskId> = (0..MANY).map(|_| making.run.fork(P)).collect();
    many.reverse();
    many.iter().for_each(|child| making.run.exit(*child, 0));
    many.rotate_left(3);
    many.iter().for_each(|child| making.run.wait(P, *child));
    making.run.print(P, "reaped: 10\n");
    all_hold(making.ends());
}

#[test]
fn fewer_or_more_children_or_somebody_elses_fail_by_children() {
    let finding = fails_only("children", {
        let mut making = Making::new();
        making.one();
        making.run.print(P, "reaped: 10\n");
        making.ends()
    });
    assert!(finding.expected.starts_with("11 new processes"), "{}", finding.expected);
    fails_only("children", {
        let mut making = Making::new();
        making.one();
        let helper = making.child();
        making.run.wait(P, helper);
        making.goes_on()
    });
    fails_only("children", {
        let mut making = Making::new();
        making.one();
        let child = making.run.fork(P);
        let many: Vec<TaskId> = (1..MANY).map(|_| making.run.fork(child)).collect();
        many.iter().chain([&child]).for_each(|task| making.run.exit(*task, 0));
        making.run.wait(P, child);
        making.ends()
    });
    fails_only("children", {
        let mut making = Making::new();
        let thread = making.run.clone_with(P, "clone3", CloneFlags(CloneFlags::THREAD | CloneFlags::VM));
        making.run.exit(thread, 0);
        making.one();
        making.goes_on()
    });
}

/// The first part with looks at other moments: before the end, after the reaping.
fn looks(before: bool, after: bool) -> Proof {
    first(|making, child| {
        if before {
            making.reads(child, "stat");
        }
        making.run.exit(child, 0);
        making.says(child, "state Z");
        making.run.wait(P, child);
        if after {
            let (path, result) = ("/proc/101/stat".into(), Outcome::Failed(Errno::ENOENT));
            let flags = grader_trace::OpenFlags(0);
            making.run.event(P, Operation::Open { path, flags, mode: 0, result });
        }
        making.says(child, "gone");
    })
}

#[test]
fn who_looks_too_early_too_late_or_not_at_all_has_not_seen_a_zombie() {
    for (before, after, words) in [
        (true, false, "it was still alive"),
        (true, true, "it had reaped it already"),
        (false, true, "it had reaped it already"),
        (false, false, "never read that file"),
    ] {
        let finding = fails_only("seen", looks(before, after));
        assert!(finding.observed.contains(words), "{}", finding.observed);
    }
    fails_only(
        "seen",
        first(|making, child| {
            making.run.exit(child, 0);
            let fd = making.run.open(P, "/proc/self/stat", 0, 0);
            making.run.read(P, fd, 200);
            making.run.read(P, Fd(0), 10);
            making.says(child, "state Z");
            making.run.wait(P, child);
            making.says(child, "gone");
        }),
    );
}

#[test]
fn another_state_another_pid_or_a_line_before_the_look_fails_by_state_line() {
    for line in ["zombie 101: state S\n", "zombie 100: state Z\n", "zombie 101: Z\n", "101 is Z\n", ""] {
        fails_only(
            "state-line",
            first(|making, child| {
                making.run.exit(child, 0);
                making.reads(child, "stat");
                if !line.is_empty() {
                    making.run.print(P, line);
                }
                making.run.wait(P, child);
                making.says(child, "gone");
            }),
        );
    }
    let finding = fails_only(
        "state-line",
        first(|making, child| {
            making.run.exit(child, 0);
            making.says(child, "state Z");
            making.reads(child, "stat");
            making.run.wait(P, child);
            making.says(child, "gone");
        }),
    );
    assert!(finding.observed.contains("before it had read"), "{}", finding.observed);
}

#[test]
fn a_zombie_that_is_called_gone_too_early_or_never_fails_by_gone_line() {
    for early in [true, false] {
        fails_only(
            "gone-line",
            first(|making, child| {
                making.run.exit(child, 0);
                making.reads(child, "stat");
                making.says(child, "state Z");
                if early {
                    making.says(child, "gone");
                }
                making.run.wait(P, child);
            }),
        );
    }
}

#[test]
fn one_after_the_other_fails_by_all_at_once() {
    let mut making = Making::new();
    making.one();
    for _ in 0..MANY {
        let child = making.child();
        making.run.wait(P, child);
    }
    making.run.print(P, "reaped: 10\n");
    fails_only("all-at-once", making.ends());
}

#[test]
fn a_child_that_stays_unreaped_fails_by_reaped_whichever_it_is() {
    for unreaped in [0, 4, 9] {
        let mut making = Making::new();
        making.reaps = match unreaped {
            0 => |index| index != 0,
            4 => |index| index != 4,
            _ => |index| index != 9,
        };
        making.one();
        fails_only("reaped", making.goes_on());
    }
    let finding = fails_only(
        "reaped",
        first(|making, child| {
            making.run.exit(child, 0);
            making.run.looks_at_the_end(P, child);
            making.reads(child, "stat");
            making.says(child, "state Z");
            making.says(child, "gone");
        }),
    );
    assert!(finding.observed.contains("WNOWAIT, which reaps nobody"), "{}", finding.observed);
}

#[test]
fn children_that_the_kernel_drops_are_not_reaped() {
    let mut making = Making::new();
    making.run.event(
        P,
        Operation::Disposition {
            signal: Signal::CHLD,
            action: Disposition::Ignore,
            flags: 0,
            result: Outcome::Done(()),
        },
    );
    for _ in 0..CHILDREN {
        making.child();
    }
    making.run.print(P, "reaped: 10\n");
    let finding = fails_only("reaped", making.ends());
    assert!(finding.observed.contains("ignores SIGCHLD"), "{}", finding.observed);
}

#[test]
fn another_number_or_one_that_is_not_true_yet_fails_by_count_line() {
    for line in ["reaped: 11\n", "reaped 10\n", "10\n", ""] {
        let mut making = Making::new();
        making.one();
        making.many();
        if !line.is_empty() {
            making.run.print(P, line);
        }
        fails_only("count-line", making.ends());
    }
    let mut making = Making::new();
    making.one();
    making.run.print(P, "reaped: 10\n");
    making.many();
    fails_only("count-line", making.ends());
}

#[test]
fn further_words_of_anybody_fail_by_own_path() {
    let mut making = Making::new();
    making.one();
    making.run.print(P, "now the many\n");
    fails_only("own-path", making.goes_on());
    let finding = fails_only(
        "own-path",
        first(|making, child| {
            making.run.print(child, "child ends\n");
            making.run.exit(child, 0);
            making.reads(child, "stat");
            making.says(child, "state Z");
            making.run.wait(P, child);
            making.says(child, "gone");
        }),
    );
    assert!(finding.observed.contains("\"child ends\""), "{}", finding.observed);
}

#[test]
fn asking_until_it_is_z_fails_by_no_busy_wait() {
    fails_only(
        "no-busy-wait",
        first(|making, child| {
            (0..3).for_each(|_| making.reads(child, "stat"));
            making.run.exit(child, 0);
            making.reads(child, "stat");
            making.says(child, "state Z");
            making.run.wait(P, child);
            making.says(child, "gone");
        }),
    );
}

#[test]
fn another_status_or_no_end_fails_by_exit_status() {
    let mut making = Making::new();
    making.status = 10;
    making.one();
    fails_only("exit-status", making.goes_on());
    fails_only(
        "exit-status",
        first(|making, child| {
            making.run.exit(child, 7);
            making.reads(child, "stat");
            making.says(child, "state Z");
            making.run.wait(P, child);
            making.says(child, "gone");
        }),
    );
    let mut making = Making::new();
    making.one();
    making.many();
    making.run.waits_for_ever(P);
    fails_only("exit-status", Proof::of(&EXERCISE).with("plain", making.run.end(Ending::TimedOut)));
}

/// A run in which the fork after so many is refused, and what follows.
fn refused(before: usize, script: impl FnOnce(&mut Making, Vec<TaskId>)) -> Proof {
    let mut making = Making::new();
    let mut many = Vec::new();
    if before > 0 {
        making.one();
        many.extend((1..before).map(|_| making.child()));
    }
    making.run.fork_fails(P, Errno::EAGAIN);
    script(&mut making, many);
    let scenario = if before > 0 { "later-fork-fails" } else { "fork-fails" };
    Proof::of(&EXERCISE).with(scenario, making.run.finish())
}

#[test]
fn a_first_fork_that_fails_needs_a_message_and_a_status() {
    all_hold(refused(0, |making, _| {
        making.run.complain(P, "fork: EAGAIN\n");
        making.run.exit(P, 1);
    }));
    fails_only("fork-fails", refused(0, |making, _| making.run.exit(P, 1)));
    fails_only(
        "fork-fails",
        refused(0, |making, _| {
            making.run.complain(P, "fork: EAGAIN\n");
            making.run.print(P, "reaped: 0\n");
            making.run.exit(P, 1);
        }),
    );
}

/// The end after a later fork was refused: whom it reaps, what it says, its status.
fn cleans_up(reaps: bool, says: &'static str, status: u8) -> Proof {
    refused(BEFORE_REFUSAL, move |making, many| {
        making.run.complain(P, "fork: EAGAIN\n");
        for child in many.iter().filter(|_| reaps) {
            making.run.wait(P, *child);
        }
        if !says.is_empty() {
            making.run.print(P, says);
        }
        making.run.exit(P, status);
    })
}

#[test]
fn a_later_fork_that_fails_needs_a_message_and_a_status_and_nobody_left() {
    all_hold(cleans_up(true, "", 1));
    fails_only("later-fork-fails", cleans_up(true, "", 0));
    fails_only("later-fork-fails", cleans_up(true, "reaped: 3\n", 1));
    fails_only("reaped", cleans_up(false, "", 1));
    // Who tries again makes up for it.
    all_hold(refused(BEFORE_REFUSAL, |making, mut many| {
        many.extend((many.len()..MANY).map(|_| making.child()));
        many.iter().for_each(|child| making.run.wait(P, *child));
        making.run.print(P, "reaped: 10\n");
        making.run.exit(P, 0);
    }));
}
