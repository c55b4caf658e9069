//! Why a run did not end: who slept in what, and who could have woken it.

use super::names::Names;
use super::story::{Act, Sleep, Step};
use super::words::Words;
use grader_trace::{Ending, Object, PipeEnd, PipeId, Selector, Stamp, Tables, TaskId, Trace};

/// Explanations, a sentence each, at most this many.
const MOST: usize = 4;

/// Sentences on a run that did not end by itself.
pub(crate) fn explain(trace: &Trace, steps: &[Step], words: &Words) -> Vec<String> {
    let ending = match trace.ending() {
        Ending::Finished => return Vec::new(),
        Ending::TimedOut => "Time was up.",
        Ending::Stalled => {
            "Everybody who was left slept, and nobody could wake anybody: this would last for ever."
        }
        Ending::LeftBehind => "The program itself had ended; what it left behind had not.",
        Ending::Cancelled => "The run was called off.",
        Ending::Overflowed => "It did more than is followed.",
    };
    let tables = Tables::at(trace, Stamp::END);
    let asleep = last_sleeps(trace, steps);
    let reasons = asleep.iter().filter_map(|(task, sleep)| reason(trace, &tables, words, *task, sleep));
    std::iter::once(ending.to_owned()).chain(reasons.take(MOST)).collect()
}

/// In what each task that is left slept at the end.
fn last_sleeps<'a>(trace: &Trace, steps: &'a [Step]) -> Vec<(TaskId, &'a Sleep)> {
    let left = trace.tasks().iter().filter(|task| task.end.is_none());
    left.filter_map(|task| {
        let last = steps
            .iter()
            .rfind(|step| step.task == task.id && !matches!(step.act, Act::Remains { .. } | Act::Orphaned))?;
        match &last.act {
            Act::Sleeps { why: sleep, .. } => Some((task.id, sleep)),
            _ => None,
        }
    })
    .collect()
}

fn reason(trace: &Trace, tables: &Tables, words: &Words, task: TaskId, sleep: &Sleep) -> Option<String> {
    let name = words.names.task(task);
    match sleep {
        Sleep::Read(Object::Pipe(pipe, PipeEnd::Read)) => {
            let holders = holders(tables, *pipe, PipeEnd::Write, words.names);
            Some(format!(
                "{name} reads from a pipe, and its end comes only when the last write end is closed; still open in {holders}."
            ))
        }
        Sleep::Write(Object::Pipe(pipe, PipeEnd::Write)) => {
            let holders = holders(tables, *pipe, PipeEnd::Read, words.names);
            Some(format!(
                "{name} writes into a full pipe that nobody empties; its read end is open in {holders}."
            ))
        }
        Sleep::Wait(selector) => {
            let alive = trace.children(task).into_iter().filter(|child| child.end.is_none());
            let waited_for = alive.filter(|child| match selector {
                Selector::Pid(pid) => child.pid == *pid,
                _ => true,
            });
            let names: Vec<&str> = waited_for.map(|child| words.names.task(child.id)).take(MOST).collect();
            (!names.is_empty()).then(|| format!("{name} waits for {}, which did not end.", names.join(", ")))
        }
        Sleep::Read(_) | Sleep::Write(_) | Sleep::Clock | Sleep::Call(_) => None,
    }
}

fn holders(tables: &Tables, pipe: PipeId, end: PipeEnd, names: &Names) -> String {
    let all = tables.holders(pipe, end);
    let some: Vec<String> =
        all.iter().take(MOST).map(|(task, fd)| format!("{} (fd {fd})", names.task(*task))).collect();
    match (some.len(), all.len() - some.len()) {
        (0, _) => "nobody".into(),
        (_, 0) => some.join(", "),
        (_, more) => format!("{} and {more} more", some.join(", ")),
    }
}
