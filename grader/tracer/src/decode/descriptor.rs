//! Everything that makes, copies or closes descriptors.

use super::{Call, Names, Rule, outcome};
use grader_trace::{Errno, Fd, OpenFlags, Operation, Outcome, Text};

pub(super) const CALLS: &[(i64, &str)] = &[
    (libc::SYS_open, "open"),
    (libc::SYS_openat, "openat"),
    (libc::SYS_openat2, "openat2"),
    (libc::SYS_creat, "creat"),
    (libc::SYS_close, "close"),
    (libc::SYS_close_range, "close_range"),
    (libc::SYS_dup, "dup"),
    (libc::SYS_dup2, "dup2"),
    (libc::SYS_dup3, "dup3"),
    (libc::SYS_fcntl, "fcntl"),
    (libc::SYS_ioctl, "ioctl"),
    (libc::SYS_pipe, "pipe"),
    (libc::SYS_pipe2, "pipe2"),
    (libc::SYS_socketpair, "socketpair"),
    (libc::SYS_unshare, "unshare"),
    (libc::SYS_socket, "socket"),
    (libc::SYS_accept, "accept"),
    (libc::SYS_accept4, "accept4"),
    (libc::SYS_eventfd, "eventfd"),
    (libc::SYS_eventfd2, "eventfd2"),
    (libc::SYS_signalfd, "signalfd"),
    (libc::SYS_signalfd4, "signalfd4"),
    (libc::SYS_timerfd_create, "timerfd_create"),
    (libc::SYS_epoll_create, "epoll_create"),
    (libc::SYS_epoll_create1, "epoll_create1"),
    (libc::SYS_inotify_init, "inotify_init"),
    (libc::SYS_inotify_init1, "inotify_init1"),
    (libc::SYS_memfd_create, "memfd_create"),
    (libc::SYS_memfd_secret, "memfd_secret"),
    (libc::SYS_pidfd_open, "pidfd_open"),
    (libc::SYS_pidfd_getfd, "pidfd_getfd"),
    (libc::SYS_perf_event_open, "perf_event_open"),
    (libc::SYS_userfaultfd, "userfaultfd"),
    (libc::SYS_mq_open, "mq_open"),
];

const DUPLICATE: u32 = libc::F_DUPFD as u32;
const DUPLICATE_CLOEXEC: u32 = libc::F_DUPFD_CLOEXEC as u32;
const SET_FLAGS: u32 = libc::F_SETFD as u32;
const SET_CLOEXEC: u32 = libc::FIOCLEX as u32;
const CLEAR_CLOEXEC: u32 = libc::FIONCLEX as u32;

const CLOEXEC: u64 = OpenFlags::CLOEXEC as u64;

/// See perf_event_open(2).
const PERF_FLAG_FD_CLOEXEC: u64 = 8;

/// fcntl and ioctl do a hundred things; only those that concern a descriptor table stop.
pub(super) fn rule(number: i64) -> Rule {
    match number {
        libc::SYS_fcntl => Rule::IfSecondArgument(&[DUPLICATE, DUPLICATE_CLOEXEC, SET_FLAGS]),
        libc::SYS_ioctl => Rule::IfSecondArgument(&[SET_CLOEXEC, CLEAR_CLOEXEC]),
        _ => Rule::Always,
    }
}

