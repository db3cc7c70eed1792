//! What a control is, and how all of them are evaluated on a snapshot.

pub(crate) mod approval;
mod assessment;
pub mod central;
mod finding;
mod framework;
pub mod hosted_zones;
pub mod ingress;
pub mod network_acls;
pub mod placement;
pub mod policies;
mod policy_cache;
mod quotas;
pub mod requirement;
pub mod saving;
pub mod service_ports;
mod suppression;
mod surplus;
#[cfg(test)]
mod tests;

use std::cell::OnceCell;
use std::collections::BTreeSet;

use jiff::Timestamp;

pub use self::assessment::{Assessment, Conclusion, Remediation};
pub use self::finding::{Exempt, Finding, Suppression};
pub use self::framework::{Framework, REFERENCES, Reference};
use self::network_acls::NetworkAcls;
use self::policies::Known;
pub(crate) use self::policy_cache::Policy;
pub use self::policy_cache::PolicyCache;
use self::requirement::Requirements;

use crate::changes::{Change, ChangeKind};
use crate::history::ChangeHistory;
use crate::model::endpoint::Endpoint;
use crate::model::endpoint_service::ServiceSnapshot;
use crate::model::finding::{FindingKey, Resource, ResourceKind, Severity, Verdict};
use crate::model::id::SubnetId;
use crate::model::part::{Gap, Part, name};
use crate::model::scope_snapshot::Snapshot;
use crate::model::snapshot::VpcSnapshot;
use crate::settings::{Mode, Settings};

/// A tag that exempts its resource from the controls that the settings allow to be exempted by tag.
pub const TAG_EXEMPT: &str = "postern:exempt";

/// A requirement on the resources of a scope.
pub struct Control {
    /// In kebab case: the resource and its defect.
    pub name: &'static str,
    /// When the control is non-compliant, in one sentence.
    pub summary: &'static str,
    /// Why it matters, what the remediation does, and what it never does. Markdown.
    pub documentation: &'static str,
    /// What it finds, in a few words that follow "finds".
    pub finds: &'static str,
    /// What its remediation does, in a few words: "creates it". Or that it only reports.
    pub remediation: &'static str,
    pub concern: Concern,
    pub severity: Severity,
    /// What of it auditors ask for: requirements of frameworks, by id.
    pub frameworks: &'static [(Framework, &'static str)],
    /// What its findings are about.
    pub resource: ResourceKind,
    /// The parts of the snapshot that `evaluate` reads.
    pub needs: &'static [Part],
    /// The changes that its remediation may consist of.
    pub changes: &'static [ChangeKind],
    /// Whether it is off unless the settings name it.
    pub opt_in: bool,
    /// Whether its remediation writes endpoint policies that admit the perimeter alone.
    pub writes_perimeter_policies: bool,
    pub evaluate: Evaluate,
}

/// How a control is evaluated, by the scope that it is a requirement on. It is not evaluated on other scopes.
///
/// Gives assessments of every verdict. After a gap the control is not evaluated for the whole scope.
#[derive(Clone, Copy)]
pub enum Evaluate {
    Vpc(fn(&Context<'_>) -> Result<Vec<Assessment>, Gap>),
    Service(fn(&ServiceContext<'_>) -> Result<Vec<Assessment>, Gap>),
}

impl Control {
    /// The requirements of frameworks that it checks.
    pub fn references(&self) -> impl Iterator<Item = &'static Reference> {
        self.frameworks.iter().filter_map(|(framework, id)| {
            let same = |reference: &&Reference| reference.framework == *framework && reference.id == *id;
            REFERENCES.iter().find(same)
        })
    }
}

/// What a group of controls is about. Each function evaluates the controls of some groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concern {
    /// Required services are reachable privately from the subnets that need them.
    Reachability,
    /// Endpoints admit only trusted principals and resources.
    Containment,
    /// Endpoint services are offered to approved consumers, and work for them.
    Publication,
    /// Endpoints are used. That follows from time and not from events, and asking for it costs, so that only sweeps and
    /// audits do.
    Traffic,
}

/// The input of a control of VPCs.
pub struct Context<'a> {
    pub snapshot: &'a VpcSnapshot,
    pub settings: &'a Settings,
    pub history: &'a ChangeHistory,
    pub now: Timestamp,
    pub(crate) policies: &'a PolicyCache,
    /// The policies of the live endpoints, since several controls ask for them.
    known_policies: OnceCell<Result<Vec<(&'a Endpoint, Known<'a>)>, Gap>>,
    /// What is required, since most controls ask for it.
    interface: OnceCell<Result<Requirements<'a>, Gap>>,
    gateway: OnceCell<Result<Requirements<'a>, Gap>>,
    network_acls: OnceCell<Result<NetworkAcls<'a>, Gap>>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        snapshot: &'a VpcSnapshot,
        settings: &'a Settings,
        history: &'a ChangeHistory,
        now: Timestamp,
        policies: &'a PolicyCache,
    ) -> Self {
        Self {
            snapshot,
            settings,
            history,
            now,
            policies,
            known_policies: OnceCell::new(),
            interface: OnceCell::new(),
            gateway: OnceCell::new(),
            network_acls: OnceCell::new(),
        }
    }
}

