//! exec: same process, other program. What is asked for stands in README.md, beside this `src`.
//!
//! The parent's side is there already: it is what you wrote in `wait`.

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getpid};
use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(file) = argument() else {
        eprintln!("usage: exec FILE");
        return ExitCode::from(2);
    };
    println!("hello world (pid:{})", getpid());

    // SAFETY: this process has one thread, so the copy holds no lock whose owner was left behind.
    match unsafe { fork() } {
        Ok(ForkResult::Parent { child }) => parent(child),
        Ok(ForkResult::Child) => child(&file),
        Err(errno) => {
            eprintln!("exec: cannot fork: {errno}");
            ExitCode::FAILURE
        }
    }
}

/// What the child does, and the status with which it ends if it is still this program then.
fn child(file: &CStr) -> ExitCode {
    println!("hello, I am child (pid:{})", getpid());

    // README.md, "In Rust", shows the call and what its argument vector
    // holds. "Task" says what the child does if the call comes back
    // after all.
    todo!("become `wc {}`", file.to_string_lossy())
}

/// Waits for the child and says how it ended.
fn parent(child: Pid) -> ExitCode {
    let status = loop {
        match waitpid(child, None) {
            Ok(status) => break status,
            Err(Errno::EINTR) => {}
            Err(errno) => {
                eprintln!("exec: cannot wait for {child}: {errno}");
                return ExitCode::FAILURE;
            }
        }
    };
    if let Some(wc) = status.pid() {
        println!("hello, I am parent of {child} (wc:{wc}) (pid:{})", getpid());
    }
    match status {
        WaitStatus::Exited(_, code) => u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from),
        WaitStatus::Signaled(_, signal, _) => ExitCode::from(128 + signal as u8),
        _ => ExitCode::FAILURE,
    }
}

/// The only argument, as C has its strings: with a zero byte at the end. `None` if there is not
/// exactly one.
fn argument() -> Option<CString> {
    let mut arguments = std::env::args_os().skip(1);
    let file = arguments.next().filter(|_| arguments.next().is_none())?;
    CString::new(file.into_vec()).ok()
}
