//! What came before what in every schedule that has both.

use crate::model::births::Fork;
use crate::model::event::{Event, Trace};
use crate::model::ids::{Stamp, TaskId};
use crate::model::operation::{Operation, Outcome};
use crate::model::waits::{Change, Wait};

impl Trace {
    /// Whether event `cause` took effect before event `effect` began *in every schedule* that has both.
    ///
    /// True along program order, from a fork to all that the child does, and from all that a child did
    /// to what follows the wait that reported its end.
    pub fn caused(&self, cause: usize, effect: usize) -> bool {
        let (cause, effect) = (&self.events()[cause], &self.events()[effect]);
        let known = self.known_to(effect.task, effect.begin);
        known[cause.task.index()].is_some_and(|moment| cause.effect() <= moment)
    }

    /// For each task, up to which moment everything it did is known to `task` at `moment`.
    fn known_to(&self, task: TaskId, moment: Stamp) -> Vec<Option<Stamp>> {
        let count = self.tasks().len();
        let mut known = vec![vec![None; count]; count];
        let mut order: Vec<&Event> = self.events().iter().filter(|event| event.effect() < moment).collect();
        order.sort_unstable_by_key(|event| (event.effect(), event.begin));
        for event in order {
            let own = event.task.index();
            known[own][own] = Some(event.effect());
            match &event.op {
                Operation::Fork(Fork { child: Outcome::Done(child), .. }) if child.task.index() < count => {
                    known[child.task.index()] = known[own].clone();
                }
                Operation::Wait(Wait { result: Outcome::Done(Some(news)), .. }) => {
                    if let (Some(child), Change::Ended(_)) = (news.task, news.change) {
                        let theirs = known[child.index()].clone();
                        for (mine, theirs) in known[own].iter_mut().zip(theirs) {
                            *mine = (*mine).max(theirs);
                        }
                    }
                }
                _ => {}
            }
        }
        known.swap_remove(task.index())
    }
}
