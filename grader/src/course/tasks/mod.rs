//! The second chapter: tasks, and what clone shares. One file an exercise.
//!
//! What can happen to a program, and how it ends, is said in the words of [`super::processes`]; its rule holds here as
//! well: one mistake, one finding.

pub mod by_hand;
pub mod clone_flags;
pub mod flags;
pub mod raw_thread;
pub mod threads;
pub mod tls;
