//! Births, execs and waits.

use super::{Call, Names, outcome};
use grader_trace::{
    Change, CloneFlags, Exec, ExitStatus, Fd, Fork, News, Operation, Outcome, Pid, Selector, Signal, Text,
    Wait,
};

pub(super) const BIRTHS_AND_EXECS: &[(i64, &str)] = &[
    (libc::SYS_fork, "fork"),
    (libc::SYS_vfork, "vfork"),
    (libc::SYS_clone, "clone"),
    (libc::SYS_clone3, "clone3"),
    (libc::SYS_execve, "execve"),
    (libc::SYS_execveat, "execveat"),
];

pub(super) const WAITS: &[(i64, &str)] = &[(libc::SYS_wait4, "wait4"), (libc::SYS_waitid, "waitid")];

/// How much of an argument vector is written down.
const ARGS_LIMIT: usize = 256;
const ARG_BYTES_LIMIT: usize = 4096;

/// Bits of a clone flag word that are no flags: the signal that the child's end sends.
const EXIT_SIGNAL: u64 = 0xff;

pub(super) fn enter(call: &Call, name: &'static str) -> Option<Operation> {
    let flags = match call.number {
        libc::SYS_execve => return Some(exec(call, call.args[0], call.args[1])),
        libc::SYS_execveat => return Some(exec(call, call.args[1], call.args[2])),
        libc::SYS_clone => call.args[0] & !EXIT_SIGNAL,
        libc::SYS_clone3 => call.memory.u64(call.args[0]).unwrap_or(0),
        libc::SYS_vfork => CloneFlags::VFORK | CloneFlags::VM,
        _ => 0,
    };
    let flags = CloneFlags(flags);
    let child = Outcome::Unfinished;
    Some(Operation::Fork(Fork { call: name.into(), flags, child, sharing: None, given: None }))
}

fn exec(call: &Call, path: u64, argv: u64) -> Operation {
    let args = pointers(call, argv).into_iter();
    let argv = args.map(|arg| Text(call.memory.string(arg, ARG_BYTES_LIMIT))).collect();
    let path = Text(call.memory.string(path, ARG_BYTES_LIMIT));
    Operation::Exec(Exec { path, argv, result: Outcome::Unfinished })
}

/// The pointers of a vector that ends with NULL, or where memory does. Most are short: a few are read at once.
fn pointers(call: &Call, vector: u64) -> Vec<u64> {
    const AT_ONCE: usize = 16;
    let mut found = Vec::new();
    while vector != 0 && found.len() < ARGS_LIMIT {
        let at = vector.wrapping_add(8 * found.len() as u64);
        let words = call.memory.bytes(at, 8 * AT_ONCE);
        let (words, _) = words.as_chunks();
        let ends = words.iter().position(|word| *word == [0; 8]);
        found.extend(words[..ends.unwrap_or(words.len())].iter().map(|word| u64::from_le_bytes(*word)));
        if ends.is_some() || words.len() < AT_ONCE {
            break;
        }
    }
    found.truncate(ARGS_LIMIT);
    found
}

/// A success of either is learnt from its event, not from the call's return.
pub(super) fn leave(op: &mut Operation, _: &Call, result: i64, _: Names<'_>) {
    match (op, outcome(result, drop)) {
        (Operation::Fork(fork), Outcome::Failed(errno)) => fork.child = Outcome::Failed(errno),
        (Operation::Exec(exec), Outcome::Failed(errno)) => exec.result = Outcome::Failed(errno),
        _ => {}
    }
}

pub(super) fn enter_wait(call: &Call, name: &'static str) -> Option<Operation> {
    let options = if call.number == libc::SYS_wait4 { call.int(2) } else { call.int(3) };
    let selector = match call.number {
        libc::SYS_wait4 => match call.int(0) {
            -1 => Selector::Any,
            0 => Selector::Group(Pid(0)),
            pid if pid > 0 => Selector::Pid(Pid(pid)),
            group => Selector::Group(Pid(group.wrapping_neg())),
        },
        _ => match (call.int(0), call.int(1)) {
            (0, _) => Selector::Any,
            (1, pid) => Selector::Pid(Pid(pid)),
            (2, group) => Selector::Group(Pid(group)),
            (_, fd) => Selector::PidFd(Fd(fd)),
        },
    };
    Some(Operation::Wait(Wait {
        call: name.into(),
        selector,
        nohang: options & libc::WNOHANG != 0,
        nowait: options & libc::WNOWAIT != 0,
        result: Outcome::Unfinished,
    }))
}

pub(super) fn leave_wait(op: &mut Operation, call: &Call, result: i64, task: Names<'_>) {
    let Operation::Wait(wait) = op else { return };
    wait.result = match outcome(result, |pid| pid as i32) {
        Outcome::Done(pid) if call.number == libc::SYS_wait4 => Outcome::Done(news_of_wait4(call, pid)),
        Outcome::Done(_) => Outcome::Done(news_of_waitid(call)),
        Outcome::Failed(errno) => Outcome::Failed(errno),
        Outcome::Unfinished => Outcome::Unfinished,
    };
    if let Outcome::Done(Some(news)) = &mut wait.result {
        news.task = task(news.pid);
    }
}

/// Whether a wait call was given no place for what it tells. waitid(2) does not even tell the PID then.
pub(super) fn tells_no_status(call: &Call) -> bool {
    let place = if call.number == libc::SYS_wait4 { call.args[1] } else { call.args[2] };
    place == 0
}

fn news_of_wait4(call: &Call, pid: i32) -> Option<News> {
    if pid == 0 {
        return None;
    }
    let word = if tells_no_status(call) { 0 } else { call.memory.i32(call.args[1]).unwrap_or(0) };
    let change = match word {
        0xffff => Change::Continued,
        word if word & 0xff == 0x7f => Change::Stopped(Signal(word >> 8 & 0xff)),
        word => Change::Ended(ExitStatus::from_wait_status(word)),
    };
    Some(News { pid: Pid(pid), task: None, change })
}

/// Reads the siginfo_t that waitid filled in. See waitid(2).
fn news_of_waitid(call: &Call) -> Option<News> {
    const CLD_EXITED: i32 = 1;
    const CLD_STOPPED: i32 = 5;
    const CLD_CONTINUED: i32 = 6;
    let info = call.args[2];
    let field = |offset: u64| call.memory.i32(info.wrapping_add(offset)).unwrap_or(0);
    let (code, pid, status) = (field(8), field(16), field(24));
    if info == 0 || pid == 0 {
        return None;
    }
    let change = match code {
        CLD_EXITED => Change::Ended(ExitStatus::Exited(status as u8)),
        CLD_STOPPED => Change::Stopped(Signal(status)),
        CLD_CONTINUED => Change::Continued,
        _ => Change::Ended(ExitStatus::Killed(Signal(status))),
    };
    Some(News { pid: Pid(pid), task: None, change })
}
