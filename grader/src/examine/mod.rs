//! From exercises to what is known of them: built, run, judged.
//!
//! ```text
//! Subject ─▶ build ─▶ run every scenario, on all processors ─▶ course::grade ─▶ Examined ─▶ Report
//! ```
//!
//! An [`Examined`] exercise keeps its runs, for the pictures; [`Graded`] is what
//! every format prints.

mod graded;
mod machine;
mod sentence;
mod sites;

pub use graded::{report, without_run};
pub use machine::machine;
pub use sites::Sites;

use crate::build::{self, Built, Workshop};
use crate::busy::Busy;
use crate::course::{Exercise, Grade, Proved, Run, Scenario, grade, holds_in};
use crate::interrupt;
use crate::problem::Problem;
use crate::report::model::{Graded, Verdict};
use crate::run::{Job, PLAIN, Proof, Runs, prove, run_all};
use crate::skeleton;
use crate::submission::{Package, program};
use crate::terminal::how_to_call;
use crate::workspace::Workspace;
use grader_trace::Ending;
use grader_tracer::Trouble;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread::ScopedJoinHandle;

/// Whose program is examined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The learner's, from the workspace.
    Learner,
    /// The reference solution, from the workspace.
    Solution,
    /// A program that somebody else has built.
    Program(PathBuf),
}

/// An exercise, and all that came of it.
pub struct Examined {
    /// Which.
    pub exercise: &'static Exercise,
    /// What was found.
    pub graded: Graded,
    /// What the compiler said, if it was not built.
    pub diagnostics: Vec<String>,
    /// The runs, and what the checks made of them; not there if nothing was run.
    pub judged: Option<Judged>,
}

/// Runs, and what the checks made of them.
pub struct Judged {
    /// One a scenario.
    pub runs: Vec<Run>,
    /// Some of the schedules in which it was judged, if all were.
    pub typical: Vec<Run>,
    /// What the checks made of them.
    pub grade: Grade,
}

