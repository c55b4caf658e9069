//! `raw-thread`: every check fails for its own reason alone, and unusual right programs pass.

use super::*;
use crate::course::processes::proof::{Proof, all_hold, each_check_fails_somewhere, fails_only};
use grader_trace::{CloneFlags, Ending, Errno, Operation, Sender, Signal, Stamp, Text};

const P: TaskId = TaskId::ROOT;
const PAGE: u64 = 4096;
const BYTES: u64 = 64 * 1024;
const PRIVATE_WAIT: FutexOp = FutexOp(FutexOp::WAIT.0 | FutexOp::PRIVATE);

/// A program that makes two threads, for 6 and 7. Each of its steps can be left out, or be another one.
struct Two {
    run: Builder,
    flags: CloneFlags,
    stacks: Vec<u64>,
    threads: Vec<TaskId>,
}

impl Two {
    fn new() -> Two {
        let run = Builder::new("raw-thread");
        Two { run, flags: POSIX_THREAD, stacks: Vec::new(), threads: Vec::new() }
    }

    /// The word of a thread, by its place.
    fn word(place: usize) -> u64 {
        0x55_0000_1000 + 64 * place as u64
    }

    fn given(&self, stack: u64) -> Given {
        let word = Two::word(self.threads.len());
        Given { stack, parent_word: word, child_word: word, thread_pointer: 0 }
    }

    /// A thread on this stack.
    fn clone_on(&mut self, stack: u64) -> TaskId {
        let given = self.given(stack);
        let thread = self.run.clone_given(P, self.flags, given);
        self.threads.push(thread);
        thread
    }

    /// A stack with a guard page below it.
    fn stack(&mut self) -> u64 {
        let start = self.run.map(P, PAGE + BYTES, Access::NONE);
        self.run.protect(P, start + PAGE, BYTES, Access::READ_WRITE);
        self.stacks.push(start);
        start + PAGE + BYTES
    }

    fn spawn_both(&mut self) {
        self.spawn();
        self.spawn();
    }

    fn spawn(&mut self) -> TaskId {
        let stack = self.stack();
        self.clone_on(stack)
    }

    /// A sleep until a thread is gone, which ends meanwhile.
    fn sleep(&mut self, place: usize) {
        self.sleep_by(place, FutexOp::WAIT);
    }

    fn sleep_by(&mut self, place: usize, op: FutexOp) {
        let begin = self.run.now();
        self.run.exit(self.threads[place], 0);
        self.run.futex_since(begin, P, op, Two::word(place), Outcome::Done(0));
    }

    fn unmap(&mut self, place: usize) {
        self.run.unmap(P, self.stacks[place], PAGE + BYTES);
    }

    fn say(&mut self, place: usize) {
        self.run.print(P, ["6: 21\n", "7: 28\n"][place]);
    }

    fn join(&mut self, place: usize) {
        self.sleep(place);
        self.unmap(place);
        self.say(place);
    }

    fn ends(mut self, scenario: &str) -> Proof {
        self.run.exit(P, 0);
        Proof::of(&EXERCISE).with(scenario, self.run.finish())
    }
}

/// Two threads that are made in this way, and joined as they should be.
fn made(spawn: impl Fn(&mut Two)) -> Proof {
    let mut two = Two::new();
    (0..2).for_each(|_| spawn(&mut two));
    for place in 0..2 {
        two.sleep(place);
        if place < two.stacks.len() {
            two.unmap(place);
        }
        two.say(place);
    }
    two.ends("slow-thread")
}

/// Two threads that are made as they should be, and joined in this way.
fn joined(scenario: &str, join: impl Fn(&mut Two, usize)) -> Proof {
    let mut two = Two::new();
    two.spawn_both();
    (0..2).for_each(|place| join(&mut two, place));
    two.ends(scenario)
}

#[test]
fn each_check_is_shown_to_fail() {
    each_check_fails_somewhere(&EXERCISE, include_str!("tests.rs"));
}

#[test]
fn a_right_program_holds_in_every_scenario() {
    for scenario in ["plain", "slow-thread"] {
        all_hold(joined(scenario, Two::join));
    }
    // The threads are gone before anybody looks.
    let mut two = Two::new();
    for place in 0..2 {
        two.spawn();
        two.run.exit(two.threads[place], 0);
    }
    for place in 0..2 {
        two.unmap(place);
        two.say(place);
    }
    all_hold(two.ends("slow-creator"));
}

#[test]
fn the_picture_of_what_is_wanted_has_a_thread_that_is_joined() {
    let trace = wanted();
    assert_eq!(trace.tasks()[1].birth.flags, POSIX_THREAD);
    assert_eq!(trace.regions(P, Stamp::END), []);
}

#[test]
fn threads_may_be_joined_in_another_order_than_they_are_made() {
    let mut two = Two::new();
    two.spawn_both();
    for place in [1, 0] {
        two.sleep(place);
        two.unmap(place);
    }
    (0..2).for_each(|place| two.say(place));
    all_hold(two.ends("slow-thread"));
}

