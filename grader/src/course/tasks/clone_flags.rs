//! `clone-flags`: letters choose what a child has in common with its parent, and the parent looks what it sees of the
//! child's changes.
//!
//! Who fails by what: a task of the wrong kind is `thread-group`, any other wrong bit is `flags`, and while the flags are
//! wrong the lines are moot. So they are while the parent does not wait: what it sees then is chance. Whoever writes down
//! what the letters promise, without looking, fails by `looks` and by no line.

use crate::course::processes::circumstance::{child_killed, fork_fails, natural, plain};
use crate::course::processes::failure::{self, FORK_FAILS};
use crate::course::{Check, Exercise};
use grader_trace::{Builder, CloneFlags, Disposition, Operation, Outcome, Signal, TaskId, Trace};
use grader_tracer::Watch;
use judge::*;
use letters::Part;

mod judge;
mod letters;

/// The exercise.
pub const EXERCISE: Exercise = Exercise {
    id: "clone-flags",
    chapter: "2-tasks",
    title: "choose what a child shares with its parent",
    aha: "\"Thread\" is a dial, not a switch.",
    counted: true,
    watch: Watch::ALL,
    order_counts: false,
    scenarios: || {
        vec![
            plain().with_args(&["fd"]),
            natural("memory", "with the letters vd").with_args(&["vd"]),
            natural("thread", "with the letters vst").with_args(&["vst"]),
            natural("all", "with all letters").with_args(&["vfdst"]),
            child_killed().with_args(&["vfds"]),
            natural("refused-handlers", "with the letter s alone").with_args(&["s"]),
            natural("refused-thread", "with t and without s").with_args(&["vt"]),
            fork_fails().with_args(&["vf"]),
        ]
    },
    checks: &[
        ONE_TASK,
        THREAD_GROUP,
        FLAGS,
        GONE,
        LOOKS,
        MEMORY_LINE,
        DIRECTORY_LINE,
        DESCRIPTORS_LINE,
        HANDLERS_LINE,
        OWN_PATH,
        EXIT_STATUS,
        REFUSED,
        Check {
            points: 1,
            claim: "When clone answers EAGAIN, there is a message on stderr, an exit status that is not 0, and no line.",
            why: "clone answers -1 when a limit on tasks is reached: there is no child then, so nobody to wait for, and \
                  nothing to say.",
            hints: &[
                "What does your program do with the answer of clone, if that is -1?",
                "Say so on stderr, and end with something other than 0, before anything is waited for or written.",
                "-1 => Err(io::Error::other(format!(\"cannot clone: {}\", io::Error::last_os_error())))",
            ],
            see: &["clone(2)", "errno(3)"],
            judge: |run| failure::fork_fails(run, 1, ONE_TASK.id),
            ..FORK_FAILS
        },
    ],
    wanted,
};

/// What the child has ignored.
const SIGUSR1: Signal = Signal(10);

/// The scenarios in which there is a child that does what it is asked to.
const WITH_CHILD: &[&str] = &["plain", "memory", "thread", "all"];

/// The scenario in which the child is killed before it has done anything.
const KILLED: &str = "child-killed";

/// The scenarios in which there are lines.
const WITH_LINES: &[&str] = &["plain", "memory", "thread", "all", KILLED];

const ONE_TASK: Check = Check {
    id: "one-task",
    claim: "The program makes exactly one task.",
    why: "clone is called once, and makes one task, whether that is a process or a thread.",
    points: 1,
    hints: &[
        "Count the tasks that your program makes. Which calls make them?",
        "One call of libc::clone is enough for all letters: only its flags differ.",
        "let child = unsafe { libc::clone(change_everything, stack, flags, argument, unused, unused, word) };",
    ],
    see: &["clone(2)"],
    scenarios: WITH_LINES,
    judge: one_task,
};

