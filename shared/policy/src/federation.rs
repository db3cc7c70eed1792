//! Calls to STS that bring the token of an identity provider in place of a signature. They give the credentials of a
//! role, and the role's own trust policy judges the token.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sts_vpc_endpoint_policies.html>

use crate::EndpointContext;
use crate::service;

pub(crate) const ACTIONS: [&str; 2] = ["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];

/// The condition key that names the provider of the token.
pub(crate) const PROVIDER: &str = "aws:FederatedProvider";

pub(crate) fn is_call(action: &str) -> bool {
    ACTIONS.iter().any(|known| known.eq_ignore_ascii_case(action))
}

/// Whether such calls may come through the endpoint.
pub(crate) fn comes_through(endpoint: &EndpointContext) -> bool {
    service::find(&endpoint.service).is_none_or(|service| service.prefixes().any(|prefix| prefix == "sts"))
}
