//! fork-tree: children fork too.
//!
//! After a fork two processes come to the next line, with the same plans. What tree grows is
//! decided by who of them goes on to the next fork: the child (a chain), the parent (a fan), or
//! both (a doubling).
//!
//! Each process keeps a list of its own children, since nobody else can wait for them. fork copies
//! the list like everything else; what the child finds there are its siblings.

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use std::process::ExitCode;

/// What a process knows of its place in the tree.
#[derive(Default)]
struct Place {
    /// How many forks it is from the first process.
    generation: u32,
    /// Its own children.
    children: Vec<Pid>,
}

fn main() -> ExitCode {
    let mut me = Place::default();
    let grown = match std::env::args().nth(1).as_deref() {
        Some("chain") => chain(&mut me),
        Some("fan") => fan(&mut me),
        Some("doubling") => doubling(&mut me),
        Some("six") => six(&mut me),
        _ => {
            eprintln!("fork-tree: which tree? chain, fan, doubling or six");
            return ExitCode::from(2);
        }
    };
    // Every process of the tree comes here, once. Where a fork failed, there is half a tree, and
    // what there is of it is reaped all the same.
    match grown {
        Ok(()) => println!("generation {}", me.generation),
        Err(errno) => eprintln!("fork-tree: cannot fork: {errno}"),
    }
    let all_went_well = reap(&me.children);
    if grown.is_ok() && all_went_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Forks once, and answers in both processes; `me` is then the place of whoever looks at it.
fn is_child(me: &mut Place) -> nix::Result<bool> {
    // SAFETY: this process has one thread, so the copy holds no lock whose owner was left behind.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => {
            me.children.push(child);
            Ok(false)
        }
        ForkResult::Child => {
            me.generation += 1;
            me.children.clear();
            Ok(true)
        }
    }
}

/// Four processes, each the child of the one before: only the child goes on.
fn chain(me: &mut Place) -> nix::Result<()> {
    for _ in 0..3 {
        if !is_child(me)? {
            break;
        }
    }
    Ok(())
}

/// One process and its four children: only the parent goes on.
fn fan(me: &mut Place) -> nix::Result<()> {
    for _ in 0..4 {
        if is_child(me)? {
            break;
        }
    }
    Ok(())
}

/// `fork(); fork(); fork();`: everybody goes on.
fn doubling(me: &mut Place) -> nix::Result<()> {
    for _ in 0..3 {
        is_child(me)?;
    }
    Ok(())
}

/// The puzzle. Of the four who come to the `if`, one was the parent first and the child then.
fn six(me: &mut Place) -> nix::Result<()> {
    let child_of_first = is_child(me)?;
    let child_of_second = is_child(me)?;
    if !child_of_first && child_of_second && !is_child(me)? {
        is_child(me)?;
    }
    Ok(())
}

/// Waits for these children; whether all of them ended with 0.
///
/// A parent asks for its own children only. That something went wrong further down it learns
/// because every process passes it on in its own exit status.
fn reap(children: &[Pid]) -> bool {
    let mut all_went_well = true;
    for child in children {
        match wait_for_end(*child) {
            Ok(WaitStatus::Exited(_, 0)) => {}
            how => {
                eprintln!("fork-tree: {child} did not end well: {how:?}");
                all_went_well = false;
            }
        }
    }
    all_went_well
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
