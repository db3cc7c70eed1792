//! The errors of EC2.

use fastrand::Rng;

use crate::api_error::ApiError;

impl ApiError {
    pub(crate) fn missing(parameter: &str) -> Self {
        Self::new(
            "MissingParameter",
            format!("The request must contain the parameter {parameter}"),
        )
    }

    pub(crate) fn parameter(message: impl Into<String>) -> Self {
        Self::new("InvalidParameter", message)
    }

    pub(crate) fn not_permitted(message: impl Into<String>) -> Self {
        Self::new("OperationNotPermitted", message)
    }

    /// EC2 has two spellings for some of them.
    pub(crate) fn no_endpoint(id: &str, rng: &mut Rng) -> Self {
        let code = rng.choice(["InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound"]);
        Self::new(
            code.unwrap_or_default(),
            format!("The Vpc Endpoint Id '{id}' does not exist"),
        )
    }

    pub(crate) fn no_subnet(id: &str, rng: &mut Rng) -> Self {
        let code = rng.choice(["InvalidSubnetID.NotFound", "InvalidSubnetId.NotFound"]);
        Self::new(code.unwrap_or_default(), format!("The subnet ID '{id}' does not exist"))
    }

    pub(crate) fn no_group(id: &str, rng: &mut Rng) -> Self {
        let code = rng.choice(["InvalidGroup.NotFound", "InvalidSecurityGroupID.NotFound"]);
        Self::new(
            code.unwrap_or_default(),
            format!("The security group '{id}' does not exist"),
        )
    }

    pub(crate) fn no_vpc(id: &str) -> Self {
        Self::new("InvalidVpcID.NotFound", format!("The vpc ID '{id}' does not exist"))
    }

    pub(crate) fn no_network_acl(id: &str) -> Self {
        Self::new(
            "InvalidNetworkAclID.NotFound",
            format!("The network acl ID '{id}' does not exist"),
        )
    }

    pub(crate) fn no_route_table(id: &str) -> Self {
        Self::new(
            "InvalidRouteTableID.NotFound",
            format!("The routeTable ID '{id}' does not exist"),
        )
    }

    pub(crate) fn no_endpoint_service(id: &str, rng: &mut Rng) -> Self {
        let code = rng.choice([
            "InvalidVpcEndpointServiceId.NotFound",
            "InvalidVpcEndpointService.NotFound",
        ]);
        Self::new(
            code.unwrap_or_default(),
            format!("The VpcEndpointService Id '{id}' does not exist"),
        )
    }

    pub(crate) fn still_used(what: &str, id: &str) -> Self {
        Self::new(
            "DependencyViolation",
            format!("The {what} '{id}' has dependencies and cannot be deleted."),
        )
    }
}
