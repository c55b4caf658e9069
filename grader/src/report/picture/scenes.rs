//! Invented runs, for tests of the drawing: right ones, wrong ones, crowds and hostile ones.

use grader_trace::{
    Access, Builder, CloneFlags, Ending, Errno, ExitStatus, Fd, FutexOp, Given, Map, Operation, Outcome,
    Selector, Sender, Signal, TaskId, Trace, Wait,
};

const ROOT: TaskId = TaskId::ROOT;

/// Every scene, by name.
pub(crate) fn all() -> Vec<(&'static str, Trace)> {
    vec![
        ("fork", fork()),
        ("wait_right", wait_right()),
        ("wait_wrong", wait_wrong()),
        ("exec", exec()),
        ("pipe_right", pipe_right()),
        ("pipe_hang", pipe_hang()),
        ("children_60", children(60)),
        ("threads", threads()),
        ("zombie", zombie()),
        ("orphan", orphan()),
        ("fork_bomb", fork_bomb()),
        ("hostile", hostile()),
        ("spin", spin()),
        ("fork_fails", fork_fails()),
        ("child_killed", child_killed()),
        ("by_hand", by_hand()),
        ("signals", signals()),
        ("never_waits", never_waits()),
        ("different_children", different_children()),
    ]
}

/// The textbook's fork: nobody waits.
pub(crate) fn fork() -> Trace {
    let mut run = Builder::new("fork");
    run.print(ROOT, "hello world (pid:100)\n");
    let child = run.fork(ROOT);
    run.print(ROOT, "hello, I am parent of 101 (pid:100)\n");
    run.print(child, "hello, I am child (pid:101)\n");
    run.exit(ROOT, 0);
    run.exit(child, 0);
    run.finish()
}

/// Everything printed by one process.
pub(crate) fn no_fork() -> Trace {
    let mut run = Builder::new("fork");
    run.print(ROOT, "hello world (pid:100)\n");
    run.print(ROOT, "hello, I am parent of 101 (pid:100)\n");
    run.print(ROOT, "hello, I am child (pid:101)\n");
    run.exit(ROOT, 0);
    run.finish()
}

/// A wait that sleeps until the child has ended.
pub(crate) fn wait_right() -> Trace {
    let mut run = Builder::new("wait");
    run.print(ROOT, "hello world (pid:100)\n");
    let child = run.fork(ROOT);
    let wait = run.now();
    run.print(child, "hello, I am child (pid:101)\n");
    run.exit(child, 0);
    run.wait_since(wait, ROOT, child);
    run.print(ROOT, "hello, I am parent of 101 (wc:101) (pid:100)\n");
    run.exit(ROOT, 0);
    run.finish()
}

/// The parent prints first and waits afterwards.
pub(crate) fn wait_wrong() -> Trace {
    let mut run = Builder::new("wait");
    run.print(ROOT, "hello world (pid:100)\n");
    let child = run.fork(ROOT);
    run.print(child, "hello, I am child (pid:101)\n");
    run.exit(child, 0);
    run.print(ROOT, "hello, I am parent of 101 (wc:-1) (pid:100)\n");
    run.wait(ROOT, child);
    run.exit(ROOT, 0);
    run.finish()
}

/// The child becomes `wc`.
pub(crate) fn exec() -> Trace {
    let mut run = Builder::new("exec");
    run.print(ROOT, "hello world (pid:100)\n");
    let child = run.fork(ROOT);
    let wait = run.now();
    run.print(child, "hello, I am child (pid:101)\n");
    run.exec_answers(child, "/usr/local/bin/wc", &["wc", "input.txt"], Outcome::Failed(Errno::ENOENT));
    run.exec(child, "/usr/bin/wc", &["wc", "input.txt"]);
    let cache = run.open(child, "/etc/ld.so.cache", 0, 0);
    run.close(child, cache);
    let file = run.open(child, "input.txt", 0, 0);
    run.read(child, file, 1234);
    run.read(child, file, 0);
    run.print(child, "  29  107 1234 input.txt\n");
    run.close(child, file);
    run.exit(child, 0);
    run.wait_since(wait, ROOT, child);
    run.print(ROOT, "hello, I am parent of 101 (wc:101) (pid:100)\n");
    run.exit(ROOT, 0);
    run.finish()
}

/// `echo hello world | wc`, as it should be.
pub(crate) fn pipe_right() -> Trace {
    let mut run = Builder::new("pipe");
    let (read, write) = run.pipe(ROOT, true);
    let echo = run.fork(ROOT);
    let wc = run.fork(ROOT);
    run.close(ROOT, read);
    run.close(ROOT, write);
    let wait = run.now();
    run.dup2(wc, read, Fd(0));
    run.exec(wc, "/usr/bin/wc", &["wc"]);
    let reading = run.now();
    run.dup2(echo, write, Fd(1));
    run.exec(echo, "/usr/bin/echo", &["echo", "hello", "world"]);
    run.write(echo, Fd(1), "hello world\n");
    run.event_since(reading, wc, read_of(12));
    let reading = run.now();
    run.exit(echo, 0);
    run.wait_since(wait, ROOT, echo);
    let wait = run.now();
    run.event_since(reading, wc, read_of(0));
    run.print(wc, "      1       2      12\n");
    run.exit(wc, 0);
    run.wait_since(wait, ROOT, wc);
    run.exit(ROOT, 0);
    run.finish()
}

