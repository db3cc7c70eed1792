//! From findings to an ordered, conflict-free, priced list of changes.

#[cfg(test)]
mod every_control;
#[cfg(test)]
mod laws;
mod limits;
#[cfg(test)]
mod network_acl_laws;
mod release;
mod reserve;
mod restraints;
mod rollback;
#[cfg(test)]
mod rollback_tests;
#[cfg(test)]
mod service_laws;
#[cfg(test)]
mod tests;

pub use self::release::{Notice, NoticeKind, Release, ReleaseTarget, notices, release};
pub use self::reserve::{Budget, Reservation, reservations};
pub use self::restraints::{Canary, Restraints};
pub use self::rollback::{Difference, Rollback, Undo, UndoStep, reopened, rollback};

use self::limits::Allowance;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::changes::{Change, ChangeKind};
use crate::evaluation::{Concern, Control, Finding, PolicyCache, evaluate_with, idle_subnets, proposals};
use crate::history::ChangeHistory;
use crate::model::cost::MonthlyCost;
use crate::model::finding::{FindingKey, Severity};
use crate::model::id::SubnetId;
use crate::model::part::Part;
use crate::model::scope_snapshot::Snapshot;
use crate::settings::{Mode, Settings};

/// Protects against a control whose remediation has no effect: far more changes than a scope can need.
const MOST_CHANGES: usize = 1_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The changes that enforce mode applies, in this order, and then those that it would apply to audited controls.
    pub changes: Vec<PlannedChange>,
    /// Why no change of it may be applied, whatever the limits.
    pub refused: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedChange {
    pub change: Change,
    /// The findings that it remedies.
    pub causes: BTreeSet<FindingKey>,
    /// Enforce: to be applied, unless it is withheld. Audit: only shown.
    pub mode: Mode,
    /// None where the price is unknown. Such a change is never applied.
    pub monthly_cost: Option<MonthlyCost>,
    /// Set for an interrupting change that is applied only because it meets no client: the subnets that it affects, in
    /// which there must be no client right before it is made.
    pub idle: Option<BTreeSet<SubnetId>>,
    /// The limit because of which an enforced change is not applied, with its value.
    pub withheld: Option<String>,
}

/// What earlier plans of the same run have used of the limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    pub changes: usize,
}

/// The findings of `evaluate`, and the plan for them.
///
/// Plans by simulation: evaluates, simulates the changes that come first, and evaluates again, until no finding has
/// automatic changes. The applied plan therefore leaves nothing that could still be planned.
pub fn plan(
    controls: &[&Control],
    snapshot: &Snapshot,
    settings: &Settings,
    history: &ChangeHistory,
    restraints: &Restraints,
    now: Timestamp,
    policies: &PolicyCache,
) -> (Vec<Finding>, Plan) {
    let known = (&restraints.idle, policies);
    let mut found = evaluate_with(controls, snapshot, settings, history, now, known);
    let mut findings: Vec<Finding> = found
        .iter()
        .filter(|finding| finding.changes().is_some())
        .cloned()
        .collect();
    let mut state = Cow::Borrowed(snapshot);
    let mut plan = Plan::default();
    // Findings of which every change is planned. What another finding's changes make unnecessary is not.
    let mut whole: BTreeSet<FindingKey> = BTreeSet::new();
    let outside = settings.modes.outside_window(now);
    let restrained = settings.modes.interrupting != Mode::Enforce || outside.is_some();
    for mode in [Mode::Enforce, Mode::Audit] {
        loop {
            let open: Vec<_> = findings.iter().filter_map(|f| proposal(f, mode)).collect();
            // Of two that change the same, the more severe one comes first, and the other builds on it.
            let first = |(finding, changes): &&(&Finding, &[Change])| (stage(changes), Reverse(finding.severity));
            let Some(next) = open.iter().min_by_key(first) else {
                break;
            };
            let before = plan.changes.len();
            let mut altered: BTreeSet<Part> = BTreeSet::new();
            let mut policies_alone = true;
            let round = match next {
                (_, [Change::ReplacePolicy(_)]) => policies_of_endpoints(&open, first(&next)),
                (_, changes) => changes.iter().collect(),
            };
            for change in round {
                let idle = match restrained && change.safety().interrupts() {
                    true => idle_subnets(change, &state, &restraints.idle),
                    false => None,
                };
                if !change.simulate_in(state.to_mut()) {
                    continue;
                }
                altered.extend(change.alters());
                policies_alone &= matches!(change, Change::ReplacePolicy(_));
                plan.changes.push(PlannedChange {
                    change: change.clone(),
                    causes: open
                        .iter()
                        .filter(|(_, c)| c.contains(change))
                        .map(|(finding, _)| finding.key.clone())
                        .collect(),
                    mode,
                    monthly_cost: change.monthly_cost(&settings.prices, snapshot.region()),
                    idle,
                    withheld: None,
                });
            }
            if plan.changes.len() == before || before >= MOST_CHANGES {
                plan.refused = Some("planning did not come to an end; this is a defect of a control".to_owned());
                return (found, plan);
            }
            let planned = |change: &Change| plan.changes.iter().any(|planned| planned.change == *change);
            let planned = open.iter().filter(|(_, changes)| changes.iter().all(planned));
            whole.extend(planned.chain([next]).map(|(finding, _)| finding.key.clone()));
            let (affected, unaffected): (Vec<&Control>, Vec<&Control>) =
                controls.iter().copied().partition(|control| {
                    // What a policy says decides about containment alone.
                    !control.changes.is_empty()
                        && control.needs.iter().any(|part| altered.contains(part))
                        && (!policies_alone || control.concern == Concern::Containment)
                });
            findings.retain(|finding| unaffected.iter().any(|control| control.name == finding.key.control));
            findings.extend(proposals(&affected, &state, settings, history, now, known));
            findings.sort_by(|a, b| a.key.cmp(&b.key));
        }
    }
    for planned in &mut plan.changes {
        if planned.causes.iter().any(|key| whole.contains(key)) {
            planned.causes.retain(|key| whole.contains(key));
        }
    }
    let left = |of: &[&Control]| evaluate_with(of, &state, settings, history, now, known);
    plan.advise_on_remaining(&mut found, controls, left);
    let severity = |key: &FindingKey| {
        let control = controls.iter().find(|control| control.name == key.control);
        control.map_or(Severity::Low, |control| control.severity)
    };
    plan.admit(restraints, outside.as_deref(), severity);
    plan.apply_limits(
        &Allowance::new(&settings.limits, snapshot.region(), history, restraints.spent, now),
        severity,
    );
    (found, plan)
}

