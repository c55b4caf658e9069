//! A grader that is told to end, or is killed: nothing of it stays, and it says nothing that it does not know.

use crate::place::Place;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A program that has to be ended by others.
const NEVER_ENDS: &str = "fn main() { loop { std::thread::park(); } }\n";

/// A course, a folder for temporary files, and a grader at work in it.
struct Work {
    place: Place,
    temporary: PathBuf,
    grader: Child,
}

impl Work {
    /// A check of a program that never ends, which has begun.
    fn checking() -> Work {
        let place = Place::new();
        fs::write(place.source("hello"), NEVER_ENDS).expect("writable");
        let work = Work::start(place, |_| {});
        until("a run has begun", || !entries(&work.temporary).is_empty());
        until("the program runs", || !inside(&work.temporary).is_empty());
        work
    }

    /// A build that takes for ever, and the PID of a process that cargo has started for it.
    fn building() -> (Work, u32) {
        let place = Place::new();
        let cargo = place.path("cargo");
        fs::write(&cargo, "#!/bin/sh\nsleep 1000 &\necho $! > pid.new\nmv pid.new pid\nwait\n")
            .expect("writable");
        fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("our own file");
        let work = Work::start(place, |grader| {
            grader.env("CARGO", &cargo);
        });
        let file = work.place.path("pid");
        until("cargo has started a compiler", || file.exists());
        let pid = fs::read_to_string(file).expect("just written").trim().parse().expect("a PID");
        (work, pid)
    }

    fn start(place: Place, prepare: impl FnOnce(&mut Command)) -> Work {
        let temporary = place.path("temporary");
        fs::create_dir(&temporary).expect("writable");
        let mut grader = place.grader(&["check", "hello"]);
        grader.env("TMPDIR", &temporary).stdout(Stdio::null()).stderr(Stdio::null());
        prepare(&mut grader);
        // Who is started by nohup ignores SIGHUP, and so would the grader.
        // SAFETY: what is called between fork and exec is signal(2), which is async-signal-safe.
        unsafe { grader.pre_exec(heed_a_hangup) };
        let grader = grader.spawn().expect("the grader starts");
        Work { place, temporary, grader }
    }

    /// Keeps the grader from going on.
    fn stop(&self) {
        let pid = self.grader.id();
        // SAFETY: kill takes two numbers; the grader has not been waited for, so that the PID is its own.
        assert_eq!(unsafe { libc::kill(pid as i32, libc::SIGSTOP) }, 0);
        until("all of the grader has stopped", || {
            entries(Path::new(&format!("/proc/{pid}/task"))).iter().all(|thread| state(thread) == Some('T'))
        });
    }

    /// Sends a signal, and waits for the end.
    fn end_by(&mut self, signal: i32) -> ExitStatus {
        // SAFETY: kill takes two numbers; the grader has not been waited for, so that the PID is its own.
        assert_eq!(unsafe { libc::kill(self.grader.id() as i32, signal) }, 0);
        self.grader.wait().expect("a child of ours")
    }
}

fn heed_a_hangup() -> io::Result<()> {
    // SAFETY: the default disposition needs no function.
    match unsafe { libc::signal(libc::SIGHUP, libc::SIG_DFL) } {
        libc::SIG_ERR => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Waits for something that is bound to come.
fn until(what: &str, happened: impl Fn() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < Duration::from_secs(60), "after a minute it is still not true that {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
}

/// The processes whose working directory lies in a folder, or did until it was removed.
fn inside(folder: &Path) -> Vec<PathBuf> {
    let works_there = |process: &PathBuf| {
        fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder) && cwd != folder)
    };
    entries(Path::new("/proc")).into_iter().filter(works_there).collect()
}

/// The state of a task, by its folder in /proc; `None` if it is gone. See proc_pid_stat(5).
fn state(task: &Path) -> Option<char> {
    fs::read_to_string(task.join("stat")).ok()?.rsplit(") ").next()?.chars().next()
}

fn is_alive(pid: u32) -> bool {
    state(Path::new(&format!("/proc/{pid}"))).is_some_and(|state| !['Z', 'X'].contains(&state))
}

#[test]
fn whoever_asks_it_to_end_gets_an_end_without_leftovers_and_without_a_verdict() {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT] {
        let mut work = Work::checking();
        assert_eq!(work.end_by(signal).signal(), Some(signal), "it ends as the signal would have ended it");
        assert_eq!(entries(&work.temporary), [] as [PathBuf; 0]);
        assert_eq!(inside(&work.temporary), [] as [PathBuf; 0]);
        assert!(!work.place.path(".forklings/progress.json").exists(), "half of the runs are no verdict");
    }
}

#[test]
fn what_cargo_has_started_ends_with_the_grader() {
    let (mut work, compiler) = Work::building();
    assert_eq!(work.end_by(libc::SIGTERM).signal(), Some(libc::SIGTERM));
    until("the compiler is gone", || !is_alive(compiler));
}

#[test]
fn what_a_killed_grader_leaves_is_removed_by_the_next_one() {
    let mut work = Work::checking();
    assert_eq!(work.end_by(libc::SIGKILL).signal(), Some(libc::SIGKILL));
    until("the program is gone", || inside(&work.temporary).is_empty());
    assert_ne!(entries(&work.temporary), [] as [PathBuf; 0]);
    let mut next = work.place.grader(&["check", "hello", "--program", "/bin/true"]);
    next.env("TMPDIR", &work.temporary).output().expect("the grader starts");
    assert_eq!(entries(&work.temporary), [] as [PathBuf; 0]);
}

#[test]
fn a_grader_takes_no_folder_away_from_another_one_at_work() {
    let mut work = Work::checking();
    // However long the other one takes: this one does not come to an end meanwhile.
    work.stop();
    let in_use = entries(&work.temporary);
    let mut other = work.place.grader(&["check", "hello", "--program", "/bin/true"]);
    other.env("TMPDIR", &work.temporary).output().expect("the grader starts");
    assert!(in_use.iter().any(|folder| folder.is_dir()), "{in_use:?}");
    work.end_by(libc::SIGKILL);
}
