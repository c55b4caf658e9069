//! What came of an exercise, as its page for people shows it.

use crate::course::{CheckOutcome, Exercise, Finding, Run};
use crate::examine::Examined;
use crate::report::model::{Report, SourceLine};
use crate::report::{Excerpt, Seen, Shown, Style, human};
use grader_trace::Trace;
use grader_tracer::Plan;
use std::fs;
use std::path::Path;

/// Lines of source before and after the one to look at.
const AROUND: u32 = 2;

/// The pages of exercises, and below more than one a summary. Their files are named relative to `base`.
pub fn pages(examined: &[Examined], report: &Report, base: &Path, style: &Style) -> String {
    let pages: Vec<String> = examined.iter().map(|exercise| page(exercise, base, style)).collect();
    let mut text = pages.join("\n");
    if examined.len() > 1 {
        text += "\n";
        text += &human::summary(report, style);
    }
    text
}

fn page(examined: &Examined, base: &Path, style: &Style) -> String {
    let runs = examined.judged.as_ref().map(|judged| &judged.runs[..]).unwrap_or_default();
    let scenarios: Vec<(&str, &str)> = runs.iter().map(|run| (run.scenario.id, special(run))).collect();
    let shown = failure(examined);
    let seen = shown.map(|(run, events)| Seen { trace: &run.recording.trace, events });
    let wanted: Option<Trace> =
        shown.filter(|(run, _)| comparable(run, examined.exercise)).map(|_| (examined.exercise.wanted)());
    let typical = examined.judged.as_ref().map(|judged| &judged.typical[..]).unwrap_or_default();
    let typical: Vec<&Trace> = typical.iter().map(Run::trace).collect();
    let shown = Shown {
        graded: &examined.graded,
        title: examined.exercise.title,
        aha: examined.exercise.aha,
        scenarios: &scenarios,
        seen,
        typical: &typical,
        wanted: wanted.as_ref(),
        excerpt: site(examined).and_then(|site| excerpt(site, base)),
        diagnostics: &examined.diagnostics,
    };
    human::exercise(&shown, style)
}

/// What is special about a run: nothing, if it was made as it comes.
fn special(run: &Run) -> &'static str {
    if run.scenario.id == "plain" { "" } else { run.scenario.title }
}

/// The run to look at, and the events in it: those of the first check that fails, or else the run that has not ended.
fn failure(examined: &Examined) -> Option<(&Run, &[usize])> {
    let judged = examined.judged.as_ref()?;
    let first = judged.grade.checks.iter().find_map(|check| match &check.outcome {
        CheckOutcome::Fails { finding: Finding { events, .. }, run } => {
            Some((judged.runs.get(*run)?, &events[..]))
        }
        _ => None,
    });
    let hung = |run: &&Run| run.recording.trace.root().end.is_none();
    first.or_else(|| judged.runs.iter().find(hung).map(|run| (run, &[][..])))
}

/// Whether the run as it should be is the same in these circumstances as in the usual ones, the first.
fn comparable(run: &Run, exercise: &Exercise) -> bool {
    let Plan { faults, kill, exit, pace: _ } = &run.scenario.plan;
    let undisturbed = faults.is_empty() && kill.is_none() && exit.is_none();
    undisturbed
        && (exercise.scenarios)().first().is_some_and(|usual| {
            let there = |file| run.scenario.files.contains(file);
            usual.args == run.scenario.args && usual.files.iter().all(there)
        })
}

fn site(examined: &Examined) -> Option<&SourceLine> {
    let finding = examined.graded.checks.iter().find_map(|check| check.finding.as_ref());
    finding.and_then(|finding| finding.sites.first()).or(examined.graded.unwritten.as_ref())
}

fn excerpt(site: &SourceLine, base: &Path) -> Option<Excerpt> {
    let text = fs::read_to_string(base.join(&site.file)).ok()?;
    Excerpt::cut(site, &text, AROUND)
}
