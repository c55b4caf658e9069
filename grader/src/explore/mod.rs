//! Every schedule of a program, and what they come to: outputs, deadlocks, zombies.
//!
//! ```text
//! Launch ─▶ Controlled (the kernel, one task at a time) ─▶ source-DPOR ─▶ one execution of each kind
//!                                                                          │ names: which bytes are a PID
//!                                                                          ▼
//!                                            outputs counted on each execution's order ─▶ Exploration
//! ```

mod names;
mod program;

pub use program::{launch, on_a_thread};

use grader_explorer::execution::execute;
use grader_explorer::{
    Assumption, Budget, Dpor, End, Execution, Machine, Next, Schedule, Strategy, Trouble, replay,
};
use grader_trace::order::{BigUint, Count, Outputs, Step, TraceOrder};
use grader_trace::{Fate, TaskPath};
use grader_tracer::controlled::{Controlled, Deed};
use names::Names;
use std::time::Instant;

/// What all schedules of a program come to.
#[derive(Debug)]
pub struct Exploration {
    /// Whether every schedule was covered; if not, why not.
    pub covered: Covered,
    /// How many executions were run to their end.
    pub executions: u64,
    /// How many processes an execution had, at least and at most.
    pub processes: Range,
    /// How many lines it wrote: pieces of text that end with a newline or with their write; empty ones do not count.
    pub lines: Range,
    /// How many processes ended without being reaped by their parent.
    pub unreaped: Range,
    /// How many different outputs there are.
    pub distinct_outputs: Count,
    /// The first of them, in order.
    pub outputs: Vec<Shown>,
    /// Schedules that end with tasks that wait for each other, one for each kind.
    pub deadlocks: Vec<Schedule>,
    /// A schedule that leaves a zombie, if one does.
    pub zombie: Option<Schedule>,
    /// What a complete answer rests on.
    pub assumptions: Vec<Assumption>,
}

/// Whether every schedule was covered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Covered {
    /// Yes.
    All,
    /// No: there was no time, or there are too many.
    Budget,
    /// No claim can be made: the reason.
    Inconclusive(String),
}

/// The least and the most of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The least.
    pub min: u64,
    /// The most.
    pub max: u64,
}

impl Range {
    const NONE: Range = Range { min: u64::MAX, max: 0 };

    fn add(&mut self, value: u64) {
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    fn seen(self) -> Range {
        if self.min > self.max { Range { min: 0, max: 0 } } else { self }
    }
}

/// An output, PIDs named by their tasks.
pub type Shown = String;

/// How many outputs are listed.
pub const LISTED: usize = 16;

/// How much work the counting may be: a second or two.
const COUNTING: usize = 4_000_000;

/// Most deadlocks that are told.
const DEADLOCKS: usize = 4;

/// Explores a program.
///
/// # Errors
/// The grader's own trouble. What makes a claim impossible is in [`Exploration::covered`].
pub fn explore(machine: &mut Controlled<'_>, budget: &Budget) -> Result<Exploration, Trouble> {
    let mut strategy = Dpor::default();
    let mut names = Names::default();
    let mut survey = Survey::new();
    let mut run = 0;
    let covered = loop {
        let late = budget.until.is_some_and(|until| Instant::now() >= until);
        if late || run >= budget.executions {
            break Covered::Budget;
        }
        run += 1;
        let execution = match execute(machine, budget.steps, |path| strategy.pick(path)) {
            Err(Trouble::Unmodelled(why)) => break Covered::Inconclusive(why),
            Err(Trouble::Diverged { after, what }) => {
                break Covered::Inconclusive(format!(
                    "the program does not do the same when its schedule is the same (after {after} steps: {what})"
                ));
            }
            Err(trouble @ Trouble::Broken(_)) => return Err(trouble),
            Ok(execution) => execution,
        };
        match execution.end {
            End::TooLong => {
                break Covered::Inconclusive(format!("an execution has more than {} steps", budget.steps));
            }
            End::Finished | End::Deadlock => {
                let next = strategy.learn(&execution.path, execution.end);
                if let Err(why) = survey.add(machine, &mut names, execution)? {
                    break Covered::Inconclusive(why);
                }
                if next != Next::Again {
                    break Covered::All;
                }
            }
            End::Abandoned => {
                if strategy.learn(&execution.path, execution.end) != Next::Again {
                    break Covered::All;
                }
            }
        }
    };
    Ok(survey.finish(covered, machine.assumptions()))
}

/// What was seen so far.
struct Survey {
    executions: u64,
    processes: Range,
    lines: Range,
    unreaped: Range,
    outputs: Outputs,
    deadlocks: Vec<Schedule>,
    zombie: Option<Schedule>,
}

impl Survey {
    fn new() -> Survey {
        Survey {
            executions: 0,
            processes: Range::NONE,
            lines: Range::NONE,
            unreaped: Range::NONE,
            outputs: Outputs::new(),
            deadlocks: Vec::new(),
            zombie: None,
        }
    }

