//! What was done under which perimeter.

use std::collections::BTreeMap;

use super::{Action, ChangeHistory, ChangeRecord, ChangeStatus, FindingStatus};
use crate::changes::Change;
use crate::model::id::EndpointId;
use crate::model::policy_document::same_policy;

/// What became of the change that closed an endpoint under a new perimeter. The last one asks the most of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CanaryStatus {
    /// It is in effect, and its findings were last reported as remediated.
    Verified,
    Unverified,
    /// It was made, and one of its findings was last reported as not remediated by it.
    Failed,
    RolledBack,
}

impl ChangeHistory {
    /// The last change that closed each endpoint under this perimeter, unless AWS refused it.
    pub fn closed_under(&self, perimeter: &str) -> Vec<(&ChangeRecord, CanaryStatus)> {
        let mut last: BTreeMap<&str, (&ChangeRecord, CanaryStatus)> = BTreeMap::new();
        for record in &self.records {
            if record.perimeter.as_deref() != Some(perimeter) {
                continue;
            }
            if let Action::Change(change) = &record.action
                && let Some(closed) = change.closes()
                && let Some(status) = self.canary_status(record)
            {
                last.insert(closed, (record, status));
            }
        }
        last.into_values().collect()
    }

    fn canary_status(&self, record: &ChangeRecord) -> Option<CanaryStatus> {
        match &record.status {
            ChangeStatus::Applied { .. } if record.undone_by.is_some() => Some(CanaryStatus::RolledBack),
            ChangeStatus::Applied { .. } => {
                let reported = record.causes.iter().filter_map(|key| self.delivered.get(key));
                let mut open = reported
                    .map(|delivered| delivered.outcome)
                    .filter(|outcome| outcome.open());
                let status = match open.clone().any(|outcome| outcome == FindingStatus::Failed) {
                    true => CanaryStatus::Failed,
                    false if open.next().is_some() => CanaryStatus::Unverified,
                    false => CanaryStatus::Verified,
                };
                Some(match record.delivered {
                    true => status,
                    false => CanaryStatus::Unverified,
                })
            }
            ChangeStatus::Intended | ChangeStatus::Uncertain { .. } => Some(CanaryStatus::Unverified),
            ChangeStatus::NotNeeded { .. }
            | ChangeStatus::Skipped { .. }
            | ChangeStatus::NotApplied { .. }
            | ChangeStatus::Failed { .. } => None,
        }
    }

    /// The change by which Postern gave the endpoint its present policy under another perimeter than this, with the
    /// policy that the endpoint had before Postern first changed it. None where somebody else wrote the policy, or where
    /// the record does not say under which perimeter it was written.
    pub fn policy_of_another_perimeter<'a>(
        &'a self,
        endpoint: &EndpointId,
        live: &str,
        perimeter: &str,
    ) -> Option<(&'a ChangeRecord, &'a str)> {
        let written = |record: &'a ChangeRecord| match &record.action {
            Action::Change(Change::ReplacePolicy(change)) if record.counts() && change.endpoint == *endpoint => {
                Some((record, change))
            }
            Action::Change(_) | Action::Undo(_) => None,
        };
        let mut writes = self.records.iter().rev().filter_map(written);
        let (record, last) = writes.find(|(_, change)| same_policy(&change.after, live))?;
        if record.perimeter.as_deref().is_none_or(|planned| planned == perimeter) {
            return None;
        }
        let original = writes.fold(last.before.as_str(), |original, (_, earlier)| {
            match same_policy(&earlier.after, original) {
                true => &earlier.before,
                false => original,
            }
        });
        Some((record, original))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::ReplacePolicy;
    use crate::history::DeliveredFinding;
    use crate::model::finding::{FindingKey, ResourceKind, Severity};
    use crate::testing::{NOW, record};

    fn write(before: &str, after: &str, run: &str, perimeter: &str) -> ChangeRecord {
        let change = Change::ReplacePolicy(ReplacePolicy {
            endpoint: "vpce-1".into(),
            before: before.to_owned(),
            after: after.to_owned(),
        });
        ChangeRecord {
            perimeter: Some(perimeter.to_owned()),
            ..record(change, run, NOW)
        }
    }

    fn history(records: Vec<ChangeRecord>) -> ChangeHistory {
        ChangeHistory {
            records,
            ..ChangeHistory::default()
        }
    }

    #[test]
    fn policy_of_another_perimeter_leads_to_the_policy_before_the_first_change() {
        let found = |history: &ChangeHistory, live: &str, perimeter: &str| {
            let found = history.policy_of_another_perimeter(&"vpce-1".into(), live, perimeter);
            found.map(|(record, original)| (record.run.to_string(), original.to_owned()))
        };
        let twice = history(vec![write("a", "b", "run-1", "old"), write("b", "c", "run-2", "wrong")]);
        assert_eq!(found(&twice, "c", "new"), Some(("run-2".to_owned(), "a".to_owned())));
        assert_eq!(found(&twice, "c", "wrong"), None, "the perimeter is the same");
        assert_eq!(found(&twice, "d", "new"), None, "somebody else wrote the policy");
        let apart = history(vec![write("a", "b", "run-1", "old"), write("x", "c", "run-2", "wrong")]);
        assert_eq!(found(&apart, "c", "new"), Some(("run-2".to_owned(), "x".to_owned())));
        let mut undone = twice.clone();
        undone.records[1].undone_by = Some("change-3".into());
        assert_eq!(found(&undone, "c", "new"), None);
        let mut of_older_version = twice;
        of_older_version.records[1].perimeter = None;
        assert_eq!(found(&of_older_version, "c", "new"), None);
    }

    #[test]
    fn canary_is_verified_once_its_finding_is_reported_as_remediated() {
        let key = FindingKey::new("policy-open", ResourceKind::Endpoint, "vpce-1");
        let reported = |outcome| {
            let mut history = history(vec![write("a", "b", "run-1", "new").because_of(&key)]);
            let delivered = DeliveredFinding {
                key: key.clone(),
                outcome,
                severity: Severity::Critical,
                fingerprint: String::new(),
                explanation: String::new(),
                time: NOW.parse().unwrap(),
                open_since: None,
            };
            history.delivered.insert(key.clone(), delivered);
            history
        };
        let status = |history: &ChangeHistory| -> Vec<_> {
            history
                .closed_under("new")
                .into_iter()
                .map(|(_, status)| status)
                .collect()
        };
        assert_eq!(status(&reported(FindingStatus::Repaired)), [CanaryStatus::Verified]);
        assert_eq!(status(&reported(FindingStatus::Pending)), [CanaryStatus::Unverified]);
        assert_eq!(status(&reported(FindingStatus::Failed)), [CanaryStatus::Failed]);
        let mut history = reported(FindingStatus::Repaired);
        assert!(history.closed_under("old").is_empty());
        history.records[0].delivered = false;
        assert_eq!(status(&history), [CanaryStatus::Unverified]);
        history.records[0].undone_by = Some("change-2".into());
        assert_eq!(status(&history), [CanaryStatus::RolledBack]);
        history.records[0].status = ChangeStatus::Failed { cause: String::new() };
        assert_eq!(status(&history), []);
    }
}
