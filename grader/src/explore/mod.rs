//! Every schedule of a program, and what they come to: outputs, deadlocks, zombies.
//!
//! ```text
//! Launch ─▶ Controlled (the kernel, one task at a time) ─▶ source-DPOR ─▶ one execution of each kind
//!                                                                          │ names: which bytes are a PID
//!                                                                          ▼
//!  witnesses: simplest schedules, run again ◀─ deadlocks, zombies ◀─ Survey ─▶ outputs counted on each order
//! ```
//! With faults, the same once more for each place at which a call could fail.

mod names;
mod program;
mod survey;
mod witness;

pub use program::{launch, on_a_thread};
pub use witness::Witness;

use grader_explorer::execution::execute;
use grader_explorer::faults::{Place, Planned};
use grader_explorer::{Assumption, Budget, Dpor, End, Next, Schedule, Strategy, Trouble};
use grader_trace::ExitStatus;
use grader_trace::order::Count;
use grader_tracer::controlled::Controlled;
use grader_tracer::{Cancel, Launch};
use names::Names;
use std::time::{Duration, Instant};
use survey::{Kernel, Survey};
use witness::{Shows, witness};

/// What is to be explored, and how far.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The program.
    pub launch: &'a Launch,
    /// How much may be tried.
    pub budget: Budget,
    /// Whether calls fail, too: one an execution, at each place in turn.
    pub faults: bool,
    /// What calls it off.
    pub cancel: &'a Cancel,
}

impl Asked<'_> {
    fn machine(&self) -> Result<Controlled<'static>, Trouble> {
        let machine = Controlled::new(self.launch, Box::new(|| Ok(())));
        let machine = machine.map_err(|trouble| Trouble::Broken(trouble.to_string()))?;
        let machine = machine.called_off_by(self.cancel);
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

/// How often it is told how far it is.
const TELLING: Duration = Duration::from_millis(100);

/// Explores a program; `tell` hears now and then how far it is.
///
/// # Errors
/// The grader's own trouble. What makes a claim impossible is in [`Schedules::covered`].
pub fn explore(asked: &Asked<'_>, tell: &dyn Fn(&str)) -> Result<Exploration, Trouble> {
    let mut machine = asked.machine()?;
    let mut names = Names::default();
    let mut search = Search { asked, tell, told: Instant::now(), executions: 0 };
    let (schedules, places) = search.all(&mut machine, None, &mut names, 1)?;
    let mut faults = Vec::new();
    for place in places {
        // More zombies than without the fault are worth a look.
        let (found, _) = search.all(&mut machine, Some(&place), &mut names, schedules.unreaped.max + 1)?;
        faults.push((place, found));
    }
    Ok(Exploration { schedules, faults: asked.faults.then_some(faults) })
}

/// An exploration under way.
struct Search<'a> {
    asked: &'a Asked<'a>,
    tell: &'a dyn Fn(&str),
    /// When it was last told how far it is.
    told: Instant,
    /// How many executions have come to their end, all in all.
    executions: u64,
}

impl Search<'_> {
    /// All schedules with this fault; and the places at which calls could have failed.
    fn all(
        &mut self,
        machine: &mut Controlled<'_>,
        place: Option<&Place>,
        names: &mut Names,
        zombies: u64,
    ) -> Result<(Schedules, Vec<Place>), Trouble> {
        let mut planned = Planned::new(machine, place.cloned());
        let mut survey = Survey::new();
        let mut covered = match program::foreign_rights(&self.asked.launch.program) {
            Some(why) => Covered::Inconclusive(why),
            None => self.run(&mut planned, names, &mut survey)?,
        };
        let places = planned.met().iter().cloned().collect();
        let (distinct_outputs, outputs) = survey.outputs(&covered);
        let steps = self.asked.budget.steps;
        let mut shown = |schedule: &Schedule, shows| match witness(machine, schedule, steps, shows) {
            Ok(witness) => Ok(Some(witness)),
            Err(broken @ Trouble::Broken(_)) => Err(broken),
            Err(trouble) => {
                covered = Covered::Inconclusive(why(trouble));
                Ok(None)
            }
        };
        let mut deadlocks = Vec::new();
        for (knot, schedule) in &survey.deadlocks {
            deadlocks.extend(shown(schedule, Shows::Deadlock(knot))?);
        }
        let zombie = match &survey.zombie {
            Some((most, schedule)) if *most >= zombies => shown(schedule, Shows::Unreaped(zombies))?,
            _ => None,
        };
        let schedules = Schedules {
            covered,
            executions: survey.executions,
            processes: survey.processes.seen(),
            lines: survey.lines.seen(),
            unreaped: survey.unreaped.seen(),
            ends: survey.ends,
            distinct_outputs,
            outputs,
            deadlocks,
            zombie,
            assumptions: self.assumptions(machine),
        };
        Ok((schedules, places))
    }

    fn assumptions(&self, machine: &Controlled<'_>) -> Vec<Assumption> {
        let mut all = vec![Assumption::DeterministicGivenSchedule, Assumption::FootprintsAreWhole];
        all.extend(grader_explorer::Machine::assumptions(machine));
        if self.asked.faults {
            all.push(Assumption::OneFault);
        }
        all
    }

    /// Runs one execution of each kind.
    fn run(
        &mut self,
        machine: &mut Kernel<'_, '_>,
        names: &mut Names,
        survey: &mut Survey,
    ) -> Result<Covered, Trouble> {
        let budget = self.asked.budget.clone();
        let late = || budget.until.is_some_and(|until| Instant::now() >= until);
        let mut strategy = Dpor::default();
        loop {
            if late() || self.executions >= budget.executions {
                return Ok(Covered::Budget);
            }
            let pick = |path: &_| if late() { Ok(None) } else { strategy.pick(path) };
            let execution = match execute(machine, budget.steps, pick) {
                Ok(execution) => execution,
                Err(broken @ Trouble::Broken(_)) => return Err(broken),
                Err(trouble) => return Ok(Covered::Inconclusive(why(trouble))),
            };
            self.executions += 1;
            let next = match execution.end {
                End::TooLong => {
                    let what = format!("an execution has more than {} steps", budget.steps);
                    return Ok(Covered::Inconclusive(what));
                }
                End::Abandoned if late() => return Ok(Covered::Budget),
                End::Abandoned => strategy.learn(&execution.path, execution.end),
                End::Finished | End::Deadlock => {
                    match survey.add(machine, names, &execution, &|| self.asked.machine()) {
                        Ok(Ok(())) => {}
                        Ok(Err(what)) => return Ok(Covered::Inconclusive(what)),
                        Err(broken @ Trouble::Broken(_)) => return Err(broken),
                        Err(trouble) => return Ok(Covered::Inconclusive(why(trouble))),
                    }
                    strategy.learn(&execution.path, execution.end)
                }
            };
            self.tell();
            if next != Next::Again {
                return Ok(Covered::All);
            }
        }
    }

    fn tell(&mut self) {
        if self.told.elapsed() >= TELLING {
            self.told = Instant::now();
            (self.tell)(&format!("exploring: {} executions so far", self.executions));
        }
    }
}

/// Why no claim can be made.
fn why(trouble: Trouble) -> String {
    match trouble {
        Trouble::Unmodelled(what) | Trouble::Broken(what) => what,
        Trouble::Diverged { after, what } => format!(
            "the program does not do the same when its schedule is the same (after {after} steps, {what})"
        ),
    }
}
