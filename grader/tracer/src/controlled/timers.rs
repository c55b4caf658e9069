//! alarm(2), setitimer(2), getitimer(2): never made, for no timer of the kernel's may run out by itself.
//!
//! Whether a timer is set, and when it runs out, the world says and the explorer chooses. What is left of its time is
//! measured on the task's own clock: at least a microsecond, as long as it has not run out.

use super::machine::Controlled;
use crate::decode::Call;
use crate::sys::ptrace;
use grader_explorer::Trouble;
use grader_trace::TaskPath;
use grader_trace::world::{Ask, Setting};

const MICROSECOND: u64 = 1_000;
const SECOND: u64 = 1_000_000 * MICROSECOND;

/// When a timer ends by the task's own clock, and how long it takes from then on, in nanoseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Countdown {
    ends: u64,
    interval: u64,
}

impl Countdown {
    fn left(self, now: u64) -> u64 {
        match self.ends.checked_sub(now) {
            Some(left) if left > 0 => left,
            _ if self.interval > 0 => self.interval - (now - self.ends) % self.interval,
            _ => MICROSECOND,
        }
    }
}

/// What a call asks for: how long the timer takes, and how long again and again afterwards. `None`: the call is another
/// one, or the kernel will refuse it.
fn wanted(call: &Call) -> Option<(u64, u64)> {
    match call.number {
        libc::SYS_alarm => Some((u64::from(call.args[0] as u32) * SECOND, 0)),
        // A null pointer stands for zeroes.
        libc::SYS_setitimer if call.args[1] == 0 => Some((0, 0)),
        libc::SYS_setitimer => {
            let time = |offset: u64| {
                let part = |at: u64| call.memory.u64(call.args[1].wrapping_add(offset + at));
                let (seconds, micros) = (part(0)?, part(8)?);
                let possible = seconds < 1 << 32 && micros < 1_000_000;
                possible.then(|| seconds * SECOND + micros * MICROSECOND)
            };
            Some((time(16)?, time(0)?))
        }
        _ => None,
    }
}

/// The question that a call comes to which sets a timer.
pub(super) fn ask(call: &Call) -> Ask {
    if call.number == libc::SYS_setitimer && call.args[0] as i32 != libc::ITIMER_REAL {
        let what = "it sets a timer that runs while it computes (setitimer), of which there is no model";
        return Ask::Unmodelled(what.into());
    }
    match wanted(call) {
        None => Ask::Local,
        Some((0, _)) => Ask::SetTimer(Setting::Off),
        Some((_, 0)) => Ask::SetTimer(Setting::Once),
        Some(_) => Ask::SetTimer(Setting::Repeats),
    }
}

impl Controlled<'_> {
    /// Answers for a call that sets the timer: what was left of the time that it had.
    pub(super) fn sets_timer(&mut self, path: &TaskPath, call: &Call) -> Result<i64, Trouble> {
        let was_set = self.world.timer_is_set(path);
        let task = self.task(path)?;
        let (before, now) = (task.timer, task.clock);
        let (time, interval) = wanted(call).unwrap_or_default();
        task.timer = Countdown { ends: now.saturating_add(time), interval };
        let left = if was_set { before.left(now) } else { 0 };
        if call.number == libc::SYS_alarm {
            return Ok(whole_seconds(left));
        }
        if call.args[2] != 0 {
            store(call, 2, left, if was_set { before.interval } else { 0 });
        }
        self.repeats |= time > 0 && interval > 0;
        Ok(0)
    }

    /// Answers getitimer, if it is about the timer that is not the kernel's.
    pub(super) fn tells_timer(&mut self, path: &TaskPath, call: &Call) -> Result<Option<i64>, Trouble> {
        if call.number != libc::SYS_getitimer || call.args[0] as i32 != libc::ITIMER_REAL {
            return Ok(None);
        }
        let is_set = self.world.timer_is_set(path);
        let task = self.task(path)?;
        let (left, interval) = (task.timer.left(task.clock), task.timer.interval);
        if is_set {
            store(call, 1, left, interval)
        } else {
            store(call, 1, 0, 0)
        }
        Ok(Some(0))
    }
}

/// As alarm(2) tells it: rounded, but never down to nothing.
fn whole_seconds(left: u64) -> i64 {
    let seconds = left / SECOND;
    let up = (seconds == 0 && left > 0) || left % SECOND >= SECOND / 2;
    (seconds + u64::from(up)) as i64
}

/// Fills in a `struct itimerval`. A task that cannot be written to has just been killed, and nobody will read it.
fn store(call: &Call, argument: usize, left: u64, interval: u64) {
    let words = [interval, left].map(|time| [time / SECOND, time % SECOND / MICROSECOND]);
    for (word, at) in words.into_iter().flatten().zip((0..).step_by(8)) {
        let _ = ptrace::poke_data(call.memory.0, call.args[argument].wrapping_add(at), word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_rounded_as_the_kernel_does() {
        let left = |time: u64| whole_seconds(time);
        assert_eq!(
            [0, 1, SECOND / 2, SECOND, SECOND * 3 / 2 - 1, SECOND * 3 / 2].map(left),
            [0, 1, 1, 1, 1, 2]
        );
    }

    #[test]
    fn a_timer_that_is_late_has_hardly_any_time_left_and_one_that_repeats_a_part_of_it() {
        let once = Countdown { ends: 5, interval: 0 };
        assert_eq!([0, 5, 9].map(|now| once.left(now)), [5, MICROSECOND, MICROSECOND]);
        let repeats = Countdown { ends: 5, interval: 10 };
        assert_eq!([0, 5, 7, 15, 24].map(|now| repeats.left(now)), [5, 10, 8, 10, 1]);
    }
}
