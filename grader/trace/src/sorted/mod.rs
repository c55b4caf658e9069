//! Maps and sets that are sorted vectors.
//!
//! A model of the world holds a few tasks, descriptors and pipes, and is
//! copied before each step. A sorted vector is copied in one go, is searched
//! as fast as a tree when it is small, and its methods compile to a tenth of
//! what those of a B-tree compile to: a first build is seconds shorter. An
//! insertion in the middle moves all that comes after, so whatever grows to
//! many thousand entries in random order belongs in another collection.
//!
//! Names and meanings are those of `std::collections::BTreeMap` and
//! `BTreeSet`; what nobody here needs is left out.

mod map;
mod set;

pub use map::{Slot, SortedMap};
pub use set::SortedSet;

#[cfg(test)]
mod tests;
