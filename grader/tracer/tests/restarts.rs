//! A call that is interrupted and goes on is one operation; what its handler does is its own.

use crate::stage::*;
use grader_trace::{Change, Errno, Event, ExitStatus, Operation, Outcome, Pid, TaskId, Trace, Wait};

/// What the root's only child did.
fn of_child(trace: &Trace) -> Vec<&Event> {
    assert_eq!(root_status(trace), Some(exited(0)), "{}", listing(trace));
    trace.events_of(TaskId(1)).map(|(_, event)| event).collect()
}

fn position(events: &[&Event], what: impl Fn(&Operation) -> bool) -> usize {
    events.iter().position(|event| what(&event.op)).unwrap_or_else(|| panic!("not among {events:#?}"))
}

fn awaits(events: &[&Event]) -> Vec<(String, Outcome<u64>)> {
    let awaits = events.iter().filter_map(|event| match &event.op {
        Operation::Await { call, result, .. } => Some((call.clone(), *result)),
        _ => None,
    });
    awaits.collect()
}

/// The read, with the signal and the handler's write inside of it.
fn assert_handler_runs_inside(trace: &Trace) {
    let events = of_child(trace);
    let read = events[position(&events, |op| matches!(op, Operation::Read { .. }))];
    let signal = events[position(&events, |op| matches!(op, Operation::Signal { .. }))];
    let writes: Vec<_> = events.iter().filter(|event| matches!(event.op, Operation::Write { .. })).collect();
    let [write] = writes[..] else { panic!("{events:#?}") };
    assert!(read.begin < signal.begin && signal.begin < write.begin && write.end < read.end, "{events:#?}");
}

#[test]
fn a_read_that_goes_on_after_a_handler_is_one_operation() {
    let trace = Stage::of("read_restarted", &[]).run().trace;
    assert_handler_runs_inside(&trace);
    assert_eq!(reads(&trace, TaskId(1), 3), [Outcome::Done(1)], "{}", listing(&trace));
}

#[test]
fn a_read_that_is_given_up_answers_eintr() {
    let trace = Stage::of("read_given_up", &[]).run().trace;
    assert_handler_runs_inside(&trace);
    assert_eq!(reads(&trace, TaskId(1), 3), [Outcome::Failed(Errno::EINTR)], "{}", listing(&trace));
}

#[test]
fn interrupted_calls_may_be_nested() {
    let trace = Stage::of("read_in_a_handler", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)), "{}", listing(&trace));
    assert_eq!(reads(&trace, TaskId(1), 3), [Outcome::Done(1)], "{}", listing(&trace));
    assert_eq!(reads(&trace, TaskId(1), 5), [Outcome::Done(1)], "{}", listing(&trace));
    assert_eq!(signals(&trace, TaskId(1)), [libc::SIGUSR1, libc::SIGUSR2]);
}

#[test]
fn a_read_that_a_handler_jumps_out_of_never_returns() {
    let trace = Stage::of("read_jumped_out_of", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)), "{}", listing(&trace));
    assert_eq!(reads(&trace, TaskId(1), 3), [Outcome::Unfinished; 3], "{}", listing(&trace));
}

#[test]
fn a_wait_that_goes_on_after_a_handler_is_one_operation() {
    let trace = Stage::of("wait_restarted", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)), "{}", listing(&trace));
    assert_eq!(trace.waits(TaskId(1)).len(), 1, "{}", listing(&trace));
    assert_eq!(reaper(trace.task(TaskId(2))), Some(TaskId(1)));
}

/// The end of a wait for one child shows itself at a signal, or at its own return; nothing is lost either way.
#[test]
fn every_wait_for_one_child_is_seen_to_tell_what_it_told() {
    let recording = Stage::of("waits_for_named_children", &["120"]).run();
    let trace = &recording.trace;
    assert_eq!(root_status(trace), Some(exited(0)), "{}", listing(trace));
    let told = |line: &str| {
        let numbers: Vec<i32> = line.split_whitespace().map(|word| word.parse().expect("a number")).collect();
        let [pid, status, errno] = numbers[..] else { panic!("{line}") };
        if errno != 0 {
            Err(Errno(errno))
        } else {
            Ok((Pid(pid), Change::Ended(ExitStatus::from_wait_status(status))))
        }
    };
    let expected: Vec<_> = said(&recording).lines().map(told).collect();
    let seen = |wait: &Wait| match wait.result {
        Outcome::Done(Some(news)) => Ok((news.pid, news.change)),
        Outcome::Failed(errno) => Err(errno),
        _ => panic!("{wait:?}"),
    };
    let waits: Vec<_> = trace.waits(TaskId::ROOT).into_iter().map(|(_, wait)| seen(wait)).collect();
    assert_eq!(waits, expected, "{}", listing(trace));
    assert!(expected.len() > 140, "{expected:?}");
}

#[test]
fn a_sleep_goes_on_after_a_stop() {
    let trace = Stage::of("stopped_in_sleep", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)), "{}", listing(&trace));
    let sleeper = trace.children(TaskId::ROOT).last().expect("there is a sleeper").id;
    let sleeps: Vec<_> = trace
        .events_of(sleeper)
        .filter(|(_, event)| matches!(event.op, Operation::Sleep { .. }))
        .map(|(_, event)| event.op.clone())
        .collect();
    assert_eq!(sleeps, [Operation::Sleep { result: Outcome::Done(()) }], "{}", listing(&trace));
}

#[test]
fn a_poll_goes_on_after_a_stop() {
    let trace = Stage::of("stopped_in_poll", &[]).run().trace;
    assert_eq!(awaits(&of_child(&trace)), [("poll".into(), Outcome::Done(1))], "{}", listing(&trace));
}

#[test]
fn a_futex_wait_goes_on_after_a_stop() {
    let trace = Stage::of("stopped_in_futex", &[]).run().trace;
    assert_eq!(awaits(&of_child(&trace)), [], "{}", listing(&trace));
}

#[test]
fn a_read_goes_on_after_a_stop() {
    let trace = Stage::of("stopped_in_read", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)), "{}", listing(&trace));
    assert_eq!(reads(&trace, TaskId(1), 3), [Outcome::Done(1)], "{}", listing(&trace));
}

#[test]
fn pause_and_sigsuspend_end_with_eintr_and_not_by_a_stop() {
    for (how, call) in [("pause", "pause"), ("sigsuspend", "rt_sigsuspend")] {
        let trace = Stage::of("suspended", &[how]).run().trace;
        let expected = (call.to_owned(), Outcome::Failed(Errno::EINTR));
        assert_eq!(awaits(&of_child(&trace)), [expected], "{}", listing(&trace));
    }
}

#[test]
fn a_call_that_a_handler_leaves_by_exec_never_returns() {
    let trace = Stage::of("exec_in_a_handler", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)), "{}", listing(&trace));
    assert_eq!(reads(&trace, TaskId(1), 3)[0], Outcome::Unfinished, "{}", listing(&trace));
    assert_eq!(trace.programs(TaskId(1)).len(), 1);
}
