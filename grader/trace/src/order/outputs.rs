//! Which byte strings can come out on stdout, over every schedule of one or many executions: how many, and which.
//!
//! Schedules are not counted but outputs: "aa" by one task and "a" by another come
//! out as "aaa" in either order. So all that may have happened is followed at once,
//! byte by byte. A *state* is the set of everything that can be the case after
//! the bytes so far: what is left of the write under way, and the shape of the
//! writes still to come. From a state each next byte leads to one state, so
//! different outputs are different paths, and paths to equal states are counted
//! together, whether they are of one execution or of several.
//!
//! Invariant: every path can be completed. Therefore the paths to any set of
//! states of which none lies behind another are a sound lower bound.

use super::shape::{ShapeId, Shapes, TextId};
use super::trace_order::TraceOrder;
use crate::sorted::{SortedMap, SortedSet};
use num_bigint::BigUint;
use std::collections::HashMap;
use std::fmt;

/// The outputs of all executions that were added.
#[derive(Debug)]
pub struct Outputs {
    shapes: Shapes,
    start: SortedSet<Possibility>,
}

/// A number of outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Count {
    /// This many.
    Exactly(BigUint),
    /// The budget did not suffice; there are this many or more.
    AtLeast(BigUint),
}

/// Some outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The first ones, in lexicographic order.
    pub outputs: Vec<Vec<u8>>,
    /// Whether these are all.
    pub complete: bool,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Count::Exactly(count) => count.fmt(f),
            Count::AtLeast(count) => write!(f, "at least {count}"),
        }
    }
}

/// One thing that may be the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Possibility {
    /// What is left of the write under way.
    pending: TextId,
    /// The writes that have not begun.
    rest: ShapeId,
}

impl Possibility {
    const DONE: Possibility = Possibility { pending: TextId::EMPTY, rest: ShapeId::DONE };
}

/// All that may be the case, sorted.
type State = Vec<Possibility>;

impl Default for Outputs {
    fn default() -> Outputs {
        Outputs { shapes: Shapes::new(), start: SortedSet::new() }
    }
}

impl Outputs {
    /// The outputs of no execution: none at all, not even the empty one.
    pub fn new() -> Outputs {
        Outputs::default()
    }

    /// Adds every output of one execution, in any of its schedules. Nothing of `order` is kept but its writes.
    pub fn add(&mut self, order: &TraceOrder) {
        let writes: Vec<usize> =
            (0..order.len()).filter(|step| !order.steps()[*step].output.is_empty()).collect();
        let texts: SortedMap<usize, TextId> =
            writes.iter().map(|step| (*step, self.shapes.text(&order.steps()[*step].output))).collect();
        let rest = self.shapes.shape_of(&writes, &|step| texts[&step], &|a, b| order.before(a, b));
        self.start.insert(Possibility { pending: TextId::EMPTY, rest });
    }

    /// How many different outputs there are, if `budget` suffices: the possibilities followed and the parts of
    /// all residual orders met. A million is a matter of seconds.
    pub fn count(&mut self, budget: usize) -> Count {
        let before = self.shapes.effort();
        let mut followed = 0;
        let mut finished = BigUint::ZERO;
        // Reached but not left: by the number of bytes so far, with the number of ways to get there.
        let mut open: SortedMap<usize, HashMap<State, BigUint>> = SortedMap::new();
        open.entry(0).or_default().insert(self.start(), BigUint::from(1u32));
        while let Some((length, layer)) = open.pop_first() {
            let mut layer: Vec<_> = layer.into_iter().collect();
            layer.sort_unstable();
            let mut layer = layer.into_iter();
            while let Some((state, ways)) = layer.next() {
                followed += state.len();
                if followed + (self.shapes.effort() - before) > budget {
                    let later = open.into_iter().flat_map(|(_, layer)| layer.into_values());
                    let reached = layer.map(|(_, ways)| ways).chain(later);
                    return Count::AtLeast(reached.fold(finished + ways, |sum, ways| sum + ways));
                }
                if state.contains(&Possibility::DONE) {
                    finished += &ways;
                }
                for (bytes, next) in self.edges(&state) {
                    *open.entry(length + bytes.len()).or_default().entry(next).or_default() += &ways;
                }
            }
        }
        Count::Exactly(finished)
    }

    /// The first outputs in lexicographic order, at most `limit` of them and as far as `budget` goes (as in
    /// [`Outputs::count`]).
    pub fn first(&mut self, limit: usize, budget: usize) -> Listing {
        let before = self.shapes.effort();
        let mut followed = 0;
        let mut outputs = Vec::new();
        let mut output = Vec::new();
        let mut open = vec![(0, Vec::new(), self.start())];
        while let Some((length, bytes, state)) = open.pop() {
            followed += state.len();
            if state.is_empty() {
                continue;
            }
            if outputs.len() == limit || followed + (self.shapes.effort() - before) > budget {
                return Listing { outputs, complete: false };
            }
            output.truncate(length);
            output.extend_from_slice(&bytes);
            if state.contains(&Possibility::DONE) {
                outputs.push(output.clone());
            }
            let edges = self.edges(&state);
            open.extend(edges.into_iter().rev().map(|(bytes, next)| (output.len(), bytes, next)));
        }
        Listing { outputs, complete: true }
    }

    fn start(&self) -> State {
        self.start.iter().copied().collect()
    }

    /// Where one can go from a state: for each next byte, that byte, those that must follow it, and the state then.
    fn edges(&mut self, state: &State) -> Vec<(Vec<u8>, State)> {
        let mut next: SortedMap<u8, SortedSet<Possibility>> = SortedMap::new();
        for possibility in state {
            for begun in self.begin(*possibility) {
                if let Some(byte) = self.shapes.bytes(begun.pending).first() {
                    next.entry(*byte).or_default().insert(self.skip(begun, 1));
                }
            }
        }
        let edges = next.into_iter();
        edges.map(|(byte, state)| self.hurry(byte, state.into_iter().collect())).collect()
    }

    /// The possibilities in which a write is under way, just before the next byte.
    fn begin(&mut self, possibility: Possibility) -> Vec<Possibility> {
        if possibility.pending != TextId::EMPTY {
            return vec![possibility];
        }
        let firsts = self.shapes.firsts(possibility.rest);
        firsts.iter().map(|(pending, rest)| Possibility { pending: *pending, rest: *rest }).collect()
    }

    fn skip(&mut self, possibility: Possibility, bytes: usize) -> Possibility {
        let text = self.shapes.bytes(possibility.pending);
        Possibility { pending: self.shapes.text(&text[bytes..]), rest: possibility.rest }
    }

    /// After `byte`: all bytes that every possibility has in common are taken in one go.
    fn hurry(&mut self, byte: u8, state: State) -> (Vec<u8>, State) {
        let texts: Vec<_> = state.iter().map(|possibility| self.shapes.bytes(possibility.pending)).collect();
        let common = texts.iter().skip(1).fold(texts[0].len(), |common, text| {
            let same = texts[0].iter().zip(text.iter()).take_while(|(a, b)| a == b).count();
            common.min(same)
        });
        let bytes = std::iter::once(byte).chain(texts[0][..common].iter().copied()).collect();
        let after: SortedSet<Possibility> = state.into_iter().map(|each| self.skip(each, common)).collect();
        (bytes, after.into_iter().collect())
    }
}
