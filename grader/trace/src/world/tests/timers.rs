//! Timers: when one may run out, what that touches, who inherits it.

use super::cast::*;
use crate::model::ids::Signal;
use crate::model::operation::{Disposition, Sender};
use crate::world::timers::MOST;
use crate::world::{Ask, Setting, World};

const ALRM: Signal = Signal::ALRM;
const SET: Ask = Ask::SetTimer(Setting::Once);
const REPEATS: Ask = Ask::SetTimer(Setting::Repeats);
const OFF: Ask = Ask::SetTimer(Setting::Off);

fn blocked() -> Ask {
    Ask::Mask(bit(ALRM))
}

/// The root with a handler, which has done this.
fn with_handler(calls: &[Ask]) -> World {
    World::after(&[&[handle(ALRM)], calls].concat())
}

#[test]
fn a_timer_that_is_set_may_run_out_before_any_call_and_only_once() {
    let mut world = with_handler(&[SET]);
    assert_eq!(world.before(&root(), &EXIT), [ALRM]);
    assert_eq!(world.waking(&root(), &Ask::Pause(None)), [ALRM]);
    assert_eq!(world.arrive(&root(), ALRM), Some(Sender::Kernel));
    assert!(world.before(&root(), &EXIT).is_empty() && !world.timer_is_set(&root()));
}

#[test]
fn a_timer_that_was_never_set_or_is_taken_back_does_not_run_out() {
    for world in [with_handler(&[]), with_handler(&[SET, OFF])] {
        assert!(world.before(&root(), &EXIT).is_empty());
        assert_eq!(world.may_run_out(&root()), None);
    }
}

#[test]
fn without_a_handler_it_kills() {
    let arrival = World::after(&[SET]).arrivals(&root(), &EXIT).remove(0);
    assert!(arrival.kills);
}

#[test]
fn while_its_signal_is_blocked_it_runs_out_all_the_same() {
    let mut world = with_handler(&[blocked(), SET]);
    assert!(world.before(&root(), &EXIT).is_empty());
    assert_eq!(world.waking(&root(), &Ask::Pause(Some(0))), [ALRM], "sigsuspend lets it in");
    assert!(world.may_run_out(&root()).is_some());
    world.runs_out(&root());
    // It is too late to take it back.
    world.does(&root(), &OFF);
    world.does(&root(), &Ask::Mask(0));
    assert_eq!(world.before(&root(), &EXIT), [ALRM]);
}

#[test]
fn while_its_signal_is_ignored_nothing_comes_of_it() {
    let mut world = World::after(&[action(ALRM, Disposition::Ignore, 0), SET]);
    assert!(world.before(&root(), &EXIT).is_empty() && world.may_run_out(&root()).is_some());
    world.runs_out(&root());
    world.does(&root(), &handle(ALRM));
    assert!(world.before(&root(), &EXIT).is_empty());
}

#[test]
fn a_signal_that_is_already_there_is_one_with_the_timers() {
    let mut world = with_handler(&[FORK, SET]);
    assert_eq!(world.may_run_out(&root()), None, "running out and arriving are one step");
    world.does(&task(&[0]), &kill(&root(), ALRM));
    assert!(world.may_run_out(&root()).is_some());
    world.runs_out(&root());
    assert_eq!(world.arrive(&root(), ALRM), Some(Sender::Process(pid_of(&task(&[0])))));
    assert!(world.before(&root(), &EXIT).is_empty());
}

#[test]
fn running_out_conflicts_with_the_same_signal_from_somebody_else() {
    let mut world = with_handler(&[FORK, SET]);
    let sent = world.touches(&task(&[0]), &kill(&root(), ALRM));
    assert!(world.arrivals(&root(), &EXIT).remove(0).footprint.conflicts(&sent), "one signal, or two");
    let other = world.touches(&task(&[0]), &kill(&root(), USR1));
    assert!(!world.arrivals(&root(), &EXIT).remove(0).footprint.conflicts(&other));
    world.does(&root(), &blocked());
    let runs_out = world.may_run_out(&root()).expect("it is set");
    assert!(runs_out.conflicts(&sent) && !runs_out.conflicts(&other));
}

#[test]
fn what_its_signal_does_is_not_changed_unnoticed_while_it_is_set() {
    let nothing = crate::order::Footprint::nothing();
    for ask in [blocked(), handle(ALRM)] {
        assert_eq!(World::fresh().touches(&root(), &ask), nothing, "nobody is there who could notice");
        assert_ne!(World::after(&[SET]).touches(&root(), &ask), nothing, "{ask:?}");
    }
    assert_eq!(World::after(&[SET]).touches(&root(), &handle(USR1)), nothing);
}

#[test]
fn a_child_does_not_inherit_it_and_the_next_program_does() {
    let world = with_handler(&[SET, FORK, Ask::Exec]);
    assert!(world.arrivals(&root(), &EXIT)[0].kills, "the handler is gone, the timer is not");
    assert!(world.before(&task(&[0]), &EXIT).is_empty());
}

#[test]
fn a_timer_of_a_process_that_sleeps_in_vfork_is_listed() {
    let world = with_handler(&[SET, VFORK]);
    assert!(world.before(&root(), &EXIT).is_empty());
    assert_eq!(world.may_run_out(&root()), None);
    assert_eq!(world.arrivals_after_vfork(&root()).len(), 1);
}

#[test]
fn a_timer_that_repeats_runs_out_so_often_besides_ending_pauses() {
    let mut world = with_handler(&[REPEATS]);
    for _ in 0..MOST {
        assert!(!world.timer_is_worn_out(&root()));
        world.arrive_during(&root(), &Ask::Pause(None), ALRM);
        world.arrive(&root(), ALRM);
    }
    assert!(world.timer_is_worn_out(&root()) && world.before(&root(), &EXIT).is_empty());
    assert_eq!(world.waking(&root(), &Ask::Pause(None)), [ALRM]);
    assert!(world.waking(&root(), &WAIT).is_empty());
    world.does(&root(), &REPEATS);
    assert_eq!(world.before(&root(), &EXIT), [ALRM], "it was set anew");
}

#[test]
fn a_timer_that_its_handler_sets_again_is_one_that_repeats() {
    let mut world = with_handler(&[SET]);
    for _ in 0..MOST {
        world.arrive(&root(), ALRM);
        world.does(&root(), &blocked());
        world.does(&root(), &SET);
        world.does(&root(), &Ask::Mask(0));
    }
    assert!(world.timer_is_worn_out(&root()));
}
