//! The nouns: ids, scopes, what a VPC looks like, what a finding is about.

pub mod cost;
pub mod finding;
pub mod id;
pub mod managed;
pub mod policy_document;
pub mod scope;
pub mod snapshot;
pub mod text;
pub mod token;
