//! The thinking of Postern: what was observed, what is wrong with it, what to change.
//!
//! Everything here is pure, synchronous and deterministic. Time, settings and prices come in as
//! values; nothing here sees AWS, the clock, the environment or an async runtime.

pub mod change;
pub mod control;
pub mod controls;
pub mod cost;
pub mod finding;
pub mod function;
pub mod id;
pub mod ingress;
pub mod ledger;
pub mod plan;
mod policy;
pub mod report;
pub mod requirement;
pub mod settings;
pub mod simulate;
pub mod snapshot;
#[cfg(test)]
mod testing;
pub mod trigger;
