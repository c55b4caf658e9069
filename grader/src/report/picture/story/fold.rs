//! Folding: what says the same thing again is said once, with a count.

use super::acts::Draft;
use super::{Act, Step};
use grader_trace::TaskId;
use grader_trace::sorted::SortedMap;

/// Folds the answers "nothing yet" that a task gets in a row, sleeps between them included.
pub(super) fn repeated_answers(drafts: &mut Vec<Draft>) {
    let mut open: SortedMap<TaskId, usize> = SortedMap::new();
    let mut kept: Vec<Draft> = Vec::with_capacity(drafts.len());
    for draft in drafts.drain(..) {
        let task = draft.step.task;
        let first = open.get(&task).copied().and_then(|index: usize| kept.get_mut(index));
        match (first.map(|first| &mut first.step), &draft.step.act) {
            (Some(first), Act::Nothing { .. }) => {
                first.times += 1;
                first.events.extend(&draft.step.events);
                continue;
            }
            (Some(Step { act: Act::Nothing { naps, .. }, events, .. }), _) if draft.is_nap() => {
                *naps += 1;
                events.extend(&draft.step.events);
                continue;
            }
            (_, Act::Nothing { .. }) => {
                open.insert(task, kept.len());
            }
            _ => {
                open.remove(&task);
            }
        }
        kept.push(draft);
    }
    *drafts = kept;
}

/// Joins neighbours of one task that belong together, and cuts long rows of one kind.
pub(super) fn neighbours(steps: Vec<Step>, focus: &[usize]) -> Vec<Step> {
    let mut joined: Vec<Step> = Vec::with_capacity(steps.len());
    for step in steps {
        let told = joined.last_mut().is_some_and(|last| join(last, &step));
        if !told {
            joined.push(step);
        }
    }
    cut_rows(joined, focus)
}

/// Whether `next` could be told together with `last`; then it is.
fn join(last: &mut Step, next: &Step) -> bool {
    if last.task != next.task || last.injected != next.injected {
        return false;
    }
    match (&mut last.act, &next.act) {
        (Act::Writes { to, text, bytes }, Act::Writes { to: also_to, text: more, bytes: more_bytes }) => {
            // A finished line stands for itself, unless it is a flood.
            if to != also_to || (text.0.ends_with(b"\n") && *bytes < FLOOD) {
                return false;
            }
            if text.0.len() < FLOOD as usize {
                text.0.extend_from_slice(&more.0);
            }
            *bytes += more_bytes;
            last.times += next.times;
        }
        (
            Act::Reads { from, bytes, ended },
            Act::Reads { from: also_from, bytes: more, ended: now_ended },
        ) => {
            if from != also_from || *ended {
                return false;
            }
            *bytes += more;
            *ended = *now_ended;
        }
        // A search along PATH.
        (
            Act::ExecFails { path, argv, errno },
            Act::ExecFails { path: also_path, argv: also_argv, errno: also_errno },
        ) => {
            if argv != also_argv || errno != also_errno {
                return false;
            }
            path.clone_from(also_path);
        }
        (Act::Closes(some), Act::Closes(more)) => some.extend(more.iter().cloned()),
        _ => return false,
    }
    last.events.extend(&next.events);
    true
}

/// From how many bytes on a write is not read line by line any more.
const FLOOD: u64 = 400;

/// Of more neighbours of one kind than this, the first two and the last one are drawn.
const ROW: usize = 6;

fn cut_rows(steps: Vec<Step>, focus: &[usize]) -> Vec<Step> {
    let mut cut: Vec<Step> = Vec::with_capacity(steps.len());
    let mut rest = &steps[..];
    while let Some(first) = rest.first() {
        let alike = |step: &&Step| {
            step.task == first.task
                && !step.injected
                && kind(&step.act).is_some()
                && kind(&step.act) == kind(&first.act)
        };
        let row = rest.iter().take_while(alike).count().max(1);
        let (these, others) = rest.split_at(row);
        rest = others;
        match these {
            [one, two, middle @ .., last] if row >= ROW && !touches(middle, focus) => {
                let events = middle.iter().flat_map(|step| step.events.iter().copied()).collect();
                let more = Step::of(one.task, two.when, Act::More(middle.len()));
                cut.extend([one.clone(), two.clone(), Step { events, ..more }, last.clone()]);
            }
            all => cut.extend_from_slice(all),
        }
    }
    cut
}

fn touches(steps: &[Step], focus: &[usize]) -> bool {
    steps.iter().any(|step| step.events.iter().any(|event| focus.contains(event)))
}

/// Kinds of which long rows are cut.
fn kind(act: &Act) -> Option<u8> {
    match act {
        Act::Writes { .. } => Some(0),
        Act::Reads { .. } => Some(1),
        Act::Does(_) | Act::Closes(_) | Act::Dups { .. } => Some(2),
        Act::ExecFails { .. } => Some(3),
        Act::Signalled { .. } => Some(4),
        _ => None,
    }
}
