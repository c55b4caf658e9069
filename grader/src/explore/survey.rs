//! What the executions of a program come to, taken together.

use super::names::{self, Names};
use super::{Covered, Range, Shown};
use grader_explorer::faults::Planned;
use grader_explorer::{Choice, End, Execution, Readiness, Schedule, Trouble, replay};
use grader_trace::order::{BigUint, Count, Outputs};
use grader_trace::sorted::SortedMap;
use grader_trace::{ExitStatus, Fate, Pid, TaskPath, Trace};
use grader_tracer::controlled::{Controlled, Deed};

/// How many outputs are listed.
const LISTED: usize = 16;

/// How much work the counting may be: a second or two.
const COUNTING: usize = 4_000_000;

/// Most deadlocks, and most ways to end, that are told.
const MOST: usize = 4;

/// The machine that the executions are made on.
pub(super) type Kernel<'m, 'k> = Planned<'m, Controlled<'k>>;

/// Who waits for what when nobody can go on.
pub(super) type Knot = Vec<(Choice, Readiness)>;

/// What was seen so far.
pub(super) struct Survey {
    /// How many executions.
    pub(super) executions: u64,
    pub(super) processes: Range,
    pub(super) threads: Range,
    pub(super) lines: Range,
    pub(super) unreaped: Range,
    /// How the program's first process ended, each with the first schedule in which it did.
    pub(super) ends: Vec<(ExitStatus, Schedule)>,
    /// A schedule for each knot.
    pub(super) deadlocks: Vec<(Knot, Schedule)>,
    /// The most processes that a schedule leaves unreaped, and the first that does.
    pub(super) zombie: Option<(u64, Schedule)>,
    /// Outputs of executions, and the schedule with the fewest turns that led there.
    pub(super) reached: SortedMap<Vec<u8>, Schedule>,
    outputs: Outputs,
}

impl Survey {
    /// Nothing was seen.
    pub(super) fn new() -> Survey {
        Survey {
            executions: 0,
            processes: Range::NONE,
            threads: Range::NONE,
            lines: Range::NONE,
            unreaped: Range::NONE,
            ends: Vec::new(),
            deadlocks: Vec::new(),
            zombie: None,
            reached: SortedMap::new(),
            outputs: Outputs::new(),
        }
    }