const THREAD_GROUP: Check = Check {
    id: "thread-group",
    claim: "With t the task is a thread of the program's process, and without t it is a process.",
    why: "All threads of a process have one PID, and what is sent to that PID concerns them all. A process that shares \
          its memory is no thread: it has a PID and a parent.",
    points: 1,
    hints: &[
        "Which flag makes the difference between a process and a thread?",
        "A task can have everything in common with its creator and still be a process. CLONE_THREAD puts it into its \
         creator's thread group.",
        "'t' => Ok(flags | libc::CLONE_THREAD | libc::CLONE_CHILD_CLEARTID)",
    ],
    see: &["clone(2)", "credentials(7)"],
    scenarios: WITH_LINES,
    judge: thread_group,
};

const FLAGS: Check = Check {
    id: "flags",
    claim: "clone gets exactly the flags that the letters stand for.",
    why: "What parent and child have in common is decided bit by bit, in this word and nowhere else.",
    points: 2,
    hints: &[
        "Compare the flags that the kernel saw with the table in the statement.",
        "Each letter adds its flag, whatever the other letters are; t adds two. The exit signal, SIGCHLD, is no flag.",
        "letters.chars().try_fold(0, |flags, letter| match letter { 'v' => Ok(flags | libc::CLONE_VM), … })",
    ],
    see: &["clone(2)"],
    scenarios: WITH_LINES,
    judge: flags,
};

const GONE: Check = Check {
    id: "gone",
    claim: "The parent waits until the child is gone, and only then looks and writes its lines.",
    why: "Before, the child may have changed everything, half of it, or nothing yet: what the parent sees is chance.",
    points: 2,
    hints: &[
        "What makes your parent wait, if the child is a process? And what, if it is a thread?",
        "A process is reaped with waitpid. Of a thread waitpid knows nothing; the kernel stores 0 in the word that \
         CLONE_CHILD_CLEARTID got, and wakes who sleeps there in futex.",
        "while ALIVE.load(Ordering::Acquire) != 0 { futex(&ALIVE, FUTEX_WAIT, 1, null) }, without FUTEX_PRIVATE_FLAG: the \
         kernel's wake is not private.",
    ],
    see: &["wait(2)", "futex(2)", "set_tid_address(2)"],
    scenarios: WITH_LINES,
    judge: gone,
};

const LOOKS: Check = Check {
    id: "looks",
    claim: "The lines say what the parent finds: nothing has changed, if the child was killed before it began.",
    why: "A flag is a promise. What has come of it is known by looking.",
    points: 1,
    hints: &[
        "From what does your program conclude that something has changed: from the letters, or from the thing itself?",
        "Read the word, ask for the directory, for the descriptor and for the handler, each time.",
        "say(\"memory\", WORD.load(Ordering::Relaxed) != 1); and so on, without a look at the letters.",
    ],
    see: &["clone(2)"],
    scenarios: &[KILLED],
    judge: looks,
};

const MEMORY_LINE: Check = Check {
    id: "memory-line",
    claim: "The parent says `memory: changed` or `memory: unchanged`, as it is.",
    why: "With CLONE_VM there is one memory, and what the child writes is written for both. Without it the child has a \
          copy.",
    points: 1,
    hints: &[
        "Where does the word lie that your parent looks at, and is it the one that the child has written to?",
        "A value that was read before the clone says nothing about what came later.",
        "say(\"memory\", WORD.load(Ordering::Relaxed) != 1), after the child is gone.",
    ],
    see: &["clone(2)"],
    scenarios: WITH_LINES,
    judge: |run| line(run, Part::Memory),
};

const DIRECTORY_LINE: Check = Check {
    id: "directory-line",
    claim: "The parent says `directory: changed` or `directory: unchanged`, as it is.",
    why: "With CLONE_FS there is one working directory: if the child goes elsewhere, so does the parent.",
    points: 1,
    hints: &[
        "Whom does your parent ask for its directory: the kernel, or something that was written down before?",
        "A variable such as PWD is set by shells, and does not follow the process around.",
        "say(\"directory\", env::current_dir()? == Path::new(\"/\"))",
    ],
    see: &["clone(2)", "getcwd(3)"],
    scenarios: WITH_LINES,
    judge: |run| line(run, Part::Directory),
};

