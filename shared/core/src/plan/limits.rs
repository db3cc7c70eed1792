//! Which changes of a plan the limits admit.
//!
//! A plan is cut at the boundaries of findings: the changes of a finding are applied together with everything that they
//! require, or not at all. The most severe findings come first, and a limit withholds only changes that count against it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Budget, Plan, PlannedChange, Reservation, Spent};
use crate::history::ChangeHistory;
use crate::model::cost::MonthlyCost;
use crate::model::finding::{FindingKey, Severity};
use crate::model::id::Region;
use crate::settings::{Limits, Mode};

/// Positions in a plan.
pub(super) type Positions = BTreeSet<usize>;

/// The limits with what is used of them.
pub(super) struct Allowance {
    limits: Limits,
    region: Region,
    /// Changes of earlier plans of the same run.
    run: Spent,
    /// What was added to the scope within the window.
    added: MonthlyCost,
}

impl Allowance {
    pub(super) fn new(limits: &Limits, region: &Region, history: &ChangeHistory, run: Spent, now: Timestamp) -> Self {
        Self {
            limits: *limits,
            region: region.clone(),
            run,
            added: history.spent(limits.window(), now),
        }
    }

    /// Why the changes of a finding that are `new` cannot be applied besides the admitted ones.
    fn exceeded(&self, admitted: &[&PlannedChange], new: &[&PlannedChange]) -> Option<String> {
        let Limits {
            changes_per_run,
            changes_per_hour,
            monthly_cost_per_vpc,
            monthly_cost_total,
            window_hours,
            ..
        } = self.limits;
        if new.iter().any(|planned| planned.monthly_cost.is_none()) {
            return Some(format!(
                "limits.monthly_cost_per_vpc is {monthly_cost_per_vpc}, and the price of an interface endpoint in {region} is \
                 unknown. Run `postern prices --region {region} --write` to look it up",
                region = self.region
            ));
        }
        let cost = |changes: &[&PlannedChange]| {
            changes
                .iter()
                .filter_map(|planned| planned.monthly_cost)
                .sum::<MonthlyCost>()
        };
        let (adds, before) = (cost(new), cost(admitted));
        if adds > MonthlyCost::ZERO && self.added + before + adds > monthly_cost_per_vpc {
            return Some(format!(
                "limits.monthly_cost_per_vpc is {monthly_cost_per_vpc}: the remediation adds {adds} a month to the {} of \
                 the last {window_hours} hours",
                self.added + before
            ));
        }
        if adds > MonthlyCost::ZERO && before + adds > monthly_cost_total {
            return Some(format!(
                "limits.monthly_cost_total is {monthly_cost_total}: the remediation adds {adds} a month to the {before} of \
                 this plan"
            ));
        }
        let count = admitted.len() + new.len();
        if !new.is_empty() && count + self.run.changes > changes_per_run {
            return Some(format!(
                "limits.changes_per_run is {changes_per_run}: the remediation needs {} changes besides the {} of this run",
                new.len(),
                admitted.len() + self.run.changes
            ));
        }
        (!new.is_empty() && count > changes_per_hour).then(|| {
            format!(
                "limits.changes_per_hour is {changes_per_hour}: the remediation needs {} changes besides the {} of this \
                 plan",
                new.len(),
                admitted.len()
            )
        })
    }
}

impl Plan {
    /// Withholds the changes that exceed a limit, of the least severe findings first.
    pub(super) fn apply_limits(&mut self, allowance: &Allowance, severity: impl Fn(&FindingKey) -> Severity) {
        let mut admitted = Positions::new();
        let mut withheld = Vec::new();
        for own in self.findings(severity) {
            let wanted = self.with_required(&own);
            let new: Vec<&PlannedChange> = self.at(wanted.difference(&admitted));
            match allowance.exceeded(&self.at(&admitted), &new) {
                None => admitted.extend(wanted),
                Some(reason) => withheld.push((wanted, reason)),
            }
        }
        for (positions, reason) in withheld {
            self.withhold(positions.difference(&admitted).copied().collect(), &reason);
        }
    }

    /// Withholds the changes that count against a budget that was not granted, with all that belong to their findings.
    pub fn withhold_for(&mut self, reservation: &Reservation) {
        let counts = |planned: &PlannedChange| match reservation.budget {
            Budget::ChangesPerHour { .. } => true,
            Budget::CostPerWindow { .. } => planned.monthly_cost > Some(MonthlyCost::ZERO),
            Budget::Canaries { .. } => planned.change.safety().restricts(),
        };
        let mut kept = Positions::new();
        for own in self.by_finding().into_values() {
            let wanted = self.with_required(&own);
            if !self.at(&wanted).into_iter().any(counts) {
                kept.extend(wanted);
            }
        }
        let all: Positions = self.by_finding().into_values().flatten().collect();
        self.withhold(all.difference(&kept).copied().collect(), &reservation.refusal());
    }

    /// The positions of the changes to apply of each finding, the most severe finding first.
    pub(super) fn findings(&self, severity: impl Fn(&FindingKey) -> Severity) -> Vec<Positions> {
        let mut findings: Vec<_> = self.by_finding().into_iter().collect();
        findings.sort_by_key(|(key, positions)| (Reverse(severity(key)), positions.first().copied()));
        findings.into_iter().map(|(_, positions)| positions).collect()
    }

    /// The positions of the changes to apply of each finding.
    fn by_finding(&self) -> BTreeMap<FindingKey, Positions> {
        let mut findings: BTreeMap<FindingKey, Positions> = BTreeMap::new();
        for (position, planned) in self.changes.iter().enumerate() {
            if planned.mode == Mode::Enforce && planned.withheld.is_none() {
                for key in &planned.causes {
                    findings.entry(key.clone()).or_default().insert(position);
                }
            }
        }
        findings
    }

    /// These positions and those of all changes that theirs require.
    pub(super) fn with_required(&self, positions: &Positions) -> Positions {
        let mut all = positions.clone();
        // What a change requires comes before it.
        for (position, planned) in self.changes.iter().enumerate().rev() {
            if all.contains(&position) {
                let earlier = self.changes.iter().enumerate().take(position);
                let required = earlier
                    .filter(|(_, earlier)| earlier.mode == Mode::Enforce && planned.change.requires(&earlier.change));
                all.extend(required.map(|(position, _)| position));
            }
        }
        all
    }

    pub(super) fn at<'a, 'p>(&'a self, positions: impl IntoIterator<Item = &'p usize>) -> Vec<&'a PlannedChange> {
        positions.into_iter().filter_map(|at| self.changes.get(*at)).collect()
    }

    pub(super) fn withhold(&mut self, positions: Positions, reason: &str) {
        for (position, planned) in self.changes.iter_mut().enumerate() {
            if positions.contains(&position) && planned.withheld.is_none() {
                planned.withheld = Some(reason.to_owned());
            }
        }
    }
}
