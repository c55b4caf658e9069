//! `grader explore`: every schedule of any program.

use crate::busy::Busy;
use crate::cli::Explore as Arguments;
use crate::explore::{self, Asked, Covered, Exploration, Surroundings};
use crate::interrupt;
use crate::output::deliver;
use crate::problem::{Problem, Status};
use crate::report::Style;
use crate::report::exploration::{Explored, describe, json};
use crate::terminal::{how_to_call, style_of_stdout};
use grader_explorer::Budget;
use std::time::{Duration, Instant};

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Status, Problem> {
    let time = Duration::from_secs(arguments.budget);
    let around = Surroundings::new(&arguments.program)?;
    let launch = explore::launch(&arguments.program, arguments.stdout.into(), time, &around)?;
    let asked = Asked {
        launch: &launch,
        around: &around,
        budget: Budget { until: Some(Instant::now() + time), ..Budget::default() },
        faults: arguments.faults,
        cancel: interrupt::runs(),
    };
    let exploration = explore::on_a_thread(|| {
        let busy = Busy::with_text();
        explore::explore(&asked, &|how_far| busy.say(how_far))
    });
    interrupt::heed()?;
    let exploration = exploration.map_err(|trouble| Problem::Environment(trouble.to_string()))?;
    let explored = Explored { command: &arguments.program, stdout: launch.stdout, exploration: &exploration };
    let text = if arguments.json {
        json(&explored)
    } else {
        let style = if arguments.output.is_some() { Style::PLAIN } else { style_of_stdout() };
        describe(&explored, &how_to_call("replay"), &style)
    };
    deliver(text.as_bytes(), arguments.output.as_deref())?;
    Ok(status(&exploration))
}

/// Whether something could not be determined.
fn status(exploration: &Exploration) -> Status {
    let failing = exploration.faults.iter().flatten().map(|(_, found)| found);
    let unclear = |covered: &Covered| matches!(covered, Covered::Inconclusive(_));
    if failing.chain([&exploration.schedules]).any(|found| unclear(&found.covered)) {
        Status::Undetermined
    } else {
        Status::Passed
    }
}
