//! Who is who in the pipeline: the child that became echo, the child that became wc, and their pipe.

use super::{BOTH_STARTED, STAGES, TWO_CHILDREN};
use crate::course::processes::becoming::{Became, became};
use crate::course::processes::{family, table};
use crate::course::{Objection, Run};
use grader_trace::{
    Change, Fd, News, Object, Operation, Outcome, PipeEnd, PipeId, Stamp, Tables, Task, TaskId, Trace, Wait,
};

/// A child, and the program that it became.
#[derive(Debug, Clone, Copy)]
pub struct Stage<'a> {
    /// The child.
    pub task: &'a Task,
    /// Its exec.
    pub became: Became<'a>,
    /// The program's name.
    pub name: &'static str,
}

impl Stage<'_> {
    /// "echo (4712)"
    pub fn who(&self) -> String {
        format!("{} ({})", self.name, self.task.pid)
    }

    /// All descriptor tables when the program started.
    pub fn tables(&self, trace: &Trace) -> Tables {
        table::at_start(trace, &self.became)
    }
}

/// The two stages.
#[derive(Debug, Clone, Copy)]
pub struct Stages<'a> {
    /// What happened to them.
    pub trace: &'a Trace,
    /// The child that became echo.
    pub echo: Stage<'a>,
    /// The child that became wc.
    pub wc: Stage<'a>,
}

impl<'a> Stages<'a> {
    /// The two stages, whatever their arguments, if there are just these; else what stands on them is moot.
    pub fn of(run: &'a Run) -> Result<Stages<'a>, Objection> {
        let trace = run.trace();
        let children = two(trace)?;
        let find = |name: &'static str| {
            let stage = |task: &&'a Task| Some(Stage { task, became: became(trace, task, name).ok()?, name });
            children.iter().find_map(stage).ok_or(Objection::Moot { because: STAGES.id })
        };
        Ok(Stages { trace, echo: find("echo")?, wc: find("wc")? })
    }

    /// The pipe that joins them: echo's 1 is its write end, wc's 0 its read end.
    pub fn pipe(&self) -> Option<PipeId> {
        let write = end(&self.echo.tables(self.trace), self.echo.task, Fd(1), PipeEnd::Write)?;
        let read = end(&self.wc.tables(self.trace), self.wc.task, Fd(0), PipeEnd::Read)?;
        (write == read).then_some(write)
    }
}

fn end(tables: &Tables, task: &Task, fd: Fd, wanted: PipeEnd) -> Option<PipeId> {
    match tables.get(task.id, fd)?.object {
        Object::Pipe(pipe, end) if end == wanted => Some(pipe),
        _ => None,
    }
}

/// The two children; else what stands on them is moot.
pub fn two(trace: &Trace) -> Result<Vec<&Task>, Objection> {
    family::children(trace, 2).map_err(|_| Objection::Moot {
        because: if early_wait(trace).is_some() { BOTH_STARTED.id } else { TWO_CHILDREN.id },
    })
}

/// A wait of the parent that slept, or told it of a child's end, with one child only: before the second one
/// was there, if it ever was.
pub fn early_wait(trace: &Trace) -> Option<usize> {
    let children = trace.children(TaskId::ROOT);
    let first = children.first()?.birth.at;
    let second = children.get(1).map(|child| child.birth.at);
    let mut waits = trace.waits(TaskId::ROOT).into_iter();
    let early = |event: usize| {
        let begin = trace.events()[event].begin;
        first < begin && second.is_none_or(|second| begin < second)
    };
    let (event, _) = waits.rfind(|(event, wait)| early(*event) && slept_or_told(wait))?;
    // With one child in all it is a mistake of its own only if the parent never came to the second fork.
    (second.is_some() || trace.events()[event].op.unfinished()).then_some(event)
}

fn slept_or_told(wait: &Wait) -> bool {
    match wait.result {
        Outcome::Done(Some(News { change: Change::Ended(_), .. })) => true,
        Outcome::Done(_) | Outcome::Unfinished => !wait.nohang,
        Outcome::Failed(_) => false,
    }
}

/// Whether a process let go of this descriptor itself after a moment: by close, or by a dup onto it, and not
/// only by ending.
pub fn closes(trace: &Trace, task: TaskId, fd: Fd, after: Stamp) -> bool {
    trace.deeds_of(task).filter(|(_, event)| event.begin > after).any(|(_, event)| match event.op {
        Operation::Close { fd: closed, result: Outcome::Done(()) } => closed == fd,
        Operation::CloseRange { first, last, mark_only: false, result: Outcome::Done(()) } => {
            u32::try_from(fd.0).is_ok_and(|fd| (first..=last).contains(&fd))
        }
        Operation::Dup { result: Outcome::Done(onto), .. } => onto == fd,
        _ => false,
    })
}
