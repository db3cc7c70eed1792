//! One reconciliation of one scope: observe, evaluate, plan, apply, verify, report.
//!
//! [`Reconciler`] is what the Lambda functions run. [`Session`] is the part of it that changes AWS: it holds the lease
//! of a scope and has every change on record in the ledger before the change is made. The command line takes changes
//! back through the same sessions. Nothing here knows Lambda or writes to a terminal.

mod apply;
mod audit;
mod budget;
mod context;
mod counts;
mod error;
mod evaluation;
mod execution;
mod lease;
mod limits;
mod notify;
mod reconcile;
mod report;
mod restraints;
mod session;
mod settle;
mod sinks;
#[cfg(test)]
mod testing;
mod undo;
mod verify;

pub use apply::{Application, ScopePlan, agreed, apply_agreed, plan_scope, replan};
pub use audit::{AuditRequest, RegionAudit, audit_regions};
pub use budget::Budget;
pub use context::RunContext;
pub use counts::Counts;
pub use error::ReconcileError;
pub use lease::LeaseTerms;
pub use reconcile::{Reconciler, WorkItem};
pub use session::Session;
pub use sinks::{ALERTS, Audience, Destinations, REPORTS, SINKS, Sink};
pub use undo::UndoRequest;
