//! The explorer held to account: on the simulated machine, what reduction finds is what plain enumeration finds.
//!
//! | file | claim |
//! |---|---|
//! | `compare` | how both are run and compared |
//! | `examples` | small programs by hand, and what can come of each |
//! | `generated` | random programs; `FORKLINGS_EXPLORER_PROGRAMS=N` and `FORKLINGS_EXPLORER_SEED=S` for a longer run |
//! | `relation` | each line of the dependency relation: hidden, an outcome is lost |
//! | `counts` | how many traces there are, where that is known |
//! | `passes` | schedules with few preemptions |
//! | `answers` | verdicts, faults, replay and shrinking |

#![allow(clippy::unwrap_used)] // In a test's own helpers a panic is the answer, too.

mod answers;
mod compare;
mod counts;
mod examples;
mod generated;
mod passes;
mod relation;
