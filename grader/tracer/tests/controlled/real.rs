//! Programs on the real kernel, one task at a time.

use super::simulated::Outcomes;
use super::text::text;
use grader_explorer::simulated::{Op, TaskOutcome};
use grader_explorer::{Budget, Dpor, Execution, Exhaustive, Judgement, Report, Strategy, Verdict, explore};
use grader_trace::order::{Outputs, Step, TraceOrder};
use grader_trace::{Fate, TaskPath};
use grader_tracer::controlled::{Controlled, Deed};
use grader_tracer::{Launch, Limits, Plan, Stdin, Stdout, Watch};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

/// The specimen.
pub const SPECIMEN: &str = env!("CARGO_BIN_EXE_specimen");

/// Any program, with its output in a pipe, as the simulated machine has it.
fn launch(program: &str, argv: &[&str]) -> Launch {
    Launch {
        program: Path::new(program).to_owned(),
        argv: argv.iter().map(OsString::from).collect(),
        env: vec![("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())],
        dir: None,
        umask: None,
        stdin: Stdin::Null,
        stdout: Stdout::Pipe,
        limits: Limits { wall: Duration::from_secs(20), ..Limits::default() },
        watch: Watch::ALL,
        plan: Plan::default(),
        snapshots: false,
    }
}

/// A machine for any program. Whatever it foresees is compared with the kernel.
pub fn machine_for(program: &str, argv: &[&str]) -> Controlled<'static> {
    let machine = Controlled::new(&launch(program, argv), Box::new(|| Ok(())));
    machine.expect("the kernel can be asked").audited()
}

/// A machine for any program, with a terminal.
pub fn machine_with_terminal_for(program: &str, argv: &[&str]) -> Controlled<'static> {
    let launch = Launch { stdout: Stdout::Terminal, ..launch(program, argv) };
    Controlled::new(&launch, Box::new(|| Ok(()))).expect("the kernel can be asked").audited()
}

/// The specimen, interpreting a program, with a terminal.
pub fn machine_with_terminal(text: &str) -> Controlled<'static> {
    machine_with_terminal_for(SPECIMEN, &["specimen", "interprets", text, "1"])
}

/// The specimen, interpreting a program with a terminal in a folder that is empty at the beginning of each execution.
pub fn machine_within<'a>(folder: &'a Path, text: &str) -> Controlled<'a> {
    let argv = ["specimen", "interprets", text, "1"];
    let launch = Launch { dir: Some(folder.to_owned()), stdout: Stdout::Terminal, ..launch(SPECIMEN, &argv) };
    let machine = Controlled::new(&launch, Box::new(|| empty(folder)));
    machine.expect("the kernel can be asked").audited()
}

/// Removes all that is in a folder.
fn empty(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let is_folder = entry.file_type()?.is_dir();
        if is_folder { std::fs::remove_dir_all(entry.path()) } else { std::fs::remove_file(entry.path()) }?;
    }
    Ok(())
}

/// The specimen, interpreting a program whose bytes are `scale` bytes each.
pub fn machine(program: &[Op], scale: usize) -> Controlled<'static> {
    machine_for(SPECIMEN, &["specimen", "interprets", &text(program), &scale.to_string()])
}

/// What reduction has found.
pub struct Explored {
    pub outcomes: Outcomes,
    pub report: Report,
}

/// All that can come of a program. `Err`: no complete answer.
pub fn explored(program: &[Op], scale: usize) -> Result<Explored, String> {
    explored_by(&mut machine(program, scale))
}

/// All that can come of whatever this machine runs.
pub fn explored_by(machine: &mut Controlled<'_>) -> Result<Explored, String> {
    let mut found: BTreeMap<Vec<TaskOutcome>, Outputs> = BTreeMap::new();
    let report = complete(machine, Dpor::default(), u64::MAX, |machine, execution| {
        let order = execution.path.order(|at| output(&execution.events[at]));
        found.entry(tasks(machine)).or_default().add(&order.expect("it is possible"));
    })?;
    let mut outcomes = Outcomes::new();
    for (tasks, mut outputs) in found {
        let listing = outputs.first(100_000, 10_000_000);
        assert!(listing.complete);
        let text = |output: Vec<u8>| String::from_utf8(output).expect("ASCII");
        outcomes.insert(tasks, listing.outputs.into_iter().map(text).collect());
    }
    Ok(Explored { outcomes, report })
}

/// The same by plain enumeration, if there are no more than `most` interleavings.
pub fn enumerated_by(machine: &mut Controlled<'_>, most: u64) -> Result<Explored, String> {
    let mut outcomes = Outcomes::new();
    let report = complete(machine, Exhaustive::default(), most, |machine, execution| {
        if execution.path.is_real() {
            let output = String::from_utf8(output(&execution.events.concat())).expect("ASCII");
            outcomes.entry(tasks(machine)).or_default().insert(output);
        }
    })?;
    Ok(Explored { outcomes, report })
}

fn complete(
    machine: &mut Controlled<'_>,
    mut strategy: impl Strategy,
    executions: u64,
    mut note: impl FnMut(&Controlled<'_>, &Execution<Deed>),
) -> Result<Report, String> {
    let budget = Budget { executions, steps: 400, ..Budget::default() };
    let report = explore(machine, &mut strategy, &budget, |machine, execution| {
        note(machine, execution);
        Judgement::Holds
    });
    let report = report.map_err(|trouble| trouble.to_string())?;
    let is_complete = matches!(report.verdict, Verdict::Complete { .. });
    if is_complete { Ok(report) } else { Err(format!("{:?}", report.verdict)) }
}

/// What became of the tasks of the last execution.
pub fn tasks(machine: &Controlled<'_>) -> Vec<TaskOutcome> {
    let trace = machine.trace();
    let reaped = |pid| trace.tasks().iter().any(|t| t.pid == pid && matches!(t.fate, Fate::Reaped { .. }));
    let outcome = |(task, pid): (TaskPath, _)| TaskOutcome {
        status: machine.world().status(&task).map(Into::into),
        reaped: reaped(pid),
        task,
    };
    let mut tasks: Vec<TaskOutcome> = machine.pids().into_iter().map(outcome).collect();
    tasks.sort();
    tasks
}

fn output(deeds: &[Deed]) -> Vec<u8> {
    deeds.iter().flat_map(|deed| deed.output.clone()).collect()
}

/// An execution's order, in which signals may be later than they can be.
pub fn order(execution: &Execution<Deed>) -> TraceOrder {
    let taken = execution.path.taken.iter().zip(&execution.events);
    let steps = taken.map(|((choice, touched), deeds)| Step {
        task: choice.task.clone(),
        touched: touched.clone(),
        births: deeds.iter().flat_map(|deed| deed.births.clone()).collect(),
        output: output(deeds),
    });
    TraceOrder::new(steps.collect())
}
