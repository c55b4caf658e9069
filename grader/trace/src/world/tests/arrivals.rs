//! Arrivals: when a signal may come, what it ends, which sleeping calls it wakes.

use super::cast::*;
use crate::model::ids::Signal;
use crate::world::{Ask, Timeout, World};

/// A child with a handler (or not) to which this signal was sent; and a pipe.
fn sent(setup: &[Ask], signal: Signal) -> World {
    let mut world = World::after(&[NEW_PIPE, FORK]);
    setup.iter().for_each(|ask| world.does(&child(), ask));
    world.does(&root(), &kill(&child(), signal));
    world
}

fn child() -> crate::TaskPath {
    task(&[0])
}

fn handler(flags: u64) -> Ask {
    action(USR1, crate::Disposition::Handler, flags)
}

fn kills(world: &World, ask: &Ask) -> Vec<bool> {
    world.arrivals(&child(), ask).iter().map(|arrival| arrival.kills).collect()
}

#[test]
fn a_call_may_be_interrupted_where_a_handler_of_a_signal_that_is_let_in_does_not_make_it_begin_again() {
    let after = |calls: &[Ask]| World::after(calls).disturber(&root(), &WAIT).is_some();
    let interrupts = |signal| action(signal, crate::Disposition::Handler, 0);
    assert!(after(&[interrupts(USR1)]));
    assert!(!after(&[]));
    assert!(!after(&[handle(USR1)]), "the call begins again");
    assert!(!after(&[interrupts(USR1), Ask::Mask(bit(USR1))]), "it is blocked");
    assert!(!after(&[interrupts(Signal(11))]), "nobody sends a fault");
    assert!(
        World::after(&[interrupts(USR1)]).disturber(&root(), &Ask::Sleep).is_none(),
        "a read, write or wait"
    );
}

#[test]
fn a_write_to_a_terminal_finds_a_signal_although_it_does_not_sleep() {
    let waking = |flags, terminal, ask: &Ask| {
        let mut world = sent(&[handler(flags)], USR1);
        if terminal {
            world.output_is_a_terminal();
        }
        world.waking(&child(), ask)
    };
    assert_eq!(waking(0, true, &write(1, 1)), [USR1]);
    assert!(waking(RESTART, true, &write(1, 1)).is_empty(), "it begins again");
    assert!(waking(0, false, &write(1, 1)).is_empty(), "a pipe takes it");
    assert!(waking(0, true, &write(2, 1)).is_empty(), "standard error is none");
    assert!(waking(0, true, &write(4, 1)).is_empty(), "that pipe has room");
}

#[test]
fn without_a_handler_it_kills() {
    assert_eq!(kills(&sent(&[], USR1), &EXIT), [true]);
    assert_eq!(kills(&sent(&[handle(USR1)], USR1), &EXIT), [false]);
    assert_eq!(kills(&sent(&[handle(USR1)], TERM), &EXIT), [true]);
}

#[test]
fn a_kill_signal_that_arrives_is_the_end_with_all_that_it_touches() {
    let mut world = sent(&[], TERM);
    let arrival = world.arrivals(&child(), &read(3, 1)).remove(0);
    assert!(arrival.footprint.conflicts(&world.touches(&root(), &WAIT)));
    assert!(arrival.footprint.conflicts(&world.touches(&root(), &kill(&child(), TERM))));
    world.gets(&child(), TERM, arrival.kills);
    assert!(world.is_ready(&root(), &WAIT));
    let handled = sent(&[handle(USR1)], USR1).arrivals(&child(), &EXIT).remove(0);
    assert!(!handled.footprint.conflicts(&world.touches(&root(), &WAIT)));
}

#[test]
fn what_is_blocked_does_not_arrive_and_sigkill_cannot_be_blocked() {
    let all = Ask::Mask(u64::MAX);
    assert!(sent(std::slice::from_ref(&all), TERM).before(&child(), &EXIT).is_empty());
    assert_eq!(sent(&[all], Signal::KILL).before(&child(), &EXIT), [Signal::KILL]);
}

