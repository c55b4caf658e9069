//! The linear extensions of a trace order: the schedules that are one execution.

use super::shape::Shapes;
use super::trace_order::TraceOrder;
use num_bigint::BigUint;

impl TraceOrder {
    /// A random schedule of this execution; the same seed gives the same one.
    ///
    /// A step is chosen with a weight of itself and all that must come after it. Where no step waits for two
    /// others, that makes every schedule equally likely; elsewhere nearly so.
    pub fn random_extension(&self, seed: u64) -> Vec<usize> {
        let count = self.len();
        let weight: Vec<u64> = (0..count)
            .map(|step| 1 + (step + 1..count).map(|later| u64::from(self.before(step, later))).sum::<u64>())
            .collect();
        let mut missing: Vec<usize> = (0..count).map(|step| self.covers(step).len()).collect();
        let mut followers = vec![Vec::new(); count];
        for step in 0..count {
            self.covers(step).iter().for_each(|earlier| followers[*earlier].push(step));
        }
        let mut ready: Vec<usize> = (0..count).filter(|step| missing[*step] == 0).collect();
        let mut random = Random(seed);
        let mut schedule = Vec::with_capacity(count);
        while !ready.is_empty() {
            let mut left = random.below(ready.iter().map(|step| weight[*step]).sum());
            let mut chosen = 0;
            while left >= weight[ready[chosen]] {
                left -= weight[ready[chosen]];
                chosen += 1;
            }
            let step = ready.swap_remove(chosen);
            schedule.push(step);
            for later in &followers[step] {
                missing[*later] -= 1;
                if missing[*later] == 0 {
                    ready.push(*later);
                }
            }
        }
        schedule
    }

    /// How many schedules are this execution; `None` if `budget` did not suffice: the parts of all residual
    /// orders met.
    pub fn extensions(&self, budget: usize) -> Option<BigUint> {
        let mut shapes = Shapes::new();
        let nothing = shapes.text(&[]);
        let steps: Vec<usize> = (0..self.len()).collect();
        let whole = shapes.shape_of(&steps, &|_| nothing, &|a, b| self.before(a, b));
        shapes.extensions(whole, budget)
    }
}

/// A small generator of random numbers (SplitMix64), so that a seed says everything.
#[derive(Debug, Clone)]
pub(super) struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, `limit`, which is not 0.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