    /// Adds an execution that the machine has just run, unless no kernel would make it; `anew` makes another one for the same program. `Err` inside:
    /// why no claim can be made.
    pub(super) fn add<'a>(
        &mut self,
        machine: &mut Kernel<'_, '_>,
        names: &mut Names,
        execution: &Execution<Deed>,
        anew: &dyn Fn() -> Result<Controlled<'a>, Trouble>,
    ) -> Result<Result<(), String>, Trouble> {
        let Some(real) = execution.path.real_schedule() else { return Ok(Ok(())) };
        self.note(machine, execution, &real);
        let mut writes = writes_of(execution);
        let pids = machine.inner().pids();
        let learnt = self.learn_names(machine, names, &execution.path.schedule(), (&writes, &pids), anew);
        if let Ok(Err(_)) = learnt {
            return learnt;
        }
        // What stands in the way of a second run does not undo the first.
        self.executions += 1;
        names.apply(&mut writes, &pids);
        self.reaches(writes.iter().flat_map(|(_, output)| output.iter().copied()).collect(), &real);
        if let Some(order) = execution.path.order(|at| writes[at].1.clone()) {
            self.outputs.add(&order);
        }
        learnt
    }

    /// Adds what happened in an execution that another one may equal: its output counts for nothing, nor does it.
    pub(super) fn add_what_happened(&mut self, machine: &Kernel<'_, '_>, execution: &Execution<Deed>) {
        if let End::Finished | End::Deadlock = execution.end
            && let Some(real) = execution.path.real_schedule()
        {
            self.note(machine, execution, &real);
        }
    }

    fn note(&mut self, machine: &Kernel<'_, '_>, execution: &Execution<Deed>, real: &Schedule) {
        let trace = machine.inner().trace();
        let unreaped = unreaped(&trace);
        let threads = trace.tasks().iter().filter(|task| task.is_thread()).count() as u64;
        self.threads.add(threads);
        self.processes.add(trace.tasks().len() as u64 - threads);
        self.lines.add(writes_of(execution).iter().map(|(_, output)| lines(output)).sum());
        self.unreaped.add(unreaped);
        // Whoever waits for ever leaves zombies, too; that is told with the deadlock.
        let finished = execution.end == End::Finished;
        if finished && unreaped > self.zombie.as_ref().map_or(0, |(most, _)| *most) {
            self.zombie = Some((unreaped, real.clone()));
        }
        if let Some((_, status)) = trace.root().end
            && self.ends.len() < MOST
            && !self.ends.iter().any(|(known, _)| *known == status)
        {
            self.ends.push((status, real.clone()));
        }
        if let Some(knot) = knot(execution)
            && self.deadlocks.len() < MOST
            && !self.deadlocks.iter().any(|(known, _)| *known == knot)
        {
            self.deadlocks.push((knot, real.clone()));
        }
    }

    /// Makes sure that it is known which bytes of these writes are a PID. `Err` inside: why no claim can be made.
    fn learn_names<'a>(
        &self,
        machine: &mut Kernel<'_, '_>,
        names: &mut Names,
        schedule: &Schedule,
        (writes, pids): (&Writes, &[(TaskPath, Pid)]),
        anew: &dyn Fn() -> Result<Controlled<'a>, Trouble>,
    ) -> Result<Result<(), String>, Trouble> {
        // It would not find the same world again.
        if machine.inner().changed_elsewhere().is_some() {
            return Ok(Ok(()));
        }
        // The first execution is made twice in any case, from the very start: does its schedule decide everything?
        let (writes_again, pids_again) = if self.executions == 0 {
            written(&mut Planned::new(&mut anew()?, machine.plan().cloned()), schedule)?
        } else if !names.know(writes, pids) {
            written(machine, schedule)?
        } else {
            return Ok(Ok(()));
        };
        Ok(names.learn((writes, pids), (&writes_again, &pids_again)))
    }

    fn reaches(&mut self, output: Vec<u8>, schedule: &Schedule) {
        let room = self.reached.len() < LISTED;
        match self.reached.get_mut(&output) {
            Some(known) if schedule.switches() < known.switches() => *known = schedule.clone(),
            None if room => drop(self.reached.insert(output, schedule.clone())),
            _ => {}
        }
    }

    /// How many outputs there are, and the first of them.
    pub(super) fn outputs(&mut self, covered: &Covered) -> (Count, Vec<Shown>) {
        if self.executions == 0 {
            return (Count::AtLeast(BigUint::ZERO), Vec::new());
        }
        let distinct = match self.outputs.count(COUNTING) {
            Count::Exactly(count) if *covered != Covered::All => Count::AtLeast(count),
            count => count,
        };
        let listing = self.outputs.first(LISTED, COUNTING);
        (distinct, listing.outputs.iter().map(|output| names::shown(output)).collect())
    }
}

/// How many processes were not reaped by their parents.
pub(super) fn unreaped(trace: &Trace) -> u64 {
    let left = |fate: &Fate| matches!(fate, Fate::Zombie | Fate::Adopted { .. });
    trace.tasks().iter().filter(|task| left(&task.fate)).count() as u64
}

/// Who waits for what at the end, if it is a deadlock.
pub(super) fn knot(execution: &Execution<Deed>) -> Option<Knot> {
    let blocked = || execution.path.frontier().blocked();
    (execution.end == End::Deadlock)
        .then(|| blocked().map(|pending| (pending.choice.clone(), pending.readiness.clone())).collect())
}

/// Lines of one write: pieces that end with a newline or with the write. Empty ones do not count.
fn lines(output: &[u8]) -> u64 {
    output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count() as u64
}

/// What each step wrote, and who made it.
pub(super) type Writes = Vec<(TaskPath, Vec<u8>)>;

/// What a schedule writes when it is run again, and the PIDs of its tasks then.
fn written(
    machine: &mut Kernel<'_, '_>,
    schedule: &Schedule,
) -> Result<(Writes, Vec<(TaskPath, Pid)>), Trouble> {
    let again = replay(machine, schedule)?;
    Ok((writes_of(&again), machine.inner().pids()))
}

fn writes_of(execution: &Execution<Deed>) -> Writes {
    let taken = execution.path.taken.iter().zip(&execution.events);
    taken
        .map(|((choice, _), deeds)| {
            let output = deeds.iter().flat_map(|deed| &deed.output).copied().collect();
            (choice.task.clone(), output)
        })
        .collect()
}