/// The same, but the parent keeps the write end: `wc` never sees the end.
pub(crate) fn pipe_hang() -> Trace {
    let mut run = Builder::new("pipe");
    let (read, write) = run.pipe(ROOT, false);
    let echo = run.fork(ROOT);
    run.dup2(echo, write, Fd(1));
    run.close(echo, read);
    run.close(echo, write);
    run.exec(echo, "/usr/bin/echo", &["echo", "hello", "world"]);
    run.write(echo, Fd(1), "hello world\n");
    run.exit(echo, 0);
    let wc = run.fork(ROOT);
    run.dup2(wc, read, Fd(0));
    run.close(wc, read);
    run.close(wc, write);
    run.exec(wc, "/usr/bin/wc", &["wc"]);
    run.read(wc, Fd(0), 12);
    run.event(wc, Operation::Read { fd: Fd(0), wanted: 4096, result: Outcome::Unfinished });
    run.wait(ROOT, echo);
    run.close(ROOT, read);
    run.event(ROOT, wait_for(101 + 1, Outcome::Unfinished));
    run.end(Ending::Stalled)
}

/// Many children that do the same, all reaped in the end.
pub(crate) fn children(count: u32) -> Trace {
    let mut run = Builder::new("children");
    let children: Vec<TaskId> = (0..count).map(|_| run.fork(ROOT)).collect();
    for child in &children {
        run.print(*child, &format!("I am child {} (pid:{})\n", child.0, run.pid(*child)));
        run.exit(*child, 0);
    }
    for child in &children {
        run.wait(ROOT, *child);
    }
    run.exit(ROOT, 0);
    run.finish()
}

/// Two threads beside the first.
pub(crate) fn threads() -> Trace {
    let flags = CloneFlags(CloneFlags::VM | CloneFlags::FILES | CloneFlags::THREAD | CloneFlags::SIGHAND);
    let mut run = Builder::new("threads");
    let one = run.clone_with(ROOT, "clone3", flags);
    let two = run.clone_with(ROOT, "clone3", flags);
    run.print(two, "second\n");
    run.print(one, "first\n");
    run.exit(one, 0);
    run.exit(two, 0);
    run.print(ROOT, "both done\n");
    run.exit(ROOT, 0);
    run.finish()
}

/// The child ends while the parent sleeps; it is waited for much later.
pub(crate) fn zombie() -> Trace {
    let mut run = Builder::new("zombies");
    let child = run.fork(ROOT);
    let sleep = run.now();
    run.print(child, "about to end\n");
    run.exit(child, 3);
    run.event_since(sleep, ROOT, Operation::Sleep { result: Outcome::Done(()) });
    run.print(ROOT, "look: ps shows a Z\n");
    run.wait(ROOT, child);
    run.exit(ROOT, 0);
    run.finish()
}

/// The parent ends first.
pub(crate) fn orphan() -> Trace {
    let mut run = Builder::new("orphans");
    let child = run.fork(ROOT);
    let grandchild = run.fork(child);
    let sleep = run.now();
    run.exit(child, 0);
    run.wait(ROOT, child);
    run.exit(ROOT, 0);
    run.event_since(sleep, grandchild, Operation::Sleep { result: Outcome::Done(()) });
    run.print(grandchild, "still here\n");
    run.exit(grandchild, 0);
    run.finish()
}

/// Everybody forks, until there are thirteen.
pub(crate) fn fork_bomb() -> Trace {
    let mut run = Builder::new("bomb");
    let mut all = vec![ROOT];
    while all.len() < 13 {
        for task in all.clone() {
            if all.len() < 13 {
                all.push(run.fork(task));
            }
        }
    }
    for task in all.iter().rev().take(7) {
        run.event(*task, Operation::Sleep { result: Outcome::Unfinished });
    }
    run.end(Ending::TimedOut)
}

/// Output that attacks the terminal.
pub(crate) fn hostile() -> Trace {
    let mut run = Builder::new("evil\x1b]0;title\x07");
    run.print(ROOT, "\x1b[2J\x1b[1;1Hall checks passed\n");
    run.print(
        ROOT,
        "\u{202e}desrever\u{2066} \u{5e9}\u{5dc}\u{5d5}\u{5dd} e\u{301}\u{301} 日本語 \u{200b}\n",
    );
    let child = run.fork(ROOT);
    run.exec(child, "/bin/\x1b[31mred", &["\x1b[31mred", "", "two words", "it's"]);
    run.event(
        child,
        Operation::Write {
            fd: Fd(1),
            data: grader_trace::Text(b"not \xff\xfe UTF-8 \x9b31m\n".to_vec()),
            wanted: 20,
            result: Outcome::Done(20),
        },
    );
    run.print(child, &format!("{}\n", "x".repeat(1_000_000)));
    run.exit(child, 0);
    run.wait(ROOT, child);
    run.exit(ROOT, 0);
    run.finish()
}

