//! The search for one execution of each kind, as far as it is sound and there is time.
//!
//! What makes a claim about every schedule impossible does not undo what was found before, and does not hide what
//! other schedules may still show.

use super::names::{self, Names};
use super::survey::{Kernel, Survey};
use super::witness::{Shows, witness};
use super::{Asked, Covered, Schedules};
use grader_explorer::execution::{execute, execute_as_far};
use grader_explorer::faults::{Place, Planned};
use grader_explorer::unending::longest_ago;
use grader_explorer::{Assumption, Bounded, Budget, Dpor, End, Next, Path, Schedule, Strategy, Trouble};
use grader_trace::sorted::SortedSet;
use grader_tracer::controlled::{Controlled, Known, foreign_rights};
use std::time::{Duration, Instant};

/// How often it is told how far it is.
const TELLING: Duration = Duration::from_millis(100);

/// So many steps of an execution without end show who makes them; and so many names are enough.
const LAST: usize = 100;
const LAST_TASKS: usize = 3;

/// How many more schedules are tried once one has led to something of which there is no model.
const AFTER_AN_OBSTACLE: u64 = 200;

/// An exploration under way.
pub(super) struct Search<'a> {
    asked: &'a Asked<'a>,
    tell: &'a dyn Fn(&str),
    /// What is known of the program's memory.
    known: Option<Known>,
    /// Executions have /tmp and /dev/shm to themselves.
    apart: bool,
    /// When it was last told how far it is.
    told: Instant,
    /// How many executions have come to their end, all in all.
    executions: u64,
}

