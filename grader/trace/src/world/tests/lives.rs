//! Births, execs, ends: vfork, orphans, what is inherited.

use super::cast::*;
use crate::model::births::CloneFlags;
use crate::model::ids::{Errno, Signal};
use crate::model::status::ExitStatus;
use crate::world::{Answer, Ask, World};

#[test]
fn tasks_are_named_by_their_place_in_the_tree() {
    let mut world = World::fresh();
    let child = world.forks(&root());
    world.forks(&child);
    world.forks(&root());
    let living: Vec<String> = world.living().map(ToString::to_string).collect();
    assert_eq!(living, ["0", "0.0", "0.0.0", "0.1"]);
    assert_eq!(world.path_of(pid_of(&task(&[0, 0]))), Some(&task(&[0, 0])));
}

#[test]
fn forks_of_different_processes_commute() {
    let mut world = World::fresh();
    let child = world.forks(&root());
    assert!(!world.conflict((&root(), &FORK), (&child, &FORK)));
}

#[test]
fn a_vfork_parent_sleeps_until_its_child_ends() {
    let mut world = World::fresh();
    let child = world.next_child(&root());
    world.does(&root(), &VFORK);
    for ask in [WAIT, write(1, 1), Ask::GetParent, Ask::Local, EXIT] {
        assert!(!world.is_ready(&root(), &ask), "{ask:?}");
        assert!(world.conflict((&root(), &ask), (&child, &EXIT)));
        assert!(!world.conflict((&root(), &ask), (&child, &write(1, 1))));
    }
    assert!(world.is_ready(&child, &write(1, 1)));
    world.exits(&child);
    assert!(world.is_ready(&root(), &Ask::Local));
}

#[test]
fn a_vfork_parent_sleeps_until_its_child_becomes_another_program() {
    let mut world = World::fresh();
    let child = world.next_child(&root());
    world.does(&root(), &VFORK);
    assert!(world.is_in_vfork(&root()));
    assert!(world.conflict((&root(), &Ask::Local), (&child, &Ask::Exec)));
    world.does(&child, &Ask::Exec);
    assert!(world.is_ready(&root(), &Ask::Local));
    assert!(!world.is_in_vfork(&root()));
    let usual = World::after(&[FORK]);
    assert!(
        !usual.conflict((&root(), &WAIT), (&task(&[0]), &Ask::Exec)),
        "after fork nobody waits for an exec"
    );
}

#[test]
fn what_a_vfork_parent_does_next_comes_after_what_woke_it() {
    for wakes in [EXIT, Ask::Exec] {
        let mut world = World::fresh();
        let child = world.next_child(&root());
        world.does(&root(), &handle(USR1));
        world.does(&root(), &VFORK);
        let touched = world.touches(&child, &wakes);
        world.does(&child, &wakes);
        assert!(world.touches(&root(), &write(1, 1)).conflicts(&touched), "{wakes:?}");
        world.does(&root(), &write(1, 1));
        assert!(!world.touches(&root(), &write(1, 1)).conflicts(&touched), "that once");
    }
}

#[test]
fn threads_and_shared_memory_are_refused() {
    let world = World::fresh();
    let clone = |flags| Ask::Fork(CloneFlags(flags));
    assert!(world.refuses(&root(), &clone(CloneFlags::THREAD | CloneFlags::VM)));
    assert!(world.refuses(&root(), &clone(CloneFlags::VM)));
    assert!(world.refuses(&root(), &clone(CloneFlags::FILES)));
    assert!(world.refuses(&root(), &clone(CloneFlags::PARENT)));
    assert!(!world.refuses(&root(), &VFORK));
    assert!(!world.refuses(&root(), &clone(0x0120_0000)), "what glibc's fork asks for");
}

