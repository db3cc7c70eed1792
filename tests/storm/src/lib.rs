//! Storms: organisations at random, people who change them, events that come late, twice and not at all, calls that fail
//! before and after their effect, functions that die; and what has to hold nevertheless.
//!
//! A storm follows from its seed. It takes place on the model cloud, in paused time, with the functions' own code from
//! the SQS batch on.

mod checks;
mod deliveries;
mod organisation;
mod people;
mod storm;
mod tale;

pub use storm::{Figures, Kind, ride};
