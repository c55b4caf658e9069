//! Tasks end; whoever waits learns the truth, and nothing is left.

use crate::stage::*;
use grader_trace::{Change, Ending, ExitStatus, Fate, Operation, Outcome, TaskId};
use grader_tracer::{Cancel, Watch};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Ways for a thread to end a process whose leader has gone with 3, and the status words that may come of it.
const LAST_WAYS: [(&str, &[i32]); 4] = [
    // Each ends by itself: the leader's status counts before Linux 5.17, the last thread's since then.
    ("exit", &[3 << 8, 5 << 8]),
    ("exit_group", &[7 << 8]),
    ("signal", &[libc::SIGUSR1]),
    ("exec", &[9 << 8]),
];

fn decoded(words: &[i32]) -> Vec<ExitStatus> {
    words.iter().map(|word| ExitStatus::from_wait_status(*word)).collect()
}

#[test]
fn a_leader_may_end_first_and_another_thread_decides() {
    for (how, words) in LAST_WAYS {
        let trace = Stage::of("leader_first", &[how]).run().trace;
        let ended = root_status(&trace).expect("the root ends");
        assert!(decoded(words).contains(&ended), "{how}: {ended} in {}", listing(&trace));
        let [root, thread] = trace.tasks() else { panic!("{}", listing(&trace)) };
        let of_thread = match how {
            "exit" => exited(5),
            "exec" => exited(0),
            _ => ended,
        };
        assert_eq!((status(thread), thread.fate), (Some(of_thread), Fate::Released), "{how}");
        assert!(root.end.map(|(at, _)| at) >= thread.end.map(|(at, _)| at));
    }
}

#[test]
fn a_parent_is_told_how_a_process_ends_whose_leader_went_first() {
    for (how, words) in LAST_WAYS {
        let recording = Stage::of("child_with_leader_first", &[how]).run();
        let told: i32 = said(&recording).trim().parse().expect("the parent says what it was told");
        assert!(words.contains(&told), "{how}: {told}");
        let trace = &recording.trace;
        let [child] = trace.children(TaskId::ROOT)[..] else { panic!("{}", listing(trace)) };
        let expected = Some(ExitStatus::from_wait_status(told));
        assert_eq!(
            (status(child), reaper(child)),
            (expected, Some(TaskId::ROOT)),
            "{how}: {}",
            listing(trace)
        );
    }
}

#[test]
fn a_process_killed_from_outside_is_seen_to_be_killed() {
    let folder = Folder::new();
    let outsider = Outsider::new(&folder);
    let stage = Stage::of("told_to_end", &[outsider.path()]);
    let trace = std::thread::scope(|scope| {
        scope.spawn(|| send(outsider.meet(), libc::SIGKILL));
        stage.run().trace
    });
    assert_eq!(*trace.ending(), Ending::Finished);
    assert_eq!(root_status(&trace), Some(killed(libc::SIGKILL)));
    let pauses: Vec<_> = trace
        .events_of(TaskId::ROOT)
        .filter(|(_, event)| matches!(&event.op, Operation::Await { call, .. } if call == "pause"))
        .collect();
    assert!(pauses.iter().all(|(_, event)| event.end.is_none()), "{}", listing(&trace));
}

#[test]
fn a_process_that_ignores_sigterm_ends_with_the_run() {
    let folder = Folder::new();
    let outsider = Outsider::new(&folder);
    let stage = Stage::of("deaf_to_sigterm", &[outsider.path()]);
    let cancel = Cancel::default();
    let trace = std::thread::scope(|scope| {
        scope.spawn(|| {
            send(outsider.meet(), libc::SIGTERM);
            cancel.cancel();
        });
        stage.attempt(&cancel).expect("the run is made").trace
    });
    assert_eq!(*trace.ending(), Ending::Cancelled);
    assert_eq!(root_status(&trace), None, "it did not end by itself: {}", listing(&trace));
}

#[test]
fn every_deadly_signal_is_the_status() {
    for signal in [libc::SIGSEGV, libc::SIGABRT, libc::SIGTERM, libc::SIGKILL, libc::SIGRTMIN(), 64] {
        let trace = Stage::of("kills_itself", &[&signal.to_string()]).run().trace;
        assert_eq!(root_status(&trace), Some(killed(signal)), "{}", listing(&trace));
    }
}

#[test]
fn a_child_that_is_never_waited_for_is_adopted_when_its_parent_ends() {
    let trace = Stage::of("zombie", &[]).run().trace;
    let [root, child] = trace.tasks() else { panic!("{}", listing(&trace)) };
    let (end, _) = root.end.expect("the root ends");
    assert_eq!((status(child), child.fate), (Some(exited(4)), Fate::Adopted { at: end }));
    assert_eq!(child.zombie().map(|(_, until)| until), Some(end));
}

#[test]
fn children_of_a_process_that_ignores_sigchld_are_released() {
    let trace = Stage::of("nobody_waits", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)), "{}", listing(&trace));
    let fates: Vec<_> =
        trace.children(TaskId::ROOT).iter().map(|child| (status(child), child.fate)).collect();
    assert_eq!(fates, [(Some(exited(1)), Fate::Released), (Some(exited(2)), Fate::Released)]);
}

#[test]
fn a_ready_pidfd_can_be_waited_for_ten_thousand_times() {
    let watch = Watch { waits: true, ..Watch::NONE };
    let trace = Stage::of("pidfd_rounds", &["10000"]).watch(watch).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)));
    assert_eq!(trace.tasks().len(), 10_001);
    let vain = |wait: &grader_trace::Wait| !matches!(wait.result, Outcome::Done(Some(_)));
    assert!(!trace.waits(TaskId::ROOT).iter().any(|(_, wait)| vain(wait)));
    assert!(trace.children(TaskId::ROOT).iter().all(|child| reaper(child) == Some(TaskId::ROOT)));
}

