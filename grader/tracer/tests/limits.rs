//! Runs end at their limits, and only there.

use crate::stage::*;
use grader_trace::{Ending, TaskId};
use grader_tracer::{Cancel, Watch};
use std::time::Duration;

#[test]
fn a_run_ends_when_its_time_is_up() {
    let wall = Duration::from_millis(300);
    for mode in ["sleeps", "computes"] {
        let recording = Stage::of(mode, &["1000000"]).limits(|limits| limits.wall = wall).run();
        assert_eq!(*recording.trace.ending(), Ending::TimedOut);
        assert_eq!(root_status(&recording.trace), None, "it did not end by itself");
        assert!(recording.wall >= wall);
    }
}

#[test]
fn a_run_can_be_called_off() {
    let folder = Folder::new();
    let outsider = Outsider::new(&folder);
    let stage = Stage::of("told_to_end", &[outsider.path()]);
    let cancel = Cancel::default();
    let recording = std::thread::scope(|scope| {
        scope.spawn(|| {
            outsider.meet();
            cancel.cancel();
        });
        stage.attempt(&cancel).expect("the run is made")
    });
    assert_eq!(*recording.trace.ending(), Ending::Cancelled);
}

#[test]
fn a_run_that_is_called_off_before_it_begins_is_no_failure() {
    let cancel = Cancel::default();
    cancel.cancel();
    let recording = Stage::of("sleeps", &["1000000"]).attempt(&cancel).expect("the run is made");
    assert_eq!(*recording.trace.ending(), Ending::Cancelled);
}

#[test]
fn a_deadlock_is_seen_as_one() {
    for how in ["wait and read", "read", "write", "terminal", "pause", "threads", "poll"] {
        // Waiting in poll may end by something from outside, for all that the tracer knows.
        let wall = if how == "poll" { 1 } else { 120 };
        let stage = Stage::of("deadlock", &[how]).limits(|limits| limits.wall = Duration::from_secs(wall));
        let trace = stage.run().trace;
        let expected = if how == "poll" { Ending::TimedOut } else { Ending::Stalled };
        assert_eq!(*trace.ending(), expected, "{how}: {}", listing(&trace));
        assert_eq!(root_status(&trace), None, "it did not end by itself");
    }
}

#[test]
fn a_program_that_the_clock_moves_on_is_not_stalled() {
    std::thread::scope(|scope| {
        for what in ["alarm", "setitimer", "timerfd", "poll", "sigtimedwait", "a child that sleeps"] {
            scope.spawn(move || {
                let trace = Stage::of("woken_by", &[what]).run().trace;
                assert_eq!(*trace.ending(), Ending::Finished, "{what}: {}", listing(&trace));
                assert_eq!(root_status(&trace), Some(exited(0)), "{what}: {}", listing(&trace));
            });
        }
    });
}

#[test]
fn a_program_that_computes_or_sleeps_is_not_stalled() {
    for mode in ["sleeps", "computes", "waits_for_one_that_computes"] {
        let trace = Stage::of(mode, &["500"]).run().trace;
        assert_eq!((trace.ending(), root_status(&trace)), (&Ending::Finished, Some(exited(0))), "{mode}");
    }
}

#[test]
fn a_program_that_writes_to_a_slow_reader_is_not_stalled() {
    let trace = Stage::of("flood", &["2", "20"]).run().trace;
    assert_eq!((trace.ending(), root_status(&trace)), (&Ending::Finished, Some(exited(0))));
}

#[test]
fn what_is_done_without_end_ends_the_run_or_is_dropped() {
    // Descriptors count: they are what checks ask about. So a run that opens for ever ends.
    let recording = Stage::of("opens", &["1000000"]).limits(|limits| limits.events = 1000).run();
    assert_eq!(*recording.trace.ending(), Ending::Overflowed);
    assert!((1000..1100).contains(&recording.trace.events().len()));

    // Writes can be counted without being kept. The run goes on to its end.
    let recording = Stage::of("writes", &["5000"]).limits(|limits| limits.events = 1000).run();
    let trace = &recording.trace;
    assert_eq!((trace.ending(), root_status(trace)), (&Ending::Finished, Some(exited(0))));
    assert_eq!(recording.stdout.total, 5000 * 6);
    let kept = trace.events_of(TaskId::ROOT).count() as u64;
    assert!(kept < 1000 && recording.dropped > 4000, "{kept} kept, {} dropped", recording.dropped);
}

#[test]
fn what_is_not_watched_is_not_recorded() {
    let recording = Stage::of("in_turns", &[]).watch(Watch::NONE).run();
    let trace = &recording.trace;
    assert_eq!((trace.ending(), root_status(trace)), (&Ending::Finished, Some(exited(0))));
    let words: Vec<&str> = trace.events().iter().map(|event| event.op.word()).collect();
    assert_eq!(
        words.iter().filter(|word| !["clone", "exit", "signal"].contains(word)).count(),
        0,
        "{words:?}"
    );
    assert_eq!(status(trace.task(TaskId(1))), Some(exited(0)));
    assert_eq!(said(&recording).lines().count(), 40);
}
