//! Writes events down: stamps, times, the names of tasks, and bounds on how much is kept.

use super::task::Task;
use crate::arch;
use crate::launch::Limits;
use crate::sys::memory::Memory;
use grader_trace::sorted::SortedMap;
use grader_trace::{Child, Event, ExitStatus, Operation, Outcome, Pid, Snapshot, Stamp, TaskId, Wait};
use libc::user_regs_struct;
use std::time::{Duration, Instant};

/// Bytes of written data that are kept in all; what was written is known beyond that only by its length. Checks keep
/// the runs of ten scenarios at once.
const DATA_BUDGET: usize = 1 << 18;

/// Bytes of stack copies that are kept in all: those of a hundred calls and more.
const SNAPSHOT_BUDGET: usize = 1 << 19;

/// An operation that has begun.
#[derive(Debug, Clone)]
pub(crate) struct Begun {
    pub(crate) stamp: Stamp,
    pub(crate) at: Duration,
}

/// The events of a run, as they come.
#[derive(Clone)]
pub(crate) struct Recorder {
    pub(crate) events: Vec<Event>,
    pub(crate) snapshots: SortedMap<Stamp, Snapshot>,
    pub(crate) dropped: u64,
    clock: u64,
    start: Instant,
    tasks: u32,
    /// The youngest task that had each PID.
    names: SortedMap<i32, TaskId>,
    /// Where the end of each task is among the events.
    ends: SortedMap<TaskId, usize>,
    event_limit: usize,
    /// How much of each kind of routine there was.
    routines: [usize; ROUTINES],
    data_left: usize,
    snapshot_left: usize,
}

impl Recorder {
    pub(crate) fn new(limits: &Limits) -> Recorder {
        Recorder {
            events: Vec::new(),
            snapshots: SortedMap::new(),
            dropped: 0,
            clock: 0,
            start: Instant::now(),
            tasks: 1,
            names: SortedMap::new(),
            ends: SortedMap::new(),
            event_limit: limits.events,
            routines: [0; ROUTINES],
            data_left: DATA_BUDGET,
            snapshot_left: SNAPSHOT_BUDGET,
        }
    }

    /// The root's PID is known.
    pub(crate) fn names_root(&mut self, pid: i32) {
        self.names.insert(pid, TaskId::ROOT);
    }

    /// The program has started: times count from here.
    pub(crate) fn start(&mut self) {
        self.start = Instant::now();
    }

    /// Time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Something begins now.
    pub(crate) fn begin(&mut self) -> Begun {
        Begun { stamp: self.stamp(), at: self.elapsed() }
    }

    /// Something that began has ended now.
    pub(crate) fn end(&mut self, task: TaskId, begun: Begun, op: Operation, injected: bool) {
        let end = Some(self.stamp());
        self.push(Event { task, begin: begun.stamp, end, at: begun.at, op, injected, site: None });
    }

    /// Something that began will never end.
    pub(crate) fn abandon(&mut self, task: TaskId, begun: Begun, op: Operation, injected: bool) {
        self.push(Event { task, begin: begun.stamp, end: None, at: begun.at, op, injected, site: None });
    }

    /// Something happens, and takes no time.
    pub(crate) fn instant(&mut self, task: TaskId, op: Operation, injected: bool) -> Stamp {
        let begun = self.begin();
        let stamp = begun.stamp;
        self.push(Event { task, begin: stamp, end: Some(stamp), at: begun.at, op, injected, site: None });
        stamp
    }

    /// Notes where a task's thread pointer leads, if that has changed.
    pub(crate) fn note_thread_pointer(&mut self, task: &mut Task, registers: &user_regs_struct) {
        let value = arch::thread_pointer(registers);
        let first = Memory(task.tid).u64(value);
        if task.thread_pointer.replace((value, first)) != Some((value, first)) {
            self.instant(task.id, Operation::ThreadPointer { value, first }, false);
        }
    }

