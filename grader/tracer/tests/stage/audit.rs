//! What must hold of every trace, whatever the program did.

use grader_trace::{Change, Ending, Operation, Outcome, Stamp, TaskId, Trace};
use std::collections::{BTreeMap, BTreeSet};

/// Panics, with the reason, if the trace contradicts itself.
pub fn audit(trace: &Trace) {
    every_stamp_is_used_once(trace);
    nobody_acts_before_birth_or_after_the_end(trace);
    waits_tell_what_the_kernel_told_the_tracer(trace);
    if *trace.ending() == Ending::Finished {
        for task in trace.tasks() {
            assert!(task.end.is_some(), "{:?} never ended, in a finished run: {}", task, listing(trace));
        }
    }
}

/// The trace in words, for messages.
pub fn listing(trace: &Trace) -> String {
    let mut text = format!("{:?}\n", trace.ending());
    for event in trace.events() {
        let end = event.end.map_or("…".to_owned(), |end| end.0.to_string());
        text += &format!("  {:>4}–{:<4} task {:<3} {:?}\n", event.begin.0, end, event.task.0, event.op);
    }
    text
}

fn every_stamp_is_used_once(trace: &Trace) {
    let mut seen = BTreeSet::new();
    for event in trace.events() {
        assert!(seen.insert(event.begin), "{:?} begins two events: {}", event.begin, listing(trace));
        if let Some(end) = event.end.filter(|end| *end != event.begin) {
            assert!(end > event.begin, "{event:?} ends before it begins");
            assert!(seen.insert(end), "{end:?} is used twice: {}", listing(trace));
        }
        assert_eq!(event.end.is_none(), event.op.unfinished(), "{event:?}");
    }
}

fn nobody_acts_before_birth_or_after_the_end(trace: &Trace) {
    let mut exits: BTreeMap<TaskId, Stamp> = BTreeMap::new();
    for event in trace.events().iter().filter(|event| matches!(event.op, Operation::Exit(_))) {
        let earlier = exits.insert(event.task, event.begin);
        assert_eq!(earlier, None, "{:?} ends twice: {}", event.task, listing(trace));
    }
    for event in trace.events() {
        let task = trace.tasks().get(event.task.index()).unwrap_or_else(|| {
            panic!("event of a task that was never born: {event:?} in {}", listing(trace));
        });
        assert!(task.birth.at < event.begin, "{event:?} comes before the birth of {task:?}");
        let last = event.end.unwrap_or(event.begin);
        let in_time = exits.get(&event.task).is_none_or(|exit| last <= *exit);
        assert!(in_time, "{event:?} comes after the end of its task: {}", listing(trace));
    }
}

fn waits_tell_what_the_kernel_told_the_tracer(trace: &Trace) {
    for event in trace.events() {
        let Operation::Wait(wait) = &event.op else { continue };
        let Outcome::Done(Some(news)) = wait.result else { continue };
        let Change::Ended(status) = news.change else { continue };
        let Some(child) = news.task.map(|id| trace.task(id)) else {
            panic!("a wait told of a stranger: {event:?} in {}", listing(trace));
        };
        let (ended, recorded) = child.end.unwrap_or((Stamp::END, status));
        assert_eq!(recorded, status, "the wait {event:?} against {child:?} in {}", listing(trace));
        assert!(ended < event.effect(), "{event:?} tells of an end that comes later: {}", listing(trace));
    }
}
