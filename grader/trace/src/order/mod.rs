//! Which steps of an execution depend on each other, and what follows from that.
//!
//! | module | what it holds |
//! |---|---|
//! | [`footprint`] | what an operation touched, and whether two operations conflict |
//! | [`rules`] | the dependency relation: what each kind of operation touches |

pub mod footprint;
pub mod rules;

pub use footprint::{Footprint, How, Name, Resource, Space, Span};
