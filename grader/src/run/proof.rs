//! Proof: a claim about a program is judged in every schedule, not in the one that came about.
//!
//! ```text
//! Job ─▶ one task at a time ─▶ the youngest first, then all schedules ─▶ a Run of each kind ─▶ does it hold?
//!                                                │                                              │ no
//!                                                ▼ all seen                                     ▼
//!                                          Proof::Always                  simplest schedule, run again ─▶ Proof::Fails
//! ```
//! If there are many schedules, those with few preemptions come in between (see [`search`]); they only look for one in
//! which the claim does not hold.
//!
//! Where judges look at the order in which processes wrote to standard output, that order counts as something that
//! happened.

use super::{Effort, Job, collect, launch};
use crate::course::{Run, Scenario};
use crate::interrupt;
use crate::run::Scratch;
use grader_explorer::{
    Budget, Eager, Judgement, Patience, Trouble as Inside, Verdict, explore, replay, search, shrink_within,
};
use grader_trace::sorted::SortedMap;
use grader_trace::{Fd, Operation, TaskId};
use grader_tracer::controlled::Controlled;
use grader_tracer::{Launch, Limits, Trouble};
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// How many schedules are looked at before no claim about all is made, and how long one may be. The clock ends the search only on a machine that has too
/// much to do: elsewhere the same program gets the same answer each time.
const EXECUTIONS: u64 = 400;
const STEPS: usize = 1_000;
const TIME: Duration = Duration::from_secs(20);

/// How many simpler schedules are tried. Those of the course's programs need fewer, unless they make many processes.
const TRIES: usize = 200;

/// How long a task may compute between two calls.
const COMPUTING: Duration = Duration::from_millis(1_500);

/// What came of judging a program in every schedule.
#[derive(Debug)]
pub enum Proof {
    /// It holds in all of them.
    Always {
        /// One execution of each kind was run.
        executions: u64,
        /// The first of them in which standard output came out in different orders, two at most.
        typical: Vec<Run>,
    },
    /// It held in so many; there was no time for all.
    SoFar {
        /// How many were run.
        executions: u64,
    },
    /// It does not hold in this one, which was executed, and is as simple as it gets.
    Fails(Box<Run>),
    /// No claim about every schedule can be made: the reason.
    Unknown(String),
}

