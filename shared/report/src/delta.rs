//! What of a reconciliation is new: a finding is reported once, and once more when it is resolved. Severe ones that
//! stay open are repeated.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use postern_core::changes::ChangeOutcome;
use postern_core::evaluation::{Conclusion, Finding};
use postern_core::history::{ChangeHistory, ChangeId, ChangeRecord, DeliveredFinding, FindingStatus};
use postern_core::model::finding::{FindingKey, Severity, Verdict};
use postern_core::model::text::shorten;
use postern_core::model::token::client_token;
use postern_core::plan::Notice;
use postern_core::settings::Mode;

use crate::assemble::{Selection, assemble, bare_finding, finding, outcome_at};
use crate::published::{self, Contents, Outcome, Report};
use crate::reconciliation::Reconciliation;

/// How much of an explanation is kept, in bytes.
const LONGEST_EXPLANATION: usize = 300;

/// For how long a closed finding is remembered, so that its return is reported again.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Under what the ledger remembers notices.
const NOTICES: &str = "deletion-blocked";

/// After what time a notice is given again. A tool that cannot delete a subnet tries for many minutes, with an event each
/// time.
const NOTICE_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// What is to be reported, and what the ledger has to remember once it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Delta {
    /// None if nothing is new.
    pub report: Option<Report>,
    /// What was reported of all findings of a control, for those controls of which something changed.
    pub delivered: BTreeMap<String, Vec<DeliveredFinding>>,
    /// The records that the report contains, those of this run included.
    pub records: BTreeSet<ChangeId>,
}

/// A finding as it is now, and what is to be remembered of it.
struct Current {
    published: published::Finding,
    delivered: DeliveredFinding,
    /// Whether something was done about it in this run.
    attempted: bool,
}

impl Delta {
    /// `repeat_after` is how long after its last report a critical or high finding that is still open is reported
    /// again; None for never.
    pub fn of(r: &Reconciliation, history: &ChangeHistory, repeat_after: Option<SignedDuration>) -> Self {
        let found = r.findings.iter().filter_map(|f| found(f, r, history));
        let all: Vec<Current> = found.chain(resolved(r, history)).collect();
        let (mut new, old): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|current| current.is_news(history) || current.is_due(history, repeat_after));
        for current in &mut new {
            if !current.is_news(history) {
                current.published.open_since = current.delivered.open_since;
            }
        }
        let changes = changes(&new, &old, r);
        let unreported = |record: &&ChangeRecord| record.status.settled() && !record.delivered;
        let earlier: Vec<ChangeRecord> = r.earlier.iter().filter(unreported).cloned().collect();
        let records = r.ids.values().chain(earlier.iter().map(|record| &record.id));
        let records = records.cloned().collect();
        let notices = notices(r, history);
        let mut delivered = remembered(&new, r, history);
        if !notices.is_empty() {
            delivered.insert(NOTICES.to_owned(), given(&notices, r, history));
        }
        let idempotency_key = idempotency_key((&new, &notices), &changes, &earlier, r, history);
        let report = assemble(
            r,
            Selection {
                contents: Contents::New,
                findings: new.into_iter().map(|current| current.published).collect(),
                changes,
                earlier,
                unchanged: old.iter().filter(|current| current.delivered.outcome.open()).count(),
                notices: notices.into_iter().map(|(_, notice)| notice.clone()).collect(),
                idempotency_key,
            },
        );
        Self {
            report: Some(report).filter(|report| report.outcome > Outcome::Exempt),
            delivered,
            records,
        }
    }
}

impl Current {
    fn is_news(&self, history: &ChangeHistory) -> bool {
        let before = history.delivered.get(&self.delivered.key);
        self.attempted || before.is_none_or(|before| before.fingerprint != self.delivered.fingerprint)
    }

    /// Whether it is severe, still open, and was last reported so long ago.
    fn is_due(&self, history: &ChangeHistory, repeat_after: Option<SignedDuration>) -> bool {
        let severe = self.delivered.severity >= Severity::High && self.delivered.outcome.open();
        let before = history.delivered.get(&self.delivered.key);
        severe
            && before
                .zip(repeat_after)
                .is_some_and(|(before, after)| self.delivered.time.duration_since(before.time) >= after)
    }
}

