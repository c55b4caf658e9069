//! redirect: a program writes to a number. What is asked for stands in README.md, beside this `src`.
//!
//! Fork and wait are there already; exec you know from the exercise before.

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some([source, target]) = arguments() else {
        eprintln!("usage: redirect SOURCE TARGET");
        return ExitCode::from(2);
    };

    // SAFETY: this process has one thread, so the copy holds no lock whose owner was left behind.
    match unsafe { fork() } {
        Ok(ForkResult::Parent { child }) => parent(child),
        Ok(ForkResult::Child) => child(&source, &target),
        Err(errno) => {
            eprintln!("redirect: cannot fork: {errno}");
            ExitCode::FAILURE
        }
    }
}

/// What the child does, and the status with which it ends if it is still this program then.
fn child(source: &CStr, target: &CStr) -> ExitCode {
    // README.md, "In Rust", shows the calls and their flags. "Task"
    // says which permissions, and what the child does if a call fails.
    todo!("open {target:?} for writing, make it descriptor 1, become cat with {source:?}")
}

/// Waits for the child and passes on how it ended.
fn parent(child: Pid) -> ExitCode {
    let status = loop {
        match waitpid(child, None) {
            Ok(status) => break status,
            Err(Errno::EINTR) => {}
            Err(errno) => {
                eprintln!("redirect: cannot wait for {child}: {errno}");
                return ExitCode::FAILURE;
            }
        }
    };
    match status {
        WaitStatus::Exited(_, code) => u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from),
        WaitStatus::Signaled(_, signal, _) => ExitCode::from(128 + signal as u8),
        _ => ExitCode::FAILURE,
    }
}

/// The two arguments, as C has its strings: with a zero byte at the end. `None` if there are not
/// exactly two.
fn arguments() -> Option<[CString; 2]> {
    let strings: Result<Vec<CString>, _> =
        std::env::args_os().skip(1).map(|argument| CString::new(argument.into_vec())).collect();
    strings.ok()?.try_into().ok()
}
