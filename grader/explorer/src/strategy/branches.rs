//! Depth-first enumeration: the part that the two strategies without reduction share.
//!
//! Invariant: the stack is the prefix that the next execution repeats; the choice on top of it is new.

use crate::execution::Path;
use crate::machine::{Choice, Trouble};

/// What is left to try at each depth of the current execution.
#[derive(Debug, Default)]
pub(crate) struct Branches {
    stack: Vec<Branch>,
}

#[derive(Debug)]
struct Branch {
    current: Choice,
    /// Tried after `current`, the last one first.
    untried: Vec<Choice>,
}

impl Branches {
    /// The choice at this depth: the one to be repeated, or the first of `choices` where nothing was tried yet.
    pub(crate) fn pick(
        &mut self,
        path: &Path,
        choices: impl FnOnce(&Path) -> Vec<Choice>,
    ) -> Result<Option<Choice>, Trouble> {
        if let Some(branch) = self.stack.get(path.taken.len()) {
            return Ok(Some(branch.current.clone()));
        }
        let mut untried = choices(path);
        untried.reverse();
        let Some(current) = untried.pop() else { return Ok(None) };
        self.stack.push(Branch { current: current.clone(), untried });
        Ok(Some(current))
    }

    /// Moves to the next untried choice, the deepest first; `false` if there is none.
    pub(crate) fn advance(&mut self) -> bool {
        while let Some(branch) = self.stack.last_mut() {
            if let Some(next) = branch.untried.pop() {
                branch.current = next;
                return true;
            }
            self.stack.pop();
        }
        false
    }
}
