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
mod child_signals;
mod ends;
pub(crate) mod fault;
mod leaving;
pub(crate) mod loader;
mod orphans;
mod pace;
mod recorder;
mod rest;
mod signals;
pub(crate) mod snapshot;
mod task;
mod time;
mod waits;

use crate::launch::{Cancel, Launch, Stdin};
use crate::recording::{Captured, Recording};
use crate::sys::clock::Tick;
use crate::sys::process;
use crate::sys::ptrace::{self, Resume, still_there};
use crate::sys::wait::{News, Report, Reports};
use crate::trouble::Trouble;
use child_signals::ChildSignals;
use fault::Faults;
use grader_trace::sorted::{SortedMap, SortedSet};
use grader_trace::{Ending, ExitStatus, Header, Object, Pid, TaskId, Text, Trace};
use leaving::Leaving;
use libc::pid_t;
use loader::{Image, Loaders};
use orphans::Orphans;
use pace::Pacer;
#[cfg(feature = "controlled")]
pub(crate) use recorder::Begun;
pub(crate) use recorder::Recorder;
use rest::Outside;
use std::os::unix::ffi::OsStrExt;
use std::time::Instant;
use task::{Live, Task};
use time::Clock;

/// Whether a run has come to the program's first instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Executed {
    Yes,
    No,
}

/// A run under way.
pub(crate) struct Engine<'a> {
    launch: &'a Launch,
    cancel: &'a Cancel,
    root: pid_t,
    reports: Reports,
    /// The program that was started, to know it again after an exec.
    program: Option<Image>,
    loaders: Loaders,
    /// The root has made its exec.
    started: bool,
    live: Live,
    /// Tasks that stopped before their creator's event told of them.
    strangers: SortedMap<pid_t, Stranger>,
    /// Children of this thread that have been let go at their exit event, and are not reaped yet.
    own_children: SortedSet<pid_t>,
    recorder: Recorder,
    pacer: Pacer,
    faults: Faults,
    orphans: Orphans,
    child_signals: ChildSignals,
    leaving: Leaving,
    outside: Outside,
    clock: Clock,
    /// Why everything is being killed, if it is.
    killing: Option<Ending>,
}

impl<'a> Engine<'a> {
    /// An engine for children of the calling thread. `outputs` are the names of what the tracer collects.
    pub(crate) fn new(
        launch: &'a Launch,
        cancel: &'a Cancel,
        outputs: Vec<String>,
    ) -> Result<Engine<'a>, Trouble> {
        let tick = Tick::new()
            .map_err(|error| Trouble::System { operation: "starting a timer (timer_create)", error })?;
        let input = (launch.stdin == Stdin::Inherit)
            .then(|| process::descriptor_name(std::process::id() as pid_t, 0).unwrap_or_default());
        Ok(Engine {
            launch,
            cancel,
            root: 0,
            reports: Reports::default(),
            program: None,
            loaders: Loaders::default(),
            started: false,
            live: Live::default(),
            strangers: SortedMap::new(),
            own_children: SortedSet::new(),
            recorder: Recorder::new(&launch.limits),
            pacer: Pacer::new(launch.plan.pace),
            faults: Faults::new(&launch.plan.faults),
            orphans: Orphans::default(),
            child_signals: ChildSignals::new(launch.watch),
            leaving: Leaving::default(),
            outside: Outside { input, outputs },
            clock: Clock::new(tick),
            killing: None,
        })
    }

    /// Follows a child that has just been seized, and all that come of it, to the end.
    pub(crate) fn run(&mut self, root: pid_t) -> Result<Executed, Trouble> {
        self.root = root;
        self.live.insert(Task { fresh: false, ..Task::new(TaskId::ROOT, root, root, 0) });
        self.recorder.names_root(root);
        self.clock.start()?;
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
        // Who calls a run off, or whose time is up, before the program has begun, is not told of a failure.
        let begun = self.started || self.killing.is_some();
        Ok(if begun { Executed::Yes } else { Executed::No })
    }

    /// Reaps what is left and puts the trace together.
    pub(crate) fn finish(mut self, terminal: Option<String>) -> Recording {
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
                    Object::File(Text::from(self.outside.input.as_deref().unwrap_or("/dev/null"))),
                ),
                (grader_trace::Fd(1), Object::Stdout),
                (grader_trace::Fd(2), Object::Stderr),
            ],
            terminal: terminal.map(Text::from),
        };
        let ending = self.killing.unwrap_or(Ending::Finished);
        Recording {
            trace: Trace::new(header, self.recorder.events, ending),
            stdout: Captured::default(),
            stderr: Captured::default(),
            snapshots: self.recorder.snapshots,
            dropped: self.recorder.dropped,
            wall,
        }
    }

    /// Ends a run that cannot be followed any more: kills and reaps whatever there is, and cares for nothing else.
    pub(crate) fn abandon(mut self) {
        self.kill_all(Ending::Cancelled);
        loop {
            match self.reports.next() {
                Ok(News::Of(pid, Report::Ended(_))) => self.orphans.strays(pid),
                Ok(News::Of(pid, _)) => {
                    process::kill(pid, libc::SIGKILL);
                    // Out of the exit event, too. A task that is gone by now is none to care for.
                    let _ = ptrace::resume(pid, Resume::Free, 0);
                }
                Ok(News::Interrupted) => {}
                Ok(News::Nobody) | Err(_) => break,
            }
        }
        self.orphans.finish();
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
            Report::Event(libc::PTRACE_EVENT_VFORK_DONE) => self.has_done_vfork(pid),
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

/// The moment from which something has lasted.
type Since = Option<Instant>;
