//! `rollback`: changes taken back, the last one first, while what they changed is as they left it.

use std::collections::BTreeSet;
use std::io::Write;

use postern_core::changes::{ChangeOutcome, Inverse};
use postern_core::controls::CONTROLS;
use postern_core::history::{Action, ChangeId, ChangeRecord};
use postern_core::model::finding::FindingKey;
use postern_core::model::id::RunId;
use postern_core::model::scope::Scope;
use postern_core::model::snapshot::Snapshot;
use postern_core::plan;
use postern_core::plan::{Difference, Undo, UndoStep, reopened};
use postern_core::settings::Settings;

use super::hand::{Hand, Undoing, tell_holds};
use super::history::what;
use super::{Area, CommandError, Rollback, parts, say};
use crate::output::Status;

/// Takes back a change, or all changes of a run.
///
/// # Errors
/// If it could not be found out, done or written down. What was done until then is on record.
pub async fn rollback(
    area: &Area,
    settings: &Settings,
    arguments: &Rollback,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    for (scope, records) in wanted(area, arguments).await? {
        let back = Back {
            area,
            settings,
            scope: scope.clone(),
            records,
        };
        if arguments.changing.dry_run {
            if back.rehearse(out).await? != Status::Fine {
                return Ok(Status::Found);
            }
            continue;
        }
        let flag = if arguments.change.is_none() { "--run " } else { "" };
        let reason = format!("taken back with `postern rollback {flag}{}`", id(arguments));
        let mut hand = Hand::take(area, scope, settings.ledger, reason).await?;
        let done = back.carry_out(&mut hand, out).await;
        let given = hand.give(out).await;
        let status = done?;
        given?;
        if status != Status::Fine {
            return Ok(status);
        }
    }
    Ok(Status::Fine)
}

/// The changes that are meant, by VPC, the VPC that was changed last first.
async fn wanted(area: &Area, arguments: &Rollback) -> Result<Vec<(Scope, BTreeSet<ChangeId>)>, CommandError> {
    let since = arguments.change.as_ref().and_then(ChangeId::time);
    let records = area.ledger.history(&area.account, &area.region, since).await?;
    let mut found: Vec<(Scope, BTreeSet<ChangeId>)> = Vec::new();
    let meant = |record: &&ChangeRecord| match (&arguments.change, &arguments.run) {
        (Some(change), _) => record.id == *change,
        (None, run) => run.as_ref() == Some(&record.run),
    };
    for record in records.iter().rev().filter(meant) {
        match found.iter_mut().find(|(scope, _)| *scope == record.scope) {
            Some((_, ids)) => drop(ids.insert(record.id.clone())),
            None => found.push((record.scope.clone(), BTreeSet::from([record.id.clone()]))),
        }
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let (account, region) = (area.account.clone(), area.region.clone());
    Err(CommandError::Unknown(id(arguments).to_owned(), account, region))
}

/// Of the change or run that is meant.
fn id(arguments: &Rollback) -> &str {
    let change = arguments.change.as_ref().map(ChangeId::as_str);
    change.or(arguments.run.as_ref().map(RunId::as_str)).unwrap_or_default()
}

/// The changes of one VPC that are to be taken back.
struct Back<'a> {
    area: &'a Area,
    settings: &'a Settings,
    scope: Scope,
    records: BTreeSet<ChangeId>,
}

/// What there is to do.
struct Outlook {
    records: Vec<ChangeRecord>,
    snapshot: Snapshot,
    steps: Vec<UndoStep>,
    stopped: Option<Difference>,
}