impl<'a> Search<'a> {
    /// A search with a machine that knows and does what this one does.
    pub(super) fn new(asked: &'a Asked<'a>, like: &Controlled<'_>, tell: &'a dyn Fn(&str)) -> Search<'a> {
        let (known, apart) = (like.known(), like.is_in_places_of_its_own());
        Search { asked, tell, known, apart, told: Instant::now(), executions: 0 }
    }

    /// Another machine for the same program.
    fn another(&self) -> Result<Controlled<'a>, Trouble> {
        let machine = self.asked.machine()?.knowing(self.known.clone());
        if self.apart { machine.in_places_of_its_own() } else { Ok(machine) }
    }

    /// All schedules with this fault; and the places at which calls could have failed.
    pub(super) fn all(
        &mut self,
        machine: &mut Controlled<'_>,
        place: Option<&Place>,
        names: &mut Names,
        zombies: u64,
    ) -> Result<(Schedules, Vec<Place>), Trouble> {
        let mut planned = Planned::new(machine, place.cloned());
        let mut survey = Survey::new();
        let mut covered = match foreign_rights(&self.asked.launch.program) {
            Some(word) => Covered::Inconclusive(format!(
                "it is {word}: traced, it does not get its owner's rights, and does something else"
            )),
            None => self.run(&mut planned, names, &mut survey)?,
        };
        if covered == Covered::Budget && survey.executions == 0 {
            covered = Covered::Inconclusive("not one execution came to its end in time".into());
        }
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
            threads: survey.threads.seen(),
            reached: survey
                .reached
                .into_iter()
                .map(|(output, schedule)| (names::shown(&output), schedule))
                .collect(),
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
        // What was met of which there is no model: no claim is possible any more, but other schedules may go wrong.
        let mut obstacle: Option<String> = None;
        let mut left = AFTER_AN_OBSTACLE;
        let mut tried = 0;
        loop {
            if late() || self.executions >= budget.executions || left == 0 {
                return Ok(obstacle.map_or(Covered::Budget, Covered::Inconclusive));
            }
            left -= u64::from(obstacle.is_some());
            if tried == budget.before_passes {
                self.pass(machine, survey)?;
            }
            tried += 1;
            let pick = |path: &_| if late() { Ok(None) } else { strategy.pick(path) };
            let (execution, trouble) = execute_as_far(machine, budget.steps, pick);
            match trouble {
                None => {}
                Some(broken @ Trouble::Broken(_)) => return Err(broken),
                Some(Trouble::Unmodelled(what)) if !execution.path.taken.is_empty() => {
                    obstacle.get_or_insert(what);
                }
                Some(trouble) => return Ok(Covered::Inconclusive(obstacle.unwrap_or_else(|| why(trouble)))),
            }
            if machine.inner().wants_places_of_its_own() {
                // It is explored again, in them.
                return Ok(Covered::Inconclusive("it changes what others see".into()));
            }
            if machine.inner().meets_threads() {
                // It is explored again, with them.
                return Ok(Covered::Inconclusive("it starts a thread".into()));
            }
            if machine.inner_mut().has_found_more() {
                // It is explored again, by smaller steps.
                return Ok(Covered::Inconclusive("its threads share more memory than was known".into()));
            }
            self.executions += 1;
            match execution.end {
                End::TooLong => {
                    let what = obstacle.unwrap_or_else(|| too_long(&execution.path));
                    if survey.executions > 0 {
                        return Ok(Covered::Inconclusive(what));
                    }
                    // Whoever asks again and again may get an answer once others have moved.
                    let fair = execute(machine, budget.steps, |path| Ok(longest_ago(path)));
                    if let Ok(fair) = fair
                        && let End::Finished | End::Deadlock = fair.end
                        && let Err(broken @ Trouble::Broken(_)) =
                            survey.add(machine, names, &fair, &|| self.another())
                    {
                        return Err(broken);
                    }
                    return Ok(Covered::Inconclusive(what));
                }
                End::Abandoned if late() => continue,
                End::Abandoned => {}
                End::Finished | End::Deadlock => {
                    match survey.add(machine, names, &execution, &|| self.another()) {
                        Ok(Ok(())) => {}
                        Ok(Err(what)) => return Ok(Covered::Inconclusive(what)),
                        Err(broken @ Trouble::Broken(_)) => return Err(broken),
                        Err(trouble) => return Ok(Covered::Inconclusive(why(trouble))),
                    }
                }
            }
            if let Some(path) = machine.inner().changed_elsewhere() {
                let refused = machine.inner().no_places_of_its_own();
                return Ok(Covered::Inconclusive(stays_changed(path, refused)));
            }
            let next = strategy.learn(&execution.path, execution.end);
            self.tell();
            if next != Next::Again {
                return Ok(obstacle.map_or(Covered::All, Covered::Inconclusive));
            }
        }
    }

    /// There are many schedules: in those with few preemptions most of what goes wrong is. Nothing else is made of them.
    fn pass(&mut self, machine: &mut Kernel<'_, '_>, survey: &mut Survey) -> Result<(), Trouble> {
        let mut few = Bounded::new(0);
        for preemptions in Budget::passes() {
            few.allow(preemptions);
            let Budget { executions, steps, until, .. } = self.asked.budget.of_a_pass();
            for _ in 0..executions {
                if until.is_some_and(|until| Instant::now() >= until) {
                    break;
                }
                let (execution, trouble) = execute_as_far(machine, steps, |path| few.pick(path));
                match trouble {
                    Some(broken @ Trouble::Broken(_)) => return Err(broken),
                    // Whoever looks at every schedule meets it, too.
                    Some(_) => {}
                    None => survey.add_what_happened(machine, &execution),
                }
                self.tell();
                let inner = machine.inner();
                if inner.changed_elsewhere().is_some() || inner.wants_places_of_its_own() {
                    return Ok(());
                }
                if few.learn(&execution.path, execution.end) != Next::Again {
                    break;
                }
            }
        }
        Ok(())
    }

    fn tell(&mut self) {
        if self.told.elapsed() >= TELLING {
            self.told = Instant::now();
            (self.tell)(&format!("exploring: {} executions so far", self.executions));
        }
    }
}

/// Why no claim can be made about a program that changes this; `refused`: why it has no /tmp of its own.
fn stays_changed(path: &std::path::Path, refused: Option<&str>) -> String {
    let path = path.display();
    let changes = format!("it changes {path}, and the next execution would find that changed");
    match refused {
        Some(why) => format!(
            "{changes}: this machine gives no execution a /tmp and a /dev/shm of its own ({why}). As root, or with \
             user namespaces (see user_namespaces(7)), it may"
        ),
        None => {
            format!("{changes}: only its working directory, TMPDIR, /tmp and /dev/shm are made anew for each")
        }
    }
}

/// Who makes the steps of an execution that may have no end.
fn too_long(path: &Path) -> String {
    let steps = path.taken.len();
    let last: SortedSet<String> = path.taken[steps - steps.min(LAST)..]
        .iter()
        .map(|(choice, _)| format!("‹{}›", choice.task))
        .collect();
    let who: Vec<String> = last.into_iter().take(LAST_TASKS).collect();
    let who = who.join(", ");
    format!("an execution has more than {steps} steps, the last of them by {who}")
}

/// Why no claim can be made.
fn why(trouble: Trouble) -> String {
    match trouble {
        Trouble::Unmodelled(what) | Trouble::Endless(what) | Trouble::Broken(what) => what,
        Trouble::Diverged { after, what } => format!(
            "the program does not do the same when its schedule is the same (after {after} steps, {what})"
        ),
    }
}
