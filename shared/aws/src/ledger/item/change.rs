//! The document of a change.
//!
//! Its names are the ledger's own, apart from those of the domain. Kinds of change, findings and triggering events have
//! their serialized form of `postern-core`; golden files hold it. The aliases are the names of form 1.

use std::collections::BTreeSet;

use jiff::Timestamp;
use postern_core::changes::{Change, Inverse};
use postern_core::history::{Action, ChangeId, ChangeRecord, ChangeStatus};
use postern_core::model::cost::MonthlyCost;
use postern_core::model::finding::FindingKey;
use postern_core::model::id::{AccountId, EndpointServiceId, Region, RunId, VpcId};
use postern_core::model::scope::{Scope, ScopedResource};
use postern_core::trigger::TriggeringEvent;
use serde::{Deserialize, Serialize};

/// Form 1 has no status for changes that were intended and not made. There they failed, with a cause that begins so.
const NOT_DONE: &str = "not done: ";

#[derive(Serialize, Deserialize)]
pub(in crate::ledger) struct ChangeDocument {
    id: ChangeId,
    #[serde(alias = "place")]
    scope: ScopeDocument,
    run: RunId,
    function: String,
    time: Timestamp,
    action: ActionDocument,
    causes: BTreeSet<FindingKey>,
    #[serde(alias = "occasions")]
    triggering_events: Vec<TriggeringEvent>,
    /// Records of earlier versions lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    perimeter: Option<String>,
    monthly_cost: MonthlyCost,
    #[serde(alias = "fate")]
    status: StatusDocument,
    #[serde(alias = "told")]
    delivered: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    undoes: Option<ChangeId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    undone_by: Option<ChangeId>,
}

#[derive(Serialize, Deserialize)]
struct ScopeDocument {
    account: AccountId,
    region: Region,
    #[serde(flatten)]
    resource: ResourceDocument,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ResourceDocument {
    Vpc(VpcId),
    EndpointService(EndpointServiceId),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ActionDocument {
    Change(Change),
    Undo(Inverse),
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
enum StatusDocument {
    Intended,
    Uncertain {
        cause: String,
    },
    Applied {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        created: Option<String>,
    },
    NotNeeded {
        reason: String,
    },
    Skipped {
        reason: String,
    },
    NotApplied {
        reason: String,
    },
    Failed {
        cause: String,
    },
}

impl From<&ChangeRecord> for ChangeDocument {
    fn from(record: &ChangeRecord) -> Self {
        let record = record.clone();
        Self {
            id: record.id,
            scope: ScopeDocument {
                account: record.scope.account,
                region: record.scope.region,
                resource: match record.scope.resource {
                    ScopedResource::Vpc(vpc) => ResourceDocument::Vpc(vpc),
                    ScopedResource::EndpointService(service) => ResourceDocument::EndpointService(service),
                },
            },
            run: record.run,
            function: record.function,
            time: record.time,
            action: match record.action {
                Action::Change(change) => ActionDocument::Change(change),
                Action::Undo(inverse) => ActionDocument::Undo(inverse),
            },
            causes: record.causes,
            triggering_events: record.triggering_events,
            perimeter: record.perimeter,
            monthly_cost: record.monthly_cost,
            status: match record.status {
                ChangeStatus::Intended => StatusDocument::Intended,
                ChangeStatus::Uncertain { cause } => StatusDocument::Uncertain { cause },
                ChangeStatus::Applied { created } => StatusDocument::Applied { created },
                ChangeStatus::NotNeeded { reason } => StatusDocument::NotNeeded { reason },
                ChangeStatus::Skipped { reason } => StatusDocument::Skipped { reason },
                ChangeStatus::NotApplied { reason } => StatusDocument::NotApplied { reason },
                ChangeStatus::Failed { cause } => StatusDocument::Failed { cause },
            },
            delivered: record.delivered,
            undoes: record.undoes,
            undone_by: record.undone_by,
        }
    }
}

impl From<ChangeDocument> for ChangeRecord {
    fn from(document: ChangeDocument) -> Self {
        Self {
            id: document.id,
            scope: Scope {
                account: document.scope.account,
                region: document.scope.region,
                resource: match document.scope.resource {
                    ResourceDocument::Vpc(vpc) => ScopedResource::Vpc(vpc),
                    ResourceDocument::EndpointService(service) => ScopedResource::EndpointService(service),
                },
            },
            run: document.run,
            function: document.function,
            time: document.time,
            action: match document.action {
                ActionDocument::Change(change) => Action::Change(change),
                ActionDocument::Undo(inverse) => Action::Undo(inverse),
            },
            causes: document.causes,
            triggering_events: document.triggering_events,
            perimeter: document.perimeter,
            monthly_cost: document.monthly_cost,
            status: match document.status {
                StatusDocument::Intended => ChangeStatus::Intended,
                StatusDocument::Uncertain { cause } => ChangeStatus::Uncertain { cause },
                StatusDocument::Applied { created } => ChangeStatus::Applied { created },
                StatusDocument::NotNeeded { reason } => ChangeStatus::NotNeeded { reason },
                StatusDocument::Skipped { reason } => ChangeStatus::Skipped { reason },
                StatusDocument::NotApplied { reason } => ChangeStatus::NotApplied { reason },
                StatusDocument::Failed { cause } => match cause.strip_prefix(NOT_DONE) {
                    Some(reason) => ChangeStatus::NotApplied {
                        reason: reason.to_owned(),
                    },
                    None => ChangeStatus::Failed { cause },
                },
            },
            delivered: document.delivered,
            undoes: document.undoes,
            undone_by: document.undone_by,
        }
    }
}
