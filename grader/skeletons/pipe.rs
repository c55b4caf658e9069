//! pipe: the reader sees the end when the last writer is gone. What is asked for stands in
//! README.md, beside this `src`.

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use std::process::ExitCode;

fn main() -> ExitCode {
    match pipeline() {
        Ok(WaitStatus::Exited(_, code)) => u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from),
        Ok(WaitStatus::Signaled(_, signal, _)) => ExitCode::from(128 + signal as u8),
        Ok(other) => {
            eprintln!("pipe: wc has not ended: {other:?}");
            ExitCode::FAILURE
        }
        Err(errno) => {
            eprintln!("pipe: {errno}");
            ExitCode::FAILURE
        }
    }
}

/// Runs `echo hello world | wc` and answers how wc ended.
fn pipeline() -> nix::Result<WaitStatus> {
    let (echo, wc) = start_both()?;
    let echo_ended = wait_for_end(echo);
    let wc_ended = wait_for_end(wc);
    echo_ended.and(wc_ended)
}

/// Makes the pipe and a child at each end of it. Who calls this holds no end of the pipe afterwards,
/// and if it fails there is no child left.
fn start_both() -> nix::Result<(Pid, Pid)> {
    // README.md, "In Rust", shows the calls, and "Task" the steps. A
    // child must never return from here: it becomes its program, or it
    // says why not and ends.
    todo!("make a pipe, start echo at its write end and wc at its read end, let go of both ends")
}

/// Sleeps until `child` has ended, and reaps it; asks again if a signal handler got in between.
fn wait_for_end(child: Pid) -> nix::Result<WaitStatus> {
    loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            answer => return answer,
        }
    }
}