#[test]
fn a_grandchild_that_holds_standard_output_does_not_hang_the_run() {
    let linger = Duration::from_millis(100);
    let start = Instant::now();
    let recording = Stage::of("leaves_a_grandchild", &[]).limits(|limits| limits.linger = linger).run();
    assert!((linger..Duration::from_secs(100)).contains(&start.elapsed()));
    assert_eq!(*recording.trace.ending(), Ending::LeftBehind);
    assert_eq!(root_status(&recording.trace), Some(exited(0)));
    assert_eq!(said(&recording), "done\n");
}

#[test]
fn a_stopped_child_does_not_hang_the_run() {
    let linger = Duration::from_millis(100);
    let trace = Stage::of("leaves_a_stopped_child", &[]).limits(|limits| limits.linger = linger).run().trace;
    assert!(matches!(trace.ending(), Ending::LeftBehind | Ending::Stalled), "{:?}", trace.ending());
    assert_eq!(root_status(&trace), Some(exited(0)));
}

#[test]
fn a_task_may_be_killed_at_any_moment() {
    let mut dice = Dice::new();
    let mut kills = 0;
    while kills < 200 {
        let folder = Folder::new();
        let outsider = Outsider::new(&folder);
        let stage = Stage::of("bustle", &[outsider.path()]);
        let (recording, more) = std::thread::scope(|scope| {
            let killer = scope.spawn(|| {
                let root = outsider.meet();
                let mut kills = 0;
                loop {
                    dice.moment(Duration::from_millis(3));
                    let family = descendants(root);
                    if family.is_empty() {
                        return kills;
                    }
                    let victim = family[dice.below(family.len() as u64) as usize];
                    kills += u32::from(try_to_kill(victim));
                }
            });
            (stage.run(), killer.join().expect("the killer ends"))
        });
        assert_eq!(*recording.trace.ending(), Ending::Finished, "{}", listing(&recording.trace));
        kills += more;
    }
}

#[test]
fn the_tracer_may_be_killed_at_any_moment_and_nothing_survives() {
    let mut dice = Dice::new();
    for moment in 0..60 {
        let mark = format!("{}-{moment}", dice.seed);
        let mut tracer = Command::new(specimen())
            .args(["trace", "as it is", "bustle"])
            .env("STAGE", &mark)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the specimen can be executed");
        dice.moment(Duration::from_millis(30));
        tracer.kill().expect("it is our child");
        tracer.wait().expect("it is our child");
        let start = Instant::now();
        while !survivors(&mark).is_empty() {
            assert!(start.elapsed() < Duration::from_secs(60), "alive: {:?}", survivors(&mark));
            std::thread::yield_now();
        }
    }
}

/// SIGKILL can meet a task in the few microseconds in which the tracer answers its stop. It then slips past its exit
/// event, and is a zombie for a moment before its parent can wait for it. That must stay as rare as it is.
#[test]
fn a_ready_pidfd_of_a_child_killed_while_it_is_busy_can_be_waited_for_but_for_rare_exceptions() {
    let recording = Stage::of("killed_pidfd_rounds", &["300"]).run();
    assert_eq!(root_status(&recording.trace), Some(exited(0)));
    let vain: u32 = said(&recording).trim().parse().expect("the program tells how often");
    assert!(vain <= 3, "{vain} of 300");
}

#[test]
fn children_of_a_process_killed_inside_of_its_fork_are_followed() {
    let recording = Stage::of("killed_while_forking", &["150"]).run();
    let trace = &recording.trace;
    assert_eq!((root_status(trace), trace.ending()), (Some(exited(0)), &Ending::Finished));
    let born: usize =
        said(&recording).trim().parse().expect("the program tells how many PIDs the kernel gave");
    let grandchildren = trace.tasks().iter().filter(|task| task.path.0.len() == 2);
    assert_eq!(grandchildren.count(), born);
}

#[test]
fn a_child_may_be_killed_before_its_birth_is_told() {
    let trace = Stage::of("killed_newborn", &["100"]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)), "{}", listing(&trace));
    let fates: Vec<_> =
        trace.children(TaskId::ROOT).iter().map(|child| (status(child), reaper(child))).collect();
    assert_eq!(fates, vec![(Some(killed(libc::SIGKILL)), Some(TaskId::ROOT)); 101]);
}

#[test]
fn more_zombies_are_reaped_than_there_are_descriptors() {
    let traced = Traced::of("with few descriptors", &["leaves_zombies", "300"]);
    assert_eq!(traced.trace.tasks().len(), 301);
}

#[test]
fn waits_without_a_place_for_the_status_tell_the_same() {
    let trace = Stage::of("waits_without_a_place", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)), "{}", listing(&trace));
    let children = trace.children(TaskId::ROOT);
    let fates: Vec<_> = children.iter().map(|child| (status(child), reaper(child))).collect();
    let mine = Some(TaskId::ROOT);
    assert_eq!(
        fates,
        [(Some(exited(1)), mine), (Some(exited(2)), mine), (Some(killed(9)), mine), (Some(exited(4)), mine)]
    );
    let news: Vec<_> = trace
        .waits(TaskId::ROOT)
        .into_iter()
        .filter_map(|(_, wait)| wait.result.done().copied())
        .map(|news| news.map(|news| (news.task, news.change)))
        .collect();
    let told = |index: usize| {
        Some((Some(children[index].id), Change::Ended(status(children[index]).expect("ended"))))
    };
    assert_eq!(news, [told(0), told(1), None, told(2), told(2), told(3)], "{}", listing(&trace));
}
