//! The world in which tasks run: who is whose child, which descriptor leads where, what is in each pipe, which signals
//! are pending. It answers "could this call go on now?" and "what would it touch?" for a task that stands before it.
//!
//! ```text
//! stopped before a call ─▶ Ask ─▶ World::look ─▶ ready or blocked, footprint
//!                           │
//!      the kernel does it ──┴▶ Answer ─▶ World::did: the world afterwards
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | [`ask`] | calls and their answers, as the world sees them |
//! | `lives` | births, execs, ends, waits |
//! | `threads` | tasks that share all that a process has |
//! | `futexes` | who sleeps on which word, and who wakes them |
//! | `descriptors` | tables, and what their slots lead to |
//! | `pipes` | what is in a pipe, and how much room it has |
//! | `vforks` | who lends its memory, and what it must not look at too soon |
//! | `polls` | waiting for several descriptors |
//! | `signals` | dispositions, masks, pending signals, and which of these may arrive |
//! | [`timers`] | alarm and setitimer |
//! | `paths` | which files of the system are the same for everybody |
//!
//! Invariant: the world is a function of what happened. Steps that touch nothing in common lead to the same world in
//! either order; therefore everything is named by the path of the task that made it, never by a number of its own.
//!
//! An end has two parts: a task closes what it holds, and is a zombie later ([`Ask::Leave`], [`Ask::Exit`]). Only for
//! whoever is ended by a signal that it has caused itself (a fault, abort, SIGPIPE) the two are one.
//!
//! What it takes for granted: whoever ends without a parent that could reap it is gone at once (init, or whoever started
//! the program, may take a while); and how bytes lie in a pipe's slots decides nothing before 32 KiB were written to it.
//! After that, two schedules that differ only in the order of earlier reads and writes may fill it a write apart.
//!
//! For how long a pending signal may wait it does not say: that depends on what happened after what, of which
//! [`Overdue`](crate::order::Overdue) keeps count.
//!
//! What it does not know it refuses: [`World::look`] then says why no claim about all schedules can be made.

pub mod ask;
mod descriptors;
mod futexes;
mod lives;
mod paths;
mod pipes;
mod polls;
mod signals;
mod threads;
pub mod timers;
mod vforks;

pub use ask::{Access, Answer, Ask, DupTo, Polled, Setting, Timeout, WaitFor};
pub use futexes::Futex;
pub use pipes::PipeView;

use crate::model::births::CloneFlags;
use crate::model::event::Object;
use crate::model::ids::{Fd, Pid, Signal, TaskPath};
use crate::model::status::ExitStatus;
use crate::order::rules;
use crate::order::{Coming, Footprint, Name, Resource};
use crate::sorted::SortedMap;
use descriptors::{OpenFile, Slot, What};
use futexes::{Sleeper, Word};
use pipes::Pipe;
use signals::Signals;
use threads::Thread;
use timers::Timer;

/// All tasks, and all that they share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    tasks: SortedMap<TaskPath, Task>,
    threads: SortedMap<TaskPath, Thread>,
    sleepers: SortedMap<Word, Vec<Sleeper>>,
    /// How often a task has slept on a futex.
    slept: SortedMap<TaskPath, u32>,
    /// The sleep out of which a task has just been woken. What it does next could not come earlier.
    woken: SortedMap<TaskPath, Name>,
    files: SortedMap<Name, OpenFile>,
    pipes: SortedMap<Name, Pipe>,
    /// Somebody has made a link or moved a file: two names may lead to one file.
    has_links: bool,
    /// In which order standard output is written counts as something that happened.
    output_counts: bool,
    /// Standard output is a terminal.
    output_is_terminal: bool,
}

/// A process, dead or alive.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Task {
    pid: Pid,
    /// `None`: somebody outside of the run.
    parent: Option<TaskPath>,
    /// Those that live or are zombies, the oldest first.
    children: Vec<TaskPath>,
    /// How many children it ever had.
    born: u16,
    /// How many objects it has made.
    made: u32,
    life: Life,
    /// It has closed its descriptors, and is about to end.
    leaving: bool,
    slots: SortedMap<i32, Slot>,
    signals: Signals,
    timer: Timer,
    /// The child that has borrowed its memory; it sleeps.
    vfork: Option<TaskPath>,
    /// The child that has just given it back. What it does next could not come earlier.
    regained: Option<TaskPath>,
    /// It has ended while it had its creator's memory.
    ended_with_it: bool,
}

/// Whether a process lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Alive,
    Zombie(ExitStatus),
    /// It was reaped, or nobody had to.
    Gone(ExitStatus),
}

