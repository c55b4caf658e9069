//! An execution that got too long, brought to its end.
//!
//! Whoever asks again and again gets an answer once others have moved. So an execution that is broken off in the middle of
//! that goes on with all tasks in turn. If it then ends, it is one like any other, and may show a mistake.

use crate::execution::{End, Execution, Path, execute};
use crate::explore::Judgement;
use crate::machine::{Choice, Machine, Trouble};
use crate::schedule::Schedule;

/// So many choices of such an execution are tried first, then twice as many, and so on: short executions cost little.
const FIRST: usize = 16;

/// The task that can go on and did so longest ago, and its first choice.
pub fn longest_ago(path: &Path) -> Option<Choice> {
    let last = |choice: &Choice| path.taken.iter().rposition(|(taken, _)| taken.task == choice.task);
    path.frontier().enabled().map(|pending| &pending.choice).min_by_key(|choice| last(choice)).cloned()
}

/// A schedule that begins like this one, of which it is no more than a beginning, goes on with all tasks in turn, comes to
/// an end and fails; one choice less of it, and that does not fail. `None` if there is none.
pub(crate) fn brought_to_its_end<M: Machine>(
    machine: &mut M,
    beginning: &Schedule,
    most_steps: usize,
    mut judge: impl FnMut(&M, &Execution<M::Event>) -> Judgement,
) -> Result<Option<Schedule>, Trouble> {
    let mut fails_after = |length: usize| {
        let begun = &beginning.0[..length];
        let execution = match execute(machine, most_steps, |path| {
            Ok(begun.get(path.taken.len()).cloned().or_else(|| longest_ago(path)))
        }) {
            Ok(execution) => execution,
            Err(broken @ Trouble::Broken(_)) => return Err(broken),
            // This way leads out of what the machine knows.
            Err(_) => return Ok(None),
        };
        let ended = matches!(execution.end, End::Finished | End::Deadlock);
        let schedule = if ended { execution.path.real_schedule() } else { None };
        Ok(schedule.filter(|_| judge(machine, &execution) == Judgement::Fails))
    };
    let all = beginning.0.len();
    let (mut least, mut most) = (0, FIRST.min(all));
    let mut found = loop {
        match fails_after(most)? {
            Some(schedule) => break schedule,
            None if most == all => return Ok(None),
            None => (least, most) = (most + 1, (2 * most).min(all)),
        }
    };
    while least < most {
        let middle = least.midpoint(most);
        match fails_after(middle)? {
            Some(schedule) => (found, most) = (schedule, middle),
            None => least = middle + 1,
        }
    }
    Ok(Some(found))
}
