//! The nouns: ids, scopes, snapshots, the keys of findings.

pub mod address;
pub mod arn;
pub mod catalogue;
pub mod cost;
pub mod endpoint;
pub mod endpoint_service;
pub mod finding;
pub mod hosted_zone;
pub mod id;
pub mod managed;
pub mod network_acl;
pub mod part;
pub mod policy_document;
pub mod scope;
pub mod scope_snapshot;
pub mod service_facts;
pub mod snapshot;
pub mod text;
pub mod token;
pub mod traffic;