/// What a call needs and touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// What it waits for; `None`: it can be done now.
    pub blocked: Option<Vec<Resource>>,
    /// If it is blocked, it may give up at any time.
    pub timed: bool,
    /// What it touches, its answer included. If it is blocked: all that it looks at, and all it might touch later.
    pub footprint: Footprint,
    /// How many bytes of a write can be taken now without sleeping; `None` for other calls.
    pub room: Option<u64>,
}

/// A signal that may reach a task now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Which.
    pub signal: Signal,
    /// What its arrival touches; if it kills, all that the task's end touches besides.
    pub footprint: Footprint,
    /// It ends the task.
    pub kills: bool,
    /// It may arrive before the call begins.
    pub before: bool,
    /// It may arrive while the call sleeps, which then does not go on sleeping.
    pub interrupts: bool,
}

/// What a task's end comes to besides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ended {
    /// Zombies that nobody of the run can reap: whoever adopts orphans must.
    pub left: Vec<TaskPath>,
    /// It leaves no zombie itself: its parent ignores SIGCHLD.
    pub vanishes: bool,
}

impl Arrival {
    /// The signal, as one of several that could come.
    pub fn coming(&self) -> Coming {
        Coming { signal: self.signal, kills: self.kills }
    }
}

impl Look {
    fn ready(footprint: Footprint) -> Look {
        Look { blocked: None, timed: false, footprint, room: None }
    }

    fn blocked(on: Vec<Resource>, footprint: Footprint) -> Look {
        Look { blocked: Some(on), timed: false, footprint, room: None }
    }
}

impl World {
    /// A world with one process, to which these descriptors were given.
    pub fn new(root: Pid, descriptors: &[(Fd, Object)]) -> World {
        let mut world = World {
            tasks: SortedMap::new(),
            threads: SortedMap::new(),
            sleepers: SortedMap::new(),
            slept: SortedMap::new(),
            woken: SortedMap::new(),
            files: SortedMap::new(),
            pipes: SortedMap::new(),
            has_links: false,
            output_counts: false,
            output_is_terminal: false,
        };
        let path = TaskPath::default();
        world.tasks.insert(path.clone(), Task::new(root, None));
        for (fd, object) in descriptors {
            let what = What::given(object);
            world.open(&path, *fd, what, false, false);
        }
        world
    }

    /// The same world, where the only task is a copy with another PID.
    pub fn begins_again(&mut self, root: Pid) {
        if let Some(task) = self.tasks.get_mut(&TaskPath::default()) {
            task.pid = root;
        }
    }

    /// Whether a task holds these descriptors and no others.
    pub fn holds_only(&self, path: &TaskPath, fds: &[Fd]) -> bool {
        let numbers = |task: &Task| task.slots.keys().copied().eq(fds.iter().map(|fd| fd.0));
        self.tasks.get(path).is_some_and(numbers)
    }

    /// From now on two writes to standard output conflict: who judges an execution may look at their order.
    pub fn count_output(&mut self) {
        self.output_counts = true;
    }

    /// Standard output is a terminal: who writes to it looks for signals first.
    pub fn output_is_a_terminal(&mut self) {
        self.output_is_terminal = true;
    }

    /// What a call of this task needs and touches.
    ///
    /// # Errors
    /// Why no claim about all schedules can be made: a sentence without its subject, such as "it shares memory".
    pub fn look(&self, path: &TaskPath, ask: &Ask) -> Result<Look, String> {
        if self.shares_memory(path) || matches!(ask, Ask::Futex(_) | Ask::Access(_)) {
            let look = match ask {
                Ask::Futex(call) => self.look_futex(path, *call),
                Ask::Access(accesses) => Look::ready(self.access_touches(path, accesses)),
                _ => self.look_in_thread(path, ask)?,
            };
            return Ok(Look { footprint: look.footprint.and(self.was_woken(path)), ..look });
        }
        let Some(task) = self.tasks.get(path) else { return Err(format!("there is no task {path}")) };
        if let Some(child) = &task.vfork {
            if task.signals.is_doomed() {
                return Err(
                    "it is killed while its child has its memory (vfork), of which there is no model".into(),
                );
            }
            let lent = Resource::Life(child.clone());
            return Ok(Look::blocked(vec![lent.clone()], Footprint::nothing().observes(lent)));
        }
        let look = self.look_awake(path, ask)?;
        Ok(Look { footprint: look.footprint.and(self.regained(path)), ..look })
    }

    /// That a task has its memory back is something that it saw.
    fn regained(&self, path: &TaskPath) -> Footprint {
        let from = self.tasks.get(path).and_then(|task| task.regained.as_ref());
        from.map_or(Footprint::nothing(), |child| {
            Footprint::nothing().observes(Resource::Life(child.clone()))
        })
    }

