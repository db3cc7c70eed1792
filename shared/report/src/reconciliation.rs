//! What a reconciliation found and did: the input of every report.

use std::collections::BTreeMap;

use jiff::Timestamp;
use postern_core::changes::ChangeOutcome;
use postern_core::evaluation::Finding;
use postern_core::history::{ChangeId, ChangeRecord};
use postern_core::model::finding::FindingKey;
use postern_core::model::id::RunId;
use postern_core::model::scope::Scope;
use postern_core::model::snapshot::{Snapshot, Tags};
use postern_core::plan::{Notice, Plan};
use postern_core::settings::Mode;
use postern_core::trigger::TriggeringEvent;

/// The tag whose value the console shows as the name of a resource.
const NAME: &str = "Name";

/// Everything that happened to one scope in one run.
#[derive(Clone, Debug)]
pub struct Reconciliation {
    pub run: RunId,
    pub function: String,
    pub scope: Scope,
    pub labels: Labels,
    pub time: Timestamp,
    pub triggering_events: Vec<TriggeringEvent>,
    /// The controls that were evaluated, with their mode, whether or not they found anything.
    pub controls: BTreeMap<String, Mode>,
    /// As found before anything was changed.
    pub findings: Vec<Finding>,
    pub plan: Plan,
    /// One for each change of the plan, in its order.
    pub outcomes: Vec<ChangeOutcome>,
    /// The ids in the ledger of those changes that were intended, by their position in the plan.
    pub ids: BTreeMap<usize, ChangeId>,
    /// The records of earlier runs, settled as far as could be.
    pub earlier: Vec<ChangeRecord>,
    pub notices: Vec<Notice>,
    /// What a second observation says of the findings that were remediated.
    pub verification: BTreeMap<FindingKey, Verification>,
}

/// What a second observation says of a finding that was remediated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    Verified,
    /// AWS has accepted the changes but they are not in effect, or not visible, yet.
    Pending {
        reason: String,
    },
    /// Still non-compliant.
    Unremedied {
        reason: String,
    },
}

/// How people know the resources of a scope, by resource id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// The values of the tags `Name`.
    pub names: BTreeMap<String, String>,
    /// The services of endpoints.
    pub services: BTreeMap<String, String>,
}

impl Labels {
    pub fn of(snapshot: &Snapshot) -> Self {
        let mut labels = Self::default();
        labels.name(snapshot.vpc.id.as_str(), &snapshot.vpc.tags);
        for subnet in snapshot.subnets.iter().flat_map(|subnets| subnets.values()) {
            labels.name(subnet.id.as_str(), &subnet.tags);
        }
        for table in snapshot.route_tables.iter().flat_map(|tables| tables.values()) {
            labels.name(table.id.as_str(), &table.tags);
        }
        for endpoint in snapshot.endpoints.iter().flat_map(|endpoints| endpoints.values()) {
            labels.name(endpoint.id.as_str(), &endpoint.tags);
            if let Some(service) = &endpoint.service {
                labels.services.insert(endpoint.id.to_string(), service.to_string());
            }
        }
        labels
    }

    fn name(&mut self, id: &str, tags: &Tags) {
        if let Some(name) = tags.get(NAME).filter(|name| !name.trim().is_empty()) {
            self.names.insert(id.to_owned(), name.clone());
        }
    }
}
