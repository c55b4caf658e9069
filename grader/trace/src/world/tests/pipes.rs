//! Pipes: sixteen slots of a page, and who sleeps at either end.

use super::cast::*;
use crate::model::ids::{Errno, Fd};
use crate::model::operation::Disposition;
use crate::world::{Answer, Ask, World};

const PAGE: u64 = 4096;

/// A pipe (3 to read, 4 to write) into which this was written.
fn holding(writes: &[u64]) -> World {
    let mut world = World::after(&[NEW_PIPE]);
    for bytes in writes {
        assert!(world.is_ready(&root(), &write(4, *bytes)), "{bytes} after {writes:?}");
        world.does(&root(), &write(4, *bytes));
    }
    world
}

fn room(world: &World, wanted: u64) -> Option<u64> {
    world.seen(&root(), &write(4, wanted)).room
}

#[test]
fn a_read_sleeps_until_there_is_a_byte_or_nobody_who_could_write() {
    let mut world = World::after(&[NEW_PIPE, FORK]);
    let child = task(&[0]);
    assert!(!world.is_ready(&root(), &read(3, 1)));
    assert!(world.conflict((&root(), &read(3, 1)), (&child, &write(4, 1))));
    assert!(world.conflict((&root(), &read(3, 1)), (&child, &close(4))));
    assert!(!world.conflict((&root(), &read(3, 1)), (&child, &close(3))));
    world.does(&root(), &close(4));
    assert!(!world.is_ready(&root(), &read(3, 1)), "the child could write");
    let mut written = world.clone();
    written.does(&child, &write(4, 2));
    assert_eq!(written.answer(&root(), &read(3, 5)), Answer::Value(2));
    assert!(written.is_ready(&root(), &read(3, 5)));
    world.exits(&child);
    assert!(world.is_ready(&root(), &read(3, 1)));
    assert_eq!(world.answer(&root(), &read(3, 1)), Answer::Value(0));
}

#[test]
fn a_reader_that_holds_the_write_end_itself_sleeps_for_ever() {
    let mut world = World::after(&[NEW_PIPE, FORK]);
    world.exits(&task(&[0]));
    assert!(!world.is_ready(&root(), &read(3, 1)));
}

#[test]
fn a_pipe_of_full_pages_holds_sixteen() {
    let world = holding(&[PAGE; 15]);
    assert_eq!(room(&world, PAGE), Some(PAGE));
    let world = holding(&[PAGE; 16]);
    assert!(!world.is_ready(&root(), &write(4, 1)));
    assert_eq!(room(&holding(&[]), 70_000), Some(65_536), "a long write is done in part");
}

#[test]
fn small_writes_share_a_slot_and_large_ones_that_do_not_fit_take_a_new_one() {
    let world = holding(&[1; 100]);
    assert_eq!(
        room(&world, 70_000),
        Some(368 + 15 * PAGE),
        "what exceeds whole pages goes into the first slot"
    );
    assert_eq!(room(&world, 15 * PAGE + 3_996), Some(15 * PAGE + 3_996));
    assert_eq!(room(&world, 15 * PAGE + 3_997), Some(15 * PAGE), "one byte too much");
    // 2 049 bytes twice are more than a page: sixteen of them fill the pipe with half of what it could hold.
    let world = holding(&[2_049; 16]);
    assert!(!world.is_ready(&root(), &write(4, 2_049)));
    assert_eq!(room(&world, 2_047), Some(2_047), "the last slot has room");
    assert!(!world.is_ready(&root(), &write(4, 2_048)));
}

#[test]
fn whole_pages_never_share_a_slot() {
    let world = holding(&[1, PAGE, 1, PAGE, 1, PAGE, 1, PAGE, 1, PAGE, 1, PAGE, 1, PAGE, 1, PAGE]);
    assert!(!world.is_ready(&root(), &write(4, 1)));
    assert!(!world.is_ready(&root(), &write(4, PAGE)));
}

#[test]
fn a_slot_is_free_when_its_last_byte_was_read() {
    let mut world = holding(&[PAGE; 16]);
    world.does(&root(), &read(3, PAGE - 1));
    assert!(!world.is_ready(&root(), &write(4, 1)), "the page is used up though nearly empty");
    world.does(&root(), &read(3, 1));
    assert_eq!(room(&world, PAGE), Some(PAGE));
}

#[test]
fn a_short_write_is_all_or_nothing() {
    let mut world = holding(&[PAGE; 15]);
    world.does(&root(), &write(4, 4_000));
    assert_eq!(room(&world, 96), Some(96));
    assert!(!world.is_ready(&root(), &write(4, 97)));
    assert_eq!(room(&world, PAGE + 96), Some(96), "a long one takes what there is");
}