#[test]
fn who_loses_the_parent_can_notice() {
    let mut world = World::fresh();
    let child = world.forks(&root());
    let grandchild = world.forks(&child);
    assert!(world.conflict((&grandchild, &Ask::GetParent), (&child, &EXIT)));
    assert!(!world.conflict((&grandchild, &Ask::GetParent), (&root(), &EXIT)));
    let before = world.answer(&grandchild, &Ask::GetParent);
    world.exits(&child);
    assert_ne!(world.answer(&grandchild, &Ask::GetParent), before);
}

#[test]
fn zombies_that_lose_their_parent_are_left_to_whoever_adopts_them() {
    let mut world = World::fresh();
    let child = world.forks(&root());
    let (dead, alive) = (world.forks(&child), world.forks(&child));
    world.exits(&dead);
    assert_eq!(world.exits(&child).left, std::slice::from_ref(&dead));
    assert!(!world.is_there(&dead));
    assert!(world.is_there(&alive));
    assert!(world.exits(&alive).left.is_empty());
    assert!(!world.is_there(&alive), "nobody of the run can wait for it");
    assert!(world.is_there(&child), "its parent lives");
    assert_eq!(world.status(&dead), Some(ExitStatus::Exited(0)));
}

#[test]
fn a_zombie_is_gone_with_its_parent_and_a_kill_can_tell() {
    let mut world = World::fresh();
    let (middle, killer) = (world.forks(&root()), world.forks(&root()));
    let zombie = world.forks(&middle);
    world.exits(&zombie);
    assert_eq!(world.answer(&killer, &kill(&zombie, TERM)), Answer::Value(0));
    assert!(world.conflict((&killer, &kill(&zombie, TERM)), (&middle, &EXIT)));
    world.exits(&middle);
    assert_eq!(world.answer(&killer, &kill(&zombie, TERM)), Answer::Failed(Errno(3)));
}

#[test]
fn a_child_gets_the_mask_and_the_dispositions_and_nothing_that_is_pending() {
    let mut world = World::after(&[FORK, handle(USR1), Ask::Mask(bit(TERM)), handle(TERM)]);
    world.does(&task(&[0]), &kill(&root(), TERM));
    let child = world.forks(&root());
    assert!(world.handles(&child, USR1));
    assert!(world.before(&child, &Ask::Mask(0)).is_empty());
    world.does(&child, &Ask::Mask(0));
    assert!(world.before(&child, &EXIT).is_empty());
    world.does(&root(), &Ask::Mask(0));
    assert_eq!(world.before(&root(), &EXIT), [TERM]);
}

#[test]
fn a_new_program_has_no_handlers_and_ignores_what_was_ignored() {
    let ignore = action(PIPE, crate::Disposition::Ignore, 0);
    let mut world = World::after(&[handle(USR1), handle(Signal::CHLD), ignore, Ask::Exec]);
    assert!(!world.handles(&root(), USR1));
    assert!(!world.kills(&root(), PIPE));
    let child = world.forks(&root());
    world.exits(&child);
    world.does(&root(), &handle(Signal::CHLD));
    assert!(world.before(&root(), &WAIT).is_empty(), "nobody minded when it came");
}

#[test]
fn an_exec_beside_the_end_of_a_child_decides_whether_the_signal_is_kept() {
    for (calls, noticed) in
        [(vec![FORK], false), (vec![handle(USR1), FORK], false), (vec![handle(Signal::CHLD), FORK], true)]
    {
        let world = World::after(&calls);
        assert_eq!(world.conflict((&root(), &Ask::Exec), (&task(&[0]), &EXIT)), noticed, "{calls:?}");
    }
}

#[test]
fn an_end_touches_what_it_closes() {
    let mut world = World::after(&[NEW_PIPE]);
    let child = world.forks(&root());
    world.does(&root(), &close(4));
    assert!(world.conflict((&root(), &read(3, 1)), (&child, &EXIT)));
    world.does(&child, &close(4));
    assert!(!world.conflict((&root(), &Ask::GetParent), (&child, &EXIT)));
}
