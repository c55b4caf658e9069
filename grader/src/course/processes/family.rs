//! Parent and child: who they are, and whether there is exactly one of each.

use crate::course::naming::role;
use crate::course::{Check, Finding, Judgement, Objection, Run};
use grader_trace::{CloneFlags, Task, TaskId, Trace};

/// "The program makes exactly one child." The id is the same in all exercises that have one.
pub const ONE_CHILD: Check = Check {
    id: "one-child",
    claim: "The program makes exactly one child process, and nothing else.",
    why: "fork is called once and returns twice: after it there are two processes, each with a PID of its own. \
          A second fork, or a fork that the child reaches too, makes more.",
    points: 0,
    hints: &[
        "Count the processes after each line of main. Which line makes a second one?",
        "Only a call such as fork gives a new PID. A thread has its process's PID, and text is only text.",
        "Call fork once, and branch on its one answer: 0 in the child, the child's PID in the parent, -1 if it \
         failed. In nix: match unsafe { fork() } { Ok(ForkResult::Child) => …, Ok(ForkResult::Parent { child }) \
         => …, Err(errno) => … }.",
    ],
    see: &["fork(2)", "getpid(2)"],
    scenarios: &["plain", "slow-child", "slow-parent"],
    judge: one_child,
};

/// The parent, which is the program that was started, and its one child.
#[derive(Debug, Clone, Copy)]
pub struct Family<'a> {
    /// What happened to them.
    pub trace: &'a Trace,
    /// The program that was started.
    pub parent: &'a Task,
    /// Its child.
    pub child: &'a Task,
}

impl<'a> Family<'a> {
    /// Parent and child, if there is exactly one of each; else what stands on them is moot.
    pub fn of(run: &'a Run) -> Result<Family<'a>, Objection> {
        let trace = run.trace();
        match children(trace, 1).ok().as_deref() {
            Some([child]) => Ok(Family { trace, parent: trace.root(), child }),
            _ => Err(Objection::Moot { because: ONE_CHILD.id }),
        }
    }

    /// "the parent (4711)"
    pub fn the_parent(&self) -> String {
        role(self.trace, self.parent.id)
    }

    /// "the child (4712)"
    pub fn the_child(&self) -> String {
        role(self.trace, self.child.id)
    }

    /// The fork that made the child.
    pub fn birth(&self) -> usize {
        self.trace.birth_of(self.child.id).unwrap_or_default()
    }
}

/// Judges [`ONE_CHILD`].
pub fn one_child(run: &Run) -> Judgement {
    let trace = run.trace();
    match trace.tasks().iter().any(Task::is_thread) {
        true => Err(made_otherwise(trace, 1).into()),
        false => one_process(run),
    }
}

/// Judges [`ONE_CHILD`] where threads are nobody's business.
pub fn one_process(run: &Run) -> Judgement {
    let children = children(run.trace(), 1)?;
    let words =
        children.iter().map(|child| format!("one process was made: {}, a child of the parent", child.pid));
    Ok(words.collect())
}

/// The children of the program, if it made exactly `wanted` processes, all of them its own children.
pub fn children(trace: &Trace, wanted: usize) -> Result<Vec<&Task>, Finding> {
    let processes: Vec<&Task> = trace.processes().skip(1).collect();
    match processes.len() == wanted && processes.iter().all(|task| task.parent == Some(TaskId::ROOT)) {
        true => Ok(processes),
        false => Err(made_otherwise(trace, wanted)),
    }
}

/// Which tasks were made instead, and by whom.
pub fn made_otherwise(trace: &Trace, wanted: usize) -> Finding {
    let tasks: Vec<&Task> = trace.tasks().iter().skip(1).collect();
    let who = role(trace, TaskId::ROOT);
    let expected = match wanted {
        1 => format!("one new process, made by {who}, and nothing else"),
        _ => format!("{wanted} new processes, all of them made by {who}"),
    };
    let observed = match tasks[..] {
        [] => no_process(trace),
        [only] if only.is_thread() => format!(
            "no process was made; {} is a thread: it lives in the process {} and has its PID",
            only.pid,
            trace.task(only.process).pid
        ),
        _ => {
            let mut list: Vec<String> = tasks.iter().take(SHOWN).map(|task| made_by(trace, task)).collect();
            if tasks.len() > SHOWN {
                list.push("…".into());
            }
            format!("{} made: {}", count(&tasks), list.join(", "))
        }
    };
    Finding::new(expected, observed).at(tasks.iter().filter_map(|task| trace.birth_of(task.id)))
}

/// Of very many tasks, how many are named.
const SHOWN: usize = 6;

fn no_process(trace: &Trace) -> String {
    if let Some((_, errno)) =
        trace.forks(TaskId::ROOT).iter().find_map(|(at, fork)| Some((at, fork.child.error()?)))
    {
        return format!("no process was made: fork answered {errno}");
    }
    match trace
        .lines_of(TaskId::ROOT)
        .iter()
        .find(|line| line.text.as_bytes().windows(5).any(|w| w == b"child"))
    {
        Some(line) => format!(
            "no process was made: no fork, vfork or clone was called. {} printed \"{}\" by itself; what it says \
             there about a child is true of nobody",
            role(trace, TaskId::ROOT).replacen('t', "T", 1),
            line.text
        ),
        None => "no process was made: no fork, vfork or clone was called".into(),
    }
}

fn made_by(trace: &Trace, task: &Task) -> String {
    let what = if task.is_thread() { format!("{} (a thread)", task.pid) } else { task.pid.to_string() };
    let sibling = if task.birth.flags.has(CloneFlags::PARENT) {
        " with CLONE_PARENT, which makes it a sibling of its maker"
    } else {
        ""
    };
    match task.birth.creator {
        Some(TaskId::ROOT) => format!("{what} by the parent{sibling}"),
        Some(creator) => format!("{what} by {}{sibling}", trace.task(creator).pid),
        None => what,
    }
}

fn count(tasks: &[&Task]) -> String {
    let threads = tasks.iter().filter(|task| task.is_thread()).count();
    match (tasks.len() - threads, threads) {
        (1, 0) => "one process was".into(),
        (processes, 0) => format!("{processes} processes were"),
        (0, threads) => format!("no process, but {threads} threads were"),
        (1, 1) => "a process and a thread were".into(),
        (processes, 1) => format!("{processes} processes and a thread were"),
        (1, threads) => format!("a process and {threads} threads were"),
        (processes, threads) => format!("{processes} processes and {threads} threads were"),
    }
}
