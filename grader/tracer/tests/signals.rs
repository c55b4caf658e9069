//! Signals reach tasks; processes stop and go on.

use crate::stage::*;
use grader_trace::{Change, Ending, Operation, Outcome, Pid, Sender, Signal, TaskId, Trace};
use std::time::Duration;

/// The news that wait calls brought to the root.
fn news(trace: &Trace) -> Vec<Change> {
    let news = trace.waits(TaskId::ROOT).into_iter().filter_map(|(_, wait)| match wait.result {
        Outcome::Done(Some(news)) => Some(news.change),
        _ => None,
    });
    news.collect()
}

/// The stops, continuations and signals of one process, in order.
fn turns(trace: &Trace, process: TaskId) -> Vec<&Operation> {
    let is_turn =
        |op: &Operation| matches!(op, Operation::Stop(_) | Operation::Continue | Operation::Signal { .. });
    trace.deeds_of(process).map(|(_, event)| &event.op).filter(|op| is_turn(op)).collect()
}

#[test]
fn a_parent_stops_a_child_and_lets_it_go_on() {
    for kind in ["alone", "with a thread", "leader gone"] {
        let trace = Stage::of("stop_and_continue", &[kind]).run().trace;
        assert_eq!(root_status(&trace), Some(exited(0)), "{kind}: {}", listing(&trace));
        let ended = Change::Ended(killed(libc::SIGTERM));
        assert_eq!(news(&trace), [Change::Stopped(Signal::STOP), Change::Continued, ended], "{kind}");
        let child = trace.children(TaskId::ROOT)[0];
        let sender = Sender::Process(trace.header().pid);
        let signal = |number| Operation::Signal { signal: Signal(number), sender };
        // SIGCONT has done its work when it is sent; SIGTERM, which has the lower number, may overtake it. Where the
        // leader has gone, the kernel may turn SIGTERM into a SIGKILL for all threads at once.
        let mut turns = turns(&trace, child.id);
        let sure = kind != "leader gone";
        turns.retain(|turn| **turn != signal(libc::SIGCONT) && (sure || **turn != signal(libc::SIGTERM)));
        let mut expected = vec![signal(libc::SIGSTOP), Operation::Stop(Signal::STOP), Operation::Continue];
        expected.extend(sure.then(|| signal(libc::SIGTERM)));
        assert_eq!(turns, expected.iter().collect::<Vec<_>>(), "{kind}: {}", listing(&trace));
    }
}

#[test]
fn threads_may_be_born_while_their_process_is_stopped() {
    let trace = Stage::of("stopped_threads", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)), "{}", listing(&trace));
    let stops = news(&trace).into_iter().filter(|news| *news == Change::Stopped(Signal::STOP)).count();
    assert_eq!(stops, 40);
}

#[test]
fn a_process_that_stops_itself_for_ever_is_stalled() {
    let trace = Stage::of("stops_itself", &[]).run().trace;
    assert_eq!(*trace.ending(), Ending::Stalled);
    assert!(turns(&trace, TaskId::ROOT).contains(&&Operation::Stop(Signal::STOP)));
    assert_eq!(root_status(&trace), None, "it did not end by itself");
}

#[test]
fn a_process_that_stops_itself_is_ended_by_the_clock_where_sleeps_are_not_watched() {
    let watch = grader_tracer::Watch { sleeps: false, ..grader_tracer::Watch::ALL };
    let stage = Stage::of("stops_itself", &[]).watch(watch);
    let trace = stage.limits(|limits| limits.wall = Duration::from_millis(300)).run().trace;
    assert_eq!(*trace.ending(), Ending::TimedOut);
    assert_eq!(root_status(&trace), None, "it did not end by itself");
}

#[test]
fn sigtstp_stops_a_job() {
    let trace = Stage::of("terminal_stop", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)), "{}", listing(&trace));
    let expected =
        [Change::Stopped(Signal(libc::SIGTSTP)), Change::Continued, Change::Ended(killed(libc::SIGINT))];
    assert_eq!(news(&trace), expected);
}

#[test]
fn real_time_signals_arrive_one_by_one() {
    let trace = Stage::of("real_time", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)), "{}", listing(&trace));
    let (first, last) = (libc::SIGRTMIN(), libc::SIGRTMAX());
    let mut expected: Vec<i32> = (first..=last).collect();
    expected.extend([first + 6; 3]);
    let arrived: Vec<i32> =
        signals(&trace, TaskId::ROOT).into_iter().filter(|signal| *signal >= first).collect();
    assert_eq!(arrived, expected);
    let child = trace.children(TaskId::ROOT)[0];
    let from_child = Operation::Signal { signal: Signal(first + 6), sender: Sender::Process(child.pid) };
    assert_eq!(turns(&trace, TaskId::ROOT).iter().filter(|turn| ***turn == from_child).count(), 3);
}

#[test]
fn a_timers_signal_comes_from_the_kernel() {
    let trace = Stage::of("timer", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)));
    let expected = Operation::Signal { signal: Signal(libc::SIGRTMIN() + 2), sender: Sender::Kernel };
    assert_eq!(turns(&trace, TaskId::ROOT), [&expected]);
}

#[test]
fn a_signal_for_one_thread_is_recorded_as_that_threads() {
    let trace = Stage::of("for_one_thread", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)));
    assert_eq!(signals(&trace, TaskId(1)), [libc::SIGUSR1]);
    assert!(signals(&trace, TaskId::ROOT).is_empty());
    let asked = trace.events_of(TaskId::ROOT).find_map(|(_, event)| match event.op {
        Operation::Kill { target, signal, result } => Some((target, signal, result)),
        _ => None,
    });
    let thread: Pid = trace.tasks()[1].pid;
    assert_eq!(asked, Some((thread, Signal(libc::SIGUSR1), Outcome::Done(()))));
}

#[test]
fn a_fault_is_the_kernels_signal() {
    let trace = Stage::of("fault", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(killed(libc::SIGSEGV)));
    let expected = Operation::Signal { signal: Signal(libc::SIGSEGV), sender: Sender::Kernel };
    assert_eq!(turns(&trace, TaskId::ROOT), [&expected]);
}
