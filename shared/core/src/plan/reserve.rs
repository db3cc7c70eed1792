//! What a plan uses of the limits that all functions share in an account and Region.
//!
//! It is reserved before anything is applied, by one conditional write each, so that runs at the same time cannot exceed
//! a limit together; what was not used is given back.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::changes::ChangeOutcome;
use crate::model::cost::MonthlyCost;
use crate::plan::restraints::restricted;
use crate::plan::{Canary, Plan, PlannedChange};
use crate::settings::{Mode, Settings};

/// A limit that all functions share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Budget {
    /// Changes within an hour of the clock.
    ChangesPerHour { bucket: String },
    /// Added monthly cost within a window, in cents.
    CostPerWindow { bucket: String },
    /// Endpoints that are closed before a new perimeter is verified.
    Canaries { perimeter: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    pub budget: Budget,
    pub amount: u64,
    /// What may be used at most once the amount is added.
    pub most: u64,
    /// When the counter is no longer needed.
    pub expires: Timestamp,
}

/// What has to be reserved before the enforced changes of a plan are applied. Empty where there are none.
pub fn reservations(plan: &Plan, settings: &Settings, canary: Option<&Canary>, now: Timestamp) -> Vec<Reservation> {
    let limits = &settings.limits;
    if plan.refused.is_some() {
        return Vec::new();
    }
    let hour = SignedDuration::from_hours(1);
    let changes = Reservation {
        budget: Budget::ChangesPerHour {
            bucket: bucket(now, hour),
        },
        amount: u64::try_from(plan.enforced().count()).unwrap_or(u64::MAX),
        most: u64::try_from(limits.changes_per_hour).unwrap_or(u64::MAX),
        expires: end(now, hour),
    };
    let cost = Reservation {
        budget: Budget::CostPerWindow {
            bucket: bucket(now, limits.window()),
        },
        amount: plan.monthly_cost().cents(),
        most: limits.monthly_cost_total.cents(),
        expires: end(now, limits.window()),
    };
    let canaries = canary.map(|canary| Reservation {
        budget: Budget::Canaries {
            perimeter: canary.perimeter.clone(),
        },
        amount: u64::try_from(plan.restricted_endpoints()).unwrap_or(u64::MAX),
        most: u64::try_from(canary.most).unwrap_or(u64::MAX),
        expires: now + SignedDuration::from_hours(24 * i64::from(settings.ledger.retention_days)),
    });
    [changes, cost]
        .into_iter()
        .chain(canaries)
        .filter(|reservation| reservation.amount > 0)
        .collect()
}

impl Budget {
    /// The sort key of its counter in the ledger.
    pub fn key(&self) -> String {
        match self {
            Self::ChangesPerHour { bucket } => format!("changes/{bucket}"),
            Self::CostPerWindow { bucket } => format!("cost/{bucket}"),
            Self::Canaries { perimeter } => format!("perimeter/{perimeter}"),
        }
    }
}

impl Reservation {
    /// Why the plan is not applied when the reservation is not granted.
    pub fn refusal(&self) -> String {
        match &self.budget {
            Budget::ChangesPerHour { .. } => format!(
                "limits.changes_per_hour is {}: the plan has {} changes besides those of this hour in this account and Region",
                self.most, self.amount
            ),
            Budget::CostPerWindow { .. } => format!(
                "limits.monthly_cost_total is {}: the plan adds {} a month to what was added in this account and Region \
                 within the window",
                dollars(self.most),
                dollars(self.amount)
            ),
            Budget::Canaries { .. } => {
                "the perimeter is new, and another run closes the first endpoints under it; later runs close the others, after \
                 a run has verified that the first ones are closed"
                    .to_owned()
            }
        }
    }

    /// What of it is to be returned after these outcomes of the plan. A change that may have been made counts as used.
    pub fn unused(&self, plan: &Plan, outcomes: &[ChangeOutcome]) -> u64 {
        let used = plan.changes.iter().zip(outcomes).filter(|(planned, outcome)| {
            planned.mode == Mode::Enforce
                && matches!(
                    outcome,
                    ChangeOutcome::Applied { .. } | ChangeOutcome::Failed { transient: true, .. }
                )
        });
        let used: Vec<&PlannedChange> = used.map(|(planned, _)| planned).collect();
        let used = match &self.budget {
            Budget::ChangesPerHour { .. } => u64::try_from(used.len()).unwrap_or(u64::MAX),
            Budget::CostPerWindow { .. } => used
                .iter()
                .filter_map(|planned| planned.monthly_cost)
                .sum::<MonthlyCost>()
                .cents(),
            Budget::Canaries { .. } => {
                let endpoints: BTreeSet<_> = restricted(used).collect();
                u64::try_from(endpoints.len()).unwrap_or(u64::MAX)
            }
        };
        self.amount.saturating_sub(used)
    }
}

