//! Tasks come into being, and become other programs.

use crate::stage::*;
use grader_trace::{
    CloneFlags, Ending, Fate, Fd, Operation, Outcome, Sharing, Stamp, Tables, Task, TaskId, Trace,
};
use std::time::Duration;

fn fork_calls(trace: &Trace) -> Vec<(&str, u64)> {
    let forks = trace.events().iter().filter_map(|event| match &event.op {
        Operation::Fork(fork) => Some((fork.call.as_str(), fork.flags.0)),
        _ => None,
    });
    forks.collect()
}

/// The only child of the root, reaped by it.
fn only_child(trace: &Trace) -> &Task {
    let [child] = trace.children(TaskId::ROOT)[..] else { panic!("{}", listing(trace)) };
    assert_eq!(reaper(child), Some(TaskId::ROOT));
    child
}

#[test]
fn four_threads_share_one_descriptor_table() {
    let trace = Stage::of("four_threads", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)));
    let threads = &trace.tasks()[1..];
    assert_eq!(threads.len(), 4);
    let as_thread = CloneFlags::THREAD | CloneFlags::VM | CloneFlags::FILES;
    for thread in threads {
        assert!(thread.is_thread() && thread.birth.flags.has(as_thread));
        assert_eq!((thread.process, thread.parent), (TaskId::ROOT, None));
        assert_eq!((status(thread), thread.fate), (Some(exited(0)), Fate::Released));
    }
    let opened: Vec<Fd> = trace.tasks()[1..]
        .iter()
        .map(|thread| {
            let (_, open) = trace
                .events_of(thread.id)
                .find(
                    |(_, event)| matches!(&event.op, Operation::Open { path, .. } if path.0 == b"/dev/null"),
                )
                .expect("each thread opens a file");
            let Operation::Open { result: Outcome::Done(fd), .. } = open.op else { panic!("{open:?}") };
            fd
        })
        .collect();
    let (end, _) = trace.root().end.expect("the root ends");
    let tables = Tables::at(&trace, end);
    let table = tables.table(TaskId::ROOT).expect("the root is alive");
    assert!(opened.iter().all(|fd| table.contains_key(fd)), "{opened:?} in {table:?}");
    assert_eq!(Tables::at(&trace, Stamp::END).table(TaskId::ROOT), None);
}

#[test]
fn a_thread_that_execs_goes_on_as_the_leader() {
    let trace = Stage::of("exec_by_thread", &[]).run().trace;
    assert_eq!(trace.tasks().len(), 3, "{}", listing(&trace));
    let (execs, threads) = (trace.programs(TaskId::ROOT), &trace.tasks()[1..]);
    assert_eq!(execs.len(), 1);
    let (event, exec) = execs[0];
    assert_eq!(trace.events()[event].task, TaskId::ROOT);
    assert_eq!(exec.argv.last().and_then(|arg| arg.as_str()), Some("3"));
    for thread in threads {
        assert_eq!((status(thread), thread.fate), (Some(exited(0)), Fate::Released));
        assert!(thread.end.expect("it has ended").0 < trace.events()[event].effect());
    }
    assert_eq!(root_status(&trace), Some(exited(3)));
}

#[test]
fn a_vforked_child_execs_or_fails_to() {
    let trace = Stage::of("vfork", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)));
    let shares = CloneFlags::VFORK | CloneFlags::VM;
    assert_eq!(fork_calls(&trace), [("vfork", shares); 2]);
    let [execs, fails] = trace.children(TaskId::ROOT)[..] else { panic!("{}", listing(&trace)) };
    assert_eq!((status(execs), reaper(execs)), (Some(exited(3)), Some(TaskId::ROOT)));
    assert_eq!((status(fails), reaper(fails)), (Some(exited(127)), Some(TaskId::ROOT)));
    assert_eq!(trace.programs(execs.id).len(), 1);
    assert_eq!(trace.execs(fails.id)[0].1.result, Outcome::Failed(grader_trace::Errno::ENOENT));
}

