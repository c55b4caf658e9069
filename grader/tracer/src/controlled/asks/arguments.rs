//! What a call asks for depends on its arguments.

use crate::decode::Call;
use crate::sys::ptrace;
use grader_trace::world::{Ask, Futex, Polled, Timeout};
use grader_trace::{Fd, OpenFlags};
use libc::pid_t;

/// See sigprocmask(2): the mask that will be in force, from the one that is.
pub(super) fn mask(call: &Call, pid: pid_t) -> Ask {
    let Some(set) = call.memory.u64(call.args[1]).filter(|_| call.args[1] != 0) else { return Ask::Local };
    let old = ptrace::signal_mask(pid).unwrap_or(0);
    Ask::Mask(match call.args[0] as i32 {
        libc::SIG_BLOCK => old | set,
        libc::SIG_UNBLOCK => old & !set,
        _ => set,
    })
}

/// A mapping that does not concern its caller alone: it is shared, takes the place of another one, or is for code.
pub(super) fn mapping(args: &[u64; 6]) -> Ask {
    if args[3] & libc::MAP_SHARED as u64 == 0 {
        let fixed = args[3] & libc::MAP_FIXED as u64 != 0;
        return if fixed { Ask::Remap { at: args[0], length: args[1] } } else { Ask::Local };
    }
    if args[2] & libc::PROT_WRITE as u64 != 0 {
        Ask::Unmodelled("it shares memory (mmap with MAP_SHARED), of which there is no model yet".into())
    } else {
        Ask::Map(Fd(args[4] as i32))
    }
}

/// See futex(2). What the kernel refuses at once it is left to refuse.
pub(super) fn futex(call: &Call) -> Ask {
    const COMMAND: i32 = 0x7f;
    let [at, _, value, timeout, _, bits] = call.args;
    let command = call.args[1] as i32 & COMMAND;
    let bits = if matches!(command, libc::FUTEX_WAIT_BITSET | libc::FUTEX_WAKE_BITSET) {
        bits as u32
    } else {
        u32::MAX
    };
    match (command, call.memory.u32(at)) {
        (libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET | libc::FUTEX_WAKE | libc::FUTEX_WAKE_BITSET, _)
            if at % 4 != 0 || bits == 0 =>
        {
            Ask::Local
        }
        (libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET, Some(word)) => {
            Ask::Futex(Futex::Wait { at, expected: value as u32, word, bits, timed: timeout != 0 })
        }
        (libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET, None) => Ask::Local,
        (libc::FUTEX_WAKE | libc::FUTEX_WAKE_BITSET, _) => {
            Ask::Futex(Futex::Wake { at, most: value as u32, bits })
        }
        _ => Ask::Unmodelled(format!("it calls futex with command {command}, of which there is no model")),
    }
}

pub(super) fn prctl(args: &[u64; 6]) -> Ask {
    match args[0] as i32 {
        libc::PR_SET_NAME | libc::PR_GET_NAME | libc::PR_CAPBSET_READ | libc::PR_GET_DUMPABLE => Ask::Local,
        libc::PR_SET_VMA => Ask::Local,
        option => Ask::Unmodelled(format!("it calls prctl with option {option}, of which there is no model")),
    }
}

pub(super) fn fcntl(args: &[u64; 6]) -> Ask {
    let fd = Fd(args[0] as i32);
    match args[1] as i32 {
        libc::F_GETFD | libc::F_GETFL => Ask::Local,
        libc::F_SETFL => Ask::SetNonblock { fd, nonblock: args[2] & u64::from(OpenFlags::NONBLOCK) != 0 },
        command => {
            Ask::Unmodelled(format!("it calls fcntl with command {command}, of which there is no model"))
        }
    }
}

pub(super) fn ioctl(args: &[u64; 6]) -> Ask {
    match args[1] as libc::Ioctl {
        libc::TCGETS | libc::TIOCGWINSZ => Ask::UseFile(Fd(args[0] as i32)),
        request => {
            Ask::Unmodelled(format!("it calls ioctl with request {request:#x}, of which there is no model"))
        }
    }
}

/// Most entries of poll's list that are read. Longer lists are those of servers.
const POLL_LIMIT: u64 = 1024;

pub(super) fn poll(call: &Call) -> Ask {
    let args = &call.args;
    if args[1] > POLL_LIMIT {
        return Ask::Unmodelled("it polls more descriptors than are followed".into());
    }
    if call.number == libc::SYS_ppoll && args[3] != 0 {
        return Ask::Unmodelled(
            "it polls with another signal mask (ppoll), of which there is no model".into(),
        );
    }
    let entries = call.memory.bytes(args[0], 8 * args[1] as usize);
    let fds = entries
        .chunks_exact(8)
        .map(|entry| {
            let number =
                |at: usize| i32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]);
            let events = i16::from_le_bytes([entry[4], entry[5]]);
            let wants = |flag: i16| events & flag != 0;
            Polled { fd: Fd(number(0)), input: wants(libc::POLLIN), output: wants(libc::POLLOUT) }
        })
        .collect();
    let timeout = match call.number {
        libc::SYS_poll => match args[2] as i32 {
            0 => Timeout::Zero,
            some if some > 0 => Timeout::Some,
            _ => Timeout::Never,
        },
        _ if args[2] == 0 => Timeout::Never,
        _ => {
            let part = |offset: u64| call.memory.u64(args[2].wrapping_add(offset)).unwrap_or(1);
            if part(0) == 0 && part(8) == 0 { Timeout::Zero } else { Timeout::Some }
        }
    };
    Ask::Poll { fds, timeout }
}
