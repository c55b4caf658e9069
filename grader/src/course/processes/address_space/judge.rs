//! The judges of `address-space`, each with the premises on which it stands.

use super::{CHILD_LINE, PARENT_LINE, START_LINE};
use crate::course::naming::role;
use crate::course::processes::ending::{nobody_is_left, with_success};
use crate::course::processes::family::Family;
use crate::course::processes::lines::{self, OWN_PATH};
use crate::course::processes::saying::{Said, Saying, Who, said_by};
use crate::course::{Finding, Judgement, Objection, Run, premise};
use grader_trace::{CloneFlags, Task, TaskId};

/// What x is before the fork, and what the parent and the child make of it.
const START: i64 = 1;
const PARENTS: i64 = 0;
const CHILDS: i64 = 2;

/// A line about x: the value, the address, and the line itself.
struct Held {
    x: i64,
    address: u64,
    said: Said,
}

fn by(who: Who) -> impl Fn(&Saying) -> bool {
    move |saying| matches!(saying, Saying::Holds { who: speaker, .. } if *speaker == who)
}

/// The line that one of the two says about x after the fork, whatever the numbers in it.
fn held(family: &Family, who: Who) -> Result<Held, Objection> {
    if lines::exchanged(family, by(Who::Parent), by(Who::Child)).is_some() {
        return Err(Objection::Moot { because: OWN_PATH.id });
    }
    let (task, other) = match who {
        Who::Child => (family.child, family.parent),
        Who::Start | Who::Parent => (family.parent, family.child),
    };
    let expected = format!("\"{}: x=… at …\", written by {}", who.word(), role(family.trace, task.id));
    let said = lines::one_line(family.trace, task, other, &expected, by(who))?;
    match said.saying {
        Saying::Holds { x, address, .. } => Ok(Held { x, address, said }),
        _ => Err(Objection::Moot { because: START_LINE.id }),
    }
}

pub fn start_line(run: &Run) -> Judgement {
    let family = Family::of(run)?;
    let (trace, who) = (family.trace, family.the_parent());
    let expected = format!("\"start: x={START} at …\" as the first line, written by {who} before it forks");
    let fails = |observed: String, at: &Said| {
        Err(Finding::new(&expected, observed).at(at.events.iter().copied()).into())
    };
    let childs = said_by(trace, family.child.id);
    let copied = childs.iter().find(|said| by(Who::Start)(&said.saying));
    let first = lines::one_line(trace, family.parent, family.child, &expected, by(Who::Start))?;
    if first.span.1 > family.child.birth.at {
        let twice = match copied {
            Some(_) => format!(
                ", and {} wrote it too: it was still in a buffer when fork copied the process",
                family.the_child()
            ),
            None => String::new(),
        };
        let observed = format!("{who} wrote \"{}\" after the fork{twice}", first.saying);
        return fails(observed, &first);
    }
    if let Some(again) = copied {
        return fails(format!("{} wrote \"{}\" as well", family.the_child(), again.saying), again);
    }
    if let Some(before) = said_by(trace, family.parent.id).first()
        && !by(Who::Start)(&before.saying)
    {
        return fails(format!("{who} wrote \"{}\" before it", before.saying), before);
    }
    match first.saying {
        Saying::Holds { x: START, .. } => Ok(format!("{who} wrote \"{}\" before the fork", first.saying)),
        _ => fails(format!("{who} wrote \"{}\"", first.saying), &first),
    }
}

pub fn parent_line(run: &Run) -> Judgement {
    let family = Family::of(run)?;
    held(&family, Who::Parent).map(|held| format!("{} wrote \"{}\"", family.the_parent(), held.said.saying))
}

pub fn child_line(run: &Run) -> Judgement {
    let family = Family::of(run)?;
    held(&family, Who::Child).map(|held| format!("{} wrote \"{}\"", family.the_child(), held.said.saying))
}

