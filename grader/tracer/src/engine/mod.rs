//! The loop: one thread waits for stops of all tasks of a run and answers each.
//!
//! ```text
//! waitpid ─▶ Report ─▶ dispatch ─┬─ calls.rs    a call begins, returns, is interrupted
//!    ▲                           ├─ births.rs   a task is born, execs
//!    │                           ├─ ends.rs     a task ends, and is let go
//!    └────────── resume ◀────────┴─ signals.rs  a signal, a stop, a continuation
//! ```
//!
//! Between reports, a tick looks at the clock and at tasks that stand still.
//!
//! Invariants: a task is let go (detached) at its exit event, before anybody can
//! wait for it, so that its parent and every pidfd see what they would see without
//! a tracer. Any request may find its task gone, at any time; that is never an error.

mod births;
mod calls;
mod ends;
mod fault;
mod orphans;
mod pace;
mod recorder;
mod rest;
mod signals;
mod snapshot;
mod task;
mod time;
mod waits;

use crate::launch::{Cancel, Launch, Stdin};
use crate::recording::Recording;
use crate::sys::clock::Tick;
use crate::sys::process;
use crate::sys::ptrace::{self, Resume, still_there};
use crate::sys::wait::{News, Report, Reports};
use crate::trouble::Trouble;
use fault::Faults;
use grader_trace::{Ending, ExitStatus, Header, Object, Pid, Text, Trace};
use libc::pid_t;
use orphans::Orphans;
use pace::Pacer;
use recorder::Recorder;
use std::collections::{HashMap, HashSet};
use std::os::unix::ffi::OsStrExt;
use std::time::Instant;
use task::{Live, Task};
use time::Clock;

/// A run under way.
pub(crate) struct Engine<'a> {
    launch: &'a Launch,
    cancel: &'a Cancel,
    root: pid_t,
    reports: Reports,
    /// Device and inode of the program that was started, to know it again after an exec.
    program: Option<(u64, u64)>,
    /// What the run's standard input is, if others hold it too.
    outside: Option<String>,
    /// The root has made its exec.
    started: bool,
    live: Live,
    /// Tasks that stopped before their creator's event told of them.
    strangers: HashMap<pid_t, Stranger>,
    /// Children of this thread that have been let go at their exit event, and are not reaped yet.
    own_children: HashSet<pid_t>,
    recorder: Recorder,
    pacer: Pacer,
    faults: Faults,
    orphans: Orphans,
    clock: Clock,
    /// Why everything is being killed, if it is.
    killing: Option<Ending>,
}

