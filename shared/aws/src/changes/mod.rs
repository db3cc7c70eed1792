//! Applies changes and undoes them, each only if the live state right before the call still asks for it.
//!
//! A kind of change is one file: its IAM actions, its calls, and the calls that undo it.

mod accept_connection;
mod add_subnet;
mod applier;
mod associate_route_table;
mod attach_managed_group;
mod authorize_ingress;
mod create_endpoint;
mod create_managed_group;
mod enable_private_dns;
mod enable_vpc_dns;
mod endpoint_modification;
mod endpoint_service;
mod isolate_endpoint;
mod quarantine_endpoint;
mod refusal;
mod reject_connection;
mod remove_service_principals;
mod replace_policy;
mod require_acceptance;
mod security_group;
#[cfg(test)]
mod tests;

use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use postern_core::changes::{AddSubnet, Change, ChangeKind, ChangeOutcome, Inverse};

pub use self::applier::Applier;
use self::applier::Step;
use crate::calls::Calls;

/// The IAM actions that applying a change requires.
pub fn calls(kind: ChangeKind) -> &'static [&'static str] {
    match kind {
        ChangeKind::EnableVpcDns => enable_vpc_dns::CALLS,
        ChangeKind::CreateManagedGroup => create_managed_group::CALLS,
        ChangeKind::AuthorizeIngress => authorize_ingress::CALLS,
        ChangeKind::CreateEndpoint => create_endpoint::CALLS,
        ChangeKind::AddSubnet => add_subnet::CALLS,
        ChangeKind::AssociateRouteTable => associate_route_table::CALLS,
        ChangeKind::AttachManagedGroup => attach_managed_group::CALLS,
        ChangeKind::EnablePrivateDns => enable_private_dns::CALLS,
        ChangeKind::AcceptConnection => accept_connection::CALLS,
        ChangeKind::QuarantineEndpoint => quarantine_endpoint::CALLS,
        ChangeKind::IsolateEndpoint => isolate_endpoint::CALLS,
        ChangeKind::ReplacePolicy => replace_policy::CALLS,
        ChangeKind::RequireAcceptance => require_acceptance::CALLS,
        ChangeKind::RemoveServicePrincipals => remove_service_principals::CALLS,
        ChangeKind::RejectConnection => reject_connection::CALLS,
    }
}

/// The IAM actions that undoing a change requires.
pub fn undo_calls(kind: ChangeKind) -> &'static [&'static str] {
    match kind {
        ChangeKind::EnableVpcDns => enable_vpc_dns::UNDO_CALLS,
        ChangeKind::CreateManagedGroup => create_managed_group::UNDO_CALLS,
        ChangeKind::AuthorizeIngress => authorize_ingress::UNDO_CALLS,
        ChangeKind::CreateEndpoint => create_endpoint::UNDO_CALLS,
        ChangeKind::AddSubnet => add_subnet::UNDO_CALLS,
        ChangeKind::AssociateRouteTable => associate_route_table::UNDO_CALLS,
        ChangeKind::AttachManagedGroup => attach_managed_group::UNDO_CALLS,
        ChangeKind::EnablePrivateDns => enable_private_dns::UNDO_CALLS,
        ChangeKind::AcceptConnection => accept_connection::UNDO_CALLS,
        ChangeKind::QuarantineEndpoint => quarantine_endpoint::UNDO_CALLS,
        ChangeKind::IsolateEndpoint => isolate_endpoint::UNDO_CALLS,
        ChangeKind::ReplacePolicy => replace_policy::UNDO_CALLS,
        ChangeKind::RequireAcceptance => require_acceptance::UNDO_CALLS,
        ChangeKind::RemoveServicePrincipals => remove_service_principals::UNDO_CALLS,
        ChangeKind::RejectConnection => reject_connection::UNDO_CALLS,
    }
}

/// The calls that EC2 limits to a few in a minute, per account and Region.
///
/// [Request throttling for the Amazon EC2
/// API](https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html): each has a bucket of four tokens.
pub const LIMITED: [&str; 3] = [
    create_endpoint::CREATE_ENDPOINT,
    create_endpoint::DELETE_ENDPOINTS,
    endpoint_modification::MODIFY,
];

