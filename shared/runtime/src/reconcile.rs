//! One VPC: observe, evaluate, plan, apply, verify, report.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use postern_aws::Aws;
use postern_aws::apply::Applier;
use postern_core::control::{Control, evaluate};
use postern_core::finding::{Finding, FindingKey, Verdict};
use postern_core::function::Function;
use postern_core::id::{AccountId, Region, RunId, VpcId};
use postern_core::ledger::Past;
use postern_core::plan::{Outcome, Plan, PlannedChange, Spent, plan};
use postern_core::report::{Message, Reconciliation, Report, Verification};
use postern_core::settings::Mode;
use postern_core::snapshot::{EndpointState, Part, Snapshot};
use tracing::{info, warn};

use crate::alerts::Alerts;
use crate::configuration::Configuration;
use crate::places::Source;
use crate::telemetry::Metrics;

/// What the VPCs of one invocation share.
pub(crate) struct Run<'a> {
    pub(crate) id: RunId,
    pub(crate) function: &'static Function,
    pub(crate) parts: &'a BTreeSet<Part>,
    pub(crate) configuration: &'a Configuration,
    pub(crate) aws: &'a Aws,
    pub(crate) alerts: &'a Alerts,
    pub(crate) spent: Spent,
}

/// Why the messages that meant a VPC have to come back.
pub(crate) type Cause = String;

impl Run<'_> {
    /// Looks at a VPC and reconciles it.
    pub(crate) async fn reconcile_vpc(
        &mut self,
        account: &AccountId,
        region: &Region,
        vpc: &VpcId,
        source: &Source,
        metrics: &mut Metrics,
    ) -> Result<(), Cause> {
        let seen = self.aws.observe_vpc(account, region, vpc, self.parts).await;
        match seen.map_err(|error| crate::chain(&error))? {
            Some(snapshot) => self.reconcile(snapshot, source, metrics).await,
            None => {
                info!(%vpc, "the VPC is gone, nothing is left to look at");
                Ok(())
            }
        }
    }

    /// Reconciles a VPC as observed.
    pub(crate) async fn reconcile(
        &mut self,
        snapshot: Snapshot,
        source: &Source,
        metrics: &mut Metrics,
    ) -> Result<(), Cause> {
        let vpc = &snapshot.vpc.id;
        if snapshot.vpc.owner != snapshot.account {
            info!(%vpc, owner = %snapshot.vpc.owner, "the VPC belongs to another account and is left alone");
            return Ok(());
        }
        let now = Timestamp::now();
        let settings = &self.configuration.settings;
        let controls = self.function.controls;
        let findings = evaluate(controls, &snapshot, settings, &Past::default(), now);
        let plan = plan(controls, &snapshot, settings, &Past::default(), self.spent, now);
        if plan.refused.is_none() && plan.enforced().next().is_some() {
            // What nobody can be told of is not done.
            let answers = self.aws.check_topic(&self.configuration.topic).await;
            answers.map_err(|error| {
                format!(
                    "nothing is changed while alerts cannot be sent: {}",
                    crate::chain(&error)
                )
            })?;
        }
        let outcomes = self.apply(&snapshot, &plan).await;
        let verification = self.verify(&snapshot, &plan, &outcomes).await;
        metrics.count(&findings, &outcomes);
        for finding in findings
            .iter()
            .filter(|f| matches!(f.verdict, Verdict::NonCompliant | Verdict::Indeterminate))
        {
            info!(finding = %finding.key, verdict = ?finding.verdict, explanation = finding.explanation, "found");
        }
        let again = outcomes.iter().find_map(|outcome| match outcome {
            Outcome::Failed { cause, transient: true } => Some(cause.clone()),
            _ => None,
        });
        let reconciliation = Reconciliation {
            run: self.id.clone(),
            function: self.function.name.to_owned(),
            account: snapshot.account.clone(),
            region: snapshot.region.clone(),
            vpc: vpc.clone(),
            time: now,
            occasions: source.occasions.clone(),
            findings,
            plan,
            outcomes,
            verification,
            controls: controls
                .iter()
                .map(|control| (control.name.to_owned(), settings.modes.of(control.name)))
                .filter(|(_, mode)| *mode != Mode::Off)
                .collect(),
            ids: BTreeMap::new(),
            earlier: Vec::new(),
            notices: Vec::new(),
        };
        match Report::of(&reconciliation) {
            Some(report) => {
                let sent = self
                    .alerts
                    .send(self.aws, &self.configuration.topic, Message::of(&report))
                    .await;
                sent.map_err(|error| crate::chain(&error))?;
            }
            None => info!(%vpc, "nothing to report"),
        }
        again.map_or(Ok(()), Err)
    }

    async fn apply(&mut self, snapshot: &Snapshot, plan: &Plan) -> Vec<Outcome> {
        let mut applier = self.aws.applier(&snapshot.account, &snapshot.region, &self.id);
        let mut outcomes: Vec<Outcome> = Vec::new();
        let mut failed: BTreeSet<&FindingKey> = BTreeSet::new();
        for planned in &plan.changes {
            let outcome = match (planned.mode, &plan.refused) {
                (Mode::Enforce, None) if planned.causes.iter().any(|key| failed.contains(key)) => Outcome::Skipped {
                    reason: "an earlier change for the same finding was not applied".to_owned(),
                },
                (Mode::Enforce, None) => self.apply_one(&mut applier, planned).await,
                (Mode::Enforce, Some(reason)) => Outcome::Skipped { reason: reason.clone() },
                _ => Outcome::Skipped {
                    reason: "audit mode".to_owned(),
                },
            };
            if matches!(outcome, Outcome::Failed { .. } | Outcome::Skipped { .. }) {
                failed.extend(&planned.causes);
            }
            outcomes.push(outcome);
        }
        outcomes
    }

    async fn apply_one(&mut self, applier: &mut Applier, planned: &PlannedChange) -> Outcome {
        let control = planned.causes.first().map_or("", |key| key.control.as_str());
        let outcome = applier.apply(&planned.change, control).await;
        match &outcome {
            Outcome::Applied { .. } => {
                self.spent.changes += 1;
                info!(change = %planned.change, "applied");
            }
            Outcome::Failed { cause, .. } => warn!(change = %planned.change, %cause, "failed"),
            Outcome::NotNeeded { reason } | Outcome::Skipped { reason } => {
                info!(change = %planned.change, %reason, "not applied");
            }
        }
        outcome
    }

    /// What a fresh look says of the findings for which something was applied.
    async fn verify(
        &self,
        snapshot: &Snapshot,
        plan: &Plan,
        outcomes: &[Outcome],
    ) -> BTreeMap<FindingKey, Verification> {
        let touched = || {
            let pairs = plan.changes.iter().zip(outcomes);
            pairs.filter(|(planned, _)| planned.mode == Mode::Enforce && plan.refused.is_none())
        };
        if !touched().any(|(_, outcome)| matches!(outcome, Outcome::Applied { .. })) {
            return BTreeMap::new();
        }
        let keys: BTreeSet<_> = touched().flat_map(|(planned, _)| &planned.causes).collect();
        let controls: Vec<&Control> = self
            .function
            .controls
            .iter()
            .copied()
            .filter(|control| keys.iter().any(|key| key.control == control.name))
            .collect();
        let parts = controls.iter().flat_map(|control| control.needs).copied().collect();
        let fresh = self
            .aws
            .observe_vpc(&snapshot.account, &snapshot.region, &snapshot.vpc.id, &parts)
            .await;
        let fresh = match fresh {
            Ok(Some(fresh)) => fresh,
            Ok(None) => {
                return all(&keys, || Verification::Pending {
                    reason: "the VPC is gone meanwhile".to_owned(),
                });
            }
            Err(error) => {
                let reason = format!("the fresh look failed: {}", crate::chain(&error));
                return all(&keys, || Verification::Pending { reason: reason.clone() });
            }
        };
        let findings = evaluate(
            &controls,
            &fresh,
            &self.configuration.settings,
            &Past::default(),
            Timestamp::now(),
        );
        keys.iter()
            .map(|key| {
                let failed = touched().any(|(planned, outcome)| {
                    planned.causes.contains(key) && matches!(outcome, Outcome::Failed { .. } | Outcome::Skipped { .. })
                });
                let settling = touched()
                    .filter(|(planned, _)| planned.causes.contains(key))
                    .find_map(|(planned, outcome)| settling(planned, outcome, &fresh));
                (
                    (*key).clone(),
                    judge(findings.iter().find(|f| f.key == **key), failed, settling),
                )
            })
            .collect()
    }
}

