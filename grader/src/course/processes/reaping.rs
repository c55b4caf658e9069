//! Waiting: who reaped whom, before what, and whether by sleeping or by asking again and again.

use super::ending::came_to_an_end;
use crate::course::naming::{in_words, role};
use crate::course::{Check, Finding, Judgement, Run};
use grader_trace::{Change, ExitStatus, Fate, News, Operation, Outcome, Task, TaskId, Trace};

/// "Every child is reaped by its parent."
pub const REAPED: Check = Check {
    id: "reaped",
    claim: "The parent reaps its child with a wait call.",
    why: "A process that has ended stays in the kernel's table as a zombie until its parent asks how it ended. \
          Ending first only leaves the work to whoever adopts orphans.",
    points: 0,
    hints: &[
        "Who is told how the child ended? Look for a call of the parent that returns the child's PID.",
        "wait(2) sleeps until a child has ended, then returns its PID. Which process has to call it?",
        "In the parent: let status = waitpid(child, None)?; and look at what it answers.",
    ],
    see: &["wait(2)"],
    scenarios: &["plain", "slow-child", "slow-parent"],
    judge: |run| reaped(run.trace()),
};

/// "Waiting is sleeping."
pub const NO_BUSY_WAIT: Check = Check {
    id: "no-busy-wait",
    claim: "The parent does not ask again and again whether its child has ended.",
    why: "A wait with WNOHANG answers at once, and mostly `nothing yet`; a look into /proc is no better. A loop of \
          such questions burns the processor that the child could use; with a sleep in the loop it is also late.",
    points: 0,
    hints: &[
        "Does your wait call come back before there is anything to report?",
        "WNOHANG means: never sleep. Without it the kernel wakes you when the child has ended.",
        "waitpid(child, None) once, instead of a loop of waitpid(child, Some(WaitPidFlag::WNOHANG)).",
    ],
    see: &["wait(2)"],
    scenarios: &["plain", "slow-child", "slow-parent"],
    judge: |run| no_busy_wait(run),
};

/// How many answers "nothing yet" in a row are no spinning yet: a program may look once before it
/// sleeps, and once more.
const VAIN_ANSWERS: usize = 2;

/// Judges [`REAPED`] for all children of the program.
pub fn reaped(trace: &Trace) -> Judgement {
    let mut words = Vec::new();
    for child in trace.children(TaskId::ROOT) {
        words.push(reaped_one(trace, child)?);
    }
    Ok(words.join("; "))
}

/// Judges [`REAPED`] for one process, which has a parent in this run.
pub fn reaped_one(trace: &Trace, child: &Task) -> Judgement {
    let parent = child.parent.map_or_else(|| trace.root(), |parent| trace.task(parent));
    let (the_parent, the_child) = (role(trace, parent.id), role(trace, child.id));
    let expected = format!("a wait call of {the_parent} returns {}", child.pid);
    let fails =
        |observed: String, events: Vec<usize>| Err(Finding::new(&expected, observed).at(events).into());
    match child.fate {
        Fate::Reaped { by, event, .. } if trace.process_of(by) == parent.id => Ok(told(trace, event)),
        Fate::Reaped { by, event, .. } => {
            fails(format!("{} reaped {the_child}, not {the_parent}", role(trace, by)), vec![event])
        }
        Fate::Released => fails(
            format!(
                "{the_parent} ignores SIGCHLD, so the kernel dropped {the_child} at its end, and nobody learned how it \
                 ended"
            ),
            ignoring(trace, parent.id),
        ),
        Fate::Alive | Fate::Zombie | Fate::Adopted { .. } => {
            came_to_an_end(child)?;
            came_to_an_end(parent)?;
            let (attempts, events) = attempts(trace, child);
            let end = match child.fate {
                Fate::Adopted { at } if child.end.is_some_and(|(ended, _)| ended < at) => {
                    format!("{the_child} stayed a zombie until its parent ended")
                }
                _ => format!("when {the_child} ended, its parent was gone"),
            };
            fails(format!("{attempts}; {end}"), events)
        }
        Fate::Root => Ok("the program is nobody's child".into()),
    }
}