/// The call of a change that EC2 limits to a few in a minute.
pub fn limited_call(change: &Change) -> Option<&'static str> {
    limited(calls(change.kind()))
}

/// The same of what undoes a change.
pub fn limited_undo_call(inverse: &Inverse) -> Option<&'static str> {
    limited(match inverse {
        Inverse::DisableVpcDns(_) => enable_vpc_dns::UNDO_CALLS,
        Inverse::DeleteSecurityGroup(_) => create_managed_group::UNDO_CALLS,
        Inverse::RevokeIngress(_) => authorize_ingress::UNDO_CALLS,
        Inverse::DeleteEndpoint(_) => create_endpoint::UNDO_CALLS,
        Inverse::RemoveSubnet(_) => add_subnet::UNDO_CALLS,
        Inverse::DisassociateRouteTable(_) => associate_route_table::UNDO_CALLS,
        Inverse::DetachGroup(_) => attach_managed_group::UNDO_CALLS,
        Inverse::DisablePrivateDns(_) => enable_private_dns::UNDO_CALLS,
        Inverse::RefuseAcceptedConnection(_) => accept_connection::UNDO_CALLS,
        Inverse::RestorePolicy(_) => replace_policy::UNDO_CALLS,
        Inverse::RestoreGroups(_) => isolate_endpoint::UNDO_CALLS,
        Inverse::WaiveAcceptance(_) => require_acceptance::UNDO_CALLS,
        Inverse::AddServicePrincipals(_) => remove_service_principals::UNDO_CALLS,
        Inverse::AcceptRejectedConnection(_) => reject_connection::UNDO_CALLS,
    })
}

