//! `rollback`: rolls changes back, the last one first, while the resources are as the changes left them.

use std::collections::BTreeSet;
use std::io::Write;

use postern_core::changes::{Change, Inverse};
use postern_core::controls::CONTROLS;
use postern_core::history::{Action, ChangeId, ChangeRecord};
use postern_core::model::finding::FindingKey;
use postern_core::model::scope::Scope;
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::plan::{self, Difference, Undo, UndoStep, reopened};
use postern_core::settings::Settings;
use postern_engine::{Session, UndoRequest};
use postern_report::audit::described;

use super::pauses::{describe, pauses};
use super::undo::{under_lease, undo};
use super::{CommandError, OperatorContext, Rollback, say};
use crate::difference::difference;
use crate::output::Status;

/// Rolls back a change, all changes of a run, or all changes since a time. A scope in which it stops does not keep the
/// others from being rolled back.
///
/// # Errors
/// If AWS or the ledger could not be read or written. What was done until then is on record.
pub async fn rollback(
    context: &OperatorContext,
    settings: &Settings,
    arguments: &Rollback,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let mut worst = Status::Fine;
    for (scope, records) in selected(context, arguments).await? {
        let rollback = ScopeRollback {
            context,
            settings,
            scope,
            records,
        };
        let status = match arguments.changing.dry_run {
            true => rollback.dry_run(out).await?,
            false => rollback.apply(arguments, out).await?,
        };
        worst = worst.max(status);
    }
    Ok(worst)
}

/// The changes that the arguments name, by scope, the scope that was changed last first.
async fn selected(
    context: &OperatorContext,
    arguments: &Rollback,
) -> Result<Vec<(Scope, BTreeSet<ChangeId>)>, CommandError> {
    let start = arguments.since.map(|since| since.time(context.aws.now()));
    let since = arguments.change.as_ref().and_then(ChangeId::time).or(start);
    let records = context
        .ledger
        .history(&context.account, context.region(), since)
        .await?;
    let mut found: Vec<(Scope, BTreeSet<ChangeId>)> = Vec::new();
    let named = |record: &&ChangeRecord| match (&arguments.change, &arguments.run, start) {
        (Some(change), _, _) => record.id == *change,
        (None, Some(run), _) => *run == record.run,
        // A rollback is no change to roll back.
        (None, None, Some(start)) => record.time >= start && matches!(record.action, Action::Change(_)),
        (None, None, None) => false,
    };
    for record in records.iter().rev().filter(named) {
        match found.iter_mut().find(|(scope, _)| *scope == record.scope) {
            Some((_, ids)) => drop(ids.insert(record.id.clone())),
            None => found.push((record.scope.clone(), BTreeSet::from([record.id.clone()]))),
        }
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let (account, region) = (context.account.clone(), context.region().clone());
    Err(match start {
        Some(start) => CommandError::NothingSince(start, account, region),
        None => CommandError::NotOnRecord(
            named_by(arguments).trim_start_matches("--run ").to_owned(),
            account,
            region,
        ),
    })
}

/// The change, run or time as the arguments name it.
fn named_by(arguments: &Rollback) -> String {
    match (&arguments.change, &arguments.run, arguments.since) {
        (Some(change), _, _) => change.to_string(),
        (None, Some(run), _) => format!("--run {run}"),
        (None, None, Some(since)) => format!("--since {since}"),
        (None, None, None) => String::new(),
    }
}

/// The changes of one scope that are to be rolled back.
struct ScopeRollback<'a> {
    context: &'a OperatorContext,
    settings: &'a Settings,
    scope: Scope,
    records: BTreeSet<ChangeId>,
}

/// How they are rolled back.
struct RollbackPlan {
    records: Vec<ChangeRecord>,
    snapshot: Snapshot,
    steps: Vec<UndoStep>,
    stopped: Option<Difference>,
}

