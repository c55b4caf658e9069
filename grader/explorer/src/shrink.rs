//! A counterexample made as simple as it gets.
//!
//! Simpler is, in this order: fewer things that merely *may* happen (faults, timeouts, signals' moments), fewer preemptions,
//! fewer switches from task to task, fewer steps, and last the schedule whose tasks come first in the tree.
//!
//! Every candidate differs from the best schedule so far by a single change (see [`changes`]). It is run on the
//! machine as far as it fits, unless it is foreseen that it is no simpler; what then really happened is what counts,
//! and only if it fails, too.
//! Invariant: the result was executed, it fails, and no single change of it is simpler and fails.

mod complexity;
mod foreseen;

pub use complexity::Complexity;

use crate::execution::{End, Execution, Path};
use crate::explore::Judgement;
use crate::machine::{Act, Choice, Machine, Trouble};
use crate::replay::{follow, replay};
use crate::schedule::Schedule;
use complexity::Counts;
use foreseen::Foreseen;
use std::time::Instant;

/// The simplest schedule that can be reached from `schedule`, which fails.
///
/// `most_steps` bounds the length of candidates; longer ones do not count. An error if `schedule` itself does not run
/// or does not fail on this machine.
pub fn shrink<M: Machine>(
    machine: &mut M,
    schedule: &Schedule,
    most_steps: usize,
    judge: impl FnMut(&M, &Execution<M::Event>) -> Judgement,
) -> Result<Schedule, Trouble> {
    shrink_within(machine, schedule, most_steps, Patience::default(), judge)
}

/// How long something simpler is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How many candidates are tried.
    pub tries: usize,
    /// When to stop, if that comes first.
    pub until: Option<Instant>,
}

impl Default for Patience {
    /// For ever.
    fn default() -> Patience {
        Patience { tries: usize::MAX, until: None }
    }
}

/// The same, but not for ever: what comes of it was executed and fails, but may not be the simplest.
pub fn shrink_within<M: Machine>(
    machine: &mut M,
    schedule: &Schedule,
    most_steps: usize,
    patience: Patience,
    mut judge: impl FnMut(&M, &Execution<M::Event>) -> Judgement,
) -> Result<Schedule, Trouble> {
    let mut tries = 0;
    let first = replay(machine, schedule)?;
    if judge(machine, &first) == Judgement::Holds {
        let what = "a counterexample that was found before does not fail now".to_string();
        return Err(Trouble::Diverged { after: schedule.0.len(), what });
    }
    let mut best = Foreseen::new(&first);
    'again: loop {
        for candidate in changes(best.schedule()) {
            if patience.until.is_some_and(|until| Instant::now() >= until) {
                break 'again;
            }
            if best.is_no_simpler(&candidate) {
                continue;
            }
            if tries == patience.tries {
                break 'again;
            }
            tries += 1;
            let mut counts = Counts::default();
            let hopeless = |path: &Path| {
                path.taken.len().checked_sub(1).into_iter().for_each(|last| counts.add_step(path, last));
                counts > best.complexity().counts
            };
            let execution = match follow(machine, &candidate, most_steps, hopeless) {
                Ok(execution) => execution,
                Err(broken @ Trouble::Broken(_)) => return Err(broken),
                // This way leads out of what the machine knows: no candidate.
                Err(_) => continue,
            };
            let ended = matches!(execution.end, End::Finished | End::Deadlock);
            let is_simpler =
                ended && execution.path.is_real() && Complexity::of(&execution.path) < *best.complexity();
            if is_simpler && judge(machine, &execution) == Judgement::Fails {
                best = Foreseen::new(&execution);
                continue 'again;
            }
        }
        break;
    }
    Ok(best.schedule().clone())
}

/// All schedules that differ from this one by a single change, the bold ones first:
/// only a beginning of it; without one turn of a task; two neighbouring turns exchanged; one turn moved next to
/// the same task's next or last one; without one choice; two neighbouring choices exchanged; one choice made an ordinary step.
///
/// A *turn* is a task's choices in a row.
pub fn changes(schedule: &Schedule) -> impl Iterator<Item = Schedule> + use<> {
    let choices = schedule.0.clone();
    let turns: Vec<Vec<Choice>> = choices.chunk_by(|a, b| a.task == b.task).map(<[Choice]>::to_vec).collect();
    let count = turns.len();

    let prefixes = (0..choices.len()).map({
        let choices = choices.clone();
        move |length| choices[..length].to_vec()
    });
    let rearranged = |turns: &[Vec<Choice>], change: &dyn Fn(&mut Vec<Vec<Choice>>)| {
        let mut turns = turns.to_vec();
        change(&mut turns);
        turns.concat()
    };
    let without_turn = (0..count).map({
        let turns = turns.clone();
        move |gone| rearranged(&turns, &|turns| drop(turns.remove(gone)))
    });
    let exchanged_turns = (1..count).map({
        let turns = turns.clone();
        move |second| rearranged(&turns, &|turns| turns.swap(second - 1, second))
    });
    let merged = (0..count).flat_map(move |moved| {
        let task = &turns[moved][0].task;
        let before = turns[..moved].iter().rposition(|turn| turn[0].task == *task);
        let after = turns[moved + 1..].iter().position(|turn| turn[0].task == *task);
        let earlier = before.map(|place| {
            rearranged(&turns, &|t| {
                let turn = t.remove(moved);
                t.insert(place + 1, turn);
            })
        });
        let later = after.map(|distance| {
            rearranged(&turns, &|t| {
                let turn = t.remove(moved);
                t.insert(moved + distance, turn);
            })
        });
        earlier.into_iter().chain(later).collect::<Vec<_>>()
    });
    let single = (0..choices.len()).flat_map(move |place| {
        let edited = |change: &dyn Fn(&mut Vec<Choice>)| {
            let mut edited = choices.clone();
            change(&mut edited);
            edited
        };
        let gone = edited(&|c| drop(c.remove(place)));
        let swapped = edited(&|c| {
            if place > 0 {
                c.swap(place - 1, place)
            }
        });
        let plain = edited(&|c| c[place].act = Act::Step);
        [gone, swapped, plain]
    });
    prefixes.chain(without_turn).chain(exchanged_turns).chain(merged).chain(single).map(Schedule)
}