#[test]
fn posix_spawn_is_a_clone_and_an_exec() {
    let trace = Stage::of("posix_spawn", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)));
    let child = only_child(&trace);
    assert!(child.birth.flags.has(CloneFlags::VFORK | CloneFlags::VM));
    assert_eq!((status(child), trace.programs(child.id).len()), (Some(exited(4)), 1));
}

#[test]
fn a_clone_without_flags_is_a_fork() {
    let trace = Stage::of("clone_like_fork", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)));
    assert_eq!(fork_calls(&trace), [("clone", 0)]);
    assert_eq!(status(only_child(&trace)), Some(exited(5)));
}

#[test]
fn a_clone_may_share_memory_and_be_a_process() {
    let trace = Stage::of("clone_with_memory", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)));
    assert_eq!(fork_calls(&trace), [("clone", CloneFlags::VM)]);
    let child = only_child(&trace);
    assert_eq!((status(child), child.is_thread()), (Some(exited(6)), false));
}

#[test]
fn the_kernel_says_what_a_new_task_shares() {
    let shared = |name: &str| Stage::of(name, &[]).run().trace.tasks()[1].birth.sharing;
    let nothing = Sharing { memory: false, directory: false, descriptors: false, handlers: false };
    let all = Sharing { memory: true, directory: true, descriptors: true, handlers: true };
    let told = [shared("clone_with_memory"), shared("four_threads")];
    match may_compare() {
        true => assert_eq!(told, [Sharing { memory: true, ..nothing }, all].map(Some)),
        false => assert_eq!(told, [None; 2]),
    }
    assert_eq!(shared("clone_like_fork"), None, "nothing was to be shared");
}

/// Whether kcmp(2) is there, and allowed.
fn may_compare() -> bool {
    let (myself, memory) = (std::process::id(), 1);
    // SAFETY: kcmp takes numbers alone.
    unsafe { libc::syscall(libc::SYS_kcmp, myself, myself, memory, 0, 0) == 0 }
}

#[test]
fn clone3_takes_its_flags_from_memory() {
    let trace = Stage::of("clone3", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)));
    assert_eq!(fork_calls(&trace), [("clone3", 0)]);
    assert_eq!(status(only_child(&trace)), Some(exited(5)));
}

#[test]
fn with_clone_parent_a_childs_child_is_the_parents() {
    for call in ["clone", "clone3"] {
        let trace = Stage::of("clone_parent", &[call]).run().trace;
        assert_eq!(root_status(&trace), Some(exited(0)));
        let [child, sibling] = trace.children(TaskId::ROOT)[..] else { panic!("{}", listing(&trace)) };
        assert_eq!(sibling.birth.creator, Some(child.id));
        assert_eq!((status(child), reaper(child)), (Some(exited(0)), Some(TaskId::ROOT)));
        assert_eq!((status(sibling), reaper(sibling)), (Some(exited(5)), Some(TaskId::ROOT)));
    }
}

#[test]
fn a_sibling_of_the_root_is_followed_to_its_end() {
    let trace = Stage::of("sibling_of_root", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)));
    let [_, sibling] = trace.tasks() else { panic!("{}", listing(&trace)) };
    assert_eq!((sibling.birth.creator, sibling.parent), (Some(TaskId::ROOT), None));
    assert_eq!(status(sibling), Some(exited(5)));
}

