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
//!
//! **One mistake, one finding.** A learner who does not wait is told that, and not also that the numbers
//! in the next line are wrong. So a judge first asks for its *premises*, the checks that it stands on, and is
//! moot because of the one that fails. The rules that all exercises share:
//! - without the processes that were asked for, only `one-child` (`two-children`) fails;
//! - what a process had not done when it was killed because the run was over is nobody's mistake: only
//!   `exit-status` fails, or what explains the hang;
//! - a status other than 0 is a finding of its own only if nothing before explains it.
//!
//! Each exercise says in its opening lines who fails by what beyond that.

pub mod address_space;
pub mod becoming;
pub mod circumstance;
pub mod counts;
pub mod ending;
pub mod exec;
pub mod failure;
pub mod family;
pub mod fork;
pub mod fork_tree;
pub mod hello;
pub mod lines;
pub mod pipe;
pub mod reaping;
pub mod redirect;
pub mod saying;
pub mod table;
pub mod wait;
pub mod zombies;

#[cfg(test)]
pub(in crate::course) mod proof;