/// Builds, runs and judges a number of exercises, in their order.
///
/// `workspace` may be missing only where the subject is a program.
pub fn examine(
    exercises: &[&'static Exercise],
    subject: &Subject,
    workspace: Option<&Workspace>,
) -> Result<Vec<Examined>, Problem> {
    let built = match (subject, workspace) {
        (Subject::Program(file), _) => vec![program(file)?; exercises.len()],
        (_, Some(workspace)) => build_packages(exercises, subject, workspace)?,
        (_, None) => return Err(Problem::Usage("there is no workspace to take exercises from".into())),
    };
    let sites = Sites::new(workspace);
    let mut jobs = Vec::new();
    let mut runnable = Vec::new();
    for (index, built) in built.iter().enumerate() {
        if let Built::Program(program) = built {
            let exercise = exercises[index];
            let (program, scenarios) = (program.clone(), (exercise.scenarios)());
            let Exercise { watch, order_counts, .. } = *exercise;
            jobs.push(Job { program, watch, order_counts, lines: true, scenarios });
            runnable.push(index);
        }
    }
    let examined: Vec<Mutex<Option<Examined>>> = exercises
        .iter()
        .zip(&built)
        .map(|(exercise, built)| Mutex::new(without_run(exercise, built)))
        .collect();
    run_all(&jobs, machine().processors, |job, runs| {
        let index = runnable[job];
        let outcome = judge(exercises[index], &jobs[job], runs, &sites);
        *examined[index].lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(outcome);
    });
    interrupt::heed()?;
    let outcomes =
        examined.into_iter().filter_map(|slot| slot.into_inner().unwrap_or_else(|e| e.into_inner()));
    Ok(outcomes.collect())
}

fn build_packages(
    exercises: &[&'static Exercise],
    subject: &Subject,
    workspace: &Workspace,
) -> Result<Vec<Built>, Problem> {
    let package = |exercise: &&'static Exercise| match subject {
        Subject::Solution => Package::of_solution(workspace, exercise),
        _ => Package::of_learner(workspace, exercise),
    };
    let packages: Vec<Package> = exercises.iter().map(package).collect();
    let busy = Busy::with_text();
    let mut built = build::build(&Workshop::of(workspace), &packages, &|said| busy.say(said))?;
    for (exercise, built) in exercises.iter().zip(&mut built) {
        if let (Subject::Learner, Built::Broken { reason, diagnostics }) = (subject, built)
            && !as_shipped(workspace, exercise)
        {
            let reset = how_to_call(&format!("reset {}", exercise.id));
            *reason += &format!("; to have it as it was shipped: {reset}");
            // Where cargo has words of its own, they are shown instead of the reason.
            if !diagnostics.is_empty() {
                let changed = "Its Cargo.toml is not as it was shipped. To have it back (yours is kept):";
                diagnostics.insert(0, format!("{changed}\n  {reset}\n\n"));
            }
        }
    }
    Ok(built)
}

/// Whether all is there that cargo needs, whatever it says.
fn as_shipped(workspace: &Workspace, exercise: &Exercise) -> bool {
    let package = Package::of_learner(workspace, exercise);
    let manifest = fs::read_to_string(package.manifest());
    package.inspect().is_ok() && manifest.is_ok_and(|text| text == skeleton::manifest(exercise.id))
}

/// Judges the runs of one exercise, and then what must hold in every schedule.
pub fn judge(exercise: &'static Exercise, job: &Job, runs: Runs, sites: &Sites) -> Examined {
    let mut made = Vec::new();
    let mut trouble = None;
    for run in runs {
        match run {
            Ok(run) => made.push(run),
            Err(error) => trouble = trouble.or(Some(error)),
        }
    }
    // A check that breaks on what it sees is the grader's fault, and must not take the others' verdicts along.
    let judged = catch_unwind(AssertUnwindSafe(|| {
        let (grade, typical) = in_every_schedule(exercise, job, &mut made);
        (graded::graded(&grade, &made, trouble.as_ref(), sites), grade, typical)
    }));
    match judged {
        Ok((graded, grade, typical)) => {
            let judged = Some(Judged { runs: made, typical, grade });
            Examined { exercise, graded, diagnostics: Vec::new(), judged }
        }
        Err(_) => {
            let reason = "a check of the grader itself broke on this program; please report it".to_string();
            graded::undetermined(exercise, Verdict::CannotTell, reason, Vec::new())
        }
    }
}

/// Grades runs, and then judges in every schedule what was judged in runs that came to their end, or to where nobody
/// could go on: schedules in which something fails take the place of such runs. Also some schedules of a program that
/// does well.
fn in_every_schedule(exercise: &'static Exercise, job: &Job, runs: &mut Vec<Run>) -> (Grade, Vec<Run>) {
    let ended = |scenario: &&Scenario| {
        let mut of_it = runs.iter().filter(|run| run.scenario.id == scenario.id);
        let over = |run: &Run| matches!(run.trace().ending(), Ending::Finished | Ending::Stalled);
        !scenario.plan.only_paces() && of_it.any(over)
    };
    let scenarios: Vec<&Scenario> = job.scenarios.iter().filter(ended).collect();
    let (mut proved, mut typical) = (Vec::new(), Vec::new());
    for (scenario, proof) in scenarios.iter().zip(prove_all(exercise, job, &scenarios)) {
        match proof {
            Ok(Proof::Always { executions, typical: some }) => {
                if scenario.id == PLAIN {
                    typical = some;
                }
                proved.push(Proved { scenario: scenario.id, executions, all: true });
            }
            Ok(Proof::SoFar { executions }) => {
                proved.push(Proved { scenario: scenario.id, executions, all: false });
            }
            Ok(Proof::Fails(run)) => match runs.iter_mut().find(|old| old.scenario.id == run.scenario.id) {
                Some(old) => *old = *run,
                None => runs.push(*run),
            },
            // What was judged without it stands, and says of itself how much that is.
            Ok(Proof::Unknown(_)) | Err(_) => {}
        }
    }
    let mut grade = grade(exercise, runs);
    let paced: Vec<&str> = job
        .scenarios
        .iter()
        .filter(|scenario| scenario.plan.only_paces())
        .map(|scenario| scenario.id)
        .collect();
    grade.rests_on(&proved, &paced);
    (grade, typical)
}

/// On all processors.
fn prove_all(exercise: &'static Exercise, job: &Job, scenarios: &[&Scenario]) -> Vec<Result<Proof, Trouble>> {
    let mut proofs = Vec::new();
    for some in scenarios.chunks(machine().processors.max(1)) {
        std::thread::scope(|scope| {
            let prove = |scenario: &'_ &Scenario| {
                let scenario = (*scenario).clone();
                scope.spawn(move || prove(job, &scenario, &|run| holds_in(exercise, scenario.id, run)))
            };
            let proving: Vec<_> = some.iter().map(prove).collect();
            let join = |proving: ScopedJoinHandle<'_, _>| {
                proving.join().unwrap_or_else(|panic| resume_unwind(panic))
            };
            proofs.extend(proving.into_iter().map(join));
        });
    }
    proofs
}
