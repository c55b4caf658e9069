//! What a plan does to a run: who gets ahead of whom, which calls fail, who is killed.

use crate::stage::*;
use grader_trace::{Errno, Fate, Operation, Outcome, Signal, TaskId, Trace};
use grader_tracer::{ExitAs, Fault, FaultCall, KillAt, Pace, Whose};

fn fault(call: FaultCall, whose: Whose, from: u32, times: u32, errno: Errno) -> Fault {
    Fault { call, whose, from, times, errno }
}

fn writers(trace: &Trace) -> Vec<TaskId> {
    trace.lines().iter().map(|line| line.writer().expect("one writer a line")).collect()
}

/// The words of all events that the tracer made so.
fn injected(trace: &Trace) -> Vec<&str> {
    trace.events().iter().filter(|event| event.injected).map(|event| event.op.word()).collect()
}

#[test]
fn slow_children_let_their_parents_go_first() {
    for how in ["waits", "asks"] {
        let trace = Stage::of("speaks_after_fork", &[how]).pace(Pace::SlowChildren).run().trace;
        assert_eq!(root_status(&trace), Some(exited(0)), "{}", listing(&trace));
        assert_eq!(writers(&trace), [TaskId::ROOT, TaskId(1)], "{how}: {}", listing(&trace));
    }
    let trace = Stage::of("speaks_after_fork", &["leaves"]).pace(Pace::SlowChildren).run().trace;
    assert_eq!(writers(&trace), [TaskId::ROOT, TaskId(1)], "{}", listing(&trace));
    assert!(trace.root().end.map(|(at, _)| at) < trace.task(TaskId(1)).end.map(|(at, _)| at));
}

#[test]
fn slow_parents_let_their_children_go_first() {
    for how in ["waits", "asks", "leaves"] {
        let trace = Stage::of("speaks_after_fork", &[how]).pace(Pace::SlowParents).run().trace;
        assert_eq!(root_status(&trace), Some(exited(0)), "{}", listing(&trace));
        assert_eq!(writers(&trace), [TaskId(1), TaskId::ROOT], "{how}: {}", listing(&trace));
        let (ended, _) = trace.task(TaskId(1)).end.expect("it ends");
        assert!(ended < trace.lines()[1].span.0, "the child had ended when the parent spoke");
        // It was a zombie by then: whoever asks is told at once.
        let vain = |wait: &grader_trace::Wait| !matches!(wait.result, Outcome::Done(Some(_)));
        assert!(!trace.waits(TaskId::ROOT).iter().any(|(_, wait)| vain(wait)), "{}", listing(&trace));
    }
}

#[test]
fn holding_back_holds_nobody_up() {
    // If anybody were held for longer than three seconds in all, holding would be given up, and the last fork of
    // this program would go as it comes.
    for (pace, order) in [(Pace::SlowChildren, [true, false]), (Pace::SlowParents, [false, true])] {
        for _ in 0..3 {
            let trace = Stage::of("tour_of_waiting", &[]).pace(pace).run().trace;
            assert_eq!(root_status(&trace), Some(exited(0)), "{pace:?}: {}", listing(&trace));
            let by_root: Vec<bool> = writers(&trace).iter().map(|writer| *writer == TaskId::ROOT).collect();
            assert_eq!(by_root, order, "{pace:?}: {}", listing(&trace));
        }
    }
}

#[test]
fn whoever_is_held_back_may_be_killed() {
    for pace in [Pace::SlowChildren, Pace::SlowParents] {
        let trace = Stage::of("killed_while_forking", &["10"]).pace(pace).run().trace;
        assert_eq!(root_status(&trace), Some(exited(0)), "{pace:?}: {}", listing(&trace));
    }
}

#[test]
fn a_fork_fails_as_planned_and_no_other() {
    let eagain = |from, times| fault(FaultCall::Fork, Whose::Root, from, times, Errno::EAGAIN);
    let runs = [
        (eagain(1, 1), "fork: 11\nfork: done\nfork: done\n"),
        (eagain(2, 1), "fork: done\nfork: 11\nfork: done\n"),
        (eagain(2, 9), "fork: done\nfork: 11\nfork: 11\n"),
        (
            fault(FaultCall::Fork, Whose::Descendants, 1, 9, Errno::EAGAIN),
            "fork: done\nfork: done\nfork: done\n",
        ),
    ];
    for (fault, expected) in runs {
        let recording = Stage::of("forks", &["3"]).fault(fault).run();
        assert_eq!(said(&recording), expected);
        let failures = expected.matches("11").count();
        let forks = recording.trace.forks(TaskId::ROOT);
        let failed: Vec<_> =
            forks.iter().filter(|(_, fork)| fork.child == Outcome::Failed(Errno::EAGAIN)).collect();
        assert_eq!((failed.len(), injected(&recording.trace).len()), (failures, failures));
        assert!(failed.iter().all(|(event, _)| recording.trace.events()[*event].injected));
        assert_eq!(recording.trace.tasks().len(), 4 - failures);
    }
}

