//! What of a trace must be the same in two runs of one program: each task's deeds, in its own order.
//!
//! What need not be the same, `rules` tells.

use super::rules::{self, Asking, Overlooked};
use super::words::{change, outcome, pid_in, text, whom};
use grader_trace::{
    Errno, Event, Fate, Fd, Operation, Outcome, Sender, Signal, Stamp, Task, Text, Trace, Wait,
};
use std::collections::{BTreeMap, HashSet};

/// What one task did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Deeds {
    /// Whose it is, and what became of it.
    pub life: String,
    /// Its calls.
    pub calls: Vec<Step>,
    /// It has asked for news of any child with WNOHANG; see rule 3.
    pub asks: bool,
    /// The children that its wait calls returned, by name.
    pub reaped: Vec<String>,
    /// The signals that reached it.
    pub signals: Vec<String>,
    /// It was killed from outside; see rule 8.
    pub cut_short: bool,
}

/// One of its calls, in words.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// The words.
    pub text: String,
    /// It is a wait for any child.
    pub waits_for_any: bool,
}

/// The deeds of all tasks of a trace, by their place in the tree of creation.
pub fn of(trace: &Trace) -> BTreeMap<String, Deeds> {
    let streams = rules::reads_of_streams(trace);
    trace.tasks().iter().map(|task| (task.path.to_string(), deeds(trace, task, &streams))).collect()
}

fn deeds(trace: &Trace, task: &Task, streams: &HashSet<Stamp>) -> Deeds {
    let mut deeds = Deeds { life: life(trace, task), ..Deeds::default() };
    let mut telling = Telling::default();
    let mut asked_in_vain = false;
    let mut overlooked = Overlooked::default();
    for (_, event) in trace.events_of(task.id) {
        if let Operation::Signal { signal, sender } = event.op {
            deeds.signals.extend(signal_text(trace, signal, sender));
            continue;
        }
        if let Operation::Read { fd, result, .. } = event.op
            && streams.contains(&event.begin)
        {
            telling.reads(fd, result);
            continue;
        }
        let of_any = rules::asks_of_any(&event.op);
        deeds.asks |= of_any == Some(Asking::AtOnce);
        let vain = std::mem::replace(&mut asked_in_vain, rules::is_vain(&event.op));
        if asked_in_vain
            || (vain && matches!(event.op, Operation::Sleep { .. }))
            || rules::is_interrupted(&event.op)
            // Rule 6.
            || matches!(event.op, Operation::Await { .. })
            || overlooked.takes(&event.op)
        {
            continue;
        }
        deeds.reaped.extend(news_of_any(trace, &event.op));
        telling.takes(trace, event, of_any.is_some());
    }
    deeds.calls = telling.told();
    deeds.reaped.sort();
    deeds.signals.sort();
    let reaps =
        trace.tasks().iter().any(|child| matches!(child.fate, Fate::Reaped { by, .. } if by == task.id));
    if reaps && !deeds.asks && !heard_of_children(trace, task) {
        deeds.signals.push("no SIGCHLD, although it has reaped a child".into());
    }
    deeds.cut_short = rules::is_cut_short(trace, task);
    deeds
}

/// A task's calls as they are put in words: some belong together. Rule 4.
#[derive(Debug, Default)]
struct Telling {
    calls: Vec<Step>,
    /// A descriptor that is being read from, and the bytes that have come.
    reading: Option<(Fd, u64)>,
    /// A descriptor that is being written to, and the text.
    writing: Option<(Fd, Vec<u8>)>,
}

impl Telling {
    fn takes(&mut self, trace: &Trace, event: &Event, waits_for_any: bool) {
        self.end_of_reading();
        if let Operation::Write { fd, data, .. } = &event.op
            && pid_in(trace, data).is_none()
        {
            match &mut self.writing {
                Some((same, text)) if same == fd => text.extend(data.as_bytes()),
                _ => {
                    self.end_of_writing();
                    self.writing = Some((*fd, data.as_bytes().to_vec()));
                }
            }
        } else {
            self.end_of_writing();
        }
        self.calls.extend(text(trace, event).map(|text| Step { text, waits_for_any }));
    }

    fn reads(&mut self, fd: Fd, result: Outcome<u64>) {
        match (result, &mut self.reading) {
            (Outcome::Failed(Errno::EAGAIN | Errno::EINTR), _) => {}
            (Outcome::Done(count), Some((same, total))) if *same == fd => *total += count,
            (Outcome::Done(count), _) => {
                self.ends();
                self.reading = Some((fd, count));
            }
            (other, _) => {
                self.ends();
                self.says(format!("read {fd} → {}", outcome(&other, u64::to_string)));
            }
        }
    }

    fn end_of_reading(&mut self) {
        if let Some((fd, total)) = self.reading.take() {
            self.says(format!("read {fd} until {total} bytes have come"));
        }
    }

    fn end_of_writing(&mut self) {
        if let Some((fd, text)) = self.writing.take() {
            self.says(format!("the text written to {fd}: {}", Text(text)));
        }
    }

    fn ends(&mut self) {
        self.end_of_reading();
        self.end_of_writing();
    }

    fn says(&mut self, text: String) {
        self.calls.push(Step { text, waits_for_any: false });
    }

    fn told(mut self) -> Vec<Step> {
        self.ends();
        self.calls
    }
}

fn life(trace: &Trace, task: &Task) -> String {
    let kind = if task.is_thread() { "thread" } else { "process" };
    let parent = task.parent.map_or("the tracer".into(), |parent| trace.task(parent).path.to_string());
    let end = task.end.map_or("goes on".into(), |(_, status)| status.to_string());
    let fate = match task.fate {
        Fate::Reaped { by, .. } => format!("reaped by {}", trace.task(by).path),
        other => format!("{other:?}").split(' ').next().unwrap_or_default().to_lowercase(),
    };
    format!("{kind}, child of {parent}, {end}, {fate}")
}

/// Rule 3: what a wait for any child returned.
fn news_of_any(trace: &Trace, op: &Operation) -> Option<String> {
    rules::asks_of_any(op)?;
    let Operation::Wait(Wait { result, nowait, .. }) = op else { return None };
    let news = result.done().copied().flatten()?;
    let looked = if *nowait { ", unreaped" } else { "" };
    let who = news.task.map_or("a stranger".into(), |task| trace.task(task).path.to_string());
    Some(format!("{who}: {}{looked}", change(news.change)))
}

/// SIGALRM, which timers send.
const ALARM: Signal = Signal(14);

/// Rule 5.
fn signal_text(trace: &Trace, signal: Signal, sender: Sender) -> Option<String> {
    match sender {
        Sender::Kernel if [Signal::CHLD, ALARM].contains(&signal) => None,
        Sender::Kernel => Some(format!("{signal} from the kernel")),
        Sender::Process(pid) => Some(format!("{signal} from {}", whom(trace, pid))),
    }
}

fn heard_of_children(trace: &Trace, task: &Task) -> bool {
    trace
        .deeds_of(task.process)
        .any(|(_, event)| matches!(event.op, Operation::Signal { signal: Signal::CHLD, .. }))
}
