//! Births, execs and waits.

use super::super::{args, line};
use super::Call;
use grader_trace::{
    Change, Child, CloneFlags, Exec, ExitStatus, Fd, Fork, News, Operation, Outcome, Pid, Selector, Signal,
    TaskId, Text, Wait,
};

pub(super) const NAMES: &[&str] =
    &["fork", "vfork", "clone", "clone3", "execve", "execveat", "wait4", "waitid"];

const WNOHANG: u64 = 1;
const WNOWAIT: u64 = 0x0100_0000;

/// The low byte of clone's flags is the signal that the child's end sends.
const EXIT_SIGNAL: u64 = 0xff;

pub(super) fn operation(call: &Call<'_>) -> Option<Operation> {
    Some(match call.name {
        "fork" => birth(call, 0),
        "vfork" => birth(call, CloneFlags::VFORK | CloneFlags::VM),
        "clone" => {
            let flags = call.args.iter().find_map(|arg| arg.strip_prefix("flags="));
            birth(call, flags.and_then(args::number)? & !EXIT_SIGNAL)
        }
        "clone3" => birth(call, args::field(call.text(0), "flags").and_then(args::number)?),
        "execve" => exec(call, 0),
        "execveat" => exec(call, 1),
        "wait4" => wait(call, selector_of_wait4(call), call.number(2), news_of_wait4(call)),
        "waitid" => wait(call, selector_of_waitid(call), call.number(3), news_of_waitid(call)),
        _ => return None,
    })
}

/// Which task the child is, the reader of the whole log knows.
fn birth(call: &Call<'_>, flags: u64) -> Operation {
    let child = call.outcome(|pid| Child { task: TaskId::ROOT, pid: Pid(pid as i32) });
    Operation::Fork(Fork {
        call: call.name.into(),
        flags: CloneFlags(flags),
        child,
        sharing: None,
        given: None,
    })
}

fn exec(call: &Call<'_>, first: usize) -> Operation {
    let argv = args::inner(call.text(first + 1)).map(args::split).unwrap_or_default();
    Operation::Exec(Exec {
        path: Text(call.bytes(first)),
        // A pointer that leads nowhere is shown as a number. There is no text behind it.
        argv: argv.into_iter().map(|arg| Text(args::bytes(arg).unwrap_or_default())).collect(),
        result: call.done(),
    })
}

fn wait(call: &Call<'_>, selector: Selector, options: u64, news: Option<News>) -> Operation {
    Operation::Wait(Wait {
        call: call.name.into(),
        selector,
        nohang: options & WNOHANG != 0,
        nowait: options & WNOWAIT != 0,
        result: call.outcome(|_| news),
    })
}

fn selector_of_wait4(call: &Call<'_>) -> Selector {
    match call.number(0) as i32 {
        -1 => Selector::Any,
        0 => Selector::Group(Pid(0)),
        pid if pid < 0 => Selector::Group(Pid(-pid)),
        pid => Selector::Pid(Pid(pid)),
    }
}

fn selector_of_waitid(call: &Call<'_>) -> Selector {
    let id = call.number(1) as i32;
    match call.number(0) {
        0 => Selector::Any,
        1 => Selector::Pid(Pid(id)),
        2 => Selector::Group(Pid(id)),
        _ => Selector::PidFd(Fd(id)),
    }
}

/// `[{WIFEXITED(s) && WEXITSTATUS(s) == 3}]`; `NULL` if nobody wanted to know.
fn news_of_wait4(call: &Call<'_>) -> Option<News> {
    let pid = call.outcome(|pid| pid as i32).done().copied().filter(|pid| *pid != 0)?;
    let status = call.text(1);
    let value = status.split(" == ").nth(1).map(|rest| rest.trim_end_matches(['}', ']']));
    let named = value.map(|value| value.split(" && ").next().unwrap_or(value)).and_then(line::signal);
    let change = if status.contains("WIFSIGNALED") {
        Change::Ended(ExitStatus::Killed(named?))
    } else if status.contains("WIFSTOPPED") {
        Change::Stopped(named?)
    } else if status.contains("WIFCONTINUED") {
        Change::Continued
    } else {
        Change::Ended(ExitStatus::Exited(value.and_then(args::number).unwrap_or(0) as u8))
    };
    Some(News { pid: Pid(pid), task: None, change })
}

/// `{si_signo=17, si_code=0x1, si_pid=13, si_uid=0, si_status=0, …}`. See waitid(2).
fn news_of_waitid(call: &Call<'_>) -> Option<News> {
    const EXITED: u64 = 1;
    const STOPPED: u64 = 5;
    const CONTINUED: u64 = 6;
    let Outcome::Done(()) = call.done() else { return None };
    let info = call.text(2);
    if info == "NULL" {
        let pid = Pid(call.number(1) as i32);
        return Some(News { pid, task: None, change: Change::Ended(ExitStatus::Exited(0)) });
    }
    let field = |name| args::field(info, name).and_then(args::number);
    let status = field("si_status")?;
    let change = match field("si_code")? {
        EXITED => Change::Ended(ExitStatus::Exited(status as u8)),
        STOPPED => Change::Stopped(Signal(status as i32)),
        CONTINUED => Change::Continued,
        _ => Change::Ended(ExitStatus::Killed(Signal(status as i32))),
    };
    Some(News { pid: Pid(field("si_pid")? as i32), task: None, change })
}
