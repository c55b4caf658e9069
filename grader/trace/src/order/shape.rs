//! What is still to be written: an order of writes, up to isomorphism.
//!
//! A shape is a term: one write, one thing after another, several things side by
//! side, or a [`Tangle`] where neither describes it. Equal terms get the same id,
//! so that "have I been here?" is a comparison of two numbers. Side by side, equal
//! parts are only counted: of 16 processes about to write the same, it does not
//! matter which one does.
//!
//! Invariant: two orders with the same id are isomorphic, texts included.

use super::tangle::Tangle;
use crate::sorted::{SortedMap, SortedSet};
use num_bigint::BigUint;
use std::collections::HashMap;
use std::sync::Arc;

/// A text that is written, or what is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TextId(u32);

impl TextId {
    /// The text without bytes.
    pub(super) const EMPTY: TextId = TextId(0);
}

/// A shape in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ShapeId(u32);

impl ShapeId {
    /// Nothing more will be written.
    pub(super) const DONE: ShapeId = ShapeId(0);
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum Shape {
    Done,
    Write(TextId),
    /// All of the first before all of the second; the first is no series itself.
    Series(ShapeId, ShapeId),
    /// Side by side, each so many times; sorted, and none of them is side by side itself.
    Parallel(Vec<(ShapeId, u32)>),
    Tangle(Tangle),
}

/// What can be written next, and what is still to be written then.
pub(super) type Firsts = Arc<[(TextId, ShapeId)]>;

/// All texts and shapes met so far.
#[derive(Debug)]
pub(super) struct Shapes {
    texts: Vec<Arc<[u8]>>,
    text_ids: HashMap<Arc<[u8]>, TextId>,
    shapes: Vec<Arc<Shape>>,
    shape_ids: HashMap<Arc<Shape>, ShapeId>,
    firsts: HashMap<ShapeId, Firsts>,
    effort: usize,
}

impl Shapes {
    pub(super) fn new() -> Shapes {
        let mut new = Shapes {
            texts: Vec::new(),
            text_ids: HashMap::new(),
            shapes: Vec::new(),
            shape_ids: HashMap::new(),
            firsts: HashMap::new(),
            effort: 0,
        };
        new.text(&[]);
        new.add(Shape::Done);
        new
    }

    /// How much work it was so far: every shape counts as many as it has parts, a tangle as its pairs take longer.
    pub(super) fn effort(&self) -> usize {
        self.effort
    }

    pub(super) fn text(&mut self, bytes: &[u8]) -> TextId {
        if let Some(known) = self.text_ids.get(bytes) {
            return *known;
        }
        let id = TextId(self.texts.len() as u32);
        let bytes: Arc<[u8]> = bytes.into();
        self.texts.push(bytes.clone());
        self.text_ids.insert(bytes, id);
        id
    }

    pub(super) fn bytes(&self, text: TextId) -> Arc<[u8]> {
        self.texts[text.0 as usize].clone()
    }

    fn add(&mut self, shape: Shape) -> ShapeId {
        if let Some(known) = self.shape_ids.get(&shape) {
            return *known;
        }
        self.effort += match &shape {
            Shape::Done | Shape::Write(_) | Shape::Series(..) => 1,
            Shape::Parallel(parts) => parts.len(),
            Shape::Tangle(tangle) => tangle.len() * tangle.len() / 16,
        };
        let id = ShapeId(self.shapes.len() as u32);
        let shape = Arc::new(shape);
        self.shapes.push(shape.clone());
        self.shape_ids.insert(shape, id);
        id
    }

    fn get(&self, shape: ShapeId) -> Arc<Shape> {
        self.shapes[shape.0 as usize].clone()
    }

    /// The shape of the order that `before` is on `items`. They ascend, and what comes before has the smaller number.
    pub(super) fn shape_of(
        &mut self,
        items: &[usize],
        text: &dyn Fn(usize) -> TextId,
        before: &dyn Fn(usize, usize) -> bool,
    ) -> ShapeId {
        match items {
            [] => return ShapeId::DONE,
            [only] => return self.add(Shape::Write(text(*only))),
            _ => {}
        }
        let ordered = |a, b| before(a, b) || before(b, a);
        let beside = groups(items, &ordered);
        if beside.len() > 1 {
            let parts = beside.iter().map(|part| (self.shape_of(part, text, before), 1)).collect();
            return self.parallel(parts);
        }
        let layers = groups(items, &|a, b| !ordered(a, b));
        if layers.len() > 1 {
            return layers.iter().rev().fold(ShapeId::DONE, |rest, layer| {
                let first = self.shape_of(layer, text, before);
                self.series(first, rest)
            });
        }
        self.add(Shape::Tangle(Tangle::new(items, text, before)))
    }

    /// All of `first`, then all of `second`.
    fn series(&mut self, first: ShapeId, second: ShapeId) -> ShapeId {
        if second == ShapeId::DONE {
            return first;
        }
        let (mut heads, mut rest) = (Vec::new(), first);
        while let Shape::Series(head, tail) = &*self.get(rest) {
            heads.push(*head);
            rest = *tail;
        }
        if rest != ShapeId::DONE {
            heads.push(rest);
        }
        heads.into_iter().rev().fold(second, |tail, head| self.add(Shape::Series(head, tail)))
    }