fn judge(fresh: Option<&Finding>, failed: bool, settling: Option<String>) -> Verification {
    match (fresh, settling) {
        (
            Some(Finding {
                verdict: Verdict::Compliant | Verdict::NotApplicable,
                ..
            })
            | None,
            None,
        ) => Verification::Verified,
        (
            Some(Finding {
                verdict: Verdict::Compliant | Verdict::NotApplicable,
                ..
            })
            | None,
            Some(reason),
        ) => Verification::Pending { reason },
        (Some(finding), _) if failed => Verification::Unremedied {
            reason: finding.explanation.clone(),
        },
        (Some(finding), _) => Verification::Pending {
            reason: format!(
                "AWS took the change, but a fresh look does not show it yet: {}",
                finding.explanation
            ),
        },
    }
}

/// The endpoint of a change that AWS is still working on.
fn settling(planned: &PlannedChange, outcome: &Outcome, fresh: &Snapshot) -> Option<String> {
    let created = match outcome {
        Outcome::Applied { created: Some(id) } => Some(id.as_str().into()),
        _ => None,
    };
    let id = planned.change.endpoint().cloned().or(created)?;
    let endpoint = fresh.endpoints.as_ref().ok()?.get(&id)?;
    (endpoint.state == EndpointState::Pending).then(|| format!("{id} is still pending"))
}

fn all(keys: &BTreeSet<&FindingKey>, state: impl Fn() -> Verification) -> BTreeMap<FindingKey, Verification> {
    keys.iter().map(|key| ((*key).clone(), state())).collect()
}
