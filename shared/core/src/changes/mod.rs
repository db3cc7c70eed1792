//! Changes: the reversible effects that Postern can have on AWS.
//!
//! A kind of change is one file here: its data, its safety class, what it does to a snapshot, its inverse, whether it
//! is in effect, its price, its words and the configuration that has the same result. Its AWS calls are one file in
//! `postern-aws`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod add_subnet;
mod associate_route_table;
mod attach_managed_group;
mod authorize_ingress;
mod command;
mod create_endpoint;
mod create_managed_group;
mod effect;
mod enable_private_dns;
mod enable_vpc_dns;
mod interrupted;
mod kind;
mod outcome;
mod replace_policy;
mod simulate;
mod snippet;
#[cfg(test)]
mod snippet_tests;
#[cfg(test)]
mod tests;

pub use self::add_subnet::{AddSubnet, RemoveSubnet};
pub use self::associate_route_table::{AssociateRouteTable, DisassociateRouteTable};
pub use self::attach_managed_group::{AttachManagedGroup, DetachGroup};
pub use self::authorize_ingress::{AuthorizeIngress, RevokeIngress};
pub use self::create_endpoint::{DeleteEndpoint, NewEndpoint};
pub use self::create_managed_group::{CreateManagedGroup, DeleteSecurityGroup, ManagedGroup};
pub use self::effect::EffectCheck;
pub use self::enable_private_dns::{DisablePrivateDns, EnablePrivateDns};
pub use self::enable_vpc_dns::{DisableVpcDns, DnsAttribute, EnableVpcDns};
pub use self::outcome::ChangeOutcome;
pub use self::replace_policy::{ReplacePolicy, RestorePolicy};
pub use self::snippet::Code;

use self::kind::{KindOfChange, KindOfInverse};
use crate::model::cost::{MonthlyCost, Prices};
use crate::model::id::{EndpointId, Region, RunId, VpcId};
use crate::model::snapshot::{Gap, Part, VpcSnapshot};

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
    ReplacePolicy(ReplacePolicy),
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
    ReplacePolicy,
}

/// What undoes a change, with the ids that only its application made known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Inverse {
    DisableVpcDns(DisableVpcDns),
    DeleteSecurityGroup(DeleteSecurityGroup),
    RevokeIngress(RevokeIngress),
    DeleteEndpoint(DeleteEndpoint),
    RemoveSubnet(RemoveSubnet),
    DisassociateRouteTable(DisassociateRouteTable),
    DetachGroup(DetachGroup),
    DisablePrivateDns(DisablePrivateDns),
    RestorePolicy(RestorePolicy),
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
            | Self::ReplacePolicy => false,
        }
    }
}

impl Change {
    fn details(&self) -> &dyn KindOfChange {
        match self {
            Self::EnableVpcDns(change) => change,
            Self::CreateManagedGroup(change) => change,
            Self::AuthorizeIngress(change) => change,
            Self::CreateEndpoint(change) => change,
            Self::AddSubnet(change) => change,
            Self::AssociateRouteTable(change) => change,
            Self::AttachManagedGroup(change) => change,
            Self::EnablePrivateDns(change) => change,
            Self::ReplacePolicy(change) => change,
        }
    }

    pub fn kind(&self) -> ChangeKind {
        self.details().kind()
    }

    pub fn safety(&self) -> Safety {
        self.details().safety()
    }

    /// Whether a wrong perimeter would make it harmful: it closes or interrupts, or it writes the policy of an endpoint.
    pub fn relies_on_perimeter(&self) -> bool {
        self.safety() != Safety::Additive || matches!(self, Self::CreateEndpoint(new) if new.policy.is_some())
    }

    /// The endpoint that the change modifies; None where it creates one or touches none.
    pub fn endpoint(&self) -> Option<&EndpointId> {
        self.details().endpoint()
    }

