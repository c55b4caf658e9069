//! The machine that the explorer drives: a program is started again, its tasks stand before calls, one call is made.

use super::calls::How;
use super::elsewhere::Elsewhere;
use super::identity;
use super::server::Template;
use super::standing::{At, Standing};
use super::watch::Watch;
use crate::engine::Recorder;
use crate::engine::fault::Faults;
use crate::filter::Filter;
use crate::launch::{Cancel, Launch, Stdout};
use crate::output::Drain;
use crate::start::{self, Counter, Streams};
use crate::sys::clock::Tick;
use crate::sys::processor::{self, Kept};
use crate::sys::ptrace::{self, Resume};
use crate::sys::wait::Report;
use crate::sys::{process, wait};
use crate::{arch, trouble};
use grader_explorer::{Act, Assumption, Choice, Fault, Frontier, Machine, Pending, Readiness, Step, Trouble};
use grader_trace::order::{Moved, Overdue};
use grader_trace::sorted::SortedMap;
use grader_trace::world::timers::MOST;
use grader_trace::world::{Ask, World};
use grader_trace::{CloneFlags, Errno, Fd, Object, Pid, TaskId, TaskPath, Text};
use libc::pid_t;
use std::time::Duration;

/// How often a task that does not report is looked after.
const TICK: Duration = Duration::from_millis(100);

/// What the world takes for granted of programs and of the kernel.
const ASSUMPTIONS: [&str; 5] = [
    "signals arrive between operations that others could notice",
    "whoever ends after its parent is reaped at once",
    "whoever is ended by a signal that it has caused itself closes its descriptors and ends at once",
    "no file is used under two names, and nobody else changes files or sends signals",
    "how the bytes in a pipe are spread over its pages decides nothing, even once 32 KiB went through it",
];

/// What it takes for granted besides, if there are threads.
const THREADS: [&str; 5] = [
    "what a thread writes to memory, all see at once, in the order in which it is written",
    "an instruction reads or writes all its bytes at once",
    "functions of libraries that are called by pointers touch nothing that threads share",
    "locks and joins of the C library and of Rust's standard library do what they promise, and so do both with what they \
     keep about threads for themselves",
    "nobody writes to what the linker has made read-only",
];

/// What a step did, besides what it touched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deed {
    /// The tasks that it created.
    pub births: Vec<TaskPath>,
    /// What it wrote to the run's standard output.
    pub output: Vec<u8>,
    /// Sleepers that it woke.
    pub woken: Vec<TaskPath>,
}

/// Makes the world of an execution the same as that of all others: an empty working directory, say.
pub type Fresh<'a> = Box<dyn FnMut() -> std::io::Result<()> + 'a>;

/// A program on the real kernel, one task at a time.
///
/// Belongs to the thread that made it: ptrace is bound to threads. While it lives, that thread keeps to one processor.
pub struct Controlled<'a> {
    pub(super) launch: Launch,
    pub(super) filter: Filter,
    pub(super) streams: Streams,
    drain: Option<Drain>,
    /// Interrupts the waiting for a task that does not report.
    _tick: Tick,
    _processor: Option<Kept>,
    fresh: Fresh<'a>,
    pub(super) cancel: Cancel,
    pub(super) faults: bool,
    pub(super) elsewhere: Elsewhere,
    pub(super) output_counts: bool,
    /// All predictions are compared with the kernel, not only those of the first execution and of deadlocks.
    pub(super) audited: bool,
    /// This is the first execution.
    pub(super) is_first: bool,
    has_run: bool,
    /// How many of them were.
    pub(super) audits: u64,
    /// What it takes to find source lines is kept.
    pub(super) snapshots: bool,
    /// Executions begin with a copy of a started program, where that is possible.
    pub(super) copies: bool,
    pub(super) counter: Counter,
    /// How often the program has read the processor's counter.
    pub(super) counter_reads: u64,
    /// An execution was begun.
    executed: bool,
    /// A timer that repeats was set, in this execution or an earlier one.
    pub(super) repeats: bool,
    /// More was written to a terminal at once than it takes without looking for signals, in this execution or an earlier
    /// one.
    pub(super) writes_long: bool,
    pub(super) template: Option<Template>,
    /// Calls that the plan makes fail.
    pub(super) planned: Faults,
    /// The root has not come to the first call that counts.
    pub(super) starting: bool,
    pub(super) world: World,
    /// Threads may be started: what they do to the memory that they share is watched.
    pub(super) threads: bool,
    /// One was to be started, and may not.
    pub(super) meets_threads: bool,
    pub(super) watch: Watch,
    /// Which signals can be late no longer.
    pub(super) overdue: Overdue,
    pub(super) tasks: SortedMap<TaskPath, Standing>,
    /// Processes that have ended, and that their parents may not have reaped.
    pub(super) dead: Vec<pid_t>,
    pub(super) recorder: Recorder,
    /// Of the step under way.
    pub(super) deed: Deed,
    /// How many bytes the execution has written to standard output.
    pub(super) written: u64,
    pub(super) root: pid_t,
}

