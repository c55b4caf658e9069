//! zombies: dead is not reaped.
//!
//! When a process ends, its memory and its descriptors go. What stays is an entry in the kernel's
//! table, with the PID and the exit status, until the parent asks for that: a zombie. To see one, the
//! parent must know that the child has ended, and must not have asked yet in the way that reaps.

use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use std::fs;
use std::io;
use std::process::{ExitCode, exit};

/// How many children there are in the second part.
const MANY: usize = 10;

fn main() -> ExitCode {
    match look_at_a_zombie().and_then(|()| leave_none_of_many()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("zombies: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Makes a zombie, says its state, reaps it, and says that it is gone.
fn look_at_a_zombie() -> io::Result<()> {
    let child = short_lived_child()?;
    wait_for_end(child, WaitPidFlag::WNOWAIT)?;
    if let Some(state) = state_of(child)? {
        println!("zombie {child}: state {state}");
    }
    wait_for_end(child, WaitPidFlag::empty())?;
    if state_of(child)?.is_none() {
        println!("zombie {child}: gone");
    }
    Ok(())
}

/// Makes many children, and reaps them all: those there are, even if a fork fails in the middle.
fn leave_none_of_many() -> io::Result<()> {
    let mut children = Vec::new();
    let mut made = Ok(());
    while made.is_ok() && children.len() < MANY {
        match short_lived_child() {
            Ok(child) => children.push(child),
            Err(error) => made = Err(error),
        }
    }
    for child in &children {
        reap(*child)?;
    }
    made?;
    println!("reaped: {}", children.len());
    Ok(())
}

/// A child that ends at once.
fn short_lived_child() -> io::Result<Pid> {
    // SAFETY: this process has one thread, so the copy holds no lock whose owner was left behind.
    match unsafe { fork() } {
        Ok(ForkResult::Parent { child }) => Ok(child),
        Ok(ForkResult::Child) => exit(0),
        Err(errno) => Err(io::Error::other(format!("cannot fork: {errno}"))),
    }
}

/// Sleeps until `child` has ended. With WNOWAIT it stays a zombie, otherwise it is reaped.
fn wait_for_end(child: Pid, how: WaitPidFlag) -> nix::Result<WaitStatus> {
    loop {
        match waitid(Id::Pid(child), WaitPidFlag::WEXITED | how) {
            Err(Errno::EINTR) => {}
            answer => return answer,
        }
    }
}

/// Sleeps until `child` has ended, and reaps it.
fn reap(child: Pid) -> nix::Result<WaitStatus> {
    loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            answer => return answer,
        }
    }
}

/// The state of a process: the letter after its name in /proc/PID/stat, which stands in
/// parentheses and may have some in it. `None` if there is no such process. See proc(5).
fn state_of(pid: Pid) -> io::Result<Option<char>> {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => Ok(stat.rsplit_once(") ").and_then(|(_, fields)| fields.chars().next())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
