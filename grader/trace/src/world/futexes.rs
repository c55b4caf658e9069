//! Futexes: who sleeps on which word of memory, and who wakes them. See futex(2).
//!
//! A wait has two parts: the caller sees that the word is as expected and goes to sleep, in one step; somebody wakes
//! it, which is that one's step. Sleepers on a word queue, and the one that has slept longest is woken first.

use super::{Access, Look, World};
use crate::model::ids::TaskPath;
use crate::order::{Footprint, Name, Resource, Space, Span, rules};

/// The size of a futex word.
const WORD: u64 = 4;

/// A futex call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Futex {
    /// FUTEX_WAIT, FUTEX_WAIT_BITSET.
    Wait {
        /// The address of the word.
        at: u64,
        /// The value that the caller expects there.
        expected: u32,
        /// The value that is there now.
        word: u32,
        /// Which wakes it heeds.
        bits: u32,
        /// It has a timeout.
        timed: bool,
    },
    /// FUTEX_WAKE, FUTEX_WAKE_BITSET.
    Wake {
        /// The address of the word.
        at: u64,
        /// How many sleepers it wakes at most.
        most: u32,
        /// Which sleepers.
        bits: u32,
    },
}

/// A task that sleeps on a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sleeper {
    task: TaskPath,
    bits: u32,
    /// What this sleep is called: its end is something that the sleeper sees.
    sleep: Name,
}

/// A word, by the process whose memory it is in.
pub(super) type Word = (TaskPath, u64);

impl World {
    fn space(&self, path: &TaskPath) -> Space {
        Space::Private(Name { by: self.process_of(path).clone(), nth: 0 })
    }

    /// Memory of a task that others may see, by address and length.
    pub fn memory_touched(&self, path: &TaskPath, at: u64, length: u64) -> Resource {
        Resource::Memory(self.space(path), Span::new(at, length))
    }

    fn word(&self, path: &TaskPath, at: u64) -> Word {
        (self.process_of(path).clone(), at)
    }

    /// Whether a task sleeps on a futex.
    pub fn is_asleep(&self, path: &TaskPath) -> bool {
        self.sleepers.values().flatten().any(|sleeper| sleeper.task == *path)
    }

    pub(super) fn look_futex(&self, path: &TaskPath, call: Futex) -> Look {
        let queue = |at| rules::futex(&self.space(path), at);
        match call {
            Futex::Wait { at, timed, .. } if self.is_asleep(path) => {
                Look { timed, ..Look::blocked(vec![Resource::Futex(self.space(path), at)], queue(at)) }
            }
            Futex::Wait { at, expected, word, .. } => {
                let seen = Footprint::nothing().observes(self.memory_touched(path, at, WORD));
                Look::ready(if word == expected { seen.and(queue(at)) } else { seen })
            }
            // Whoever has no other threads wakes nobody, and nobody sees it.
            Futex::Wake { .. } if !self.shares_memory(path) => Look::ready(Footprint::nothing()),
            Futex::Wake { at, most, bits } => Look::ready(self.waking_touches(path, at, most, bits)),
        }
    }

    pub(super) fn access_touches(&self, path: &TaskPath, accesses: &[Access]) -> Footprint {
        accesses.iter().fold(Footprint::nothing(), |sum, access| {
            let memory = self.memory_touched(path, access.at, access.length);
            if access.writes { sum.changes(memory) } else { sum.observes(memory) }
        })
    }

    fn woken_by(&self, path: &TaskPath, at: u64, most: u32, bits: u32) -> Vec<&Sleeper> {
        let sleepers = self.sleepers.get(&self.word(path, at)).map_or(&[][..], Vec::as_slice);
        sleepers.iter().filter(|sleeper| sleeper.bits & bits != 0).take(most as usize).collect()
    }

    fn waking_touches(&self, path: &TaskPath, at: u64, most: u32, bits: u32) -> Footprint {
        let queue = rules::futex(&self.space(path), at);
        let woken = self.woken_by(path, at, most, bits);
        woken.iter().fold(queue, |sum, sleeper| sum.changes(Resource::Object(sleeper.sleep.clone())))
    }

    /// A word of a thread that ends is cleared, and one sleeper is woken.
    pub(super) fn clearing_touches(&self, path: &TaskPath, at: u64) -> Footprint {
        self.waking_touches(path, at, 1, u32::MAX).changes(self.memory_touched(path, at, WORD))
    }

    /// A task has seen that a word is as it expected, and sleeps from now on.
    pub fn falls_asleep(&mut self, path: &TaskPath, at: u64, bits: u32) {
        self.woken.remove(path);
        let nth = self.slept.get(path).copied().unwrap_or(0);
        self.slept.insert(path.clone(), nth + 1);
        let sleep = Name { by: path.clone(), nth: FIRST_SLEEP + nth };
        let word = self.word(path, at);
        self.sleepers.entry(word).or_default().push(Sleeper { task: path.clone(), bits, sleep });
    }

    /// Sleepers on a word are woken: who, the one that has slept longest first.
    pub fn wakes(&mut self, path: &TaskPath, at: u64, most: u32, bits: u32) -> Vec<TaskPath> {
        let woken: Vec<Sleeper> = self.woken_by(path, at, most, bits).into_iter().cloned().collect();
        for sleeper in &woken {
            self.wakes_nobody(&sleeper.task);
            self.woken.insert(sleeper.task.clone(), sleeper.sleep.clone());
        }
        woken.into_iter().map(|sleeper| sleeper.task).collect()
    }

    /// A task sleeps no longer, without having been woken.
    pub fn wakes_nobody(&mut self, path: &TaskPath) {
        self.sleepers.retain(|_, sleepers| {
            sleepers.retain(|sleeper| sleeper.task != *path);
            !sleepers.is_empty()
        });
    }

    /// That somebody has woken it is something that a task saw.
    pub(super) fn was_woken(&self, path: &TaskPath) -> Footprint {
        let sleep = self.woken.get(path).cloned();
        sleep.map_or(Footprint::nothing(), |sleep| Footprint::nothing().observes(Resource::Object(sleep)))
    }
}

/// Names of sleeps begin here; below are those of things that a task has made.
const FIRST_SLEEP: u32 = 1 << 31;
