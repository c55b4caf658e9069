//! Threads: tasks that share the memory, the descriptors and the signal handlers of a process.
//!
//! Its first thread stands for the process: descriptors, children and handlers are kept with it. While a process has
//! more threads than that one, whatever touches its descriptors is taken to touch everything, and what there is no
//! model of is refused: children, signals and execs of such a process.

use super::{Ask, Look, World};
use crate::model::births::CloneFlags;
use crate::model::ids::{Pid, TaskPath};
use crate::order::{Footprint, Resource};

/// What every thread of a C library shares with its process. See pthread_create in the C library, and clone(2).
const SHARED: u64 =
    CloneFlags::VM | CloneFlags::FS | CloneFlags::FILES | CloneFlags::SIGHAND | CloneFlags::THREAD;

/// Flags that change nothing that another task could notice: System V semaphores' undo list, thread-local storage,
/// where the new task's number is stored, and where it is cleared in the end.
const HARMLESS: u64 = 0x0004_0000 | 0x0008_0000 | 0x0010_0000 | 0x0020_0000 | 0x0100_0000 | 0x0040_0000;

/// A living thread that is not its process's first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Thread {
    pub(super) pid: Pid,
    /// The first thread of its process.
    process: TaskPath,
    /// How many tasks it has made.
    pub(super) born: u16,
}

/// Why a thread of this kind cannot be followed, if it cannot.
fn unfollowed(flags: CloneFlags) -> Option<String> {
    let (missing, unknown) = (SHARED & !flags.0, flags.0 & !(SHARED | HARMLESS));
    match (missing, unknown) {
        (0, 0) => None,
        (0, _) => Some(format!("it calls clone with flags {unknown:#x}, of which there is no model")),
        _ => Some(format!(
            "it starts a thread that shares less than threads do (clone without flags {missing:#x}), of which there \
             is no model"
        )),
    }
}

impl World {
    /// The first thread of a task's process.
    pub fn process_of<'a>(&'a self, path: &'a TaskPath) -> &'a TaskPath {
        self.threads.get(path).map_or(path, |thread| &thread.process)
    }

    /// Whether a task is a thread other than its process's first.
    pub fn is_later_thread(&self, path: &TaskPath) -> bool {
        self.threads.contains_key(path)
    }

    /// The living threads of a process besides its first.
    pub fn later_threads(&self, process: &TaskPath) -> impl Iterator<Item = &TaskPath> {
        self.threads.iter().filter(move |(_, thread)| thread.process == *process).map(|(path, _)| path)
    }

    /// Whether a task's memory is that of others, too.
    pub fn shares_memory(&self, path: &TaskPath) -> bool {
        self.later_threads(self.process_of(path)).next().is_some()
    }

    /// Threads are named by their paths, so starting them commutes with all that others do.
    pub(super) fn look_thread_start(&self, path: &TaskPath, flags: CloneFlags) -> Result<Look, String> {
        let process = self.process_of(path);
        let with =
            |what: &str| Err(format!("it starts a thread while it has {what}, of which there is no model"));
        match self.tasks.get(process) {
            Some(task) if !task.children.is_empty() => return with("children"),
            Some(task) if task.signals.has_pending() => return with("pending signals"),
            _ if self.timer_is_set(process) => return with("a timer"),
            _ => {}
        }
        unfollowed(flags).map_or(Ok(Look::ready(Footprint::nothing())), Err)
    }

    pub(super) fn thread_started(&mut self, born: TaskPath, by: &TaskPath, pid: Pid) {
        let process = self.process_of(by).clone();
        self.threads.insert(born, Thread { pid, process, born: 0 });
    }

    /// A thread has ended, and is gone: nobody reaps threads.
    pub fn thread_ended(&mut self, path: &TaskPath) {
        self.threads.remove(path);
        self.wakes_nobody(path);
    }

    /// What a call needs and touches whose caller shares its memory with others.
    pub(super) fn look_in_thread(&self, path: &TaskPath, ask: &Ask) -> Result<Look, String> {
        let process = self.process_of(path);
        let refused =
            |what: &str| Err(format!("{what} in a process with threads, of which there is no model"));
        match ask {
            Ask::Local | Ask::GetOwn | Ask::Sleep | Ask::Mask(_) => Ok(Look::ready(Footprint::nothing())),
            Ask::Fork(flags) if flags.has(CloneFlags::THREAD) => self.look_thread_start(path, *flags),
            Ask::Fork(_) => refused("it makes a child"),
            Ask::Exec => refused("it executes another program"),
            Ask::Kill { .. } => refused("it sends a signal"),
            Ask::Pause(_) => refused("it waits for a signal"),
            Ask::SetTimer(_) => refused("it sets a timer"),
            Ask::Wait(_) => refused("it waits for children"),
            Ask::EndThread { .. } if path == process => refused("the first thread ends before others"),
            Ask::EndThread { clears } => Ok(Look::ready(self.thread_end_touches(path, *clears))),
            Ask::Join(thread) => Ok(self.look_join(thread)),
            Ask::Remap { at, length } => {
                Ok(Look::ready(Footprint::nothing().changes(self.memory_touched(path, *at, *length))))
            }
            Ask::Write { fd, at, wanted, .. } if self.is_observed(process, *fd) => {
                // It reads the bytes that it writes, wherever they are.
                let look = self.look_awake(process, ask)?;
                let (at, length) = at.map_or((0, u64::MAX), |at| (at, *wanted));
                let reads = Footprint::nothing().observes(self.memory_touched(path, at, length));
                Ok(Look { footprint: look.footprint.and(reads), ..look })
            }
            _ => {
                let look = self.look_awake(process, ask)?;
                if look.blocked.is_some() {
                    return refused("it sleeps in a call");
                }
                Ok(Look { footprint: Footprint::everything(), ..look })
            }
        }
    }

    /// Whoever joins a thread sleeps until that has ended.
    pub(super) fn look_join(&self, thread: &TaskPath) -> Look {
        let life = Resource::Life(thread.clone());
        let touches = Footprint::nothing().observes(life.clone());
        if self.threads.contains_key(thread) {
            Look::blocked(vec![life], touches)
        } else {
            Look::ready(touches)
        }
    }

    /// A thread's end: the word that it clears changes, and whoever sleeps there is woken.
    fn thread_end_touches(&self, path: &TaskPath, clears: u64) -> Footprint {
        let ends = Footprint::nothing().changes(Resource::Life(path.clone()));
        if clears == 0 { ends } else { ends.and(self.clearing_touches(path, clears)) }
    }
}
