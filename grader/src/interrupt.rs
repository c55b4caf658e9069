//! Ctrl-C, and whatever else asks the grader to end: what it has started ends first, and what it has made goes away.
//!
//! ```text
//! signal ─▶ runs called off, cargo told ─▶ the command returns `Interrupted` ─▶ the process ends by that signal
//! ```
//!
//! Invariant: a command that was interrupted keeps nothing of what it found until then: half of the runs are no verdict.

use crate::problem::Problem;
use grader_tracer::Cancel;
use grader_tracer::interrupt::{Request, requests};
use std::sync::{LazyLock, Mutex, MutexGuard};
use std::time::Duration;

/// How long it may take to end what was started. Whoever asks twice does not wait as long.
const PATIENCE: Duration = Duration::from_secs(3);

static RUNS: LazyLock<Cancel> = LazyLock::new(Cancel::default);
static STATE: Mutex<State> = Mutex::new(State { request: None, builds: Vec::new() });

struct State {
    /// What was asked, once it was.
    request: Option<Request>,
    /// The leaders of process groups that build something.
    builds: Vec<u32>,
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// From now on a signal that asks to end is heeded here. Without that, it ends the process where it stands.
pub fn listen() {
    // If there is no pipe or thread for it, whatever is tried next says so better.
    let Ok(told) = requests() else { return };
    std::thread::spawn(move || {
        let Ok(request) = told.recv() else { return };
        call_off(request);
        let _ = told.recv_timeout(PATIENCE);
        request.obey();
    });
}

fn call_off(request: Request) {
    RUNS.cancel();
    let mut state = state();
    state.request = Some(request);
    state.builds.iter().for_each(|leader| request.pass_on(*leader));
}

/// What calls runs off.
pub fn runs() -> &'static Cancel {
    &RUNS
}

/// An error, if somebody has asked to end.
pub fn heed() -> Result<(), Problem> {
    match state().request {
        Some(_) => Err(Problem::Interrupted),
        None => Ok(()),
    }
}

/// Ends the process as the signal would have done, if there was one.
pub fn end_if_asked() {
    let request = state().request;
    if let Some(request) = request {
        request.obey();
    }
}

/// A process group that builds something. It is told to end if the grader is.
pub struct Building(u32);

impl Building {
    /// Takes note of a group, by its leader.
    pub fn of(leader: u32) -> Building {
        let mut state = state();
        state.builds.push(leader);
        if let Some(request) = state.request {
            request.pass_on(leader);
        }
        Building(leader)
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        state().builds.retain(|leader| *leader != self.0);
    }
}
