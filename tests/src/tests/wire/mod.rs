//! The functions' programs as Lambda runs them, against a stand-in for EC2.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod faults;
mod ledger;
mod repairs;
mod rig;
mod triggers;
