//! The domain of Postern: what was observed, what is wrong with it, and what to change.
//!
//! Everything here is pure, synchronous and deterministic. Time, settings and prices come in as values; nothing here
//! sees AWS, the clock, the environment or an async runtime.
//!
//! The modules are floors. Each one uses only those above it in this list:
//! `model`, `settings`, `trigger`, `changes`, `history`, `evaluation`, `controls`, `functions`, `plan`.

pub mod changes;
pub mod controls;
pub mod evaluation;
pub mod functions;
pub mod history;
pub mod model;
pub mod plan;
pub mod settings;
#[cfg(test)]
mod testing;
pub mod trigger;