/// Runs a program in every schedule, in these circumstances. `holds` judges each execution.
///
/// # Errors
/// The grader's own trouble with files and streams.
pub fn prove(
    job: &Job,
    scenario: &Scenario,
    holds: &(dyn Fn(&Run) -> bool + Sync),
) -> Result<Proof, Trouble> {
    // The machine keeps the thread that it lives on to one processor.
    std::thread::scope(|scope| {
        let proving = scope.spawn(|| match proved(job, scenario, holds, false)? {
            Some(proof) => Ok(proof),
            None => Ok(proved(job, scenario, holds, true)?.unwrap_or_else(|| Proof::Unknown(CHANGES.into()))),
        });
        proving.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Why no claim can be made about a program that changes files elsewhere.
const CHANGES: &str = "one execution changes what the next one finds";

/// `apart`: in places of its own. `None`: that is what the program wants.
fn proved(
    job: &Job,
    scenario: &Scenario,
    holds: &dyn Fn(&Run) -> bool,
    apart: bool,
) -> Result<Option<Proof>, Trouble> {
    let folder = Scratch::new().map_err(super::trouble("make a working folder for the run"))?;
    let launch = launch(job, scenario, Effort::Full, folder.path());
    let launch = Launch { limits: Limits { wall: COMPUTING, ..launch.limits.clone() }, ..launch };
    let path = folder.path();
    let machine = Controlled::new(&launch, Box::new(|| empty(path, scenario)))?;
    let mut machine = machine.called_off_by(interrupt::runs()).in_folder(path);
    if job.order_counts {
        machine = machine.counting_output();
    }
    if apart {
        machine = match machine.in_places_of_its_own() {
            Ok(machine) => machine,
            Err(trouble) => return Ok(Some(Proof::Unknown(reason(&trouble)))),
        };
    }
    let budget = Budget {
        executions: EXECUTIONS,
        steps: STEPS,
        until: Some(Instant::now() + TIME),
        ..Budget::default()
    };
    let run_of = |machine: &Controlled<'_>| -> io::Result<Run> {
        let mut files = SortedMap::new();
        collect(path, "", &mut files)?;
        Ok(Run { scenario: scenario.clone(), recording: machine.recording(), files, schedule: None })
    };
    // A folder that cannot be read shows no mistake.
    let fails = |machine: &Controlled<'_>, _: &_| match run_of(machine) {
        Ok(run) if !holds(&run) => Judgement::Fails,
        _ => Judgement::Holds,
    };
    let mut typical: Vec<Run> = Vec::new();
    let mut trouble = None;
    let judge = |machine: &Controlled<'_>, _: &_| match run_of(machine) {
        // Nobody waits for what follows any more.
        _ if interrupt::runs().is_cancelled() => Judgement::Fails,
        Ok(run) if !holds(&run) => Judgement::Fails,
        Ok(run) => {
            if typical.len() < TYPICAL && !typical.iter().any(|other| said(other) == said(&run)) {
                typical.push(run);
            }
            Judgement::Holds
        }
        Err(error) => {
            trouble = Some(error);
            Judgement::Fails
        }
    };
    let verdict = match explore(&mut machine, &mut Eager, &budget, fails) {
        Ok(report) if matches!(report.verdict, Verdict::Counterexample { .. }) => Ok(report),
        // What it met of which there is no model is met again by whoever looks at all schedules.
        _ => search(&mut machine, &budget, judge),
    };
    if let Some(error) = trouble {
        return Err(super::trouble("read the files that the run left")(error));
    }
    let schedule = match verdict.map(|report| report.verdict) {
        Ok(Verdict::Complete { .. }) if machine.changed_elsewhere().is_some() => {
            return Ok(Some(Proof::Unknown(CHANGES.into())));
        }
        Ok(Verdict::Counterexample { schedule }) => schedule,
        _ if machine.wants_places_of_its_own() => return Ok(None),
        Ok(Verdict::Complete { executions, .. }) => return Ok(Some(Proof::Always { executions, typical })),
        Ok(Verdict::BudgetReached { explored }) => return Ok(Some(Proof::SoFar { executions: explored })),
        Ok(Verdict::Inconclusive { why }) => return Ok(Some(Proof::Unknown(why))),
        Err(trouble) => return Ok(Some(Proof::Unknown(reason(&trouble)))),
    };
    if interrupt::runs().is_cancelled() {
        return Ok(Some(Proof::Unknown("it was called off".into())));
    }
    // Who does not ask for source lines shows nobody the schedule.
    let simplest = match job.lines {
        true => shrink_within(&mut machine, &schedule, STEPS, Patience { tries: TRIES, until: None }, fails)
            .unwrap_or(schedule),
        false => schedule,
    };
    machine.keep_snapshots(job.lines);
    if let Err(trouble) = replay(&mut machine, &simplest) {
        return Ok(Some(Proof::Unknown(reason(&trouble))));
    }
    let run = run_of(&machine).map_err(super::trouble("read the files that the run left"))?;
    let scenario = match scenario.id {
        PLAIN => {
            Scenario { id: SCHEDULE, title: "in a schedule that the kernel may choose", ..scenario.clone() }
        }
        _ => scenario.clone(),
    };
    Ok(Some(Proof::Fails(Box::new(Run { scenario, schedule: Some(simplest.to_string()), ..run }))))
}

/// How many different executions are kept for people to look at.
const TYPICAL: usize = 2;

/// Who wrote what to standard output, in order.
fn said(run: &Run) -> Vec<(TaskId, &[u8])> {
    let written = run.trace().events().iter().filter_map(|event| match &event.op {
        Operation::Write { fd: Fd(1), data, .. } => Some((event.task, data.as_bytes())),
        _ => None,
    });
    written.collect()
}

/// The name of the circumstances without anything special.
pub const PLAIN: &str = "plain";

/// The name of the circumstances of a counterexample that needs no others than those.
pub const SCHEDULE: &str = "schedule";

fn reason(trouble: &Inside) -> String {
    match trouble {
        Inside::Unmodelled(what) => what.clone(),
        other => other.to_string(),
    }
}

/// The working folder as every execution finds it: the scenario's files and nothing else.
fn empty(folder: &Path, scenario: &Scenario) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    super::lay_out(folder, scenario)
}