#[test]
fn a_writer_that_sleeps_goes_on_when_somebody_reads_or_nobody_can() {
    let mut world = holding(&[PAGE; 16]);
    let child = world.forks(&root());
    world.does(&root(), &close(3));
    let blocked = write(4, PAGE);
    assert!(!world.is_ready(&root(), &blocked));
    assert!(world.conflict((&root(), &blocked), (&child, &read(3, 1))));
    assert!(world.conflict((&root(), &blocked), (&child, &close(3))));
    let mut after = world.clone();
    after.does(&child, &read(3, PAGE));
    assert!(after.is_ready(&root(), &blocked));
    world.exits(&child);
    assert!(world.is_ready(&root(), &blocked));
    assert_eq!(world.answer(&root(), &blocked), Answer::Failed(Errno(32)));
}

#[test]
fn reads_and_writes_commute_while_there_is_room_and_something_to_read() {
    let mut world = holding(&[10]);
    let child = world.forks(&root());
    assert!(!world.conflict((&root(), &read(3, 4)), (&child, &write(4, 4))));
    assert!(world.conflict((&root(), &read(3, 11)), (&child, &write(4, 4))), "a read that comes up short");
    assert!(world.conflict((&root(), &read(3, 4)), (&child, &read(3, 4))));
    assert!(world.conflict((&root(), &write(4, 4)), (&child, &write(4, 4))));
    let mut world = holding(&[30_000]);
    let child = world.forks(&root());
    assert!(world.conflict((&root(), &read(3, 4)), (&child, &write(4, 3_000))), "it may need the room");
}

#[test]
fn closes_of_one_end_commute() {
    let mut world = World::after(&[NEW_PIPE]);
    let child = world.forks(&root());
    assert!(!world.conflict((&root(), &close(4)), (&child, &close(4))));
    assert!(!world.conflict((&root(), &close(4)), (&child, &EXIT)));
}

#[test]
fn who_writes_where_nobody_reads_dies_unless_sigpipe_is_cared_for() {
    let mut world = World::after(&[NEW_PIPE]);
    let child = world.forks(&root());
    world.does(&root(), &close(3));
    assert!(!world.conflict((&root(), &WAIT), (&child, &write(4, 1))), "somebody can read");
    world.does(&child, &close(3));
    assert!(world.conflict((&root(), &WAIT), (&child, &write(4, 1))), "it will die of it");
    for disposition in [Disposition::Ignore, Disposition::Handler] {
        let mut cared = world.clone();
        cared.does(&child, &action(PIPE, disposition, 0));
        assert!(cared.is_ready(&child, &write(4, 1)));
        assert!(!cared.conflict((&root(), &WAIT), (&child, &write(4, 1))));
    }
    let mut blocked = world.clone();
    blocked.does(&child, &Ask::Mask(bit(PIPE)));
    assert!(blocked.refuses(&child, &write(4, 1)), "it would die of it later");
    world.does(&child, &write(4, 1));
    assert!(world.is_ready(&root(), &WAIT));
}

#[test]
fn without_waiting_there_is_always_an_answer() {
    let mut world = World::after(&[Ask::Pipe { cloexec: false, nonblock: true }, FORK]);
    let child = task(&[0]);
    assert!(world.is_ready(&root(), &read(3, 1)));
    assert_eq!(world.answer(&root(), &read(3, 1)), Answer::Failed(Errno::EAGAIN));
    assert!(world.conflict((&root(), &read(3, 1)), (&child, &write(4, 1))), "it saw that there was nothing");
    assert!(world.conflict((&root(), &read(3, 1)), (&child, &close(4))));
    (0..16).for_each(|_| world.does(&root(), &write(4, PAGE)));
    assert!(world.is_ready(&root(), &write(4, 1)));
    assert_eq!(world.answer(&root(), &write(4, 1)), Answer::Failed(Errno::EAGAIN));
    assert!(world.conflict((&root(), &write(4, 1)), (&child, &read(3, 1))));
}

#[test]
fn o_nonblock_belongs_to_the_open_file_description_that_others_share() {
    let mut world = World::after(&[NEW_PIPE, FORK]);
    let set = |fd| Ask::SetNonblock { fd: Fd(fd), nonblock: true };
    assert!(world.conflict((&root(), &read(3, 1)), (&task(&[0]), &set(3))));
    assert!(!world.conflict((&root(), &read(3, 1)), (&task(&[0]), &set(4))));
    world.does(&task(&[0]), &set(3));
    assert!(world.is_ready(&root(), &read(3, 1)));
}

#[test]
fn nothing_is_read_or_written_at_once() {
    let mut world = holding(&[PAGE; 16]);
    let child = world.forks(&root());
    for ask in [read(3, 0), write(4, 0)] {
        assert!(world.is_ready(&root(), &ask));
        assert!(!world.conflict((&root(), &ask), (&child, &write(4, 1))));
    }
}

#[test]
fn the_wrong_end_and_a_closed_one_answer_at_once() {
    let mut world = World::after(&[NEW_PIPE, FORK]);
    assert!(world.is_ready(&root(), &read(4, 1)));
    assert!(world.is_ready(&root(), &write(3, 1)));
    world.does(&root(), &close(3));
    assert!(world.is_ready(&root(), &read(3, 1)));
    assert!(!world.is_ready(&task(&[0]), &read(3, 1)), "its own table is another one");
}
