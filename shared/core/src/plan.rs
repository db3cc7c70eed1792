//! From findings to an ordered, conflict-free, priced list of changes.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::change::{Change, ChangeKind};
use crate::control::{Control, evaluate};
use crate::cost::MonthlyCost;
use crate::finding::{Finding, FindingKey, Remediation};
use crate::settings::{Limits, Mode, Settings};
use crate::simulate::simulate;
use crate::snapshot::Snapshot;

/// A guard against a control whose remediation does not remedy: far above what a VPC can need.
const MOST_CHANGES: usize = 1_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What enforce mode applies, in this order, and then what audit mode would.
    pub changes: Vec<PlannedChange>,
    /// Why nothing of it may be applied.
    pub refused: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedChange {
    pub change: Change,
    /// The findings that it remedies.
    pub causes: BTreeSet<FindingKey>,
    /// Enforce: to be applied. Audit: only shown.
    pub mode: Mode,
    pub monthly_cost: MonthlyCost,
}

/// What became of a planned change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Outcome {
    Applied {
        /// The id that AWS gave to what the change created, or of the managed group that it referred to.
        #[serde(skip_serializing_if = "Option::is_none")]
        created: Option<String>,
    },
    /// Live state was already as wanted.
    NotNeeded {
        reason: String,
    },
    Skipped {
        reason: String,
    },
    Failed {
        cause: String,
        /// Another attempt may succeed.
        transient: bool,
    },
}

/// What earlier plans of the same run already took from the limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    pub changes: usize,
    pub monthly_cost: MonthlyCost,
}

/// Plans by simulating: evaluate, take the changes that come first, simulate them, evaluate again, until no automatic
/// finding is left. What is planned therefore leaves nothing that could still be planned.
pub fn plan(controls: &[&Control], snapshot: &Snapshot, settings: &Settings, spent: Spent, now: Timestamp) -> Plan {
    let mut state = snapshot.clone();
    let mut plan = Plan::default();
    for mode in [Mode::Enforce, Mode::Audit] {
        loop {
            let findings = evaluate(controls, &state, settings, now);
            let open: Vec<_> = findings.iter().filter_map(|f| proposal(f, mode)).collect();
            let Some((_, changes)) = open.iter().min_by_key(|(_, changes)| stage(changes)) else {
                break;
            };
            let before = plan.changes.len();
            for change in *changes {
                let after = simulate(&state, change);
                if after == state {
                    continue;
                }
                state = after;
                plan.changes.push(PlannedChange {
                    change: change.clone(),
                    causes: open
                        .iter()
                        .filter(|(_, c)| c.contains(change))
                        .map(|(key, _)| (*key).clone())
                        .collect(),
                    mode,
                    monthly_cost: change.monthly_cost(&settings.prices, &snapshot.region),
                });
            }
            if plan.changes.len() == before || before >= MOST_CHANGES {
                plan.refused = Some("planning did not come to an end; this is a defect of a control".to_owned());
                return plan;
            }
        }
    }
    plan.refused = over_limit(&plan, settings.limits, spent);
    plan
}

fn proposal(finding: &Finding, mode: Mode) -> Option<(&FindingKey, &Vec<Change>)> {
    match &finding.remediation {
        Remediation::Automatic(changes) if finding.open() && finding.mode == mode => Some((&finding.key, changes)),
        _ => None,
    }
}

/// Changes that others depend on come first.
fn stage(changes: &[Change]) -> Option<ChangeKind> {
    changes.iter().map(Change::kind).max()
}

fn over_limit(plan: &Plan, limits: Limits, spent: Spent) -> Option<String> {
    let adds = plan.monthly_cost();
    if adds > limits.monthly_cost_per_vpc {
        return Some(format!(
            "the plan adds {adds} a month, the limit per VPC is {} (limits.monthly_cost_per_vpc)",
            limits.monthly_cost_per_vpc
        ));
    }
    if adds + spent.monthly_cost > limits.monthly_cost_per_run {
        return Some(format!(
            "the plan adds {adds} a month to the {} of this run, the limit per run is {} (limits.monthly_cost_per_run)",
            spent.monthly_cost, limits.monthly_cost_per_run
        ));
    }
    let changes = plan.enforced().count();
    if changes > 0 && changes + spent.changes > limits.changes_per_run {
        return Some(format!(
            "the plan has {changes} changes besides the {} of this run, the limit per run is {} \
             (limits.changes_per_run)",
            spent.changes, limits.changes_per_run
        ));
    }
    None
}

impl Plan {
    /// The changes that enforce mode applies.
    pub fn enforced(&self) -> impl Iterator<Item = &PlannedChange> {
        self.changes.iter().filter(|planned| planned.mode == Mode::Enforce)
    }

    /// What the changes that enforce mode applies add to the bill each month.
    pub fn monthly_cost(&self) -> MonthlyCost {
        self.enforced().map(|planned| planned.monthly_cost).sum()
    }
}