#[test]
fn no_threads_or_processes_fail_by_threads() {
    fails_only("threads", Two::new().ends("plain"));
    let finding = fails_only("threads", {
        let mut two = Two::new();
        for _ in 0..2 {
            let child = two.run.fork(P);
            two.run.exit(child, 0);
            two.run.wait(P, child);
        }
        two.ends("plain")
    });
    assert_eq!(finding.observed, "0 threads and 2 processes were made");
}

#[test]
fn a_bit_too_many_or_too_few_fails_by_flags() {
    for wrong in [CloneFlags::SYSVSEM, CloneFlags::SETTLS, CloneFlags::CHILD_CLEARTID] {
        fails_only(
            "flags",
            made(|two| {
                two.flags = CloneFlags(POSIX_THREAD.0 ^ wrong);
                two.spawn();
            }),
        );
    }
    // Nobody clears the word, and join sleeps for ever.
    let finding = fails_only("flags", {
        let mut two = Two::new();
        two.flags = CloneFlags(POSIX_THREAD.0 & !CloneFlags::CHILD_CLEARTID);
        two.spawn_both();
        two.run.exit(two.threads[0], 0);
        let begin = two.run.now();
        two.run.futex_since(begin, P, FutexOp::WAIT, Two::word(0), Outcome::Unfinished);
        Proof::of(&EXERCISE).with("plain", two.run.end(Ending::Stalled))
    });
    assert_eq!(finding.observed, "the kernel got a flag word without CLONE_CHILD_CLEARTID");
}

#[test]
fn a_stack_that_nobody_has_mapped_or_that_two_have_fails_by_stack() {
    fails_only(
        "stack",
        made(|two| {
            two.clone_on(0x55_0002_0000);
        }),
    );
    fails_only(
        "stack",
        made(|two| {
            two.clone_on(0);
        }),
    );
    // The lower end.
    fails_only(
        "stack",
        made(|two| {
            let top = two.stack();
            two.clone_on(top - BYTES);
        }),
    );
    let finding = fails_only("stack", {
        let mut two = Two::new();
        let top = two.stack();
        two.clone_on(top);
        two.clone_on(top - BYTES / 2);
        two.sleep(0);
        two.say(0);
        two.sleep(1);
        two.say(1);
        two.unmap(0);
        two.ends("plain")
    });
    assert!(
        finding.observed.contains("the same mapping as that of the first thread"),
        "{}",
        finding.observed
    );
}

#[test]
fn no_page_or_another_one_below_the_stack_fails_by_guard() {
    let bare = |two: &mut Two| {
        let start = two.run.map(P, BYTES, Access::READ_WRITE);
        two.stacks.push(start);
        two.clone_on(start + BYTES);
    };
    let finding = fails_only("guard", made(bare));
    assert!(finding.observed.starts_with("nothing is mapped"), "{}", finding.observed);
    // Above it, not below.
    fails_only(
        "guard",
        made(|two| {
            let start = two.run.map(P, PAGE + BYTES, Access::READ_WRITE);
            two.run.protect(P, start + BYTES, PAGE, Access::NONE);
            two.stacks.push(start);
            two.clone_on(start + BYTES);
        }),
    );
}

#[test]
fn a_thread_that_prints_fails_by_bare() {
    let finding = fails_only("bare", {
        let mut two = Two::new();
        for place in 0..2 {
            let thread = two.spawn();
            two.run.print(thread, ["6: 21\n", "7: 28\n"][place]);
        }
        for place in 0..2 {
            two.sleep(place);
            two.unmap(place);
        }
        two.ends("plain")
    });
    assert_eq!(finding.observed, format!("the first thread (101) wrote \"{}\"", Text::from("6: 21\n")));
}

#[test]
fn whoever_does_not_sleep_or_not_there_fails_by_sleeps() {
    // Not at all.
    fails_only(
        "sleeps",
        joined("slow-thread", |two, place| {
            two.run.exit(two.threads[place], 0);
            two.unmap(place);
            two.say(place);
        }),
    );
    // By the clock, and by yields.
    let nap = Operation::Sleep { result: Outcome::Done(()) };
    let give_way = Operation::Call { call: "sched_yield".into(), args: [0; 6], result: Outcome::Done(0) };
    for question in [nap, give_way] {
        fails_only(
            "sleeps",
            joined("plain", |two, place| {
                two.run.event(P, question.clone());
                two.run.exit(two.threads[place], 0);
                two.unmap(place);
                two.say(place);
            }),
        );
    }
    // On a word that the thread itself sets.
    let finding = fails_only(
        "sleeps",
        joined("plain", |two, place| {
            let begin = two.run.now();
            two.run.futex_since(begin, P, FutexOp::WAIT, 0x1000, Outcome::Done(0));
            two.run.exit(two.threads[place], 0);
            two.unmap(place);
            two.say(place);
        }),
    );
    assert!(
        finding.observed.ends_with("slept on 0x1000, which the kernel does not clear"),
        "{}",
        finding.observed
    );
}

