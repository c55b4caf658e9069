//! `grader trace`: what any program did, as the kernel saw it.

use crate::cli::Trace as Arguments;
use crate::examine::Sites;
use crate::interrupt;
use crate::output::{deliver, remark};
use crate::problem::{Problem, Status};
use crate::report::{self, Style};
use crate::submission::{inspect_file, locate_program};
use crate::terminal::style_of_stdout;
use grader_trace::{Ending, Trace, file};
use grader_tracer::{Launch, Limits, Plan, Stdin, Stdout, Watch};
use std::ffi::OsString;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::Duration;

/// How long a program may run, and how long what it leaves behind.
const LIMITS: (Duration, Duration) = (Duration::from_secs(3600), Duration::from_secs(60));

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Status, Problem> {
    let trace = match &arguments.from {
        Some(path) => read(path)?,
        None => record(&arguments.program)?,
    };
    if let Some(said) = unusual(trace.ending()) {
        remark(said);
    }
    deliver(&drawn(&trace, arguments.json, arguments.output.as_deref())?, arguments.output.as_deref())?;
    Ok(Status::Passed)
}

/// A trace as JSON lines, or for people.
pub(super) fn drawn(trace: &Trace, json: bool, output: Option<&Path>) -> Result<Vec<u8>, Problem> {
    if json {
        let mut text = Vec::new();
        file::write(trace, &mut text)
            .map_err(|error| Problem::Environment(format!("cannot write the trace: {error}")))?;
        return Ok(text);
    }
    let style = if output.is_some() { Style::PLAIN } else { style_of_stdout() };
    Ok(report::trace::describe(trace, &style).into_bytes())
}

fn read(path: &Path) -> Result<Trace, Problem> {
    let refuse = |reason: String| Problem::Environment(format!("cannot draw {}: {reason}", path.display()));
    inspect_file(path).map_err(|unfit| refuse(format!("it {}", unfit.reason())))?;
    let opened = File::open(path).map_err(|error| Problem::file("open", path, &error))?;
    file::read(BufReader::new(opened)).map_err(|error| refuse(error.to_string()))
}

fn record(command: &[OsString]) -> Result<Trace, Problem> {
    let Some(name) = command.first() else {
        return Err(Problem::Usage("trace needs a program: trace -- PROGRAM ARG…".into()));
    };
    let program = locate_program(name)?;
    let limits = Limits { wall: LIMITS.0, linger: LIMITS.1, events: 1_000_000, ..Limits::default() };
    let launch = Launch {
        program,
        argv: command.to_vec(),
        env: std::env::vars_os().collect(),
        dir: None,
        umask: None,
        stdin: Stdin::Inherit,
        stdout: Stdout::Terminal,
        limits,
        watch: Watch::ALL,
        plan: Plan::default(),
        snapshots: true,
    };
    let recording = grader_tracer::run(&launch, interrupt::runs())
        .map_err(|trouble| Problem::Environment(trouble.to_string()))?;
    let sites = Sites::new(None);
    let mut trace = recording.trace.clone();
    trace.locate(|event| sites.site(&recording, event));
    Ok(trace)
}

/// What has to be said of how a run ended.
pub(super) fn unusual(ending: &Ending) -> Option<&'static str> {
    match ending {
        Ending::Finished => None,
        Ending::TimedOut => Some("time was up; what was still alive was killed"),
        Ending::Stalled => Some("every process waited for another one, for ever; they were killed"),
        Ending::LeftBehind => {
            Some("some processes lived on for a minute after the program had ended, and were killed")
        }
        Ending::Overflowed => Some("it did more than can be followed, and was killed"),
        Ending::Cancelled => Some("the run was called off"),
    }
}