fn dollars(cents: u64) -> MonthlyCost {
    MonthlyCost::from_dollars(cents as f64 / 100.0)
}

/// The window that contains a moment, by its start. Windows follow one another from the beginning of the epoch.
fn bucket(now: Timestamp, window: SignedDuration) -> String {
    start(now, window)
        .to_zoned(TimeZone::UTC)
        .strftime("%Y%m%dT%HZ")
        .to_string()
}

fn start(now: Timestamp, window: SignedDuration) -> Timestamp {
    let into = now.as_second().rem_euclid(window.as_secs().max(1));
    Timestamp::from_second(now.as_second() - into).unwrap_or(now)
}

fn end(now: Timestamp, window: SignedDuration) -> Timestamp {
    start(now, window).checked_add(window).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{bare, compliant};

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    #[test]
    fn only_enforced_changes_are_reserved() {
        let world = compliant().without("vpce-kms").without("vpce-s3");
        let settings = Settings::default();
        let plan = world.plan();
        let reserved = reservations(&plan, &settings, None, at("2026-11-23T12:34:56Z"));
        let [changes, cost] = reserved.as_slice() else {
            panic!("{reserved:?}")
        };
        assert_eq!(
            (changes.budget.key(), changes.most),
            ("changes/20261123T12Z".to_owned(), 200)
        );
        assert_eq!(changes.amount, plan.enforced().count() as u64);
        assert_eq!(changes.expires, at("2026-11-23T13:00:00Z"));
        assert_eq!(
            (cost.budget.key(), cost.amount, cost.most),
            ("cost/20261123T00Z".to_owned(), 1_460, 100_000)
        );
        assert_eq!(cost.expires, at("2026-11-24T00:00:00Z"));
        let refused = Plan {
            refused: Some("too much".to_owned()),
            ..plan
        };
        assert_eq!(reservations(&refused, &settings, None, world.now), []);
        assert_eq!(reservations(&bare().plan(), &settings, None, world.now), []);
    }

    #[test]
    fn every_moment_lies_in_one_window() {
        for (hours, first, last, next) in [
            (
                6,
                "2026-11-23T06:00:00Z",
                "2026-11-23T11:59:59.999Z",
                "2026-11-23T12:00:00Z",
            ),
            (
                24,
                "2026-11-23T00:00:00Z",
                "2026-11-23T23:59:59Z",
                "2026-11-24T00:00:00Z",
            ),
        ] {
            let window = SignedDuration::from_hours(hours);
            assert_eq!(bucket(at(first), window), bucket(at(last), window));
            assert_ne!(bucket(at(last), window), bucket(at(next), window));
            assert_eq!(end(at(last), window), at(next));
        }
    }

    #[test]
    fn unused_reservation_is_returned() {
        let world = compliant()
            .without("vpce-kms")
            .without("vpce-s3")
            .without("vpce-dynamodb");
        let plan = world.plan();
        let reserved = reservations(&plan, &Settings::default(), None, world.now);
        let unused =
            |outcomes: &[ChangeOutcome]| -> Vec<_> { reserved.iter().map(|r| r.unused(&plan, outcomes)).collect() };
        let applied = ChangeOutcome::Applied { created: None };
        let skipped = ChangeOutcome::Skipped { reason: String::new() };
        let failed = |transient| ChangeOutcome::Failed {
            cause: String::new(),
            transient,
        };
        let count = plan.changes.len();
        assert_eq!(unused(&[]), [count as u64, 1_460]);
        assert_eq!(unused(&vec![applied.clone(); count]), [0, 0]);
        assert_eq!(unused(&vec![failed(true); count]), [0, 0], "AWS may have done it");
        assert_eq!(unused(&vec![failed(false); count]), [count as u64, 1_460]);
        let mut half = vec![skipped; count];
        half[0] = applied;
        assert_eq!(unused(&half)[0], count as u64 - 1);
    }

    #[test]
    fn refusal_names_the_amount_and_the_limit() {
        let mut settings = Settings::default();
        settings.limits.changes_per_hour = 5;
        settings.limits.monthly_cost_total = MonthlyCost::from_dollars(20.0);
        let world = compliant().without("vpce-kms");
        let reserved = reservations(&world.plan(), &settings, None, world.now);
        let texts: Vec<_> = reserved.iter().map(Reservation::refusal).collect();
        assert!(texts[0].contains("limits.changes_per_hour"), "{}", texts[0]);
        assert!(
            texts[1].contains("$14.60") && texts[1].contains("$20.00"),
            "{}",
            texts[1]
        );
    }
}
