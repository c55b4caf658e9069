//! zombies: dead is not reaped. What is asked for stands in README.md, beside this `src`.

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
    // When has the child ended, for certain? README.md, "In Rust", shows
    // a call that sleeps until then and does not reap it.
    state_of(child)?;
    todo!("make sure that {child} is a zombie when you look at it, and say its state; then reap it")
}

/// Makes many children, and reaps them all: those there are, even if a fork fails in the middle.
fn leave_none_of_many() -> io::Result<()> {
    todo!("make {MANY} children, then reap {MANY}")
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

/// The state of a process: the letter after its name in /proc/PID/stat, which stands in
/// parentheses and may have some in it. `None` if there is no such process. See proc(5).
fn state_of(pid: Pid) -> io::Result<Option<char>> {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => Ok(stat.rsplit_once(") ").and_then(|(_, fields)| fields.chars().next())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
