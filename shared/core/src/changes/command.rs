//! AWS CLI commands that several inverses share.

use crate::model::id::EndpointId;

pub(super) fn modify_endpoint(endpoint: &EndpointId, arguments: &str) -> String {
    format!("aws ec2 modify-vpc-endpoint --vpc-endpoint-id {endpoint} {arguments}")
}
