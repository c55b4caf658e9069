//! The three lines of parent and child: said by the right one, with the right numbers, and nothing else.
//!
//! The texts are those of the classic textbooks. Which check owns a wrong line: `greeting` all that reads
//! like a greeting; `parent-line` and `child-line` what the parent and the child say, or fail to say;
//! `own-path` what is left when those three hold, and the case that parent and child swapped their lines.

use super::becoming::another_program;
use super::ending::came_to_an_end;
use super::family::Family;
use super::saying::{Said, Saying, said_by, said_in};
use crate::course::naming::{in_words, role};
use crate::course::{Check, Finding, Judgement, Objection, Run};
use grader_trace::{Line, Task, TaskId, Trace};

/// "The parent greets first."
pub const GREETING: Check = Check {
    id: "greeting",
    claim: "The first line is `hello world (pid:P)`, said once, by the parent, before it forks.",
    why: "fork copies the whole process. What was not written yet but lies in a buffer is copied too, and comes \
          out twice.",
    points: 0,
    hints: &[
        "Which process prints it, and at which moment: before or after the fork?",
        "A text without a newline stays in the buffer of stdout, and fork copies that buffer.",
        "println!(\"hello world (pid:{})\", std::process::id()) as the first thing in main writes it at once.",
    ],
    see: &["fork(2)", "stdio(3)", "getpid(2)"],
    scenarios: &["plain", "slow-child", "slow-parent"],
    judge: greeting,
};

/// "The child says its line."
pub const CHILD_LINE: Check = Check {
    id: "child-line",
    claim: "The child says `hello, I am child (pid:C)`, with its own PID.",
    why: "The child starts as a copy of its parent: it goes on from the fork with copies of all variables, and \
          only what it asks the kernel for itself is its own.",
    points: 0,
    hints: &[
        "In which process does that line of yours run? fork answers 0 in the child only.",
        "A PID that was asked for before the fork is the parent's, also in the child's copy of the variable.",
        "In the child's branch: println!(\"hello, I am child (pid:{})\", getpid()). With libc::_exit nothing \
         that is still in a buffer is written.",
    ],
    see: &["fork(2)", "getpid(2)", "exit(3)", "_exit(2)"],
    scenarios: &["plain", "slow-child", "slow-parent"],
    judge: |run| child_line(&Family::of(run)?),
};

/// "Nobody runs on into the other's code."
pub const OWN_PATH: Check = Check {
    id: "own-path",
    claim: "Parent and child each say their own line, and nothing else.",
    why: "After the fork both processes run the same code. A child that is not stopped at the end of its branch \
          runs on into whatever follows, the parent's part included.",
    points: 0,
    hints: &[
        "Follow the child past the end of its branch: where does it go on?",
        "Code after the if or match is reached by both processes.",
        "End the child in its own branch: return from main there, or call std::process::exit(0).",
    ],
    see: &["fork(2)", "exit(3)"],
    scenarios: &["plain", "slow-child", "slow-parent"],
    judge: |run| own_path(&Family::of(run)?, |_| true),
};

/// Judges [`GREETING`].
pub fn greeting(run: &Run) -> Judgement {
    match greeted(run.trace()) {
        Ok(sentence) => Ok(sentence),
        // Without a child, or with too many, there is one mistake to be shown, and it is that.
        Err(finding) => Family::of(run).and(Err(finding.into())),
    }
}

fn greeted(trace: &Trace) -> Result<String, Finding> {
    let root = trace.root();
    let who = role(trace, root.id);
    let wanted = Saying::Greeting { pid: i64::from(root.pid.0) };
    let expected = format!("\"{wanted}\" as the first line, written by {who} before it forks");
    let fails = |observed: String, at: &[&Said]| {
        Finding::new(&expected, observed).at(at.iter().flat_map(|said| said.events.iter().copied()))
    };
    let first_child = trace.processes().find(|task| task.id != root.id);
    let is_greeting = |said: &&Said| matches!(said.saying, Saying::Greeting { .. });
    let by_root = said_by(trace, root.id);
    let others = trace.processes().filter(|task| task.id != root.id);
    let by_others: Vec<(&Task, Said)> = others
        .flat_map(|task| said_by(trace, task.id).into_iter().map(move |said| (task, said)))
        .filter(|(_, said)| is_greeting(&said))
        .collect();
    let Some(said) = by_root.iter().find(is_greeting) else {
        let observed = match (&by_others[..], by_root.first()) {
            ([(task, _), ..], _) => format!("{} wrote it, not {who}", role(trace, task.id)),
            ([], Some(first)) => format!("the first thing that {who} wrote was \"{}\"", first.saying),
            ([], None) => format!("{who} wrote nothing on stdout"),
        };
        return Err(fails(observed, &by_root.first().into_iter().collect::<Vec<_>>()).by_absence());
    };
    if let Some(child) = first_child
        && said.span.1 > child.birth.at
    {
        let twice = match by_others.first() {
            Some((task, _)) => format!(
                ", and {} wrote it too: it was still in a buffer when fork copied the process",
                role(trace, task.id)
            ),
            None => String::new(),
        };
        let observed =
            format!("{who} wrote \"{}\" after the fork that made {}{twice}", said.saying, child.pid);
        return Err(fails(observed, &[said]));
    }
    if said.saying != wanted {
        return Err(fails(format!("{who} wrote \"{}\"", said.saying), &[said]));
    }
    if !said.ended {
        return Err(fails(format!("\"{wanted}\" has no newline at its end"), &[said]));
    }
    if by_root.first() != Some(said) {
        return Err(fails(format!("{who} wrote \"{}\" before it", by_root[0].saying), &[&by_root[0]]));
    }
    if let Some((task, again)) = by_others.first() {
        return Err(fails(format!("{} wrote \"{}\" as well", role(trace, task.id), again.saying), &[again]));
    }
    if let Some(again) = by_root.iter().filter(is_greeting).nth(1) {
        return Err(fails(format!("{who} wrote it twice"), &[said, again]));
    }
    Ok(match first_child {
        Some(child) => format!("{who} wrote it before the fork that made {}", child.pid),
        None => format!("{who} wrote it first"),
    })
}

