//! Wait calls: who is reported, when they sleep, what they see.

use super::cast::*;
use crate::model::ids::{Errno, Pid, Signal, TaskPath};
use crate::model::operation::Disposition;
use crate::model::waits::Selector;
use crate::world::{Answer, Ask, WaitFor, World};

/// The root and its children.
fn family(children: usize) -> (World, Vec<TaskPath>) {
    let mut world = World::fresh();
    let children = (0..children).map(|_| world.forks(&root())).collect();
    (world, children)
}

fn only(child: &TaskPath) -> Ask {
    wait(Selector::Pid(pid_of(child)), false)
}

#[test]
fn a_wait_sleeps_until_a_child_ends() {
    let (mut world, children) = family(2);
    assert!(!world.is_ready(&root(), &WAIT));
    world.exits(&children[1]);
    assert!(world.is_ready(&root(), &WAIT));
    assert_eq!(world.answer(&root(), &WAIT), Answer::News(Some(pid_of(&children[1]))));
}

#[test]
fn a_wait_for_one_child_sleeps_although_another_has_ended() {
    let (mut world, children) = family(2);
    world.exits(&children[1]);
    assert!(!world.is_ready(&root(), &only(&children[0])));
    assert!(world.is_ready(&root(), &only(&children[1])));
}

#[test]
fn whoever_is_reaped_is_no_child_any_more() {
    let (mut world, children) = family(1);
    world.exits(&children[0]);
    assert!(world.is_there(&children[0]), "a zombie has its PID still");
    world.does(&root(), &WAIT);
    assert!(!world.is_there(&children[0]));
    assert_eq!(world.answer(&root(), &WAIT), Answer::Failed(Errno::ECHILD));
}

#[test]
fn a_look_with_wnowait_leaves_the_zombie() {
    let (mut world, children) = family(1);
    world.exits(&children[0]);
    let peek = Ask::Wait(WaitFor { selector: Selector::Any, nohang: false, nowait: true });
    world.does(&root(), &peek);
    assert!(world.is_there(&children[0]));
    assert!(world.is_ready(&root(), &WAIT));
}

#[test]
fn who_has_no_children_is_told_so_at_once() {
    let (mut world, children) = family(1);
    assert!(world.is_ready(&children[0], &WAIT), "a child's own");
    assert!(world.is_ready(&root(), &wait(Selector::Pid(Pid(1)), false)), "somebody else's");
    let grandchild = world.forks(&children[0]);
    assert!(world.is_ready(&root(), &only(&grandchild)), "a grandchild is no child");
    assert!(!world.is_ready(&children[0], &only(&grandchild)));
}

#[test]
fn wnohang_never_sleeps_and_sees_that_nobody_has_ended() {
    let (world, children) = family(2);
    let ask = wait(Selector::Any, true);
    assert!(world.is_ready(&root(), &ask));
    for child in &children {
        assert!(world.conflict((&root(), &ask), (child, &EXIT)));
    }
    let one = wait(Selector::Pid(pid_of(&children[0])), true);
    assert!(world.conflict((&root(), &one), (&children[0], &EXIT)));
    assert!(!world.conflict((&root(), &one), (&children[1], &EXIT)));
}

#[test]
fn a_wait_that_finds_the_oldest_would_have_looked_at_the_younger_ones_too() {
    let (mut world, children) = family(2);
    world.exits(&children[0]);
    assert!(world.conflict((&root(), &WAIT), (&children[1], &EXIT)));
}

#[test]
fn a_sleeping_wait_depends_on_the_ends_of_those_it_asks_about_and_of_nobody_else() {
    let (mut world, children) = family(2);
    let grandchild = world.forks(&children[0]);
    assert!(world.conflict((&root(), &WAIT), (&children[0], &EXIT)));
    assert!(!world.conflict((&root(), &WAIT), (&grandchild, &EXIT)));
    assert!(!world.conflict((&root(), &only(&children[0])), (&children[1], &EXIT)));
}

#[test]
fn ends_of_siblings_commute() {
    let (world, children) = family(2);
    assert!(!world.conflict((&children[0], &EXIT), (&children[1], &EXIT)));
}

#[test]
fn the_children_of_those_who_ignore_sigchld_leave_no_zombies_and_the_wait_for_them_ends_in_vain() {
    for (action_now, flags) in
        [(Disposition::Ignore, 0), (Disposition::Default, 2), (Disposition::Handler, 2)]
    {
        let (mut world, children) = family(2);
        world.does(&root(), &action(Signal::CHLD, action_now, flags));
        assert!(world.exits(&children[0]).vanishes);
        assert!(!world.is_there(&children[0]));
        assert!(!world.is_ready(&root(), &WAIT), "one is left");
        assert!(world.conflict((&root(), &WAIT), (&children[1], &EXIT)));
        world.exits(&children[1]);
        assert_eq!(world.answer(&root(), &WAIT), Answer::Failed(Errno::ECHILD));
        assert!(world.is_ready(&root(), &WAIT));
    }
    let (mut world, children) = family(1);
    assert!(!world.exits(&children[0]).vanishes, "by default they do");
}

#[test]
fn whether_a_child_leaves_a_zombie_depends_on_what_its_parent_does_with_sigchld() {
    let (world, children) = family(1);
    let ignore = action(Signal::CHLD, Disposition::Ignore, 0);
    assert!(world.conflict((&root(), &ignore), (&children[0], &EXIT)));
    assert!(!world.conflict((&root(), &handle(USR1)), (&children[0], &EXIT)));
}

#[test]
fn process_groups_and_pidfds_are_refused() {
    let (world, _) = family(1);
    assert!(world.refuses(&root(), &wait(Selector::Group(Pid(7)), false)));
    assert!(!world.refuses(&root(), &wait(Selector::Group(Pid(0)), false)), "nobody changes groups");
    assert!(world.refuses(&root(), &wait(Selector::PidFd(crate::Fd(3)), false)));
}