/// "wait4 returned 4712 (exit status 0)"
pub fn told(trace: &Trace, event: usize) -> String {
    match &trace.events()[event].op {
        Operation::Wait(wait) => match wait.result {
            Outcome::Done(Some(News { pid, change: Change::Ended(status), .. })) => {
                format!("{} returned {pid} ({})", wait.call, short(status))
            }
            Outcome::Done(Some(News { pid, .. })) => format!("{} returned {pid}", wait.call),
            Outcome::Done(None) => format!("{} answered \"nothing yet\"", wait.call),
            Outcome::Failed(errno) => format!("{} answered {errno}", wait.call),
            Outcome::Unfinished => format!("{} never returned", wait.call),
        },
        other => other.word().into(),
    }
}

fn short(status: ExitStatus) -> String {
    match status {
        ExitStatus::Exited(_) => in_words(status),
        ExitStatus::Killed(signal) => format!("killed by {signal}"),
    }
}

/// What became of the parent's wait calls, none of which reaped the child.
fn attempts(trace: &Trace, child: &Task) -> (String, Vec<usize>) {
    let parent = child.parent.unwrap_or(TaskId::ROOT);
    let the_parent = role(trace, parent);
    if let Some((event, wait)) = trace.told_of_end(parent, child.id) {
        let words =
            format!("{the_parent} learned of the end by {} with WNOWAIT, which reaps nobody", wait.call);
        return (words, vec![event]);
    }
    match (trace.waits(parent).last(), trace.waits(child.id).first()) {
        (Some((event, _)), _) => {
            (format!("the last wait call of {the_parent}: {}", told(trace, *event)), vec![*event])
        }
        (None, Some((event, _))) => {
            let by_child = told(trace, *event);
            (format!("{the_parent} made no wait call (its child made one: {by_child})"), vec![*event])
        }
        (None, None) => {
            (format!("{the_parent} made no wait call"), trace.birth_of(child.id).into_iter().collect())
        }
    }
}

fn ignoring(trace: &Trace, parent: TaskId) -> Vec<usize> {
    let sets = |(index, event): (usize, &grader_trace::Event)| {
        matches!(event.op, Operation::Disposition { signal: grader_trace::Signal::CHLD, .. }).then_some(index)
    };
    trace.deeds_of(parent).filter_map(sets).collect()
}

/// Judges [`NO_BUSY_WAIT`].
pub fn no_busy_wait(run: &Run) -> Judgement {
    no_busy_wait_of(run.trace(), TaskId::ROOT)
}

/// Judges [`NO_BUSY_WAIT`] for one process.
pub fn no_busy_wait_of(trace: &Trace, process: TaskId) -> Judgement {
    let who = role(trace, process);
    match trace.spin(process) {
        Some(spin) if spin.answers > VAIN_ANSWERS => {
            let times = spin.answers;
            let observed = match &trace.events()[spin.event].op {
                Operation::Open { path, .. } => {
                    format!("{who} opened {path} {times} times in a row while that process was alive")
                }
                Operation::Kill { target, .. } => {
                    format!("{who} asked {times} times in a row with signal 0 whether {target} is there")
                }
                _ => format!("{who} asked {times} times in a row with WNOHANG and was told \"nothing yet\""),
            };
            let expected = format!("{who} sleeps in the kernel until there is something to report");
            Err(Finding::new(expected, observed).at([spin.event]).into())
        }
        Some(spin) => Ok(format!(
            "{who} asked in vain at most {} in a row",
            if spin.answers == 1 { "once" } else { "twice" }
        )),
        None => Ok(format!("{who} never asked in vain, by wait, by signal 0 or in /proc")),
    }
}
