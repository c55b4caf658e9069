//! Beside the standard library's trees: the same operations, the same answers.

use std::collections::{BTreeMap, BTreeSet};

use super::{SortedMap, SortedSet};

/// Numbers that look random: a linear congruential generator (constants of MMIX).
fn numbers(count: usize) -> impl Iterator<Item = u64> {
    let mut state = 1u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        state >> 33
    })
    .take(count)
}

#[test]
fn a_map_does_what_a_tree_does() {
    let (mut map, mut tree) = (SortedMap::new(), BTreeMap::new());
    for number in numbers(20_000) {
        let key = number / 8 % 50;
        match number % 8 {
            0..=2 => assert_eq!(map.insert(key, number), tree.insert(key, number)),
            3 if key == 0 => assert_eq!(map.pop_first(), tree.pop_first()),
            3 => assert_eq!(map.remove(&key), tree.remove(&key)),
            4 => assert_eq!(map.entry(key).or_insert(number), tree.entry(key).or_insert(number)),
            5 => assert_eq!(map.entry(key).or_default(), tree.entry(key).or_default()),
            6 => {
                assert_eq!(map.get(&key), tree.get(&key));
                assert!(map.range(key..key + 9).eq(tree.range(key..key + 9)));
                assert!(map.range(key..=key + 9).eq(tree.range(key..=key + 9)));
                assert!(map.range(..key).eq(tree.range(..key)));
            }
            _ => {
                map.retain(|each, _| each % 7 != key % 7);
                tree.retain(|each, _| each % 7 != key % 7);
            }
        }
        assert_eq!(map.contains_key(&key), tree.contains_key(&key));
        assert!(map.iter().eq(tree.iter()) && map.keys().eq(tree.keys()) && map.values().eq(tree.values()));
        assert_eq!((map.len(), map.is_empty()), (tree.len(), tree.is_empty()));
    }
    let pairs: Vec<_> = numbers(500).map(|number| (number % 40, number)).collect();
    let map: SortedMap<_, _> = pairs.iter().copied().collect();
    assert!(map.into_iter().eq(pairs.into_iter().collect::<BTreeMap<_, _>>()));
}

#[test]
fn a_set_does_what_a_tree_does() {
    let (mut set, mut tree) = (SortedSet::new(), BTreeSet::new());
    for number in numbers(20_000) {
        let value = number / 8 % 50;
        match number % 8 {
            0..=3 => assert_eq!(set.insert(value), tree.insert(value)),
            4..=6 => assert_eq!(set.remove(&value), tree.remove(&value)),
            _ => {
                set.retain(|each| each % 7 != value % 7);
                tree.retain(|each| each % 7 != value % 7);
            }
        }
        assert_eq!((set.contains(&value), set.first()), (tree.contains(&value), tree.first()));
        assert!(set.iter().eq(tree.iter()));
    }
    let (small, large) = (SortedSet::from([3, 5]), SortedSet::from([5, 4, 3]));
    assert!(small.is_subset(&large) && !large.is_subset(&small));
}
