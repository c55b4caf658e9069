//! Labelled orders that are neither side by side nor one after the other, in canonical form.
//!
//! Invariant: a [`Tangle`] says everything about its order, so equal tangles are
//! isomorphic. The reverse is only hoped for: where the numbering had to choose
//! among items that look alike, two isomorphic orders may get different forms.
//! That costs time, never correctness.

use super::shape::TextId;
use crate::sorted::SortedMap;

/// A labelled order on `0..len`, numbered so that what comes before has the smaller number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Tangle {
    texts: Vec<TextId>,
    /// For each item, a row of bits: which items come before it. Small, for there may be a million tangles.
    below: Vec<u64>,
}

impl Tangle {
    /// The canonical form of the order that `before` is on `items`.
    pub(super) fn new(
        items: &[usize],
        text: &dyn Fn(usize) -> TextId,
        before: &dyn Fn(usize, usize) -> bool,
    ) -> Tangle {
        let count = items.len();
        let below: Vec<Vec<usize>> =
            (0..count).map(|i| (0..count).filter(|j| before(items[*j], items[i])).collect()).collect();
        let mut above = vec![Vec::new(); count];
        for (item, lower) in below.iter().enumerate() {
            lower.iter().for_each(|lower| above[*lower].push(item));
        }
        // What has more below it gets a larger colour, so colours agree with the order.
        let colours = ranks(&(0..count).map(|i| (below[i].len(), text(items[i]))).collect::<Vec<_>>());
        let number = numbering(colours, &below, &above);
        let mut tangle =
            Tangle { texts: vec![TextId::EMPTY; count], below: vec![0; count * count.div_ceil(64)] };
        for item in 0..count {
            tangle.texts[number[item]] = text(items[item]);
            for lower in &below[item] {
                let (word, bit) = tangle.place(number[*lower], number[item]);
                tangle.below[word] |= bit;
            }
        }
        tangle
    }

    /// Where it is written whether `a` comes before `b`.
    fn place(&self, a: usize, b: usize) -> (usize, u64) {
        (b * self.len().div_ceil(64) + a / 64, 1 << (a % 64))
    }

    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn text(&self, item: usize) -> TextId {
        self.texts[item]
    }

    pub(super) fn before(&self, a: usize, b: usize) -> bool {
        let (word, bit) = self.place(a, b);
        self.below[word] & bit != 0
    }

    /// The items that can come first.
    pub(super) fn minimal(&self) -> impl Iterator<Item = usize> {
        let rows = self.below.chunks(self.len().div_ceil(64).max(1));
        rows.enumerate().filter(|(_, row)| row.iter().all(|word| *word == 0)).map(|(item, _)| item)
    }
}

/// A number for each item, from its colour and its surroundings alone as far as that goes.
///
/// Colours are refined by the colours below and above until nothing changes. If two items still look alike, one
/// of them is set apart and the refinement goes on.
fn numbering(mut colours: Vec<usize>, below: &[Vec<usize>], above: &[Vec<usize>]) -> Vec<usize> {
    loop {
        let seen = |near: &[usize]| {
            let mut seen: Vec<usize> = near.iter().map(|other| colours[*other]).collect();
            seen.sort_unstable();
            seen
        };
        let views: Vec<_> =
            (0..colours.len()).map(|i| (colours[i], seen(&below[i]), seen(&above[i]))).collect();
        let refined = ranks(&views);
        if refined != colours {
            colours = refined;
            continue;
        }
        let Some(twin) = (0..colours.len()).find(|i| colours[i + 1..].contains(&colours[*i])) else {
            return colours;
        };
        // Ranks leave a gap of the size of the class above it: the one set apart stays, its twins move up.
        let class = colours[twin];
        for (item, colour) in colours.iter_mut().enumerate() {
            if item != twin && *colour == class {
                *colour += 1;
            }
        }
    }
}

/// For each key, how many keys are smaller.
fn ranks<K: Ord>(keys: &[K]) -> Vec<usize> {
    let mut sizes: SortedMap<&K, usize> = SortedMap::new();
    keys.iter().for_each(|key| *sizes.entry(key).or_default() += 1);
    let mut smaller = 0;
    for size in sizes.values_mut() {
        smaller += std::mem::replace(size, smaller);
    }
    keys.iter().map(|key| sizes[key]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::extension::Random;

    /// Two rings of items that each stand below their neighbours: much alike, and only the ring's size tells.
    fn crown(size: usize) -> Vec<(usize, usize)> {
        (0..size).flat_map(|i| [(i, size + i), (i, size + (i + 1) % size)]).collect()
    }

    fn tangle(count: usize, pairs: &[(usize, usize)], shuffled: &[usize]) -> Tangle {
        let items: Vec<usize> = (0..count).collect();
        let before = |a: usize, b: usize| pairs.contains(&(shuffled[a], shuffled[b]));
        Tangle::new(&items, &|_| TextId::EMPTY, &before)
    }

    #[test]
    fn items_in_any_sequence_make_one_tangle() {
        let mut random = Random(1);
        for size in 3..6 {
            let mut shuffled: Vec<usize> = (0..2 * size).collect();
            let first = tangle(2 * size, &crown(size), &shuffled);
            for _ in 0..50 {
                (1..2 * size).for_each(|i| shuffled.swap(i, random.below(i as u64 + 1) as usize));
                assert_eq!(tangle(2 * size, &crown(size), &shuffled), first, "{shuffled:?}");
            }
        }
    }

    #[test]
    fn what_looks_alike_to_every_item_is_still_told_apart() {
        let one: Vec<(usize, usize)> = crown(6);
        let two: Vec<(usize, usize)> =
            crown(3).into_iter().flat_map(|(low, high)| [(low, high + 3), (low + 3, high + 6)]).collect();
        let as_listed: Vec<usize> = (0..12).collect();
        assert_ne!(tangle(12, &one, &as_listed), tangle(12, &two, &as_listed));
    }

    #[test]
    fn what_comes_before_has_the_smaller_number() {
        let n = [(3, 2), (3, 1), (0, 1)];
        let tangle = tangle(4, &n, &[0, 1, 2, 3]);
        assert_eq!(tangle.minimal().count(), 2);
        assert!((0..4).all(|a| (0..=a).all(|b| !tangle.before(a, b))), "{tangle:?}");
    }
}
