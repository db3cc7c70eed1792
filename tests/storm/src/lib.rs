//! Storms: random organisations, people who change them, events that arrive late, twice or never, calls that fail before
//! or after their effect, functions that crash, operators who roll changes back; and the invariants that hold nevertheless.
//!
//! A storm is determined by its seed. It runs on the model cloud in paused time, with the functions' own code from the SQS
//! batch on.
//!
//! | Variable | Meaning |
//! | --- | --- |
//! | `STORMS` | Storms that the tests run over one VPC; 2,000 unless set, 10,000 in CI. One in 250 more go over several VPCs. |
//! | `STORM_FIRST` | Their first seed; unless set, another range of seeds each day. |
//! | `STORM_SEED` | The seed of a single storm to repeat. |
//! | `SOAK_SECONDS`, `SOAK_STORMS`, `SOAK_SEED` | The same for `make soak`: seconds, number of storms, first seed. |

mod checks;
mod figures;
mod operators;
mod people;
mod queues;
mod runner;
mod served;
mod setup;
mod size;
mod storm;
#[cfg(test)]
mod tests;
mod trace;

pub use figures::Figures;
pub use runner::{Stop, Summary, Violation, run_storms};
pub use served::Served;
pub use setup::{LEDGER, OPERATOR, ledger, role, topic};
pub use size::Size;
pub use storm::{calls_of_storm, run_storm};
