//! Who gets a lane: brothers and sisters that did the same share one; if there are still too many
//! tasks, the rest is only counted.

use super::names::Names;
use super::story::{Act, Step};
use super::words::Words;
use grader_trace::sorted::{SortedMap, SortedSet};
use grader_trace::{Fate, TaskId, Trace};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The tasks that are drawn, and what they did.
#[derive(Debug, Clone)]
pub(crate) struct Crowd {
    /// Who has a lane, from left to right: children stand right of their creator.
    pub(crate) lanes: Vec<TaskId>,
    /// Of a lane that stands for several: for how many.
    pub(crate) alike: SortedMap<TaskId, usize>,
    /// How many tasks are not in the picture at all.
    pub(crate) left_out: usize,
    /// The steps of those who have a lane.
    pub(crate) steps: Vec<Step>,
}

/// From so many on, tasks that did the same share a lane.
const ALIKE: usize = 4;

/// Chooses at most `most` lanes.
pub(crate) fn gather(trace: &Trace, steps: Vec<Step>, most: usize) -> Crowd {
    let marked: SortedSet<TaskId> =
        steps.iter().filter(|step| step.mark.is_some()).map(|step| step.task).collect();
    let stand_in = stand_ins(trace, &steps, &marked);
    let shown = |task: TaskId| stand_in[task.index()] == Some(task);
    let mut lanes: Vec<TaskId> = trace.tasks().iter().map(|task| task.id).filter(|id| shown(*id)).collect();
    let drawable = lanes.len();
    lanes.sort_unstable_by_key(|id| (!marked.contains(id) && *id != TaskId::ROOT, *id));
    lanes.truncate(most);
    let lanes = family_order(trace, &lanes.into_iter().collect());
    let alike = counts(&stand_in);
    let left_out = if drawable > lanes.len() { trace.tasks().len() - covered(&lanes, &alike) } else { 0 };
    let steps = steps_of(steps, &lanes, &stand_in);
    Crowd { lanes, alike, left_out, steps }
}

/// For each task: who stands for it (itself, or another that did the same); `None` for the descendants
/// of those who are stood for.
fn stand_ins(trace: &Trace, steps: &[Step], marked: &SortedSet<TaskId>) -> Vec<Option<TaskId>> {
    let count = trace.tasks().len();
    let signatures = signatures(trace, steps);
    let mut groups: SortedMap<(Option<TaskId>, &str), Vec<TaskId>> = SortedMap::new();
    for task in trace.tasks() {
        groups.entry((task.birth.creator, &signatures[task.id.index()])).or_default().push(task.id);
    }
    let mut stand_in: Vec<Option<TaskId>> = (0..count as u32).map(|id| Some(TaskId(id))).collect();
    for members in groups.values().filter(|members| members.len() >= ALIKE) {
        let first = members.iter().find(|id| marked.contains(id)).unwrap_or(&members[0]);
        members.iter().for_each(|id| stand_in[id.index()] = Some(*first));
    }
    for task in trace.tasks() {
        let hidden = |creator: TaskId| stand_in[creator.index()] != Some(creator);
        if task.birth.creator.is_some_and(hidden) {
            stand_in[task.id.index()] = None;
        }
    }
    stand_in
}

/// For each task what it did, in words without PIDs and numbers; its children's doings included.
fn signatures(trace: &Trace, steps: &[Step]) -> Vec<String> {
    let names = Names::pids(trace);
    let words = Words { names: &names, several_pipes: true };
    let mut signatures = vec![String::new(); trace.tasks().len()];
    for step in steps {
        let timing =
            matches!(step.act, Act::Sleeps { .. } | Act::Wakes { .. } | Act::Rots | Act::Nothing { .. });
        if !timing {
            let said = words.of(&Step { times: 1, ..step.clone() });
            let signature = &mut signatures[step.task.index()];
            match step.act {
                Act::Ends { .. } | Act::Signalled { .. } => signature.push_str(&said),
                _ => push_without_numbers(signature, &said),
            }
            signature.push('\n');
        }
    }
    for task in trace.tasks().iter().rev() {
        let fate = match task.fate {
            Fate::Reaped { by, .. } => format!("reaped {}", Some(by) == task.birth.creator),
            Fate::Adopted { .. } => "adopted".into(),
            other => format!("{other:?}"),
        };
        signatures[task.id.index()].push_str(&fate);
        if let Some(creator) = task.birth.creator {
            // A family of thousands would make signatures of megabytes: the child's is only hashed.
            let mut hasher = DefaultHasher::new();
            signatures[task.id.index()].hash(&mut hasher);
            signatures[creator.index()].push_str(&format!("({:x})", hasher.finish()));
        }
    }
    signatures
}

fn push_without_numbers(signature: &mut String, said: &str) {
    let mut in_number = false;
    for c in said.chars() {
        let digit = c.is_ascii_digit();
        if !(digit && in_number) {
            signature.push(if digit { '#' } else { c });
        }
        in_number = digit;
    }
}

fn counts(stand_in: &[Option<TaskId>]) -> SortedMap<TaskId, usize> {
    let mut counts = SortedMap::new();
    for first in stand_in.iter().flatten() {
        *counts.entry(*first).or_insert(0) += 1;
    }
    counts.retain(|_, count| *count > 1);
    counts
}

fn covered(lanes: &[TaskId], alike: &SortedMap<TaskId, usize>) -> usize {
    lanes.iter().map(|lane| alike.get(lane).copied().unwrap_or(1)).sum()
}

/// The tasks in the order of the family: each is followed by its descendants.
fn family_order(trace: &Trace, wanted: &SortedSet<TaskId>) -> Vec<TaskId> {
    let mut order: Vec<TaskId> = wanted.iter().copied().collect();
    order.sort_unstable_by(|a, b| trace.task(*a).path.cmp(&trace.task(*b).path));
    order
}

/// The steps of those who have a lane; what concerns others is counted with their stand-in's, or left out.
fn steps_of(steps: Vec<Step>, lanes: &[TaskId], stand_in: &[Option<TaskId>]) -> Vec<Step> {
    let has_lane: SortedSet<TaskId> = lanes.iter().copied().collect();
    let mut kept: Vec<Step> = Vec::new();
    let mut gone: SortedSet<usize> = SortedSet::new();
    let mut more: SortedMap<(bool, TaskId), usize> = SortedMap::new();
    for step in steps.into_iter().filter(|step| has_lane.contains(&step.task)) {
        let concerns = match step.act {
            Act::Forks { child, .. } => Some((true, child)),
            Act::Learns { child: Some(child), .. } => Some((false, child)),
            _ => None,
        };
        match concerns {
            Some((birth, child)) if !has_lane.contains(&child) && step.mark.is_none() => {
                gone.extend(step.events.iter().copied());
                if let Some(first) = stand_in[child.index()] {
                    *more.entry((birth, first)).or_default() += 1;
                }
            }
            _ => kept.push(step),
        }
    }
    kept.retain(|step| {
        !(matches!(step.act, Act::Sleeps { .. })
            && step.mark.is_none()
            && step.events.iter().all(|e| gone.contains(e)))
    });
    for step in &mut kept {
        step.times += match step.act {
            Act::Forks { child, .. } => more.get(&(true, child)).copied().unwrap_or(0),
            Act::Learns { child: Some(child), .. } => more.get(&(false, child)).copied().unwrap_or(0),
            _ => 0,
        };
    }
    kept
}
