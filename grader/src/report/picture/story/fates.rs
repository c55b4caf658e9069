//! What no event tells by itself: zombie stretches, orphans, and who is left when the run is over.

use super::{Act, Step};
use grader_trace::{Change, Ending, Fate, Stamp, Task, Trace};

/// Adds these steps at the end of `steps`, which are in order so far.
pub(super) fn add(trace: &Trace, steps: &mut Vec<Step>) {
    let mut added = Vec::new();
    for task in trace.tasks() {
        match (task.end, task.fate) {
            (Some((ended, _)), Fate::Reaped { at, event, .. })
                if zombie_is_seen(trace, task, ended, at, event, steps) =>
            {
                added.push(Step::of(task.id, ended, Act::Rots));
            }
            (Some((ended, _)), Fate::Zombie) => {
                added.push(Step::of(task.id, ended, Act::Rots));
                added.push(Step::of(task.id, Stamp::END, Act::Remains { zombie: true }));
            }
            (Some((ended, _)), Fate::Adopted { at }) if ended < at => {
                added.push(Step::of(task.id, ended, Act::Rots));
                added.push(Step::of(task.id, at, Act::Unreaped));
            }
            (None, _) if *trace.ending() != Ending::Finished => {
                added.push(Step::of(task.id, Stamp::END, Act::Remains { zombie: false }));
            }
            _ => {}
        }
        if let Some(at) = orphaned(trace, task) {
            added.push(Step::of(task.id, at, Act::Orphaned));
        }
    }
    steps.extend(added);
}

/// Whether something happened between the end and the wait, other than the parent sleeping in that wait.
fn zombie_is_seen(trace: &Trace, task: &Task, ended: Stamp, at: Stamp, wait: usize, steps: &[Step]) -> bool {
    let began_before_the_end = trace.events().get(wait).is_some_and(|event| event.begin < ended);
    let between = |step: &Step| {
        step.task != task.id
            && !matches!(step.act, Act::Nothing { .. } | Act::Sleeps { .. })
            && !matches!(step.act, Act::Learns { child, change: Change::Ended(_), .. } if child == Some(task.id))
    };
    let later = steps.partition_point(|step| step.when <= ended);
    !began_before_the_end && steps[later..].iter().take_while(|step| step.when < at).any(between)
}

/// When the task's parent ended, if that was before the task's own end.
fn orphaned(trace: &Trace, task: &Task) -> Option<Stamp> {
    if task.is_thread() {
        return None;
    }
    let (parent_ended, _) = trace.task(task.parent?).end?;
    let outlived = task.end.is_none_or(|(ended, _)| parent_ended < ended);
    (outlived && task.birth.at < parent_ended).then_some(parent_ended)
}