/// A round of planning: severity and stage of what comes first.
type Rank = (Option<ChangeKind>, Reverse<Severity>);

/// The policies that are to be replaced at the same stage because of findings of the same severity, one for each
/// endpoint. None of them depends on another, so that all of them are one round.
fn policies_of_endpoints<'f>(open: &[(&Finding, &'f [Change])], rank: Rank) -> Vec<&'f Change> {
    let mut endpoints = BTreeSet::new();
    let of_rank = open.iter().filter_map(|(finding, changes)| {
        let [change @ Change::ReplacePolicy(new)] = changes else {
            return None;
        };
        ((stage(changes), Reverse(finding.severity)) == rank).then_some((change, &new.endpoint))
    });
    of_rank
        .filter(|(_, endpoint)| endpoints.insert(*endpoint))
        .map(|(change, _)| change)
        .collect()
}

fn proposal(finding: &Finding, mode: Mode) -> Option<(&Finding, &[Change])> {
    let changes = finding.changes()?;
    (finding.mode == mode).then_some((finding, changes))
}

/// Changes on which others depend come first.
fn stage(changes: &[Change]) -> Option<ChangeKind> {
    changes.iter().map(Change::kind).max()
}

impl Plan {
    /// Findings with changes of which none is planned: those of others remedy them, or have made their own impossible, as
    /// where they take the last address of a subnet. The latter get the advice that is `left` after the plan.
    fn advise_on_remaining(
        &self,
        found: &mut [Finding],
        controls: &[&Control],
        left: impl FnOnce(&[&Control]) -> Vec<Finding>,
    ) {
        let planned = |key: &FindingKey| self.changes.iter().any(|planned| planned.causes.contains(key));
        let unplanned = found.iter_mut();
        let mut unplanned: Vec<_> = unplanned
            .filter(|finding| finding.changes().is_some() && !planned(&finding.key))
            .collect();
        if unplanned.is_empty() {
            return;
        }
        let of = |control: &&&Control| unplanned.iter().any(|finding| finding.key.control == control.name);
        let concerned: Vec<_> = controls.iter().filter(of).copied().collect();
        let left = left(&concerned);
        for finding in &mut unplanned {
            if let Some(left) = left.iter().find(|left| left.key == finding.key) {
                finding.remains_as(left);
            }
        }
    }

    /// The changes that enforce mode applies.
    pub fn enforced(&self) -> impl Iterator<Item = &PlannedChange> {
        self.changes
            .iter()
            .filter(|planned| planned.mode == Mode::Enforce && planned.withheld.is_none())
    }

    /// Why an enforced change of the plan is not applied. None where it is.
    pub fn refusal<'a>(&'a self, planned: &'a PlannedChange) -> Option<&'a str> {
        self.refused.as_deref().or(planned.withheld.as_deref())
    }

    /// What the changes that enforce mode applies add to the bill each month.
    pub fn monthly_cost(&self) -> MonthlyCost {
        self.enforced().filter_map(|planned| planned.monthly_cost).sum()
    }
}
