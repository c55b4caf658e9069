//! `raw-thread`: threads that a program makes with clone, each on a stack of its own, and a join that sleeps in futex.
//!
//! Who fails by what: no threads is `threads`, other flags `flags`, another kind of stack `stack` or `guard`. Who does not
//! sleep on the word that the kernel clears fails by `sleeps`, and while that is so, nobody asks when the stack goes, and
//! what is written. A death by a signal is `exit-status`, unless something before it explains it.

use super::by_hand::{self, POSIX_THREAD, THREADS, WELL};
use crate::course::processes::circumstance::{
    natural, plain, slow_creator, slow_thread, thread_fails, wakes_early,
};
use crate::course::{Check, Exercise, Scenario};
use grader_trace::{Access, Builder, FutexOp, Given, Outcome, TaskId, Trace};
use grader_tracer::Watch;
use judge::*;

mod judge;

/// The exercise.
pub const EXERCISE: Exercise = Exercise {
    id: "raw-thread",
    chapter: "2-tasks",
    title: "make a thread by hand, and join it",
    aha: "Join is a futex.",
    counted: true,
    watch: Watch::THREADS,
    order_counts: false,
    scenarios: || {
        let two = |scenario: Scenario| scenario.with_args(&["6", "7"]);
        vec![
            two(plain()),
            two(slow_thread()),
            two(slow_creator()),
            natural("many", "with eight threads").with_args(&["1", "2", "3", "4", "5", "6", "7", "8"]),
            two(wakes_early()),
            two(thread_fails()),
        ]
    },
    checks: &[
        THREADS,
        FLAGS,
        STACK,
        GUARD,
        BARE,
        SLEEPS,
        LOOKS_AGAIN,
        UNMAPPED,
        LINES,
        EXIT_STATUS,
        THREAD_FAILS,
    ],
    wanted,
};

const FLAGS: Check = Check {
    id: "flags",
    claim: "clone gets the flags of a POSIX thread, and no others.",
    why: "Threads of one process have one memory, directory, descriptor table and table of handlers. The kernel \
          stores the thread's number in a word of yours, and clears a word when the thread is gone.",
    points: 2,
    hints: &[
        "Compare the flags that the kernel saw with those in the statement.",
        "There are eight of them. A thread sends no exit signal: the low byte is 0.",
        "CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID | \
         CLONE_CHILD_CLEARTID",
    ],
    see: &["clone(2)", "pthreads(7)"],
    scenarios: WELL,
    judge: flags,
};

const STACK: Check = Check {
    id: "stack",
    claim: "Each thread begins at the upper end of a stack that was mapped for it alone, with mmap.",
    why: "Two tasks in one memory cannot be on one stack: each would overwrite the other's variables. A stack of its own \
          mapping can be given back to the kernel as a whole.",
    points: 1,
    hints: &[
        "Which address does clone get as the stack, and what lies right below it?",
        "Stacks grow downwards: clone gets the address above the last byte, not the first one.",
        "mmap(null, GUARD + STACK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0) once a thread; its stack \
         pointer is that address + GUARD + STACK.",
    ],
    see: &["clone(2)", "mmap(2)"],
    scenarios: WELL,
    judge: stack,
};

const GUARD: Check = Check {
    id: "guard",
    claim: "Right below each stack lies memory that nobody may touch.",
    why: "A thread that needs more stack than it has goes on below it. If that is another mapping, it overwrites somebody \
          else's memory, and nobody notices. A page without access makes it a SIGSEGV at once.",
    points: 2,
    hints: &[
        "What happens in your program if a thread needs one byte more than its stack has?",
        "The guard page is at the lower end, for there the stack runs over. PROT_NONE is neither read nor write.",
        "Map all of it with PROT_NONE, and then mprotect(start + GUARD, STACK, PROT_READ | PROT_WRITE).",
    ],
    see: &["mprotect(2)", "pthread_attr_setguardsize(3)"],
    scenarios: WELL,
    judge: guard,
};

const BARE: Check = Check {
    id: "bare",
    claim: "The threads make no system calls, but for their end.",
    why: "std and libc keep for each thread what only it may use: errno, the lock of stdout, what malloc has set aside. Your \
          threads have their creator's. To print in two of them at once is a race.",
    points: 1,
    hints: &[
        "What does the function do that your threads run?",
        "println!, a Vec, a libc wrapper: all of them may use what belongs to the first thread.",
        "Store the result where the joining thread finds it, and return. The creator prints.",
    ],
    see: &["pthreads(7)", "errno(3)"],
    scenarios: WELL,
    judge: bare,
};

