//! exec: same process, other program.
//!
//! The child's PID, its parent and its open descriptors stay what they were; its memory, and this
//! program in it, is thrown away. So the code behind the call runs only if the call fails.
//!
//! `redirect` comes next: it changes a descriptor between fork and exec.

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, execvp, fork, getpid};
use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

/// What a shell answers for a command that it could not start.
const NOT_STARTED: u8 = 127;

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

fn child(file: &CStr) -> ExitCode {
    // A complete line has left Rust's buffer. Text still in it would be lost: exec keeps no memory.
    println!("hello, I am child (pid:{})", getpid());

    // The first string is the new program's name for itself. The p in execvp: search along PATH.
    // There is no value for success, so this pattern has nothing else to match. See execve(2).
    let Err(errno) = execvp(c"wc", &[c"wc", file]);

    // Still here, so still this program, in a second process that must not go on as if it were
    // the first one.
    eprintln!("exec: cannot run wc: {errno}");
    ExitCode::from(NOT_STARTED)
}

/// Waits for the child and tells how it ended, in words and by the exit status.
fn parent(child: Pid) -> ExitCode {
    let status = match wait_for_end(child) {
        Ok(status) => status,
        Err(errno) => {
            eprintln!("exec: cannot wait for {child}: {errno}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(wc) = status.pid() {
        println!("hello, I am parent of {child} (wc:{wc}) (pid:{})", getpid());
    }
    match status {
        // wc's own status, or 127 from the child above: 1, for one, if wc found no such file.
        WaitStatus::Exited(_, code) => u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from),
        WaitStatus::Signaled(_, signal, _) => ExitCode::from(128 + signal as u8),
        _ => ExitCode::FAILURE,
    }
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

/// The only argument, as C has its strings: with a zero byte at the end.
fn argument() -> Option<CString> {
    let mut arguments = std::env::args_os().skip(1);
    let file = arguments.next().filter(|_| arguments.next().is_none())?;
    CString::new(file.into_vec()).ok()
}
