//! Random moments that can be had again.

use std::time::{Duration, Instant, SystemTime};

/// A small generator of random numbers. Tests print the seed, and `DICE=seed` in the environment brings it back.
pub struct Dice {
    pub seed: u64,
    state: u64,
}

impl Dice {
    pub fn new() -> Dice {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is after 1970");
        let given = std::env::var("DICE").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or(now.as_nanos() as u64) | 1;
        println!("DICE={seed}");
        Dice { seed, state: seed }
    }

    /// A number below `limit`. See Marsaglia, "Xorshift RNGs".
    pub fn below(&mut self, limit: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % limit
    }

    /// Lets a random time below `limit` go by: a moment to choose, not a thing to wait for.
    pub fn moment(&mut self, limit: Duration) {
        let moment = Instant::now() + Duration::from_nanos(self.below(limit.as_nanos() as u64));
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
    }
}
