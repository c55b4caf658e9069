//! The real binary, from the outside: what it prints, how it ends, what it leaves behind.
//!
//! Every test works on a copy of the course in a folder of its own. The exercises in it are as they were
//! shipped, whatever the learner has made of those in the checkout.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot be set up has to say so and stop.

mod bad_input;
mod check;
mod cores;
mod course;
mod explore;
mod interrupts;
mod pins;
mod place;
mod places;
mod preemptions;
mod programs;
mod replay;
#[path = "../specimen/mod.rs"]
mod specimen;
mod statements;
mod surroundings;
mod terminal;
mod threads;
mod users;
