//! The dependency relation: what each kind of operation touches.
//!
//! One function a kind of operation; its comment says with what the operation
//! conflicts and why it commutes with the rest. An operation that does several
//! things is the sum of its parts ([`Footprint::and`]): an exit that closes the
//! last write end is [`exit`] and [`close_end`].
//!
//! Positions in a pipe are counted from the pipe's beginning. They are the same
//! in every schedule that does not reverse a conflicting pair, so a read and the
//! write that brought its bytes conflict, and a read and a later write do not.

use super::footprint::{Footprint, Name, Resource, Space, Span};
use crate::model::ids::{Fd, Signal, TaskPath};
use crate::view::descriptors::PipeEnd;

/// A call that nobody has classified: it may notice everything.
pub fn unclassified() -> Footprint {
    Footprint::everything()
}

/// A write to the run's own stdout, which only the grader sees. Bytes come out in the order of such writes,
/// but no task can tell: that order is counted afterwards, not explored.
///
/// Only while no task reads, polls, seeks, stats or reopens it and the bytes are the task's own.
pub fn observed_output() -> Footprint {
    Footprint::nothing()
}

/// A new child of `parent`. Tasks are named by their paths and not by PIDs, so forks of different processes
/// commute; those of one process's threads do not, for wait calls look at children in order of creation.
///
/// The child's copies of pipe ends are not touched: who copies an end holds it, so nobody sees a difference.
pub fn fork(parent: &TaskPath) -> Footprint {
    Footprint::nothing().changes(Resource::Children(parent.clone()))
}

/// A task's end, apart from what it closes ([`close_end`]), who takes its children ([`adoption`]) and a SIGCHLD
/// that its parent would notice, because it handles, blocks or awaits it ([`kill`]).
///
/// Conflicts with wait calls that found it, reaped it or passed it over, with signals sent to it and with
/// getppid of the children it leaves. Ends of siblings commute.
pub fn exit(task: &TaskPath, children: &[TaskPath]) -> Footprint {
    children.iter().fold(Footprint::nothing().changes(Resource::Life(task.clone())), |sum, child| {
        sum.changes(Resource::Parent(child.clone()))
    })
}

/// A task begins to end, and closes what it holds ([`close_end`]); that it has ended others learn only afterwards
/// ([`exit`]). See do_exit in Linux's kernel/exit.c: files are closed long before the parent is told.
///
/// Conflicts with signals sent to it, which come too late from now on.
pub fn leave(task: &TaskPath) -> Footprint {
    Footprint::nothing().changes(Resource::Leaving(task.clone()))
}

/// A process of the run becomes the parent of somebody else's children (PR_SET_CHILD_SUBREAPER).
pub fn adoption(adopter: &TaskPath) -> Footprint {
    Footprint::nothing().changes(Resource::Children(adopter.clone()))
}

/// A wait call of `parent` that reaped `child`.
///
/// The kernel takes the oldest child that is a zombie, so the call also saw that the matching children created
/// before it, `passed_over`, were not. Younger ones it did not look at.
///
/// That is enough for the order of one execution. Exploration must know on what the call depends in *every*
/// schedule, and passes all children that were asked about: had the oldest lived, it would have looked further.
pub fn reap(parent: &TaskPath, child: &TaskPath, passed_over: &[TaskPath]) -> Footprint {
    look(child, passed_over)
        .changes(Resource::Life(child.clone()))
        .changes(Resource::Children(parent.clone()))
}

/// A wait call with WNOWAIT that found `child` and left it a zombie.
pub fn peek(parent: &TaskPath, child: &TaskPath, passed_over: &[TaskPath]) -> Footprint {
    look(child, passed_over).observes(Resource::Children(parent.clone()))
}

fn look(child: &TaskPath, passed_over: &[TaskPath]) -> Footprint {
    let seen = passed_over.iter().chain([child]);
    seen.fold(Footprint::nothing(), |sum, task| sum.observes(Resource::Life(task.clone())))
}

/// A wait call that had no news: WNOHANG and none of `asked_about` was a zombie, or ECHILD and there were none.
pub fn no_news(parent: &TaskPath, asked_about: &[TaskPath]) -> Footprint {
    let none = Footprint::nothing().observes(Resource::Children(parent.clone()));
    asked_about.iter().fold(none, |sum, task| sum.observes(Resource::Life(task.clone())))
}

/// getppid.
pub fn parent_asked(task: &TaskPath) -> Footprint {
    Footprint::nothing().observes(Resource::Parent(task.clone()))
}

/// kill and its like: the target's end could have come first, and of two senders of a signal the first counts.
/// With `signal` `None` nothing was sent: kill(pid, 0), or there was no such process.
///
/// A zombie can be sent a signal as long as its parent lives; after that whoever adopts it reaps it.
pub fn kill(target: &TaskPath, signal: Option<Signal>) -> Footprint {
    let alive = Footprint::nothing()
        .observes(Resource::Life(target.clone()))
        .observes(Resource::Leaving(target.clone()))
        .observes(Resource::Parent(target.clone()));
    match signal {
        Some(signal) => alive.and(signal_sent(target, signal)),
        None => alive,
    }
}

/// A signal becomes pending at a task that is known to be alive, as the caller itself is.
pub fn signal_sent(target: &TaskPath, signal: Signal) -> Footprint {
    Footprint::nothing().changes(Resource::Signal(target.clone(), signal))
}

