//! What blocks, what unblocks it, and what each call touches.
//!
//! | file | claim |
//! |---|---|
//! | `cast` | a kernel made of the world itself: what each call would answer |
//! | `waits`, `lives`, `pipes`, `polls`, `signals`, `timers`, `arrivals`, `descriptors`, `files` | one rule a test, in both directions |
//! | `commute` | steps that touch nothing in common commute, in random worlds |

mod arrivals;
mod cast;
mod commute;
mod descriptors;
mod files;
mod lives;
mod pipes;
mod polls;
mod signals;
mod threads;
mod timers;
mod waits;
