//! pipe: `echo hello world | wc`, without a shell.
//!
//! wc counts until it reads the end of its input. A pipe has an end when *nobody* holds its write
//! end any more: not echo, not wc itself, not the parent. Every copy that fork made must be closed.

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, dup2_stdin, dup2_stdout, execvp, fork, pipe2};
use std::convert::Infallible;
use std::ffi::CStr;
use std::process::ExitCode;

/// What a shell answers for a command that it could not start.
const NOT_STARTED: i32 = 127;

fn main() -> ExitCode {
    match pipeline() {
        Ok(WaitStatus::Exited(_, code)) => u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from),
        Ok(WaitStatus::Signaled(_, signal, _)) => ExitCode::from(128 + signal as u8),
        Ok(other) => {
            eprintln!("pipe: wc has not ended: {other:?}");
            ExitCode::FAILURE
        }
        Err(errno) => {
            eprintln!("pipe: cannot run echo and wc: {errno}");
            ExitCode::FAILURE
        }
    }
}

/// Runs both stages and answers how the last one ended, as a shell does.
fn pipeline() -> nix::Result<WaitStatus> {
    // Close-on-exec: what a child keeps is the copy that it makes as 0 or 1, and no other.
    let (reader, writer) = pipe2(OFlag::O_CLOEXEC)?;
    let echo = start(&[c"echo", c"hello", c"world"], || dup2_stdout(&writer))?;
    let wc = start(&[c"wc"], || dup2_stdin(&reader));

    // Before any wait: with our own write end open, wc would wait for us, and we for wc. Our read
    // end goes too, so that echo cannot get stuck in a pipe that nobody will empty.
    drop(writer);
    drop(reader);

    // echo is ours to reap even if there is no wc.
    let echo_ended = wait_for_end(echo);
    let wc_ended = wc.and_then(wait_for_end);
    echo_ended.and(wc_ended)
}

/// Makes a child that connects its descriptors and becomes the program `argv[0]`.
fn start(argv: &[&CStr], connect: impl FnOnce() -> nix::Result<()>) -> nix::Result<Pid> {
    // SAFETY: this process has one thread, so the copy holds no lock whose owner was left behind.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let Err(errno) = connect().and_then(|()| become_program(argv));
            // As one piece: the other child may have something to say at the same moment.
            let message = format!("pipe: cannot run {}: {errno}\n", argv[0].to_string_lossy());
            eprint!("{message}");
            // SAFETY: ends this process at once; no destructor and no exit handler is owed anything.
            unsafe { libc::_exit(NOT_STARTED) }
        }
    }
}

fn become_program(argv: &[&CStr]) -> nix::Result<Infallible> {
    // Rust programs start with SIGPIPE ignored, and that would last through exec. A program whose
    // reader has gone shall end quietly, as it does under a shell. See signal(7).
    // SAFETY: the default action is no function of ours that could do something unsafe.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }?;
    execvp(argv[0], argv)
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
