//! What of a reconciliation is new: people hear of a finding once, and once more when it is gone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::build::{finding, outcome};
use super::{Reconciliation, Report, ReportedFinding, console};
use postern_core::changes::ChangeOutcome;
use postern_core::evaluation::{Conclusion, Finding};
use postern_core::history::{ChangeHistory, ChangeId, ChangeRecord, DeliveredFinding, FindingStatus};
use postern_core::model::finding::{FindingKey, Verdict};
use postern_core::model::text::shorten;
use postern_core::model::token::client_token;
use postern_core::settings::Mode;

/// How much of an explanation is kept, in bytes.
const LONGEST_EXPLANATION: usize = 300;

/// For how long a finding that is closed is remembered, so that its return is told as news.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What is to be told, and what to remember of it once it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Delta {
    /// None where nobody has to hear of anything.
    pub report: Option<Report>,
    /// What was told of all findings of a control, for those of which something changed.
    pub delivered: BTreeMap<String, Vec<DeliveredFinding>>,
    /// The records that this tells of, those of this run included.
    pub records: BTreeSet<ChangeId>,
}

/// What is to be told.
pub(super) struct Telling {
    pub(super) findings: Vec<ReportedFinding>,
    /// Positions in the plan.
    pub(super) changes: Vec<usize>,
    pub(super) earlier: Vec<ChangeRecord>,
    /// Findings that were told before.
    pub(super) unchanged: usize,
    pub(super) idempotency_key: String,
}

/// A finding as it is now, and what is to be remembered of it.
struct Current {
    reported: ReportedFinding,
    delivered: DeliveredFinding,
    /// Whether something was done about it in this run.
    attempted: bool,
}

impl Delta {
    pub fn of(r: &Reconciliation, history: &ChangeHistory) -> Self {
        let attempted = |at: usize| {
            let enforced = r
                .plan
                .changes
                .get(at)
                .is_some_and(|planned| planned.mode == Mode::Enforce);
            enforced
                && matches!(
                    outcome(r, at),
                    ChangeOutcome::Applied { .. } | ChangeOutcome::Failed { .. }
                )
        };
        let found = r.findings.iter().filter_map(|f| {
            let (reported, own) = finding(f, r)?;
            let attempted = own.iter().any(|at| attempted(*at));
            Some(current(&f.key, reported, attempted, r))
        });
        let all: Vec<Current> = found.chain(resolved(r, history)).collect();
        let (new, old): (Vec<_>, Vec<_>) = all.into_iter().partition(|current| {
            let before = history.delivered.get(&current.delivered.key);
            current.attempted || before.is_none_or(|before| before.fingerprint != current.delivered.fingerprint)
        });

        let news: BTreeSet<&FindingKey> = new.iter().map(|current| &current.delivered.key).collect();
        let known: BTreeSet<&FindingKey> = old.iter().map(|current| &current.delivered.key).collect();
        let changes = r.plan.changes.iter().enumerate().filter(|(at, planned)| {
            // Changes for findings that only other changes of the plan bring about are told with those.
            let of_news = planned.causes.iter().any(|key| news.contains(key));
            let of_known = planned.causes.iter().any(|key| known.contains(key));
            attempted(*at) || of_news || (!of_known && !news.is_empty())
        });
        let changes: Vec<usize> = changes.map(|(at, _)| at).collect();
        let earlier = r
            .earlier
            .iter()
            .filter(|record| record.status.settled() && !record.delivered);
        let earlier: Vec<ChangeRecord> = earlier.cloned().collect();
        let records = r
            .ids
            .values()
            .chain(earlier.iter().map(|record| &record.id))
            .cloned()
            .collect();
        let delivered = remembered(&new, r, history);
        let idempotency_key = key(&new, &changes, &earlier, r, history);
        let telling = Telling {
            findings: new.into_iter().map(|current| current.reported).collect(),
            changes,
            earlier,
            unchanged: old.iter().filter(|current| current.reported.outcome.open()).count(),
            idempotency_key,
        };
        Self {
            report: Report::assemble(r, telling),
            delivered,
            records,
        }
    }
}

