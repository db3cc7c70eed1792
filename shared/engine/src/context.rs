//! What all work of one run shares.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use postern_aws::Aws;
use postern_aws::ledger::Ledger;
use postern_core::evaluation::{Control, PolicyCache};
use postern_core::history::ChangeRecord;
use postern_core::model::id::RunId;
use postern_core::model::part::Part;
use postern_core::model::scope::Scope;
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::settings::Settings;
use postern_core::trigger::TriggeringEvent;

use crate::error::ReconcileError;

/// One run: an invocation of a function, or a command of an operator.
#[derive(Clone)]
pub struct RunContext<'a> {
    pub run: RunId,
    /// Who runs, as the ledger names it: a function such as `sweeper`, or `postern` for the command line.
    pub actor: &'a str,
    /// The command of a person, with the caller, for the records of its changes. None in functions.
    pub command: Option<TriggeringEvent>,
    /// Called once when the run has to wait for another one that holds the lease of the scope. None: nobody watches.
    pub on_wait: Option<fn(&Scope)>,
    /// The controls that the run evaluates.
    pub controls: &'a [&'static Control],
    pub settings: &'a Settings,
    /// What is known of policies, of earlier runs as well.
    pub policies: &'a PolicyCache,
    pub aws: &'a Aws,
    pub ledger: &'a Ledger,
}

impl RunContext<'_> {
    /// Observes parts of a scope with the credentials of its account. None where its resource does not exist any more.
    pub(crate) async fn observe(
        &self,
        scope: &Scope,
        parts: &BTreeSet<Part>,
    ) -> Result<Option<Snapshot>, ReconcileError> {
        let session = self.aws.account(&scope.account).await?;
        let observed = session.observe(&scope.region, &scope.resource, parts, self.settings);
        Ok(observed.await?)
    }

    /// Whether findings of a control follow from hubs, spokes and the hosted zones between them, which change without an
    /// event of the VPC. CloudTrail records the calls to Route 53 in us-east-1
    /// ([Route 53](https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/logging-using-cloudtrail.html)).
    pub(crate) fn depends_on_other_vpcs(&self, control: &str) -> bool {
        let mut controls = self.controls.iter().filter(|known| known.name == control);
        self.settings.central.is_some() && controls.any(|known| known.needs.contains(&Part::Central))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.aws.now()
    }

    /// When the ledger may delete what it has from this time.
    pub(crate) fn expires(&self, time: Timestamp) -> Timestamp {
        time + days(self.settings.ledger.retention_days)
    }

    /// Whether a change was made for one of the controls of this run.
    pub(crate) fn concerns(&self, record: &ChangeRecord) -> bool {
        let own = |name: &str| self.controls.iter().any(|control| control.name == name);
        // The removal of a resource, by `postern release`, may have no finding as its cause.
        record.causes.is_empty() || record.causes.iter().any(|key| own(&key.control))
    }
}

pub(crate) fn days(count: u16) -> Duration {
    Duration::from_secs(u64::from(count) * 86_400)
}

#[cfg(test)]
mod tests {
    use postern_core::controls::policy_open;

    use super::*;
    use crate::testing::Rig;

    #[tokio::test(start_paused = true)]
    async fn run_is_concerned_with_changes_of_its_own_controls_and_with_those_of_none() {
        let rig = Rig::new("");
        rig.reconcile("run-1").await.unwrap();
        let mut record = rig.records().await.swap_remove(0);
        let all = rig.context("run-2");
        let other = RunContext {
            controls: &[&postern_core::controls::endpoint_missing::CONTROL],
            ..all.clone()
        };
        let own = RunContext {
            controls: &[&policy_open::CONTROL],
            ..all.clone()
        };
        let concerned = |record: &ChangeRecord| [&all, &own, &other].map(|context| context.concerns(record));
        assert_eq!(concerned(&record), [true, true, false]);
        record.causes.clear();
        assert_eq!(concerned(&record), [true, true, true]);
    }
}
