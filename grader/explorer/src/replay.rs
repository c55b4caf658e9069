//! A schedule once more.

use crate::execution::{End, Execution, Path, execute};
use crate::machine::{Choice, Machine, Trouble};
use crate::schedule::Schedule;

/// Runs exactly this schedule, from the start to the end.
///
/// It is an error if a choice cannot be taken where the schedule says so, or if the program is not over when the
/// schedule is: then the program is another one than it was made for, or not deterministic.
pub fn replay<M: Machine>(machine: &mut M, schedule: &Schedule) -> Result<Execution<M::Event>, Trouble> {
    let execution = execute(machine, schedule.0.len(), |path| match schedule.0.get(path.taken.len()) {
        Some(next) if !path.frontier().enables(next) => Err(stuck(path, next)),
        next => Ok(next.cloned()),
    })?;
    let after = execution.path.taken.len();
    match execution.end {
        End::Finished | End::Deadlock if after == schedule.0.len() => Ok(execution),
        End::Finished | End::Deadlock => {
            Err(Trouble::Diverged { after, what: "the program is over, the schedule is not".into() })
        }
        End::Abandoned | End::TooLong => {
            Err(Trouble::Diverged { after, what: "the schedule is over, the program is not".into() })
        }
    }
}

/// The next choice cannot be taken here; what could.
fn stuck(path: &Path, next: &Choice) -> Trouble {
    let could: Vec<String> = path.frontier().enabled().map(|pending| pending.choice.to_string()).collect();
    let what = format!("{next} was to be next, but cannot go on now; {} could", could.join(" or "));
    Trouble::Diverged { after: path.taken.len(), what }
}

/// Runs a schedule as far as it fits: choices that cannot be taken are left out, and after its end the running task
/// goes on as long as it can, then the first in the tree that can. It is broken off when it is `hopeless`.
pub(crate) fn follow<M: Machine>(
    machine: &mut M,
    schedule: &Schedule,
    most_steps: usize,
    mut hopeless: impl FnMut(&Path) -> bool,
) -> Result<Execution<M::Event>, Trouble> {
    let mut wanted = schedule.0.iter();
    execute(machine, most_steps, |path| {
        if hopeless(path) {
            return Ok(None);
        }
        let frontier = path.frontier();
        if let Some(next) = wanted.by_ref().find(|choice| frontier.enables(choice)) {
            return Ok(Some(next.clone()));
        }
        let running = frontier.enabled().find(|next| Some(&next.choice.task) == path.last_task());
        let first = || frontier.enabled().min_by_key(|next| &next.choice.task);
        Ok(running.or_else(first).map(|next| next.choice.clone()))
    })
}