impl<'a> Engine<'a> {
    /// An engine for a child that has just been seized.
    pub(crate) fn new(launch: &'a Launch, cancel: &'a Cancel, root: pid_t) -> Result<Engine<'a>, Trouble> {
        let tick = Tick::start(time::TICK)
            .map_err(|error| Trouble::System { operation: "starting a timer (timer_create)", error })?;
        let mut live = Live::default();
        let mut task = Task::new(grader_trace::TaskId::ROOT, root, root, 0);
        task.fresh = false;
        live.insert(task);
        Ok(Engine {
            launch,
            cancel,
            root,
            reports: Reports::default(),
            program: None,
            outside: (launch.stdin == Stdin::Inherit)
                .then(|| process::descriptor_name(std::process::id() as pid_t, 0).unwrap_or_default()),
            started: false,
            live,
            strangers: HashMap::new(),
            own_children: HashSet::new(),
            recorder: Recorder::new(root, &launch.limits),
            pacer: Pacer::new(launch.plan.pace),
            faults: Faults::new(&launch.plan.faults),
            orphans: Orphans::default(),
            clock: Clock::new(tick),
            killing: None,
        })
    }

    /// Follows the run to its end. Whether the program was ever executed.
    pub(crate) fn run(&mut self) -> Result<bool, Trouble> {
        loop {
            match self.reports.next() {
                Ok(News::Of(pid, report)) => self.dispatch(pid, report)?,
                Ok(News::Interrupted) => {}
                Ok(News::Nobody) => break,
                Err(error) => {
                    return Err(Trouble::System { operation: "waiting for the program (waitpid)", error });
                }
            }
            self.look_at_the_clock()?;
        }
        Ok(self.started)
    }

    /// Reaps what is left and puts the trace together.
    pub(crate) fn finish(mut self, terminal: Option<String>, output: [crate::Captured; 2]) -> Recording {
        self.abandon_the_living();
        self.orphans.finish();
        let wall = self.recorder.elapsed();
        let text = |word: &std::ffi::OsStr| Text::from(word.as_bytes());
        let header = Header {
            program: text(self.launch.program.as_os_str()),
            argv: self.launch.argv.iter().map(|arg| text(arg)).collect(),
            pid: Pid(self.root),
            descriptors: vec![
                (
                    grader_trace::Fd(0),
                    Object::File(Text::from(self.outside.as_deref().unwrap_or("/dev/null"))),
                ),
                (grader_trace::Fd(1), Object::Stdout),
                (grader_trace::Fd(2), Object::Stderr),
            ],
            terminal: terminal.map(Text::from),
        };
        let ending = self.killing.unwrap_or(Ending::Finished);
        let [stdout, stderr] = output;
        Recording {
            trace: Trace::new(header, self.recorder.events, ending),
            stdout,
            stderr,
            snapshots: self.recorder.snapshots,
            dropped: self.recorder.dropped,
            wall,
        }
    }

    fn dispatch(&mut self, pid: pid_t, report: Report) -> Result<(), Trouble> {
        if let Report::Ended(status) = report {
            return self.has_ended(pid, status);
        }
        if report == Report::Event(libc::PTRACE_EVENT_EXEC) {
            self.has_become_leader(pid)?;
        }
        if self.killing.is_some() && report != Report::Event(libc::PTRACE_EVENT_EXIT) {
            // Nothing goes on any more. What is stopped dies of this too.
            process::kill(pid, libc::SIGKILL);
            return Ok(());
        }
        if self.live.get(pid).is_none() {
            return self.stranger(pid, report == Report::Event(libc::PTRACE_EVENT_EXIT));
        }
        match report {
            Report::Event(libc::PTRACE_EVENT_SECCOMP) => self.enters_call(pid),
            Report::Syscall => self.at_call_boundary(pid),
            Report::Event(libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE) => {
                self.has_created(pid)
            }
            Report::Event(libc::PTRACE_EVENT_EXEC) => self.has_execed(pid),
            Report::Event(libc::PTRACE_EVENT_EXIT) => self.is_ending(pid),
            Report::Signal(signal) => self.gets_signal(pid, signal),
            Report::GroupStop(signal) => self.stops(pid, signal),
            Report::Trap => self.is_trapped(pid),
            Report::Event(_) => self.go_on(pid),
            Report::Ended(_) => Ok(()),
        }
    }

    /// Lets a task go on to the next stop that it needs to make.
    fn go_on(&mut self, pid: pid_t) -> Result<(), Trouble> {
        self.go_on_with(pid, 0)
    }

    fn go_on_with(&mut self, pid: pid_t, signal: i32) -> Result<(), Trouble> {
        let how = match self.live.get_mut(pid) {
            Some(task) if task.wants_returns() => Resume::ToSyscall,
            Some(task) => {
                task.in_call = false;
                Resume::Free
            }
            None => Resume::Free,
        };
        self.resume(pid, how, signal)
    }

    fn resume(&self, pid: pid_t, how: Resume, signal: i32) -> Result<(), Trouble> {
        still_there("letting a task go on (ptrace)", ptrace::resume(pid, how, signal)).map(drop)
    }

    /// Ends the run: everything that is alive is killed, and whatever stops from now on as well.
    fn kill_all(&mut self, ending: Ending) {
        self.killing.get_or_insert(ending);
        for pid in self.live.processes() {
            process::kill(pid, libc::SIGKILL);
        }
        self.kill_strangers();
    }

    fn kill_strangers(&self) {
        for (pid, _) in self.strangers.iter().filter(|(_, stranger)| **stranger == Stranger::Stands) {
            process::kill(*pid, libc::SIGKILL);
        }
    }
}

/// A task that reported before its creator's event told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stranger {
    /// It stands at its first stop.
    Stands,
    /// It was killed.
    Ended(ExitStatus),
}

/// Device and inode of a file.
fn identity(path: impl AsRef<std::path::Path>) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let data = std::fs::metadata(path).ok()?;
    Some((data.dev(), data.ino()))
}

/// The moment from which something has lasted.
type Since = Option<Instant>;
