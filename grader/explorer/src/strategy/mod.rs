//! Strategies: in which order schedules are tried.
//!
//! | strategy | what it is for | what its end means |
//! |---|---|---|
//! | [`Eager`] | one schedule: the youngest first | nothing found in it |
//! | [`Bounded`] | few preemptions: where most bugs are | nothing found within the bound |
//! | [`Dpor`] | one execution of each equivalence class | **every schedule was covered** |
//! | [`Exhaustive`] | every interleaving, one by one: the oracle the others are compared with | every schedule was run |
//!
//! A strategy sees choices, footprints and frontiers. It knows no machine and judges nothing.

mod bounded;
mod dpor;
mod eager;
mod exhaustive;

pub use bounded::Bounded;
pub use dpor::Dpor;
pub use eager::Eager;
pub use exhaustive::Exhaustive;

use crate::execution::{End, Path};
use crate::machine::{Choice, Trouble};

/// Decides which schedules are run.
pub trait Strategy {
    /// The next choice of this execution; `None` if whatever follows was covered by earlier ones.
    fn pick(&mut self, path: &Path) -> Result<Option<Choice>, Trouble>;

    /// An execution is over.
    fn learn(&mut self, path: &Path, end: End) -> Next;
}

/// What a strategy wants after an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// One more execution.
    Again,
    /// Nothing: every schedule is covered.
    Complete,
    /// Nothing: all was tried that this strategy tries, and that is not everything.
    Exhausted,
}