#[test]
fn whoever_sleeps_where_nobody_wakes_fails_by_sleeps() {
    for (op, gone) in [(PRIVATE_WAIT, false), (FutexOp::WAIT, true)] {
        fails_only("sleeps", {
            let mut two = Two::new();
            two.spawn_both();
            if gone {
                two.run.exit(two.threads[0], 0);
            }
            let begin = two.run.now();
            two.run.futex_since(begin, P, op, Two::word(0), Outcome::Unfinished);
            if !gone {
                two.run.exit(two.threads[0], 0);
            }
            Proof::of(&EXERCISE).with("plain", two.run.end(Ending::Stalled))
        });
    }
}

#[test]
fn whoever_believes_futex_fails_by_looks_again() {
    let early = |two: &mut Two| {
        two.spawn_both();
        let (begin, interrupted) = (two.run.now(), Outcome::Failed(Errno::EINTR));
        two.run.futex_since(begin, P, FutexOp::WAIT, Two::word(0), interrupted).injected = true;
    };
    let mut two = Two::new();
    early(&mut two);
    (0..2).for_each(|place| two.join(place));
    all_hold(two.ends("wakes-early"));
    let finding = fails_only("looks-again", {
        let mut two = Two::new();
        early(&mut two);
        two.unmap(0);
        two.say(0);
        two.join(1);
        two.ends("wakes-early")
    });
    assert!(
        finding.observed.ends_with("unmapped memory, as if the first thread (101) were gone"),
        "{}",
        finding.observed
    );
}

#[test]
fn a_stack_that_stays_or_goes_too_soon_fails_by_unmapped() {
    let left = |two: &mut Two, place: usize| {
        two.sleep(place);
        two.say(place);
    };
    fails_only("unmapped", joined("plain", left));
    let finding = fails_only(
        "unmapped",
        joined("plain", |two, place| {
            two.sleep(place);
            two.run.unmap(P, two.stacks[place], BYTES);
            two.say(place);
        }),
    );
    assert!(finding.observed.starts_with("4096 of 69632 bytes"), "{}", finding.observed);
    let finding = fails_only(
        "unmapped",
        joined("plain", |two, place| {
            two.unmap(place);
            two.sleep(place);
            two.say(place);
        }),
    );
    assert!(finding.observed.ends_with("was still there"), "{}", finding.observed);
}

#[test]
fn a_wrong_sum_or_none_fails_by_lines() {
    for said in ["6: 20\n7: 28\n", "6: 21\n", "6: 21\n7: 28\nready\n", "7: 28\n6: 21\n"] {
        fails_only("lines", {
            let mut two = Two::new();
            two.spawn_both();
            for place in 0..2 {
                two.sleep(place);
                two.unmap(place);
            }
            two.run.print(P, said);
            two.ends("plain")
        });
    }
}

#[test]
fn a_stack_that_runs_over_fails_by_exit_status_and_is_called_what_it_is() {
    let finding = fails_only("exit-status", {
        let mut two = Two::new();
        let thread = two.spawn();
        let address = two.stacks[0] + PAGE - 8;
        two.run.event(thread, Operation::Fault { address });
        two.run.event(thread, Operation::Signal { signal: Signal(11), sender: Sender::Kernel });
        for task in [thread, P] {
            let killed = grader_trace::ExitStatus::Killed(Signal(11));
            two.run.event(task, Operation::Exit(killed));
        }
        Proof::of(&EXERCISE).with("plain", two.run.finish())
    });
    let told = "8 bytes below its stack of 64 KiB: it needs more than that, and has hit the guard page";
    assert!(finding.observed.ends_with(told), "{}", finding.observed);
}

#[test]
fn another_status_fails_by_exit_status() {
    for (threads, programs) in [(1, 0), (0, 1)] {
        let mut two = Two::new();
        two.spawn_both();
        for place in 0..2 {
            let begin = two.run.now();
            two.run.exit(two.threads[place], threads);
            two.run.futex_since(begin, P, FutexOp::WAIT, Two::word(place), Outcome::Done(0));
            two.unmap(place);
            two.say(place);
        }
        two.run.exit(P, programs);
        fails_only("exit-status", Proof::of(&EXERCISE).with("plain", two.run.finish()));
    }
}

#[test]
fn a_clone_that_fails_needs_a_message_and_a_status_and_leaves_no_stack() {
    let refused = |says: bool, unmaps: bool| {
        let mut two = Two::new();
        let given = {
            let stack = two.stack();
            two.given(stack)
        };
        two.run.clone_fails(P, POSIX_THREAD, Errno::EAGAIN).injected = true;
        two.run.was_given(given);
        if unmaps {
            two.unmap(0);
        }
        if says {
            two.run.complain(P, "clone: EAGAIN\n");
        }
        two.run.exit(P, 1);
        Proof::of(&EXERCISE).with("thread-fails", two.run.finish())
    };
    all_hold(refused(true, true));
    fails_only("thread-fails", refused(false, true));
    fails_only("thread-fails", refused(true, false));
}
