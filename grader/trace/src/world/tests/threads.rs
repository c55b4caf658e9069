//! Threads, and who sleeps on which futex.

use super::cast::{WAIT, pid_of, root, task};
use crate::model::births::CloneFlags;
use crate::model::event::Object;
use crate::model::ids::{Fd, TaskPath};
use crate::order::{Footprint, Resource};
use crate::world::{Access, Answer, Ask, Futex, World};

const THREAD: CloneFlags = CloneFlags(0x003d_0f00);
const WORD: u64 = 0x1000;

/// A process with so many threads besides its first.
fn with_threads(count: u16) -> (World, Vec<TaskPath>) {
    let mut world = World::new(pid_of(&root()), &[(Fd(1), Object::Stdout)]);
    let threads: Vec<TaskPath> = (0..count).map(|nth| task(&[nth])).collect();
    for thread in &threads {
        let start = Ask::Fork(THREAD);
        assert_eq!(world.look(&root(), &start).expect("modelled").footprint, Footprint::nothing());
        world.did(&root(), &start, Answer::Born(pid_of(thread)));
    }
    (world, threads)
}

fn wait(is_as_expected: bool) -> Ask {
    let word = if is_as_expected { 1 } else { 0 };
    Ask::Futex(Futex::Wait { at: WORD, expected: 1, word, bits: u32::MAX, timed: false })
}

fn wake(most: u32) -> Ask {
    Ask::Futex(Futex::Wake { at: WORD, most, bits: u32::MAX })
}

fn touched(world: &World, path: &TaskPath, ask: &Ask) -> Footprint {
    world.look(path, ask).expect("modelled").footprint
}

fn access(at: u64, writes: bool) -> Ask {
    Ask::Access(vec![Access { at, length: 4, writes }])
}

#[test]
fn threads_belong_to_the_process_of_whoever_started_them() {
    let (mut world, threads) = with_threads(2);
    let grandchild = task(&[0, 0]);
    world.did(&threads[0], &Ask::Fork(THREAD), Answer::Born(pid_of(&grandchild)));
    for thread in threads.iter().chain([&grandchild]) {
        assert_eq!(world.process_of(thread), &root());
        assert_eq!(world.path_of(pid_of(thread)), Some(thread));
        assert_eq!(world.pid(thread), Some(pid_of(thread)));
    }
    assert!(world.children(&root()).is_empty(), "a thread is nobody's child");
    assert!(world.leads_to_stdout(&grandchild, Fd(1)));
    world.thread_ended(&threads[0]);
    assert!(world.shares_memory(&root()) && world.path_of(pid_of(&threads[0])).is_none());
}

#[test]
fn accesses_conflict_where_they_overlap_and_one_of_them_writes() {
    let (world, threads) = with_threads(2);
    let by = |nth: usize, at, writes| touched(&world, &threads[nth], &access(at, writes));
    assert!(by(0, WORD, true).conflicts(&by(1, WORD + 3, false)));
    assert!(!by(0, WORD, false).conflicts(&by(1, WORD, false)));
    assert!(!by(0, WORD, true).conflicts(&by(1, WORD + 4, true)));
}

#[test]
fn who_sees_another_value_does_not_sleep_and_touches_the_word_only() {
    let (world, threads) = with_threads(2);
    let look = world.look(&threads[0], &wait(false)).expect("modelled");
    assert_eq!(look.blocked, None);
    assert!(look.footprint.conflicts(&touched(&world, &threads[1], &access(WORD, true))));
    assert!(!look.footprint.conflicts(&touched(&world, &threads[1], &wake(1))));
    assert!(touched(&world, &threads[0], &wait(true)).conflicts(&touched(&world, &threads[1], &wake(1))));
}

#[test]
fn whoever_has_slept_longest_is_woken_first_and_saw_who_woke_it() {
    let (mut world, threads) = with_threads(3);
    for thread in &threads[..2] {
        world.falls_asleep(thread, WORD, u32::MAX);
        let look = world.look(thread, &wait(true)).expect("modelled");
        assert!(matches!(look.blocked.as_deref(), Some([Resource::Futex(_, WORD)])));
    }
    let waking = touched(&world, &threads[2], &wake(1));
    assert_eq!(world.wakes(&threads[2], WORD, 1, u32::MAX), [threads[0].clone()]);
    assert!(world.is_asleep(&threads[1]) && !world.is_asleep(&threads[0]));
    let next = Ask::Local;
    assert!(touched(&world, &threads[0], &next).conflicts(&waking));
    assert!(!touched(&world, &threads[1], &next).conflicts(&waking));
    world.did(&threads[0], &next, Answer::Value(0));
    assert_eq!(touched(&world, &threads[0], &next), Footprint::nothing());
}

#[test]
fn a_wake_goes_to_sleepers_on_that_word_that_heed_it() {
    let (mut world, threads) = with_threads(3);
    world.falls_asleep(&threads[0], WORD, 1);
    world.falls_asleep(&threads[1], WORD + 8, 3);
    assert_eq!(world.wakes(&threads[2], WORD, 1, 2), []);
    assert_eq!(world.wakes(&threads[2], WORD + 8, 9, 2), [threads[1].clone()]);
    assert_eq!(world.wakes(&threads[2], WORD, 0, 1), []);
    assert_eq!(world.wakes(&threads[2], WORD, 1, 1), [threads[0].clone()]);
}

#[test]
fn a_thread_that_ends_clears_its_word() {
    let (world, threads) = with_threads(2);
    let ends = touched(&world, &threads[0], &Ask::EndThread { clears: WORD });
    let (sees, sleeps) =
        (touched(&world, &root(), &access(WORD, false)), touched(&world, &root(), &wait(true)));
    assert!(ends.conflicts(&sees) && ends.conflicts(&sleeps));
    let other = touched(&world, &threads[1], &Ask::EndThread { clears: WORD + 8 });
    assert!(!ends.conflicts(&other));
}

#[test]
fn what_has_no_model_among_threads_is_refused_or_touches_everything() {
    let (mut world, threads) = with_threads(1);
    assert!(world.look(&root(), &WAIT).is_err());
    assert!(world.look(&threads[0], &Ask::Exec).is_err());
    assert!(world.look(&root(), &Ask::EndThread { clears: 0 }).is_err(), "the first thread");
    assert_eq!(touched(&world, &threads[0], &Ask::Close(Fd(1))), Footprint::everything());
    // A write reads its bytes, wherever they are.
    let writes = touched(&world, &threads[0], &super::cast::write(1, 5));
    assert!(writes.conflicts(&touched(&world, &root(), &access(WORD, true))));
    assert!(!writes.conflicts(&touched(&world, &root(), &access(WORD, false))));
    let less = Ask::Fork(CloneFlags(CloneFlags::THREAD | CloneFlags::VM | CloneFlags::SIGHAND));
    assert!(world.look(&root(), &less).is_err());
    world.thread_ended(&threads[0]);
    assert!(world.look(&root(), &Ask::Close(Fd(1))).expect("alone again").footprint == Footprint::nothing());
}
