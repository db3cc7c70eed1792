//! What undoes changes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::effect::{EffectCheck, other_scope};
use super::kind::KindOfInverse;
use super::{
    AcceptRejectedConnection, AddServicePrincipals, DeleteEndpoint, DeleteSecurityGroup, DetachGroup,
    DisablePrivateDns, DisableVpcDns, DisassociateRouteTable, RefuseAcceptedConnection, RemoveSubnet, RestoreGroups,
    RestorePolicy, RevokeIngress, Safety, WaiveAcceptance,
};
use crate::model::endpoint_service::ServiceSnapshot;
use crate::model::part::Gap;
use crate::model::scope_snapshot::Snapshot;
use crate::model::snapshot::VpcSnapshot;

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
    RefuseAcceptedConnection(RefuseAcceptedConnection),
    RestorePolicy(RestorePolicy),
    RestoreGroups(RestoreGroups),
    WaiveAcceptance(WaiveAcceptance),
    AddServicePrincipals(AddServicePrincipals),
    AcceptRejectedConnection(AcceptRejectedConnection),
}

/// What an inverse states, by the scope that it is made in.
enum InverseDetails<'a> {
    Vpc(&'a dyn KindOfInverse<VpcSnapshot>),
    Service(&'a dyn KindOfInverse<ServiceSnapshot>),
}

/// What an inverse states without a snapshot.
macro_rules! of_inverse {
    ($details:expr, $kind:ident => $fact:expr) => {
        match $details {
            InverseDetails::Vpc($kind) => $fact,
            InverseDetails::Service($kind) => $fact,
        }
    };
}

impl Inverse {
    fn details(&self) -> InverseDetails<'_> {
        match self {
            Self::DisableVpcDns(inverse) => InverseDetails::Vpc(inverse),
            Self::DeleteSecurityGroup(inverse) => InverseDetails::Vpc(inverse),
            Self::RevokeIngress(inverse) => InverseDetails::Vpc(inverse),
            Self::DeleteEndpoint(inverse) => InverseDetails::Vpc(inverse),
            Self::RemoveSubnet(inverse) => InverseDetails::Vpc(inverse),
            Self::DisassociateRouteTable(inverse) => InverseDetails::Vpc(inverse),
            Self::DetachGroup(inverse) => InverseDetails::Vpc(inverse),
            Self::DisablePrivateDns(inverse) => InverseDetails::Vpc(inverse),
            Self::RestorePolicy(inverse) => InverseDetails::Vpc(inverse),
            Self::RestoreGroups(inverse) => InverseDetails::Vpc(inverse),
            Self::RefuseAcceptedConnection(inverse) => InverseDetails::Service(inverse),
            Self::WaiveAcceptance(inverse) => InverseDetails::Service(inverse),
            Self::AddServicePrincipals(inverse) => InverseDetails::Service(inverse),
            Self::AcceptRejectedConnection(inverse) => InverseDetails::Service(inverse),
        }
    }

    pub fn safety(&self) -> Safety {
        of_inverse!(self.details(), kind => kind.safety())
    }

    /// Such as `restore the policy of vpce-0a1b2c3d`.
    pub fn text(&self) -> String {
        of_inverse!(self.details(), kind => kind.text())
    }

    /// The AWS CLI command that carries it out.
    pub fn command(&self) -> String {
        of_inverse!(self.details(), kind => kind.command())
    }

    /// The snapshot after the change was undone.
    pub fn simulate(&self, snapshot: &Snapshot) -> Snapshot {
        let mut after = snapshot.clone();
        match (self.details(), &mut after) {
            (InverseDetails::Vpc(kind), Snapshot::Vpc(state)) => kind.simulate(state),
            (InverseDetails::Service(kind), Snapshot::Service(state)) => kind.simulate(state),
            (InverseDetails::Vpc(_), Snapshot::Service(_)) | (InverseDetails::Service(_), Snapshot::Vpc(_)) => {}
        }
        after
    }

    /// Whether the change is undone.
    ///
    /// # Errors
    /// The gap, where what the change concerns was not observed.
    pub fn effect(&self, snapshot: &Snapshot) -> Result<EffectCheck, Gap> {
        match (self.details(), snapshot) {
            (InverseDetails::Vpc(kind), Snapshot::Vpc(state)) => kind.effect(state),
            (InverseDetails::Service(kind), Snapshot::Service(state)) => kind.effect(state),
            (InverseDetails::Vpc(_), Snapshot::Service(_)) | (InverseDetails::Service(_), Snapshot::Vpc(_)) => {
                Ok(other_scope(snapshot))
            }
        }
    }
}