/// The grader's own trouble, for the explorer.
pub(super) fn broken(trouble: trouble::Trouble) -> Trouble {
    Trouble::Broken(trouble.to_string())
}

pub(super) fn called_off() -> Trouble {
    Trouble::Broken("the run was called off".into())
}

impl<'a> Controlled<'a> {
    /// A machine for this program; `fresh` is called before each execution.
    ///
    /// # Errors
    /// Streams, timers and processors that the kernel does not give.
    pub fn new(launch: &Launch, fresh: Fresh<'a>) -> Result<Controlled<'a>, trouble::Trouble> {
        let system = |operation| move |error| trouble::Trouble::System { operation, error };
        process::become_subreaper().map_err(system("becoming a subreaper (prctl)"))?;
        let (streams, ends) = Streams::open(launch)?;
        let drain = Drain::start(ends, launch.limits.output_bytes)?;
        let tick = Tick::new().map_err(system("starting a timer (timer_create)"))?;
        tick.set(TICK).map_err(system("starting a timer (timer_settime)"))?;
        // Where it is not allowed, a stop costs more, and nothing else.
        let processor = processor::keep_to_one().ok();
        Ok(Controlled {
            launch: launch.clone(),
            filter: Filter::controlled(false),
            streams,
            drain: Some(drain),
            _tick: tick,
            _processor: processor,
            fresh,
            cancel: Cancel::default(),
            faults: false,
            elsewhere: Elsewhere::default(),
            output_counts: false,
            audited: false,
            is_first: false,
            has_run: false,
            audits: 0,
            snapshots: false,
            copies: true,
            counter: Counter::Traps,
            counter_reads: 0,
            executed: false,
            repeats: false,
            writes_long: false,
            template: None,
            starting: false,
            planned: Faults::new(&[]),
            world: World::new(Pid(0), &[]),
            threads: false,
            meets_threads: false,
            watch: Watch::default(),
            overdue: Overdue::default(),
            tasks: SortedMap::new(),
            dead: Vec::new(),
            recorder: Recorder::new(&launch.limits),
            deed: Deed::default(),
            written: 0,
            root: 0,
        })
    }

    pub(super) fn resume(&self, pid: pid_t, how: Resume, signal: i32) -> Result<(), Trouble> {
        let gone = "letting a task go on (ptrace)";
        ptrace::still_there(gone, ptrace::resume(pid, how, signal)).map(drop).map_err(broken)
    }

    pub(super) fn task(&mut self, path: &TaskPath) -> Result<&mut Standing, Trouble> {
        self.tasks.get_mut(path).ok_or_else(|| Trouble::Broken(format!("there is no task {path}")))
    }

    /// Starts the program, up to its exec.
    fn start(&mut self) -> Result<(), Trouble> {
        let randomised = process::without_address_randomisation();
        let places = self.elsewhere.own_places();
        let started = start::start(&self.launch, &self.filter, &self.streams, self.counter, places);
        drop(randomised);
        let mut started = started.map_err(broken)?;
        self.root = started.pid;
        let root = Standing { own_program: true, ..Standing::new(started.pid, TaskId::ROOT) };
        self.tasks.insert(TaskPath::default(), root);
        loop {
            match self.next(started.pid)? {
                Report::Event(libc::PTRACE_EVENT_EXEC) => break,
                Report::Ended(_) => {
                    self.tasks.clear();
                    return Err(broken(started.failure(&self.launch)));
                }
                _ => self.resume(started.pid, Resume::Free, 0)?,
            }
        }
        self.world = World::new(Pid(started.pid), &descriptors());
        if self.output_counts {
            self.world.count_output();
        }
        if self.launch.stdout == Stdout::Terminal {
            self.world.output_is_a_terminal();
        }
        self.recorder = Recorder::new(&self.launch.limits);
        self.recorder.names_root(started.pid);
        self.recorder.start();
        if let Ok(registers) = ptrace::registers(started.pid) {
            identity::prepare_program(started.pid, arch::stack(&registers));
        }
        self.resume(started.pid, Resume::Free, 0)?;
        self.starting = self.copies;
        let followed = self.follow(&TaskPath::default());
        if std::mem::take(&mut self.starting) && followed.is_ok() {
            self.becomes_template();
            if self.template.is_none() {
                return self.goes_on_from_the_start();
            }
        }
        followed
    }

    /// Ends the execution: nothing of it is left.
    pub(super) fn clear(&mut self) {
        for task in self.tasks.values() {
            process::kill(task.pid, libc::SIGKILL);
        }
        // A process's first thread is the last to be gone, and its path comes before those of all others.
        for (_, task) in std::mem::take(&mut self.tasks).into_iter().rev() {
            while let Ok(report) = self.next(task.pid) {
                if let Report::Ended(_) = report {
                    break;
                }
                // Out of the exit event. A task that is gone by now is none to care for.
                let _ = ptrace::resume(task.pid, Resume::Free, 0);
            }
            self.dead.push(task.pid);
        }
        // Their parents are gone too, so whoever was not reaped is a child of this process now.
        for pid in self.dead.drain(..) {
            let _ = wait::reap_now(pid);
        }
    }

    fn take(&mut self, choice: &Choice) -> Result<(), Trouble> {
        let path = &choice.task;
        if let Act::RunOut = choice.act {
            self.world.runs_out(path);
            return Ok(());
        }
        let task = self.task(path)?;
        let pid = task.pid;
        match std::mem::replace(&mut task.at, At::Running) {
            At::Call(entry) => match choice.act {
                Act::Step => match (&entry.ask, task.leaving) {
                    (_, Some(Some((signal, sender)))) => self.sends(path, &entry, signal, sender)?,
                    (Ask::Exit(_), None) if self.world.closes_first(path) => {
                        return self.leaves(path, entry, None);
                    }
                    (Ask::Exit(status), _) => self.exits(path, &entry, *status)?,
                    (Ask::EndThread { clears }, _) => return self.thread_ends(path, &entry, *clears),
                    (Ask::Futex(call), _) => {
                        let call = *call;
                        return self.uses_futex(path, entry, call);
                    }
                    (Ask::Fork(flags), _) if flags.has(CloneFlags::THREAD) => {
                        self.watches_memory(path, &entry)?;
                        self.release(path, *entry, How::Plain)?;
                    }
                    _ => {
                        self.notes_buffer(path, &entry.call);
                        self.release(path, *entry, How::Plain)?;
                    }
                },
                Act::Expire => {
                    self.world.wakes_nobody(path);
                    self.release(path, *entry, How::Expired)?;
                }
                Act::Fail(Fault::Error(Errno::EINTR)) => self.disturb(path, *entry)?,
                Act::Fail(Fault::Error(errno)) => self.release(path, *entry, How::Fails(errno))?,
                Act::Fail(Fault::Short(bytes)) => self.release(path, *entry, How::Short(bytes))?,
                Act::Interrupt(signal) | Act::Deliver(signal)
                    if self.world.ends(path, signal) && self.world.closes_first(path) =>
                {
                    let sender = self.world.arrive_during(path, &entry.ask, signal);
                    return self.leaves(path, entry, Some((signal, sender)));
                }
                Act::Interrupt(signal) => self.interrupt(path, *entry, signal)?,
                Act::Deliver(signal) => self.deliver(path, *entry, signal)?,
                Act::RunOut => {}
            },
            At::Woken(entry, _) => self.release(path, *entry, How::Told(0))?,
            At::Access(before) => {
                let (id, told) = (self.task(path)?.id, self.begins_access(path, &before)?);
                if self.accesses(path, before)? {
                    self.follow(path)?;
                }
                self.tells_access(path, id, told);
                return Ok(());
            }
            At::Dying(signal) => self.resume(pid, Resume::Free, signal.0)?,
            // That wakes it by itself.
            At::Doomed(signal) => process::kill(pid, signal.0),
            other => {
                self.task(path)?.at = other;
                return Err(Trouble::Broken(format!("{choice}: the task stands at no call")));
            }
        }
        self.follow(path)
    }
}

pub(super) fn descriptors() -> [(Fd, Object); 3] {
    [(Fd(0), Object::File(Text::from("/dev/null"))), (Fd(1), Object::Stdout), (Fd(2), Object::Stderr)]
}

impl Machine for Controlled<'_> {
    type Event = Deed;