    /// All of these side by side, each so many times.
    fn parallel(&mut self, parts: Vec<(ShapeId, u32)>) -> ShapeId {
        let mut flat: SortedMap<ShapeId, u32> = SortedMap::new();
        for (part, times) in parts {
            match &*self.get(part) {
                Shape::Done => {}
                Shape::Parallel(inner) => {
                    inner.iter().for_each(|(part, more)| *flat.entry(*part).or_default() += more * times);
                }
                _ => *flat.entry(part).or_default() += times,
            }
        }
        flat.retain(|_, times| *times > 0);
        let flat: Vec<(ShapeId, u32)> = flat.into_iter().collect();
        match flat[..] {
            [] => ShapeId::DONE,
            [(only, 1)] => only,
            _ => self.add(Shape::Parallel(flat)),
        }
    }

    /// What can be written next.
    pub(super) fn firsts(&mut self, shape: ShapeId) -> Firsts {
        if let Some(known) = self.firsts.get(&shape) {
            return known.clone();
        }
        let mut found = SortedSet::new();
        match &*self.get(shape) {
            Shape::Done => {}
            Shape::Write(text) => {
                found.insert((*text, ShapeId::DONE));
            }
            Shape::Series(head, tail) => {
                for (text, next) in self.firsts(*head).iter() {
                    found.insert((*text, self.series(*next, *tail)));
                }
            }
            Shape::Parallel(parts) => {
                for (chosen, (part, _)) in parts.iter().enumerate() {
                    for (text, next) in self.firsts(*part).iter() {
                        let mut rest = parts.clone();
                        rest[chosen].1 -= 1;
                        rest.push((*next, 1));
                        found.insert((*text, self.parallel(rest)));
                    }
                }
            }
            Shape::Tangle(tangle) => {
                for item in tangle.minimal() {
                    found.insert((tangle.text(item), self.without(tangle, item)));
                }
            }
        }
        let found: Firsts = found.into_iter().collect();
        self.firsts.insert(shape, found.clone());
        found
    }

    fn without(&mut self, tangle: &Tangle, gone: usize) -> ShapeId {
        let rest: Vec<usize> = (0..tangle.len()).filter(|item| *item != gone).collect();
        self.shape_of(&rest, &|item| tangle.text(item), &|a, b| tangle.before(a, b))
    }

    /// How many linear extensions the shape has; `None` once the effort exceeds the budget.
    pub(super) fn extensions(&mut self, shape: ShapeId, budget: usize) -> Option<BigUint> {
        self.sizes_and_extensions(shape, budget, &mut HashMap::new()).map(|(_, ways)| ways)
    }

    fn sizes_and_extensions(
        &mut self,
        shape: ShapeId,
        budget: usize,
        known: &mut HashMap<ShapeId, (u64, BigUint)>,
    ) -> Option<(u64, BigUint)> {
        if let Some(known) = known.get(&shape) {
            return Some(known.clone());
        }
        if self.effort > budget {
            return None;
        }
        let mut size = 0;
        let mut ways = BigUint::from(1u32);
        // A series is walked along, for it may be long; what stands at its end is no series.
        let mut last = shape;
        while let Shape::Series(head, tail) = &*self.get(last) {
            let (part_size, part_ways) = self.sizes_and_extensions(*head, budget, known)?;
            size += part_size;
            ways *= part_ways;
            last = *tail;
        }
        match &*self.get(last) {
            Shape::Done | Shape::Series(..) => {}
            Shape::Write(_) => size += 1,
            Shape::Parallel(parts) => {
                let mut beside = 0;
                for (part, times) in parts {
                    let (part_size, part_ways) = self.sizes_and_extensions(*part, budget, known)?;
                    for _ in 0..*times {
                        beside += part_size;
                        ways *= &part_ways * choose(beside, part_size);
                    }
                }
                size += beside;
            }
            Shape::Tangle(tangle) => {
                let mut sum = BigUint::ZERO;
                for item in tangle.minimal() {
                    let rest = self.without(tangle, item);
                    sum += self.sizes_and_extensions(rest, budget, known)?.1;
                }
                size += tangle.len() as u64;
                ways *= sum;
            }
        }
        known.insert(shape, (size, ways.clone()));
        Some((size, ways))
    }
}

/// In how many ways `k` of `n` can be chosen.
fn choose(n: u64, k: u64) -> BigUint {
    (1..=k).fold(BigUint::from(1u32), |ways, i| ways * (n - k + i) / i)
}

/// The parts into which `linked` divides the ascending items: each ascending, by their first items.
fn groups(items: &[usize], linked: &dyn Fn(usize, usize) -> bool) -> Vec<Vec<usize>> {
    let mut left = items.to_vec();
    let mut groups = Vec::new();
    while !left.is_empty() {
        let mut group = vec![left.remove(0)];
        let mut visited = 0;
        while visited < group.len() {
            let from = group[visited];
            visited += 1;
            left.retain(|item| {
                let near = linked(from, *item);
                if near {
                    group.push(*item);
                }
                !near
            });
        }
        group.sort_unstable();
        groups.push(group);
    }
    groups
}
