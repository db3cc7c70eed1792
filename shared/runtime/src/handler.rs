//! One invocation: from a batch of messages to reconciled scopes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use postern_aws::observe::{ObserveError, Spokes};
use postern_aws::{Aws, chain};
use postern_core::evaluation::PolicyCache;
use postern_core::functions::Function;
use postern_core::model::id::{AccountId, Region, RunId, VpcId};
use postern_core::model::part::Part;
use postern_core::model::scope::Scope;
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::trigger::Source;
use postern_engine::{Budget, ReconcileError, Reconciler, RunContext, WorkItem};
use serde_json::Value;
use tracing::field::Empty;
use tracing::{Instrument, Span, error, info, info_span, warn};

use crate::batch::Batch;
use crate::configuration::Configuration;
use crate::error::ConfigurationError;
use crate::event_watch::{Recorded, RegionLedger, Sweep, after_sweep};
use crate::self_check;
use crate::settings::CurrentSettings;
use crate::targets::{Failures, RegionTargets, Triggers, targets};
use crate::telemetry::Metrics;

/// As in the template: after so many deliveries SQS moves a message to the dead-letter queue.
const LAST_RECEIVE: u32 = 5;

/// What a function keeps while it is warm.
pub struct Handler {
    function: &'static Function,
    configuration: Result<Known, ConfigurationError>,
    aws: Aws,
    policies: PolicyCache,
    recorded: Recorded,
}

/// The configuration with the settings as they are now.
struct Known {
    configuration: Configuration,
    settings: CurrentSettings,
}

impl Handler {
    pub fn new(
        function: &'static Function,
        configuration: Result<Configuration, ConfigurationError>,
        aws: Aws,
    ) -> Self {
        let account = configuration.as_ref().ok().and_then(Configuration::own_account);
        let aws = match account {
            Some(account) => aws.with_own_account(account),
            None => aws,
        };
        Self {
            function,
            configuration: configuration.map(|configuration| Known {
                settings: CurrentSettings::new(&configuration.settings),
                configuration,
            }),
            aws,
            policies: PolicyCache::default(),
            recorded: Recorded::default(),
        }
    }

    /// The same, with what another function that was warm knows of policies.
    #[must_use]
    pub fn with_policies(self, policies: PolicyCache) -> Self {
        Self { policies, ..self }
    }

    /// Handles one invocation: an SQS batch of events, or one event. Gives the answer for Lambda.
    ///
    /// `deadline` is when the invocation ends, if that is known.
    pub async fn handle(
        &self,
        payload: Value,
        run: RunId,
        deadline: Option<Timestamp>,
    ) -> (Result<Value, Diagnostic>, Metrics) {
        let mut metrics = Metrics::start(self.function.name, self.aws.calls());
        let span = info_span!("run", run = %run, function = self.function.name, settings = Empty);
        // Boxed: the futures of the SDK's clients nest deeper than the compiler allows.
        let answer = Box::pin(self.invoke(payload, run, deadline, &mut metrics))
            .instrument(span)
            .await;
        (answer, metrics)
    }

    async fn invoke(
        &self,
        payload: Value,
        run: RunId,
        deadline: Option<Timestamp>,
        metrics: &mut Metrics,
    ) -> Result<Value, Diagnostic> {
        let Known {
            configuration,
            settings,
        } = self.configuration.as_ref().map_err(unusable)?;
        let settings = settings.get(&self.aws).await.map_err(|error| unusable(&error))?;
        Span::current().record("settings", &settings.version);
        if self_check::is_requested(&payload) {
            let heard = self_check::alerts_are_heard(&self.aws, &configuration.destinations).await;
            metrics.alerts_heard(heard.is_ok());
            metrics.finish(0, &self.aws.calls());
            return Ok(self_check::answer(&settings, heard.err().as_ref()));
        }
        let batch = Batch::read(payload, &configuration.own_roles);
        let ledger = self.aws.ledger(&configuration.ledger);
        let controls = self.function.controls();
        let context = RunContext {
            run,
            actor: self.function.name,
            command: None,
            on_wait: None,
            controls: &controls,
            settings: &settings,
            policies: &self.policies,
            aws: &self.aws,
            ledger: &ledger,
        };
        let mut work = Work {
            function: self.function,
            reconciler: Reconciler::new(context, &configuration.destinations, Budget::until(deadline)),
            batch: &batch,
            failures: Failures::default(),
        };
        let began = self.aws.now();
        work.all().await;
        let news = work.reconciler.news();
        let Work {
            reconciler, failures, ..
        } = work;
        metrics.count(reconciler.counts());
        if let (Some(account), Some(region)) = (&configuration.own_account(), &self.aws.region()) {
            let watched = RegionLedger {
                ledger: &ledger,
                account,
                region,
            };
            if batch.has(Source::Call) {
                self.recorded.event(watched, self.aws.now()).await;
            }
            if batch.has(Source::Schedule) && failures.messages.is_empty() {
                let sweep = Sweep {
                    began,
                    settings: &settings.version,
                    news,
                };
                metrics.events_missing(after_sweep(watched, sweep).await);
            }
        }
        metrics.finish(failures.messages.len(), &self.aws.calls());
        batch.response(&failures.messages).ok_or_else(|| Diagnostic {
            error_type: "Postern.Incomplete".to_owned(),
            error_message: failures.causes.join("; "),
        })
    }
}

