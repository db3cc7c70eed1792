//! Postern's hands and eyes: observes VPCs, applies changes, publishes reports, keeps the ledger.
//!
//! The only crate that sees the AWS SDK. What leaves it are the types of `postern-core` and its own errors.

pub mod apply;
mod clients;
mod error;
mod identity;
pub mod ledger;
pub mod observe;
mod paging;
mod publish;
mod redrive;
#[cfg(test)]
mod wire;

pub use clients::{Aws, Calls, retries, timeouts};
pub use error::{CallError, chain};
pub use publish::{PUBLISH_CALLS, PublishError};
pub use redrive::{DEAD_LETTER_CALLS, DeadLetter, DeadLetters, QUEUE_CALLS};
