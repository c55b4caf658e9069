//! Sending: who is killed, what is kept, what vanishes, what two senders notice of each other.

use super::cast::*;
use crate::model::ids::{Errno, Pid, Signal};
use crate::model::operation::{Disposition, Sender};
use crate::world::{Answer, Ask, World};

/// A parent and a child.
fn two() -> (World, crate::TaskPath) {
    let mut world = World::fresh();
    let child = world.forks(&root());
    (world, child)
}

fn set(disposition: Disposition) -> Ask {
    action(USR1, disposition, 0)
}

const WINCH: Signal = Signal(28);

#[test]
fn a_signal_is_pending_until_it_arrives_and_is_pending_once() {
    let (mut world, child) = two();
    world.does(&root(), &kill(&child, USR1));
    world.does(&root(), &kill(&child, USR1));
    assert_eq!(world.before(&child, &EXIT), [USR1]);
    assert_eq!(world.arrive(&child, USR1), Some(Sender::Process(pid_of(&root()))));
    assert!(world.before(&child, &EXIT).is_empty());
    assert_eq!(world.arrive(&child, USR1), None);
}

#[test]
fn of_two_senders_the_first_counts() {
    let (mut world, child) = two();
    let other = world.forks(&root());
    assert!(world.conflict((&root(), &kill(&child, USR1)), (&other, &kill(&child, USR1))));
    assert!(!world.conflict((&root(), &kill(&child, USR1)), (&other, &kill(&child, TERM))));
    world.does(&other, &kill(&child, USR1));
    world.does(&root(), &kill(&child, USR1));
    assert_eq!(world.arrive(&child, USR1), Some(Sender::Process(pid_of(&other))));
}

#[test]
fn what_is_ignored_vanishes_unless_it_is_blocked() {
    for (signal, disposition) in [(USR1, Disposition::Ignore), (WINCH, Disposition::Default)] {
        for kept in [false, true] {
            let (mut world, child) = two();
            world.does(&child, &action(signal, disposition, 0));
            if kept {
                world.does(&child, &Ask::Mask(bit(signal)));
            }
            world.does(&root(), &kill(&child, signal));
            world.does(&child, &handle(signal));
            world.does(&child, &Ask::Mask(0));
            assert_eq!(!world.before(&child, &EXIT).is_empty(), kept, "{signal} {disposition:?}");
        }
    }
}

#[test]
fn to_ignore_a_signal_drops_it() {
    for disposition in [Disposition::Ignore, Disposition::Handler] {
        let (mut world, child) = two();
        world.does(&child, &handle(USR1));
        world.does(&root(), &kill(&child, USR1));
        world.does(&child, &set(disposition));
        world.does(&child, &handle(USR1));
        assert_eq!(world.before(&child, &EXIT).is_empty(), disposition == Disposition::Ignore);
    }
}

#[test]
fn an_ignored_signal_that_was_blocked_vanishes_when_it_is_unblocked() {
    let (mut world, child) = two();
    world.does(&child, &set(Disposition::Ignore));
    world.does(&child, &Ask::Mask(bit(USR1)));
    world.does(&root(), &kill(&child, USR1));
    world.does(&child, &Ask::Mask(0));
    world.does(&child, &handle(USR1));
    assert!(world.before(&child, &EXIT).is_empty());
}

#[test]
fn a_change_of_disposition_or_mask_and_a_signal_notice_each_other() {
    let (world, child) = two();
    assert!(world.conflict((&root(), &kill(&child, USR1)), (&child, &set(Disposition::Ignore))));
    assert!(!world.conflict((&root(), &kill(&child, TERM)), (&child, &set(Disposition::Ignore))));
    let mut ignoring = world.clone();
    ignoring.does(&child, &set(Disposition::Ignore));
    assert!(ignoring.conflict((&root(), &kill(&child, USR1)), (&child, &Ask::Mask(bit(USR1)))));
    let block = Ask::Mask(bit(USR1));
    assert!(
        world.conflict((&root(), &kill(&child, USR1)), (&child, &block)),
        "it may arrive before, and not after"
    );
    let mut blocked = world.clone();
    blocked.does(&child, &block);
    assert!(
        !blocked.conflict((&root(), &kill(&child, USR1)), (&child, &Ask::Mask(0))),
        "it arrives in either case"
    );
}

#[test]
fn a_change_of_disposition_counts_even_when_the_others_have_ended() {
    let (mut world, child) = two();
    let alone = World::fresh();
    assert!(!alone.conflict((&root(), &set(Disposition::Ignore)), (&root(), &kill(&root(), TERM))));
    world.exits(&child);
    // In another schedule the child has not ended yet and sends the signal now.
    let touched = world.touches(&root(), &set(Disposition::Ignore));
    assert!(touched.conflicts(&crate::order::rules::signal_sent(&root(), USR1)));
}

#[test]
fn a_kill_depends_on_whether_its_target_still_lives() {
    let (mut world, child) = two();
    let other = world.forks(&root());
    assert!(world.conflict((&root(), &kill(&child, USR1)), (&child, &EXIT)));
    assert!(!world.conflict((&root(), &kill(&child, USR1)), (&other, &EXIT)));
    world.exits(&child);
    assert_eq!(
        world.answer(&other, &kill(&child, USR1)),
        Answer::Value(0),
        "a zombie takes it, without effect"
    );
    world.does(&other, &kill(&child, USR1));
    assert!(world.conflict((&other, &kill(&child, USR1)), (&root(), &WAIT)));
    world.does(&root(), &WAIT);
    assert_eq!(world.answer(&other, &kill(&child, USR1)), Answer::Failed(Errno(3)));
}

