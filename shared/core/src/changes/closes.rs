//! What a restrictive change closes.

use super::Change;

impl Change {
    /// The id of the endpoint or endpoint service that it closes to somebody. None where it closes nothing.
    pub fn closes(&self) -> Option<&str> {
        match self {
            Self::QuarantineEndpoint(change) => Some(change.endpoint.as_str()),
            Self::IsolateEndpoint(change) => Some(change.endpoint.as_str()),
            Self::ReplacePolicy(change) => Some(change.endpoint.as_str()),
            Self::RequireAcceptance(change) => Some(change.service.as_str()),
            Self::RemoveServicePrincipals(change) => Some(change.service.as_str()),
            Self::RejectConnection(change) => Some(change.service.as_str()),
            Self::EnableVpcDns(_)
            | Self::CreateManagedGroup(_)
            | Self::AuthorizeIngress(_)
            | Self::CreateEndpoint(_)
            | Self::AddSubnet(_)
            | Self::AssociateRouteTable(_)
            | Self::AttachManagedGroup(_)
            | Self::EnablePrivateDns(_)
            | Self::AcceptConnection(_) => None,
        }
    }
}
