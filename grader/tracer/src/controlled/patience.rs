//! For how long a task that moves is waited for.

use super::machine::{Controlled, called_off};
use crate::sys::wait::Report;
use crate::sys::{process, wait};
use grader_explorer::Trouble;
use libc::pid_t;
use std::time::{Duration, Instant};

/// For how long a call that was foreseen to answer may sleep: standard output is taken by a thread of its own.
const ASLEEP: Duration = Duration::from_secs(20);

/// For how long a task may stand in line for a processor.
const STARVED: Duration = Duration::from_secs(120);

/// So many calls in a row that nobody could notice are those of a program that never ends.
const CALLS_UNNOTICED: u32 = 50_000;

impl Controlled<'_> {
    /// The next report of a task that moves.
    ///
    /// How long is too long is a matter of the task's own time on a processor, not of the clock: on a machine that has
    /// other things to do the answer is the same.
    pub(super) fn next(&self, pid: pid_t) -> Result<Report, Trouble> {
        let mut began = None;
        loop {
            match wait::next_of(pid) {
                Ok(Some(report)) => return Ok(report),
                Ok(None) if self.cancel.is_cancelled() => return Err(called_off()),
                Ok(None) => self.is_still_moving(pid, &mut began)?,
                Err(error) => return Err(Trouble::Broken(format!("waiting for {pid} (waitpid): {error}"))),
            }
        }
    }

    /// Looks after a task that has not reported since the last tick. `began`: when that was first asked, and how long
    /// the task had computed by then.
    fn is_still_moving(&self, pid: pid_t, began: &mut Option<(Instant, Duration)>) -> Result<(), Trouble> {
        let computed = process::time_on_processor(pid).unwrap_or_default();
        let (since, before) = *began.get_or_insert((Instant::now(), computed));
        let limit = self.launch.limits.wall;
        if computed.saturating_sub(before) > limit || since.elapsed() > STARVED {
            let seconds = limit.as_secs_f32();
            let what = format!("a task computes for more than {seconds} s between two calls");
            return Err(Trouble::Endless(what));
        }
        let sleeps = || process::state(pid) == Some(b'S');
        match process::sleeping_in(pid) {
            Some((number, _)) if since.elapsed() > ASLEEP.max(limit) && sleeps() => Err(Trouble::Broken(
                format!("system call {number} of {pid} was foreseen to answer, and sleeps"),
            )),
            _ => Ok(()),
        }
    }

    /// Whether a task that has made so many calls in a row, none of them visible to others, may go on.
    pub(super) fn has_patience(&self, calls: u32) -> Result<(), Trouble> {
        if self.cancel.is_cancelled() {
            return Err(called_off());
        }
        if calls < CALLS_UNNOTICED {
            return Ok(());
        }
        let what =
            format!("a task makes more than {CALLS_UNNOTICED} calls in a row that others could not notice");
        Err(Trouble::Endless(what))
    }
}