#[test]
fn signal_zero_asks_and_sends_nothing() {
    let (mut world, child) = two();
    let ask = kill(&child, Signal(0));
    assert!(world.conflict((&root(), &ask), (&child, &EXIT)));
    assert!(!world.conflict((&root(), &ask), (&child, &set(Disposition::Ignore))));
    world.does(&root(), &ask);
    assert!(world.arrivals(&child, &EXIT).is_empty());
}

#[test]
fn a_signal_to_oneself_arrives_at_once_unless_it_is_blocked() {
    let (mut world, _) = two();
    let own = kill(&root(), USR1);
    assert!(
        world.conflict((&root(), &own), (&task(&[0]), &Ask::GetParent)),
        "it dies of it, and the child is an orphan"
    );
    world.does(&root(), &handle(USR1));
    world.does(&root(), &own);
    assert!(world.arrivals(&root(), &EXIT).is_empty());
    world.does(&root(), &Ask::Mask(bit(USR1)));
    world.does(&root(), &own);
    assert!(
        world.conflict((&root(), &own), (&task(&[0]), &kill(&root(), USR1))),
        "of two senders the first counts"
    );
    assert!(world.before(&root(), &EXIT).is_empty());
    assert_eq!(world.waking(&root(), &Ask::Pause(Some(0))), [USR1]);
    world.does(&root(), &Ask::Mask(0));
    assert_eq!(world.before(&root(), &EXIT), [USR1]);
}

#[test]
fn the_end_of_a_child_is_a_signal_to_those_who_handle_or_block_it() {
    let minds = |calls: &[Ask]| {
        let mut world = World::after(calls);
        let (child, other) = (world.forks(&root()), world.forks(&root()));
        let parents_end_counts = world.conflict((&child, &EXIT), (&root(), &EXIT));
        let first_counts = world.conflict((&child, &EXIT), (&other, &EXIT));
        world.exits(&child);
        world.does(&root(), &handle(Signal::CHLD));
        world.does(&root(), &Ask::Mask(0));
        let told = world.before(&root(), &EXIT) == [Signal::CHLD];
        assert_eq!(parents_end_counts, told, "the dead are told of nothing");
        assert!(first_counts || !told, "of two ends the first is told of");
        told
    };
    assert!(!minds(&[]));
    assert!(!minds(&[action(Signal::CHLD, Disposition::Ignore, 0)]));
    assert!(!minds(&[action(Signal::CHLD, Disposition::Ignore, 0), Ask::Mask(bit(Signal::CHLD))]));
    assert!(minds(&[handle(Signal::CHLD)]));
    assert!(minds(&[Ask::Mask(bit(Signal::CHLD))]));
}

#[test]
fn a_signal_to_oneself_and_one_that_has_not_arrived_are_one() {
    let (mut world, child) = two();
    world.does(&root(), &handle(USR1));
    let own = kill(&root(), USR1);
    assert!(world.conflict((&root(), &own), (&child, &kill(&root(), USR1))));
    world.does(&child, &kill(&root(), USR1));
    assert_eq!(world.before(&root(), &EXIT), [USR1]);
    world.does(&root(), &own);
    assert!(world.before(&root(), &EXIT).is_empty());
}

#[test]
fn a_handler_for_one_time_is_gone_when_it_begins() {
    let (mut world, child) = two();
    world.does(&root(), &action(USR1, Disposition::Handler, RESET));
    for kills in [false, true] {
        world.does(&child, &kill(&root(), USR1));
        assert_eq!(world.arrivals(&root(), &EXIT)[0].kills, kills);
        world.arrive(&root(), USR1);
    }
    world.does(&root(), &action(TERM, Disposition::Handler, RESET));
    world.does(&root(), &kill(&root(), TERM));
    assert!(world.kills(&root(), TERM));
}

#[test]
fn signals_that_queue_are_refused_when_they_would() {
    let (mut world, child) = two();
    let queues = kill(&child, Signal(34));
    world.does(&root(), &queues);
    assert!(world.refuses(&root(), &queues));
    world.does(&child, &handle(Signal(34)));
    world.arrive(&child, Signal(34));
    assert!(!world.refuses(&root(), &queues));
}

#[test]
fn whoever_is_killed_while_it_has_lent_its_memory_is_refused() {
    let (mut world, child) = two();
    world.does(&child, &VFORK);
    assert!(!world.refuses(&child, &Ask::Local));
    world.does(&root(), &kill(&child, Signal::KILL));
    assert!(world.refuses(&child, &Ask::Local));
}

#[test]
fn a_parent_is_told_how_its_child_ended() {
    let (mut world, child) = two();
    let told = |world: &World, signal| world.end_told_by(&root(), signal, pid_of(&child));
    assert_eq!(told(&world, Signal::CHLD), None, "it sends that by itself");
    world.exits(&child);
    assert_eq!(told(&world, Signal::CHLD), Some(crate::ExitStatus::Exited(0)));
    assert_eq!(told(&world, USR1), None);
    assert_eq!(world.end_told_by(&child, Signal::CHLD, pid_of(&root())), None);
}

#[test]
fn groups_strangers_and_stop_signals_are_refused() {
    let (world, child) = two();
    for target in [0, -1, -5, 99_999] {
        assert!(world.refuses(&root(), &Ask::Kill { target: Pid(target), signal: TERM }));
    }
    for signal in [18, 19, 20, 21, 22] {
        assert!(world.refuses(&root(), &kill(&child, Signal(signal))));
    }
}
