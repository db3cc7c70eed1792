//! The functions' programs as Lambda runs them, against a stand-in for EC2.

mod faults;
mod ledger;
mod repairs;
mod rig;
mod services;
mod triggers;