/// The work of one invocation.
struct Work<'a> {
    function: &'static Function,
    reconciler: Reconciler<'a>,
    batch: &'a Batch,
    failures: Failures,
}

impl Work<'_> {
    /// Reconciles everything that the batch asks for.
    async fn all(&mut self) {
        let aws = self.reconciler.context().aws;
        let mut early = Vec::new();
        // Whose alerts wait for the end.
        let mut swept = BTreeSet::new();
        let mut vpcs = Vec::new();
        for ((account, region), targets) in targets(self.function, aws, self.batch, &mut self.failures).await {
            vpcs.extend(targets.vpcs().map(|vpcs| (account.clone(), region.clone(), vpcs)));
            for (item, triggers) in self.items(&account, &region, targets).await {
                let scope = item.scope();
                if let WorkItem::Observed(_) = item {
                    swept.extend(triggers.messages.iter().copied());
                }
                match self.reconcile(item, &triggers).await {
                    Err(error) if self.retry_at(&error).is_some() => early.push((error, scope, triggers)),
                    result => self.note(result, &scope, &triggers),
                }
            }
        }
        for (account, region, vpcs) in vpcs {
            swept.extend(self.spokes(&account, &region, vpcs).await);
        }
        if let Err(error) = self.reconciler.finish().await {
            self.failures.send_back(swept, &error);
        }
        // A message that goes back is away for many minutes. What can be waited for is, after everything else is done.
        for (error, scope, triggers) in early {
            if let Some(at) = self.retry_at(&error) {
                let wait = at.duration_since(aws.now());
                let span = self.span(&scope, &triggers);
                span.in_scope(|| info!(seconds = wait.as_secs(), reason = %error, "waiting to reconcile again"));
                tokio::time::sleep(wait.try_into().unwrap_or_default()).await;
            }
            let result = self.reconcile(WorkItem::Unobserved(scope.clone()), &triggers).await;
            self.note(result, &scope, &triggers);
        }
    }

    /// The scopes to reconcile. A whole Region is observed at once.
    async fn items(
        &mut self,
        account: &AccountId,
        region: &Region,
        targets: RegionTargets,
    ) -> Vec<(WorkItem, Triggers)> {
        let RegionTargets { mut scopes, whole } = targets;
        let mut items = Vec::new();
        if let Some(whole) = whole {
            let context = self.reconciler.context();
            match observe_region(context, account, region, self.reconciler.parts()).await {
                Ok((snapshots, errors)) => {
                    for error in errors {
                        // The sweep comes back for them, or ends in the dead-letter queue. The others are reconciled now.
                        self.failures.send_back(whole.messages.clone(), &error.into());
                    }
                    info!(%region, scopes = snapshots.len(), "the whole Region is reconciled");
                    for snapshot in snapshots {
                        let mut triggers = whole.clone();
                        if let Some(named) = scopes.remove(&snapshot.scope().resource) {
                            triggers.merge(&named);
                        }
                        items.push((WorkItem::Observed(Box::new(snapshot)), triggers));
                    }
                }
                Err(error) => self.failures.send_back(whole.messages, &error),
            }
        }
        let named = scopes.into_iter().map(|(resource, triggers)| {
            let scope = Scope::of(account, region, resource);
            (WorkItem::Unobserved(scope), triggers)
        });
        items.extend(named);
        items
    }

    /// Reconciles the spokes of the hubs that are among these VPCs, because of what happened in their hubs. Gives the
    /// messages of these hubs.
    async fn spokes(
        &mut self,
        account: &AccountId,
        region: &Region,
        mut vpcs: BTreeMap<VpcId, Triggers>,
    ) -> BTreeSet<usize> {
        let (context, parts) = (self.reconciler.context(), self.reconciler.parts());
        let mut triggers = Triggers::default();
        if context.settings.central.is_none() || !parts.contains(&Part::Central) {
            return triggers.messages;
        }
        let ids = vpcs.keys().cloned().collect();
        let observed = observe_spokes(context, account, region, &ids, parts).await;
        let spokes = match observed {
            Ok(spokes) => spokes,
            Err(error) => {
                let messages = vpcs.into_values().flat_map(|triggers| triggers.messages);
                self.failures.send_back(messages, &error);
                return triggers.messages;
            }
        };
        for hub in spokes.hubs.iter().filter_map(|hub| vpcs.remove(hub)) {
            triggers.merge(&hub);
        }
        let mut left = spokes.left_out;
        for snapshot in spokes.snapshots {
            let item = WorkItem::Observed(Box::new(Snapshot::Vpc(snapshot)));
            let scope = item.scope();
            match self.reconcile(item, &triggers).await {
                Err(ReconcileError::NoTimeLeft(_)) => left += 1,
                result => self.note(result, &scope, &triggers),
            }
        }
        if left > 0 {
            warn!(%region, spokes = left, "the next sweep evaluates the other spokes of hubs that changed");
        }
        triggers.messages
    }

    async fn reconcile(&mut self, item: WorkItem, triggers: &Triggers) -> Result<(), ReconcileError> {
        let span = self.span(&item.scope(), triggers);
        self.reconciler.reconcile(item, &triggers.events).instrument(span).await
    }

    /// When a scope can be reconciled again within this invocation.
    fn retry_at(&self, error: &ReconcileError) -> Option<Timestamp> {
        error.retry_at().filter(|at| self.reconciler.budget().allows_start(*at))
    }

    /// A scope that was only short of time after many deliveries of its messages is left to the next sweep, which needs no
    /// event to find it. EC2 may limit the changes of a storm of events for longer than a message lives.
    fn note(&mut self, result: Result<(), ReconcileError>, scope: &Scope, triggers: &Triggers) {
        if let Err(error) = result {
            if let ReconcileError::NoTimeLeft(_) = &error
                && self.delivered_often(triggers)
            {
                let span = self.span(scope, triggers);
                span.in_scope(|| warn!("no time was left again; the next sweep goes on with it"));
                return;
            }
            let span = self.span(scope, triggers);
            span.in_scope(|| self.failures.send_back(triggers.messages.iter().copied(), &error));
        }
    }

    /// Whether one more failure would send one of the messages to the dead-letter queue.
    fn delivered_often(&self, triggers: &Triggers) -> bool {
        let messages = triggers
            .messages
            .iter()
            .filter_map(|index| self.batch.messages.get(*index));
        messages.map(|message| message.receives).max().unwrap_or_default() >= LAST_RECEIVE
    }

    /// What every line about a scope carries.
    fn span(&self, scope: &Scope, triggers: &Triggers) -> Span {
        let messages = triggers.messages.iter();
        let ids = messages.filter_map(|index| self.batch.messages.get(*index)?.id.as_deref());
        let events = triggers.events.iter().map(|event| event.event_id.as_str());
        let actors = triggers.events.iter().filter_map(|event| event.actor.as_ref());
        let mut actors: Vec<_> = actors.map(|actor| actor.identity.as_str()).collect();
        actors.sort_unstable();
        actors.dedup();
        info_span!(
            "reconcile",
            %scope,
            message_ids = list(ids),
            event_ids = list(events),
            actors = list(actors)
        )
    }
}

fn unusable(error: &ConfigurationError) -> Diagnostic {
    error!(
        error = chain(error),
        "no event is handled until the configuration is corrected"
    );
    Diagnostic::from(error)
}

async fn observe_spokes(
    context: &RunContext<'_>,
    account: &AccountId,
    region: &Region,
    vpcs: &BTreeSet<VpcId>,
    parts: &BTreeSet<Part>,
) -> Result<Spokes, ReconcileError> {
    let session = context.aws.account(account).await?;
    Ok(session.observe_spokes(region, vpcs, parts, context.settings).await?)
}

async fn observe_region(
    context: &RunContext<'_>,
    account: &AccountId,
    region: &Region,
    parts: &BTreeSet<Part>,
) -> Result<(Vec<Snapshot>, Vec<ObserveError>), ReconcileError> {
    let session = context.aws.account(account).await?;
    Ok(session.observe_region(region, parts, context.settings).await)
}

/// None where there are none, so that the field is left out.
fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let items: Vec<_> = items.into_iter().collect();
    (!items.is_empty()).then(|| items.join(","))
}

#[cfg(test)]
mod tests;