    /// The parts of a snapshot that the change alters.
    pub fn alters(&self) -> &'static [Part] {
        self.details().alters()
    }

    /// What the change adds to the bill each month, data processing aside.
    pub fn monthly_cost(&self, prices: &Prices, region: &Region) -> Option<MonthlyCost> {
        self.details().monthly_cost(prices, region)
    }

    /// Whether it does again what an earlier change did.
    pub fn repeats(&self, earlier: &Self) -> bool {
        self.details().repeats(earlier)
    }

    /// The VPC whose managed group it creates, changes or attaches.
    pub fn managed_group(&self) -> Option<&VpcId> {
        self.details().managed_group()
    }

    /// Whether it may fail, or cut clients off, unless an earlier change of the same plan was made.
    pub fn requires(&self, earlier: &Self) -> bool {
        self.details().requires(earlier)
    }

    /// The snapshot after the change. The same snapshot where the change is in effect already, or where the part that
    /// it concerns was not observed.
    pub fn simulate(&self, snapshot: &VpcSnapshot) -> VpcSnapshot {
        let mut after = snapshot.clone();
        self.simulate_in(&mut after);
        after
    }

    /// Makes the change in a snapshot, and tells whether that alters it.
    pub fn simulate_in(&self, snapshot: &mut VpcSnapshot) -> bool {
        self.details().simulate(snapshot)
    }

    /// The id that `simulate` gave to what the change created, or of the managed group that it refers to, by the
    /// snapshot after the change.
    pub fn simulated_id(&self, after: &VpcSnapshot) -> Option<String> {
        self.details().simulated_id(after)
    }

    /// What undoes the change. `created` is the id that AWS gave to what the change created, and the id of the
    /// managed group for changes that refer to it; None while it is not known.
    pub fn inverse(&self, created: Option<&str>) -> Option<Inverse> {
        self.details().inverse(created)
    }

    /// Whether this run made the change.
    ///
    /// # Errors
    /// The gap, where what the change concerns was not observed.
    pub fn effect(&self, run: &RunId, snapshot: &VpcSnapshot) -> Result<EffectCheck, Gap> {
        self.details().effect(run, snapshot)
    }

    /// Whether `effect` tells the change of one run from the same change of another.
    pub fn names_its_run(&self) -> bool {
        self.details().names_its_run()
    }

    /// What is not as the change left it any more, so that undoing it would undo the work of others. None where
    /// everything is as it was left. `created` as for [`inverse`](Self::inverse).
    ///
    /// # Errors
    /// The gap, where what the change concerns was not observed.
    pub fn altered_since(&self, created: Option<&str>, snapshot: &VpcSnapshot) -> Result<Option<String>, Gap> {
        self.details().altered_since(created, snapshot)
    }

    /// The EC2 calls that may undo it.
    pub fn undoing_calls(&self) -> &'static [&'static str] {
        self.details().undoing_calls()
    }
}

/// Such as `enable private DNS on vpce-0a1b2c3d`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.details().text())
    }
}

impl Inverse {
    fn details(&self) -> &dyn KindOfInverse {
        match self {
            Self::DisableVpcDns(inverse) => inverse,
            Self::DeleteSecurityGroup(inverse) => inverse,
            Self::RevokeIngress(inverse) => inverse,
            Self::DeleteEndpoint(inverse) => inverse,
            Self::RemoveSubnet(inverse) => inverse,
            Self::DisassociateRouteTable(inverse) => inverse,
            Self::DetachGroup(inverse) => inverse,
            Self::DisablePrivateDns(inverse) => inverse,
            Self::RestorePolicy(inverse) => inverse,
        }
    }

    pub fn safety(&self) -> Safety {
        self.details().safety()
    }

    /// Such as `restore the policy of vpce-0a1b2c3d`.
    pub fn text(&self) -> String {
        self.details().text()
    }

    /// The AWS CLI command that carries it out.
    pub fn command(&self) -> String {
        self.details().command()
    }

    /// The snapshot after the change was undone.
    pub fn simulate(&self, snapshot: &VpcSnapshot) -> VpcSnapshot {
        let mut after = snapshot.clone();
        self.details().simulate(&mut after);
        after
    }

    /// Whether the change is undone.
    ///
    /// # Errors
    /// The gap, where what the change concerns was not observed.
    pub fn effect(&self, snapshot: &VpcSnapshot) -> Result<EffectCheck, Gap> {
        self.details().effect(snapshot)
    }
}