/// A pending signal reaches the task: a step of its own. `passed_over`: signals that would have come first.
pub fn signal_delivered(task: &TaskPath, signal: Signal, passed_over: &[Signal]) -> Footprint {
    passed_over
        .iter()
        .fold(signal_sent(task, signal), |sum, other| sum.observes(Resource::Signal(task.clone(), *other)))
}

/// What a read from a pipe found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// As many bytes as it asked for.
    All(u64),
    /// Some bytes, fewer than it asked for: it saw that there were no more.
    Fewer(u64),
    /// The end of the file: no bytes, and nobody who could write.
    End,
    /// EAGAIN, or a poll that had nothing to report: no bytes, but somebody who could write.
    NotYet,
}

/// A read from a pipe, at byte `at` of all that was ever written to it.
///
/// Conflicts with other reads, with the writes that brought its bytes and, if it came up short, with every later
/// write; if it got nothing, also with closing write ends.
pub fn pipe_read(pipe: &Name, at: u64, found: Found) -> Footprint {
    let taken = |bytes| {
        Footprint::nothing()
            .changes(Resource::PipeHead(pipe.clone()))
            .counts(Resource::PipeRoom(pipe.clone()))
            .observes(Resource::PipeData(pipe.clone(), Span::new(at, bytes)))
    };
    let no_more = Resource::PipeData(pipe.clone(), Span::since(at));
    match found {
        Found::All(bytes) => taken(bytes),
        Found::Fewer(bytes) => taken(bytes).observes(no_more),
        Found::End | Found::NotYet => Footprint::nothing()
            .observes(Resource::PipeHead(pipe.clone()))
            .observes(no_more)
            .observes(Resource::PipeHeld(pipe.clone(), PipeEnd::Write)),
    }
}

/// A write to a pipe of `bytes` at byte `at` of all that was ever written to it; 0 if it took nothing (EAGAIN).
///
/// `saw_room`: it came up short, or there was room only because of earlier reads; then it conflicts with reads.
pub fn pipe_write(pipe: &Name, at: u64, bytes: u64, saw_room: bool) -> Footprint {
    let write = Footprint::nothing()
        .changes(Resource::PipeTail(pipe.clone()))
        .changes(Resource::PipeData(pipe.clone(), Span::new(at, bytes)))
        .observes(Resource::PipeHeld(pipe.clone(), PipeEnd::Read));
    if saw_room { write.observes(Resource::PipeRoom(pipe.clone())) } else { write }
}

/// A write to a pipe that nobody can read any more: EPIPE and SIGPIPE.
pub fn broken_pipe(pipe: &Name) -> Footprint {
    Footprint::nothing().observes(Resource::PipeHeld(pipe.clone(), PipeEnd::Read))
}

/// One holder of this end of the pipe fewer: by close, dup2, exec or exit. Such closes commute with each other.
pub fn close_end(pipe: &Name, end: PipeEnd) -> Footprint {
    Footprint::nothing().counts(Resource::PipeHeld(pipe.clone(), end))
}

/// A new descriptor in a table: it saw that all lower slots were taken. `None`: there was no free slot (EMFILE).
pub fn slot_taken(table: &Name, fd: Option<Fd>) -> Footprint {
    let lower = fd.map_or(Span::since(0), |fd| Span { from: 0, to: Span::of(fd).from });
    let seen = Footprint::nothing().observes(Resource::Slots(table.clone(), lower));
    match fd {
        Some(fd) => seen.and(slot_changed(table, fd)),
        None => seen,
    }
}

/// A slot is emptied or made to lead elsewhere: close, dup2.
pub fn slot_changed(table: &Name, fd: Fd) -> Footprint {
    Footprint::nothing().changes(Resource::Slots(table.clone(), Span::of(fd)))
}

/// A descriptor is used: it saw where the slot leads.
pub fn slot_used(table: &Name, fd: Fd) -> Footprint {
    Footprint::nothing().observes(Resource::Slots(table.clone(), Span::of(fd)))
}

/// A read from a file at byte `at`; `offset` is the open file description whose offset moves (none for pread).
pub fn file_read(offset: Option<&Name>, file: &Name, at: u64, wanted: u64, got: u64) -> Footprint {
    let seen = if got < wanted { Span::since(at) } else { Span::new(at, got) };
    moves(offset).observes(Resource::File(file.clone(), seen))
}

/// A write to a file at byte `at`; `offset` as in [`file_read`]. Another file description's write to other bytes
/// commutes with it.
pub fn file_write(offset: Option<&Name>, file: &Name, at: u64, bytes: u64) -> Footprint {
    moves(offset).changes(Resource::File(file.clone(), Span::new(at, bytes)))
}

/// A write with O_APPEND: where it goes depends on the size of the file, and it changes it.
pub fn file_append(offset: Option<&Name>, file: &Name, size: u64) -> Footprint {
    moves(offset).changes(Resource::File(file.clone(), Span::since(size)))
}

fn moves(offset: Option<&Name>) -> Footprint {
    offset.map_or(Footprint::nothing(), |ofd| Footprint::nothing().changes(Resource::Offset(ofd.clone())))
}

/// A futex call: sleeping, waking, and waking nobody. Sleepers on one word conflict with each other, too: they
/// queue. The word itself is [`Resource::Memory`] besides.
pub fn futex(space: &Space, place: u64) -> Footprint {
    Footprint::nothing().changes(Resource::Futex(space.clone(), place))
}

#[cfg(test)]
mod tests;
