//! Which task next, which fault where, and when everything has been seen.
//!
//! ```text
//!            choice                        step: what was touched, frontier
//! Strategy ─────────▶ Machine (the kernel, or a simulation) ─────────▶ Path
//!    ▲                                                                  │
//!    └────────────────────────── learn ◀────────────────────────────────┤
//!                                                                       ▼
//!                            Verdict ◀── shrink ◀── Schedule ◀── Fails · judge
//! ```
//!
//! A program runs on a [`Machine`] one [`Choice`] at a time. A [`Strategy`] makes the choices, learns from every
//! execution, and says when nothing is left to try. Whoever asks the question judges the executions.
//! Nothing here knows ptrace, exercises or the kernel; [`simulated`] is a machine made of data, on which all of it
//! is tested against plain enumeration.
//!
//! | module | what it holds |
//! |---|---|
//! | [`machine`] | the trait, choices, frontiers, and what a machine promises |
//! | [`schedule`] | an execution's choices as data and as text |
//! | [`execution`] | running a program once |
//! | [`strategy`] | enumeration, bounded passes, source-DPOR with sleep sets |
//! | [`explore`](mod@explore) | the loop around a strategy, the order of strategies, the verdict |
//! | [`faults`] | one call that fails, at each place in turn |
//! | [`unending`] | what got too long, brought to its end |
//! | [`replay`](mod@replay), [`shrink`](mod@shrink) | a schedule once more, and made simpler |
//! | [`simulated`] | a tiny process world (feature `simulated`) |

#![forbid(unsafe_code)]

pub mod execution;
pub mod explore;
pub mod faults;
pub mod machine;
pub mod replay;
pub mod schedule;
pub mod shrink;
#[cfg(feature = "simulated")]
pub mod simulated;
pub mod strategy;
pub mod unending;

pub use execution::{End, Execution, Path};
pub use explore::{Budget, Judgement, Report, Verdict, explore, search};
pub use machine::{Act, Assumption, Choice, Fault, Frontier, Machine, Pending, Readiness, Step, Trouble};
pub use replay::replay;
pub use schedule::Schedule;
pub use shrink::{Patience, shrink, shrink_within};
pub use strategy::{Bounded, Dpor, Eager, Exhaustive, Next, Strategy};
