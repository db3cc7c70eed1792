//! Changes: the reversible effects that Postern can have on AWS.
//!
//! A kind of change is one file here: its data, its safety class, what it does to a snapshot, its inverse, whether it
//! is in effect, its price, its words and the configuration that has the same result. Its AWS calls are one file in
//! `postern-aws`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod accept_connection;
mod add_subnet;
mod associate_route_table;
mod attach_managed_group;
mod authorize_ingress;
mod closes;
mod command;
mod create_endpoint;
mod create_managed_group;
mod effect;
mod enable_private_dns;
mod enable_vpc_dns;
mod interrupted;
mod inverse;
mod isolate_endpoint;
mod kind;
mod outcome;
mod quarantine_endpoint;
mod reject_connection;
mod remove_service_principals;
mod replace_policy;
mod require_acceptance;
mod simulate;
mod snippet;
#[cfg(test)]
mod snippet_tests;
#[cfg(test)]
mod tests;

pub use self::accept_connection::{AcceptConnection, RefuseAcceptedConnection};
pub use self::add_subnet::{AddSubnet, RemoveSubnet};
pub use self::associate_route_table::{AssociateRouteTable, DisassociateRouteTable};
pub use self::attach_managed_group::{AttachManagedGroup, DetachGroup};
pub use self::authorize_ingress::{AuthorizeIngress, HTTPS, RevokeIngress, port_range};
pub use self::create_endpoint::{DeleteEndpoint, NewEndpoint};
pub use self::create_managed_group::{CreateManagedGroup, DeleteSecurityGroup, ManagedGroup};
pub use self::effect::EffectCheck;
pub use self::enable_private_dns::{DisablePrivateDns, EnablePrivateDns};
pub use self::enable_vpc_dns::{DisableVpcDns, DnsAttribute, EnableVpcDns};
pub use self::inverse::Inverse;
pub use self::isolate_endpoint::{IsolateEndpoint, RestoreGroups};
pub use self::outcome::ChangeOutcome;
pub use self::quarantine_endpoint::QuarantineEndpoint;
pub use self::reject_connection::{AcceptRejectedConnection, RejectConnection};
pub use self::remove_service_principals::{AddServicePrincipals, RemoveServicePrincipals};
pub use self::replace_policy::{ReplacePolicy, RestorePolicy};
pub use self::require_acceptance::{RequireAcceptance, WaiveAcceptance};
pub use self::snippet::Code;

use self::effect::other_scope;
use self::kind::{KindOfChange, Prepares};
use self::snippet::Block;
use crate::model::cost::{MonthlyCost, Prices};
use crate::model::endpoint_service::ServiceSnapshot;
use crate::model::id::{EndpointId, Region, RunId, VpcId};
use crate::model::managed::GroupPurpose;
use crate::model::part::{Gap, Part};
use crate::model::scope_snapshot::Snapshot;
use crate::model::snapshot::VpcSnapshot;

/// One reversible API effect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Change {
    EnableVpcDns(EnableVpcDns),
    CreateManagedGroup(CreateManagedGroup),
    AuthorizeIngress(AuthorizeIngress),
    CreateEndpoint(NewEndpoint),
    AddSubnet(AddSubnet),
    AssociateRouteTable(AssociateRouteTable),
    AttachManagedGroup(AttachManagedGroup),
    EnablePrivateDns(EnablePrivateDns),
    AcceptConnection(AcceptConnection),
    QuarantineEndpoint(QuarantineEndpoint),
    IsolateEndpoint(IsolateEndpoint),
    ReplacePolicy(ReplacePolicy),
    RequireAcceptance(RequireAcceptance),
    RemoveServicePrincipals(RemoveServicePrincipals),
    RejectConnection(RejectConnection),
}

/// The variants of `Change` without their content, in the order in which a plan applies them:
/// what a later one may depend on first, additive before restrictive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    EnableVpcDns,
    CreateManagedGroup,
    AuthorizeIngress,
    CreateEndpoint,
    AddSubnet,
    AssociateRouteTable,
    AttachManagedGroup,
    EnablePrivateDns,
    AcceptConnection,
    QuarantineEndpoint,
    IsolateEndpoint,
    ReplacePolicy,
    RequireAcceptance,
    RemoveServicePrincipals,
    RejectConnection,
}

/// What a change or an inverse may do to traffic that flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Safety {
    /// Opens or adds; nothing that worked stops working.
    Additive,
    /// Drops live connections, or changes the path of traffic that flows.
    Interrupting,
    /// Closes something that was open.
    Restrictive,
    /// Restrictive and interrupting: closes something that was open, and drops its live connections.
    Disconnecting,
}

