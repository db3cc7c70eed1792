//! Taking changes back: each only if what it changed is still as we left it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::changes::{
    Change, EffectCheck, Inverse, NewEndpoint, exact_sources, has_policy, inverse_effect, is_managed, simulate_inverse,
};
use crate::evaluation::{Control, Finding, Remediation, evaluate};
use crate::history::{Action, ChangeHistory, ChangeId, ChangeRecord, ChangeStatus};
use crate::model::finding::FindingKey;
use crate::model::id::{EndpointId, SecurityGroupId};
use crate::model::managed::managed_by;
use crate::model::snapshot::{Endpoint, Gap, Snapshot};
use crate::settings::Settings;

/// How changes are taken back, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rollback {
    pub steps: Vec<UndoStep>,
    /// Why it stops after these steps. What would be taken back after it is not looked at.
    pub stopped: Option<Difference>,
}

/// What becomes of one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoStep {
    pub change: ChangeId,
    pub causes: BTreeSet<FindingKey>,
    pub undo: Undo,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undo {
    Apply(Inverse),
    NotNeeded { reason: String },
}

/// Something is not as we left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub change: ChangeId,
    pub text: String,
}

/// Plans to take these changes back, the last one first.
pub fn rollback(records: &[ChangeRecord], snapshot: &Snapshot) -> Rollback {
    let mut records: Vec<_> = records.iter().collect();
    records.sort_by(|a, b| b.id.cmp(&a.id));
    let mut state = snapshot.clone();
    let mut rollback = Rollback::default();
    for record in records {
        match undo(record, &state) {
            Ok(undo) => {
                if let Undo::Apply(inverse) = &undo {
                    state = simulate_inverse(&state, inverse);
                }
                rollback.steps.push(UndoStep {
                    change: record.id.clone(),
                    causes: record.causes.clone(),
                    undo,
                });
            }
            Err(text) => {
                rollback.stopped = Some(Difference {
                    change: record.id.clone(),
                    text,
                });
                break;
            }
        }
    }
    rollback
}

/// The findings that would be open once these inverses are applied, and were not: a control would repair them at once.
pub fn reopened(
    inverses: &[Inverse],
    controls: &[&Control],
    snapshot: &Snapshot,
    settings: &Settings,
    now: Timestamp,
) -> BTreeSet<FindingKey> {
    let after = inverses
        .iter()
        .fold(snapshot.clone(), |state, inverse| simulate_inverse(&state, inverse));
    let open = |snapshot: &Snapshot| -> BTreeSet<FindingKey> {
        let findings = evaluate(controls, snapshot, settings, &ChangeHistory::default(), now);
        let repaired = |f: &Finding| f.open() && matches!(f.remediation, Remediation::Automatic(_));
        findings.into_iter().filter(repaired).map(|f| f.key).collect()
    };
    &open(&after) - &open(snapshot)
}

fn undo(record: &ChangeRecord, state: &Snapshot) -> Result<Undo, String> {
    let not_needed = |reason: String| Ok(Undo::NotNeeded { reason });
    let Action::Change(change) = &record.action else {
        return not_needed("it took something back itself".to_owned());
    };
    if let Some(by) = &record.undone_by {
        return not_needed(format!("{by} took it back"));
    }
    match &record.status {
        ChangeStatus::Applied { .. } => {}
        ChangeStatus::Intended | ChangeStatus::Uncertain { .. } => {
            return Err("it is not known yet whether it was done; the next run of a function finds out".to_owned());
        }
        ChangeStatus::NotNeeded { .. } | ChangeStatus::Skipped { .. } | ChangeStatus::Failed { .. } => {
            return not_needed("it was not done".to_owned());
        }
    }
    let inverse = record.inverse().ok_or("it is not known what AWS created for it")?;
    let unseen = |gap: Gap| format!("cannot be seen: {gap}");
    if let EffectCheck::Done { .. } = inverse_effect(&inverse, state).map_err(unseen)? {
        return not_needed("somebody took it back".to_owned());
    }
    match left_as(change, &inverse, state).map_err(unseen)? {
        None => Ok(Undo::Apply(inverse)),
        Some(differs) => Err(differs),
    }
}

