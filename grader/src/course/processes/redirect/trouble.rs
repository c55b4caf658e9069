//! The judges of `redirect` when TARGET was there before or cannot be opened, and when calls or children fail.

use super::judge::{
    argv, becomes_cat, descriptors, failed_open, family_that_stays, left, opens, target, wanted_bytes,
};
use super::{BECOMES_CAT, CONTENT, EXEC_FAILS, OLD};
use crate::course::naming::role;
use crate::course::processes::becoming::became;
use crate::course::processes::failure::{self, NOT_STARTED, STATUS_DECODED};
use crate::course::processes::family::{Family, ONE_CHILD};
use crate::course::processes::table;
use crate::course::{Finding, Judgement, Objection, Run, blocked, premise};
use grader_trace::{Fate, Fd, TaskId};

pub fn truncated(run: &Run) -> Judgement {
    let family = Family::of(run)?;
    let (name, wanted) = (target(run), wanted_bytes(run));
    let expected =
        format!("{name} with the {} bytes of {} and none of the old ones", wanted.len(), run.arg(0));
    let opened = opens(run, family.trace).map(|(index, ..)| index).next();
    let fails = |observed: String| Err(Finding::new(&expected, observed).at(opened).into());
    let bytes = left(run).map_or(&[][..], |file| &file.bytes);
    if bytes == wanted {
        return Ok(format!(
            "{name} was cut to length 0 first: it holds the {} bytes of {}",
            wanted.len(),
            run.arg(0)
        ));
    }
    if let Some((_, task, errno)) = failed_open(run, &family) {
        return fails(format!(
            "{} could not open the {name} that was there ({errno})",
            role(family.trace, task)
        ));
    }
    premise("argv", argv(run))?;
    premise("descriptors", descriptors(run))?;
    let old = bytes.iter().filter(|byte| OLD.contains(byte)).count();
    match (bytes.starts_with(&OLD), old) {
        (true, _) => {
            fails(format!("{name} still begins with the {} old bytes; the new ones come after", OLD.len()))
        }
        (false, 0) => Err(Objection::Moot { because: CONTENT.id }),
        (false, old) => fails(format!("{name} still holds {old} of its {} old bytes", OLD.len())),
    }
}

pub fn unwritable(run: &Run) -> Judgement {
    let trace = run.trace();
    let name = target(run);
    let who = role(trace, TaskId::ROOT);
    let Some((open, ..)) = opens(run, trace).next() else {
        // It never opens TARGET: then another check has failed, or a shell was asked to do it.
        premise("becomes-cat", becomes_cat(run))?;
        premise("descriptors", descriptors(run))?;
        return Err(Objection::Moot { because: CONTENT.id });
    };
    let expected = format!(
        "{name} cannot be opened: a message on stderr, no cat, no child left, a status that is not 0"
    );
    let fails = |observed: String| Finding::new(&expected, observed).at([open]);
    let children = trace.children(TaskId::ROOT);
    if children.len() > 1 {
        return Err(Objection::Moot { because: ONE_CHILD.id });
    }
    for child in &children {
        if let Some((event, exec)) = trace.programs(child.id).last() {
            return match became(trace, child, "cat") {
                Ok(cat) => {
                    let tables = table::at_start(trace, &cat);
                    let where_to = table::leads(&tables, child.id, Fd(1));
                    let observed = format!("cat ({}) ran all the same; its {where_to}", child.pid);
                    Err(fails(observed).at([cat.event]).into())
                }
                Err(_) if exec.path.file_name() == b"cat" => {
                    Err(fails("cat ran all the same".into()).at([*event]).into())
                }
                Err(_) => Err(Objection::Moot { because: BECOMES_CAT.id }),
            };
        }
        if !matches!(child.fate, Fate::Reaped { .. }) {
            return match (child.end, trace.waits(TaskId::ROOT).is_empty(), trace.events()[open].task) {
                (None, ..) => Err(fails(blocked::still_there(trace)).at(blocked::events(trace)).into()),
                (_, true, TaskId::ROOT) => {
                    Err(fails(format!("{who} ended, and nobody reaped {}", role(trace, child.id))).into())
                }
                _ => Err(Objection::Moot { because: "reaped" }),
            };
        }
    }
    let told_of_failure = children.iter().any(|child| {
        trace.told_of_end(TaskId::ROOT, child.id).is_some()
            && child.end.is_some_and(|(_, how)| !how.success())
    });
    let sentence = failure::ends_with_complaint(trace, fails);
    match sentence {
        Err(Objection::Fails(_))
            if told_of_failure && trace.root().end.is_some_and(|(_, how)| how.success()) =>
        {
            Err(Objection::Moot { because: STATUS_DECODED.id })
        }
        other => other.map(|words| format!("{words}; cat never ran")),
    }
}

pub fn status_decoded(run: &Run) -> Judgement {
    let family = family_that_stays(run)?;
    let child = family.child;
    match run.scenario.id {
        // Only the real cat fails because of a missing file, and only with the file in its vector.
        "missing-file" => premise("argv", argv(run))?,
        "exec-fails" if family.trace.execs(child.id).is_empty() => {
            return Err(Objection::Moot { because: never_execs(run, &family) });
        }
        "exec-fails" if child.end.is_some_and(|(_, status)| status != NOT_STARTED) => {
            return Err(Objection::Moot { because: EXEC_FAILS.id });
        }
        _ => {}
    }
    failure::status_passed_on(&family)
}

/// The check that fails if the child makes no exec call.
fn never_execs(run: &Run, family: &Family) -> &'static str {
    if failed_open(run, family).is_some() { CONTENT.id } else { BECOMES_CAT.id }
}

pub fn exec_fails_cleanly(run: &Run) -> Judgement {
    let family = family_that_stays(run)?;
    failure::exec_fails(family.trace, family.child, never_execs(run, &family))
}
