//! wait: an order that is certain. What is asked for stands in README.md, beside this `src`.

use nix::unistd::{ForkResult, Pid, fork, getpid};
use std::process::ExitCode;

fn main() -> ExitCode {
    println!("hello world (pid:{})", getpid());

    // SAFETY: this process has one thread, so the copy holds no lock whose owner was left behind.
    match unsafe { fork() } {
        Err(errno) => {
            eprintln!("wait: cannot fork: {errno}");
            ExitCode::FAILURE
        }
        Ok(ForkResult::Child) => {
            println!("hello, I am child (pid:{})", getpid());
            ExitCode::SUCCESS
        }
        Ok(ForkResult::Parent { child }) => parent(child),
    }
}

/// What the parent does, and the status with which it ends.
fn parent(child: Pid) -> ExitCode {
    // README.md, "In Rust", shows the call and its answers; "Task" says
    // what to make of each.
    todo!("wait for {child}, print the parent's line, and tell by the exit status how the child ended")
}
