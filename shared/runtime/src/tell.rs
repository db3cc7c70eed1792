//! Tells people what is new, and writes down that they were told.

use std::collections::BTreeMap;

use postern_aws::{PublishError, chain};
use postern_core::changes::ChangeOutcome;
use postern_core::history::{Action, ChangeRecord, ChangeStatus};
use postern_core::model::finding::Verdict;
use postern_core::model::scope::{Scope, ScopedResource};
use postern_core::plan::notices;
use postern_core::settings::Mode;
use postern_report::{Delta, Message, Reconciliation};
use tracing::{error, info};

use crate::places::Source;
use crate::reconcile::{Cause, Judged, Run};
use crate::telemetry::Metrics;

/// What a run did in a VPC.
#[derive(Default)]
pub(crate) struct Done {
    /// One for each change of the plan, in its order.
    pub(crate) outcomes: Vec<ChangeOutcome>,
    /// What the ledger has of them, by their position in the plan.
    pub(crate) records: BTreeMap<usize, ChangeRecord>,
}

impl Run<'_> {
    /// Tells what is new. Without a ledger everything is.
    pub(crate) async fn tell(
        &self,
        scope: &Scope,
        judged: Judged,
        done: Done,
        source: &Source,
        metrics: &mut Metrics,
    ) -> Result<(), Cause> {
        let Judged {
            time,
            snapshot,
            past,
            findings,
            mut plan,
            ledger,
        } = judged;
        // What was done already when its turn came is not to be taken back.
        for (at, record) in &done.records {
            if let (Some(planned), Action::Change(made)) = (plan.changes.get_mut(*at), &record.action) {
                planned.change = made.clone();
            }
        }
        let verification = self.verify(&snapshot, &past, &plan, &done.outcomes).await;
        metrics.count(&findings, &done.outcomes);
        for finding in findings
            .iter()
            .filter(|f| matches!(f.verdict(), Verdict::NonCompliant | Verdict::Indeterminate))
        {
            info!(finding = %finding.key, verdict = ?finding.verdict(), explanation = %finding.explanation(), "found");
        }
        let ScopedResource::Vpc(vpc) = &scope.resource;
        let modes = &self.configuration.settings.modes;
        let controls = self.function.controls.iter();
        let reconciliation = Reconciliation {
            run: self.id.clone(),
            function: self.function.name.to_owned(),
            account: scope.account.clone(),
            region: scope.region.clone(),
            vpc: vpc.clone(),
            time,
            triggering_events: source.triggering_events.clone(),
            controls: controls
                .map(|control| (control.name.to_owned(), modes.of(control.name)))
                .filter(|(_, mode)| *mode != Mode::Off)
                .collect(),
            notices: notices(&source.triggering_events, &snapshot, &past.records),
            findings,
            plan,
            outcomes: done.outcomes,
            ids: done
                .records
                .iter()
                .map(|(at, record)| (*at, record.id.clone()))
                .collect(),
            earlier: past
                .records
                .iter()
                .filter(|record| self.concerns(record))
                .cloned()
                .collect(),
            verification,
        };
        let news = Delta::of(&reconciliation, &past);
        match &news.report {
            Some(report) => self.publish(Message::of(report)).await?,
            None => info!(vpc = %scope.resource, "nothing new to report"),
        }
        if !ledger {
            return Ok(());
        }
        for (control, delivered) in &news.delivered {
            let written = self.ledger.tell(scope, control, delivered, self.retained(time)).await;
            written.map_err(|error| chain(&error))?;
        }
        let records = past.records.into_iter().chain(done.records.into_values());
        // An intention is told of once it is known what became of it.
        let delivered =
            records.filter(|record| news.records.contains(&record.id) && record.status != ChangeStatus::Intended);
        for record in delivered {
            self.record(&ChangeRecord {
                delivered: true,
                ..record
            })
            .await?;
        }
        Ok(())
    }

    async fn publish(&self, message: Message) -> Result<(), Cause> {
        let values: Vec<_> = message
            .attributes
            .iter()
            .map(|(name, value)| (*name, value.data_type(), value.text()))
            .collect();
        let attributes: Vec<_> = values
            .iter()
            .map(|(name, kind, text)| (*name, *kind, text.as_str()))
            .collect();
        let sent = self
            .aws
            .publish(&self.configuration.topic, &message.subject, &message.body, &attributes)
            .await;
        let id = sent.map_err(|error: PublishError| {
            let cause = chain(&error);
            error!(%cause, subject = message.subject, report = message.body, "the alert was not sent");
            cause
        })?;
        info!(id, subject = message.subject, "alert sent");
        Ok(())
    }
}