impl Safety {
    /// Whether it drops live connections, or changes the path of traffic that flows.
    pub fn interrupts(self) -> bool {
        match self {
            Self::Interrupting | Self::Disconnecting => true,
            Self::Additive | Self::Restrictive => false,
        }
    }

    /// Whether it closes something that was open.
    pub fn restricts(self) -> bool {
        match self {
            Self::Restrictive | Self::Disconnecting => true,
            Self::Additive | Self::Interrupting => false,
        }
    }
}

impl ChangeKind {
    /// Whether a change of the kind may add to the bill.
    pub fn paid(self) -> bool {
        match self {
            Self::CreateEndpoint | Self::AddSubnet => true,
            Self::EnableVpcDns
            | Self::CreateManagedGroup
            | Self::AuthorizeIngress
            | Self::AssociateRouteTable
            | Self::AttachManagedGroup
            | Self::EnablePrivateDns
            | Self::AcceptConnection
            | Self::QuarantineEndpoint
            | Self::IsolateEndpoint
            | Self::ReplacePolicy
            | Self::RequireAcceptance
            | Self::RemoveServicePrincipals
            | Self::RejectConnection => false,
        }
    }
}

/// What a kind of change states, by the scope that it is made in. A change of one scope has no effect in another.
enum Details<'a> {
    Vpc(&'a dyn KindOfChange<VpcSnapshot>),
    Service(&'a dyn KindOfChange<ServiceSnapshot>),
}

/// What a kind states without a snapshot.
macro_rules! of_kind {
    ($details:expr, $kind:ident => $fact:expr) => {
        match $details {
            Details::Vpc($kind) => $fact,
            Details::Service($kind) => $fact,
        }
    };
}

impl Change {
    fn details(&self) -> Details<'_> {
        match self {
            Self::EnableVpcDns(change) => Details::Vpc(change),
            Self::CreateManagedGroup(change) => Details::Vpc(change),
            Self::AuthorizeIngress(change) => Details::Vpc(change),
            Self::CreateEndpoint(change) => Details::Vpc(change),
            Self::AddSubnet(change) => Details::Vpc(change),
            Self::AssociateRouteTable(change) => Details::Vpc(change),
            Self::AttachManagedGroup(change) => Details::Vpc(change),
            Self::EnablePrivateDns(change) => Details::Vpc(change),
            Self::QuarantineEndpoint(change) => Details::Vpc(change),
            Self::IsolateEndpoint(change) => Details::Vpc(change),
            Self::ReplacePolicy(change) => Details::Vpc(change),
            Self::AcceptConnection(change) => Details::Service(change),
            Self::RequireAcceptance(change) => Details::Service(change),
            Self::RemoveServicePrincipals(change) => Details::Service(change),
            Self::RejectConnection(change) => Details::Service(change),
        }
    }

    pub fn kind(&self) -> ChangeKind {
        of_kind!(self.details(), kind => kind.kind())
    }

    pub fn safety(&self) -> Safety {
        of_kind!(self.details(), kind => kind.safety())
    }

    /// Whether a wrong perimeter would make it harmful: it closes or interrupts, it writes the policy of an endpoint,
    /// or it lets a consumer in.
    pub fn relies_on_perimeter(&self) -> bool {
        let trusts = match self {
            Self::CreateEndpoint(new) => new.policy.is_some(),
            Self::AcceptConnection(_) => true,
            Self::EnableVpcDns(_)
            | Self::CreateManagedGroup(_)
            | Self::AuthorizeIngress(_)
            | Self::AddSubnet(_)
            | Self::AssociateRouteTable(_)
            | Self::AttachManagedGroup(_)
            | Self::EnablePrivateDns(_)
            | Self::QuarantineEndpoint(_)
            | Self::IsolateEndpoint(_)
            | Self::ReplacePolicy(_)
            | Self::RequireAcceptance(_)
            | Self::RemoveServicePrincipals(_)
            | Self::RejectConnection(_) => false,
        };
        trusts || self.safety() != Safety::Additive
    }

    /// The endpoint that the change modifies; None where it creates one or touches none.
    pub fn endpoint(&self) -> Option<&EndpointId> {
        of_kind!(self.details(), kind => kind.endpoint())
    }

    /// The parts of a snapshot that the change alters.
    pub fn alters(&self) -> &'static [Part] {
        of_kind!(self.details(), kind => kind.alters())
    }

    /// What the change adds to the bill each month, data processing aside.
    pub fn monthly_cost(&self, prices: &Prices, region: &Region) -> Option<MonthlyCost> {
        of_kind!(self.details(), kind => kind.monthly_cost(prices, region))
    }

    /// Whether it does again what an earlier change did.
    pub fn repeats(&self, earlier: &Self) -> bool {
        of_kind!(self.details(), kind => kind.repeats(earlier))
    }

    /// The VPC in which it creates, changes or attaches a managed group, and which one.
    pub fn managed_group(&self) -> Option<(&VpcId, GroupPurpose)> {
        of_kind!(self.details(), kind => kind.managed_group())
    }

    fn prepares(&self) -> Prepares<'_> {
        of_kind!(self.details(), kind => kind.prepares())
    }

    /// Whether it may fail, or cut clients off, unless an earlier change of the same plan was made.
    pub fn requires(&self, earlier: &Self) -> bool {
        of_kind!(self.details(), kind => kind.requires(earlier))
    }

    /// The snapshot after the change. The same snapshot where the change is in effect already, or where the part that
    /// it concerns was not observed.
    pub fn simulate(&self, snapshot: &Snapshot) -> Snapshot {
        let mut after = snapshot.clone();
        self.simulate_in(&mut after);
        after
    }

    /// Makes the change in a snapshot, and tells whether that alters it.
    pub fn simulate_in(&self, snapshot: &mut Snapshot) -> bool {
        match (self.details(), snapshot) {
            (Details::Vpc(kind), Snapshot::Vpc(state)) => kind.simulate(state),
            (Details::Service(kind), Snapshot::Service(state)) => kind.simulate(state),
            (Details::Vpc(_), Snapshot::Service(_)) | (Details::Service(_), Snapshot::Vpc(_)) => false,
        }
    }

    /// The id that `simulate` gave to what the change created, or of the managed group that it refers to, by the
    /// snapshot after the change.
    pub fn simulated_id(&self, after: &Snapshot) -> Option<String> {
        match (self.details(), after) {
            (Details::Vpc(kind), Snapshot::Vpc(state)) => kind.simulated_id(state),
            (Details::Service(kind), Snapshot::Service(state)) => kind.simulated_id(state),
            (Details::Vpc(_), Snapshot::Service(_)) | (Details::Service(_), Snapshot::Vpc(_)) => None,
        }
    }

    /// What undoes the change. `created` is the id that AWS gave to what the change created, and the id of the
    /// managed group for changes that refer to it; None while it is not known.
    pub fn inverse(&self, created: Option<&str>) -> Option<Inverse> {
        of_kind!(self.details(), kind => kind.inverse(created))
    }

    /// Whether this run made the change.
    ///
    /// # Errors
    /// The gap, where what the change concerns was not observed.
    pub fn effect(&self, run: &RunId, snapshot: &Snapshot) -> Result<EffectCheck, Gap> {
        match (self.details(), snapshot) {
            (Details::Vpc(kind), Snapshot::Vpc(state)) => kind.effect(run, state),
            (Details::Service(kind), Snapshot::Service(state)) => kind.effect(run, state),
            (Details::Vpc(_), Snapshot::Service(_)) | (Details::Service(_), Snapshot::Vpc(_)) => {
                Ok(other_scope(snapshot))
            }
        }
    }

    /// Whether `effect` tells the change of one run from the same change of another.
    pub fn names_its_run(&self) -> bool {
        of_kind!(self.details(), kind => kind.names_its_run())
    }

    /// What is not as the change left it any more, so that undoing it would undo the work of others. None where
    /// everything is as it was left. `created` as for [`inverse`](Self::inverse).
    ///
    /// # Errors
    /// The gap, where what the change concerns was not observed.
    pub fn altered_since(&self, created: Option<&str>, snapshot: &Snapshot) -> Result<Option<String>, Gap> {
        match (self.details(), snapshot) {
            (Details::Vpc(kind), Snapshot::Vpc(state)) => kind.altered_since(created, state),
            (Details::Service(kind), Snapshot::Service(state)) => kind.altered_since(created, state),
            (Details::Vpc(_), Snapshot::Service(_)) | (Details::Service(_), Snapshot::Vpc(_)) => Ok(None),
        }
    }

    /// The configuration that has the same result, by the snapshot after the change.
    fn snippet(&self, after: &Snapshot) -> Vec<Block> {
        match (self.details(), after) {
            (Details::Vpc(kind), Snapshot::Vpc(state)) => kind.snippet(state),
            (Details::Service(kind), Snapshot::Service(state)) => kind.snippet(state),
            (Details::Vpc(_), Snapshot::Service(_)) | (Details::Service(_), Snapshot::Vpc(_)) => Vec::new(),
        }
    }

    /// The EC2 calls that may undo it.
    pub fn undoing_calls(&self) -> &'static [&'static str] {
        of_kind!(self.details(), kind => kind.undoing_calls())
    }
}

/// Such as `enable private DNS on vpce-0a1b2c3d`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&of_kind!(self.details(), kind => kind.text()))
    }
}
