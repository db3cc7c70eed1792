//! What people and programs are told of a reconciliation.
//!
//! A [`published::Report`] is the whole picture of a scope at a time; a [`Delta`] is what is new in it. Renderers are
//! pure functions of a report: [`json`] for programs, [`csv`] for spreadsheets, [`ocsf`] for security lakes, [`text`] for
//! people. A [`Message`] is a rendering with its subject and attributes.

mod assemble;
mod console;
pub mod csv;
mod delta;
pub mod json;
mod message;
pub mod ocsf;
mod outcome;
pub mod published;
mod reconciliation;
pub mod text;

#[cfg(test)]
mod tests;

pub use self::delta::Delta;
pub use self::message::{AttributeValue, MESSAGE_LIMIT, Message, SUBJECT_LIMIT, alerts};
pub use self::reconciliation::{Reconciliation, Verification};