fn limited(calls: &[&'static str]) -> Option<&'static str> {
    calls.iter().copied().find(|call| LIMITED.contains(call))
}

impl Applier {
    /// Applies one change for this control. A change that is in effect already is not needed.
    pub async fn apply(&mut self, change: &Change, control: &str) -> ChangeOutcome {
        let before = self.session.calls();
        self.part = None;
        self.busy = 0;
        (self.waited, self.pauses) = (Duration::ZERO, 0);
        // Boxed: the futures of the SDK's calls are large.
        let step: LocalBoxFuture<'_, Step> = match change {
            Change::EnableVpcDns(change) => Box::pin(enable_vpc_dns::apply(self, change)),
            Change::CreateManagedGroup(change) => Box::pin(create_managed_group::apply(self, change, control)),
            Change::AuthorizeIngress(change) => Box::pin(authorize_ingress::apply(self, change, control)),
            Change::CreateEndpoint(change) => Box::pin(create_endpoint::apply(self, change, control)),
            Change::AddSubnet(change) => Box::pin(add_subnet::apply(self, change)),
            Change::AssociateRouteTable(change) => Box::pin(associate_route_table::apply(self, change)),
            Change::AttachManagedGroup(change) => Box::pin(attach_managed_group::apply(self, change)),
            Change::EnablePrivateDns(change) => Box::pin(enable_private_dns::apply(self, change)),
            Change::AcceptConnection(change) => Box::pin(accept_connection::apply(self, change)),
            Change::QuarantineEndpoint(change) => Box::pin(quarantine_endpoint::apply(self, change)),
            Change::IsolateEndpoint(change) => Box::pin(isolate_endpoint::apply(self, change)),
            Change::ReplacePolicy(change) => Box::pin(replace_policy::apply(self, change)),
            Change::RequireAcceptance(change) => Box::pin(require_acceptance::apply(self, change)),
            Change::RemoveServicePrincipals(change) => Box::pin(remove_service_principals::apply(self, change)),
            Change::RejectConnection(change) => Box::pin(reject_connection::apply(self, change)),
        };
        match step.await {
            Ok(created) => ChangeOutcome::Applied { created },
            // An attempt of this call made the change, although its answer was lost.
            Err(ChangeOutcome::NotNeeded { .. }) if self.repeated(change, &before) => ChangeOutcome::Applied {
                created: change
                    .managed_group()
                    .and_then(|(vpc, purpose)| self.known_group(vpc, purpose))
                    .map(|id| id.0.clone()),
            },
            Err(ChangeOutcome::Failed { cause, transient }) => ChangeOutcome::Failed {
                cause: format!("could not {change}: {cause}"),
                transient,
            },
            Err(other) => other,
        }
    }

    /// Adds several subnets to one endpoint by one call. Gives the outcome of each. Where EC2 refuses all of them because
    /// of one, they are added one by one.
    pub async fn add_subnets(&mut self, changes: &[&AddSubnet]) -> Vec<ChangeOutcome> {
        (self.waited, self.pauses) = (Duration::ZERO, 0);
        match Box::pin(add_subnet::apply_together(self, changes)).await {
            Some(outcomes) => outcomes,
            None => {
                let mut outcomes = Vec::new();
                for change in changes {
                    outcomes.push(self.apply(&Change::AddSubnet((*change).clone()), "").await);
                }
                outcomes
            }
        }
    }

    /// The part of the last change that was made, where the rest was in effect before. Only this part may be undone.
    pub fn part(&mut self) -> Option<Change> {
        self.part.take()
    }

    /// Undoes a change. With the change, what it created or set must still be as the change left it; otherwise the
    /// outcome says what differs. Without it, the resource only has to be created by Postern. Not needed where the
    /// change is not in effect any more.
    pub async fn undo(&mut self, inverse: &Inverse, change: Option<&Change>) -> ChangeOutcome {
        let step: LocalBoxFuture<'_, Step> = match inverse {
            Inverse::DisableVpcDns(inverse) => Box::pin(enable_vpc_dns::undo(self, inverse)),
            Inverse::DeleteSecurityGroup(inverse) => Box::pin(create_managed_group::undo(self, inverse, change)),
            Inverse::RevokeIngress(inverse) => Box::pin(authorize_ingress::undo(self, inverse)),
            Inverse::DeleteEndpoint(inverse) => Box::pin(create_endpoint::undo(self, inverse, change)),
            Inverse::RemoveSubnet(inverse) => Box::pin(add_subnet::undo(self, inverse)),
            Inverse::DisassociateRouteTable(inverse) => Box::pin(associate_route_table::undo(self, inverse)),
            Inverse::DetachGroup(inverse) => Box::pin(attach_managed_group::undo(self, inverse)),
            Inverse::DisablePrivateDns(inverse) => Box::pin(enable_private_dns::undo(self, inverse)),
            Inverse::RefuseAcceptedConnection(inverse) => Box::pin(accept_connection::undo(self, inverse)),
            Inverse::RestorePolicy(inverse) => Box::pin(replace_policy::undo(self, inverse, change)),
            Inverse::RestoreGroups(inverse) => Box::pin(isolate_endpoint::undo(self, inverse)),
            Inverse::WaiveAcceptance(inverse) => Box::pin(require_acceptance::undo(self, inverse)),
            Inverse::AddServicePrincipals(inverse) => Box::pin(remove_service_principals::undo(self, inverse)),
            Inverse::AcceptRejectedConnection(inverse) => Box::pin(reject_connection::undo(self, inverse)),
        };
        match step.await {
            Ok(_) => ChangeOutcome::Applied { created: None },
            Err(ChangeOutcome::Failed { cause, transient }) => ChangeOutcome::Failed {
                cause: format!("could not {}: {cause}", inverse.text()),
                transient,
            },
            Err(other) => other,
        }
    }

    /// Whether a request that changes something was sent more than once since then, each attempt of the SDK counted. A
    /// request that EC2 refused because it was busy had no effect. Creations of endpoints have a token for this.
    fn repeated(&self, change: &Change, before: &Calls) -> bool {
        let since = self.session.calls().since(before);
        let changing = |operation: &str| !operation.starts_with("Describe");
        change.kind() != ChangeKind::CreateEndpoint
            && since
                .by_operation()
                .any(|(operation, count)| changing(operation) && count > 1 + self.busy)
    }
}
