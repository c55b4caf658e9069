//! `grader explore`: every schedule of any program.

use crate::cli::{Explore as Arguments, Stdout as Wanted};
use crate::explore::{self, Covered, Exploration};
use crate::output::deliver;
use crate::problem::{Problem, Status};
use crate::submission::locate_program;
use grader_explorer::Budget;
use grader_tracer::controlled::Controlled;
use grader_tracer::{Launch, Limits, Plan, Stdin, Stdout, Watch};
use std::time::{Duration, Instant};

/// How long a task may compute between two calls.
const COMPUTING: Duration = Duration::from_secs(5);

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Status, Problem> {
    let Some(name) = arguments.program.first() else {
        return Err(Problem::Usage("explore needs a program: explore -- PROGRAM ARG…".into()));
    };
    let launch = Launch {
        program: locate_program(name)?,
        argv: arguments.program.clone(),
        env: std::env::vars_os().collect(),
        dir: None,
        umask: None,
        stdin: Stdin::Null,
        stdout: match arguments.stdout {
            Wanted::Tty => Stdout::Terminal,
            Wanted::Pipe => Stdout::Pipe,
        },
        limits: Limits { wall: COMPUTING, ..Limits::default() },
        watch: Watch::ALL,
        plan: Plan::default(),
        snapshots: false,
    };
    let exploration = explored(&launch, Duration::from_secs(arguments.budget))?;
    let text = if arguments.json {
        crate::report::exploration::json(&exploration)
    } else {
        crate::report::exploration::describe(&exploration)
    };
    deliver(text.as_bytes(), arguments.output.as_deref())?;
    Ok(match exploration.covered {
        Covered::Inconclusive(_) => Status::Undetermined,
        Covered::All | Covered::Budget => Status::Passed,
    })
}

/// On a thread of its own, which keeps to one processor.
fn explored(launch: &Launch, time: Duration) -> Result<Exploration, Problem> {
    let environment = |what: String| Problem::Environment(what);
    std::thread::scope(|scope| {
        let explorer = scope.spawn(|| {
            let mut machine = Controlled::new(launch, Box::new(|| Ok(())))
                .map_err(|trouble| environment(trouble.to_string()))?;
            let budget = Budget { until: Some(Instant::now() + time), ..Budget::default() };
            explore::explore(&mut machine, &budget).map_err(|trouble| environment(trouble.to_string()))
        });
        explorer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