/// The parent asks again and again.
pub(crate) fn spin() -> Trace {
    let mut run = Builder::new("wait");
    let child = run.fork(ROOT);
    (0..20).for_each(|_| run.wait_nohang(ROOT));
    run.print(child, "hello, I am child (pid:101)\n");
    (0..17).for_each(|_| run.wait_nohang(ROOT));
    run.exit(child, 0);
    run.wait(ROOT, child);
    run.exit(ROOT, 0);
    run.finish()
}

/// The grader makes fork fail.
pub(crate) fn fork_fails() -> Trace {
    let mut run = Builder::new("fork");
    run.print(ROOT, "hello world (pid:100)\n");
    run.fork_fails(ROOT, Errno::EAGAIN);
    run.write(ROOT, Fd(2), "fork: Resource temporarily unavailable\n");
    run.exit(ROOT, 1);
    run.finish()
}

/// The grader kills the child.
pub(crate) fn child_killed() -> Trace {
    let mut run = Builder::new("wait");
    let child = run.fork(ROOT);
    let wait = run.now();
    run.event(child, Operation::Signal { signal: Signal::KILL, sender: Sender::Kernel }).injected = true;
    run.event(child, Operation::Exit(ExitStatus::Killed(Signal::KILL)));
    run.wait_since(wait, ROOT, child);
    run.print(ROOT, "hello, I am parent of 101 (wc:101) (pid:100)\n");
    run.exit(ROOT, 0);
    run.finish()
}

/// A thread by hand runs over its stack. Where that is mapped the loader had something before.
pub(crate) fn by_hand() -> Trace {
    const PAGE: u64 = 4096;
    let mut run = Builder::new("raw-thread");
    let start = run.map(ROOT, 5 * PAGE, Access::READ_WRITE);
    run.unmap(ROOT, start, 5 * PAGE);
    let (length, access, result) = (5 * PAGE, Access::NONE, Outcome::Done(start));
    run.event(ROOT, Operation::Map(Map { length, access, anonymous: true, shared: false, result }));
    run.protect(ROOT, start + PAGE, 4 * PAGE, Access::READ_WRITE);
    let given = Given { stack: start + 5 * PAGE, parent_word: 0, child_word: 0x5000, thread_pointer: start };
    let flags = CloneFlags(CloneFlags::VM | CloneFlags::THREAD | CloneFlags::SETTLS);
    let thread = run.clone_given(ROOT, flags, given);
    let sleep = run.now();
    run.event(thread, Operation::ThreadPointer { value: start, first: Some(start) });
    run.event(thread, Operation::Fault { address: start + PAGE - 8 });
    run.crash(thread, Signal(11));
    run.futex_since(sleep, ROOT, FutexOp::WAIT, 0x5000, Outcome::Unfinished);
    run.event(ROOT, Operation::Exit(ExitStatus::Killed(Signal(11))));
    run.finish()
}

/// The parent stops, resumes and ends its child by signals.
pub(crate) fn signals() -> Trace {
    let sender = Sender::Process(grader_trace::Pid(100));
    let term = Signal(15);
    let mut run = Builder::new("signals");
    let child = run.fork(ROOT);
    for signal in [Signal::STOP, Signal(18), term] {
        let target = run.pid(child);
        run.event(ROOT, Operation::Kill { target, signal, result: Outcome::Done(()) });
        run.event(child, Operation::Signal { signal, sender });
        match signal {
            Signal::STOP => drop(run.event(child, Operation::Stop(signal)).task),
            Signal(18) => drop(run.event(child, Operation::Continue).task),
            _ => drop(run.event(child, Operation::Exit(ExitStatus::Killed(term))).task),
        }
    }
    run.wait(ROOT, child);
    run.exit(ROOT, 0);
    run.finish()
}

/// The child ends, the parent works on and ends without a wait.
pub(crate) fn never_waits() -> Trace {
    let mut run = Builder::new("wait");
    run.print(ROOT, "hello world (pid:100)\n");
    let child = run.fork(ROOT);
    run.print(child, "hello, I am child (pid:101)\n");
    run.exit(child, 0);
    run.print(ROOT, "hello, I am parent of 101 (wc:0) (pid:100)\n");
    run.exit(ROOT, 0);
    run.finish()
}

/// More children than fit, and no two alike.
pub(crate) fn different_children() -> Trace {
    let mut run = Builder::new("many");
    let children: Vec<TaskId> = (0..40).map(|_| run.fork(ROOT)).collect();
    children.iter().for_each(|child| run.exit(*child, child.0 as u8));
    children.iter().for_each(|child| run.wait(ROOT, *child));
    run.exit(ROOT, 0);
    run.finish()
}

fn wait_for(pid: i32, result: Outcome<Option<grader_trace::News>>) -> Operation {
    let selector = Selector::Pid(grader_trace::Pid(pid));
    Operation::Wait(Wait { call: "wait4".into(), selector, nohang: false, nowait: false, result })
}

fn read_of(bytes: u64) -> Operation {
    Operation::Read { fd: Fd(0), wanted: 4096, result: Outcome::Done(bytes) }
}