#[test]
fn clone_untraced_hides_nobody_and_leaves_no_mark_on_the_caller() {
    for call in ["clone", "clone3"] {
        let trace = Stage::of("untraced", &[call]).run().trace;
        assert_eq!(root_status(&trace), Some(exited(0)), "{call}: {}", listing(&trace));
        assert_eq!(status(only_child(&trace)), Some(exited(5)), "{call}: {}", listing(&trace));

        let trace = Stage::of("untraced", &[call, "parent"]).run().trace;
        assert_eq!(root_status(&trace), Some(exited(0)), "{call}: {}", listing(&trace));
        let [child, sibling] = trace.children(TaskId::ROOT)[..] else { panic!("{}", listing(&trace)) };
        assert_eq!(sibling.birth.creator, Some(child.id));
        assert_eq!((status(sibling), reaper(sibling)), (Some(exited(5)), Some(TaskId::ROOT)));
    }
}

#[test]
fn clone3_arguments_that_cannot_be_written_to_are_no_way_out() {
    let folder = Folder::new();
    let mut args = [0u8; 88];
    args[..8].copy_from_slice(&(libc::CLONE_UNTRACED as u64).to_ne_bytes());
    args[32] = libc::SIGCHLD as u8;
    folder.file("args", &args);
    let trace = Stage::of("read_only_clone3", &[]).dir(folder.path()).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)), "{}", listing(&trace));
}

#[test]
fn five_hundred_children_that_end_at_once_are_told_apart() {
    let trace = Stage::of("children", &["500"]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)));
    let children = trace.children(TaskId::ROOT);
    assert_eq!(children.len(), 500);
    for (number, child) in children.iter().enumerate() {
        assert_eq!(status(child), Some(exited((number % 251) as u8)));
        assert_eq!(reaper(child), Some(TaskId::ROOT));
    }
}

#[test]
fn an_orphan_is_adopted() {
    let trace = Stage::of("orphan", &[]).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)));
    let [_, middle, orphan] = trace.tasks() else { panic!("{}", listing(&trace)) };
    assert_eq!((orphan.parent, status(orphan)), (Some(middle.id), Some(exited(5))));
    let (middle_end, _) = middle.end.expect("it ends");
    assert_eq!(orphan.fate, Fate::Adopted { at: middle_end });
}

#[test]
fn a_daemon_in_a_session_of_its_own_is_followed() {
    let recording = Stage::of("daemon", &[]).run();
    let trace = &recording.trace;
    assert_eq!(*trace.ending(), Ending::Finished);
    let [root, _, daemon] = trace.tasks() else { panic!("{}", listing(trace)) };
    assert_eq!(status(daemon), Some(exited(7)));
    assert!(root.end.map(|(at, _)| at) < daemon.end.map(|(at, _)| at));
    assert!(matches!(daemon.fate, Fate::Adopted { .. }));
    assert_eq!(said(&recording), "I am still here\n");
    assert_eq!(trace.lines()[0].writer(), Some(daemon.id));
}

#[test]
fn orphans_may_be_adopted_inside_of_the_run() {
    for (mode, reaped) in [("reaps", true), ("keeps", false)] {
        let trace = Stage::of("subreaper", &[mode]).run().trace;
        assert_eq!(root_status(&trace), Some(exited(0)), "{mode}: {}", listing(&trace));
        let [_, adopter, _, orphan] = trace.tasks() else { panic!("{}", listing(&trace)) };
        assert_eq!(status(orphan), Some(exited(8)));
        assert_eq!(reaper(orphan) == Some(adopter.id), reaped, "{mode}: {:?}", orphan.fate);
    }
}

#[test]
fn a_bomb_ends_at_the_limit() {
    for kind in ["processes", "threads", "short lives"] {
        let trace = Stage::of("bomb", &[kind]).limits(|limits| limits.events = 600).run().trace;
        assert_eq!(*trace.ending(), Ending::Overflowed, "{kind}");
        assert!(trace.tasks().len() > 50, "{kind}");
    }
}

#[test]
fn a_bomb_ends_when_its_time_is_up() {
    let wall = Duration::from_millis(100);
    let trace = Stage::of("bomb", &["short lives"]).limits(|limits| limits.wall = wall).run().trace;
    assert_eq!(*trace.ending(), Ending::TimedOut);
}
