//! What an operation touched, and whether two operations could notice each other.
//!
//! A [`Footprint`] is a list of touches: a [`Resource`] and how it was touched.
//! Two operations *conflict* if swapping them could change what either did or
//! saw; then the order in which they happened is part of what happened. What each
//! kind of operation touches is written down in [`rules`](super::rules).
//!
//! Invariant: a footprint describes an operation with its answer. "Nobody has
//! ended yet", "no data", "no such process" are observations like any other.

use crate::model::ids::{Fd, Signal, TaskPath, Text};
use crate::view::descriptors::PipeEnd;

/// A kernel object, named so that every schedule gives it the same name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// The task that made it.
    pub by: TaskPath,
    /// How many objects that task had made before.
    pub nth: u32,
}

/// Places from `from` up to, not including, `to`: bytes of a stream, a file or memory, or descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The first place.
    pub from: u64,
    /// The place after the last.
    pub to: u64,
}

impl Span {
    /// `length` places from `from`.
    pub fn new(from: u64, length: u64) -> Span {
        Span { from, to: from.saturating_add(length) }
    }

    /// `from` and everything after it.
    pub fn since(from: u64) -> Span {
        Span { from, to: u64::MAX }
    }

    /// Just one descriptor.
    pub fn of(fd: Fd) -> Span {
        Span::new(u64::try_from(fd.0).unwrap_or(u64::MAX), 1)
    }

    /// Whether both have a place in common.
    pub fn overlaps(self, other: Span) -> bool {
        self.from.max(other.from) < self.to.min(other.to)
    }
}

/// Memory that several tasks may see.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Space {
    /// An address space; places in it are addresses.
    Private(Name),
    /// A shared mapping; places in it are offsets in the mapped object.
    Shared(Name),
}

/// Something that more than one task can notice.
///
/// Processes are named by the path of their first task.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Resource {
    /// Whether a task lives, is a zombie or is gone.
    Life(TaskPath),
    /// Whether a task has begun to end: no signal reaches it any more.
    Leaving(TaskPath),
    /// The list of a process's children, in the order in which wait calls look through it.
    Children(TaskPath),
    /// Which process is this process's parent.
    Parent(TaskPath),
    /// One signal pending at a task or process: whether, and who sent it first.
    Signal(TaskPath, Signal),
    /// Bytes that were written to a pipe, counted from the pipe's beginning.
    PipeData(Name, Span),
    /// Where the next byte will be taken from a pipe.
    PipeHead(Name),
    /// Where the next byte will be put into a pipe.
    PipeTail(Name),
    /// How much room a pipe has left.
    PipeRoom(Name),
    /// Whether anyone holds this end of a pipe.
    PipeHeld(Name, PipeEnd),
    /// The offset of an open file description.
    Offset(Name),
    /// Contents of a file; its size is the end of the contents.
    File(Name, Span),
    /// What a path leads to, if anything.
    Path(Text),
    /// Slots of a descriptor table.
    Slots(Name, Span),
    /// The queue of tasks that sleep on a futex: an address or offset in this memory.
    Futex(Space, u64),
    /// Contents of memory.
    Memory(Space, Span),
    /// A timer: when it fires, or whether it has.
    Timer(Name),
    /// The clock as one task sees it.
    Clock(TaskPath),
    /// Any other object: a lock, a socket, an eventfd.
    Object(Name),
}

impl Resource {
    /// Whether both are, at least in part, the same thing.
    pub fn meets(&self, other: &Resource) -> bool {
        use Resource::{File, Memory, PipeData, Slots};
        match (self, other) {
            (PipeData(a, x), PipeData(b, y)) | (File(a, x), File(b, y)) | (Slots(a, x), Slots(b, y)) => {
                x.overlaps(*y) && a == b
            }
            (Memory(a, x), Memory(b, y)) => x.overlaps(*y) && a == b,
            _ => self == other,
        }
    }
}

/// How a resource is touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum How {
    /// What was seen depends on it.
    Observe,
    /// It is another thing afterwards.
    Change,
    /// Something is added or taken away; several of these come to the same in any order.
    Count,
}

impl How {
    /// Whether the order of two touches of one thing can be noticed.
    pub fn conflicts(self, other: How) -> bool {
        match (self, other) {
            (How::Observe, How::Observe) | (How::Count, How::Count) => false,
            (How::Change, _) | (_, How::Change) => true,
            (How::Observe, How::Count) | (How::Count, How::Observe) => true,
        }
    }
}