    fn restart(&mut self) -> Result<Frontier, Trouble> {
        self.clear();
        self.watch.learns();
        (self.fresh)().map_err(|error| Trouble::Broken(format!("preparing an execution: {error}")))?;
        self.deed = Deed::default();
        self.overdue = Overdue::default();
        self.written = 0;
        self.is_first = !std::mem::replace(&mut self.has_run, true);
        self.planned = Faults::new(&self.launch.plan.faults);
        if std::mem::replace(&mut self.executed, true)
            && self.counter == Counter::Traps
            && self.counter_reads == 0
        {
            self.leaves_the_counter_alone()?;
        }
        if self.template.is_none() {
            self.start()?;
        }
        if self.template.is_some() {
            self.copy_template()?;
        }
        self.look_around()
    }

    fn step(&mut self, choice: &Choice) -> Result<Step<Deed>, Trouble> {
        let able = |pending: &Pending| pending.choice == *choice && pending.readiness == Readiness::Ready;
        let chosen = self.choices(&choice.task)?.into_iter().find(able);
        let chosen = chosen.ok_or_else(|| Trouble::Broken(format!("{choice} is not possible now")))?;
        let touched = chosen.footprint;
        self.deed = Deed::default();
        // A creator that sleeps in vfork goes on after its child's step, if that gives its memory back.
        let (held_back, looks_first) = (self.world.held_back(&choice.task), self.looks_first(choice));
        let lender = choice.task.creator().filter(|creator| self.world.is_in_vfork(creator));
        if self.threads {
            self.watch.operations.begins(&choice.task, &touched);
        }
        self.take(choice)?;
        let woken = lender.filter(|lender| !self.world.is_in_vfork(lender));
        let (births, sleepers) = (self.deed.births.iter(), self.deed.woken.iter());
        let followers: Vec<TaskPath> = births.chain(sleepers).cloned().chain(woken).collect();
        let (task, kind) = (&choice.task, choice.act.kind());
        let moved = Moved { task, touched: &touched, followers: &followers, kind, held_back, looks_first };
        let late = self.overdue.stepped(&moved, self.world.pending());
        let frontier = self.look_around()?;
        Ok(Step { touched, events: vec![std::mem::take(&mut self.deed)], frontier, late })
    }

    fn assumptions(&self) -> Vec<Assumption> {
        let observed = (!self.output_counts).then_some(Assumption::OutputIsOnlyObserved);
        let here = ASSUMPTIONS.map(|text| Assumption::Other(text.into()));
        let repeats = self.repeats.then(|| {
            Assumption::Other(format!(
                "a timer that repeats runs out at most {MOST} times, besides ending pauses"
            ))
        });
        let counter = "whoever does not read the processor's counter in one schedule reads it in none";
        let counter = (self.counter == Counter::Answers).then(|| Assumption::Other(counter.into()));
        let whole = "a terminal takes a write of more than 2048 bytes whole, whatever signals come meanwhile";
        let whole = self.writes_long.then(|| Assumption::Other(whole.into()));
        let threads = THREADS.map(|text| Assumption::Other(text.into()));
        let threads = threads.into_iter().filter(|_| self.threads);
        observed.into_iter().chain(here).chain(threads).chain(counter).chain(repeats).chain(whole).collect()
    }
}

impl Drop for Controlled<'_> {
    fn drop(&mut self) {
        self.clear();
        if let Some(drain) = self.drain.take() {
            drain.finish();
        }
    }
}
