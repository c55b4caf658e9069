//! `tls`: threads made by hand, each with a thread pointer of its own, and a control block behind it.
//!
//! Who fails by what: other flags are `flags`; a pointer that leads to somebody else's block, or nowhere, is `own-block`,
//! and what the block's first word is, `self-pointer`. Memory below a block that can be touched is `fenced`. Who needs it
//! all the same, because std or libc does, fails by `bare`. While one of these fails, nobody asks what is written.

use super::by_hand::{self, POSIX_THREAD, THREADS, WELL};
use crate::course::processes::circumstance::{natural, plain, slow_creator, slow_thread, thread_fails};
use crate::course::{Check, Exercise, Scenario};
use grader_trace::{Access, Builder, CloneFlags, FutexOp, Given, Operation, Outcome, TaskId, Trace};
use grader_tracer::Watch;
use judge::*;

mod judge;

/// The exercise.
pub const EXERCISE: Exercise = Exercise {
    id: "tls",
    chapter: "2-tasks",
    title: "give each thread a block of its own",
    aha: "%fs:0 points to itself.",
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
            two(thread_fails()),
        ]
    },
    checks: &[
        THREADS,
        FLAGS,
        OWN_BLOCK,
        SELF_POINTER,
        FENCED,
        BARE,
        JOINED,
        LINES,
        EXIT_STATUS,
        THREAD_FAILS,
    ],
    wanted,
};

/// What pthread_create asks for.
const WITH_TLS: CloneFlags = CloneFlags(POSIX_THREAD.0 | CloneFlags::SETTLS);

const FLAGS: Check = Check {
    id: "flags",
    claim: "clone gets the flags of pthread_create: those of a POSIX thread, and CLONE_SETTLS.",
    why: "The thread pointer is a register of each task. Without CLONE_SETTLS a new task starts with a copy, and that leads to \
          its creator's block.",
    points: 1,
    hints: &[
        "Compare the flags that the kernel saw with those in the statement.",
        "One flag makes the kernel look at the thread pointer that clone gets.",
        "const FLAGS: c_int = POSIX_THREAD | libc::CLONE_SETTLS;",
    ],
    see: &["clone(2)"],
    scenarios: WELL,
    judge: flags,
};

const OWN_BLOCK: Check = Check {
    id: "own-block",
    claim: "Each thread has a thread pointer that no other task has, and it leads to memory of the thread.",
    why: "All thread-local variables are found by the thread pointer. Two tasks with one pointer have one set of them.",
    points: 3,
    hints: &[
        "Which thread pointer does each of your tasks have, and what lies there?",
        "clone takes the pointer itself, not a pointer to it. It is the sixth argument of libc::clone, between the two words.",
        "libc::clone(begin, stack, FLAGS, block, word, block, word), with a block in the mapping of that very thread.",
    ],
    see: &["clone(2)", "arch_prctl(2)", "pthreads(7)"],
    scenarios: WELL,
    judge: own_block,
};

const SELF_POINTER: Check = Check {
    id: "self-pointer",
    claim: "The first word of each block is the address of the block.",
    why: "%fs:8 reads a word, but no instruction adds the base of fs to anything for you. The ABI of x86-64 puts the address \
          of the block into its first word: one load, and the address of a thread-local variable can be computed.",
    points: 2,
    hints: &[
        "What lies at %fs:0 in your threads?",
        "The block begins with a pointer to itself. Its creator can store it before clone, when the address is known.",
        "unsafe { block.write(Block { this: block, total: 0, … }) };",
    ],
    see: &["arch_prctl(2)"],
    scenarios: WELL,
    judge: self_pointer,
};

const FENCED: Check = Check {
    id: "fenced",
    claim: "Right below each block lies memory that nobody may touch.",
    why: "std and libc keep their thread-local variables below the thread pointer. Nobody has made any for your threads: \
          whoever looks for them there must not find somebody else's memory.",
    points: 1,
    hints: &[
        "What lies right below your block? A store to errno, in your thread, would go there.",
        "The block is at the lower end of a page, and the page below that one is PROT_NONE.",
        "Map GUARD + BLOCK + GUARD + STACK bytes with PROT_NONE, and open the block's page and the stack.",
    ],
    see: &["mprotect(2)", "errno(3)"],
    scenarios: WELL,
    judge: fenced,
};

