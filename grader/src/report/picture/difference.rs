//! The first difference between what a program did and what was wanted.
//!
//! Tasks are compared one by one, each with the one in the same place of the tree of creation: how the
//! kernel mixed the tasks is no difference. Which call was used to wait or to fork is none either.

use super::names::Names;
use super::story::{Act, Mark, Sleep, Step};
use super::words::Words;
use grader_trace::sorted::SortedMap;
use grader_trace::{Object, TaskId, Trace};

/// Marks the first difference in both stories.
pub(crate) fn mark(seen: (&Trace, &mut [Step]), wanted: (&Trace, &mut [Step])) {
    let theirs = by_path(wanted.0, wanted.1);
    let ours = by_path(seen.0, seen.1);
    let mut first: Option<(usize, usize)> = None;
    for (path, own) in &ours {
        let Some(other) = theirs.get(path) else { continue };
        let differing = own.iter().zip(other).find(|(own, other)| own.1 != other.1);
        let pair = match differing {
            Some((own, other)) => (own.0, other.0),
            // One of them goes on where the other has no more steps.
            None if own.len() > other.len() => (own[other.len()].0, usize::MAX),
            None if own.len() < other.len() => (usize::MAX, other[own.len()].0),
            None => continue,
        };
        if first.is_none_or(|best| pair < best) {
            first = Some(pair);
        }
    }
    let Some((here, there)) = first else { return };
    if let Some(step) = seen.1.get_mut(here)
        && step.mark.is_none()
    {
        step.mark = Some(Mark::Differs);
    }
    if let Some(step) = wanted.1.get_mut(there) {
        step.mark = Some(Mark::Wanted);
    }
}

type Keys = SortedMap<String, Vec<(usize, String)>>;

/// For each task, by its place in the tree: its steps that count, with their indices, in comparable words.
fn by_path(trace: &Trace, steps: &[Step]) -> Keys {
    let names = Names::paths(trace);
    let words = Words { names: &names, several_pipes: true };
    let mut keys = Keys::new();
    for (index, step) in steps.iter().enumerate() {
        if let Some(key) = key(step, &words) {
            keys.entry(path(trace, step.task)).or_default().push((index, key));
        }
    }
    keys
}

fn path(trace: &Trace, task: TaskId) -> String {
    trace.task(task).path.to_string()
}

fn key(step: &Step, words: &Words) -> Option<String> {
    match &step.act {
        Act::Forks { child, .. } => Some(format!("makes {}", words.names.task(*child))),
        Act::Nothing { .. } if step.times > 2 => Some("spins".into()),
        Act::Sleeps { why: Sleep::Clock, .. } => Some("sleeps".into()),
        // A call that never came back.
        Act::Sleeps { woken: false, .. } => Some(words.of(step)),
        Act::Writes { to: Object::Stdout | Object::Stderr, .. } => Some(words.of(step)),
        // What sendfile and splice move is not recorded, only how much it is.
        Act::Writes { to, bytes, .. } => Some(format!("into {}: {bytes}", words.object(to))),
        Act::ForkFails { .. }
        | Act::Execs { .. }
        | Act::ExecFails { .. }
        | Act::Learns { .. }
        | Act::WaitFails { .. }
        | Act::Signalled { .. }
        | Act::Ends { .. }
        | Act::Orphaned
        | Act::Unreaped
        | Act::Remains { .. } => Some(words.of(step)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::scenes;
    use super::super::story::story;
    use super::*;

    fn marked(seen: &Trace, wanted: &Trace) -> (Option<Act>, Option<Act>) {
        let mut ours = story(seen, &[]);
        let mut theirs = story(wanted, &[]);
        mark((seen, &mut ours), (wanted, &mut theirs));
        let act = |steps: &[Step]| steps.iter().find(|step| step.mark.is_some()).map(|step| step.act.clone());
        (act(&ours), act(&theirs))
    }

    #[test]
    fn a_line_printed_before_the_wait_is_the_first_difference() {
        let (seen, wanted) = marked(&scenes::wait_wrong(), &scenes::wait_right());
        assert!(matches!(seen, Some(Act::Writes { .. })), "{seen:?}");
        assert!(matches!(wanted, Some(Act::Learns { .. })), "{wanted:?}");
    }

    #[test]
    fn a_run_does_not_differ_from_itself_however_the_kernel_mixed_it() {
        let mut other_order = grader_trace::Builder::new("fork");
        other_order.print(TaskId::ROOT, "hello world (pid:100)\n");
        let child = other_order.fork(TaskId::ROOT);
        let mut same = scenes::fork();
        assert_eq!(marked(&same, &scenes::fork()), (None, None));
        other_order.print(child, "hello, I am child (pid:101)\n");
        other_order.print(TaskId::ROOT, "hello, I am parent of 101 (pid:100)\n");
        other_order.exit(TaskId::ROOT, 0);
        other_order.exit(child, 0);
        same = other_order.finish();
        assert_eq!(marked(&same, &scenes::fork()), (None, None));
    }

    #[test]
    fn a_missing_task_shows_where_it_should_have_been_made() {
        let mut run = grader_trace::Builder::new("fork");
        run.print(TaskId::ROOT, "hello world (pid:100)\n");
        run.exit(TaskId::ROOT, 0);
        let (seen, wanted) = marked(&run.finish(), &scenes::fork());
        assert!(matches!(seen, Some(Act::Ends { .. })), "{seen:?}");
        assert!(matches!(wanted, Some(Act::Forks { .. })), "{wanted:?}");
    }
}
