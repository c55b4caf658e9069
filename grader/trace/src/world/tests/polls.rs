//! poll: what is news, and what was seen.

use super::cast::*;
use crate::model::ids::Fd;
use crate::world::{Ask, Polled, Timeout, World};

fn pair() -> (World, crate::TaskPath) {
    let mut world = World::after(&[NEW_PIPE]);
    let child = world.forks(&root());
    (world, child)
}

#[test]
fn a_poll_sleeps_as_long_as_a_read_would() {
    let (mut world, child) = pair();
    let poll = poll_input(3, Timeout::Never);
    assert!(!world.is_ready(&root(), &poll));
    assert!(!world.seen(&root(), &poll).timed);
    for news in [write(4, 1), close(4), EXIT] {
        assert!(world.conflict((&root(), &poll), (&child, &news)), "{news:?}");
    }
    let mut written = world.clone();
    written.does(&child, &write(4, 1));
    assert!(written.is_ready(&root(), &poll));
    world.does(&root(), &close(4));
    world.exits(&child);
    assert!(world.is_ready(&root(), &poll), "the end of the file is news");
}

#[test]
fn a_timeout_may_run_out_at_any_time_and_zero_is_over_at_once() {
    let (world, child) = pair();
    let timed = world.seen(&root(), &poll_input(3, Timeout::Some));
    assert!(timed.blocked.is_some() && timed.timed);
    assert!(world.is_ready(&root(), &poll_input(3, Timeout::Zero)));
    assert!(
        world.conflict((&root(), &poll_input(3, Timeout::Zero)), (&child, &write(4, 1))),
        "it saw nothing"
    );
}

#[test]
fn the_end_of_the_file_is_told_besides_the_data() {
    let (mut world, child) = pair();
    world.does(&root(), &write(4, 1));
    let poll = poll_input(3, Timeout::Never);
    assert!(world.is_ready(&root(), &poll));
    assert!(world.conflict((&root(), &poll), (&child, &close(4))), "POLLHUP comes with POLLIN");
    assert!(!world.conflict((&root(), &poll), (&child, &write(4, 1))), "more data is no other news");
    assert!(world.conflict((&root(), &poll), (&child, &read(3, 1))));
}

#[test]
fn the_end_of_the_file_is_told_to_those_who_did_not_ask() {
    let (mut world, child) = pair();
    world.does(&root(), &close(4));
    let nothing =
        Ask::Poll { fds: vec![Polled { fd: Fd(3), input: false, output: false }], timeout: Timeout::Never };
    world.does(&child, &write(4, 1));
    assert!(!world.is_ready(&root(), &nothing));
    assert!(world.conflict((&root(), &nothing), (&child, &close(4))));
    world.does(&child, &close(4));
    assert!(world.is_ready(&root(), &nothing));
}

#[test]
fn room_is_a_free_slot() {
    let (mut world, child) = pair();
    let poll = poll_output(4, Timeout::Never);
    (0..15).for_each(|_| world.does(&root(), &write(4, 4096)));
    assert!(world.is_ready(&root(), &poll));
    world.does(&root(), &write(4, 1));
    assert!(!world.is_ready(&root(), &poll), "a byte would find room, but there is no free slot");
    assert!(world.conflict((&root(), &poll), (&child, &read(3, 1))));
    world.does(&child, &read(3, 4096));
    assert!(world.is_ready(&root(), &poll));
}

#[test]
fn a_write_end_that_nobody_reads_is_news() {
    let (mut world, child) = pair();
    (0..16).for_each(|_| world.does(&root(), &write(4, 4096)));
    let poll = poll_output(4, Timeout::Never);
    world.does(&root(), &close(3));
    assert!(!world.is_ready(&root(), &poll));
    assert!(world.conflict((&root(), &poll), (&child, &close(3))));
    world.exits(&child);
    assert!(world.is_ready(&root(), &poll));
}

#[test]
fn one_of_several_is_enough_and_negative_numbers_do_not_count() {
    let mut world = World::after(&[NEW_PIPE, NEW_PIPE]);
    let entry = |fd| Polled { fd: Fd(fd), input: true, output: false };
    let both = Ask::Poll { fds: vec![entry(3), entry(5)], timeout: Timeout::Never };
    assert!(!world.is_ready(&root(), &both));
    world.does(&root(), &write(6, 1));
    assert!(world.is_ready(&root(), &both));
    assert!(!world.is_ready(&root(), &Ask::Poll { fds: vec![entry(3), entry(-1)], timeout: Timeout::Never }));
    assert!(!world.is_ready(&root(), &Ask::Poll { fds: vec![], timeout: Timeout::Never }));
}

#[test]
fn closed_descriptors_and_files_answer_at_once() {
    let world = World::fresh();
    assert!(world.is_ready(&root(), &poll_input(9, Timeout::Never)));
    assert!(world.is_ready(&root(), &poll_input(0, Timeout::Never)), "/dev/null");
    assert!(world.is_ready(&root(), &poll_output(1, Timeout::Never)));
    assert!(world.refuses(&root(), &poll_input(1, Timeout::Never)));
}
