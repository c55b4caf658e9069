//! `fork-tree`: every check fails for its own reason alone, and unusual right programs pass.

use super::*;
use crate::course::processes::proof::{Proof, all_hold, each_check_fails_somewhere, fails_only};
use grader_trace::{CloneFlags, Ending, Errno, Operation, Outcome, Signal, Trace};

const P: TaskId = TaskId::ROOT;

/// A run that is asked for this tree, and what may be made of it.
struct Growing(Builder);

impl Growing {
    fn new(tree: &str) -> Growing {
        Growing(Builder::new("fork-tree").args(&[tree]))
    }

    /// Says a generation.
    fn says(&mut self, task: TaskId, generation: usize) {
        self.0.print(task, &format!("generation {generation}\n"));
    }

    /// Ends a process well, after its children have ended and been reaped.
    fn ends(&mut self, task: TaskId, children: &[TaskId]) {
        for child in children {
            self.0.wait(task, *child);
        }
        self.0.exit(task, 0);
    }

    /// A fan of so many children.
    fn fans(&mut self, count: usize) {
        let children: Vec<TaskId> = (0..count).map(|_| self.0.fork(P)).collect();
        for child in &children {
            self.says(*child, 1);
            self.ends(*child, &[]);
        }
        self.says(P, 0);
        self.ends(P, &children);
    }

    /// The chain, with what each of the four does when it has made its child.
    fn chains(&mut self, mut link: impl FnMut(&mut Growing, TaskId, usize, Option<TaskId>)) {
        let (a, b, c) = {
            let a = self.0.fork(P);
            let b = self.0.fork(a);
            (a, b, self.0.fork(b))
        };
        for (generation, task, child) in [(3, c, None), (2, b, Some(c)), (1, a, Some(b)), (0, P, Some(a))] {
            link(self, task, generation, child);
        }
    }
}

fn judged(scenario: &str, growing: Growing) -> Proof {
    Proof::of(&EXERCISE).with(scenario, growing.0.finish())
}

fn fan(script: impl FnOnce(&mut Growing)) -> Proof {
    let mut run = Growing::new("fan");
    script(&mut run);
    judged("fan", run)
}

fn chain(link: impl FnMut(&mut Growing, TaskId, usize, Option<TaskId>)) -> Proof {
    let mut run = Growing::new("chain");
    run.chains(link);
    judged("plain", run)
}

/// The tree of the puzzle.
fn puzzle() -> Trace {
    let mut run = Growing::new("six");
    let (elder, younger) = (run.0.fork(P), run.0.fork(P));
    let of_elder = run.0.fork(elder);
    let of_younger = [run.0.fork(younger), run.0.fork(younger)];
    for task in [of_elder, of_younger[0], of_younger[1]] {
        run.says(task, 2);
        run.ends(task, &[]);
    }
    run.says(elder, 1);
    run.says(younger, 1);
    run.says(P, 0);
    run.ends(elder, &[of_elder]);
    run.ends(younger, &of_younger);
    run.ends(P, &[younger, elder]);
    run.0.finish()
}

/// So many rounds in which everybody forks.
fn rounds(count: usize) -> Trace {
    let mut run = Growing::new("doubling");
    let mut born: Vec<(TaskId, usize, Vec<TaskId>)> = vec![(P, 0, Vec::new())];
    for _ in 0..count {
        for index in 0..born.len() {
            let (maker, generation, _) = born[index];
            let child = run.0.fork(maker);
            born[index].2.push(child);
            born.push((child, generation + 1, Vec::new()));
        }
    }
    born.sort_by_key(|(_, generation, _)| std::cmp::Reverse(*generation));
    for (task, generation, children) in born {
        run.says(task, generation);
        run.ends(task, &children);
    }
    run.0.finish()
}

#[test]
fn each_check_is_shown_to_fail() {
    each_check_fails_somewhere(&EXERCISE, include_str!("tests.rs"));
}

#[test]
fn the_wanted_run_and_all_four_trees_hold() {
    all_hold(Proof::of(&EXERCISE).with("plain", wanted()));
    all_hold(fan(|run| run.fans(4)));
    all_hold(Proof::of(&EXERCISE).with("doubling", rounds(3)));
    for pace in ["six", "slow-child", "slow-parent"] {
        all_hold(Proof::of(&EXERCISE).with(pace, puzzle()));
    }
}

#[test]
fn a_tree_of_another_shape_fails_by_its_name_alone_and_tells_who_made_whom() {
    let as_chain = |trace: Trace| Proof::of(&EXERCISE).with("plain", trace);
    fails_only(
        "chain",
        as_chain({
            let mut run = Growing::new("chain");
            run.fans(3);
            run.0.finish()
        }),
    );
    let finding = fails_only("fan", fan(|run| run.fans(3)));
    assert_eq!(finding.observed, "4 processes: 100 made 101, 102 and 103");
    let finding = fails_only("doubling", Proof::of(&EXERCISE).with("doubling", rounds(2)));
    assert_eq!(finding.observed, "4 processes: 100 made 101 and 102; 101 made 103");
    let mut six = Growing::new("six");
    six.fans(5);
    fails_only("six", judged("six", six));
}