const BARE: Check = Check {
    id: "bare",
    claim: "The threads use nothing of std or libc that needs their thread-local variables.",
    why: "errno, println!, malloc, thread_local!: all of them look below the thread pointer. pthread_create puts a copy of all \
          thread-local variables there. You have not.",
    points: 2,
    hints: &[
        "What does the function do that your threads run, and who has written what it calls?",
        "println! and a Vec need a block made by pthread_create. A wrapper of libc needs it for errno, if something goes wrong.",
        "Compute in the thread, and print what join returns.",
    ],
    see: &["errno(3)", "pthreads(7)"],
    scenarios: WELL,
    judge: bare,
};

const JOINED: Check = Check {
    id: "joined",
    claim: "The first task writes a line when the thread is gone; then its memory is unmapped, and not before.",
    why: "The block and the stack are the thread's up to its last instruction. The kernel clears a word when that is over.",
    points: 1,
    hints: &[
        "Who unmaps the block and the stack, and how does that task know that the thread is gone?",
        "The skeleton has a join that knows: it sleeps until the kernel has cleared the word.",
        "loop { match word.load(Acquire) { 0 => return, tid => futex(word, FUTEX_WAIT, tid, null) } }",
    ],
    see: &["futex(2)", "munmap(2)"],
    scenarios: WELL,
    judge: joined,
};

const LINES: Check = Check {
    id: "lines",
    claim: "For each number there is the line `N: SUM`, in the order of the arguments, and nothing else.",
    why: "Each thread adds to a variable of its own. What one of them adds is not seen by another.",
    points: 2,
    hints: &[
        "Which sums are wrong? Is somebody else's part of them?",
        "The total lies in the block, and each thread finds its block by fs. A static is the same for all.",
        "unsafe { asm!(\"add fs:[{offset}], {k}\", offset = const offset_of!(Block, total), k = in(reg) k) };",
    ],
    see: &["pthreads(7)"],
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
        "Somebody touches memory that is not there. Which address is it, and which pointer has led there?",
        "What the thread's function returns is the thread's status: 0.",
    ],
    see: &["exit(3)", "signal(7)"],
    scenarios: WELL,
    judge: exit_status,
};

const THREAD_FAILS: Check = Check {
    id: "thread-fails",
    claim: "When clone answers EAGAIN, there is a message on stderr, an exit status that is not 0, no line, and the memory that \
            nobody needs is unmapped.",
    why: "clone answers -1 when a limit on tasks is reached. Nobody was born then, and nobody will join it.",
    points: 1,
    hints: &[
        "What does your spawn do with the answer of clone, if that is -1?",
        "libc::clone answers -1 and sets errno. Return the error; the memory's owner unmaps it when it is dropped.",
        "-1 => Err(io::Error::other(format!(\"cannot clone: {}\", io::Error::last_os_error())))",
    ],
    see: &["clone(2)", "errno(3)"],
    scenarios: &["thread-fails"],
    judge: by_hand::refused_well,
};

/// The run as it should be.
fn wanted() -> Trace {
    const PAGE: u64 = 4096;
    const BYTES: u64 = 256 * 1024;
    let mut run = Builder::new("tls").args(&["6"]);
    let start = run.map(TaskId::ROOT, 3 * PAGE + BYTES, Access::NONE);
    let (block, stack) = (start + PAGE, start + 3 * PAGE);
    run.protect(TaskId::ROOT, block, PAGE, Access::READ_WRITE);
    run.protect(TaskId::ROOT, stack, BYTES, Access::READ_WRITE);
    let word = block + 16;
    let given = Given { stack: stack + BYTES, parent_word: word, child_word: word, thread_pointer: block };
    let thread = run.clone_given(TaskId::ROOT, WITH_TLS, given);
    let begin = run.now();
    run.event(thread, Operation::ThreadPointer { value: block, first: Some(block) });
    run.exit(thread, 0);
    run.futex_since(begin, TaskId::ROOT, FutexOp::WAIT, word, Outcome::Done(0));
    run.unmap(TaskId::ROOT, start, 3 * PAGE + BYTES);
    run.print(TaskId::ROOT, "6: 21\n");
    run.exit(TaskId::ROOT, 0);
    run.finish()
}

#[cfg(test)]
mod tests;
