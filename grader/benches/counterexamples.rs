//! How long it takes to find the first schedule in which a broken program goes wrong: every broken fixture of the course.
//!
//! ```text
//! cargo bench -p grader --bench counterexamples          # each once
//! cargo bench -p grader --bench counterexamples -- 5     # the median of five
//! ```
//!
//! A fixture is searched in the scenarios of the check that it fails by, one after the other. The time runs from the
//! start of the search in the scenario in which it goes wrong, its first exec included, to the end of the first
//! execution that the checks object to; making it simpler and drawing it come after that. Target: at most 100 ms each.
//!
//! Some fixtures go wrong in no single schedule: what they do shows only over time, or has no model. They are named.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod measure;

use grader::build::{self, Built};
use grader::course::{self, Exercise, Scenario, holds_in};
use grader::run::{Job, Proof, prove};
use grader::verify::bench;
use grader::verify::cases::{Case, Kind, collect};
use grader::verify::header::Expected;
use grader::workspace::Workspace;
use measure::{Measured, checkout::workspace, rounds, shown};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const TARGET: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    measure::main(benchmark)
}

fn benchmark() -> Measured<()> {
    let rounds = rounds(1);
    let workspace = Workspace::find(Some(&workspace())).map_err(|problem| problem.to_string())?;
    let exercises: Vec<&'static Exercise> = course::exercises().iter().collect();
    let (cases, _) = collect(&workspace, &exercises).map_err(|problem| problem.to_string())?;
    let bench = bench::set_up(&workspace, &cases).map_err(|problem| problem.to_string())?;
    let built =
        build::build(&bench.workshop, &bench.packages, &|_| ()).map_err(|problem| problem.to_string())?;
    println!("the first schedule that goes wrong, of each broken fixture");
    println!("  {:<16} {:>8}  {:>10}  {:>10}  slowest", "", "fixtures", "median", "most");
    let (mut unseen, mut late) = (Vec::new(), Vec::new());
    for exercise in exercises {
        let mut times = Vec::new();
        for (case, built) in cases.iter().zip(&built).filter(|(case, _)| case.exercise.id == exercise.id) {
            let (Kind::Fixture(_, Expected::Fails { check, .. }), Built::Program(program)) =
                (&case.kind, built)
            else {
                continue;
            };
            match found(case, check, program, rounds)? {
                Ok(time) => times.push((time, case.name())),
                Err(why) => unseen.push(format!("{}/{}: {why}", exercise.id, case.name())),
            }
        }
        times.sort();
        let Some((most, slowest)) = times.last() else { continue };
        let median = times[times.len() / 2].0;
        println!(
            "  {:<16} {:>8}  {:>10}  {:>10}  {slowest}",
            exercise.id,
            times.len(),
            shown(median),
            shown(*most)
        );
        let over = times.iter().filter(|(time, _)| *time > TARGET);
        late.extend(over.map(|(time, name)| format!("{}/{name}: {}", exercise.id, shown(*time))));
    }
    println!("  over {}: {}", shown(TARGET), late.len());
    late.iter().for_each(|line| println!("    {line}"));
    println!("  wrong in no single schedule: {}", unseen.len());
    unseen.iter().for_each(|line| println!("    {line}"));
    Ok(())
}

/// How long it took, the median of several times; inside `Err`: why there is no such schedule.
fn found(case: &Case, check: &str, program: &Path, rounds: usize) -> Measured<Result<Duration, String>> {
    let exercise = case.exercise;
    let check = exercise.check(check).ok_or_else(|| format!("{} has no check {check}", exercise.id))?;
    let (watch, order_counts) = (exercise.watch, exercise.order_counts);
    let scenarios = (exercise.scenarios)();
    let job = Job { program: program.into(), watch, order_counts, lines: false, scenarios };
    let mut why = "no scenario of its check chooses nothing but schedules".to_string();
    let able = |scenario: &&Scenario| check.scenarios.contains(&scenario.id) && !scenario.plan.only_paces();
    for scenario in job.scenarios.iter().filter(able) {
        match once(exercise, &job, scenario)? {
            Ok(first) => {
                let again = (1..rounds).map(|_| once(exercise, &job, scenario));
                let mut times: Vec<Duration> =
                    again.collect::<Measured<Vec<_>>>()?.into_iter().flatten().chain([first]).collect();
                times.sort();
                return Ok(Ok(times[times.len() / 2]));
            }
            Err(reason) => why = reason,
        }
    }
    Ok(Err(why))
}

fn once(exercise: &Exercise, job: &Job, scenario: &Scenario) -> Measured<Result<Duration, String>> {
    let start = Instant::now();
    let first = Mutex::new(None);
    let holds = |run: &_| {
        let holds = holds_in(exercise, scenario.id, run);
        if !holds && let Ok(mut first) = first.lock() {
            first.get_or_insert_with(|| start.elapsed());
        }
        holds
    };
    let proof = prove(job, scenario, &holds).map_err(|trouble| trouble.to_string())?;
    let first = first.into_inner().map_err(|error| error.to_string())?;
    Ok(match (proof, first) {
        (_, Some(time)) => Ok(time),
        (Proof::Always { executions, .. }, None) => Err(format!("right in all {executions}")),
        (Proof::SoFar { executions }, None) => Err(format!("right in the first {executions}")),
        (Proof::Unknown(why), None) => Err(why),
        (Proof::Fails(_), None) => Err("it fails, and nobody has judged it".into()),
    })
}
