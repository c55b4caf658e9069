//! `tls`: every check fails for its own reason alone, and unusual right programs pass.

use super::*;
use crate::course::processes::proof::{Proof, all_hold, each_check_fails_somewhere, fails_only};
use grader_trace::{Errno, ExitStatus, Sender, Signal};

const P: TaskId = TaskId::ROOT;
const PAGE: u64 = 4096;
const BYTES: u64 = 64 * 1024;
const MAPPING: u64 = 3 * PAGE + BYTES;

/// The C library's block of the first task.
const FIRSTS: u64 = 0x7e00_0000_0000;

/// A program that makes two threads, for 6 and 7. Each of its steps can be left out, or be another one.
struct Two {
    run: Builder,
    flags: CloneFlags,
    memory: Vec<u64>,
    threads: Vec<TaskId>,
}

impl Two {
    fn new() -> Two {
        let mut run = Builder::new("tls");
        run.event(P, Operation::ThreadPointer { value: FIRSTS, first: Some(FIRSTS) });
        Two { run, flags: WITH_TLS, memory: Vec::new(), threads: Vec::new() }
    }

    fn word(place: usize) -> u64 {
        0x55_0000_1000 + 64 * place as u64
    }

    /// A thread's memory, with a guard below the block and one below the stack; the block.
    fn map(&mut self) -> u64 {
        let start = self.run.map(P, MAPPING, Access::NONE);
        self.run.protect(P, start + PAGE, PAGE, Access::READ_WRITE);
        self.run.protect(P, start + 3 * PAGE, BYTES, Access::READ_WRITE);
        self.memory.push(start);
        start + PAGE
    }

    fn given(&self, thread_pointer: u64) -> Given {
        let word = Two::word(self.threads.len());
        let stack = self.memory.last().map_or(0, |start| start + MAPPING);
        Given { stack, parent_word: word, child_word: word, thread_pointer }
    }

    /// A thread in the memory that was mapped last, with this thread pointer, which leads to this word.
    fn clone_with(&mut self, value: u64, first: Option<u64>) -> TaskId {
        let given = self.given(value);
        let thread = self.run.clone_given(P, self.flags, given);
        self.run.event(thread, Operation::ThreadPointer { value, first });
        self.threads.push(thread);
        thread
    }

    fn spawn_both(&mut self) {
        self.spawn();
        self.spawn();
    }

    fn spawn(&mut self) -> TaskId {
        let block = self.map();
        self.clone_with(block, Some(block))
    }

    fn sleep(&mut self, place: usize) {
        let begin = self.run.now();
        self.run.exit(self.threads[place], 0);
        self.run.futex_since(begin, P, FutexOp::WAIT, Two::word(place), Outcome::Done(0));
    }

    fn unmap(&mut self, place: usize) {
        self.run.unmap(P, self.memory[place], MAPPING);
    }

    fn say(&mut self, place: usize) {
        self.run.print(P, ["6: 21\n", "7: 28\n"][place]);
    }

    fn join(&mut self, place: usize) {
        self.sleep(place);
        self.unmap(place);
        self.say(place);
    }

    fn ends(mut self) -> Proof {
        self.run.exit(P, 0);
        Proof::of(&EXERCISE).with("plain", self.run.finish())
    }

    /// All threads die of a signal, which has to do with this address.
    fn dies(mut self, thread: TaskId, address: u64) -> Proof {
        self.run.event(thread, Operation::Fault { address });
        self.run.event(thread, Operation::Signal { signal: Signal(11), sender: Sender::Kernel });
        for task in self.threads.into_iter().chain([P]) {
            self.run.event(task, Operation::Exit(ExitStatus::Killed(Signal(11))));
        }
        Proof::of(&EXERCISE).with("plain", self.run.finish())
    }
}

/// Two threads that are made in this way, and joined as they should be.
fn made(spawn: impl Fn(&mut Two)) -> Proof {
    let mut two = Two::new();
    (0..2).for_each(|_| spawn(&mut two));
    (0..2).for_each(|place| two.join(place));
    two.ends()
}

/// Two threads that are made as they should be, and joined in this way.
fn joined(join: impl Fn(&mut Two, usize)) -> Proof {
    let mut two = Two::new();
    two.spawn_both();
    (0..2).for_each(|place| join(&mut two, place));
    two.ends()
}

#[test]
fn each_check_is_shown_to_fail() {
    each_check_fails_somewhere(&EXERCISE, include_str!("tests.rs"));
}

#[test]
fn a_right_program_holds() {
    all_hold(joined(Two::join));
    assert_eq!(wanted().regions(P, grader_trace::Stamp::END), []);
}

#[test]
fn a_thread_may_store_its_address_itself() {
    all_hold(made(|two| {
        let block = two.map();
        let thread = two.clone_with(block, Some(0));
        two.run.event(thread, Operation::ThreadPointer { value: block, first: Some(block) });
    }));
}

#[test]
fn no_threads_fail_by_threads() {
    fails_only("threads", Two::new().ends());
}

