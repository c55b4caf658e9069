//! Everything works under the rules of a container, where some calls are denied.

use crate::stage::*;
use crate::start::assert_strings_at_the_edge;
use grader_trace::{Ending, TaskId};

const CIRCUMSTANCES: [&str; 3] = ["as it is", "in a container", "in an older container"];

#[test]
fn births_and_ends_are_seen_in_a_container_and_nothing_is_left() {
    let modes: [&[&str]; 12] = [
        &["four_threads"],
        &["exec_by_thread"],
        &["vfork"],
        &["posix_spawn"],
        &["clone_with_memory"],
        &["untraced", "clone", "parent"],
        &["children", "50"],
        &["orphan"],
        &["daemon"],
        &["subreaper", "reaps"],
        &["subreaper", "keeps"],
        &["zombie"],
    ];
    for circumstance in CIRCUMSTANCES {
        for mode in modes {
            let Traced { trace, .. } = Traced::of(circumstance, mode);
            assert_eq!(*trace.ending(), Ending::Finished, "{circumstance}, {mode:?}");
            let expected = if mode[0] == "exec_by_thread" { exited(3) } else { exited(0) };
            assert_eq!(root_status(&trace), Some(expected), "{circumstance}, {mode:?}: {}", listing(&trace));
        }
        let here = Traced::of("as it is", &["bustle"]).trace.tasks().len();
        let there = Traced::of(circumstance, &["bustle"]).trace.tasks().len();
        assert_eq!(here, there, "{circumstance}");
    }
}

#[test]
fn memory_is_read_in_a_container() {
    for circumstance in CIRCUMSTANCES {
        let traced = Traced::of(circumstance, &["strings_at_the_edge"]);
        assert_strings_at_the_edge(&traced.trace);
        assert_eq!(traced.output, "edge\n");
        let Traced { trace, output } = Traced::of(circumstance, &["in_turns"]);
        let said: String = trace.pieces().iter().map(|piece| piece.data.as_str().expect("UTF-8")).collect();
        assert_eq!((said, output.lines().count()), (output.clone(), 40));
    }
}

#[test]
fn clone3_is_missing_in_a_container_and_the_program_is_told_so() {
    let Traced { trace, .. } = Traced::of("in a container", &["clone3"]);
    assert_eq!(root_status(&trace), Some(exited(101)));
    assert_eq!(trace.tasks().len(), 1);
    let asked = &trace.forks(TaskId::ROOT);
    assert!(asked.iter().all(|(_, fork)| fork.child.error() == Some(grader_trace::Errno::ENOSYS)));
}

#[test]
fn what_tasks_share_is_not_known_in_a_container() {
    for circumstance in &CIRCUMSTANCES[1..] {
        let Traced { trace, .. } = Traced::of(circumstance, &["clone_with_memory"]);
        assert_eq!((trace.tasks().len(), trace.tasks()[1].birth.sharing), (2, None), "{circumstance}");
    }
}

#[test]
fn a_machine_that_forbids_tracing_is_called_one() {
    let (output, errors, code) = Traced::attempt("without ptrace", &["exit", "0"]);
    assert_eq!((output.as_str(), code), ("", Some(3)));
    assert!(errors.contains("does not allow tracing") && errors.contains("PTRACE_SEIZE"), "{errors}");
}