/// A non-compliant or indeterminate finding.
fn found(f: &Finding, r: &Reconciliation, history: &ChangeHistory) -> Option<Current> {
    let presented = finding(f, r);
    let status = presented.status?;
    Some(Current {
        attempted: presented.own.iter().any(|at| attempted(*at, r)),
        delivered: delivered(
            &f.key,
            (f.verdict(), status, f.severity),
            &presented.published.explanation,
            &refusals(&presented.own, r),
            (r, history),
        ),
        published: presented.published,
    })
}

/// The findings that were open in their last report and are not any more.
fn resolved<'a>(r: &'a Reconciliation, history: &'a ChangeHistory) -> impl Iterator<Item = Current> + use<'a> {
    let now: BTreeMap<&FindingKey, &Finding> = r.findings.iter().map(|finding| (&finding.key, finding)).collect();
    let blind: BTreeSet<&str> = r
        .findings
        .iter()
        .filter(|f| matches!(f.conclusion, Conclusion::NotEvaluated(_)))
        .map(|f| f.key.control.as_str())
        .collect();
    let open = history.delivered.values().filter(|before| before.outcome.open());
    open.filter_map(move |before| {
        let key = &before.key;
        r.controls.get(&key.control)?;
        let (verdict, explanation) = match now.get(key) {
            Some(f) if matches!(f.verdict(), Verdict::Compliant | Verdict::NotApplicable) => {
                (f.verdict(), f.explanation().into_owned())
            }
            None if !blind.contains(key.control.as_str()) => (
                Verdict::NotApplicable,
                format!("No longer found. The last report said: {}", before.explanation),
            ),
            Some(_) | None => return None,
        };
        let status = FindingStatus::Resolved;
        Some(Current {
            published: bare_finding(key, before.severity.into(), verdict.into(), &explanation, r),
            delivered: delivered(
                key,
                (verdict, status, before.severity),
                &explanation,
                &BTreeSet::new(),
                (r, history),
            ),
            attempted: false,
        })
    })
}

fn delivered(
    key: &FindingKey,
    (verdict, outcome, severity): (Verdict, FindingStatus, Severity),
    explanation: &str,
    refusals: &BTreeSet<String>,
    (r, history): (&Reconciliation, &ChangeHistory),
) -> DeliveredFinding {
    let verdict = format!("{verdict:?}");
    let seen = [&verdict, outcome.as_str(), severity.as_str(), explanation];
    let fingerprint = client_token(seen.into_iter().chain(refusals.iter().map(String::as_str)));
    let mut kept = explanation.to_owned();
    shorten(&mut kept, LONGEST_EXPLANATION);
    let before = history.delivered.get(key).filter(|before| before.outcome.open());
    DeliveredFinding {
        key: key.clone(),
        outcome,
        severity,
        fingerprint,
        explanation: kept,
        time: r.time,
        open_since: outcome
            .open()
            .then(|| before.map_or(r.time, |before| before.open_since.unwrap_or(before.time))),
    }
}

/// Why the changes at these positions are not made, so that another reason is news. Without numbers: those of a limit
/// differ in each run.
fn refusals(own: &[usize], r: &Reconciliation) -> BTreeSet<String> {
    let own = own.iter().filter_map(|at| r.plan.changes.get(*at));
    let enforced = own.filter(|planned| planned.mode == Mode::Enforce);
    let reasons = enforced.filter_map(|planned| r.plan.refusal(planned));
    reasons
        .map(|reason| reason.replace(|c: char| c.is_ascii_digit(), ""))
        .collect()
}

/// Whether an enforced change of the plan was made, or tried.
fn attempted(at: usize, r: &Reconciliation) -> bool {
    let planned = r.plan.changes.get(at);
    planned.is_some_and(|planned| planned.mode == Mode::Enforce)
        && matches!(
            outcome_at(r, at),
            ChangeOutcome::Applied { .. } | ChangeOutcome::Failed { .. }
        )
}

/// The positions of the changes that belong to what is new.
fn changes(new: &[Current], old: &[Current], r: &Reconciliation) -> Vec<usize> {
    let news: BTreeSet<&FindingKey> = new.iter().map(|current| &current.delivered.key).collect();
    let known: BTreeSet<&FindingKey> = old.iter().map(|current| &current.delivered.key).collect();
    let wanted = r.plan.changes.iter().enumerate().filter(|(at, planned)| {
        // Changes for findings that only other changes of the plan bring about belong to those.
        let of_news = planned.causes.iter().any(|key| news.contains(key));
        let of_known = planned.causes.iter().any(|key| known.contains(key));
        attempted(*at, r) || of_news || (!of_known && !news.is_empty())
    });
    wanted.map(|(at, _)| at).collect()
}

