//! Bytes that go in and out.

use super::super::args;
use super::Call;
use grader_trace::{Fd, Operation, Text};

pub(super) const NAMES: &[&str] = &[
    "read",
    "pread64",
    "readv",
    "preadv",
    "preadv2",
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "pwritev2",
    "sendfile",
    "splice",
    "tee",
    "vmsplice",
    "copy_file_range",
];

/// How much of one write is compared. strace is asked for as much of each string.
pub(super) const DATA_BYTES: usize = 4096;

pub(super) fn operation(call: &Call<'_>) -> Option<Operation> {
    Some(match call.name {
        "read" | "pread64" => read(call, call.number(2)),
        "readv" | "preadv" | "preadv2" => read(call, gathered(call).1),
        "write" | "pwrite64" => write(call, call.fd(0), call.bytes(1), call.number(2)),
        "writev" | "pwritev" | "pwritev2" | "vmsplice" => {
            let (data, length) = gathered(call);
            write(call, call.fd(0), data, length)
        }
        "sendfile" => write(call, call.fd(0), Vec::new(), call.number(3)),
        "tee" => write(call, call.fd(1), Vec::new(), call.number(2)),
        "splice" | "copy_file_range" => write(call, call.fd(2), Vec::new(), call.number(4)),
        _ => return None,
    })
}

fn read(call: &Call<'_>, wanted: u64) -> Operation {
    Operation::Read { fd: call.fd(0), wanted, result: call.outcome(|count| count) }
}

fn write(call: &Call<'_>, fd: Fd, mut data: Vec<u8>, wanted: u64) -> Operation {
    data.truncate(DATA_BYTES);
    Operation::Write { fd, data: Text(data), wanted, result: call.outcome(|count| count) }
}

/// `[{iov_base="\x61", iov_len=1}, …]`: the bytes, and how many there are meant to be.
fn gathered(call: &Call<'_>) -> (Vec<u8>, u64) {
    let pieces = args::inner(call.text(1)).map(args::split).unwrap_or_default();
    let mut all = (Vec::new(), 0);
    for piece in pieces {
        all.0.extend(args::field(piece, "iov_base").and_then(args::bytes).unwrap_or_default());
        all.1 += args::field(piece, "iov_len").and_then(args::number).unwrap_or(0);
    }
    all
}