fn current(key: &FindingKey, reported: ReportedFinding, attempted: bool, r: &Reconciliation) -> Current {
    let fingerprint = client_token([
        &format!("{:?}", reported.verdict),
        reported.outcome.as_str(),
        reported.severity.as_str(),
        &reported.explanation,
    ]);
    let mut explanation = reported.explanation.clone();
    shorten(&mut explanation, LONGEST_EXPLANATION);
    Current {
        delivered: DeliveredFinding {
            key: key.clone(),
            outcome: reported.outcome,
            severity: reported.severity,
            fingerprint,
            explanation,
            time: r.time,
        },
        reported,
        attempted,
    }
}

/// The findings that were told as open and are not any more.
fn resolved<'a>(r: &'a Reconciliation, history: &'a ChangeHistory) -> impl Iterator<Item = Current> + use<'a> {
    let now: BTreeMap<&FindingKey, &Finding> = r.findings.iter().map(|finding| (&finding.key, finding)).collect();
    let blind: BTreeSet<&str> = r
        .findings
        .iter()
        .filter(|f| matches!(f.conclusion, Conclusion::NotEvaluated(_)))
        .map(|f| f.key.control.as_str())
        .collect();
    history
        .delivered
        .values()
        .filter(|delivered| delivered.outcome.open())
        .filter_map(move |delivered| {
            let key = &delivered.key;
            let mode = *r.controls.get(&key.control)?;
            let (verdict, explanation) = match now.get(key) {
                Some(f) if matches!(f.verdict(), Verdict::Compliant | Verdict::NotApplicable) => {
                    (f.verdict(), f.explanation().into_owned())
                }
                None if !blind.contains(key.control.as_str()) => (
                    Verdict::NotApplicable,
                    format!("Is gone. It was: {}", delivered.explanation),
                ),
                _ => return None,
            };
            let reported = ReportedFinding {
                control: key.control.clone(),
                severity: delivered.severity,
                mode,
                verdict,
                outcome: FindingStatus::Resolved,
                resource: key.resource.clone(),
                service: key.service.clone(),
                endpoint_kind: key.endpoint_kind,
                explanation,
                exempt: None,
                conflict: None,
                remediation: None,
                verification: None,
                console: console::link(&r.region, key.resource.kind, &key.resource.id),
            };
            Some(current(key, reported, false, r))
        })
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

/// The same for the same news, whichever run tells them: a run may die between telling and remembering that it told.
fn key(
    new: &[Current],
    changes: &[usize],
    earlier: &[ChangeRecord],
    r: &Reconciliation,
    history: &ChangeHistory,
) -> String {
    let scope = [r.account.as_str(), r.region.as_str(), r.vpc.as_str()].map(str::to_owned);
    let findings = new.iter().map(|current| {
        // A finding that comes back is news although it looks as it did.
        let before = history
            .delivered
            .get(&current.delivered.key)
            .map(|delivered| delivered.time.to_string());
        let said = serde_json::to_string(&current.reported).unwrap_or_default();
        format!("finding {said} {}", before.unwrap_or_default())
    });
    let changes = changes.iter().filter_map(|at| match (r.ids.get(at), outcome(r, *at)) {
        (Some(id), _) => Some(format!("change {id}")),
        (None, ChangeOutcome::Applied { .. } | ChangeOutcome::Failed { .. }) => {
            Some(format!("change {at} of {}", r.run))
        }
        (None, _) => Some(format!("proposal {}", r.plan.changes.get(*at)?.change)),
    });
    let earlier = earlier.iter().map(|record| format!("change {}", record.id));
    let notices = r
        .notices
        .iter()
        .map(|notice| format!("notice {} {}", notice.event_id, notice.text));
    let said: BTreeSet<String> = findings.chain(changes).chain(earlier).chain(notices).collect();
    let parts: Vec<String> = scope.into_iter().chain(said).collect();
    client_token(parts.iter().map(String::as_str))
}
