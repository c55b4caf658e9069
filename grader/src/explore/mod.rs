//! Every schedule of a program, and what they come to: outputs, deadlocks, zombies.
//!
//! ```text
//! Launch ─▶ Controlled (the kernel, one task at a time) ─▶ source-DPOR ─▶ one execution of each kind
//!                                                                          │ names: which bytes are a PID
//!                                                                          ▼
//!  witnesses: simplest schedules, run again ◀─ deadlocks, zombies ◀─ Survey ─▶ outputs counted on each order
//! ```
//! If there are many, schedules with few preemptions come in between: what goes wrong in them is shown, too, and nothing
//! else is made of them. With faults, the same once more for each place at which a call could fail.

mod names;
mod program;
mod search;
mod surroundings;
mod survey;
mod witness;

pub use program::{launch, on_a_thread};
pub use surroundings::Surroundings;
pub use witness::Witness;

use grader_explorer::faults::Place;
use grader_explorer::{Assumption, Budget, Schedule, Trouble};
use grader_trace::ExitStatus;
use grader_trace::order::Count;
use grader_tracer::controlled::{Controlled, Known};
use grader_tracer::{Cancel, Launch};
use names::Names;
use search::Search;

/// What is to be explored, and how far.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The program.
    pub launch: &'a Launch,
    /// Where it is executed.
    pub around: &'a Surroundings,
    /// How much may be tried.
    pub budget: Budget,
    /// Whether calls fail, too: one an execution, at each place in turn.
    pub faults: bool,
    /// What calls it off.
    pub cancel: &'a Cancel,
}

impl Asked<'_> {
    fn machine(&self) -> Result<Controlled<'_>, Trouble> {
        let machine = Controlled::new(self.launch, Box::new(|| self.around.renew()));
        let machine = machine.map_err(|trouble| Trouble::Broken(trouble.to_string()))?;
        let machine = machine.called_off_by(self.cancel).in_folder(self.around.root());
        Ok(if self.faults { machine.with_faults() } else { machine })
    }
}

/// What was found.
#[derive(Debug)]
pub struct Exploration {
    /// Where nothing fails that need not.
    pub schedules: Schedules,
    /// For each place at which a call could fail: what comes of it. `None`: that was not asked.
    pub faults: Option<Vec<(Place, Schedules)>>,
    /// What was learnt of the memory that threads share, if there are any. Schedules of them mean something only together
    /// with it.
    pub known: Option<Known>,
}

/// What all schedules of a program come to.
#[derive(Debug)]
pub struct Schedules {
    /// Whether every schedule was covered; if not, why not.
    pub covered: Covered,
    /// How many executions were run to their end.
    pub executions: u64,
    /// How many processes an execution had, at least and at most.
    pub processes: Range,
    /// How many threads besides its processes' first ones.
    pub threads: Range,
    /// How many lines it wrote: pieces of text that end with a newline or with their write; empty ones do not count.
    pub lines: Range,
    /// How many processes ended without being reaped by their parent.
    pub unreaped: Range,
    /// How the program's first process may end, each with a schedule.
    pub ends: Vec<(ExitStatus, Schedule)>,
    /// How many different outputs there are.
    pub distinct_outputs: Count,
    /// The first of them, in order.
    pub outputs: Vec<Shown>,
    /// Outputs of executions, each with the schedule of those seen in which tasks took turns least often; not all, if there
    /// are many.
    pub reached: Vec<(Shown, Schedule)>,
    /// Executions that end with tasks that wait for each other, one for each kind.
    pub deadlocks: Vec<Witness>,
    /// An execution that leaves somebody unreaped, if one does.
    pub zombie: Option<Witness>,
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

/// Explores a program; `tell` hears now and then how far it is.
///
/// # Errors
/// The grader's own trouble. What makes a claim impossible is in [`Schedules::covered`].
pub fn explore(asked: &Asked<'_>, tell: &dyn Fn(&str)) -> Result<Exploration, Trouble> {
    let mut machine = asked.machine()?;
    loop {
        let exploration = explore_with(asked, &mut machine, tell)?;
        if machine.wants_places_of_its_own() {
            machine = machine.in_places_of_its_own()?;
        } else if machine.meets_threads() {
            machine = machine.with_threads();
        } else if !machine.finds_more() {
            return Ok(exploration);
        }
    }
}

/// Explores a program with what the machine knows of its memory.
fn explore_with(
    asked: &Asked<'_>,
    machine: &mut Controlled<'_>,
    tell: &dyn Fn(&str),
) -> Result<Exploration, Trouble> {
    let mut names = Names::default();
    let mut search = Search::new(asked, machine, tell);
    let (schedules, places) = search.all(machine, None, &mut names, 1)?;
    let mut faults = Vec::new();
    for place in places {
        // More zombies than without the fault are worth a look.
        let (found, _) = search.all(machine, Some(&place), &mut names, schedules.unreaped.max + 1)?;
        faults.push((place, found));
    }
    Ok(Exploration { schedules, faults: asked.faults.then_some(faults), known: machine.known() })
}
