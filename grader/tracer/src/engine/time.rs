//! The tick: time limits, tasks held back, runs in which nobody moves.

use super::Engine;
use super::Since;
use super::rest::{self, Rest};
use super::task::Task;
use crate::sys::clock::Tick;
use crate::sys::process::Share;
use crate::trouble::Trouble;
use grader_trace::{Ending, Operation};
use std::time::{Duration, Instant};

/// How often the clock is looked at.
const TICK: Duration = Duration::from_millis(10);

/// How often, while tasks are held back.
const QUICK_TICK: Duration = Duration::from_millis(1);

/// How long to wait before everything is killed once more: to ask thousands of tasks takes time.
const KILL_AGAIN: Duration = Duration::from_millis(100);

/// How long nobody may move before a run counts as stalled.
const STALL: Duration = Duration::from_millis(200);

/// How often nobody may be seen to move in that time: the whole machine may have stood still meanwhile.
const STALL_LOOKS: u32 = 10;

/// How long tasks are held back at the most, all together.
const HOLD_LIMIT: Duration = Duration::from_secs(3);

/// What the engine knows of time.
pub(super) struct Clock {
    tick: Tick,
    quick: bool,
    last: Instant,
    /// Reports since the last look.
    moved: bool,
    /// Since when nobody has moved, and how often that was seen.
    still: Option<(Instant, u32)>,
    /// Since when the root is gone.
    pub(super) root_gone: Since,
    /// When everything was killed last, if it was.
    killed: Since,
    /// Since when tasks are held.
    holding: Since,
    held: Duration,
    /// A timer was armed: a run that stands still may wake up by itself.
    pub(super) timers: bool,
}

impl Clock {
    pub(super) fn new(tick: Tick) -> Clock {
        Clock {
            tick,
            quick: false,
            last: Instant::now(),
            moved: false,
            still: None,
            root_gone: None,
            killed: None,
            holding: None,
            held: Duration::ZERO,
            timers: false,
        }
    }

    /// Something has happened in the run.
    pub(super) fn moved(&mut self) {
        self.moved = true;
    }

    /// Begins to tick.
    pub(super) fn start(&self) -> Result<(), Trouble> {
        self.tick.set(TICK).map_err(|error| Trouble::System { operation: "setting a timer", error })
    }

    fn set_quick(&mut self, quick: bool) -> Result<(), Trouble> {
        if self.quick == quick {
            return Ok(());
        }
        self.quick = quick;
        let period = if quick { QUICK_TICK } else { TICK };
        self.tick.set(period).map_err(|error| Trouble::System { operation: "setting a timer", error })
    }
}

impl Engine<'_> {
    /// Called after every report and every tick; does its work about once a tick.
    pub(super) fn look_at_the_clock(&mut self) -> Result<(), Trouble> {
        // As soon as somebody is held: nobody may be left to report anything until they are let go.
        self.clock.set_quick(self.pacer.is_holding())?;
        let now = Instant::now();
        let period = if self.clock.quick { QUICK_TICK } else { TICK };
        let overflows = self.killing.is_none() && self.recorder.overflowed();
        if now - self.clock.last < period / 2 && !overflows {
            return Ok(());
        }
        self.clock.last = now;
        self.orphans.sweep();
        if let Some(ending) = self.killing.clone() {
            // Whatever has stopped meanwhile was killed then; this is for newborns that have not stopped yet.
            if self.clock.killed.is_none_or(|last| now - last >= KILL_AGAIN) {
                self.kill_all(ending);
                self.clock.killed = Some(Instant::now());
            }
            return Ok(());
        }
        match self.limit_reached(now) {
            Some(Ending::TimedOut) if self.is_starved() => {
                return Err(Trouble::Starved { wall: self.launch.limits.wall });
            }
            Some(ending) => {
                self.kill_all(ending);
                return Ok(());
            }
            None => {}
        }
        self.kill_abandoned_strangers();
        if self.started {
            self.release_held(now)?;
            self.look_for_a_stall(now);
        }
        Ok(())
    }

    /// A stranger waits for a creator that stands inside of a call. If there is none any more (it was killed, and
    /// killed again at its exit event, so that the call's answer was lost), nobody will ever introduce it.
    fn kill_abandoned_strangers(&self) {
        let creates =
            |task: &Task| task.pending.as_ref().is_some_and(|call| matches!(call.op, Operation::Fork(_)));
        if !self.strangers.is_empty() && !self.live.iter().any(creates) {
            self.kill_strangers();
        }
    }

    fn limit_reached(&self, now: Instant) -> Option<Ending> {
        let limits = &self.launch.limits;
        if self.cancel.is_cancelled() {
            Some(Ending::Cancelled)
        } else if self.recorder.elapsed() >= limits.wall {
            Some(Ending::TimedOut)
        } else if self.clock.root_gone.is_some_and(|since| now - since >= limits.linger) {
            Some(Ending::LeftBehind)
        } else if self.recorder.overflowed() {
            Some(Ending::Overflowed)
        } else {
            None
        }
    }

    /// Whether the machine gave the run no chance: a task of it, or the tracer, was ready to run nearly all the time.
    fn is_starved(&self) -> bool {
        let wall = self.launch.limits.wall;
        let own = std::iter::once(None);
        let shares = own.chain(self.live.iter().map(|task| Some(task.tid))).filter_map(Share::of);
        shares.into_iter().any(|share| share.is_starved(wall))
    }

    fn release_held(&mut self, now: Instant) -> Result<(), Trouble> {
        if !self.pacer.is_holding() {
            if let Some(since) = self.clock.holding.take() {
                self.clock.held += now - since;
            }
            return Ok(());
        }
        let since = *self.clock.holding.get_or_insert(now);
        let too_long = self.clock.held + (now - since) >= HOLD_LIMIT;
        let released = if too_long {
            self.pacer.release_all()
        } else {
            Vec::from_iter(self.pacer.release(&self.live, &mut self.leaving, &self.outside))
        };
        for pid in released {
            self.clock.moved();
            self.go_on(pid)?;
        }
        Ok(())
    }

    /// Ends the run if every living task has been waiting for another one for a while.
    ///
    /// Sound because what a task in [`Rest::WaitsForOthers`] waits for can come from the tasks of the run only:
    /// no timer is armed, nobody is about to be introduced or to become a zombie.
    fn look_for_a_stall(&mut self, now: Instant) {
        let possible = self.launch.watch.sleeps
            && !self.clock.timers
            && !self.pacer.is_holding()
            && !std::mem::take(&mut self.clock.moved)
            && self.strangers.is_empty();
        let at_rest = |task: &Task| rest::of(task, &self.outside) == Rest::WaitsForOthers;
        if !possible || self.live.is_empty() || self.leaving.anybody() || !self.live.iter().all(at_rest) {
            self.clock.still = None;
            return;
        }
        let (since, looks) = self.clock.still.get_or_insert((now, 0));
        *looks += 1;
        if now - *since >= STALL && *looks >= STALL_LOOKS {
            self.kill_all(Ending::Stalled);
        }
    }
}