/// What an operation touched, its answer included.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Footprint {
    touches: Vec<(Resource, How)>,
    everything: bool,
}

impl Footprint {
    /// Of an operation that no other task can notice, and that notices no other.
    pub fn nothing() -> Footprint {
        Footprint::default()
    }

    /// Of an operation about which nothing is known.
    pub fn everything() -> Footprint {
        Footprint { touches: Vec::new(), everything: true }
    }

    /// … and what it saw depends on `what`.
    pub fn observes(self, what: Resource) -> Footprint {
        self.touches(what, How::Observe)
    }

    /// … and it changes `what`.
    pub fn changes(self, what: Resource) -> Footprint {
        self.touches(what, How::Change)
    }

    /// … and it adds to `what` or takes from it.
    pub fn counts(self, what: Resource) -> Footprint {
        self.touches(what, How::Count)
    }

    /// … and all that `other` touches, too.
    pub fn and(mut self, other: Footprint) -> Footprint {
        self.everything |= other.everything;
        self.touches.extend(other.touches);
        self
    }

    /// From now on it touches all that `other` touches, too, each thing once.
    pub fn include(&mut self, other: &Footprint) {
        self.everything |= other.everything;
        for touch in &other.touches {
            if !self.touches.contains(touch) {
                self.touches.push(touch.clone());
            }
        }
    }

    fn touches(mut self, what: Resource, how: How) -> Footprint {
        self.touches.push((what, how));
        self
    }

    /// The touches. Whether it touches everything is not among them.
    pub fn parts(&self) -> &[(Resource, How)] {
        &self.touches
    }

    /// Whether the order of the two operations could be noticed: by them, or by any task later.
    ///
    /// Operations of one task are in order anyway; this is asked of different tasks.
    pub fn conflicts(&self, other: &Footprint) -> bool {
        self.everything
            || other.everything
            || self.touches.iter().any(|(mine, how)| {
                other.touches.iter().any(|(theirs, their)| how.conflicts(*their) && mine.meets(theirs))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(nth: u32) -> Name {
        Name { by: TaskPath::default(), nth }
    }

    #[test]
    fn two_observers_and_two_counters_commute_and_nothing_else_does() {
        let hows = [How::Observe, How::Change, How::Count];
        let commuting: Vec<(How, How)> = hows
            .iter()
            .flat_map(|a| hows.iter().map(move |b| (*a, *b)))
            .filter(|(a, b)| !a.conflicts(*b))
            .collect();
        assert_eq!(commuting, [(How::Observe, How::Observe), (How::Count, How::Count)]);
    }

    #[test]
    fn memory_conflicts_where_it_overlaps_in_the_same_space() {
        let at =
            |space: Space, from| Footprint::nothing().changes(Resource::Memory(space, Span::new(from, 4)));
        let heap = || Space::Private(name(0));
        assert!(at(heap(), 100).conflicts(&at(heap(), 103)));
        assert!(!at(heap(), 100).conflicts(&at(heap(), 104)), "next to each other");
        assert!(!at(heap(), 100).conflicts(&at(Space::Private(name(1)), 100)), "another process");
        assert!(!at(heap(), 100).conflicts(&at(Space::Shared(name(0)), 100)), "an offset is no address");
    }

    #[test]
    fn different_resources_of_one_object_do_not_meet() {
        let ends = [PipeEnd::Read, PipeEnd::Write];
        let held = ends.map(|end| Footprint::nothing().changes(Resource::PipeHeld(name(0), end)));
        assert!(!held[0].conflicts(&held[1]));
        assert!(held[0].conflicts(&held[0]));
    }

    #[test]
    fn an_unclassified_call_conflicts_even_with_what_touches_nothing() {
        assert!(Footprint::everything().conflicts(&Footprint::nothing()));
        assert!(Footprint::nothing().conflicts(&Footprint::everything()));
        assert!(Footprint::nothing().and(Footprint::everything()).conflicts(&Footprint::nothing()));
        assert!(!Footprint::nothing().conflicts(&Footprint::nothing()));
    }

    #[test]
    fn a_footprint_put_together_touches_what_its_parts_touch() {
        let clock = || Footprint::nothing().changes(Resource::Clock(TaskPath::default()));
        assert!(Footprint::nothing().and(clock()).conflicts(&clock()));
    }
}
