//! Bytes that go in and out: read, write and their families.

use super::{Call, Names, outcome};
use grader_trace::{Fd, Operation, Outcome, Text};

pub(super) const CALLS: &[(i64, &str)] = &[
    (libc::SYS_read, "read"),
    (libc::SYS_pread64, "pread64"),
    (libc::SYS_readv, "readv"),
    (libc::SYS_preadv, "preadv"),
    (libc::SYS_preadv2, "preadv2"),
    (libc::SYS_write, "write"),
    (libc::SYS_pwrite64, "pwrite64"),
    (libc::SYS_writev, "writev"),
    (libc::SYS_pwritev, "pwritev"),
    (libc::SYS_pwritev2, "pwritev2"),
    (libc::SYS_sendfile, "sendfile"),
    (libc::SYS_splice, "splice"),
    (libc::SYS_tee, "tee"),
    (libc::SYS_vmsplice, "vmsplice"),
    (libc::SYS_copy_file_range, "copy_file_range"),
];

/// How much of one write is written down.
const DATA_LIMIT: usize = 4096;
const PIECES_LIMIT: u64 = 64;

pub(super) fn is_read(number: i64) -> bool {
    matches!(
        number,
        libc::SYS_read | libc::SYS_pread64 | libc::SYS_readv | libc::SYS_preadv | libc::SYS_preadv2
    )
}

pub(super) fn is_write(number: i64) -> bool {
    !is_read(number) && CALLS.iter().any(|(known, _)| *known == number)
}

pub(super) fn enter(call: &Call, _: &'static str) -> Option<Operation> {
    let args = &call.args;
    let fd = Fd(call.int(0));
    let read = |wanted| Operation::Read { fd, wanted, result: Outcome::Unfinished };
    let write = |fd, data, wanted| Operation::Write { fd, data, wanted, result: Outcome::Unfinished };
    Some(match call.number {
        libc::SYS_read | libc::SYS_pread64 => read(args[2]),
        libc::SYS_readv | libc::SYS_preadv | libc::SYS_preadv2 => {
            read(pieces(call).map(|(_, length)| length).sum())
        }
        libc::SYS_write | libc::SYS_pwrite64 => {
            write(fd, Text(call.memory.bytes(args[1], DATA_LIMIT.min(args[2] as usize))), args[2])
        }
        libc::SYS_writev | libc::SYS_pwritev | libc::SYS_pwritev2 | libc::SYS_vmsplice => {
            let (data, wanted) = gather(call);
            write(fd, data, wanted)
        }
        libc::SYS_sendfile => write(fd, Text::default(), args[3]),
        libc::SYS_tee => write(Fd(call.int(1)), Text::default(), args[2]),
        // splice and copy_file_range: from args[0] to args[2].
        _ => write(Fd(call.int(2)), Text::default(), args[4]),
    })
}

/// The pieces of an I/O vector: addresses and lengths. See readv(2).
fn pieces(call: &Call) -> impl Iterator<Item = (u64, u64)> {
    let (memory, vector) = (call.memory, call.args[1]);
    (0..call.args[2].min(PIECES_LIMIT)).map_while(move |index| {
        let at = vector.wrapping_add(16 * index);
        Some((memory.u64(at)?, memory.u64(at.wrapping_add(8))?))
    })
}

fn gather(call: &Call) -> (Text, u64) {
    let mut data = Vec::new();
    let mut wanted: u64 = 0;
    for (addr, length) in pieces(call) {
        wanted = wanted.saturating_add(length);
        let room = DATA_LIMIT - data.len();
        data.extend(call.memory.bytes(addr, room.min(length as usize)));
    }
    (Text(data), wanted)
}

pub(super) fn leave(op: &mut Operation, _: &Call, answer: i64, _: Names<'_>) {
    if let Operation::Read { result, .. } | Operation::Write { result, .. } = op {
        *result = outcome(answer, |count| count as u64);
    }
}