#[test]
fn a_thread_of_the_root_is_the_root() {
    let fault = fault(FaultCall::Fork, Whose::Root, 1, 1, Errno::EAGAIN);
    let recording = Stage::of("forks_in_a_thread", &[]).fault(fault).run();
    assert_eq!(said(&recording), "fork: 11\nfork: done\n");
}

#[test]
fn a_search_along_the_path_finds_nothing_as_planned() {
    let fault = fault(FaultCall::Exec, Whose::Descendants, 1, 100, Errno::ENOENT);
    let trace = Stage::of("execs_along_the_path", &[]).fault(fault).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)), "{}", listing(&trace));
    let execs = trace.execs(TaskId(1));
    let paths: Vec<_> = execs.iter().filter_map(|(_, exec)| exec.path.as_str()).collect();
    assert_eq!(paths, ["/usr/local/bin/wc", "/usr/bin/wc", "/bin/wc"]);
    for (event, exec) in execs {
        assert_eq!(exec.result, Outcome::Failed(Errno::ENOENT));
        assert!(trace.events()[event].injected);
    }
}

#[test]
fn a_pipe_cannot_be_made_as_planned() {
    let fault = fault(FaultCall::Pipe, Whose::Root, 2, 1, Errno::EMFILE);
    let recording = Stage::of("makes_pipes", &["3"]).fault(fault).run();
    assert_eq!(said(&recording), "pipe: done\npipe: 24\npipe: done\n");
    let pipes: Vec<_> = recording
        .trace
        .events_of(TaskId::ROOT)
        .filter_map(|(_, event)| match event.op {
            Operation::Pipe { result, .. } => Some((result.error(), event.injected)),
            _ => None,
        })
        .collect();
    assert_eq!(pipes, [(None, false), (Some(Errno::EMFILE), true), (None, false)]);
}

#[test]
fn a_child_is_killed_as_planned_and_no_other() {
    let kill = |task, signal| KillAt { task, signal: Signal(signal) };
    let runs = [
        (kill(1, libc::SIGKILL), ["", ""], "9\n768\n"),
        (kill(2, libc::SIGKILL), ["", ""], "768\n9\n"),
        (kill(2, libc::SIGTERM), ["", ""], "768\n15\n"),
        (kill(3, libc::SIGKILL), ["", ""], "768\n768\n"),
    ];
    for (kill, children, expected) in runs {
        for pace in [Pace::Natural, Pace::SlowChildren, Pace::SlowParents] {
            let mut stage = Stage::of("waits_for", &children).kill(kill).pace(pace);
            stage.launch.watch = grader_tracer::Watch::ALL;
            let recording = stage.run();
            assert_eq!(said(&recording), expected, "{kill:?} {pace:?}");
            for child in recording.trace.children(TaskId::ROOT) {
                let died = status(child) == Some(killed(kill.signal.0));
                assert_eq!(died, child.id.0 == kill.task);
                assert!(matches!(child.fate, Fate::Reaped { .. }));
            }
            let deaths = recording.trace.tasks().iter().filter(|task| task.id.0 == kill.task).count();
            assert_eq!(injected(&recording.trace), vec!["exit"; deaths]);
        }
    }
}

#[test]
fn a_child_made_by_posix_spawn_or_vfork_is_killed_as_planned() {
    for mode in ["posix_spawn", "vfork"] {
        let kill = KillAt { task: 1, signal: Signal::KILL };
        let trace = Stage::of(mode, &[]).kill(kill).run().trace;
        assert_eq!(status(trace.task(TaskId(1))), Some(killed(9)), "{mode}: {}", listing(&trace));
        assert_eq!(reaper(trace.task(TaskId(1))), Some(TaskId::ROOT), "{mode}");
    }
}

#[test]
fn a_child_ends_with_another_status_as_planned_and_no_other() {
    let runs = [(ExitAs { task: 1, code: 7 }, "1792\n768\n"), (ExitAs { task: 2, code: 0 }, "768\n0\n")];
    for (exit, expected) in runs {
        for pace in [Pace::Natural, Pace::SlowChildren, Pace::SlowParents] {
            let mut stage = Stage::of("waits_for", &["", ""]).pace(pace);
            stage.launch.plan.exit = Some(exit);
            let recording = stage.run();
            assert_eq!(said(&recording), expected, "{exit:?} {pace:?}");
            let child = recording.trace.task(TaskId(exit.task));
            assert_eq!(status(child), Some(exited(exit.code)), "{}", listing(&recording.trace));
            assert_eq!(injected(&recording.trace), ["exit"]);
        }
    }
}
