//! Everything that makes, copies or closes descriptors.

use super::super::args;
use super::{Call, closed};
use grader_trace::{Fd, OpenFlags, Operation, Outcome, Text};

pub(super) const NAMES: &[&str] = &[
    "open",
    "openat",
    "openat2",
    "creat",
    "close",
    "close_range",
    "dup",
    "dup2",
    "dup3",
    "fcntl",
    "ioctl",
    "pipe",
    "pipe2",
    "socketpair",
    "unshare",
    "socket",
    "accept",
    "accept4",
    "eventfd",
    "eventfd2",
    "signalfd",
    "signalfd4",
    "timerfd_create",
    "epoll_create",
    "epoll_create1",
    "inotify_init",
    "inotify_init1",
    "memfd_create",
    "pidfd_open",
    "pidfd_getfd",
    "perf_event_open",
    "userfaultfd",
    "mq_open",
];

const CLOEXEC: u64 = OpenFlags::CLOEXEC as u64;
const CREAT: u64 = OpenFlags::CREAT as u64;
const TRUNC: u64 = OpenFlags::TRUNC as u64;

/// Commands of fcntl(2) and ioctl(2), by their numbers on Linux.
const F_DUPFD: u64 = 0;
const F_SETFD: u64 = 2;
const F_DUPFD_CLOEXEC: u64 = 0x406;
const FIONCLEX: u64 = 0x5450;
const FIOCLEX: u64 = 0x5451;

pub(super) fn operation(call: &Call<'_>) -> Option<Operation> {
    Some(match call.name {
        "open" => open(call, 0, call.number(1), call.number(2)),
        "openat" => open(call, 1, call.number(2), call.number(3)),
        "openat2" => {
            let field = |name| args::field(call.text(2), name).and_then(args::number).unwrap_or(0);
            open(call, 1, field("flags"), field("mode"))
        }
        "creat" => open(call, 0, 1 | CREAT | TRUNC, call.number(1)),
        "close" => Operation::Close { fd: call.fd(0), result: closed(call.done()) },
        "close_range" => Operation::CloseRange {
            first: call.number(0) as u32,
            last: call.number(1) as u32,
            mark_only: call.number(2) & 4 != 0,
            result: call.done(),
        },
        "dup" | "dup2" => dup(call, false),
        "dup3" => dup(call, call.number(2) & CLOEXEC != 0),
        "fcntl" => match call.number(1) {
            F_DUPFD => dup(call, false),
            F_DUPFD_CLOEXEC => dup(call, true),
            F_SETFD => set_cloexec(call, call.number(2) & 1 != 0),
            _ => return None,
        },
        "ioctl" => match call.number(1) {
            FIOCLEX => set_cloexec(call, true),
            FIONCLEX => set_cloexec(call, false),
            _ => return None,
        },
        "pipe" => Operation::Pipe { cloexec: false, result: pair(call, 0) },
        "pipe2" => Operation::Pipe { cloexec: call.number(1) & CLOEXEC != 0, result: pair(call, 0) },
        "socketpair" => {
            Operation::SocketPair { cloexec: call.number(1) & CLOEXEC != 0, result: pair(call, 3) }
        }
        "unshare" => {
            Operation::Call { call: call.name.into(), args: [0; 6], result: call.outcome(|value| value) }
        }
        name if NAMES.contains(&name) => Operation::NewDescriptor {
            call: name.into(),
            cloexec: cloexec(call),
            result: call.outcome(|fd| Fd(fd as i32)),
        },
        _ => return None,
    })
}

fn open(call: &Call<'_>, path: usize, flags: u64, mode: u64) -> Operation {
    Operation::Open {
        path: Text(call.bytes(path)),
        flags: OpenFlags(flags as u32),
        mode: if flags & CREAT != 0 { mode as u32 } else { 0 },
        result: call.outcome(|fd| Fd(fd as i32)),
    }
}

fn dup(call: &Call<'_>, cloexec: bool) -> Operation {
    Operation::Dup { from: call.fd(0), cloexec, result: call.outcome(|fd| Fd(fd as i32)) }
}

fn set_cloexec(call: &Call<'_>, cloexec: bool) -> Operation {
    Operation::SetCloexec { fd: call.fd(0), cloexec, result: call.done() }
}

/// `[3, 4]`.
fn pair(call: &Call<'_>, index: usize) -> Outcome<(Fd, Fd)> {
    let ends = args::inner(call.text(index)).map(args::split).unwrap_or_default();
    let end =
        |index: usize| Fd(ends.get(index).and_then(|text| args::number(text)).unwrap_or(u64::MAX) as i32);
    call.outcome(|_| (end(0), end(1)))
}

/// See the man page of each.
fn cloexec(call: &Call<'_>) -> bool {
    let flagged = |index| call.number(index) & CLOEXEC != 0;
    match call.name {
        "epoll_create1" | "inotify_init1" | "userfaultfd" => flagged(0),
        "socket" | "eventfd2" | "timerfd_create" => flagged(1),
        "accept4" | "signalfd4" => flagged(3),
        "memfd_create" => call.number(1) & 1 != 0,
        "perf_event_open" => call.number(4) & 8 != 0,
        "pidfd_open" | "pidfd_getfd" | "mq_open" => true,
        _ => false,
    }
}
