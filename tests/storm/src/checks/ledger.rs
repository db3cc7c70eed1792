//! The ledger and the reports.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use postern_cloud::world::{Endpoint, EndpointState, Source};
use postern_cloud::{Effect, Published, Resource};
use postern_core::changes::{
    AddSubnet, AssociateRouteTable, AttachManagedGroup, AuthorizeIngress, Change, DnsAttribute, EnablePrivateDns,
    EnableVpcDns, IsolateEndpoint, QuarantineEndpoint, ReplacePolicy,
};
use postern_core::history::{Action, ChangeRecord, ChangeStatus};
use postern_core::model::finding::FindingKey;
use postern_core::model::id::{RunId, VpcId};
use postern_core::model::scope::{Scope, ScopedResource};
use postern_core::settings::{ExemptionSelector, Mode};
use serde_json::Value;

use super::Evidence;
use crate::setup::{OPERATOR, topic};

/// A change as text, equal for a call of the log and its record in the ledger.
type Label = String;

pub(super) fn every_change_is_recorded_once(evidence: &Evidence<'_>) -> Result<(), String> {
    let mut done: BTreeMap<Label, usize> = BTreeMap::new();
    for entry in evidence.effects() {
        for label in entry.effects.iter().flat_map(labels) {
            *done.entry(label).or_default() += 1;
        }
    }
    let reports = evidence.published(&topic());
    let mut recorded: BTreeMap<Label, usize> = BTreeMap::new();
    for record in evidence.records() {
        if !record.status.settled() {
            return Err(format!("the status of a change was not determined: {record:?}"));
        }
        let worth_telling = matches!(
            record.status,
            ChangeStatus::Applied { .. } | ChangeStatus::NotApplied { .. } | ChangeStatus::Failed { .. }
        );
        let delivered = |report: &Published| report.message.contains(record.id.as_str());
        if !record.delivered || (worth_telling && !reports.iter().any(delivered)) {
            return Err(format!("no report names {record:?}"));
        }
        if let Some(label) = recorded_label(record) {
            let waited = |action: &Action| matches!(action, Action::Change(Change::RejectConnection(reject)) if !reject.accepted);
            if record.inverse().is_none() && !waited(&record.action) {
                return Err(format!("no inverse for {record:?}"));
            }
            *recorded.entry(label).or_default() += 1;
        }
    }
    let labels: BTreeSet<_> = done.keys().chain(recorded.keys()).collect();
    for label in labels {
        let [made, written] = [&done, &recorded].map(|counts| counts.get(label).copied().unwrap_or_default());
        // If somebody else changed the resource before Postern read it again, the effect is no longer visible.
        let id = label.rsplit(' ').next().unwrap_or_default();
        if made != written && !touched_by_others(evidence, id) {
            return Err(format!("{label}: made {made} times, recorded {written} times"));
        }
    }
    Ok(())
}

/// Every applied change was allowed by modes, exemptions and the limit per run.
pub(super) fn every_change_was_allowed_by_the_settings(evidence: &Evidence<'_>) -> Result<(), String> {
    let settings = evidence.settings;
    let exempt = |key: &FindingKey, vpc: Option<&VpcId>| {
        settings.exemptions.iter().any(|exemption| {
            exemption.control == key.control
                && match &exemption.selector {
                    ExemptionSelector::Resource(id) => *id == key.resource.id,
                    // All VPCs have the tag, and no other resource.
                    ExemptionSelector::Tag { .. } => vpc.is_some_and(|vpc| key.resource.id == vpc.0),
                    ExemptionSelector::Vpc(id) => vpc == Some(id),
                    ExemptionSelector::Account(id) => id.as_str() == postern_cloud::ACCOUNT,
                }
        })
    };
    let mut runs: BTreeMap<&RunId, usize> = BTreeMap::new();
    for (record, _) in applied(evidence) {
        let leave =
            |key: &FindingKey| settings.modes.of(&key.control) == Mode::Enforce && !exempt(key, vpc_of(&record.scope));
        if record.causes.is_empty() || !record.causes.iter().all(leave) {
            return Err(format!("the settings do not allow {record:?}"));
        }
        let count = runs.entry(&record.run).or_default();
        *count += 1;
        if *count > settings.limits.changes_per_run {
            return Err(format!("{} made {count} changes", record.run));
        }
    }
    Ok(())
}

