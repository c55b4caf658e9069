//! What is mapped where: a fold over mmap, munmap and mprotect.
//!
//! It knows what the trace has seen. The program itself, its first stack and its heap were there before.

use crate::model::event::Trace;
use crate::model::ids::{Stamp, TaskId};
use crate::model::operation::{Operation, Outcome};
use crate::model::threads::{Access, Map, Remap};

const PAGE: u64 = 4096;

/// A piece of memory that one mmap has made, and that may be used for one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// Its first address.
    pub start: u64,
    /// The address above its last one.
    pub end: u64,
    /// What it may be used for.
    pub access: Access,
    /// The mmap, as an index into the trace's events.
    pub event: usize,
}

impl Region {
    /// Its size in bytes.
    pub fn length(&self) -> u64 {
        self.end - self.start
    }

    fn within(&self, start: u64, end: u64) -> Option<Region> {
        let cut = Region { start: self.start.max(start), end: self.end.min(end), ..*self };
        (cut.start < cut.end).then_some(cut)
    }
}

impl Trace {
    /// What a process, all its threads taken together, has mapped at `moment`, in the order of addresses.
    ///
    /// ```
    /// use grader_trace::{Access, Builder, Stamp, TaskId};
    ///
    /// let mut run = Builder::new("raw-thread");
    /// let stack = run.map(TaskId::ROOT, 3 * 4096, Access::READ_WRITE);
    /// run.protect(TaskId::ROOT, stack, 4096, Access::NONE);
    /// run.unmap(TaskId::ROOT, stack + 2 * 4096, 4096);
    /// let regions = run.finish().regions(TaskId::ROOT, Stamp::END);
    /// let told: Vec<_> = regions.iter().map(|region| (region.start - stack, region.access)).collect();
    /// assert_eq!(told, [(0, Access::NONE), (4096, Access::READ_WRITE)]);
    /// assert_eq!(regions[1].end - stack, 2 * 4096);
    /// ```
    pub fn regions(&self, process: TaskId, moment: Stamp) -> Vec<Region> {
        let mut deeds: Vec<_> =
            self.deeds_of(process).filter(|(_, event)| event.effect() <= moment).collect();
        deeds.sort_unstable_by_key(|(_, event)| (event.effect(), event.begin));
        let mut regions: Vec<Region> = Vec::new();
        for (index, event) in deeds {
            match &event.op {
                Operation::Exec(exec) if exec.result == Outcome::Done(()) => regions.clear(),
                Operation::Map(Map { length, access, result: Outcome::Done(start), .. }) => {
                    let end = end_of(*start, *length);
                    change(&mut regions, *start, end, None);
                    regions.push(Region { start: *start, end, access: *access, event: index });
                }
                Operation::Remap(Remap { start, length, access, result: Outcome::Done(()) }) => {
                    change(&mut regions, *start, end_of(*start, *length), *access);
                }
                _ => {}
            }
        }
        regions.sort_unstable_by_key(|region| region.start);
        regions
    }
}

/// Whole pages are mapped.
fn end_of(start: u64, length: u64) -> u64 {
    start.saturating_add(length.checked_next_multiple_of(PAGE).unwrap_or(length))
}

/// Cuts out what lies between `start` and `end`, and puts it back with another access, if there is one.
fn change(regions: &mut Vec<Region>, start: u64, end: u64, access: Option<Access>) {
    let old = std::mem::take(regions);
    for region in old {
        regions.extend(region.within(0, start));
        regions.extend(region.within(end, u64::MAX));
        if let Some(inside) = region.within(start, end) {
            regions.extend(access.map(|access| Region { access, ..inside }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Builder;

    const P: TaskId = TaskId::ROOT;

    fn told(run: Builder) -> Vec<(u64, u64, u32)> {
        let regions = run.finish().regions(P, Stamp::END);
        regions.iter().map(|region| (region.start, region.length(), region.access.0)).collect()
    }

    #[test]
    fn a_hole_leaves_what_is_on_both_sides_of_it() {
        let mut run = Builder::new("maps");
        let start = run.map(P, 5 * PAGE, Access::READ_WRITE);
        run.unmap(P, start + PAGE, 2 * PAGE);
        run.protect(P, start + 4 * PAGE, PAGE, Access::NONE);
        assert_eq!(told(run), [(start, PAGE, 3), (start + 3 * PAGE, PAGE, 3), (start + 4 * PAGE, PAGE, 0)]);
    }

    #[test]
    fn what_is_mapped_over_something_takes_its_place() {
        let mut run = Builder::new("maps");
        let start = run.map(P, 2 * PAGE, Access::READ_WRITE);
        let map = Map {
            length: 1,
            access: Access::NONE,
            anonymous: true,
            shared: false,
            result: Outcome::Done(start),
        };
        run.event(P, Operation::Map(map));
        assert_eq!(told(run), [(start, PAGE, 0), (start + PAGE, PAGE, 3)]);
    }

    #[test]
    fn another_program_begins_without_any_of_it() {
        let mut run = Builder::new("maps");
        run.map(P, PAGE, Access::READ_WRITE);
        run.exec(P, "/bin/true", &["true"]);
        assert_eq!(told(run), []);
    }
}
