//! address-space: one address, two values.
//!
//! There is one `x` in this text, and after the fork there are two in the machine. Each process
//! has an address space of its own: the same addresses, which lead to memory of its own.
//!
//! fork need not copy the memory for that. It lets both look at the same pages, marked as not to be
//! written. The first write to one stops in the kernel, which copies that page, for the writer
//! alone. See fork(2), NOTES, "copy-on-write".

use nix::unistd::{ForkResult, fork};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut x = 1;
    println!("start: x={x} at {:p}", &raw const x);

    // SAFETY: this process has one thread, so the copy holds no lock whose owner was left behind.
    match unsafe { fork() } {
        Ok(ForkResult::Parent { .. }) => {
            x -= 1;
            println!("parent: x={x} at {:p}", &raw const x);
            ExitCode::SUCCESS
        }
        Ok(ForkResult::Child) => {
            x += 1;
            println!("child: x={x} at {:p}", &raw const x);
            ExitCode::SUCCESS
        }
        Err(errno) => {
            eprintln!("fork: cannot make a child: {errno}");
            ExitCode::FAILURE
        }
    }
}
