//! The first chapter: processes. One file an exercise, and the words in which they are written.
//!
//! | module | what it is about |
//! |---|---|
//! | [`circumstance`] | the scenarios: as it comes, slow children, slow parents, failing calls |

pub mod circumstance;
pub mod hello;

#[cfg(test)]
mod proof;