#[test]
fn pause_ends_with_a_handler_and_not_before() {
    let mut world = World::after(&[FORK]);
    let pause = Ask::Pause(None);
    assert!(!world.is_ready(&child(), &pause));
    world.does(&child(), &handle(USR1));
    assert!(world.conflict((&root(), &kill(&child(), USR1)), (&child(), &handle(USR1))));
    world.does(&root(), &kill(&child(), USR1));
    assert_eq!(world.waking(&child(), &pause), [USR1]);
    assert_eq!(world.before(&child(), &pause), [USR1], "it may come too early, and the pause lasts for ever");
    assert!(sent(&[], USR1).waking(&child(), &pause).is_empty(), "it dies");
}

#[test]
fn sigsuspend_unblocks_while_it_sleeps() {
    let suspend = Ask::Pause(Some(0));
    let world = sent(&[handle(USR1), Ask::Mask(bit(USR1))], USR1);
    assert!(world.before(&child(), &suspend).is_empty(), "nothing is lost");
    assert_eq!(world.waking(&child(), &suspend), [USR1]);
    assert!(world.waking(&child(), &Ask::Pause(Some(bit(USR1)))).is_empty());
    let deadly = sent(&[Ask::Mask(bit(USR1))], USR1);
    assert_eq!(deadly.waking(&child(), &suspend), [USR1]);
    assert_eq!(kills(&deadly, &suspend), [true]);
}

#[test]
fn sa_restart_decides_for_waits_reads_and_writes() {
    for (flags, wakes) in [(0, vec![USR1]), (RESTART, vec![])] {
        let mut world = sent(&[handler(flags)], USR1);
        let grandchild = world.forks(&child());
        assert_eq!(world.waking(&child(), &read(3, 1)), wakes);
        assert_eq!(world.waking(&child(), &WAIT), wakes);
        (0..16).for_each(|_| world.does(&root(), &write(4, 4096)));
        assert_eq!(world.waking(&child(), &write(4, 1)), wakes);
        assert!(world.waking(&child(), &read(3, 1)).is_empty(), "it does not sleep");
        world.exits(&grandchild);
        assert!(world.waking(&child(), &WAIT).is_empty(), "it does not sleep");
    }
}

#[test]
fn sleep_and_poll_never_begin_again() {
    for flags in [0, RESTART] {
        let mut world = sent(&[handler(flags)], USR1);
        assert_eq!(world.waking(&child(), &Ask::Sleep), [USR1]);
        assert_eq!(world.waking(&child(), &poll_input(3, Timeout::Never)), [USR1]);
        assert_eq!(world.waking(&child(), &poll_input(3, Timeout::Some)), [USR1]);
        assert!(world.waking(&child(), &poll_input(3, Timeout::Zero)).is_empty());
        world.does(&root(), &write(4, 1));
        assert!(world.waking(&child(), &poll_input(3, Timeout::Never)).is_empty(), "it does not sleep");
    }
}

#[test]
fn calls_that_do_not_sleep_are_not_interrupted() {
    let world = sent(&[handler(0)], USR1);
    for ask in [FORK, EXIT, close(3), Ask::GetParent, write(1, 1), write(4, 1)] {
        assert!(world.waking(&child(), &ask).is_empty(), "{ask:?}");
        assert_eq!(world.before(&child(), &ask), [USR1], "{ask:?}");
    }
}

#[test]
fn the_default_of_sigchld_wakes_nobody() {
    let mut world = World::after(&[Ask::Mask(bit(Signal::CHLD)), FORK]);
    world.exits(&child());
    assert!(world.waking(&root(), &Ask::Pause(Some(0))).is_empty());
    world.does(&root(), &handle(Signal::CHLD));
    assert_eq!(world.waking(&root(), &Ask::Pause(Some(0))), [Signal::CHLD]);
}

#[test]
fn nothing_arrives_at_the_dead_nor_at_those_who_sleep_in_vfork() {
    let mut world = sent(&[], TERM);
    world.exits(&child());
    assert!(world.arrivals(&child(), &EXIT).is_empty());
    let mut world = World::after(&[handle(USR1), VFORK]);
    world.does(&child(), &kill(&root(), USR1));
    assert!(world.arrivals(&root(), &EXIT).is_empty());
    world.does(&child(), &Ask::Exec);
    assert_eq!(world.before(&root(), &EXIT), [USR1]);
}