/// A change that somebody reverts is repeated at most as often as the settings allow.
pub(super) fn no_reverted_change_was_repeated_beyond_the_limit(evidence: &Evidence<'_>) -> Result<(), String> {
    let limits = evidence.settings.limits;
    let resumed = |key| {
        let times = evidence
            .scopes
            .values()
            .filter_map(|scope| scope.history.resumes.get(key));
        times.max().copied().unwrap_or(Timestamp::MIN)
    };
    let made: Vec<_> = applied(evidence).filter(|(record, _)| record.counts()).collect();
    for (last, change) in &made {
        for key in &last.causes {
            let begin = resumed(key).max(last.time - limits.window());
            let same = made.iter().filter(|(record, earlier)| {
                (begin < record.time && record.time <= last.time)
                    && record.causes.contains(key)
                    && change.repeats(earlier)
            });
            let runs: BTreeSet<_> = same.map(|(record, _)| &record.run).collect();
            if runs.len() > limits.attempts {
                return Err(format!("{change} was made by {runs:?} for {key}"));
            }
        }
    }
    Ok(())
}

/// The changes that functions applied, as recorded.
fn applied<'a>(evidence: &'a Evidence<'_>) -> impl Iterator<Item = (&'a ChangeRecord, &'a Change)> {
    evidence
        .records()
        .filter_map(|record| match (&record.action, &record.status) {
            (Action::Change(change), ChangeStatus::Applied { .. }) => Some((record, change)),
            _ => None,
        })
}

/// Rollbacks of operators are recorded, too.
pub(super) fn every_rollback_is_recorded(evidence: &Evidence<'_>) -> Result<(), String> {
    let undone: Vec<String> = evidence
        .records()
        .filter(|record| {
            matches!(record.action, Action::Undo(_))
                && !matches!(
                    record.status,
                    ChangeStatus::Failed { .. } | ChangeStatus::NotApplied { .. }
                )
        })
        .map(|record| format!("{:?}", record.action))
        .collect();
    let by_operators = evidence.everything.iter().filter(|entry| *entry.caller == *OPERATOR);
    for effect in by_operators.flat_map(|entry| &entry.effects) {
        let id = format!("\"{}\"", effect.id);
        if !undone.iter().any(|action| action.contains(&id)) {
            return Err(format!("the rollback of {} is not recorded: {undone:?}", effect.id));
        }
    }
    Ok(())
}

/// AWS reformats policies.
pub(super) fn same_policy(a: &str, b: &str) -> bool {
    a == b || serde_json::from_str::<Value>(a).ok() == serde_json::from_str::<Value>(b).ok()
}

fn touched_by_others(evidence: &Evidence<'_>, id: &str) -> bool {
    evidence
        .everything
        .iter()
        .any(|entry| !entry.caller.contains(":role/postern-") && entry.effects.iter().any(|effect| effect.id == id))
}

pub(super) fn labels(effect: &Effect) -> Vec<Label> {
    match (&effect.before, &effect.after) {
        (None, Some(Resource::Endpoint(endpoint))) => vec![format!("create {}", endpoint.id)],
        (Some(Resource::EndpointService(before)), Some(Resource::EndpointService(after))) => {
            let mut labels = Vec::new();
            if after.acceptance_required && !before.acceptance_required {
                labels.push(format!("require-acceptance {}", after.id));
            }
            let gone = before
                .principals
                .values()
                .filter(|one| !after.principals.values().any(|other| other == *one));
            let gone: BTreeSet<_> = gone.collect();
            if !gone.is_empty() {
                labels.push(format!("remove {gone:?} {}", after.id));
            }
            labels
        }
        (Some(Resource::Endpoint(before)), Some(Resource::Endpoint(after))) if before.state != after.state => {
            match after.state {
                EndpointState::Rejected => vec![format!("reject {}", after.id)],
                EndpointState::Pending if before.state != EndpointState::Available => {
                    vec![format!("accept {}", after.id)]
                }
                _ => endpoint_labels(before, after),
            }
        }
        (Some(Resource::Endpoint(before)), Some(Resource::Endpoint(after))) => endpoint_labels(before, after),
        (Some(Resource::Vpc(before)), Some(Resource::Vpc(after))) => {
            let mut labels = Vec::new();
            if after.dns_support && !before.dns_support {
                labels.push(format!("support {}", after.id));
            }
            if after.dns_hostnames && !before.dns_hostnames {
                labels.push(format!("hostnames {}", after.id));
            }
            labels
        }
        (None, Some(Resource::SecurityGroup(group))) => vec![format!("group {}", group.id)],
        (Some(Resource::SecurityGroup(before)), Some(Resource::SecurityGroup(after))) => {
            let new = after
                .rules
                .iter()
                .filter(|rule| !before.rules.iter().any(|known| known.same(rule)));
            let cidrs: BTreeSet<_> = new
                .filter_map(|rule| match &rule.source {
                    Source::Cidr(cidr) => Some(cidr.clone()),
                    _ => None,
                })
                .collect();
            match cidrs.is_empty() {
                true => Vec::new(),
                false => vec![format!("admit {cidrs:?} {}", after.id)],
            }
        }
        _ => Vec::new(),
    }
}

