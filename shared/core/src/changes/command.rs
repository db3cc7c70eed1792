//! AWS CLI commands that several inverses share.

use crate::model::id::{EndpointId, EndpointServiceId};

pub(super) fn modify_endpoint(endpoint: &EndpointId, arguments: &str) -> String {
    format!("aws ec2 modify-vpc-endpoint --vpc-endpoint-id {endpoint} {arguments}")
}

/// `verb` is `accept` or `reject`.
pub(super) fn connections(verb: &str, service: &EndpointServiceId, endpoint: &EndpointId) -> String {
    format!("aws ec2 {verb}-vpc-endpoint-connections --service-id {service} --vpc-endpoint-ids {endpoint}")
}