fn remembered(new: &[Current], r: &Reconciliation, history: &ChangeHistory) -> BTreeMap<String, Vec<DeliveredFinding>> {
    let controls: BTreeSet<&str> = new
        .iter()
        .map(|current| current.delivered.key.control.as_str())
        .collect();
    let list = |control: &str| {
        let of_control = |delivered: &&DeliveredFinding| delivered.key.control == control;
        let recent = |delivered: &&DeliveredFinding| {
            delivered.outcome.open() || r.time.duration_since(delivered.time) < REMEMBERED
        };
        let before = history.delivered.values().filter(of_control).filter(recent);
        let now = new.iter().map(|current| &current.delivered).filter(of_control);
        let all: BTreeMap<&FindingKey, &DeliveredFinding> =
            before.chain(now).map(|delivered| (&delivered.key, delivered)).collect();
        all.into_values().cloned().collect()
    };
    controls
        .into_iter()
        .map(|control| (control.to_owned(), list(control)))
        .collect()
}

/// The notices that were not given within a day, one for each resource.
fn notices<'r>(r: &'r Reconciliation, history: &ChangeHistory) -> Vec<(DeliveredFinding, &'r Notice)> {
    let mut resources = BTreeSet::new();
    let new = r.notices.iter().filter_map(|notice| {
        let given = DeliveredFinding {
            key: FindingKey::new(NOTICES, notice.resource.kind, &notice.resource.id),
            outcome: FindingStatus::Manual,
            severity: Severity::Low,
            fingerprint: client_token([notice.reason.as_str()]),
            explanation: String::new(),
            time: r.time,
            open_since: None,
        };
        let known = history.delivered.get(&given.key).is_some_and(|before| {
            before.fingerprint == given.fingerprint && r.time.duration_since(before.time) < NOTICE_AGAIN
        });
        (!known && resources.insert(&notice.resource)).then_some((given, notice))
    });
    new.collect()
}

/// The notices that are to be remembered.
fn given(new: &[(DeliveredFinding, &Notice)], r: &Reconciliation, history: &ChangeHistory) -> Vec<DeliveredFinding> {
    let replaced = |before: &&DeliveredFinding| new.iter().any(|(given, _)| given.key == before.key);
    let before = history.delivered.values().filter(|before| {
        before.key.control == NOTICES && r.time.duration_since(before.time) < NOTICE_AGAIN && !replaced(before)
    });
    before.chain(new.iter().map(|(given, _)| given)).cloned().collect()
}

/// Equal for the same news, whichever run reports them: a run may crash between the report and the note that it was
/// made.
fn idempotency_key(
    (new, notices): (&[Current], &[(DeliveredFinding, &Notice)]),
    changes: &[usize],
    earlier: &[ChangeRecord],
    r: &Reconciliation,
    history: &ChangeHistory,
) -> String {
    let findings = new.iter().map(|current| {
        // A finding that returns, or a reminder of it, is news although the finding looks as it did.
        let before: Option<Timestamp> = history.delivered.get(&current.delivered.key).map(|before| before.time);
        let said = serde_json::to_string(&current.published).unwrap_or_default();
        format!(
            "finding {said} {}",
            before.map(|time| time.to_string()).unwrap_or_default()
        )
    });
    let changes = changes
        .iter()
        .filter_map(|at| match (r.ids.get(at), outcome_at(r, *at)) {
            (Some(id), _) => Some(format!("change {id}")),
            (None, ChangeOutcome::Applied { .. } | ChangeOutcome::Failed { .. }) => {
                Some(format!("change {at} of {}", r.run))
            }
            (
                None,
                ChangeOutcome::NotNeeded { .. } | ChangeOutcome::Skipped { .. } | ChangeOutcome::Postponed { .. },
            ) => Some(format!("proposal {}", r.plan.changes.get(*at)?.change)),
        });
    let earlier = earlier.iter().map(|record| format!("change {}", record.id));
    let notices = notices.iter().map(|(given, notice)| {
        let before = history.delivered.get(&given.key).map(|before| before.time.to_string());
        format!("notice {} {}", notice.reason, before.unwrap_or_default())
    });
    let said: BTreeSet<String> = findings.chain(changes).chain(earlier).chain(notices).collect();
    let parts: Vec<String> = std::iter::once(r.scope.to_string()).chain(said).collect();
    client_token(parts.iter().map(String::as_str))
}