/// The input of a control of endpoint services.
pub struct ServiceContext<'a> {
    pub snapshot: &'a ServiceSnapshot,
    pub settings: &'a Settings,
    pub now: Timestamp,
}

/// With what the findings of a scope are made.
struct ScopeContext<'a> {
    snapshot: &'a Snapshot,
    settings: &'a Settings,
    history: &'a ChangeHistory,
    now: Timestamp,
    /// Subnets without network interfaces of others than endpoints, as far as anybody looked.
    idle: &'a BTreeSet<SubnetId>,
    controls: ControlContext<'a>,
}

/// The input of the controls of one scope.
enum ControlContext<'a> {
    Vpc(Context<'a>),
    Service(ServiceContext<'a>),
}

/// Answers a question about a VPC that depends on neither history nor time.
pub(crate) fn ask<T>(snapshot: &VpcSnapshot, settings: &Settings, question: impl FnOnce(&Context<'_>) -> T) -> T {
    let (history, policies) = (ChangeHistory::default(), PolicyCache::default());
    question(&Context::new(
        snapshot,
        settings,
        &history,
        Timestamp::UNIX_EPOCH,
        &policies,
    ))
}

/// Evaluates these controls, each on its own scope. Sorted by finding key; the same input gives the same findings,
/// whatever policies are known.
///
/// A resource of another owner has no findings: only its owner can change it.
pub fn evaluate(
    controls: &[&Control],
    snapshot: &Snapshot,
    settings: &Settings,
    history: &ChangeHistory,
    now: Timestamp,
    policies: &PolicyCache,
) -> Vec<Finding> {
    evaluate_with(controls, snapshot, settings, history, now, (&BTreeSet::new(), policies))
}

/// The findings of [`evaluate_with`] that have changes.
pub(crate) fn proposals(
    controls: &[&Control],
    snapshot: &Snapshot,
    settings: &Settings,
    history: &ChangeHistory,
    now: Timestamp,
    known: (&BTreeSet<SubnetId>, &PolicyCache),
) -> Vec<Finding> {
    let automatic = |assessment: &Assessment| assessment.conclusion.changes().is_some();
    let mut findings = findings_of(controls, snapshot, settings, history, now, known, automatic);
    findings.retain(|finding| finding.changes().is_some());
    findings
}

/// Like [`evaluate`], with subnets that are known to be idle.
pub(crate) fn evaluate_with(
    controls: &[&Control],
    snapshot: &Snapshot,
    settings: &Settings,
    history: &ChangeHistory,
    now: Timestamp,
    known: (&BTreeSet<SubnetId>, &PolicyCache),
) -> Vec<Finding> {
    findings_of(controls, snapshot, settings, history, now, known, |_| true)
}

/// The findings of those assessments that are of interest.
fn findings_of(
    controls: &[&Control],
    snapshot: &Snapshot,
    settings: &Settings,
    history: &ChangeHistory,
    now: Timestamp,
    (idle, policies): (&BTreeSet<SubnetId>, &PolicyCache),
    of_interest: impl Fn(&Assessment) -> bool,
) -> Vec<Finding> {
    if snapshot.owner() != snapshot.account() {
        return Vec::new();
    }
    let context = ScopeContext {
        snapshot,
        settings,
        history,
        now,
        idle,
        controls: match snapshot {
            Snapshot::Vpc(vpc) => ControlContext::Vpc(Context::new(vpc, settings, history, now, policies)),
            Snapshot::Service(snapshot) => ControlContext::Service(ServiceContext {
                snapshot,
                settings,
                now,
            }),
        },
    };
    let mut findings = Vec::new();
    for control in controls {
        let mode = settings.modes.of(control.name);
        if mode == Mode::Off {
            continue;
        }
        let assessed = context.assess(control);
        findings.extend(
            assessed
                .into_iter()
                .filter(&of_interest)
                .map(|assessment| finding(assessment, control, mode, &context)),
        );
    }
    findings.sort_by(|a, b| a.key.cmp(&b.key));
    findings
}

fn finding(assessment: Assessment, control: &Control, mode: Mode, context: &ScopeContext<'_>) -> Finding {
    let key = &assessment.key;
    let changes = assessment.conclusion.changes().unwrap_or_default();
    let mode = match changes.iter().any(|change| context.interrupts_somebody(change)) {
        true => mode.min(context.settings.modes.interrupting),
        false => mode,
    };
    let non_compliant = assessment.conclusion.verdict() == Verdict::NonCompliant;
    let exempt = non_compliant.then(|| suppression::exemption(key, context)).flatten();
    let suppression = match exempt {
        Some(_) => None,
        None => suppression::suppression(&assessment, mode, context),
    };
    let tags = suppression::tags_of(key, context.snapshot);
    Finding {
        name: tags.and_then(name),
        service: key.service.clone().or_else(|| service_of(key, context.snapshot)),
        severity: control.severity,
        mode,
        exempt,
        suppression,
        key: assessment.key,
        conclusion: assessment.conclusion,
    }
}

impl ScopeContext<'_> {
    /// Nothing where it is a control of another scope.
    fn assess(&self, control: &Control) -> Vec<Assessment> {
        let assessed = match (control.evaluate, &self.controls) {
            (Evaluate::Vpc(evaluate), ControlContext::Vpc(context)) => evaluate(context),
            (Evaluate::Service(evaluate), ControlContext::Service(context)) => evaluate(context),
            (Evaluate::Vpc(_), ControlContext::Service(_)) | (Evaluate::Service(_), ControlContext::Vpc(_)) => {
                return Vec::new();
            }
        };
        assessed.unwrap_or_else(|gap| {
            let Resource { kind, id } = self.snapshot.resource();
            let key = FindingKey::new(control.name, kind, id);
            vec![key.concluded(Conclusion::NotEvaluated(gap))]
        })
    }

    /// Whether clients may be interrupted by the change.
    fn interrupts_somebody(&self, change: &Change) -> bool {
        change.safety().interrupts() && idle_subnets(change, self.snapshot, self.idle).is_none()
    }
}

/// The subnets that an interrupting change affects, where all of them are idle, so that it meets no client. None where
/// clients are outside the VPC: those of endpoint services, and of interface endpoints that are quarantined.
pub(crate) fn idle_subnets(
    change: &Change,
    snapshot: &Snapshot,
    idle: &BTreeSet<SubnetId>,
) -> Option<BTreeSet<SubnetId>> {
    let affected = match snapshot {
        Snapshot::Vpc(vpc) => change.interrupts(vpc).ok()??,
        Snapshot::Service(_) => return None,
    };
    affected.is_subset(idle).then_some(affected)
}

/// The service of the endpoint that a finding is about, or the endpoint service of the scope.
fn service_of(key: &FindingKey, snapshot: &Snapshot) -> Option<String> {
    let vpc = match snapshot {
        Snapshot::Vpc(vpc) => vpc,
        Snapshot::Service(snapshot) => return Some(snapshot.service.name.to_string()),
    };
    match key.resource.kind {
        ResourceKind::Endpoint => {
            let endpoints = vpc.endpoints.as_ref().ok()?;
            let endpoint = endpoints.get(&key.resource.id.as_str().into())?;
            endpoint.service.as_ref().map(ToString::to_string)
        }
        ResourceKind::Vpc
        | ResourceKind::Subnet
        | ResourceKind::RouteTable
        | ResourceKind::EndpointService
        | ResourceKind::EndpointConnection => None,
    }
}

/// What a person can do about an endpoint in a state that AWS added later.
const UNKNOWN_STATE_ADVICE: &str = "Check the state of the endpoint in the AWS console.";

/// The assessment of a resource that depends on an endpoint in a state that AWS added later.
pub fn in_unknown_state(key: FindingKey, endpoint: &Endpoint) -> Assessment {
    key.indeterminate(
        format!(
            "Could not decide: {} is in a state that Postern does not know.",
            endpoint.id
        ),
        UNKNOWN_STATE_ADVICE,
    )
}
