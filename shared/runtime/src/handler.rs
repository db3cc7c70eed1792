//! One invocation: from a batch of messages to reconciled VPCs.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use lambda_runtime::{Context, Diagnostic};
use postern_aws::Aws;
use postern_core::function::Function;
use postern_core::id::{AccountId, Region, RunId, VpcId};
use postern_core::plan::Spent;
use postern_core::snapshot::{Part, Snapshot};
use serde_json::Value;
use tracing::{Instrument, error, info, info_span, warn};

use crate::alerts::Alerts;
use crate::batch::Batch;
use crate::configuration::{Configuration, ConfigurationError};
use crate::places::{Failures, Place, Source, places};
use crate::reconcile::Run;
use crate::telemetry::Metrics;

/// No VPC is started on when less than this is left of the invocation.
const LAST_START: Duration = Duration::from_secs(20);

/// What a function keeps while it is warm.
pub(crate) struct Handler {
    function: &'static Function,
    /// What its controls need to see.
    parts: BTreeSet<Part>,
    configuration: Result<Configuration, ConfigurationError>,
    aws: Aws,
    alerts: Alerts,
}

impl Handler {
    pub(crate) async fn new(function: &'static Function) -> Self {
        Self {
            function,
            parts: function
                .controls
                .iter()
                .flat_map(|control| control.needs)
                .copied()
                .collect(),
            configuration: Configuration::load(),
            aws: Aws::from_environment().await,
            alerts: Alerts::default(),
        }
    }

    pub(crate) async fn handle(&self, payload: Value, context: &Context) -> Result<Value, Diagnostic> {
        let run = RunId::from(context.request_id.as_str());
        let span = info_span!("run", run = %run, function = self.function.name);
        // Boxed: the futures of the SDK's clients nest deeper than the compiler likes to look.
        Box::pin(self.invoke(payload, run, last_start(context.deadline(), SystemTime::now())))
            .instrument(span)
            .await
    }

    async fn invoke(&self, payload: Value, id: RunId, last_start: Option<SystemTime>) -> Result<Value, Diagnostic> {
        let configuration = self.configuration.as_ref().map_err(|error| {
            error!(%error, "nothing is done");
            Diagnostic::from(error)
        })?;
        let mut metrics = Metrics::start(self.function.name, self.aws.calls());
        let batch = Batch::read(payload, &configuration.own_roles);
        let mut failures = Failures::default();
        let run = Run {
            id,
            function: self.function,
            parts: &self.parts,
            configuration,
            aws: &self.aws,
            alerts: &self.alerts,
            spent: Spent::default(),
        };
        match self.alerts.send_waiting(&self.aws, &configuration.topic).await {
            Ok(()) => work(run, &batch, last_start, &mut metrics, &mut failures).await,
            Err(error) => {
                let cause = format!(
                    "nothing is changed while alerts cannot be sent: {}",
                    crate::chain(&error)
                );
                error!(%cause, "the batch goes back");
                failures.add(0..batch.messages.len(), cause);
            }
        }
        metrics.emit(failures.messages.len(), &self.aws.calls());
        batch.response(&failures.messages).ok_or_else(|| Diagnostic {
            error_type: "Postern.Incomplete".to_owned(),
            error_message: failures.causes.join("; "),
        })
    }
}

async fn work(
    mut run: Run<'_>,
    batch: &Batch,
    last_start: Option<SystemTime>,
    metrics: &mut Metrics,
    failures: &mut Failures,
) {
    for ((account, region), place) in places(run.aws, batch, failures).await {
        for (look, source) in looks(&run, &account, &region, place, failures).await {
            let result = if last_start.is_none_or(|at| SystemTime::now() < at) {
                match look {
                    Look::Seen(snapshot) => run.reconcile(*snapshot, &source, metrics).await,
                    Look::At(vpc) => run.reconcile_vpc(&account, &region, &vpc, &source, metrics).await,
                }
            } else {
                Err("the invocation's time is used up".to_owned())
            };
            if let Err(cause) = result {
                warn!(%cause, "the messages go back");
                failures.add(source.messages, cause);
            }
        }
    }
}

/// The instant from which no VPC is started on. None where the invocation's deadline is past at its start: local Runtime
/// APIs tell one that means nothing.
fn last_start(deadline: SystemTime, now: SystemTime) -> Option<SystemTime> {
    if deadline <= now {
        return None;
    }
    deadline.checked_sub(LAST_START)
}

/// A VPC to reconcile: still to be observed, or seen with the rest of its Region.
enum Look {
    At(VpcId),
    Seen(Box<Snapshot>),
}

async fn looks(
    run: &Run<'_>,
    account: &AccountId,
    region: &Region,
    mut place: Place,
    failures: &mut Failures,
) -> Vec<(Look, Source)> {
    let mut looks = Vec::new();
    if let Some(everywhere) = place.everywhere {
        match run.aws.observe_region(account, region, run.parts).await {
            Ok(snapshots) => {
                info!(region = %region, vpcs = snapshots.len(), "the whole Region is looked at");
                for snapshot in snapshots {
                    let mut source = everywhere.clone();
                    if let Some(named) = place.vpcs.remove(&snapshot.vpc.id) {
                        source.merge(&named);
                    }
                    looks.push((Look::Seen(Box::new(snapshot)), source));
                }
            }
            Err(error) => {
                let cause = crate::chain(&error);
                warn!(%cause, "the Region cannot be looked at, the messages go back");
                failures.add(everywhere.messages, cause);
            }
        }
    }
    looks.extend(place.vpcs.into_iter().map(|(vpc, source)| (Look::At(vpc), source)));
    looks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_vpc_is_started_on_while_there_is_time_for_it() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let ahead = |seconds| now + Duration::from_secs(seconds);
        assert_eq!(last_start(ahead(120), now), Some(ahead(100)));
        assert!(last_start(ahead(5), now).is_some_and(|at| at < now));
    }

    #[test]
    fn a_deadline_that_means_nothing_limits_nothing() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        assert_eq!(
            last_start(SystemTime::UNIX_EPOCH + Duration::from_millis(600_000), now),
            None
        );
    }
}