    /// Names a new task.
    pub(crate) fn name(&mut self, pid: i32) -> Child {
        let task = TaskId(self.tasks);
        self.tasks += 1;
        self.names.insert(pid, task);
        Child { task, pid: Pid(pid) }
    }

    /// The youngest task that had this PID.
    pub(crate) fn task(&self, pid: Pid) -> Option<TaskId> {
        self.names.get(&pid.0).copied()
    }

    /// A PID leads to another task from now on (an exec by a thread).
    pub(crate) fn rename(&mut self, pid: i32, task: TaskId) {
        self.names.insert(pid, task);
    }

    /// How a task has ended, if it has.
    pub(crate) fn end_of(&self, task: TaskId) -> Option<ExitStatus> {
        match self.ends.get(&task).map(|index| &self.events[*index].op) {
            Some(Operation::Exit(status)) => Some(*status),
            _ => None,
        }
    }

    /// Whoever waits is told the truth: if all threads of a process end one by one, kernels differ on whose
    /// status counts.
    pub(crate) fn correct_end(&mut self, task: TaskId, status: ExitStatus) {
        if let Some(index) = self.ends.get(&task) {
            self.events[*index].op = Operation::Exit(status);
        }
    }

    /// Keeps what it takes to find the source line of what begins at `stamp`.
    pub(crate) fn keep(&mut self, stamp: Stamp, snapshot: Snapshot) {
        self.snapshot_left = self.snapshot_left.saturating_sub(snapshot.stack.len() + 256);
        self.snapshots.insert(stamp, snapshot);
    }

    /// Whether there is room for another snapshot.
    pub(crate) fn has_room_for_snapshots(&self) -> bool {
        self.snapshot_left > 0
    }

    /// Whether more happened than is followed.
    pub(crate) fn overflowed(&self) -> bool {
        self.events.len() >= self.event_limit
    }

    fn stamp(&mut self) -> Stamp {
        self.clock += 1;
        Stamp(self.clock)
    }

    /// Counts; an eighth of the limit may be of one kind.
    fn is_too_much(&mut self, op: &Operation) -> bool {
        // Of what never ended there is little: a task ends in the middle of one call.
        let Some(kind) = routine(op).filter(|_| !op.unfinished()) else { return false };
        self.routines[kind] += 1;
        self.routines[kind] > self.event_limit / 8
    }

    fn push(&mut self, mut event: Event) {
        if let Operation::Write { data, .. } = &mut event.op {
            data.0.truncate(self.data_left);
            data.0.shrink_to_fit();
            self.data_left -= data.0.len();
        }
        // Births, ends, reaps and what never ended are always kept; of the rest, so many of each kind that a flood of one kind (a task
        // that asks for news without end) does not wash away another (the line that it writes afterwards).
        if self.is_too_much(&event.op) {
            self.snapshots.remove(&event.begin);
            self.dropped += 1;
        } else {
            if let Operation::Exit(_) = event.op {
                self.ends.insert(event.task, self.events.len());
            }
            self.events.push(event);
        }
    }
}

/// Kinds of what a program may do by the million without anything changing.
const ROUTINES: usize = 7;

fn routine(op: &Operation) -> Option<usize> {
    match op {
        Operation::Read { .. } | Operation::Access { .. } => Some(0),
        Operation::Write { .. } => Some(1),
        Operation::Wait(Wait { result: Outcome::Done(None) | Outcome::Failed(_), .. }) => Some(2),
        Operation::Sleep { .. } | Operation::Await { .. } => Some(3),
        Operation::Call { .. }
        | Operation::Signal { .. }
        | Operation::Kill { .. }
        | Operation::Fault { .. }
        | Operation::ThreadPointer { .. } => Some(4),
        Operation::Map(_) | Operation::Remap(_) => Some(5),
        Operation::Futex(_) => Some(6),
        _ => None,
    }
}
