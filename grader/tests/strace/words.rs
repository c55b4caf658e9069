//! Calls in words, the same for both runs: tasks are named by their place in the tree of creation.

use grader_trace::{Change, Event, Fd, Operation, Outcome, Pid, Selector, TaskId, Text, Trace, Wait};

/// One call in words, with tasks by their paths; `None` for what is not compared.
pub fn text(trace: &Trace, event: &Event) -> Option<String> {
    Some(match &event.op {
        Operation::Fork(fork) => {
            let child = outcome(&fork.child, |child| trace.task(child.task).path.to_string());
            format!("{} {:#x} → {child}", fork.call, fork.flags.0)
        }
        Operation::Exec(exec) => {
            let argv: Vec<String> = exec.argv.iter().map(Text::to_string).collect();
            format!("exec {} {argv:?} → {}", exec.path, done(&exec.result))
        }
        Operation::Exit(status) => format!("ends: {status}"),
        Operation::Wait(wait) => wait_text(trace, wait),
        Operation::Open { path, flags, mode, result } => {
            format!("open {path} {:#x} {mode:o} → {}", flags.0, outcome(result, Fd::to_string))
        }
        Operation::Close { fd, result } => format!("close {fd} → {}", done(result)),
        Operation::CloseRange { first, last, mark_only, result } => {
            format!("close_range {first} {last} mark={mark_only} → {}", done(result))
        }
        Operation::Dup { from, cloexec, result } => {
            format!("dup {from} cloexec={cloexec} → {}", outcome(result, Fd::to_string))
        }
        Operation::SetCloexec { fd, cloexec, result } => format!("cloexec {fd} {cloexec} → {}", done(result)),
        Operation::Pipe { cloexec, result } => format!("pipe cloexec={cloexec} → {}", ends(result)),
        Operation::SocketPair { cloexec, result } => {
            format!("socketpair cloexec={cloexec} → {}", ends(result))
        }
        Operation::NewDescriptor { call, cloexec, result } => {
            format!("{call} cloexec={cloexec} → {}", outcome(result, Fd::to_string))
        }
        Operation::Read { fd, result: Outcome::Unfinished, .. } => format!("read {fd} → never returned"),
        Operation::Read { fd, wanted, result } => {
            format!("read {fd} of {wanted} → {}", outcome(result, u64::to_string))
        }
        Operation::Write { fd, data, wanted, result } => {
            let what = pid_in(trace, data)
                .map(|pid| format!(", the PID of {},", whom(trace, pid)))
                .unwrap_or_default();
            format!("write {fd}{what} of {wanted} → {}", outcome(result, u64::to_string))
        }
        Operation::Sleep { result } => format!("sleep → {}", done(result)),
        Operation::Disposition { signal, action, flags, result } => {
            format!("sigaction {signal} {action:?} {flags:#x} → {}", done(result))
        }
        Operation::Kill { target, signal, result } => {
            format!("kill {} {signal} → {}", whom(trace, *target), done(result))
        }
        Operation::Stop(signal) => format!("stops: {signal}"),
        Operation::Call { call, result, .. } => format!("{call} → {}", outcome(result, |_| "done".into())),
        // That it goes on shows in what it does next; strace has no line for it.
        Operation::Continue | Operation::Signal { .. } | Operation::Await { .. } => return None,
        // Of these strace is not asked.
        Operation::Map(_)
        | Operation::Remap(_)
        | Operation::Futex(_)
        | Operation::Fault { .. }
        | Operation::Access { .. }
        | Operation::ThreadPointer { .. } => return None,
    })
}

/// The PID of a task of this run, if this is one as it lies in memory.
pub fn pid_in(trace: &Trace, data: &Text) -> Option<Pid> {
    let pid = Pid(i32::from_ne_bytes(data.as_bytes().try_into().ok()?));
    trace.tasks().iter().any(|task| task.pid == pid).then_some(pid)
}

fn wait_text(trace: &Trace, wait: &Wait) -> String {
    let (whom, any) = match wait.selector {
        Selector::Any => ("any".into(), true),
        Selector::Pid(pid) => (whom(trace, pid), false),
        Selector::Group(pid) => (format!("group {}", whom(trace, pid)), true),
        Selector::PidFd(fd) => (format!("pidfd {fd}"), false),
    };
    let came = outcome(&wait.result, |news| match news {
        None => "nothing yet".into(),
        Some(news) if any => format!("a child {}", change(news.change).split(' ').next().unwrap_or_default()),
        Some(news) => {
            let who = news.task.map_or("a stranger".into(), |task: TaskId| trace.task(task).path.to_string());
            format!("{who} {}", change(news.change))
        }
    });
    format!("{} {whom} nohang={} nowait={} → {came}", wait.call, wait.nohang, wait.nowait)
}

/// What happened to a child.
pub fn change(change: Change) -> String {
    match change {
        Change::Ended(status) => format!("ended: {status}"),
        Change::Stopped(signal) => format!("stopped: {signal}"),
        Change::Continued => "continued".into(),
    }
}

/// A task by its path, any other PID as it is.
pub fn whom(trace: &Trace, pid: Pid) -> String {
    let task = trace.tasks().iter().rfind(|task| task.pid == pid);
    task.map_or_else(|| pid.to_string(), |task| task.path.to_string())
}

/// What came of a call.
pub fn outcome<T>(outcome: &Outcome<T>, value: impl Fn(&T) -> String) -> String {
    match outcome {
        Outcome::Done(done) => value(done),
        Outcome::Failed(errno) => errno.to_string(),
        Outcome::Unfinished => "never returned".into(),
    }
}

fn done(result: &Outcome<()>) -> String {
    outcome(result, |()| "done".into())
}

fn ends(result: &Outcome<(Fd, Fd)>) -> String {
    outcome(result, |(read, write)| format!("{read}, {write}"))
}
