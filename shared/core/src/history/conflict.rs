//! The tug of war: somebody undoes again and again what Postern repairs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::change_history::since;
use super::{Action, ChangeHistory, ChangeRecord, ChangeStatus};
use crate::changes::{Change, Code};
use crate::model::finding::FindingKey;
use crate::model::id::RunId;
use crate::model::snapshot::Snapshot;
use crate::settings::Limits;
use crate::trigger::{Tool, TriggeringEvent};

/// Why a finding is not repaired again, and what ends the contest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RemediationConflict {
    /// How often it was repaired within the window.
    pub times: usize,
    /// The first of these repairs.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// Who did what that undid it last, where an event told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<TriggeringEvent>,
    /// With what it was undone last, by the user agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<Tool>,
    /// The compliant setting. Left out of truncated reports first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
}

impl ChangeHistory {
    /// Set where these changes for a finding were made as often within the window as the limit allows, and are wanted
    /// again.
    ///
    /// Only what is wanted again counts: a finding may be repaired often because ever new subnets need it.
    pub fn conflict(
        &self,
        key: &FindingKey,
        changes: &[Change],
        snapshot: &Snapshot,
        limits: &Limits,
        now: Timestamp,
    ) -> Option<RemediationConflict> {
        let from = since(limits.window(), now);
        let resumed = self.resumes.get(key).copied().unwrap_or(Timestamp::MIN);
        let repairs = self.records.iter().filter(|record| {
            record.time > from && record.time > resumed && record.counts() && record.causes.contains(key)
        });
        let mut runs: BTreeMap<&RunId, &ChangeRecord> = BTreeMap::new();
        for record in repairs {
            if let Action::Change(then) = &record.action
                && changes.iter().any(|change| change.repeats(then))
            {
                runs.entry(&record.run).or_insert(record);
            }
        }
        let mut repairs: Vec<_> = runs.into_values().collect();
        repairs.sort_by(|a, b| a.id.cmp(&b.id));
        let first = repairs.first().filter(|_| repairs.len() >= limits.attempts)?;
        let undone_by = undoing(&repairs);
        Some(RemediationConflict {
            times: repairs.len(),
            since: first.time,
            tool: undone_by.and_then(|triggering_event| Tool::of(triggering_event.actor.as_ref()?)),
            undone_by: undone_by.cloned(),
            code: Code::of(changes, snapshot),
        })
    }
}

/// Why a change is not tried again for now: AWS refused it as often as the limit allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetriesExhausted {
    pub times: usize,
    /// Of the last time.
    pub cause: String,
}

impl ChangeHistory {
    /// Set where one of these changes for a finding was refused for good as often within the window as the limit
    /// allows, and was not made since.
    pub fn retries_exhausted(
        &self,
        key: &FindingKey,
        changes: &[Change],
        limits: &Limits,
        now: Timestamp,
    ) -> Option<RetriesExhausted> {
        let from = since(limits.window(), now).max(self.resumes.get(key).copied().unwrap_or(Timestamp::MIN));
        let wanted = self.records.iter().rev().filter(|record| {
            let wanted = |then: &Change| changes.iter().any(|change| change.repeats(then));
            record.time > from && matches!(&record.action, Action::Change(then) if wanted(then))
        });
        // A request that was never sent says nothing of whether AWS accepts it.
        let sent = wanted.filter(|record| !matches!(record.status, ChangeStatus::NotApplied { .. }));
        let refused = sent.map_while(|record| match &record.status {
            ChangeStatus::Failed { cause } => Some(cause),
            ChangeStatus::Intended
            | ChangeStatus::Uncertain { .. }
            | ChangeStatus::Applied { .. }
            | ChangeStatus::NotNeeded { .. }
            | ChangeStatus::Skipped { .. }
            | ChangeStatus::NotApplied { .. } => None,
        });
        let causes: Vec<_> = refused.collect();
        let cause = causes.first().filter(|_| causes.len() >= limits.attempts)?;
        Some(RetriesExhausted {
            times: causes.len(),
            cause: (*cause).clone(),
        })
    }
}

impl RetriesExhausted {
    /// What a person has to do.
    pub fn advice(&self) -> String {
        format!(
            "Tried {} times and not tried again for now: {}. Postern tries it again once the window is over, or after \
             `postern resume`.",
            self.times, self.cause
        )
    }
}

impl RemediationConflict {
    /// What a person has to do.
    pub fn advice(&self) -> String {
        let who = self.undone_by.as_ref().and_then(|triggering_event| {
            let actor = triggering_event.actor.as_ref()?;
            Some(format!(
                ", the last time by {} ({})",
                actor.identity, triggering_event.event
            ))
        });
        let with = self.tool.map(|tool| format!(" with {tool}"));
        let scope = self.tool.map_or("where it is set", Tool::code);
        format!(
            "Left alone: it was repaired {} times since {:.0} and undone each time{}{}. Set it as `code` shows {scope}, or \
             exempt it. Postern repairs it again once the window is over, or after `postern resume`.",
            self.times,
            self.since,
            who.unwrap_or_default(),
            with.unwrap_or_default(),
        )
    }
}

/// What undid the last but one of these repairs: it made Postern look, and so the next repair has it as its occasion.
fn undoing<'a>(repairs: &[&'a ChangeRecord]) -> Option<&'a TriggeringEvent> {
    let later = repairs.iter().skip(1).rev();
    later
        .flat_map(|record| {
            let undoing = match &record.action {
                Action::Change(change) => change.undoing_calls(),
                Action::Undo(_) => &[],
            };
            let by_somebody = record
                .triggering_events
                .iter()
                .rev()
                .filter(|triggering_event| triggering_event.actor.is_some());
            by_somebody.filter(|triggering_event| undoing.contains(&triggering_event.event.as_str()))
        })
        .next()
}