    fn look_awake(&self, path: &TaskPath, ask: &Ask) -> Result<Look, String> {
        Ok(match ask {
            Ask::Local | Ask::GetOwn | Ask::Sleep | Ask::Remap { .. } => Look::ready(Footprint::nothing()),
            Ask::Fork(flags) if flags.has(CloneFlags::THREAD) => self.look_thread_start(path, *flags)?,
            Ask::Fork(flags) => Look::ready(lives::may_fork(path, *flags)?),
            Ask::Exec => Look::ready(self.exec_touches(path)),
            Ask::Exit(_) => Look::ready(self.end_touches(path)),
            Ask::Leave => Look::ready(self.leave_touches(path)),
            Ask::Wait(wait) => self.look_wait(path, wait)?,
            Ask::GetParent => Look::ready(rules::parent_asked(path)),
            Ask::Open { path: name, flags } => Look::ready(self.by_name(paths::opened(name, *flags))),
            Ask::Close(fd) => Look::ready(self.close_touches(path, fd.0..=fd.0)),
            Ask::CloseRange { mark_only: true, .. } => Look::ready(Footprint::nothing()),
            Ask::CloseRange { first, last, .. } => {
                Look::ready(self.close_touches(path, descriptors::numbers(*first, *last)))
            }
            Ask::Dup { to: DupTo::At(fd), from, .. } if fd != from => {
                Look::ready(self.close_touches(path, fd.0..=fd.0))
            }
            Ask::SetNonblock { fd, .. } => Look::ready(self.nonblock_touches(path, *fd)),
            Ask::Dup { .. } | Ask::SetCloexec { .. } | Ask::Pipe { .. } | Ask::NewDescriptor { .. } => {
                Look::ready(Footprint::nothing())
            }
            Ask::Read { fd, wanted, positioned } => self.look_read(path, *fd, *wanted, *positioned)?,
            Ask::Write { fd, wanted, positioned, .. } => self.look_write(path, *fd, *wanted, *positioned)?,
            Ask::UseFile(fd) => Look::ready(self.use_touches(path, *fd)),
            Ask::Map(fd) => self.look_map(path, *fd)?,
            Ask::Poll { fds, timeout } => self.look_poll(path, fds, *timeout)?,
            Ask::Pause(_) => Look::blocked(self.awaited(path), Footprint::nothing()),
            Ask::Kill { target, signal } => Look::ready(self.kill_touches(path, *target, *signal)?),
            Ask::Action { signal, .. } => Look::ready(self.action_touches(path, *signal)),
            Ask::Mask(mask) => Look::ready(self.mask_touches(path, *mask)),
            Ask::SetTimer(_) => Look::ready(Footprint::nothing()),
            Ask::LookAt(name) => Look::ready(self.by_name(paths::looked_at(name))),
            Ask::Change(name) => Look::ready(self.by_name(paths::changed(name))),
            Ask::Link(_) | Ask::Anything(_) => Look::ready(Footprint::everything()),
            Ask::EndThread { .. } => Look::ready(self.end_touches(path)),
            Ask::Join(thread) => self.look_join(thread),
            Ask::Futex(call) => self.look_futex(path, *call),
            Ask::Access(accesses) => Look::ready(self.access_touches(path, accesses)),
            Ask::Unmodelled(why) => return Err(why.clone()),
        })
    }

