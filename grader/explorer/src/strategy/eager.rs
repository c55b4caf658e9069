//! One execution in which whoever was born last goes first, and signals arrive at once.
//!
//! It is as far as can be from the first execution of the other strategies, in which whoever runs goes on: many a mistake
//! that shows in few schedules shows in one of these two.

use super::{Next, Strategy};
use crate::execution::{End, Path};
use crate::machine::{Act, Choice, Trouble};

/// The youngest first.
#[derive(Debug, Default)]
pub struct Eager;

impl Strategy for Eager {
    fn pick(&mut self, path: &Path) -> Result<Option<Choice>, Trouble> {
        let rank = |choice: &Choice| match choice.act {
            Act::Deliver(_) | Act::Interrupt(_) => 2,
            Act::Step => 1,
            Act::Expire | Act::RunOut | Act::Fail(_) => 0,
        };
        let choices = path.frontier().enabled().map(|pending| &pending.choice);
        Ok(choices.max_by_key(|choice| (rank(choice), &choice.task)).cloned())
    }

    fn learn(&mut self, _: &Path, _: End) -> Next {
        Next::Exhausted
    }
}
