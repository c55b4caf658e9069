//! hello: one line out, one number back.
//!
//! All that a process can leave behind when it ends by itself is what it has written and one
//! byte: its exit status. This program leaves both. The next exercise, `fork`, makes two of it.

use std::io::{self, Write};
use std::process::ExitCode;

/// The status asked for. 0 is for success, so 7 cannot happen by accident.
const STATUS: u8 = 7;

fn main() -> ExitCode {
    match greet() {
        // Returning from main is the polite way to end: it drops what is alive and flushes stdout.
        Ok(()) => ExitCode::from(STATUS),
        // Nobody may be listening (`hello | true`), or the disk may be full (`hello > /dev/full`).
        Err(error) => {
            eprintln!("hello: cannot write to standard output: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The whole line, its end included, in one piece.
///
/// Rust's stdout keeps text back until a newline comes, whatever stdout is. So this is one write
/// call, and nobody else's text can get in between. See write(2).
fn greet() -> io::Result<()> {
    io::stdout().write_all(b"hello world\n")
}
