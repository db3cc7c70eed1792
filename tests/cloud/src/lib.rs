//! A model of the parts of AWS that Postern talks to: EC2, load balancers, SNS, DynamoDB, SSM parameters, private hosted zones and who the caller is, in this
//! process, behind the HTTP connector of the SDK's own clients.
//!
//! One seed determines the world, the faults, the duration of calls and the page sizes. Time is tokio's, so that tests can
//! pause it. A call or parameter that is not modelled panics.

mod api_error;
mod clock;
mod cloud;
mod cloudwatch;
mod connector;
pub mod dynamodb;
mod ec2;
mod errors;
mod event;
mod faults;
mod form;
mod load_balancers;
mod log;
mod notification;
mod organizations;
mod route53;
mod sns;
mod ssm;
mod state;
mod sts;
#[cfg(test)]
mod tests;
pub mod world;
mod xml;

pub use api_error::ApiError;
pub use cloud::{Answer, Cloud};
pub use faults::{Fault, Faults};
pub use log::{Entry, Service};
pub use notification::Notification;
pub use sns::Published;
pub use world::{Effect, Resource, World};

/// The account of everything that names no other.
pub const ACCOUNT: &str = "111122223333";
/// The account of outsiders and of owners of shared networks.
pub const OTHER_ACCOUNT: &str = "444455556666";
/// The Region of everything that names no other.
pub const REGION: &str = "eu-central-1";

/// Fails the test: the model does not know this.
#[track_caller]
#[expect(clippy::panic, reason = "a question without an answer must not pass")]
fn not_modelled(what: impl std::fmt::Display) -> ! {
    panic!("the model cloud does not know {what}")
}
