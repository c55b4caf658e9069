//! redirect: `cat SOURCE > TARGET`, without a shell.
//!
//! cat writes to descriptor 1, whatever that is. Between fork and exec the child makes it TARGET:
//! cat never learns of it, and the parent's own descriptor 1 stays as it was.

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, dup2_stdout, execvp, fork};
use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

/// What a shell answers for a command that it could not start.
const NOT_STARTED: u8 = 127;

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

fn child(source: &CStr, target: &CStr) -> ExitCode {
    if let Err(errno) = redirect_stdout(target) {
        eprintln!("redirect: cannot write to {}: {errno}", target.to_string_lossy());
        return ExitCode::FAILURE;
    }
    let Err(errno) = execvp(c"cat", &[c"cat", source]);
    // Descriptor 1 is TARGET by now. Descriptor 2 still leads to somebody who should read this.
    eprintln!("redirect: cannot run cat: {errno}");
    ExitCode::from(NOT_STARTED)
}

/// What a shell does for `> target`.
fn redirect_stdout(target: &CStr) -> nix::Result<()> {
    // All may read and write it, less what the umask takes away: it is the user's word, not ours.
    let everybody = Mode::from_bits_truncate(0o666);
    // O_CLOEXEC goes with this one number, say 3, and not with the file: the copy in 1 stays open.
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_TRUNC | OFlag::O_CLOEXEC;
    let file = open(target, flags, everybody)?;
    // Closes what 1 was and makes it another name for the open file. See dup(2).
    dup2_stdout(&file)
}

/// Waits for the child and passes on how it ended.
fn parent(child: Pid) -> ExitCode {
    match wait_for_end(child) {
        Ok(WaitStatus::Exited(_, code)) => u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from),
        Ok(WaitStatus::Signaled(_, signal, _)) => ExitCode::from(128 + signal as u8),
        Ok(other) => {
            eprintln!("redirect: the child has not ended: {other:?}");
            ExitCode::FAILURE
        }
        Err(errno) => {
            eprintln!("redirect: cannot wait for {child}: {errno}");
            ExitCode::FAILURE
        }
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

/// The two arguments, as C has its strings: with a zero byte at the end.
fn arguments() -> Option<[CString; 2]> {
    let strings: Result<Vec<CString>, _> =
        std::env::args_os().skip(1).map(|argument| CString::new(argument.into_vec())).collect();
    strings.ok()?.try_into().ok()
}
