//! Reports what was found and done in a scope: people get alerts, programs get reports.

use jiff::Timestamp;
use postern_aws::chain;
use postern_core::history::{Action, ChangeRecord, ChangeStatus, UndeliveredMessage};
use postern_core::model::finding::{Severity, Verdict};
use postern_core::model::part::name;
use postern_core::model::scope::{Scope, ScopedResource};
use postern_core::plan::notices;
use postern_core::settings::Mode;
use postern_core::trigger::TriggeringEvent;
use postern_report::published::{Finding, Outcome, Report};
use postern_report::{Delta, Message, Reconciliation};
use tracing::{info, warn};

use crate::context::RunContext;
use crate::error::ReconcileError;
use crate::evaluation::Evaluation;
use crate::execution::Execution;
use crate::notify::{Undelivered, deliver, drop_kept, publish};
use crate::session::record_again;
use crate::sinks::{Audience, Destinations, Sink};
use crate::verify::verify;

/// Why a scope is reconciled, and when its alert is delivered.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) events: &'a [TriggeringEvent],
    /// Whether the alert waits for those of other scopes.
    pub(crate) defer_alert: bool,
}

/// Reports the scopes of one run.
pub(crate) struct Reporter<'a> {
    destinations: &'a Destinations,
    deferred: Vec<DeferredAlert>,
    /// How many findings of VPCs that were observed together no run before had reported.
    news: usize,
}

/// An alert that waits for the others of its run, since many of them become one digest.
struct DeferredAlert {
    sink: &'static Sink,
    scope: Scope,
    report: Report,
    message: UndeliveredMessage,
    /// Whether the ledger has the message, in case that the run dies.
    kept: bool,
}

impl<'a> Reporter<'a> {
    pub(crate) fn new(destinations: &'a Destinations) -> Self {
        Self {
            destinations,
            deferred: Vec::new(),
            news: 0,
        }
    }

    pub(crate) fn destinations(&self) -> &Destinations {
        self.destinations
    }

    /// How many findings of VPCs that were observed together no run before had reported.
    pub(crate) fn news(&self) -> usize {
        self.news
    }

    /// Verifies what was done and reports what is new. Without a ledger everything is new, and nothing is remembered.
    pub(crate) async fn report(
        &mut self,
        context: &RunContext<'_>,
        scope: &Scope,
        mut evaluation: Evaluation,
        execution: &Execution,
        request: Request<'_>,
        ledger: bool,
    ) -> Result<(), ReconcileError> {
        // Of a change that was partly in effect before, only the part that was made can be undone.
        for (position, record) in &execution.records {
            let planned = evaluation.plan.changes.get_mut(*position);
            if let (Some(planned), Action::Change(made)) = (planned, &record.action) {
                planned.change = made.clone();
            }
        }
        let verification = verify(context, &evaluation, &execution.outcomes).await;
        log_findings(&evaluation);
        let history = evaluation.history;
        let modes = &context.settings.modes;
        let controls = context.controls.iter();
        let reconciliation = Reconciliation {
            run: context.run.clone(),
            function: context.actor.to_owned(),
            settings: context.settings.version.clone(),
            scope: scope.clone(),
            name: name(evaluation.snapshot.tags()),
            time: evaluation.time,
            triggering_events: request.events.to_vec(),
            controls: controls
                .map(|control| (control.name.to_owned(), modes.of(control.name)))
                .filter(|(_, mode)| *mode != Mode::Off)
                .collect(),
            notices: notices(request.events, &evaluation.snapshot, &history.records),
            findings: evaluation.findings,
            plan: evaluation.plan,
            outcomes: execution.outcomes.clone(),
            ids: execution
                .records
                .iter()
                .map(|(position, record)| (*position, record.id.clone()))
                .collect(),
            earlier: history
                .records
                .iter()
                .filter(|record| context.concerns(record))
                .cloned()
                .collect(),
            verification,
        };
        let delta = Delta::of(&reconciliation, &history, context.settings.alerts.repeat_after());
        if let (true, Some(report)) = (request.defer_alert, &delta.report) {
            let new = |finding: &&Finding| {
                let visible = finding.outcome.open() || finding.outcome == Outcome::Repaired;
                finding.open_since.is_none() && visible && !context.depends_on_other_vpcs(&finding.control)
            };
            // Consumers, targets and DNS records of an endpoint service change without an event.
            self.news += match scope.resource {
                ScopedResource::Vpc(_) => report.findings.iter().filter(new).count(),
                ScopedResource::EndpointService(_) => 0,
            };
        }
        let messages = match &delta.report {
            Some(report) => self.messages(context, scope, report, request, ledger).await,
            None => {
                info!("nothing new to report");
                Vec::new()
            }
        };
        let delivered = deliver(
            context,
            self.destinations,
            scope,
            &history.undelivered,
            &messages,
            ledger,
        )
        .await;
        let undelivered = |source| ReconcileError::Undelivered {
            scope: scope.resource.clone(),
            source,
        };
        let delivered = match delivered {
            Ok(()) => Ok(()),
            Err(Undelivered::Kept(source)) => Err(undelivered(source)),
            Err(Undelivered::Lost(source)) => return Err(undelivered(source)),
        };
        if ledger {
            let records = history.records.into_iter().chain(execution.records.values().cloned());
            remember(context, scope, &delta, records, reconciliation.time).await?;
        }
        delivered
    }

