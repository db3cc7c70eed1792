//! The thinking of Postern: what was observed, what is wrong with it, what to change.
//!
//! Everything here is pure, synchronous and deterministic. Time, settings and prices come in as
//! values; nothing here sees AWS, the clock, the environment or an async runtime.

pub mod change;
pub mod cost;
pub mod finding;
pub mod id;
pub mod snapshot;