fn endpoint_labels(before: &Endpoint, after: &Endpoint) -> Vec<Label> {
    let id = &after.id;
    let added = |before: &[String], after: &[String], word: &str| -> Vec<Label> {
        let new = after.iter().filter(|one| !before.contains(one));
        new.map(|one| format!("{word} {one} {id}")).collect()
    };
    let mut labels = added(&before.subnets, &after.subnets, "add");
    labels.extend(added(&before.route_tables, &after.route_tables, "associate"));
    labels.extend(added(&before.groups, &after.groups, "attach"));
    if after.private_dns && !before.private_dns {
        labels.push(format!("name {id}"));
    }
    if !same_policy(&before.policy, &after.policy) {
        labels.push(format!("close {id}"));
    }
    labels
}

fn recorded_label(record: &ChangeRecord) -> Option<Label> {
    let (Action::Change(change), ChangeStatus::Applied { created }) = (&record.action, &record.status) else {
        return None;
    };
    let created = created.as_deref().unwrap_or_default();
    Some(match change {
        Change::EnableVpcDns(EnableVpcDns { vpc, attribute }) => match attribute {
            DnsAttribute::Support => format!("support {vpc}"),
            DnsAttribute::Hostnames => format!("hostnames {vpc}"),
        },
        Change::CreateManagedGroup(_) => format!("group {created}"),
        Change::AuthorizeIngress(AuthorizeIngress { cidrs, .. }) => {
            let cidrs: BTreeSet<_> = cidrs.iter().map(ToString::to_string).collect();
            format!("admit {cidrs:?} {created}")
        }
        Change::CreateEndpoint(_) => format!("create {created}"),
        Change::AddSubnet(AddSubnet { endpoint, subnet, .. }) => format!("add {subnet} {endpoint}"),
        Change::AssociateRouteTable(AssociateRouteTable { endpoint, route_table }) => {
            format!("associate {route_table} {endpoint}")
        }
        Change::AttachManagedGroup(AttachManagedGroup { endpoint, .. }) => format!("attach {created} {endpoint}"),
        Change::EnablePrivateDns(EnablePrivateDns { endpoint }) => format!("name {endpoint}"),
        Change::IsolateEndpoint(IsolateEndpoint { endpoint, .. }) => format!("attach {created} {endpoint}"),
        Change::QuarantineEndpoint(QuarantineEndpoint { endpoint, .. })
        | Change::ReplacePolicy(ReplacePolicy { endpoint, .. }) => format!("close {endpoint}"),
        Change::AcceptConnection(change) => format!("accept {}", change.endpoint),
        Change::RequireAcceptance(change) => format!("require-acceptance {}", change.service),
        Change::RemoveServicePrincipals(change) => format!("remove {:?} {}", change.principals, change.service),
        Change::RejectConnection(change) => format!("reject {}", change.endpoint),
    })
}

fn vpc_of(scope: &Scope) -> Option<&VpcId> {
    match &scope.resource {
        ScopedResource::Vpc(vpc) => Some(vpc),
        ScopedResource::EndpointService(_) => None,
    }
}
