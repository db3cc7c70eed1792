//! Access to AWS: observes VPCs, applies and reverts changes, publishes alerts, keeps the ledger.
//!
//! The only crate that uses the AWS SDK. Its interface consists of the types of `postern-core` and its own errors.

mod aws;
mod call_metrics;
mod calls;
pub mod changes;
mod config;
mod deployment;
mod describe;
mod error;
pub mod ledger;
mod metric_data;
pub mod observe;
mod organization;
mod prices;
mod profile;
mod publish;
mod read_pace;
mod redrive;
mod regions;
mod request;
mod session;
mod settings;
mod sweep;
#[cfg(test)]
mod wire;
mod xml;

pub use aws::{Aws, Caller, ForeignAccountError, SessionError};
pub use call_metrics::CallMetrics;
pub use calls::Calls;
pub use config::{environment_region, retries, timeouts};
pub use deployment::{DEPLOYMENT_CALLS, DeployedStack, Simulated, Trail};
pub use error::{CallError, CredentialsProblem, chain};
pub use organization::ORGANIZATION_CALLS;
pub use profile::{ProfileSource, SelectedProfile};
pub use publish::{PUBLISH_CALLS, PublishError, TopicError};
pub use redrive::{DEAD_LETTER_CALLS, DeadLetter, DeadLetters, QUEUE_CALLS};
pub use regions::REGION_CALLS;
pub use session::Session;
pub use settings::{LocationError, SettingsLocation, SettingsReader};
