//! wait: the child's line comes first, not by luck but because the parent sleeps until the child
//! has ended.
//!
//! waitpid does three things at once: it waits for the child's end, it tells how the child
//! ended, and it *reaps* the child, so that the kernel can forget it.

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getpid};
use std::process::ExitCode;

fn main() -> ExitCode {
    println!("hello world (pid:{})", getpid());

    // SAFETY: this process has one thread, so the copy holds no lock whose owner was left behind.
    match unsafe { fork() } {
        Ok(ForkResult::Parent { child }) => parent(child),
        Ok(ForkResult::Child) => {
            println!("hello, I am child (pid:{})", getpid());
            ExitCode::SUCCESS
        }
        Err(errno) => {
            eprintln!("wait: cannot fork: {errno}");
            ExitCode::FAILURE
        }
    }
}

fn parent(child: Pid) -> ExitCode {
    let status = match wait_for_end(child) {
        Ok(status) => status,
        Err(errno) => {
            eprintln!("wait: cannot wait for {child}: {errno}");
            return ExitCode::FAILURE;
        }
    };
    // The PID comes from waitpid's answer, not from fork's: this is whose end we were told of.
    if let Some(wc) = status.pid() {
        println!("hello, I am parent of {child} (wc:{wc}) (pid:{})", getpid());
    }
    verdict_on(status)
}

/// Sleeps until `child` has ended, and reaps it.
///
/// A signal handler that runs while we sleep may end the call with EINTR. Nothing was reaped then,
/// so we ask again. This program installs no handler; a function that says "wait" should hold in
/// one that does. See wait(2), ERRORS, and signal(7).
fn wait_for_end(child: Pid) -> nix::Result<WaitStatus> {
    loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            answer => return answer,
        }
    }
}

/// Our own exit status: the child's, or 128 and the number of the signal that killed it, as a
/// shell has it.
fn verdict_on(status: WaitStatus) -> ExitCode {
    match status {
        // The kernel keeps eight bits of an exit status, so this fits.
        WaitStatus::Exited(_, code) => u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from),
        WaitStatus::Signaled(child, signal, _) => {
            eprintln!("wait: {child} was killed by {signal}");
            ExitCode::from(128 + signal as u8)
        }
        // Stops and continues are reported only to those who ask for them with flags.
        other => {
            eprintln!("wait: the child has not ended: {other:?}");
            ExitCode::FAILURE
        }
    }
}
