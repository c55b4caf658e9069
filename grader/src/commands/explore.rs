//! `grader explore`: every schedule of any program.

use crate::cli::Explore as Arguments;
use crate::explore::{self, Covered, Exploration};
use crate::output::deliver;
use crate::problem::{Problem, Status};
use grader_explorer::Budget;
use grader_tracer::Launch;
use grader_tracer::controlled::Controlled;
use std::time::{Duration, Instant};

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Status, Problem> {
    let time = Duration::from_secs(arguments.budget);
    let launch = explore::launch(&arguments.program, arguments.stdout.into(), time)?;
    let exploration = explored(&launch, time)?;
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
    explore::on_a_thread(|| {
        let mut machine = Controlled::new(launch, Box::new(|| Ok(())))
            .map_err(|trouble| environment(trouble.to_string()))?;
        let budget = Budget { until: Some(Instant::now() + time), ..Budget::default() };
        explore::explore(&mut machine, &budget).map_err(|trouble| environment(trouble.to_string()))
    })
}
