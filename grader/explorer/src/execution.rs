//! One execution: which choices were taken, what they touched, and where each left the program.
//!
//! Invariant: `frontiers` is one longer than `taken`; choice `i` was taken at frontier `i`.

use crate::machine::{self, Choice, Frontier, Machine, Trouble};
use crate::schedule::Schedule;
use grader_trace::TaskPath;
use grader_trace::order::{Footprint, Late, Step, TraceOrder};
use std::collections::HashMap;

/// What a strategy sees of an execution.
#[derive(Debug, Clone)]
pub struct Path {
    /// The frontier at the start and after each choice.
    pub frontiers: Vec<Frontier>,
    /// The choices, and what each touched.
    pub taken: Vec<(Choice, Footprint)>,
    /// Choices of which the first was over when the second was taken, whichever was taken first here: how late signals
    /// may arrive. See [`Overdue`](grader_trace::order::Overdue).
    pub late: Vec<Late>,
}

impl Path {
    /// An execution that has just begun.
    pub fn new(start: Frontier) -> Path {
        Path { frontiers: vec![start], taken: Vec::new(), late: Vec::new() }
    }

    /// Where the program stands.
    pub fn frontier(&self) -> &Frontier {
        &self.frontiers[self.taken.len()]
    }

    /// The task that moved last.
    pub fn last_task(&self) -> Option<&TaskPath> {
        self.taken.last().map(|(choice, _)| &choice.task)
    }

    /// The choices taken so far.
    pub fn schedule(&self) -> Schedule {
        Schedule(self.taken.iter().map(|(choice, _)| choice.clone()).collect())
    }

    /// Which step made each task.
    pub fn births(&self) -> HashMap<&TaskPath, usize> {
        let mut births = HashMap::new();
        let mut known: Vec<&TaskPath> = self.frontiers[0].pending.iter().map(|p| &p.choice.task).collect();
        for (step, frontier) in self.frontiers[1..].iter().enumerate() {
            for pending in &frontier.pending {
                if !known.contains(&&pending.choice.task) {
                    known.push(&pending.choice.task);
                    births.insert(&pending.choice.task, step);
                }
            }
        }
        births
    }

    /// The order of the choices that each wrote this; `None` if signals were later than they can be.
    pub fn order(&self, output: impl Fn(usize) -> Vec<u8>) -> Option<TraceOrder> {
        TraceOrder::under(self.steps(output), &self.late)
    }

    fn steps(&self, output: impl Fn(usize) -> Vec<u8>) -> Vec<Step> {
        let births = self.births();
        let born = |at| births.iter().filter(move |(_, step)| **step == at).map(|(task, _)| (*task).clone());
        let taken = self.taken.iter().enumerate();
        taken
            .map(|(at, (choice, touched))| Step {
                task: choice.task.clone(),
                touched: touched.clone(),
                births: born(at).collect(),
                output: output(at),
            })
            .collect()
    }

    /// The choices in an order in which no signal is later than it can be, and that nobody could tell from theirs; `None`
    /// if there is none: then no kernel makes this execution.
    pub fn real_schedule(&self) -> Option<Schedule> {
        if self.is_real() {
            return Some(self.schedule());
        }
        let order = TraceOrder::new(self.steps(|_| Vec::new()));
        let schedule = order.schedule_under(&self.late)?;
        Some(Schedule(schedule.into_iter().map(|step| self.taken[step].0.clone()).collect()))
    }

    /// Whether no signal was later than it can be, in the very order in which the choices were taken.
    pub fn is_real(&self) -> bool {
        self.late.iter().all(|(first, second)| first < second)
    }

    /// How often a task was put aside although it could have gone on.
    pub fn preemptions(&self) -> usize {
        let moves = self.taken.windows(2).zip(&self.frontiers[1..]);
        moves.filter(|(pair, between)| preempts(&pair[0].0.task, &pair[1].0, between)).count()
    }
}

/// Whether `next` puts `running` aside although it could go on.
pub fn preempts(running: &TaskPath, next: &Choice, frontier: &Frontier) -> bool {
    next.task != *running && frontier.enables_task(running)
}

/// How an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Every task has ended.
    Finished,
    /// Tasks are left, and none of them can ever move again.
    Deadlock,
    /// The strategy broke it off: nothing new lies beyond.
    Abandoned,
    /// It had more steps than the budget allows.
    TooLong,
}

/// An execution with its events.
#[derive(Debug, Clone)]
pub struct Execution<E> {
    /// Choices, footprints, frontiers.
    pub path: Path,
    /// The events of each choice.
    pub events: Vec<Vec<E>>,
    /// How it ended.
    pub end: End,
}

/// Restarts the program and runs it; `pick` decides each step, and `None` from it breaks off.
pub fn execute<M: Machine>(
    machine: &mut M,
    most_steps: usize,
    pick: impl FnMut(&Path) -> Result<Option<Choice>, Trouble>,
) -> Result<Execution<M::Event>, Trouble> {
    match execute_as_far(machine, most_steps, pick) {
        (execution, None) => Ok(execution),
        (_, Some(trouble)) => Err(trouble),
    }
}

/// The same, but what stops it is no more than the end of the execution: it was real as far as it went. The choice
/// that led into trouble is its last one, and nothing is pending after it.
pub fn execute_as_far<M: Machine>(
    machine: &mut M,
    most_steps: usize,
    mut pick: impl FnMut(&Path) -> Result<Option<Choice>, Trouble>,
) -> (Execution<M::Event>, Option<Trouble>) {
    let mut execution =
        Execution { path: Path::new(Frontier::default()), events: Vec::new(), end: End::Abandoned };
    match machine.restart() {
        Ok(frontier) => execution.path = Path::new(frontier),
        Err(trouble) => return (execution, Some(trouble)),
    }
    loop {
        match advance(machine, &mut execution, most_steps, &mut pick) {
            Ok(None) => {}
            Ok(Some(end)) => return (Execution { end, ..execution }, None),
            Err(trouble) => return (execution, Some(trouble)),
        }
    }
}

/// One step more, or how the execution ended.
fn advance<M: Machine>(
    machine: &mut M,
    execution: &mut Execution<M::Event>,
    most_steps: usize,
    pick: &mut impl FnMut(&Path) -> Result<Option<Choice>, Trouble>,
) -> Result<Option<End>, Trouble> {
    let path = &mut execution.path;
    if path.frontier().pending.is_empty() {
        return Ok(Some(End::Finished));
    }
    if path.frontier().enabled().next().is_none() {
        return Ok(Some(End::Deadlock));
    }
    if path.taken.len() >= most_steps {
        return Ok(Some(End::TooLong));
    }
    let Some(choice) = pick(path)? else { return Ok(Some(End::Abandoned)) };
    let Some(pending) = path.frontier().enabled().find(|pending| pending.choice == choice) else {
        let what = format!("{choice} was to be next, but cannot go on now");
        return Err(Trouble::Diverged { after: path.taken.len(), what });
    };
    let expected = pending.footprint.clone();
    let (step, trouble) = match machine.step(&choice) {
        Ok(step) => (step, None),
        Err(trouble) => {
            let nothing = machine::Step {
                touched: expected,
                events: Vec::new(),
                frontier: Frontier::default(),
                late: Vec::new(),
            };
            (nothing, Some(trouble))
        }
    };
    path.taken.push((choice, step.touched));
    path.frontiers.push(step.frontier);
    path.late.extend(step.late);
    execution.events.push(step.events);
    trouble.map_or(Ok(None), Err)
}