/// What is not as the change left it. None where everything is.
fn left_as(change: &Change, inverse: &Inverse, state: &Snapshot) -> Result<Option<String>, Gap> {
    match (change, inverse) {
        (Change::CreateManagedGroup { .. }, Inverse::DeleteSecurityGroup { group }) => group_left_alone(group, state),
        (Change::AuthorizeIngress { .. }, Inverse::RevokeIngress { group, cidrs }) => {
            let groups = state.security_groups.as_ref().map_err(Gap::clone)?;
            let there: BTreeSet<_> = groups.get(group).into_iter().flat_map(exact_sources).collect();
            let there: BTreeSet<_> = there.into_iter().map(ToString::to_string).collect();
            let gone: Vec<_> = cidrs.difference(&there).cloned().collect();
            Ok((!gone.is_empty()).then(|| format!("{group} does not have the rules for {} any more", gone.join(", "))))
        }
        (Change::CreateEndpoint(new), Inverse::DeleteEndpoint { endpoint }) => {
            state.security_groups.as_ref().map_err(Gap::clone)?;
            with_endpoint(endpoint, state, |found| created_as(new, found, state))
        }
        (Change::ReplacePolicy { after, .. }, Inverse::RestorePolicy { endpoint, .. }) => {
            with_endpoint(endpoint, state, |found| {
                (!has_policy(found, after)).then(|| "its policy was changed since".to_owned())
            })
        }
        (
            Change::AddSubnet { endpoint, .. }
            | Change::AssociateRouteTable { endpoint, .. }
            | Change::AttachManagedGroup { endpoint, .. }
            | Change::EnablePrivateDns { endpoint },
            _,
        ) => with_endpoint(endpoint, state, |_| None),
        // That it is on is all there is to it.
        _ => Ok(None),
    }
}

fn group_left_alone(group: &SecurityGroupId, state: &Snapshot) -> Result<Option<String>, Gap> {
    let groups = state.security_groups.as_ref().map_err(Gap::clone)?;
    let endpoints = state.endpoints.as_ref().map_err(Gap::clone)?;
    let Some(found) = groups.get(group) else {
        return Ok(None);
    };
    if !is_managed(&found.tags) {
        return Ok(Some(format!("{group} is not tagged as managed by Postern any more")));
    }
    let user = endpoints
        .values()
        .find(|e| !e.dead() && e.security_groups.contains(group));
    Ok(match user {
        Some(user) => Some(format!("{group} is attached to {}", user.id)),
        None if !found.ingress.is_empty() => Some(format!("{group} has rules that were added since")),
        None => None,
    })
}

fn with_endpoint(
    id: &EndpointId,
    state: &Snapshot,
    differs: impl FnOnce(&Endpoint) -> Option<String>,
) -> Result<Option<String>, Gap> {
    let endpoints = state.endpoints.as_ref().map_err(Gap::clone)?;
    // What is gone needs no undo, and that was asked before.
    let Some(endpoint) = endpoints.get(id) else {
        return Ok(None);
    };
    let differs = managed_by(endpoint, state).or_else(|| differs(endpoint));
    Ok(differs.map(|differs| format!("{id}: {differs}")))
}

fn created_as(new: &NewEndpoint, found: &Endpoint, state: &Snapshot) -> Option<String> {
    if !is_managed(&found.tags) {
        return Some("it is not tagged as managed by Postern any more".to_owned());
    }
    let group = state.managed_group().map(|group| group.id.clone());
    let groups: BTreeSet<_> = new.group.iter().filter_map(|_| group.clone()).collect();
    let differences = [
        (
            new.subnets.values().collect::<BTreeSet<_>>() != found.subnets.iter().collect(),
            "its subnets",
        ),
        (new.route_tables != found.route_tables, "its route tables"),
        (groups != found.security_groups, "its security groups"),
        (new.private_dns != found.private_dns, "private DNS"),
        (
            new.policy.as_ref().is_some_and(|policy| !has_policy(found, policy)),
            "its policy",
        ),
    ];
    let changed: Vec<_> = differences
        .iter()
        .filter(|(differs, _)| *differs)
        .map(|(_, what)| *what)
        .collect();
    (!changed.is_empty()).then(|| format!("{} changed since", changed.join(", ")))
}
