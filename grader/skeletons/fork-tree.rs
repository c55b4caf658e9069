//! fork-tree: children fork too. What is asked for stands in README.md, beside this `src`.

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use std::process::ExitCode;

/// What a process knows of its place in the tree.
#[derive(Debug, Default)]
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
    // Every process of the tree comes here, once.
    match grown {
        Ok(()) => println!("generation {}", me.generation),
        Err(errno) => eprintln!("fork-tree: cannot fork: {errno}"),
    }
    let all_went_well = reap(&me.children);
    if grown.is_ok() && all_went_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Forks once, and answers in both processes; `me` is then the place of whoever looks at it.
fn is_child(me: &mut Place) -> nix::Result<bool> {
    todo!("fork; the child is one generation further, and none of {:?} are its children", me.children)
}

/// Four processes, each the child of the one before.
fn chain(me: &mut Place) -> nix::Result<()> {
    let child = is_child(me)?;
    todo!("grow the chain: who goes on, if {child} tells whether I am the child?")
}

/// One process and its four children.
fn fan(me: &mut Place) -> nix::Result<()> {
    todo!("grow the fan, from {me:?}")
}

/// `fork(); fork(); fork();`
fn doubling(me: &mut Place) -> nix::Result<()> {
    todo!("double three times, from {me:?}")
}

/// The puzzle of README.md.
fn six(me: &mut Place) -> nix::Result<()> {
    todo!("grow the tree of the puzzle, from {me:?}")
}

/// Waits for these children; whether all of them ended with 0.
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
