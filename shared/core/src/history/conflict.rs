//! Findings whose remediation is suspended: it was reverted again and again, or failed again and again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::change_history::since;
use super::{Action, ChangeHistory, ChangeRecord, ChangeStatus};
use crate::changes::{Change, Code};
use crate::model::finding::FindingKey;
use crate::model::id::RunId;
use crate::model::scope_snapshot::Snapshot;
use crate::settings::Limits;
use crate::trigger::{Tool, TriggeringEvent};

/// The remediation of a finding was made and reverted as often as the limit allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RemediationConflict {
    /// How often it was remediated within the window.
    pub times: usize,
    /// The first of these remediations.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// The event that reverted it last, where one was received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<TriggeringEvent>,
    /// The tool that reverted it last, by its user agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<Tool>,
    /// The compliant configuration. Left out of truncated reports first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
}

impl ChangeHistory {
    /// Set where these changes for a finding were made as often within the window as the limit allows, and are needed
    /// again.
    ///
    /// Only changes that are needed again count: a finding may be remediated often because new subnets need it.
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

/// The remediation of a finding failed as often as the limit allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetriesExhausted {
    pub times: usize,
    /// Of the last failure.
    pub cause: String,
    /// When the window ends and the remediation is tried again.
    pub until: Timestamp,
}

impl ChangeHistory {
    /// Set where AWS refused one of these changes for a finding as often within the window as the limit allows, and the
    /// change was not made since.
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
            ChangeStatus::Failed { cause } => Some((record.time, cause)),
            ChangeStatus::Intended
            | ChangeStatus::Uncertain { .. }
            | ChangeStatus::Applied { .. }
            | ChangeStatus::NotNeeded { .. }
            | ChangeStatus::Skipped { .. }
            | ChangeStatus::NotApplied { .. } => None,
        });
        let causes: Vec<_> = refused.collect();
        let (last, cause) = causes.first().filter(|_| causes.len() >= limits.attempts)?;
        // The first failures leave the window first.
        let oldest = causes
            .get(limits.attempts.saturating_sub(1))
            .map_or(*last, |(time, _)| *time);
        Some(RetriesExhausted {
            times: causes.len(),
            cause: (*cause).clone(),
            until: oldest.checked_add(limits.window()).unwrap_or(Timestamp::MAX),
        })
    }
}

impl RetriesExhausted {
    /// What a person has to do.
    pub fn advice(&self) -> String {
        format!(
            "Remediation failed {} times: {}. Retries resume at {:.0}, or with `postern resume`.",
            self.times, self.cause, self.until
        )
    }
}

impl RemediationConflict {
    /// What a person has to do.
    pub fn advice(&self) -> String {
        let tool = self.tool.map(|tool| format!(" by {tool}"));
        let actor = self.undone_by.as_ref().and_then(|event| {
            let actor = event.actor.as_ref()?;
            Some(format!(" as {} ({})", actor.identity, event.event))
        });
        let last = match (tool, actor) {
            (None, None) => String::new(),
            (tool, actor) => format!(", last{}{}", tool.unwrap_or_default(), actor.unwrap_or_default()),
        };
        format!(
            "Automatic remediation is suspended: remediated {} times since {:.0} and reverted each time{last}. Apply the \
             configuration below {}, or add an exemption. Remediation resumes after the window, or with `postern resume`.",
            self.times,
            self.since,
            self.tool.map_or("where the resource is managed", Tool::code),
        )
    }
}

/// The event that reverted the last but one of these remediations: it started the run that made the next one.
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
