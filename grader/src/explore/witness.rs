//! What is shown of a schedule: made as simple as it gets, executed once more, with the lines of its source.

use super::survey::{Knot, knot, unreaped};
use crate::examine::Sites;
use grader_explorer::{End, Execution, Judgement, Patience, Schedule, Trouble, replay, shrink_within};
use grader_trace::{Site, TaskId, Trace};
use grader_tracer::controlled::{Controlled, Deed};
use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

/// How long a schedule may be made simpler. What is as simple by then is shown.
const SHRINKING: Duration = Duration::from_secs(2);

/// Not more lines of source than this are shown.
const MOST_LINES: usize = 16;

/// An execution that shows something.
#[derive(Debug, Clone)]
pub struct Witness {
    /// How to see it again.
    pub schedule: Schedule,
    /// What the kernel saw, with source lines.
    pub trace: Trace,
    /// The lines that each task came by, in order.
    pub source: Vec<(TaskId, Site, String)>,
}

/// What a witness shows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shows<'a> {
    /// Nobody can go on, for these reasons.
    Deadlock(&'a Knot),
    /// Somebody is not reaped by the parent, so many at least.
    Unreaped(u64),
}

impl Shows<'_> {
    fn is_shown(self, machine: &Controlled<'_>, execution: &Execution<Deed>) -> bool {
        match self {
            Shows::Deadlock(reasons) => knot(execution).as_ref() == Some(reasons),
            Shows::Unreaped(least) => execution.end == End::Finished && unreaped(&machine.trace()) >= least,
        }
    }
}

/// The simplest execution that shows it, reached from one that does.
pub(super) fn witness(
    machine: &mut Controlled<'_>,
    schedule: &Schedule,
    most_steps: usize,
    shows: Shows<'_>,
) -> Result<Witness, Trouble> {
    let faults = |schedule: &Schedule| schedule.0.iter().filter(|choice| choice.act.is_fault()).count();
    let needed = faults(schedule);
    let patience = Patience { until: Some(Instant::now() + SHRINKING), ..Patience::default() };
    let simplest = shrink_within(machine, schedule, most_steps, patience, |machine, execution| {
        // Without its fault it would be about something else.
        let same = faults(&execution.path.schedule()) == needed && shows.is_shown(machine, execution);
        if same { Judgement::Fails } else { Judgement::Holds }
    })?;
    machine.keep_snapshots(true);
    let again = replay(machine, &simplest);
    machine.keep_snapshots(false);
    again?;
    let recording = machine.recording();
    let sites = Sites::new(None);
    let mut trace = recording.trace.clone();
    trace.locate(|event| sites.site(&recording, event));
    let source = source(&trace);
    Ok(Witness { schedule: simplest, trace, source })
}

/// The lines of each task, one after the other; those that are the same several times in a row, once.
fn source(trace: &Trace) -> Vec<(TaskId, Site, String)> {
    let mut files = HashMap::new();
    let mut lines: Vec<(TaskId, Site, String)> = Vec::new();
    for task in trace.tasks() {
        let mut last = None;
        for site in
            trace.events().iter().filter(|event| event.task == task.id).filter_map(|e| e.site.as_ref())
        {
            if last == Some(site) {
                continue;
            }
            last = Some(site);
            let text =
                files.entry(&site.file).or_insert_with(|| fs::read_to_string(&site.file).unwrap_or_default());
            if let Some(line) = text.lines().nth(site.line.saturating_sub(1) as usize) {
                lines.push((task.id, site.clone(), line.trim().to_owned()));
            }
        }
    }
    lines.truncate(MOST_LINES);
    lines
}
