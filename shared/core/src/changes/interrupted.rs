//! Whom an interrupting change interrupts.

use std::collections::BTreeSet;

use super::Change;
use crate::model::endpoint::EndpointKind;
use crate::model::id::{EndpointId, RouteTableId, SubnetId};
use crate::model::part::{Gap, Observed};
use crate::model::snapshot::VpcSnapshot;

impl Change {
    /// The subnets whose clients the change interrupts. Empty where it interrupts nobody, None where clients outside the VPC
    /// may be concerned.
    ///
    /// # Errors
    /// The gap, where subnets or route tables were not observed.
    pub fn interrupts(&self, state: &VpcSnapshot) -> Observed<Option<BTreeSet<SubnetId>>> {
        let subnets = match self {
            Self::CreateEndpoint(new) if new.private_dns => every_subnet(state),
            Self::CreateEndpoint(new) => subnets_of(&new.route_tables, state),
            Self::AssociateRouteTable(change) => subnets_of(&[change.route_table.clone()].into(), state),
            Self::EnableVpcDns(_) | Self::EnablePrivateDns(_) => every_subnet(state),
            Self::QuarantineEndpoint(change) => return clients_of(&change.endpoint, state),
            Self::IsolateEndpoint(change) => return clients_of(&change.endpoint, state),
            Self::CreateManagedGroup(_)
            | Self::AuthorizeIngress(_)
            | Self::AddSubnet(_)
            | Self::AttachManagedGroup(_)
            | Self::ReplacePolicy(_)
            // In no VPC of ours.
            | Self::AcceptConnection(_)
            | Self::RequireAcceptance(_)
            | Self::RemoveServicePrincipals(_)
            | Self::RejectConnection(_) => Ok(BTreeSet::new()),
        };
        subnets.map(Some)
    }
}

/// Names of services resolve to endpoints in the whole VPC.
fn every_subnet(state: &VpcSnapshot) -> Observed<BTreeSet<SubnetId>> {
    let subnets = state.subnets.as_ref().map_err(Gap::clone)?;
    Ok(subnets.keys().cloned().collect())
}

/// The subnets whose clients use a gateway endpoint, by its routes. Other endpoints have addresses, which clients of other
/// VPCs and on premises reach by peering, transit gateways and VPN.
fn clients_of(id: &EndpointId, state: &VpcSnapshot) -> Observed<Option<BTreeSet<SubnetId>>> {
    let endpoints = state.endpoints.as_ref().map_err(Gap::clone)?;
    let gateway = endpoints
        .get(id)
        .filter(|endpoint| endpoint.kind == EndpointKind::Gateway);
    gateway
        .map(|gateway| subnets_of(&gateway.route_tables, state))
        .transpose()
}

/// The subnets that follow these route tables.
fn subnets_of(tables: &BTreeSet<RouteTableId>, state: &VpcSnapshot) -> Observed<BTreeSet<SubnetId>> {
    let mut found = BTreeSet::new();
    for subnet in every_subnet(state)? {
        let table = state.route_table_of(&subnet)?;
        if table.is_some_and(|table| tables.contains(&table.id)) {
            found.insert(subnet);
        }
    }
    Ok(found)
}
