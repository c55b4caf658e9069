//! The first chapter: processes. One file an exercise, and the words in which they are written.
//!
//! | module | what it is about |
//! |---|---|
//! | [`circumstance`] | the scenarios: as it comes, slow children, slow parents, failing calls |
//! | [`family`] | parent and child, and whether there is one of each |
//! | [`saying`], [`lines`] | the lines that they say, and who must say which |
//! | [`reaping`] | waiting, reaping, asking again and again |
//! | [`becoming`], [`counts`] | what a process becomes by exec, and what wc prints |
//! | [`table`] | the descriptors with which a new program starts |
//! | [`ending`] | exit statuses, and processes that never end |
//! | [`failure`] | calls that fail, children that fail |

pub mod becoming;
pub mod circumstance;
pub mod counts;
pub mod ending;
pub mod exec;
pub mod failure;
pub mod family;
pub mod fork;
pub mod hello;
pub mod lines;
pub mod pipe;
pub mod reaping;
pub mod redirect;
pub mod saying;
pub mod table;
pub mod wait;

#[cfg(test)]
mod proof;