    /// A call of this task has answered.
    pub fn did(&mut self, path: &TaskPath, ask: &Ask, answer: Answer) {
        if let Some(task) = self.task_mut(path) {
            task.regained = None;
        }
        // Being woken is the end of a wait; what counts is what comes after it.
        if !matches!(ask, Ask::Futex(Futex::Wait { .. })) {
            self.woken.remove(path);
        }
        if let Answer::Failed(_) = answer {
            return;
        }
        let process = self.process_of(path).clone();
        let is_later = process != *path;
        let path = if matches!(ask, Ask::Fork(_)) { path } else { &process };
        match (ask, answer) {
            (Ask::Fork(flags), Answer::Born(pid)) => self.forked(path, *flags, pid),
            (Ask::Exec, _) => self.execed(path),
            (Ask::Wait(wait), Answer::News(Some(pid))) if !wait.nowait => self.reaped(path, pid),
            (Ask::Open { path: name, flags }, Answer::Value(fd)) => {
                self.open(
                    path,
                    Fd(fd as i32),
                    paths::behind(name),
                    flags.has(crate::OpenFlags::CLOEXEC),
                    false,
                );
            }
            (Ask::Close(fd), _) => self.close(path, fd.0),
            (Ask::CloseRange { first, last, mark_only }, _) => {
                self.close_range(path, descriptors::numbers(*first, *last), *mark_only);
            }
            (Ask::Dup { from, cloexec, .. }, Answer::Value(fd)) => {
                self.dup(path, *from, Fd(fd as i32), *cloexec)
            }
            (Ask::SetCloexec { fd, cloexec }, _) => self.set_cloexec(path, *fd, *cloexec),
            (Ask::SetNonblock { fd, nonblock }, _) => self.set_nonblock(path, *fd, *nonblock),
            (Ask::Pipe { cloexec, nonblock }, Answer::Ends(read, write)) => {
                self.make_pipe(path, (read, write), *cloexec, *nonblock);
            }
            (Ask::NewDescriptor { call, cloexec }, Answer::Value(fd)) => {
                self.open(path, Fd(fd as i32), What::Unknown(call.clone()), *cloexec, false);
            }
            (Ask::Read { fd, .. }, Answer::Value(bytes)) => self.has_read(path, *fd, bytes),
            (Ask::Write { fd, .. }, Answer::Value(bytes)) => self.has_written(path, *fd, bytes),
            (Ask::Kill { target, signal }, _) => self.has_killed(path, *target, *signal),
            (Ask::Action { signal, action, flags }, _) => self.set_action(path, *signal, *action, *flags),
            (Ask::SetTimer(setting), _) => self.set_timer(path, *setting),
            // Each thread has a mask of its own; that of the first stands for the process.
            (Ask::Mask(mask), _) if !is_later => self.set_mask(path, *mask),
            (Ask::Link(_), _) => self.has_links = true,
            _ => {}
        }
    }

    /// The tasks that have not ended, in the order of their paths.
    pub fn living(&self) -> impl Iterator<Item = &TaskPath> {
        self.tasks.iter().filter(|(_, task)| task.life == Life::Alive).map(|(path, _)| path)
    }

    /// Every task there ever was, and its PID.
    pub fn everyone(&self) -> impl Iterator<Item = (&TaskPath, Pid)> {
        self.tasks.iter().map(|(path, task)| (path, task.pid))
    }

    /// The task with this PID: one that is there, or else one that is gone.
    pub fn path_of(&self, pid: Pid) -> Option<&TaskPath> {
        if let Some((path, _)) = self.threads.iter().find(|(_, thread)| thread.pid == pid) {
            return Some(path);
        }
        let mut named = self.tasks.iter().filter(|(_, task)| task.pid == pid).map(|(path, _)| path);
        let first = named.next()?;
        Some(named.chain([first]).find(|path| self.is_there(path)).unwrap_or(first))
    }

    /// A task's PID.
    pub fn pid(&self, path: &TaskPath) -> Option<Pid> {
        let thread = || self.threads.get(path).map(|thread| thread.pid);
        self.tasks.get(path).map(|task| task.pid).or_else(thread)
    }

    /// How a task ended, if it has.
    pub fn status(&self, path: &TaskPath) -> Option<ExitStatus> {
        match self.tasks.get(path)?.life {
            Life::Alive => None,
            Life::Zombie(status) | Life::Gone(status) => Some(status),
        }
    }

    /// A task's children that live or are zombies, the oldest first.
    pub fn children(&self, path: &TaskPath) -> &[TaskPath] {
        self.tasks.get(path).map_or(&[], |task| &task.children)
    }

    /// Whether a task lives or is a zombie: its PID leads to it.
    pub fn is_there(&self, path: &TaskPath) -> bool {
        self.tasks.get(path).is_some_and(|task| !matches!(task.life, Life::Gone(_)))
    }

    /// Whether a task has lent its memory to a child by vfork, and sleeps.
    pub fn is_in_vfork(&self, path: &TaskPath) -> bool {
        self.tasks.get(path).is_some_and(|task| task.vfork.is_some())
    }

    fn task_mut(&mut self, path: &TaskPath) -> Option<&mut Task> {
        self.tasks.get_mut(path)
    }

    fn lives(&self, path: &TaskPath) -> bool {
        self.tasks.get(path).is_some_and(|task| task.life == Life::Alive)
    }
}

impl Task {
    fn new(pid: Pid, parent: Option<TaskPath>) -> Task {
        Task {
            pid,
            parent,
            children: Vec::new(),
            born: 0,
            made: 0,
            life: Life::Alive,
            ended_with_it: false,
            leaving: false,
            slots: SortedMap::new(),
            signals: Signals::default(),
            timer: Timer::default(),
            vfork: None,
            regained: None,
        }
    }

    /// A name for something that this task makes.
    fn name(&mut self, by: &TaskPath) -> Name {
        self.made += 1;
        Name { by: by.clone(), nth: self.made - 1 }
    }
}

#[cfg(test)]
mod tests;
