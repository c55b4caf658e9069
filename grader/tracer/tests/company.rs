//! Runs do not disturb each other, nor the process in which they are made.

use crate::stage::*;
use grader_trace::Ending;
use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn child_that_exits(code: &str) -> Child {
    Command::new(specimen()).args(["exit", code]).spawn().expect("the specimen can be executed")
}

#[test]
fn eight_runs_at_once_and_other_children_do_not_disturb_each_other() {
    let mut dead_before = child_that_exits("41");
    let pid = Pid::from_raw(dead_before.id() as i32);
    waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).expect("it is our child");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for mode in ["bustle", "daemon", "four_threads", "zombie", "vfork", "orphan"] {
                    let trace = Stage::of(mode, &[]).run().trace;
                    let right = (&Ending::Finished, Some(exited(0)));
                    assert_eq!((trace.ending(), root_status(&trace)), right, "{mode}: {}", listing(&trace));
                }
                let mut between = child_that_exits("42");
                assert_eq!(between.wait().expect("nobody else has waited").code(), Some(42));
            });
        }
    });
    assert_eq!(dead_before.wait().expect("nobody else has waited").code(), Some(41));
}

/// Others in this process fork all the time, and their children hold copies of whatever is open just then: the ends of
/// pipes, too. No run waits for them.
#[test]
fn a_run_does_not_wait_for_the_copies_that_others_hold() {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let forker = scope.spawn(|| {
            let mut children = Vec::new();
            while !over.load(Ordering::Relaxed) && children.len() < 400 {
                children.push(fork_a_sleeper());
            }
            children
        });
        for _ in 0..10 {
            let recording = Stage::of("out_and_err", &[]).run();
            assert_eq!((recording.stdout.total, recording.stderr.total), (20, 7));
            assert!(matches!(
                Stage::program("/nowhere".as_ref(), &[]).trouble(),
                grader_tracer::Trouble::Program { .. }
            ));
        }
        over.store(true, Ordering::Relaxed);
        for child in forker.join().expect("the forker ends") {
            assert!(try_to_kill(child.as_raw()), "a sleeper has gone");
            nix::sys::wait::waitpid(child, None).expect("it is our child");
        }
    });
}

fn fork_a_sleeper() -> Pid {
    // SAFETY: the child of this threaded process makes nothing but one async-signal-safe call.
    match unsafe { libc::fork() } {
        0 => loop {
            // SAFETY: pause takes nothing.
            unsafe { libc::pause() };
        },
        pid => Pid::from_raw(pid),
    }
}

#[test]
fn a_caller_that_blocks_all_signals_still_has_its_limits() {
    let mut before = SigSet::empty();
    pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&SigSet::all()), Some(&mut before)).expect("a mask");
    let wall = Duration::from_millis(100);
    let trace = Stage::of("sleeps", &["1000000"]).limits(|limits| limits.wall = wall).run().trace;
    pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None).expect("a mask");
    assert_eq!(*trace.ending(), Ending::TimedOut);
}
