//! What is published of a reconciliation, to people and to programs.
//!
//! A [`published::Report`] is the whole picture of a scope at a time; a [`Delta`] is what is new in it. Renderers are
//! pure functions of a report: [`json`] for programs, [`csv`] for spreadsheets, [`ocsf`] and [`asff`] for security lakes
//! and Security Hub, [`text`] for people. An [`audit::Audit`] has the reports of a whole account; [`terminal`] and
//! [`html`] render it. [`sarif`] renders verdicts on policy files. A [`Message`] is a rendering with its subject and
//! attributes.

pub mod asff;
mod assemble;
pub mod audit;
mod console;
mod control_page;
mod cost;
pub mod csv;
mod delta;
mod exemption_end;
mod frameworks;
pub mod html;
pub mod json;
mod message;
pub mod ocsf;
mod outcome;
pub mod published;
mod reconciliation;
pub mod sarif;
pub mod terminal;
pub mod text;

#[cfg(test)]
mod tests;

pub use self::control_page::control_page;
pub use self::delta::Delta;
pub use self::frameworks::RequirementSummary;
pub use self::message::{AttributeValue, MESSAGE_LIMIT, Message, SUBJECT_LIMIT, alerts};
pub use self::reconciliation::{Reconciliation, Verification};
