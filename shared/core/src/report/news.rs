//! What of a reconciliation is new: people hear of a finding once, and once more when it is gone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::build::{finding, outcome};
use super::text::shorten;
use super::{Disposition, Reconciliation, Report, ReportedFinding, console};
use crate::change::client_token;
use crate::finding::{Finding, FindingKey, ResourceKind, Verdict};
use crate::ledger::{ChangeId, ChangeRecord, Past, Told};
use crate::plan::Outcome;
use crate::settings::Mode;

/// How much of an explanation is kept, in bytes.
const LONGEST_EXPLANATION: usize = 300;

/// For how long a finding that is closed is remembered, so that its return is told as news.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What is to be told, and what to remember of it once it was.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// None where nobody has to hear of anything.
    pub report: Option<Report>,
    /// What was told of all findings of a control, for those of which something changed.
    pub told: BTreeMap<String, Vec<Told>>,
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
    told: Told,
    /// Whether something was done about it in this run.
    attempted: bool,
}

impl News {
    pub fn of(r: &Reconciliation, past: &Past) -> Self {
        let attempted = |at: usize| {
            let enforced = r
                .plan
                .changes
                .get(at)
                .is_some_and(|planned| planned.mode == Mode::Enforce);
            enforced && matches!(outcome(r, at), Outcome::Applied { .. } | Outcome::Failed { .. })
        };
        let found = r.findings.iter().filter_map(|f| {
            let (reported, own) = finding(f, r)?;
            let attempted = own.iter().any(|at| attempted(*at));
            Some(current(&f.key, reported, attempted, r))
        });
        let all: Vec<Current> = found.chain(resolved(r, past)).collect();
        let (new, old): (Vec<_>, Vec<_>) = all.into_iter().partition(|current| {
            let before = past.told.get(&current.told.key);
            current.attempted || before.is_none_or(|before| before.fingerprint != current.told.fingerprint)
        });

        let news: BTreeSet<&FindingKey> = new.iter().map(|current| &current.told.key).collect();
        let known: BTreeSet<&FindingKey> = old.iter().map(|current| &current.told.key).collect();
        let changes = r.plan.changes.iter().enumerate().filter(|(at, planned)| {
            // Changes for findings that only other changes of the plan bring about are told with those.
            let of_news = planned.causes.iter().any(|key| news.contains(key));
            let of_known = planned.causes.iter().any(|key| known.contains(key));
            attempted(*at) || of_news || (!of_known && !news.is_empty())
        });
        let changes: Vec<usize> = changes.map(|(at, _)| at).collect();
        let earlier = r.earlier.iter().filter(|record| record.fate.settled() && !record.told);
        let earlier: Vec<ChangeRecord> = earlier.cloned().collect();
        let records = r
            .ids
            .values()
            .chain(earlier.iter().map(|record| &record.id))
            .cloned()
            .collect();
        let told = remembered(&new, r, past);
        let idempotency_key = key(&new, &changes, &earlier, r, past);
        let telling = Telling {
            findings: new.into_iter().map(|current| current.reported).collect(),
            changes,
            earlier,
            unchanged: old.iter().filter(|current| current.reported.outcome.open()).count(),
            idempotency_key,
        };
        Self {
            report: Report::assemble(r, telling),
            told,
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
        told: Told {
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
fn resolved<'a>(r: &'a Reconciliation, past: &'a Past) -> impl Iterator<Item = Current> + use<'a> {
    let now: BTreeMap<&FindingKey, &Finding> = r.findings.iter().map(|finding| (&finding.key, finding)).collect();
    let blind: BTreeSet<&str> = r
        .findings
        .iter()
        .filter(|f| sees_nothing(f))
        .map(|f| f.key.control.as_str())
        .collect();
    past.told
        .values()
        .filter(|told| told.outcome.open())
        .filter_map(move |told| {
            let key = &told.key;
            let mode = *r.controls.get(&key.control)?;
            let (verdict, explanation) = match now.get(key) {
                Some(f) if matches!(f.verdict, Verdict::Compliant | Verdict::NotApplicable) => {
                    (f.verdict, f.explanation.clone())
                }
                None if !blind.contains(key.control.as_str()) => {
                    (Verdict::NotApplicable, format!("Is gone. It was: {}", told.explanation))
                }
                _ => return None,
            };
            let reported = ReportedFinding {
                control: key.control.clone(),
                severity: told.severity,
                mode,
                verdict,
                outcome: Disposition::Resolved,
                resource: key.resource.clone(),
                service: key.service.clone(),
                endpoint_kind: key.endpoint_kind,
                explanation,
                exempt: None,
                contest: None,
                remediation: None,
                verification: None,
                console: console::link(&r.region, key.resource.kind, &key.resource.id),
            };
            Some(current(key, reported, false, r))
        })
}

/// The one finding of a control that lacks a part of the snapshot.
fn sees_nothing(finding: &Finding) -> bool {
    finding.verdict == Verdict::Indeterminate
        && finding.key.resource.kind == ResourceKind::Vpc
        && finding.key.service.is_none()
}

fn remembered(new: &[Current], r: &Reconciliation, past: &Past) -> BTreeMap<String, Vec<Told>> {
    let controls: BTreeSet<&str> = new.iter().map(|current| current.told.key.control.as_str()).collect();
    let list = |control: &str| {
        let of_control = |told: &&Told| told.key.control == control;
        let recent = |told: &&Told| told.outcome.open() || r.time.duration_since(told.time) < REMEMBERED;
        let before = past.told.values().filter(of_control).filter(recent);
        let now = new.iter().map(|current| &current.told).filter(of_control);
        let all: BTreeMap<&FindingKey, &Told> = before.chain(now).map(|told| (&told.key, told)).collect();
        all.into_values().cloned().collect()
    };
    controls
        .into_iter()
        .map(|control| (control.to_owned(), list(control)))
        .collect()
}

/// The same for the same news, whichever run tells them: a run may die between telling and remembering that it told.
fn key(new: &[Current], changes: &[usize], earlier: &[ChangeRecord], r: &Reconciliation, past: &Past) -> String {
    let place = [r.account.as_str(), r.region.as_str(), r.vpc.as_str()].map(str::to_owned);
    let findings = new.iter().map(|current| {
        // A finding that comes back is news although it looks as it did.
        let before = past.told.get(&current.told.key).map(|told| told.time.to_string());
        let said = serde_json::to_string(&current.reported).unwrap_or_default();
        format!("finding {said} {}", before.unwrap_or_default())
    });
    let changes = changes.iter().filter_map(|at| match (r.ids.get(at), outcome(r, *at)) {
        (Some(id), _) => Some(format!("change {id}")),
        (None, Outcome::Applied { .. } | Outcome::Failed { .. }) => Some(format!("change {at} of {}", r.run)),
        (None, _) => Some(format!("proposal {}", r.plan.changes.get(*at)?.change)),
    });
    let earlier = earlier.iter().map(|record| format!("change {}", record.id));
    let notices = r
        .notices
        .iter()
        .map(|notice| format!("notice {} {}", notice.event_id, notice.text));
    let said: BTreeSet<String> = findings.chain(changes).chain(earlier).chain(notices).collect();
    let parts: Vec<String> = place.into_iter().chain(said).collect();
    client_token(parts.iter().map(String::as_str))
}
