//! Two runs of one program, side by side.

use super::deeds::{self, Deeds};
use super::rules;
use grader_trace::{Errno, Operation, Trace, Wait};
use std::collections::{BTreeMap, HashMap};

/// A run as one of the two saw it.
#[derive(Debug)]
pub struct Run {
    /// What was seen.
    pub trace: Trace,
    /// The PID of the root's parent, which also adopts the run's orphans.
    pub parent: i32,
}

impl Run {
    /// How many digits the PIDs of this run have, if it is the same for all of them. With PIDs as long as
    /// each other, two runs write texts of the same length.
    pub fn digits(&self) -> Option<usize> {
        let mut lengths = self.trace.tasks().iter().map(|task| task.pid.to_string().len());
        let first = lengths.next()?;
        lengths.all(|length| length == first).then_some(first)
    }

    /// Whether a task got answers that depend on who is quicker: to a wait call with WNOHANG, EINTR, or EPIPE.
    pub fn may_go_another_way(&self) -> bool {
        let tells_who_was_quicker = |op: &Operation| match op {
            Operation::Wait(Wait { nohang: true, .. }) => true,
            Operation::Write { result, .. } if result.error() == Some(BROKEN_PIPE) => true,
            _ => rules::is_interrupted(op),
        };
        self.trace.events().iter().any(|event| tells_who_was_quicker(&event.op))
    }

    /// What each PID of the run stands for: the paths of the tasks that had it.
    fn names(&self) -> HashMap<i32, Vec<String>> {
        let mut names: HashMap<i32, Vec<String>> = HashMap::new();
        for task in self.trace.tasks() {
            names.entry(task.pid.0).or_default().push(task.path.to_string());
        }
        names
    }
}

/// EPIPE: nobody is left to read.
const BROKEN_PIPE: Errno = Errno(32);

/// Digits of the longest PID that Linux gives: 4194303.
const LONGEST_PID: u64 = 7;

/// A PID in a text stands for one task in one run, and for the same task, with another number, in the other.
///
/// Programs compute with PIDs, too: a beginner takes the child to have the next one, or returns a PID from
/// `main`, which leaves its low byte. Both are the same in both runs but for the PID itself.
struct Names {
    /// By how much the sizes of two texts may differ: the PID of the parent of all, which a task may be told in one
    /// run when it is told another one in the other, can be longer than theirs.
    slack: u64,
    roots: (i32, i32),
    ours: HashMap<i32, Vec<String>>,
    theirs: HashMap<i32, Vec<String>>,
    /// Numbers that a task may be told when it asks for its parent, in either run: while its parent lives, the
    /// parent's, and afterwards the adopter's.
    parents: (Vec<i32>, Vec<i32>),
}

/// Whatever differs, in words; nothing, if the runs agree.
pub fn differences(ours: &Run, theirs: &Run) -> Vec<String> {
    let roots = (ours.trace.root().pid.0, theirs.trace.root().pid.0);
    let lengths = [ours.digits(), theirs.digits(), Some(ours.parent.to_string().len())];
    let slack = if lengths.iter().all(|length| *length == lengths[0]) { 0 } else { LONGEST_PID };
    let parents = (Vec::new(), Vec::new());
    let mut names = Names { slack, roots, ours: ours.names(), theirs: theirs.names(), parents };
    let (mine, other) = (deeds::of(&ours.trace), deeds::of(&theirs.trace));
    let mut differences = Vec::new();
    for path in mine.keys().chain(other.keys().filter(|path| !mine.contains_key(*path))) {
        names.parents = (parents_of(ours, path), parents_of(theirs, path));
        match (mine.get(path), other.get(path)) {
            (Some(mine), Some(other)) => compare(path, mine, other, &names, &mut differences),
            (Some(_), None) => differences.push(format!("task {path} exists for the tracer only")),
            _ => differences.push(format!("task {path} exists for strace only")),
        }
    }
    differences
}

fn parents_of(run: &Run, path: &str) -> Vec<i32> {
    let task = run.trace.tasks().iter().find(|task| task.path.to_string() == path);
    let parent = task.and_then(|task| task.parent).map(|parent| run.trace.task(parent).pid.0);
    parent.into_iter().chain([run.parent]).collect()
}

