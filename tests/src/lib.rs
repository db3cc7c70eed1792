//! What the tests of the whole and the demo are made of: stand-ins for AWS on this machine, a VPC with faults, events,
//! and the functions' programs as they are deployed.

pub mod chain;
pub mod checks;
pub mod connections;
pub mod documents;
pub mod envelope;
pub mod error;
pub mod function;
pub mod http;
pub mod ledger;
pub mod messages;
pub mod offer;
pub mod operator;
pub mod programs;
pub mod proxy;
pub mod scenario;
pub mod scratch;
pub mod seed;
pub mod settings;
pub mod spoke;
pub mod stack;
#[cfg(test)]
mod tests;
pub mod topic;