/// Judges [`CHILD_LINE`].
pub fn child_line(family: &Family) -> Judgement {
    let Family { trace, parent, child } = *family;
    swapped(family)?;
    let wanted = Saying::Child { pid: i64::from(child.pid.0) };
    let is_line = |saying: &Saying| matches!(saying, Saying::Child { .. });
    let expected = format!("\"{wanted}\", written by {}", family.the_child());
    let said = one_line(trace, child, parent, &expected, is_line)?;
    if said.saying != wanted {
        let whose = match &said.saying {
            Saying::Child { pid } if *pid == i64::from(parent.pid.0) => ", which is the parent's PID",
            Saying::Child { pid: 0 } => "; 0 is what fork answers in the child, not its PID",
            _ => "",
        };
        let observed = format!("{} wrote \"{}\"{whose}", family.the_child(), said.saying);
        return Err(Finding::new(expected, observed).at(said.events).into());
    }
    Ok(format!("{} wrote \"{wanted}\"", family.the_child()))
}

/// The line of the parent, with the PIDs of both; `wc` is what must stand there, if anything.
pub fn parent_line(family: &Family, wc: Option<i64>) -> Judgement {
    swapped(family)?;
    let parent = i64::from(family.parent.pid.0);
    let wanted = Saying::Parent { child: i64::from(family.child.pid.0), wc, pid: parent };
    let expected = format!("\"{wanted}\", written by {}", family.the_parent());
    let said = said_by_parent(family, &expected)?;
    if said.saying != wanted {
        let observed = format!("{} wrote \"{}\"", family.the_parent(), said.saying);
        return Err(Finding::new(expected, observed).at(said.events).into());
    }
    Ok(format!("{} wrote \"{wanted}\"", family.the_parent()))
}

/// The parent's one line, whatever numbers stand in it; `expected` says which line that is.
pub fn said_by_parent(family: &Family, expected: &str) -> Result<Said, Objection> {
    let is_line = |saying: &Saying| matches!(saying, Saying::Parent { .. });
    one_line(family.trace, family.parent, family.child, expected, is_line)
}

/// The one line of this kind that `who` wrote; `expected` says which line that is.
pub fn one_line(
    trace: &Trace,
    who: &Task,
    other: &Task,
    expected: &str,
    is_line: impl Fn(&Saying) -> bool,
) -> Result<Said, Objection> {
    let all = said_by(trace, who.id);
    let mut lines: Vec<Said> = all.iter().filter(|said| is_line(&said.saying)).cloned().collect();
    let name = role(trace, who.id);
    if lines.is_empty() {
        came_to_an_end(who)?;
        let by_other = said_by(trace, other.id).into_iter().find(|said| is_line(&said.saying));
        let (observed, events) = match by_other {
            Some(said) => (
                format!("{} wrote \"{}\", and {name} did not", role(trace, other.id), said.saying),
                said.events,
            ),
            None => instead(trace, who, &all, is_line),
        };
        return Err(Finding::new(expected, observed).at(events).by_absence().into());
    }
    if lines.len() > 1 {
        let events = lines.into_iter().flat_map(|said| said.events);
        return Err(Finding::new(expected, format!("{name} wrote such a line more than once"))
            .at(events)
            .into());
    }
    let said = lines.swap_remove(0);
    if !said.ended {
        came_to_an_end(who)?;
        let observed = format!("\"{}\" has no newline at its end", said.saying);
        return Err(Finding::new(expected, observed).at(said.events).into());
    }
    Ok(said)
}