fn compare(path: &str, mine: &Deeds, other: &Deeds, names: &Names, differences: &mut Vec<String>) {
    let asks = mine.asks || other.asks;
    let calls = |deeds: &Deeds| -> Vec<String> {
        let kept = deeds.calls.iter().filter(|step| !(asks && step.waits_for_any));
        kept.map(|step| step.text.clone()).collect()
    };
    let mut lists = [
        ("life", vec![mine.life.clone()], vec![other.life.clone()]),
        ("reaped", mine.reaped.clone(), other.reaped.clone()),
        ("signals", mine.signals.clone(), other.signals.clone()),
        ("calls", calls(mine), calls(other)),
    ];
    if mine.cut_short && other.cut_short {
        // Its end, which comes last, is told by its life too.
        lists[3].1.pop();
        lists[3].2.pop();
        for (what, mine, other) in &mut lists[1..] {
            let common = mine.len().min(other.len());
            // What was under way when it died never returned; the other run may have seen it return.
            let keep = if *what == "calls" { common.saturating_sub(1) } else { common };
            mine.truncate(keep);
            other.truncate(keep);
        }
    }
    for (what, mine, other) in lists {
        if let Some(at) = first_difference(&mine, &other, names) {
            differences.push(told(path, what, at, &mine, &other));
        }
    }
}

fn first_difference(mine: &[String], other: &[String], names: &Names) -> Option<usize> {
    let common = mine.iter().zip(other).position(|(mine, other)| !names.agree(mine, other));
    common.or_else(|| (mine.len() != other.len()).then(|| mine.len().min(other.len())))
}

fn told(path: &str, what: &str, at: usize, mine: &[String], other: &[String]) -> String {
    const CONTEXT: usize = 3;
    let list = |name: &str, lines: &[String]| {
        let from = at.saturating_sub(CONTEXT);
        let shown = lines.iter().enumerate().skip(from).take(2 * CONTEXT + 1);
        let shown: String = shown
            .map(|(index, line)| format!("    {} {line}\n", if index == at { ">" } else { " " }))
            .collect();
        format!("  {name} ({}):\n{shown}", lines.len())
    };
    format!("{what} of task {path}, entry {at}\n{}{}", list("tracer", mine), list("strace", other))
}

impl Names {
    /// Whether two texts are the same, but for PIDs of the same task.
    fn agree(&self, mine: &str, other: &str) -> bool {
        if mine == other {
            return true;
        }
        let sizes = ["read ", "write "].iter().any(|call| mine.starts_with(call));
        let slack = if sizes { self.slack } else { 0 };
        let near = |mine: &str, other: &str| {
            let (mine, other) = (mine.parse::<u64>().ok(), other.parse::<u64>().ok());
            mine.zip(other).is_some_and(|(mine, other)| mine.abs_diff(other) <= slack)
        };
        let (mine, other) = (rules::without_addresses(mine), rules::without_addresses(other));
        let (mine, other) = (words(&mine), words(&other));
        mine.len() == other.len()
            && mine.iter().zip(&other).all(|(mine, other)| self.same(mine, other) || near(mine, other))
    }

    fn same(&self, mine: &str, other: &str) -> bool {
        if mine == other {
            return true;
        }
        let (Ok(mine), Ok(other)) = (mine.parse::<i32>(), other.parse::<i32>()) else { return false };
        let parents = self.parents.0.contains(&mine) && self.parents.1.contains(&other);
        parents || self.name_one_task(mine, other) || self.are_computed(mine, other)
    }
}

impl Names {
    fn name_one_task(&self, mine: i32, other: i32) -> bool {
        let paths = self.ours.get(&mine).zip(self.theirs.get(&other));
        paths.is_some_and(|(mine, other)| mine.iter().any(|path| other.contains(path)))
    }

    fn are_computed(&self, mine: i32, other: i32) -> bool {
        const NEAR: i32 = 3;
        let distance = mine - self.roots.0;
        let beside = (1..=NEAR).contains(&distance) && distance == other - self.roots.1;
        // Some set a bit, lest it be 0 by accident.
        let low_bytes = |pid: &i32, number: i32| [pid & 0xff, pid & 0xff | 1].contains(&number);
        let mut tasks = self.ours.keys().filter(|pid| low_bytes(pid, mine));
        beside
            || tasks.any(|pid| {
                let same = |theirs: &&i32| low_bytes(theirs, other) && self.name_one_task(*pid, **theirs);
                self.theirs.keys().any(|theirs| same(&theirs))
            })
    }
}

/// A text cut into runs of digits and what is between them.
fn words(text: &str) -> Vec<&str> {
    text.as_bytes()
        .chunk_by(|one, next| one.is_ascii_digit() == next.is_ascii_digit())
        .map(|chunk| std::str::from_utf8(chunk).unwrap_or_default())
        .collect()
}

/// Deeds by task, for people.
pub fn shown(trace: &Trace) -> String {
    let all: BTreeMap<String, Deeds> = deeds::of(trace);
    all.iter().map(|(path, deeds)| format!("{path} {deeds:#?}\n")).collect()
}