pub(super) fn enter(call: &Call, name: &'static str) -> Option<Operation> {
    let args = &call.args;
    let fd = Fd(call.int(0));
    let dup = |cloexec| Operation::Dup { from: fd, cloexec, result: Outcome::Unfinished };
    Some(match call.number {
        libc::SYS_open => open(call, args[0], args[1], args[2]),
        libc::SYS_openat => open(call, args[1], args[2], args[3]),
        libc::SYS_openat2 => {
            let field = |index: u64| call.memory.u64(args[2].wrapping_add(8 * index)).unwrap_or(0);
            open(call, args[1], field(0), field(1))
        }
        libc::SYS_creat => open(call, args[0], u64::from(1 | OpenFlags::CREAT | OpenFlags::TRUNC), args[1]),
        libc::SYS_close => Operation::Close { fd, result: Outcome::Unfinished },
        libc::SYS_close_range => Operation::CloseRange {
            first: args[0] as u32,
            last: args[1] as u32,
            mark_only: args[2] & u64::from(libc::CLOSE_RANGE_CLOEXEC) != 0,
            result: Outcome::Unfinished,
        },
        libc::SYS_dup | libc::SYS_dup2 => dup(false),
        libc::SYS_dup3 => dup(args[2] & CLOEXEC != 0),
        libc::SYS_fcntl => match args[1] as u32 {
            SET_FLAGS => set_cloexec(fd, args[2] & libc::FD_CLOEXEC as u64 != 0),
            command => dup(command == DUPLICATE_CLOEXEC),
        },
        libc::SYS_ioctl => set_cloexec(fd, args[1] as u32 == SET_CLOEXEC),
        libc::SYS_pipe => Operation::Pipe { cloexec: false, result: Outcome::Unfinished },
        libc::SYS_pipe2 => Operation::Pipe { cloexec: args[1] & CLOEXEC != 0, result: Outcome::Unfinished },
        libc::SYS_socketpair => {
            Operation::SocketPair { cloexec: args[1] & CLOEXEC != 0, result: Outcome::Unfinished }
        }
        libc::SYS_unshare => {
            Operation::Call { call: name.into(), args: call.args, result: Outcome::Unfinished }
        }
        _ => Operation::NewDescriptor {
            call: name.into(),
            cloexec: cloexec(call),
            result: Outcome::Unfinished,
        },
    })
}

fn open(call: &Call, path: u64, flags: u64, mode: u64) -> Operation {
    const PATH_LIMIT: usize = 4096;
    let creates = flags & u64::from(OpenFlags::CREAT) != 0;
    Operation::Open {
        path: Text(call.memory.string(path, PATH_LIMIT)),
        flags: OpenFlags(flags as u32),
        mode: if creates { mode as u32 & 0o7777 } else { 0 },
        result: Outcome::Unfinished,
    }
}

fn set_cloexec(fd: Fd, cloexec: bool) -> Operation {
    Operation::SetCloexec { fd, cloexec, result: Outcome::Unfinished }
}

/// Where each call keeps its close-on-exec flag. See their man pages.
fn cloexec(call: &Call) -> bool {
    let args = &call.args;
    match call.number {
        libc::SYS_socket | libc::SYS_eventfd2 | libc::SYS_timerfd_create => args[1] & CLOEXEC != 0,
        libc::SYS_accept4 | libc::SYS_signalfd4 => args[3] & CLOEXEC != 0,
        libc::SYS_epoll_create1
        | libc::SYS_inotify_init1
        | libc::SYS_userfaultfd
        | libc::SYS_memfd_secret => args[0] & CLOEXEC != 0,
        libc::SYS_memfd_create => args[1] & u64::from(libc::MFD_CLOEXEC) != 0,
        libc::SYS_perf_event_open => args[4] & PERF_FLAG_FD_CLOEXEC != 0,
        libc::SYS_pidfd_open | libc::SYS_pidfd_getfd | libc::SYS_mq_open => true,
        _ => false,
    }
}

pub(super) fn leave(op: &mut Operation, call: &Call, answer: i64, _: Names<'_>) {
    match op {
        Operation::Open { result, .. }
        | Operation::Dup { result, .. }
        | Operation::NewDescriptor { result, .. } => *result = outcome(answer, |fd| Fd(fd as i32)),
        Operation::Close { result, .. } => *result = closed(answer),
        Operation::CloseRange { result, .. } | Operation::SetCloexec { result, .. } => {
            *result = outcome(answer, drop);
        }
        Operation::Pipe { result, .. } => *result = pair(call, call.args[0], answer),
        Operation::SocketPair { result, .. } => *result = pair(call, call.args[3], answer),
        Operation::Call { result, .. } => *result = outcome(answer, |value| value as u64),
        _ => {}
    }
}

/// close(2) releases the descriptor even when it reports EINTR or EIO; only EBADF means that there was none.
fn closed(answer: i64) -> Outcome<()> {
    match outcome(answer, drop) {
        Outcome::Failed(Errno::EBADF) => Outcome::Failed(Errno::EBADF),
        _ => Outcome::Done(()),
    }
}

fn pair(call: &Call, place: u64, answer: i64) -> Outcome<(Fd, Fd)> {
    outcome(answer, |_| {
        let number = |offset: u64| Fd(call.memory.i32(place.wrapping_add(offset)).unwrap_or(-1));
        (number(0), number(4))
    })
}