impl Back<'_> {
    async fn rehearse(&self, out: &mut dyn Write) -> Result<Status, CommandError> {
        let Some(outlook) = self.look(out).await? else {
            return Ok(Status::Fine);
        };
        let mut inverses = Vec::new();
        let mut held = BTreeSet::new();
        for step in &outlook.steps {
            if let Undo::Apply(inverse) = &step.undo {
                inverses.push(inverse.clone());
                held.extend(self.held(&outlook, step, &inverses));
            }
        }
        tell_holds(&held, &format!("for {} days", self.settings.ledger.pause_days), out)?;
        let status = stop(outlook.stopped.as_ref(), out)?;
        say(out, "Nothing was changed: this was a dry run.")?;
        Ok(status)
    }

    async fn carry_out(&self, hand: &mut Hand<'_>, out: &mut dyn Write) -> Result<Status, CommandError> {
        let Some(outlook) = self.look(out).await? else {
            return Ok(Status::Fine);
        };
        let mut inverses: Vec<Inverse> = Vec::new();
        for step in &outlook.steps {
            let Undo::Apply(inverse) = &step.undo else { continue };
            inverses.push(inverse.clone());
            let record = outlook.records.iter().find(|record| record.id == step.change);
            let change = record.and_then(|record| match &record.action {
                Action::Change(change) => Some(change),
                Action::Undo(_) => None,
            });
            let undoing = Undoing {
                inverse,
                record,
                change,
                causes: step.causes.clone(),
                held: self.held(&outlook, step, &inverses),
            };
            let status = tell(hand.undo(undoing, out).await?, &inverse.text(), out)?;
            if status != Status::Fine {
                return Ok(status);
            }
        }
        stop(outlook.stopped.as_ref(), out)
    }

    /// Looks, plans, and says what is going to be done. None where the VPC is gone.
    async fn look(&self, out: &mut dyn Write) -> Result<Option<Outlook>, CommandError> {
        let scope = &self.scope;
        let since = self.records.first().and_then(ChangeId::time);
        let past = self.area.ledger.past(scope, since).await?;
        let seen = self
            .area
            .session
            .observe(&scope.region, &scope.resource, &parts())
            .await?;
        let Some(snapshot) = seen else {
            say(
                out,
                &format!("{} is gone, nothing is left to take back.", self.scope.resource),
            )?;
            return Ok(None);
        };
        let mut records = past.records;
        records.retain(|record| self.records.contains(&record.id));
        let plan = plan::rollback(&records, &snapshot);
        say(out, &format!("In {}, in this order:", self.scope.resource))?;
        for step in &plan.steps {
            let record = records.iter().find(|record| record.id == step.change);
            say(
                out,
                &format!("  {}  {}", step.change, record.map(what).unwrap_or_default()),
            )?;
            match &step.undo {
                Undo::Apply(inverse) => say(out, &format!("    {}", inverse.command()))?,
                Undo::NotNeeded { reason } => say(out, &format!("    nothing to do: {reason}"))?,
            }
        }
        Ok(Some(Outlook {
            records,
            snapshot,
            steps: plan.steps,
            stopped: plan.stopped,
        }))
    }

    /// What a control would repair at once after a step and those before it.
    fn held(&self, outlook: &Outlook, step: &UndoStep, inverses: &[Inverse]) -> BTreeSet<FindingKey> {
        let mut held = reopened(
            inverses,
            CONTROLS,
            &outlook.snapshot,
            self.settings,
            self.area.aws.now(),
        );
        held.extend(step.causes.iter().cloned());
        held
    }
}

/// Says what became of one thing.
pub(super) fn tell(outcome: ChangeOutcome, words: &str, out: &mut dyn Write) -> Result<Status, CommandError> {
    let (line, status) = match outcome {
        ChangeOutcome::Applied { .. } => (format!("Done: {words}."), Status::Fine),
        ChangeOutcome::NotNeeded { reason } => (format!("Not needed: {words}: {reason}."), Status::Fine),
        ChangeOutcome::Skipped { reason } => (format!("Stopped: {reason}."), Status::Found),
        ChangeOutcome::Failed { cause, .. } => (format!("Failed: {cause}."), Status::Failed),
    };
    say(out, &line)?;
    Ok(status)
}

fn stop(stopped: Option<&Difference>, out: &mut dyn Write) -> Result<Status, CommandError> {
    let Some(Difference { change, text }) = stopped else {
        return Ok(Status::Fine);
    };
    say(
        out,
        &format!("Stopped before {change}: {text}. It and what was done before it stay as they are."),
    )?;
    Ok(Status::Found)
}
