//! An event in words, for the list of events that show a finding.

use grader_trace::{Change, Event, Fork, Operation, Outcome, Text, Trace, Wait};

/// More of what was written is not shown, in bytes.
const SHOWN: usize = 80;

/// What a task did, in one sentence that names it by its PID.
pub fn sentence(trace: &Trace, event: &Event) -> String {
    let who = trace.task(event.task).pid;
    let made = if event.injected { " (the grader made it so)" } else { "" };
    format!("{who} {}{made}", deed(&event.op))
}

fn deed(op: &Operation) -> String {
    match op {
        Operation::Fork(fork) => forked(fork),
        Operation::Exec(exec) => match exec.result {
            Outcome::Done(()) => format!("became {}: {}", exec.path, command(&exec.argv)),
            Outcome::Failed(error) => format!("could not become {}: {error}", exec.path),
            Outcome::Unfinished => format!("was becoming {}", exec.path),
        },
        Operation::Exit(status) => format!("ended: {status}"),
        Operation::Wait(wait) => waited(wait),
        Operation::Open { path, result, .. } => answered(&format!("opened {path}"), result),
        Operation::Close { fd, result } => answered(&format!("closed descriptor {fd}"), result),
        Operation::Dup { from, result: Outcome::Done(to), .. } => format!("copied descriptor {from} to {to}"),
        Operation::Pipe { result: Outcome::Done((read, write)), .. } => {
            format!("made a pipe: {read} reads, {write} writes")
        }
        Operation::Read { fd, result, .. } => match result {
            Outcome::Done(0) => format!("read the end of the file from descriptor {fd}"),
            Outcome::Done(bytes) => format!("read {bytes} bytes from descriptor {fd}"),
            other => answered(&format!("read from descriptor {fd}"), other),
        },
        Operation::Write { fd, data, result, .. } => {
            answered(&format!("wrote \"{}\" to descriptor {fd}", beginning(data)), result)
        }
        Operation::Sleep { result } => answered("slept", result),
        Operation::Signal { signal, .. } => format!("got {signal}"),
        Operation::Fault { address } => format!("touched {address:#x}"),
        Operation::Stop(signal) => format!("was stopped by {signal}"),
        Operation::Continue => "was continued".to_string(),
        other => format!("called {}", other.word()),
    }
}

fn forked(fork: &Fork) -> String {
    match &fork.child {
        Outcome::Done(child) => format!("made {} with {}", child.pid, fork.call),
        other => answered(&format!("called {}", fork.call), other),
    }
}

fn waited(wait: &Wait) -> String {
    match &wait.result {
        Outcome::Done(None) => format!("asked with {}, and there was nothing to report", wait.call),
        Outcome::Done(Some(news)) => match news.change {
            Change::Ended(status) => format!("was told by {} that {} ended: {status}", wait.call, news.pid),
            Change::Stopped(signal) => {
                format!("was told by {} that {signal} stopped {}", wait.call, news.pid)
            }
            Change::Continued => format!("was told by {} that {} goes on", wait.call, news.pid),
        },
        other => answered(&format!("called {}", wait.call), other),
    }
}

fn answered<T>(what: &str, result: &Outcome<T>) -> String {
    match result {
        Outcome::Done(_) => what.to_string(),
        Outcome::Failed(error) => format!("{what}, and failed: {error}"),
        Outcome::Unfinished => format!("{what}, which never returned"),
    }
}

fn command(argv: &[Text]) -> String {
    argv.iter().map(Text::to_string).collect::<Vec<_>>().join(" ")
}

fn beginning(data: &Text) -> String {
    let bytes = data.as_bytes();
    match bytes.len() > SHOWN {
        true => format!("{}…", Text::from(&bytes[..SHOWN])),
        false => data.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grader_trace::{Builder, Errno, Fd, TaskId};

    #[test]
    fn events_are_told_with_their_pids_and_what_came_of_them() {
        let mut run = Builder::new("wait");
        run.fork_fails(TaskId::ROOT, Errno::EAGAIN);
        let child = run.fork(TaskId::ROOT);
        run.write(child, Fd(2), "no\n");
        run.exit(child, 3);
        run.wait(TaskId::ROOT, child);
        let trace = run.finish();
        let told: Vec<String> = trace.events().iter().map(|event| sentence(&trace, event)).collect();
        let expected = [
            "100 called clone, and failed: EAGAIN (the grader made it so)",
            "100 made 101 with clone",
            "101 wrote \"no\\n\" to descriptor 2",
            "101 ended: exit status 3",
            "100 was told by wait4 that 101 ended: exit status 3",
        ];
        assert_eq!(told, expected);
    }
}
