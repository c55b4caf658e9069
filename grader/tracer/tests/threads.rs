//! Threads made by hand: what is recorded of them if somebody asks, and who gets ahead of whom.

use crate::stage::*;
use grader_trace::{
    Access, CloneFlags, Errno, Given, Map, Operation, Outcome, Region, Remap, Stamp, TaskId, Trace,
};
use grader_tracer::{Fault, FaultCall, Pace, Watch, Whose};

const GUARD: u64 = 4096;
const STACK: u64 = 16 * GUARD;

fn by_hand(what: &str) -> Stage {
    Stage::of("thread_by_hand", &[what]).watch(Watch::THREADS)
}

fn given(trace: &Trace) -> Given {
    trace.tasks()[1].birth.given.expect("it is recorded")
}

/// What was mapped at `moment` where clone was told that the stack is, and what lay below it. The C library puts two words
/// on the stack before it calls the kernel.
fn stack_of(trace: &Trace, given: Given, moment: Stamp) -> (Region, Region) {
    let regions = trace.regions(TaskId::ROOT, moment);
    let usable = regions.iter().position(|region| region.start < given.stack && given.stack <= region.end);
    let usable = usable.unwrap_or_else(|| panic!("no stack: {}", listing(trace)));
    (regions[usable], regions[usable - 1])
}

/// The sleeps in futex of the root, and whether each began before the thread's end.
fn sleeps(trace: &Trace) -> Vec<(Outcome<u64>, bool)> {
    let (gone, _) = trace.tasks()[1].end.expect("it ends");
    let sleeps = trace.events_of(TaskId::ROOT).filter_map(|(_, event)| match &event.op {
        Operation::Futex(futex) if futex.op.waits() => {
            assert_eq!((futex.word, futex.timed), (given(trace).child_word, false), "{}", listing(trace));
            Some((futex.result, event.begin < gone))
        }
        _ => None,
    });
    sleeps.collect()
}

/// The thread pointers of a task, with what they lead to.
fn thread_pointers(trace: &Trace, task: TaskId) -> Vec<(u64, Option<u64>)> {
    let noted = trace.events_of(task).filter_map(|(_, event)| match event.op {
        Operation::ThreadPointer { value, first } => Some((value, first)),
        _ => None,
    });
    noted.collect()
}

#[test]
fn a_stack_is_seen_from_its_mapping_to_its_end() {
    let trace = by_hand("idle").run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)), "{}", listing(&trace));
    let (usable, guard) = stack_of(&trace, given(&trace), trace.tasks()[1].birth.at);
    assert_eq!((usable.length(), usable.access), (STACK, Access::READ_WRITE));
    assert_eq!((guard.end, guard.length(), guard.access), (usable.start, GUARD, Access::NONE));
    let mapping = &trace.events()[guard.event].op;
    assert!(matches!(mapping, Operation::Map(Map { anonymous: true, shared: false, .. })), "{mapping:?}");
    let left = trace.regions(TaskId::ROOT, Stamp::END);
    assert!(!left.iter().any(|region| region.event == guard.event), "{}", listing(&trace));
}

#[test]
fn a_thread_without_a_block_of_its_own_has_its_creators() {
    let trace = by_hand("idle").run().trace;
    let roots = thread_pointers(&trace, TaskId::ROOT);
    let (value, first) = *roots.last().expect("the loader has set one");
    assert_eq!(first, Some(value), "the C library's block leads to itself");
    assert_eq!(thread_pointers(&trace, TaskId(1)), [(value, first)], "{}", listing(&trace));
}

#[test]
fn a_thread_with_a_block_of_its_own_is_seen_to_have_it() {
    let trace = by_hand("block").run().trace;
    let block = given(&trace).thread_pointer;
    assert!(trace.tasks()[1].birth.flags.has(CloneFlags::SETTLS));
    assert_eq!(thread_pointers(&trace, TaskId(1)), [(block, Some(block))], "{}", listing(&trace));
}

#[test]
fn a_touch_of_the_guard_page_is_recorded_with_its_address() {
    let trace = by_hand("below").run().trace;
    assert_eq!(root_status(&trace), Some(killed(libc::SIGSEGV)));
    let touched = trace.events_of(TaskId(1)).find_map(|(_, event)| match event.op {
        Operation::Fault { address } => Some(address),
        _ => None,
    });
    let (_, guard) = stack_of(&trace, given(&trace), trace.tasks()[1].birth.at);
    assert_eq!(touched, Some(guard.end - 8), "{}", listing(&trace));
}

#[test]
fn slow_threads_let_their_creator_sleep_first() {
    for _ in 0..20 {
        let trace = by_hand("idle").pace(Pace::SlowThreads).run().trace;
        assert_eq!(sleeps(&trace), [(Outcome::Done(0), true)], "{}", listing(&trace));
    }
}

#[test]
fn slow_creators_find_their_threads_gone() {
    for _ in 0..20 {
        let trace = by_hand("idle").pace(Pace::SlowCreators).run().trace;
        assert_eq!(sleeps(&trace), [], "{}", listing(&trace));
    }
}

#[test]
fn a_sleep_in_futex_that_is_made_to_end_early_is_slept_again() {
    let early =
        Fault { call: FaultCall::FutexWait, whose: Whose::Root, from: 1, times: 1, errno: Errno::EINTR };
    let trace = by_hand("idle").pace(Pace::SlowThreads).fault(early).run().trace;
    let expected = [(Outcome::Failed(Errno::EINTR), true), (Outcome::Done(0), true)];
    assert_eq!(sleeps(&trace), expected, "{}", listing(&trace));
}

#[test]
fn a_clone_that_makes_a_thread_fails_as_planned_and_tells_what_it_was_given() {
    let refused =
        Fault { call: FaultCall::Thread, whose: Whose::Root, from: 1, times: 1, errno: Errno::EAGAIN };
    let trace = Stage::of("thread_refused", &[]).watch(Watch::THREADS).fault(refused).run().trace;
    assert_eq!(root_status(&trace), Some(exited(0)), "{}", listing(&trace));
    let [(_, fork)] = trace.forks(TaskId::ROOT)[..] else { panic!("{}", listing(&trace)) };
    assert_eq!(fork.child.error(), Some(Errno::EAGAIN));
    let given = fork.given.expect("it is recorded");
    assert_eq!(stack_of(&trace, given, Stamp::END).0.length(), STACK, "{}", listing(&trace));
}

#[test]
fn nobody_is_stopped_for_memory_or_futexes_who_does_not_ask_for_them() {
    let trace = Stage::of("thread_by_hand", &["block"]).run().trace;
    let asked = |op: &Operation| {
        matches!(
            op,
            Operation::Map(_)
                | Operation::Remap(Remap { .. })
                | Operation::Futex(_)
                | Operation::ThreadPointer { .. }
        )
    };
    assert!(!trace.events().iter().any(|event| asked(&event.op)), "{}", listing(&trace));
    assert_eq!(trace.tasks()[1].birth.given, None);
}