#[test]
fn without_a_fork_with_a_thread_or_with_a_sibling_instead_of_a_child_the_tree_is_another_one() {
    let finding = fails_only(
        "fan",
        fan(|run| {
            (0..5).for_each(|generation| run.says(P, generation));
            run.ends(P, &[]);
        }),
    );
    assert!(finding.observed.contains("is the only process"), "{}", finding.observed);
    let finding = fails_only(
        "fan",
        fan(|run| {
            let thread = run.0.clone_with(P, "clone3", CloneFlags(CloneFlags::THREAD | CloneFlags::VM));
            run.ends(thread, &[]);
            run.fans(4);
        }),
    );
    assert!(finding.observed.contains("101 (a thread)"), "{}", finding.observed);
    fails_only(
        "fan",
        fan(|run| {
            let sibling = run.0.clone_with(P, "clone", CloneFlags(CloneFlags::PARENT));
            run.says(sibling, 1);
            run.ends(sibling, &[]);
            run.fans(3);
        }),
    );
}

#[test]
fn a_line_of_another_generation_missing_doubled_or_beside_another_fails_by_lines() {
    for text in [
        "generation 1\n",
        "generation 2",
        "Generation 2\n",
        "",
        "generation 2\ngeneration 2\n",
        "hi\ngeneration 2\n",
    ] {
        fails_only(
            "lines",
            chain(|run, task, generation, child| {
                match (generation, text) {
                    (2, "") => {}
                    (2, text) => run.0.print(task, text),
                    _ => run.says(task, generation),
                }
                run.ends(task, child.as_slice());
            }),
        );
    }
}

#[test]
fn a_process_that_its_parent_does_not_wait_for_fails_by_reaped_wherever_it_is() {
    for lazy in 0..3 {
        let finding = fails_only(
            "reaped",
            chain(|run, task, generation, child| {
                run.says(task, generation);
                let waits = if generation == lazy { None } else { child };
                run.ends(task, waits.as_slice());
            }),
        );
        assert!(finding.observed.contains("made no wait call"), "{}", finding.observed);
    }
}

#[test]
fn who_asks_again_and_again_fails_by_no_busy_wait_wherever_it_is() {
    let finding = fails_only(
        "no-busy-wait",
        chain(|run, task, generation, child| {
            run.says(task, generation);
            if generation == 1 {
                (0..3).for_each(|_| run.0.wait_nohang(task));
            }
            run.ends(task, child.as_slice());
        }),
    );
    assert!(finding.observed.starts_with("the child (101) asked 3 times"), "{}", finding.observed);
}

#[test]
fn another_status_fails_by_exit_status_and_the_deepest_is_named() {
    let finding = fails_only(
        "exit-status",
        chain(|run, task, generation, child| {
            run.says(task, generation);
            child.iter().for_each(|child| run.0.wait(task, *child));
            run.0.exit(task, u8::from(generation < 3));
        }),
    );
    assert!(finding.observed.starts_with("process 102 ended with exit status 1"), "{}", finding.observed);
}

#[test]
fn a_process_that_never_ends_fails_by_exit_status_alone() {
    let mut run = Growing::new("fan");
    let child = run.0.fork(P);
    run.0.event(child, Operation::Sleep { result: Outcome::Unfinished });
    run.0.waits_for_ever(P);
    let proof = Proof::of(&EXERCISE).with("fan", run.0.end(Ending::TimedOut));
    fails_only("exit-status", proof);
}

/// The chain in which somebody fails: what the first process ends with, and whether it asks.
fn failing(scenario: &str, status: u8, asks: bool) -> Proof {
    let mut run = Growing::new("chain");
    let child = run.0.fork(P);
    run.0.killed_by_plan(child, Signal::KILL);
    if asks {
        run.0.wait(P, child);
    }
    run.says(P, 0);
    run.0.exit(P, status);
    judged(scenario, run)
}

#[test]
fn a_failure_further_down_must_come_up() {
    for scenario in ["child-killed", "child-fails"] {
        all_hold(failing(scenario, 1, true));
        let finding = fails_only("status-decoded", failing(scenario, 0, true));
        assert!(finding.observed.contains("SIGKILL"), "{}", finding.observed);
    }
}

/// The fan in which the fork after so many others is refused.
fn refused(others: usize, script: impl FnOnce(&mut Growing, &[TaskId])) -> Proof {
    let mut run = Growing::new("fan");
    let children: Vec<TaskId> = (0..others).map(|_| run.0.fork(P)).collect();
    run.0.fork_fails(P, Errno::EAGAIN);
    script(&mut run, &children);
    judged(if others == 0 { "fork-fails" } else { "second-fork-fails" }, run)
}

#[test]
fn a_first_fork_that_fails_needs_a_message_and_a_status_and_silence() {
    all_hold(refused(0, |run, _| {
        run.0.complain(P, "fork: EAGAIN\n");
        run.0.exit(P, 1);
    }));
    all_hold(refused(0, |run, _| run.fans(4)));
    fails_only("fork-fails", refused(0, |run, _| run.0.exit(P, 1)));
    fails_only("fork-fails", refused(0, |run, _| run.fans(3)));
    fails_only(
        "fork-fails",
        refused(0, |run, _| {
            run.0.complain(P, "fork: EAGAIN\n");
            run.says(P, 0);
            run.0.exit(P, 1);
        }),
    );
}

#[test]
fn a_later_fork_that_fails_leaves_nobody_behind() {
    let complains = |run: &mut Growing, children: &[TaskId], reaps: bool, status: u8| {
        run.0.complain(P, "fork: EAGAIN\n");
        for child in children {
            run.says(*child, 1);
            run.ends(*child, &[]);
            if reaps {
                run.0.wait(P, *child);
            }
        }
        run.0.exit(P, status);
    };
    all_hold(refused(1, |run, children| complains(run, children, true, 1)));
    let finding =
        fails_only("second-fork-fails", refused(1, |run, children| complains(run, children, false, 1)));
    assert!(finding.observed.contains("nobody had reaped the child (101)"), "{}", finding.observed);
    fails_only("second-fork-fails", refused(1, |run, children| complains(run, children, true, 0)));
}