/// What a process did that did not say its line.
fn instead(
    trace: &Trace,
    who: &Task,
    all: &[Said],
    is_line: impl Fn(&Saying) -> bool,
) -> (String, Vec<usize>) {
    let name = role(trace, who.id);
    let exec = another_program(trace, who);
    let own = |said: &&Said| exec.is_none_or(|moment| said.span.0 < moment);
    let other = all.iter().filter(own).find(|said| matches!(said.saying, Saying::Other(_)));
    let reads_like_it = |line: &Line| {
        line.text.as_bytes().starts_with(b"hello") || said_in(line).iter().any(|said| is_line(&said.saying))
    };
    let on_stderr = trace.error_lines().into_iter().find(|line| {
        line.writer().is_some_and(|writer| trace.process_of(writer) == who.id) && reads_like_it(line)
    });
    let last = trace.events_of(who.id).map(|(index, _)| index).last();
    match (other, on_stderr, trace.programs(who.id).last()) {
        (Some(said), ..) => (format!("{name} wrote \"{}\"", said.saying), said.events.clone()),
        (None, Some(line), _) => {
            (format!("{name} wrote \"{}\" on stderr, which is not stdout", line.text), line.events)
        }
        (None, None, Some((event, became))) if exec.is_some() => (
            format!(
                "{name} became {} without having written it; what lay in a buffer was lost with the old program",
                became.path
            ),
            vec![*event],
        ),
        (None, None, _) => {
            let end = who
                .end
                .map_or("had not ended".into(), |(_, status)| format!("ended with {}", in_words(status)));
            (format!("{name} {end} without writing it"), last.into_iter().collect())
        }
    }
}

/// Parent and child that took each other's branch are one mistake, and `own-path` shows it.
fn swapped(family: &Family) -> Result<(), Objection> {
    match exchange(family) {
        Some(_) => Err(Objection::Moot { because: OWN_PATH.id }),
        None => Ok(()),
    }
}

/// The writes with which each said the other's line, if both did that and neither said its own.
fn exchange(family: &Family) -> Option<Vec<usize>> {
    let a_parents = |saying: &Saying| matches!(saying, Saying::Parent { .. });
    let a_childs = |saying: &Saying| matches!(saying, Saying::Child { .. });
    exchanged(family, a_parents, a_childs)
}

/// The same, of lines of other kinds.
pub fn exchanged(
    family: &Family,
    a_parents: impl Fn(&Saying) -> bool,
    a_childs: impl Fn(&Saying) -> bool,
) -> Option<Vec<usize>> {
    let parent = said_by(family.trace, family.parent.id);
    let child = said_by(family.trace, family.child.id);
    if parent.iter().any(|said| a_parents(&said.saying)) || child.iter().any(|said| a_childs(&said.saying)) {
        return None;
    }
    let mistaken = parent.iter().find(|said| a_childs(&said.saying))?;
    let other = child.iter().find(|said| a_parents(&said.saying))?;
    Some([&mistaken.events[..], &other.events[..]].concat())
}

/// What [`OWN_PATH`] looks at first: parent and child took each their own branch, and neither wrote so much
/// that the other's line may be lost in it.
pub fn own_branches(run: &Run, family: &Family, own: impl Fn(&Said) -> bool) -> Result<(), Objection> {
    if !run.words_are_complete() {
        own_path(family, own)?;
    }
    match exchange(family) {
        Some(events) => Err(each_others_branch(family, events).into()),
        None => Ok(()),
    }
}

/// They said each other's lines with these writes.
pub fn each_others_branch(family: &Family, events: Vec<usize>) -> Finding {
    let (parent, child) = (family.the_parent(), family.the_child());
    let observed = format!(
        "they took each other's branch: {parent} wrote the child's line, {child} the parent's; fork answers 0 in the \
         child"
    );
    Finding::new(own_lines(family), observed).at(events)
}

/// What [`OWN_PATH`] expects.
pub fn own_lines(family: &Family) -> String {
    format!("{} and {} each say their own line, and nothing else", family.the_parent(), family.the_child())
}

/// Judges [`OWN_PATH`], given that the three lines are as they should be. Lines of the child for which
/// `own` is false are somebody else's business: they come from a program that it became.
pub fn own_path(family: &Family, own: impl Fn(&Said) -> bool) -> Judgement {
    for (task, name) in [(family.parent, family.the_parent()), (family.child, family.the_child())] {
        for said in said_by(family.trace, task.id) {
            let belongs = match said.saying {
                Saying::Greeting { .. } => true,
                Saying::Parent { .. } => task.id == TaskId::ROOT,
                Saying::Child { .. } => task.id != TaskId::ROOT,
                Saying::Holds { .. } | Saying::Other(_) => task.id != TaskId::ROOT && !own(&said),
            };
            if !belongs {
                let observed = format!("{name} also wrote \"{}\"", said.saying);
                return Err(Finding::new(own_lines(family), observed).at(said.events).into());
            }
        }
    }
    Ok("neither of the two wrote anything else on stdout".into())
}