const SLEEPS: Check = Check {
    id: "sleeps",
    claim: "Whoever joins a thread sleeps in futex, on the word that the kernel clears when the thread is gone.",
    why: "Only the kernel knows when a thread is off its stack for good: the thread itself needs the stack to say so. It stores \
          0 where CLONE_CHILD_CLEARTID points, and wakes one sleeper there, by a wake that is not private.",
    points: 2,
    hints: &[
        "On which word does your join wait: one that the kernel clears, or one that the thread sets itself? And does it sleep?",
        "Sleep only while the word is not 0: FUTEX_WAIT takes the value that you have just read, and does not sleep if the word \
         has changed since. With FUTEX_PRIVATE_FLAG the kernel's wake does not find you.",
        "loop { match word.load(Acquire) { 0 => return, tid => futex(word, FUTEX_WAIT, tid, null) } }",
    ],
    see: &["futex(2)", "set_tid_address(2)", "clone(2)"],
    scenarios: WELL,
    judge: sleeps,
};

const LOOKS_AGAIN: Check = Check {
    id: "looks-again",
    claim: "If futex returns early, join looks at the word again and goes back to sleep.",
    why: "FUTEX_WAIT may return because of a signal, or for no reason. Only the word tells that the thread is gone.",
    points: 1,
    hints: &[
        "What does your join do when futex answers -1?",
        "That futex has returned says nothing. Look at the word, and sleep again unless it is 0.",
        "while word.load(Acquire) != 0 { futex(word, FUTEX_WAIT, …) }",
    ],
    see: &["futex(2)"],
    scenarios: &["wakes-early"],
    judge: looks_again,
};

const UNMAPPED: Check = Check {
    id: "unmapped",
    claim: "Each stack is unmapped, all of it, when its thread is gone and not before.",
    why: "A thread needs its stack up to its last instruction. Later nobody needs it, and it is memory all the same.",
    points: 2,
    hints: &[
        "Who unmaps the stack, and how does that task know that nobody is on it?",
        "munmap belongs after the wait in join. It takes the whole mapping, the guard page too.",
        "munmap(start, GUARD + STACK), with the address that mmap has returned.",
    ],
    see: &["munmap(2)"],
    scenarios: WELL,
    judge: unmapped,
};

const LINES: Check = Check {
    id: "lines",
    claim: "For each number there is the line `N: SUM`, in the order of the arguments, and nothing else.",
    why: "What join returns is what the thread has computed: with the thread's end all that it has stored is there.",
    points: 1,
    hints: &[
        "Which numbers are wrong, or missing?",
        "Join the threads in the order in which they were asked for, and print what join returns.",
        "for (number, thread) in threads { println!(\"{number}: {}\", thread.join()); }",
    ],
    see: &["pthread_join(3)"],
    scenarios: WELL,
    judge: lines,
};

const EXIT_STATUS: Check = Check {
    id: "exit-status",
    claim: "The program and its threads end, with exit status 0.",
    why: "An exit status of 0 says that all went well.",
    points: 1,
    hints: &[
        "Who does not end, or ends with what?",
        "The function that the thread runs puts a table of 32 KiB on its stack. Is there room for it?",
        "A stack of 256 KiB is plenty here. That of pthread_create has 8 MiB.",
    ],
    see: &["exit(3)", "signal(7)"],
    scenarios: WELL,
    judge: exit_status,
};

const THREAD_FAILS: Check = Check {
    id: "thread-fails",
    claim: "When clone answers EAGAIN, there is a message on stderr, an exit status that is not 0, no line, and the stack that \
            nobody needs is unmapped.",
    why: "clone answers -1 when a limit on tasks is reached. Nobody was born then, and nobody will join it.",
    points: 1,
    hints: &[
        "What does your spawn do with the answer of clone, if that is -1? And with the stack?",
        "libc::clone answers -1 and sets errno. Unmap the stack, and return the error.",
        "Let the owner of the stack unmap it when it is dropped: then every way out of spawn does it.",
    ],
    see: &["clone(2)", "errno(3)"],
    scenarios: &["thread-fails"],
    judge: by_hand::refused_well,
};

/// The run as it should be.
fn wanted() -> Trace {
    const PAGE: u64 = 4096;
    const BYTES: u64 = 256 * 1024;
    let mut run = Builder::new("raw-thread").args(&["6"]);
    let start = run.map(TaskId::ROOT, PAGE + BYTES, Access::NONE);
    run.protect(TaskId::ROOT, start + PAGE, BYTES, Access::READ_WRITE);
    let word = 0x55_0000_1000;
    let stack = start + PAGE + BYTES;
    let given = Given { stack, parent_word: word, child_word: word, thread_pointer: 0 };
    let thread = run.clone_given(TaskId::ROOT, POSIX_THREAD, given);
    let begin = run.now();
    run.exit(thread, 0);
    run.futex_since(begin, TaskId::ROOT, FutexOp::WAIT, word, Outcome::Done(0));
    run.unmap(TaskId::ROOT, start, PAGE + BYTES);
    run.print(TaskId::ROOT, "6: 21\n");
    run.exit(TaskId::ROOT, 0);
    run.finish()
}

#[cfg(test)]
mod tests;
