//! Which steps of an execution depend on each other, and what follows from that.
//!
//! ```text
//! steps with footprints ─▶ TraceOrder ─▶ always before? · the same execution? · another order of it
//!                              │
//!                              ▼ its writes to stdout, up to isomorphism
//!                           Outputs ─▶ how many, and which
//! ```
//!
//! A [`TraceOrder`] holds program order, births, and every conflicting pair in the
//! order in which it happened. Its linear extensions are schedules that differ in
//! nothing that a task could notice: they are the same execution. So a claim on the
//! order is a claim on all of them, and none of them needs to be run again.
//!
//! | module | what it holds |
//! |---|---|
//! | [`footprint`] | what an operation touched, and whether two operations conflict |
//! | [`rules`] | the dependency relation: what each kind of operation touches |
//! | [`trace_order`] | the order itself: before, always before, canonical form |
//! | [`overdue`] | signals whose arrival nothing may precede any more |
//! | [`extension`] | its linear extensions: a random one, and how many there are |
//! | [`outputs`] | the byte strings that can come out, over many orders: how many, and the first few |
//! | `shape` | the writes still to come, up to isomorphism |
//! | `tangle` | the canonical form of those that no simple rule takes apart |

pub mod extension;
pub mod footprint;
pub mod outputs;
pub mod overdue;
pub mod rules;
mod shape;
mod tangle;
pub mod trace_order;

pub use footprint::{Footprint, How, Name, Resource, Space, Span};
pub use num_bigint::BigUint;
pub use outputs::{Count, Listing, Outputs};
pub use overdue::{Coming, Kind, Late, Moved, Overdue};
pub use trace_order::{Always, Step, TraceOrder};

#[cfg(test)]
mod tests;