impl ScopeRollback<'_> {
    async fn dry_run(&self, out: &mut dyn Write) -> Result<Status, CommandError> {
        let Some(plan) = self.plan(out).await? else {
            return Ok(Status::Fine);
        };
        let mut inverses = Vec::new();
        let mut paused = BTreeSet::new();
        for step in &plan.steps {
            if let Undo::Apply(inverse) = &step.undo {
                inverses.push(inverse.clone());
                paused.extend(self.to_pause(&plan, step, &inverses));
            }
        }
        describe(
            self.context.repeated(),
            &paused,
            &format!("for {} days", self.settings.ledger.pause_days),
            out,
        )?;
        let status = plan.describe_difference(out)?;
        say(out, "Nothing was changed: this was a dry run.")?;
        Ok(status)
    }

    async fn apply(&self, arguments: &Rollback, out: &mut dyn Write) -> Result<Status, CommandError> {
        let reason = format!("rolled back with `postern rollback {}`", named_by(arguments));
        under_lease(
            (self.context, "rollback", self.settings),
            &self.scope,
            out,
            async |session, out| self.steps(session, &reason, out).await,
        )
        .await
    }

    async fn steps(
        &self,
        session: &mut Session<'_>,
        reason: &str,
        out: &mut dyn Write,
    ) -> Result<Status, CommandError> {
        let Some(plan) = self.plan(out).await? else {
            return Ok(Status::Fine);
        };
        let now = self.context.aws.now();
        let mut inverses: Vec<Inverse> = Vec::new();
        for step in &plan.steps {
            let Undo::Apply(inverse) = &step.undo else { continue };
            inverses.push(inverse.clone());
            let record = plan.records.iter().find(|record| record.id == step.change);
            let request = UndoRequest {
                inverse,
                record,
                expected: record.and_then(|record| match &record.action {
                    Action::Change(change) => Some(change),
                    Action::Undo(_) => None,
                }),
                causes: step.causes.clone(),
                pauses: pauses(self.to_pause(&plan, step, &inverses), reason, now, self.settings.ledger),
            };
            let status = undo(session, request, out).await?;
            if status != Status::Fine {
                return Ok(status);
            }
        }
        plan.describe_difference(out)
    }

    /// Observes, plans, and says what the plan is. None where the VPC does not exist any more.
    async fn plan(&self, out: &mut dyn Write) -> Result<Option<RollbackPlan>, CommandError> {
        let (scope, context) = (&self.scope, self.context);
        let since = self.records.first().and_then(ChangeId::time);
        let history = context.ledger.past(scope, since).await?;
        let Some(snapshot) = context.observe(scope).await? else {
            say(
                out,
                &format!(
                    "{} does not exist any more, so there is nothing to roll back.",
                    scope.resource
                ),
            )?;
            return Ok(None);
        };
        let mut records = history.records;
        records.retain(|record| self.records.contains(&record.id));
        let plan = plan::rollback(&records, &snapshot);
        say(
            out,
            &format!("Changes of {} to roll back, in this order:", scope.resource),
        )?;
        for step in &plan.steps {
            let record = records.iter().find(|record| record.id == step.change);
            let change = record.map(described).unwrap_or_default();
            say(out, &format!("  {}  {change}", step.change))?;
            match &step.undo {
                Undo::Apply(inverse) => say(out, &format!("    {}{}", inverse.command(), context.region_flag()))?,
                Undo::NotNeeded { reason } => say(out, &format!("    nothing to do: {reason}"))?,
            }
        }
        Ok(Some(RollbackPlan {
            records,
            snapshot,
            steps: plan.steps,
            stopped: plan.stopped,
        }))
    }

    /// The findings that a control would repair at once after a step and those before it.
    fn to_pause(&self, plan: &RollbackPlan, step: &UndoStep, inverses: &[Inverse]) -> BTreeSet<FindingKey> {
        let now = self.context.aws.now();
        let mut findings = reopened(inverses, CONTROLS, &plan.snapshot, self.settings, now);
        findings.extend(step.causes.iter().cloned());
        findings
    }
}

impl RollbackPlan {
    /// Says before which change the rollback stops, and how the resource differs from what the change left.
    fn describe_difference(&self, out: &mut dyn Write) -> Result<Status, CommandError> {
        let Some(Difference { change, text }) = &self.stopped else {
            return Ok(Status::Fine);
        };
        say(
            out,
            &format!("Stopped before {change}: {text}. This change and those before it are not rolled back."),
        )?;
        let action = self
            .records
            .iter()
            .find(|record| record.id == *change)
            .map(|record| &record.action);
        if let (Some(Action::Change(Change::ReplacePolicy(replaced))), Snapshot::Vpc(vpc)) = (action, &self.snapshot) {
            let endpoint = vpc
                .endpoints
                .as_ref()
                .ok()
                .and_then(|endpoints| endpoints.get(&replaced.endpoint));
            if let Some(now) = endpoint.and_then(|endpoint| endpoint.policy.as_deref()) {
                for line in difference(replaced.endpoint.as_str(), "now", &replaced.after, now).lines() {
                    say(out, &format!("  {line}"))?;
                }
            }
        }
        Ok(Status::Found)
    }
}