    /// Adds an execution that the machine has just run. `Err` inside: why no claim can be made.
    fn add(
        &mut self,
        machine: &mut Controlled<'_>,
        names: &mut Names,
        execution: Execution<Deed>,
    ) -> Result<Result<(), String>, Trouble> {
        self.executions += 1;
        let trace = machine.trace();
        let unreaped = trace
            .tasks()
            .iter()
            .filter(|task| matches!(task.fate, Fate::Zombie | Fate::Adopted { .. }))
            .count() as u64;
        self.processes.add(trace.tasks().len() as u64);
        self.unreaped.add(unreaped);
        let schedule = || execution.path.schedule();
        if unreaped > 0 && self.zombie.is_none() {
            self.zombie = Some(schedule());
        }
        if execution.end == End::Deadlock && self.deadlocks.len() < DEADLOCKS {
            self.deadlocks.push(schedule());
        }
        let mut writes = writes_of(&execution);
        self.lines.add(writes.iter().map(|(_, output)| lines(output)).sum());
        let pids = machine.pids();
        if !names.know(&writes, &pids) {
            let again = replay(machine, &schedule())?;
            if let Err(why) = names.learn((&writes, &pids), (&writes_of(&again), &machine.pids())) {
                return Ok(Err(why));
            }
        }
        names.apply(&mut writes, &pids);
        self.outputs.add(&order(&execution, &writes));
        Ok(Ok(()))
    }

    fn finish(mut self, covered: Covered, assumptions: Vec<Assumption>) -> Exploration {
        let mut distinct = self.outputs.count(COUNTING);
        if covered != Covered::All
            && let Count::Exactly(count) = distinct
        {
            distinct = Count::AtLeast(count);
        }
        let outputs = if self.executions == 0 {
            Vec::new()
        } else {
            self.outputs.first(LISTED, COUNTING).outputs.iter().map(|output| names::shown(output)).collect()
        };
        if self.executions == 0 {
            distinct = Count::AtLeast(BigUint::ZERO);
        }
        Exploration {
            covered,
            executions: self.executions,
            processes: self.processes.seen(),
            lines: self.lines.seen(),
            unreaped: self.unreaped.seen(),
            distinct_outputs: distinct,
            outputs,
            deadlocks: self.deadlocks,
            zombie: self.zombie,
            assumptions,
        }
    }
}

/// Lines of one write: pieces that end with a newline or with the write. Empty ones do not count.
fn lines(output: &[u8]) -> u64 {
    output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count() as u64
}

/// What each step wrote, and who made it.
type Writes = Vec<(TaskPath, Vec<u8>)>;

fn writes_of(execution: &Execution<Deed>) -> Writes {
    let taken = execution.path.taken.iter().zip(&execution.events);
    taken
        .map(|((choice, _), deeds)| {
            let output = deeds.iter().flat_map(|deed| &deed.output).copied().collect();
            (choice.task.clone(), output)
        })
        .collect()
}

fn order(execution: &Execution<Deed>, writes: &Writes) -> TraceOrder {
    let taken = execution.path.taken.iter().zip(&execution.events).zip(writes);
    let steps = taken.map(|(((choice, touched), deeds), (_, output))| Step {
        task: choice.task.clone(),
        touched: touched.clone(),
        births: deeds.iter().flat_map(|deed| deed.births.clone()).collect(),
        output: output.clone(),
    });
    TraceOrder::new(steps.collect())
}
