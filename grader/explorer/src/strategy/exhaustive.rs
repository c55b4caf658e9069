//! Every interleaving, one by one, without reduction: hopeless for real programs, and the oracle for small ones.
//!
//! It looks at no footprint, so that a wrong one cannot mislead it.

use super::branches::Branches;
use super::{Next, Strategy};
use crate::execution::{End, Path};
use crate::machine::{Choice, Trouble};

/// Depth-first enumeration of all schedules.
#[derive(Debug, Default)]
pub struct Exhaustive {
    branches: Branches,
}

impl Strategy for Exhaustive {
    fn pick(&mut self, path: &Path) -> Result<Option<Choice>, Trouble> {
        self.branches.pick(path, |path| path.frontier().enabled().map(|p| p.choice.clone()).collect())
    }

    fn learn(&mut self, _: &Path, _: End) -> Next {
        if self.branches.advance() { Next::Again } else { Next::Complete }
    }
}
