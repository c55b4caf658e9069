//! Every interleaving, one by one, without reduction: hopeless for real programs, and the oracle for small ones.
//!
//! It looks at no footprint, so that a wrong one cannot mislead it.
//! Invariant: the stack is the prefix that the next execution repeats; the choice on top of it is new.

use super::{Next, Strategy};
use crate::execution::{End, Path};
use crate::machine::{Choice, Trouble};

/// Depth-first enumeration of all schedules.
#[derive(Debug, Default)]
pub struct Exhaustive {
    stack: Vec<Branch>,
}

/// What is left to try at one depth of the current execution.
#[derive(Debug)]
struct Branch {
    current: Choice,
    /// Tried after `current`, the last one first.
    untried: Vec<Choice>,
}

impl Strategy for Exhaustive {
    fn pick(&mut self, path: &Path) -> Result<Option<Choice>, Trouble> {
        if let Some(branch) = self.stack.get(path.taken.len()) {
            return Ok(Some(branch.current.clone()));
        }
        let mut untried: Vec<Choice> = path.frontier().enabled().map(|p| p.choice.clone()).collect();
        untried.reverse();
        let Some(current) = untried.pop() else { return Ok(None) };
        self.stack.push(Branch { current: current.clone(), untried });
        Ok(Some(current))
    }

    /// Moves to the next untried choice, the deepest first.
    fn learn(&mut self, _: &Path, _: End) -> Next {
        while let Some(branch) = self.stack.last_mut() {
            if let Some(next) = branch.untried.pop() {
                branch.current = next;
                return Next::Again;
            }
            self.stack.pop();
        }
        Next::Complete
    }
}
