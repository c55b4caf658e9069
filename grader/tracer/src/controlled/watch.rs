//! What is known of a program's accesses to memory, and what is noted of them in an execution.

use super::breakpoints::{Copies, Texts};
use super::concurrent::{Moment, Operations};
use grader_program::accesses::{Instruction, ProgramCode};
use grader_trace::TaskPath;
use grader_trace::sorted::SortedSet;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// So many touches in a row that are no steps are those of a task that waits for another one to write, perhaps. The last of
/// them become steps, so that the other one may.
pub(super) const MOST_IN_A_ROW: u32 = 20_000;
const LAST_IN_A_ROW: u32 = 1_000;

/// In place of an instruction: a system call touches memory. That is a step anyway.
pub(super) const SYSTEM_CALL: u64 = u64::MAX;

/// What is known of a program's memory: its code, and which of its instructions touch what threads share.
#[derive(Debug, Clone)]
pub struct Known {
    code: Option<Arc<ProgramCode>>,
    shared: SortedSet<u64>,
    frames: bool,
}

/// What is known of a program's accesses.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pub(super) code: Option<Arc<ProgramCode>>,
    /// Instructions that are steps of their own, by their place in the code.
    pub(super) shared: SortedSet<u64>,
    /// What functions do with their own frames is watched, too: somebody touches another task's stack.
    pub(super) frames: bool,
    /// They will be steps.
    found: SortedSet<u64>,
    /// Frames will be watched.
    pub(super) needs_frames: bool,
    /// The copies of instructions made so far.
    pub(super) copies: Copies,
    /// The code with breakpoints, if it was needed.
    pub(super) texts: Option<Texts>,
    /// What is touched is watched now.
    pub(super) is_on: bool,
    /// Where breakpoints are, in the execution under way.
    pub(super) placed: Option<Placed>,
    /// What was touched in it: by whom, when, and by which instruction. That may be a great deal, in any order.
    pub(super) noted: BTreeSet<Noted>,
    /// The threads that have ended: where their numbers were cleared.
    pub(super) ended: Vec<(u64, TaskPath)>,
    /// Their stacks.
    pub(super) left_stacks: Vec<Range<u64>>,
    /// How many touches in a row were no steps.
    in_a_row: u32,
    /// Its operations.
    pub(super) operations: Operations,
}

impl Watch {
    pub(super) fn known(&self) -> Known {
        Known { code: self.code.clone(), shared: self.shared.clone(), frames: self.frames }
    }

    /// A task has come to a step.
    pub(super) fn begins_a_row(&mut self) {
        self.in_a_row = 0;
    }

    pub(super) fn knows(&mut self, known: Known) {
        (self.code, self.shared, self.frames) = (known.code, known.shared, known.frames);
    }

    /// An instruction that is no step touches memory; whether there were too many of them in a row.
    pub(super) fn counts_in_a_row(&mut self, place: u64, is_shared: bool) -> bool {
        self.in_a_row += 1;
        if is_shared && self.in_a_row > MOST_IN_A_ROW - LAST_IN_A_ROW {
            self.found.insert(place);
        }
        self.in_a_row > MOST_IN_A_ROW
    }

    /// Accesses were found that are shared, and that were not steps of their own: from now on they are. Locks that the
    /// program makes of atomic instructions keep other accesses in order, once they are steps: so those come first.
    pub(super) fn finds_more(&mut self) -> bool {
        self.learns();
        if self.needs_frames && !self.frames {
            (self.frames, self.texts) = (true, None);
            return true;
        }
        let mut found = std::mem::take(&mut self.found);
        found.retain(|place| !self.shared.contains(place));
        let is_atomic = |place: &u64| {
            let code = self.code.as_ref().and_then(|code| code.bytes.get(*place as usize..));
            code.and_then(|bytes| Instruction::at(bytes, 0))
                .is_some_and(|instruction| instruction.is_atomic())
        };
        let atomic: Vec<u64> = found.iter().copied().filter(is_atomic).collect();
        let more = !found.is_empty();
        self.shared.extend(if atomic.is_empty() { found.into_iter().collect() } else { atomic });
        more
    }

    /// Whether it is known by now that there is more to watch than was watched.
    pub(super) fn has_found_more(&mut self) -> bool {
        self.learns();
        self.needs_frames && !self.frames || self.found.iter().any(|place| !self.shared.contains(place))
    }

    /// Which of the accesses noted meet, by different tasks, one of them writing, and with nothing that keeps them in
    /// order.
    pub(super) fn learns(&mut self) {
        let noted: Vec<Noted> = std::mem::take(&mut self.noted).into_iter().collect();
        let operations = std::mem::take(&mut self.operations);
        let mut order = None;
        for (index, one) in noted.iter().enumerate() {
            for other in noted[index + 1..].iter().take_while(|other| other.from < one.to) {
                let places = [one.place, other.place].into_iter().filter(|place| *place != SYSTEM_CALL);
                if (one.writes || other.writes)
                    && places.clone().any(|place| !self.shared.contains(&place))
                    && order.get_or_insert_with(|| operations.order()).are_concurrent(&one.when, &other.when)
                {
                    self.found.extend(places);
                }
            }
        }
        self.placed = None;
        self.left_stacks.clear();
        self.ended.clear();
        self.in_a_row = 0;
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    /// Where the code is.
    pub(super) code: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Noted {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) when: Moment,
    pub(super) writes: bool,
    pub(super) place: u64,
}