#[test]
fn the_flags_of_raw_thread_fail_by_flags() {
    let finding = fails_only(
        "flags",
        made(|two| {
            two.flags = POSIX_THREAD;
            two.spawn();
        }),
    );
    assert_eq!(finding.observed, "the kernel got a flag word without CLONE_SETTLS");
}

#[test]
fn a_block_that_somebody_else_has_too_fails_by_own_block() {
    for (value, first) in [(FIRSTS, Some(FIRSTS)), (0, None)] {
        fails_only(
            "own-block",
            made(|two| {
                two.map();
                two.clone_with(value, first);
            }),
        );
    }
    let finding = fails_only(
        "own-block",
        made(|two| {
            two.map();
            let block = two.memory[0] + PAGE;
            two.clone_with(block, Some(block));
        }),
    );
    assert!(finding.observed.ends_with("as that of the first thread (101)"), "{}", finding.observed);
}

#[test]
fn another_first_word_fails_by_self_pointer() {
    for first in [0, 6, 0x7f00_0000_1008] {
        fails_only(
            "self-pointer",
            made(|two| {
                let block = two.map();
                two.clone_with(block, Some(first));
            }),
        );
    }
}

#[test]
fn memory_below_the_block_that_can_be_touched_fails_by_fenced() {
    // In the middle of a page.
    fails_only(
        "fenced",
        made(|two| {
            let block = two.map() + 2048;
            two.clone_with(block, Some(block));
        }),
    );
    // Of malloc, of which the trace knows nothing.
    fails_only(
        "fenced",
        made(|two| {
            two.map();
            let block = 0x55_0002_0000 + 64 * two.threads.len() as u64;
            two.clone_with(block, Some(block));
        }),
    );
    // Between two pages.
    fails_only(
        "fenced",
        made(|two| {
            let block = two.map();
            two.run.protect(P, block - PAGE, PAGE, Access(1));
            two.clone_with(block, Some(block));
        }),
    );
}

#[test]
fn whoever_looks_for_variables_of_libc_fails_by_bare() {
    let mut two = Two::new();
    let thread = two.spawn();
    two.spawn();
    let below = two.memory[0] + PAGE - 120;
    let finding = fails_only("bare", two.dies(thread, below));
    assert!(finding.observed.contains("120 bytes below its thread pointer"), "{}", finding.observed);
    fails_only(
        "bare",
        joined(|two, place| {
            two.run.complain(two.threads[place], "done\n");
            two.join(place);
        }),
    );
}

#[test]
fn who_is_killed_before_it_has_begun_is_nobodys_mistake() {
    let mut two = Two::new();
    let thread = two.spawn();
    let block = two.map();
    let given = two.given(block);
    let newborn = two.run.clone_given(P, WITH_TLS, given);
    two.threads.push(newborn);
    let below = two.memory[0] + PAGE - 120;
    fails_only("bare", two.dies(thread, below));
}

#[test]
fn lines_and_munmaps_that_come_too_early_or_not_at_all_fail_by_joined() {
    fails_only(
        "joined",
        joined(|two, place| {
            two.say(place);
            two.sleep(place);
            two.unmap(place);
        }),
    );
    fails_only(
        "joined",
        joined(|two, place| {
            two.unmap(place);
            two.sleep(place);
            two.say(place);
        }),
    );
    let finding = fails_only(
        "joined",
        joined(|two, place| {
            two.sleep(place);
            two.say(place);
        }),
    );
    assert!(finding.observed.starts_with("its stack was still mapped"), "{}", finding.observed);
}

#[test]
fn a_sum_that_is_not_the_threads_own_fails_by_lines() {
    fails_only("lines", {
        let mut two = Two::new();
        two.spawn_both();
        for place in 0..2 {
            two.sleep(place);
            two.unmap(place);
        }
        two.run.print(P, "6: 21\n7: 49\n");
        two.ends()
    });
}

#[test]
fn another_status_or_a_wild_address_fails_by_exit_status() {
    let mut two = Two::new();
    let thread = two.spawn();
    two.spawn();
    let finding = fails_only("exit-status", two.dies(thread, 8));
    assert!(finding.observed.contains("touched 0x8"), "{}", finding.observed);
    fails_only("exit-status", {
        let mut two = Two::new();
        two.spawn_both();
        for place in 0..2 {
            let begin = two.run.now();
            two.run.exit(two.threads[place], 21);
            two.run.futex_since(begin, P, FutexOp::WAIT, Two::word(place), Outcome::Done(0));
            two.unmap(place);
            two.say(place);
        }
        two.ends()
    });
}

#[test]
fn a_clone_that_fails_needs_a_message_and_a_status_and_leaves_no_memory() {
    let refused = |says: bool, unmaps: bool| {
        let mut two = Two::new();
        let block = two.map();
        let given = two.given(block);
        two.run.clone_fails(P, WITH_TLS, Errno::EAGAIN).injected = true;
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
