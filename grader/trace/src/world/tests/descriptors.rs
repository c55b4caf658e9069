//! Descriptor tables: dup, close, close on exec.

use super::cast::*;
use crate::model::ids::Fd;
use crate::world::{Answer, Ask, DupTo, World};

/// Whether somebody could still write into the pipe whose read end is 3.
fn is_written(world: &World) -> bool {
    !world.is_ready(&root(), &read(3, 1))
}

#[test]
fn a_copy_keeps_the_end_open() {
    let mut world = World::after(&[NEW_PIPE, dup_to(4, 7), close(4)]);
    assert!(is_written(&world));
    world.does(&root(), &close(7));
    assert!(!is_written(&world));
}

#[test]
fn dup2_closes_what_was_there() {
    let mut world = World::after(&[NEW_PIPE, FORK]);
    assert!(world.conflict((&task(&[0]), &dup_to(1, 4)), (&root(), &read(3, 1))));
    assert!(!world.conflict((&task(&[0]), &dup_to(1, 5)), (&root(), &read(3, 1))));
    assert!(!world.conflict((&task(&[0]), &dup_to(4, 4)), (&root(), &read(3, 1))), "onto itself: nothing");
    world.does(&task(&[0]), &dup_to(1, 4));
    world.does(&root(), &dup_to(4, 4));
    assert!(is_written(&world));
    world.does(&root(), &dup_to(1, 4));
    assert!(!is_written(&world));
    assert!(world.leads_to_stdout(&root(), Fd(4)));
}

#[test]
fn dup2_of_what_is_not_open_closes_nothing() {
    let world = World::after(&[NEW_PIPE, dup_to(9, 4)]);
    assert!(is_written(&world));
}

#[test]
fn dup_takes_the_lowest_free_number() {
    let dup = |from, at_least| Ask::Dup { from: Fd(from), to: DupTo::Lowest(Fd(at_least)), cloexec: false };
    let world = World::after(&[NEW_PIPE, close(0)]);
    assert_eq!(world.answer(&root(), &dup(4, 0)), Answer::Value(0));
    assert_eq!(world.answer(&root(), &dup(4, 3)), Answer::Value(5));
    let copied = World::after(&[NEW_PIPE, close(0), dup(4, 0), close(4)]);
    assert!(is_written(&copied));
}

#[test]
fn exec_closes_what_is_marked_and_that_is_noticed() {
    for cloexec in [false, true] {
        let mut world = World::after(&[Ask::Pipe { cloexec, nonblock: false }, FORK, close(4)]);
        let child = task(&[0]);
        assert_eq!(world.conflict((&root(), &read(3, 1)), (&child, &Ask::Exec)), cloexec);
        world.does(&child, &Ask::Exec);
        assert_eq!(is_written(&world), !cloexec);
    }
}

#[test]
fn the_mark_belongs_to_the_slot_and_not_to_the_file() {
    let mark = |fd, cloexec| Ask::SetCloexec { fd: Fd(fd), cloexec };
    let mut world = World::after(&[NEW_PIPE, mark(4, true), dup_to(4, 5), FORK]);
    world.does(&root(), &Ask::Exec);
    world.does(&task(&[0]), &Ask::Exec);
    assert!(is_written(&world), "5 is not marked");
    let marked_too = Ask::Dup { from: Fd(4), to: DupTo::At(Fd(5)), cloexec: true };
    let mut world = World::after(&[NEW_PIPE, mark(4, true), marked_too, mark(4, false), mark(4, true)]);
    world.does(&root(), &Ask::Exec);
    assert!(!is_written(&world));
}

#[test]
fn close_range_closes_or_marks() {
    let range = |mark_only| Ask::CloseRange { first: 4, last: u32::MAX, mark_only };
    let mut world = World::after(&[NEW_PIPE, FORK, close(4)]);
    let child = task(&[0]);
    assert!(world.conflict((&child, &range(false)), (&root(), &read(3, 1))));
    assert!(!world.conflict((&child, &range(true)), (&root(), &read(3, 1))));
    let mut marked = world.clone();
    marked.does(&child, &range(true));
    assert!(is_written(&marked));
    marked.does(&child, &Ask::Exec);
    assert!(!is_written(&marked));
    world.does(&child, &range(false));
    assert!(!is_written(&world));
    let backwards = Ask::CloseRange { first: 9, last: 3, mark_only: false };
    world.does(&root(), &backwards);
    assert!(world.is_ready(&root(), &read(3, 1)));
}

#[test]
fn a_child_has_a_table_of_its_own() {
    let mut world = World::after(&[NEW_PIPE, FORK]);
    world.does(&task(&[0]), &close(4));
    assert!(is_written(&world), "the root's own");
    assert!(!world.leads_to_stdout(&task(&[0]), Fd(4)));
    world.does(&root(), &close(1));
    assert!(world.leads_to_stdout(&task(&[0]), Fd(1)));
}

#[test]
fn what_has_no_model_can_be_closed_and_copied_but_not_used() {
    let made = Ask::NewDescriptor { call: "eventfd".into(), cloexec: false };
    let world = World::after(&[made, dup_to(3, 5)]);
    for ask in [read(3, 1), write(5, 1), poll_input(5, crate::world::Timeout::Zero)] {
        assert!(world.refuses(&root(), &ask), "{ask:?}");
    }
    for ask in [close(3), dup_to(3, 6), EXIT, Ask::UseFile(Fd(3))] {
        assert!(!world.refuses(&root(), &ask), "{ask:?}");
    }
}
