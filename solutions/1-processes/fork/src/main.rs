//! fork: one call returns twice.
//!
//! Up to the fork there is one process; after it there are two that differ in what fork told
//! them. Each goes its own way in a function of its own, so neither can fall into the other's.
//!
//! Nobody waits for the child here. It may print before the parent or after it, and even after
//! the parent has ended. The exercise `wait` puts an order into this.

use nix::unistd::{ForkResult, Pid, fork, getpid};
use std::process::ExitCode;

fn main() -> ExitCode {
    // The newline matters. Rust's stdout passes a line on when it is complete, so its buffer is
    // empty at the fork. Text still in the buffer would be copied, and both would print it.
    println!("hello world (pid:{})", getpid());

    // SAFETY: fork copies memory but only the calling thread. This program has no other thread
    // that could have held a lock, such as the allocator's, and be missing in the child.
    match unsafe { fork() } {
        Ok(ForkResult::Parent { child }) => parent(child),
        Ok(ForkResult::Child) => child(),
        Err(errno) => {
            // No child was made: this is still the only process. See fork(2), ERRORS.
            eprintln!("fork: cannot make a child: {errno}");
            ExitCode::FAILURE
        }
    }
}

/// The old process. fork told it the PID of the new one.
fn parent(child: Pid) -> ExitCode {
    println!("hello, I am parent of {child} (pid:{})", getpid());
    ExitCode::SUCCESS
}

/// The new process. fork told it nothing but that it is the new one; its own PID it must ask for.
fn child() -> ExitCode {
    println!("hello, I am child (pid:{})", getpid());
    ExitCode::SUCCESS
}