const DESCRIPTORS_LINE: Check = Check {
    id: "descriptors-line",
    claim: "The parent says `descriptors: changed` or `descriptors: unchanged`, as it is.",
    why: "With CLONE_FILES there is one descriptor table: what the child closes is closed for both. Without it the child \
          closes its own.",
    points: 1,
    hints: &[
        "Which descriptor does the child close, and does the parent look at that one, before it closes it itself?",
        "A File closes its descriptor when it is dropped.",
        "fcntl(fd, F_GETFD) answers -1 if there is no such descriptor.",
    ],
    see: &["clone(2)", "fcntl(2)"],
    scenarios: WITH_LINES,
    judge: |run| line(run, Part::Descriptors),
};

const HANDLERS_LINE: Check = Check {
    id: "handlers-line",
    claim: "The parent says `handlers: changed` or `handlers: unchanged`, as it is.",
    why: "With CLONE_SIGHAND there is one table that says what each signal does. The mask of blocked signals is another \
          thing: each task has its own, always.",
    points: 1,
    hints: &[
        "Does your parent ask what SIGUSR1 does, or something else about signals?",
        "sigaction without a new action only asks. The mask, pending signals and handlers are three different things.",
        "libc::sigaction(SIGUSR1, ptr::null(), &mut action), and look whether action.sa_sigaction is SIG_IGN.",
    ],
    see: &["clone(2)", "sigaction(2)"],
    scenarios: WITH_LINES,
    judge: |run| line(run, Part::Handlers),
};

const OWN_PATH: Check = Check {
    id: "own-path",
    claim: "The parent says its four lines and nothing else; the child says nothing.",
    why: "A child in shared memory makes system calls and nothing else: println! takes a lock and fills a buffer that are \
          its parent's.",
    points: 1,
    hints: &[
        "Who writes what you see beside the four lines?",
        "Messages belong on standard error, and none of them into the child.",
    ],
    see: &["clone(2)"],
    scenarios: WITH_CHILD,
    judge: own_path,
};

const EXIT_STATUS: Check = Check {
    id: "exit-status",
    claim: "Parent and child end, with exit status 0.",
    why: "An exit status of 0 says that all went well.",
    points: 1,
    hints: &[
        "Who does not end, or ends with what?",
        "A wait in futex ends only if somebody wakes the sleeper, or the word is not what it was any more.",
        "A File whose descriptor is closed already ends a debug build when it is dropped: keep the number alone, with \
         into_raw_fd().",
    ],
    see: &["exit(3)", "futex(2)"],
    scenarios: WITH_CHILD,
    judge: exit_status,
};

const REFUSED: Check = Check {
    id: "refused",
    claim: "Of a combination that the kernel refuses there is no child, no line, a message on stderr, and a status that is \
            not 0.",
    why: "Handlers are addresses, so they are shared only with the memory that they lie in; threads of one process handle \
          the same signals. Whoever asks for something else gets EINVAL, and no child.",
    points: 1,
    hints: &[
        "What does clone answer to s alone, and what does your program make of it?",
        "EINVAL comes as -1 and errno. Do not set the missing flag: it was not asked for.",
        "-1 => Err(io::Error::other(format!(\"cannot clone: {}\", io::Error::last_os_error())))",
    ],
    see: &["clone(2)", "errno(3)"],
    scenarios: &["refused-handlers", "refused-thread"],
    judge: refused,
};

/// The run as it should be.
fn wanted() -> Trace {
    let mut run = Builder::new("clone-flags").args(&["fd"]);
    let fd = run.open(TaskId::ROOT, "/dev/null", 0, 0);
    let child = run.clone_with(TaskId::ROOT, "clone", CloneFlags(CloneFlags::FS | CloneFlags::FILES));
    let begin = run.now();
    run.close(child, fd);
    let (signal, action, result) = (SIGUSR1, Disposition::Ignore, Outcome::Done(()));
    run.event(child, Operation::Disposition { signal, action, flags: 0, result });
    run.exit(child, 0);
    run.wait_since(begin, TaskId::ROOT, child);
    for line in
        ["memory: unchanged\n", "directory: changed\n", "descriptors: changed\n", "handlers: unchanged\n"]
    {
        run.print(TaskId::ROOT, line);
    }
    run.exit(TaskId::ROOT, 0);
    run.finish()
}

#[cfg(test)]
mod tests;
