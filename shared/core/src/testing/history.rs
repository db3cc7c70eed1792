//! The change history of the VPC of a test.

use jiff::Timestamp;

use super::{ACCOUNT, REGION, VPC, World};
use crate::changes::{Change, DnsAttribute, EnableVpcDns};
use crate::history::{Action, ChangeId, ChangeRecord, ChangeStatus};
use crate::model::cost::MonthlyCost;
use crate::model::finding::FindingKey;
use crate::model::managed::TAG_RUN;
use crate::model::scope::Scope;
use crate::model::snapshot::VpcSnapshot;
use crate::trigger::{Actor, TriggeringEvent};

/// A change that was applied and reported.
pub(crate) fn record(change: Change, run: &str, time: &str) -> ChangeRecord {
    let time: Timestamp = time.parse().unwrap();
    ChangeRecord {
        id: ChangeId::new(time, &run.into(), 0),
        scope: Scope::vpc(&ACCOUNT.into(), &REGION.into(), &VPC.into()),
        run: run.into(),
        function: "sweeper".to_owned(),
        time,
        action: Action::Change(change),
        causes: [].into(),
        triggering_events: Vec::new(),
        perimeter: None,
        monthly_cost: MonthlyCost::ZERO,
        status: ChangeStatus::Applied { created: None },
        delivered: true,
        undoes: None,
        undone_by: None,
    }
}

/// A call that somebody made with a tool.
pub(crate) fn triggering_event(event: &str, user_agent: &str) -> TriggeringEvent {
    TriggeringEvent {
        event: event.to_owned(),
        event_id: "e-1".to_owned(),
        time: None,
        actor: Some(Actor {
            identity: "arn:aws:iam::111122223333:user/ada".to_owned(),
            identity_type: None,
            user_agent: Some(user_agent.to_owned()),
            source_address: None,
            invoked_by: None,
        }),
        failure: None,
    }
}

impl ChangeRecord {
    pub(crate) fn because_of(mut self, key: &FindingKey) -> Self {
        self.causes.insert(key.clone());
        self
    }

    pub(crate) fn intended(mut self) -> Self {
        self.status = ChangeStatus::Intended;
        self.delivered = false;
        self
    }
}

impl World {
    pub(crate) fn remember(mut self, record: ChangeRecord) -> Self {
        self.history.records.push(record);
        self
    }
}

pub(crate) const NOW: &str = "2026-11-23T12:00:00Z";
pub(crate) const RUN: &str = "run-1";

/// What simulated changes create, as AWS would show it: with the run in its tags.
pub(crate) fn tagged(mut snapshot: VpcSnapshot, id: Option<&str>, run: &str) -> VpcSnapshot {
    let tag = (TAG_RUN.to_owned(), run.to_owned());
    let Some(id) = id else { return snapshot };
    if let Some(group) = snapshot
        .security_groups
        .as_mut()
        .ok()
        .and_then(|g| g.get_mut(&id.into()))
    {
        group.tags.extend([tag.clone()]);
    }
    if let Some(endpoint) = snapshot.endpoints.as_mut().ok().and_then(|e| e.get_mut(&id.into())) {
        endpoint.tags.extend([tag]);
    }
    snapshot
}

pub(crate) const TERRAFORM: &str =
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.2 (+https://www.terraform.io) aws-sdk-go-v2/1.30.3";

pub(crate) fn support() -> Change {
    Change::EnableVpcDns(EnableVpcDns {
        vpc: VPC.into(),
        attribute: DnsAttribute::Support,
    })
}
