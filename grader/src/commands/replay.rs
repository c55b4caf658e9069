//! `grader replay`: one schedule of a program again, as the kernel saw it.

use super::trace::{drawn, unusual};
use crate::cli::Replay as Arguments;
use crate::examine::Sites;
use crate::explore::{Asked, Surroundings, explore, launch, on_a_thread};
use crate::interrupt;
use crate::output::{deliver, remark};
use crate::problem::{Problem, Status};
use crate::submission::{Unfit, inspect_file};
use grader_explorer::schedule::BadSchedule;
use grader_explorer::{Act, Budget, Schedule, Trouble, replay};
use grader_trace::Trace;
use grader_tracer::Launch;
use grader_tracer::controlled::{Controlled, Known};
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// More than any schedule that the explorer writes.
const LONGEST: u64 = 1 << 20;

/// How long it is explored what threads share.
const LEARNING: Duration = Duration::from_secs(60);

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Status, Problem> {
    let schedule = schedule(&arguments.schedule)?;
    let around = Surroundings::new(&arguments.program)?;
    let launch = launch(&arguments.program, arguments.stdout.into(), Duration::MAX, &around)?;
    let trace = on_a_thread(|| replayed(&launch, &around, &schedule))?;
    if let Some(said) = unusual(trace.ending()) {
        remark(said);
    }
    deliver(&drawn(&trace, arguments.json, arguments.output.as_deref())?, arguments.output.as_deref())?;
    Ok(Status::Passed)
}

/// A schedule in words, or the file that holds one.
fn schedule(text: &OsStr) -> Result<Schedule, Problem> {
    let path = Path::new(text);
    let mut missing = "";
    let words = match inspect_file(path) {
        Ok(found) if found.len() > LONGEST => {
            let what = format!("{} is no schedule: it is {} bytes long", path.display(), found.len());
            return Err(Problem::Usage(what));
        }
        Ok(_) => fs::read_to_string(path).map_err(|error| Problem::file("read", path, &error))?,
        Err(unfit @ Unfit::NotAFile { .. }) => {
            return Err(Problem::Usage(format!("{unfit}: it holds no schedule")));
        }
        Err(_) => {
            missing = "; nor is there a file of this name";
            text.to_string_lossy().into_owned()
        }
    };
    words.parse().map_err(|bad: BadSchedule| Problem::Usage(format!("{bad}{missing}")))
}

fn replayed(launch: &Launch, around: &Surroundings, schedule: &Schedule) -> Result<Trace, Problem> {
    let environment = |what: String| Problem::Environment(what);
    let machine =
        Controlled::new(launch, Box::new(|| around.renew())).map_err(|it| environment(it.to_string()))?;
    let mut machine = machine.called_off_by(interrupt::runs()).in_folder(around.root());
    if schedule.0.iter().any(|choice| matches!(choice.act, Act::Fail(_))) {
        machine = machine.with_faults();
    }
    machine.keep_snapshots(true);
    let mut execution = replay(&mut machine, schedule);
    interrupt::heed()?;
    if machine.wants_places_of_its_own() {
        machine = machine.in_places_of_its_own().map_err(|it| environment(it.to_string()))?;
        execution = replay(&mut machine, schedule);
        interrupt::heed()?;
    }
    if machine.meets_threads() {
        machine = machine.knowing(known(launch, around)?);
        execution = replay(&mut machine, schedule);
        interrupt::heed()?;
    }
    execution.map_err(|trouble| environment(refused(&trouble, schedule)))?;
    let recording = machine.recording();
    let sites = Sites::new(None);
    let mut trace = recording.trace.clone();
    trace.locate(|event| sites.site(&recording, event));
    Ok(trace)
}

/// Where threads stand in a schedule is decided by what they share, and that is found by exploring.
fn known(launch: &Launch, around: &Surroundings) -> Result<Option<Known>, Problem> {
    let budget = Budget { until: Some(Instant::now() + LEARNING), ..Budget::default() };
    let asked = Asked { launch, around, budget, faults: false, cancel: interrupt::runs() };
    let found = explore(&asked, &|_| ());
    interrupt::heed()?;
    found.map(|exploration| exploration.known).map_err(|trouble| Problem::Environment(format!("{trouble:?}")))
}

fn refused(trouble: &Trouble, schedule: &Schedule) -> String {
    match trouble {
        Trouble::Diverged { after, what } => {
            let all = schedule.0.len();
            format!("the schedule does not fit this program: after {after} of its {all} steps, {what}")
        }
        Trouble::Unmodelled(what) => format!("the program cannot be replayed: {what}"),
        Trouble::Endless(what) => format!("the program does not end: {what}"),
        Trouble::Broken(what) => what.clone(),
    }
}