    /// What is to be delivered at once about a scope. Messages for people that wait for those of other scopes are
    /// deferred. The ledger keeps a deferred message in case that the run dies; one that it cannot keep is not deferred.
    async fn messages(
        &mut self,
        context: &RunContext<'_>,
        scope: &Scope,
        report: &Report,
        request: Request<'_>,
        ledger: bool,
    ) -> Vec<UndeliveredMessage> {
        let mut now = Vec::new();
        for (sink, _) in self.destinations.sinks() {
            for message in (sink.render)(&[report]) {
                let message = undelivered(sink, message, context.now());
                if !request.defer_alert || sink.audience == Audience::Programs {
                    now.push(message);
                    continue;
                }
                let expires = context.expires(message.time);
                if ledger && let Err(error) = context.ledger.keep_undelivered(scope, &message, expires).await {
                    warn!(
                        error = chain(&error),
                        "the alert is delivered now, since the ledger cannot keep it"
                    );
                    now.push(message);
                    continue;
                }
                self.deferred.push(DeferredAlert {
                    sink,
                    scope: scope.clone(),
                    report: report.clone(),
                    message,
                    kept: ledger,
                });
            }
        }
        now
    }

    pub(crate) async fn finish(&mut self, context: &RunContext<'_>) -> Result<(), ReconcileError> {
        let deferred = std::mem::take(&mut self.deferred);
        for (sink, _) in self.destinations.sinks() {
            let of_sink = || deferred.iter().filter(|alert| alert.sink.name == sink.name);
            let reports: Vec<_> = of_sink().map(|alert| &alert.report).collect();
            for message in (sink.render)(&reports) {
                let message = undelivered(sink, message, context.now());
                let published = publish(context, self.destinations, &message).await;
                published.map_err(ReconcileError::AlertsUndelivered)?;
            }
            for alert in of_sink().filter(|alert| alert.kept) {
                drop_kept(context, &alert.scope, &alert.message).await;
            }
        }
        Ok(())
    }
}

/// Records what was reported.
async fn remember(
    context: &RunContext<'_>,
    scope: &Scope,
    delta: &Delta,
    records: impl Iterator<Item = ChangeRecord>,
    time: Timestamp,
) -> Result<(), ReconcileError> {
    for (control, delivered) in &delta.delivered {
        let expires = context.expires(time);
        context.ledger.tell(scope, control, delivered, expires).await?;
    }
    // An intention is reported once its outcome is known.
    let reported =
        records.filter(|record| delta.records.contains(&record.id) && record.status != ChangeStatus::Intended);
    for record in reported {
        let record = ChangeRecord {
            delivered: true,
            ..record
        };
        record_again(context, &record).await?;
    }
    Ok(())
}

fn log_findings(evaluation: &Evaluation) {
    for finding in &evaluation.findings {
        let (control, resource) = (&finding.key.control, &finding.key.resource.id);
        let (severity, explanation) = (finding.severity.as_str(), finding.explanation());
        let explanation = explanation.as_ref();
        let (exempt, service) = (finding.accepted().is_some(), finding.service.as_deref());
        match (finding.verdict(), finding.severity) {
            (Verdict::NonCompliant, Severity::Critical) if !exempt => {
                warn!(
                    control,
                    resource, service, severity, explanation, exempt, "non-compliant"
                );
            }
            (Verdict::NonCompliant, _) => {
                info!(
                    control,
                    resource, service, severity, explanation, exempt, "non-compliant"
                );
            }
            (Verdict::Indeterminate, _) => {
                info!(control, resource, service, severity, explanation, "indeterminate");
            }
            (Verdict::Compliant | Verdict::NotApplicable, _) => {}
        }
    }
}

fn undelivered(sink: &Sink, message: Message, time: Timestamp) -> UndeliveredMessage {
    let attributes = message.attributes.iter();
    UndeliveredMessage {
        sink: sink.name.to_owned(),
        time,
        attributes: attributes
            .map(|(name, value)| ((*name).to_owned(), value.data_type().to_owned(), value.text()))
            .collect(),
        subject: message.subject,
        body: message.body,
    }
}

#[cfg(test)]
mod tests;
