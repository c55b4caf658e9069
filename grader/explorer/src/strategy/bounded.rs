//! All schedules with at most so many preemptions.
//!
//! A preemption puts a task aside that could have gone on. Most bugs need none or one, so these schedules are tried
//! where there are too many. Each execution goes on without preemptions after its beginning; whatever else could
//! have been done there, and cost no more than is allowed, is the beginning of a later one. Beginnings are taken in the
//! order in which they were met, so a mistake near the start is not behind all orders in which tasks may end.
//!
//! They use no footprints and no sleep sets: a sleeping choice is one whose results were seen *elsewhere*, and
//! elsewhere may lie beyond the bound. Their end therefore never means that all was seen.

use super::{Next, Strategy};
use crate::execution::{End, Path, preempts};
use crate::machine::{Choice, Trouble};
use std::collections::VecDeque;
use std::rc::Rc;

/// The schedules with at most so many preemptions, each once.
#[derive(Debug)]
pub struct Bounded {
    most: usize,
    /// Beginnings that were not run yet: one queue for each number of preemptions.
    untried: Vec<VecDeque<Beginning>>,
    /// The beginning of the execution under way; `None`: all was tried.
    current: Option<Beginning>,
    /// How many preemptions the execution under way has had.
    spent: usize,
    /// What else could have been done in it after its beginning: where, what, and how many preemptions that makes.
    met: Vec<(usize, Choice, usize)>,
}

/// How an execution begins: as another one did, and then with another choice.
#[derive(Debug, Clone, Default)]
struct Beginning {
    other: Rc<[Choice]>,
    length: usize,
    then: Option<Choice>,
    preemptions: usize,
}

impl Beginning {
    fn at(&self, depth: usize) -> Option<&Choice> {
        if depth < self.length {
            self.other.get(depth)
        } else {
            self.then.as_ref().filter(|_| depth == self.length)
        }
    }
}

impl Bounded {
    /// Those with at most `preemptions` preemptions.
    pub fn new(preemptions: usize) -> Bounded {
        let current = Some(Beginning::default());
        Bounded { most: preemptions, untried: Vec::new(), current, spent: 0, met: Vec::new() }
    }

    /// From now on those with at most `preemptions` preemptions. What was run before is not run again.
    pub fn allow(&mut self, preemptions: usize) {
        self.most = preemptions;
        if let Some(current) = self.current.take() {
            self.queue(current.preemptions).push_front(current);
        }
        self.turn();
    }

    fn queue(&mut self, preemptions: usize) -> &mut VecDeque<Beginning> {
        let queues = self.untried.len().max(preemptions + 1);
        self.untried.resize_with(queues, VecDeque::new);
        &mut self.untried[preemptions]
    }

    /// On to the next beginning, one with many preemptions before one with few: those were of an earlier pass.
    fn turn(&mut self) {
        self.current = self.untried.iter_mut().take(self.most + 1).rev().find_map(VecDeque::pop_front);
    }
}

impl Strategy for Bounded {
    fn pick(&mut self, path: &Path) -> Result<Option<Choice>, Trouble> {
        let (depth, frontier, running) = (path.taken.len(), path.frontier(), path.last_task());
        match &path.taken[..] {
            [] => (self.spent, self.met) = (0, Vec::new()),
            [.., (before, _), (last, _)] => {
                self.spent += usize::from(preempts(&before.task, last, &path.frontiers[depth - 1]));
            }
            [_] => {}
        }
        let Some(current) = &self.current else { return Ok(None) };
        if let Some(choice) = current.at(depth) {
            if !frontier.enables(choice) {
                let what = format!("{choice} could go on here before, and cannot now");
                return Err(Trouble::Diverged { after: depth, what });
            }
            return Ok(Some(choice.clone()));
        }
        let mut choices: Vec<&Choice> = frontier.enabled().map(|pending| &pending.choice).collect();
        choices.sort_by_key(|choice| Some(&choice.task) != running);
        let Some((first, others)) = choices.split_first() else { return Ok(None) };
        for other in others {
            let preempting = running.is_some_and(|running| preempts(running, other, frontier));
            self.met.push((depth, (*other).clone(), self.spent + usize::from(preempting)));
        }
        Ok(Some((*first).clone()))
    }

    fn learn(&mut self, path: &Path, _: End) -> Next {
        let all: Rc<[Choice]> = path.taken.iter().map(|(choice, _)| choice.clone()).collect();
        for (length, choice, preemptions) in std::mem::take(&mut self.met) {
            let beginning = Beginning { other: all.clone(), length, then: Some(choice), preemptions };
            self.queue(preemptions).push_back(beginning);
        }
        self.turn();
        if self.current.is_some() { Next::Again } else { Next::Exhausted }
    }
}
