//! The tree of tasks: who was born of whom, what each became, how it ended, who reaped it.
//!
//! ```text
//! 100 pipe                    exit 0
//! ├─ 101 → echo hello world   exit 0, reaped by 100
//! └─ 102 → wc                 exit 0, reaped by 100
//! ```

use super::crowd::gather;
use super::names::Names;
use super::story::{Act, Step, story};
use super::words::{Words, command, program};
use crate::report::ink::Ink;
use crate::report::line::Line;
use crate::report::style::Style;
use crate::report::visible::Visible;
use grader_trace::{CloneFlags, Ending, ExitStatus, Fate, Task, TaskId, Trace};

/// A task of the tree, ready to be drawn.
struct Entry {
    task: TaskId,
    /// The branches left of it.
    branches: String,
    name: String,
    fate: String,
    ink: Ink,
}

/// Draws the tree in at most so many rows.
pub(crate) fn tree(trace: &Trace, style: &Style, rows: usize) -> Vec<Line> {
    let names = Names::pids(trace);
    let words = Words { names: &names, several_pipes: false };
    let steps = story(trace, &[]);
    let crowd = gather(trace, steps.clone(), rows.max(2));
    let mut entries: Vec<Entry> = Vec::new();
    for task in &crowd.lanes {
        let task = trace.task(*task);
        let (fate, ink) = fate(trace, task, &names);
        let alike = crowd.alike.get(&task.id);
        entries.push(Entry {
            task: task.id,
            branches: branches(trace, &crowd.lanes, task),
            name: name(trace, task, &words, &steps, alike.copied()),
            fate: match alike {
                Some(_) => format!("each {fate}"),
                None => fate,
            },
            ink,
        });
    }
    let mut lines = laid_out(&entries, style);
    if crowd.left_out > 0 {
        let more = format!("… and {} more tasks", crowd.left_out);
        lines.push(Line::of(&more, Ink::Dim, style));
    }
    lines
}

/// Names on the left, fates in a column of their own; below the name where there is no room.
fn laid_out(entries: &[Entry], style: &Style) -> Vec<Line> {
    let named: Vec<Line> = entries.iter().map(|entry| named(entry, style)).collect();
    let most = style.width * 3 / 5;
    let widest = named.iter().map(Line::columns).filter(|columns| *columns <= most).max().unwrap_or(0);
    let column = widest + 3;
    let mut lines = Vec::new();
    for (entry, mut line) in entries.iter().zip(named) {
        let fate = Visible::new(&entry.fate, style);
        let from = column.max(line.columns() + 2);
        if from + fate.columns() <= style.width {
            line.put(from, &fate, entry.ink);
            lines.push(line);
        } else {
            lines.push(line);
            let from = entry.branches.chars().count() + 4;
            for part in fate.wrapped(style.width.saturating_sub(from), 2, style) {
                let mut below = Line::default();
                below.put(from, &part, entry.ink);
                lines.push(below);
            }
        }
    }
    lines
}

fn named(entry: &Entry, style: &Style) -> Line {
    let mut line = Line::default();
    for (column, glyph) in entry.branches.chars().enumerate() {
        line.glyph(column, glyph, Ink::Dim);
    }
    let from = line.columns();
    let room = style.width.saturating_sub(from);
    let name = Visible::new(&entry.name, style).shortened(room, style);
    line.put(from, &name, Ink::Lane(entry.task.0 as usize));
    line
}

/// The lines that lead to a task: one part a generation.
fn branches(trace: &Trace, shown: &[TaskId], task: &Task) -> String {
    let mut parts = Vec::new();
    let mut current = task;
    while let Some(creator) = current.birth.creator {
        let is_younger = |other: &TaskId| {
            let other = trace.task(*other);
            other.birth.creator == Some(creator) && other.path > current.path
        };
        let last = !shown.iter().any(is_younger);
        parts.push(match (current.id == task.id, last) {
            (true, false) => "├─ ",
            (true, true) => "└─ ",
            (false, false) => "│  ",
            (false, true) => "   ",
        });
        current = trace.task(creator);
    }
    parts.reverse();
    parts.concat()
}

fn name(trace: &Trace, task: &Task, words: &Words, steps: &[Step], alike: Option<usize>) -> String {
    let mut name = words.names.task(task.id).to_owned();
    if task.id == TaskId::ROOT {
        name.push_str(&format!(" {}", program(&trace.header().argv)));
    }
    if let Some(count) = alike {
        name.push_str(&format!(" and {} alike", count - 1));
    }
    if task.is_thread() {
        name.push_str(" thread");
    } else if task.birth.flags.has(CloneFlags::VFORK) {
        name.push_str(" (vfork)");
    }
    for step in steps.iter().filter(|step| step.task == task.id) {
        if let Act::Execs { argv } = &step.act {
            name.push_str(&format!(" → {}", command(argv)));
        }
    }
    name
}

fn fate(trace: &Trace, task: &Task, names: &Names) -> (String, Ink) {
    let Some((_, status)) = task.end else {
        let killed = *trace.ending() != Ending::Finished;
        return (if killed { "did not end: killed by the grader" } else { "did not end" }.into(), Ink::Bad);
    };
    let (end, ink) = match status {
        ExitStatus::Exited(_) if task.is_thread() => ("ended".to_owned(), Ink::Plain),
        ExitStatus::Exited(code) => (format!("exit {code}"), Ink::Plain),
        ExitStatus::Killed(_) => (status.to_string(), Ink::Bad),
    };
    match task.fate {
        Fate::Reaped { by, .. } => (format!("{end}, reaped by {}", names.task(by)), ink),
        Fate::Adopted { at } => {
            let parent = task.parent.map_or("its parent", |parent| names.task(parent));
            let orphan = task.end.is_some_and(|(ended, _)| at < ended);
            let why = if orphan {
                format!("an orphan: {parent} ended before it")
            } else {
                format!("never reaped: {parent} ended without waiting")
            };
            (format!("{end}, {why}"), Ink::Zombie)
        }
        Fate::Zombie => (format!("{end}, a zombie to the end"), Ink::Zombie),
        Fate::Released if !task.is_thread() => (format!("{end}, nobody had to reap it"), ink),
        Fate::Released | Fate::Root | Fate::Alive => (end, ink),
    }
}