/// The parent's line and the child's.
fn both<'a>(run: &'a Run) -> Result<(Family<'a>, Held, Held), Objection> {
    premise(START_LINE.id, start_line(run))?;
    premise(PARENT_LINE.id, parent_line(run))?;
    premise(CHILD_LINE.id, child_line(run))?;
    let family = Family::of(run)?;
    let (parent, child) = (held(&family, Who::Parent)?, held(&family, Who::Child)?);
    Ok((family, parent, child))
}

pub fn two_values(run: &Run) -> Judgement {
    let (family, parent, child) = both(run)?;
    let (the_parent, the_child) = (family.the_parent(), family.the_child());
    if (parent.x, child.x) == (PARENTS, CHILDS) {
        return Ok(format!("x was {PARENTS} in {the_parent} and {CHILDS} in {the_child}"));
    }
    let why = match (parent.x, child.x) {
        _ if family.child.birth.flags.has(CloneFlags::VM) => {
            "; the child was made in its parent's memory (CLONE_VM), so there is one x"
        }
        (PARENTS, START) | (START, CHILDS) => "; whoever came second went on from what the other had left",
        (CHILDS, PARENTS) => "; the child is to add, and the parent to subtract",
        _ => "",
    };
    let expected = format!("x is {PARENTS} in {the_parent} and {CHILDS} in {the_child}");
    let observed = format!("x was {} in {the_parent} and {} in {the_child}{why}", parent.x, child.x);
    let wrong = if parent.x == PARENTS { [child, parent] } else { [parent, child] };
    let events = wrong.into_iter().flat_map(|held| held.said.events);
    Err(Finding::new(expected, observed).at(events).into())
}

pub fn same_address(run: &Run) -> Judgement {
    let (family, parent, child) = both(run)?;
    let start = held(&family, Who::Start)?;
    if parent.address == start.address && child.address == start.address {
        return Ok(format!("{:#x} in all three lines", start.address));
    }
    let expected = format!("x lies at {:#x} in both processes, as it did before the fork", start.address);
    let observed = format!(
        "{} named {:#x}, {} named {:#x}, and before the fork it was {:#x}",
        family.the_parent(),
        parent.address,
        family.the_child(),
        child.address,
        start.address
    );
    let wrong = [parent, child].into_iter().filter(|held| held.address != start.address);
    Err(Finding::new(expected, observed).at(wrong.flat_map(|held| held.said.events)).into())
}

pub fn own_path(run: &Run) -> Judgement {
    let family = Family::of(run)?;
    if !run.words_are_complete() {
        own_words(&family)?;
    }
    if let Some(events) = lines::exchanged(&family, by(Who::Parent), by(Who::Child)) {
        return Err(lines::each_others_branch(&family, events).into());
    }
    both(run)?;
    own_words(&family)
}

fn own_words(family: &Family) -> Judgement {
    let own = |task: &Task, saying: &Saying| match saying {
        Saying::Holds { who: Who::Start, .. } => true,
        Saying::Holds { who: Who::Parent, .. } => task.id == TaskId::ROOT,
        Saying::Holds { who: Who::Child, .. } => task.id != TaskId::ROOT,
        _ => false,
    };
    for task in [family.parent, family.child] {
        if let Some(said) = said_by(family.trace, task.id).into_iter().find(|said| !own(task, &said.saying)) {
            let observed = format!("{} also wrote \"{}\"", role(family.trace, task.id), said.saying);
            return Err(Finding::new(lines::own_lines(family), observed).at(said.events).into());
        }
    }
    Ok("neither of the two wrote anything else on stdout".into())
}

pub fn exit_status(run: &Run) -> Judgement {
    let Family { trace, parent, child } = Family::of(run)?;
    nobody_is_left(trace)?;
    let explained = |finding: Finding, id, judgement| premise(id, judgement).and(Err(finding.into()));
    match (with_success(trace, parent), with_success(trace, child)) {
        (Ok(parent), Ok(child)) => Ok(format!("{parent}, {child}")),
        (Err(finding), _) => {
            premise(START_LINE.id, start_line(run))?;
            explained(finding, PARENT_LINE.id, parent_line(run))
        }
        (_, Err(finding)) => explained(finding, CHILD_LINE.id, child_line(run)),
    }
}
