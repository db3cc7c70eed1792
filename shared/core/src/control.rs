//! What a control is, and how all of them are evaluated on a snapshot.

use jiff::Timestamp;

use crate::change::{Change, ChangeKind};
use crate::controls;
use crate::finding::{Exempt, Finding, FindingKey, Remediation, ResourceKind, Severity, Verdict};
use crate::id::EndpointId;
use crate::settings::{ExemptionSelector, Mode, Settings};
use crate::snapshot::{Endpoint, Gap, Part, Snapshot, Tags};

/// A tag that exempts its resource from the controls that the settings allow to be exempted by tag.
pub const TAG_EXEMPT: &str = "postern:exempt";

/// A requirement on the resources of a VPC.
pub struct Control {
    /// Kebab-case; says the bad pattern.
    pub name: &'static str,
    /// When the control is non-compliant, in one sentence.
    pub summary: &'static str,
    /// Why it matters, what the remediation does, and what it never does. Markdown.
    pub documentation: &'static str,
    pub severity: Severity,
    /// The parts of the snapshot that `evaluate` reads.
    pub needs: &'static [Part],
    /// The changes that its remediation may consist of.
    pub changes: &'static [ChangeKind],
    /// Findings of every verdict. A gap makes the control indeterminate for the whole VPC.
    pub evaluate: fn(&Context<'_>) -> Result<Vec<Finding>, Gap>,
}

/// What a control sees.
pub struct Context<'a> {
    pub snapshot: &'a Snapshot,
    pub settings: &'a Settings,
}

/// Evaluates these controls. Sorted by finding key; the same snapshot gives the same findings.
///
/// Findings on a VPC of another owner do not exist: only its owner can act there.
pub fn evaluate(controls: &[&Control], snapshot: &Snapshot, settings: &Settings, now: Timestamp) -> Vec<Finding> {
    if snapshot.vpc.owner != snapshot.account {
        return Vec::new();
    }
    let context = Context { snapshot, settings };
    let mut findings = Vec::new();
    for control in controls {
        let mode = settings.modes.of(control.name);
        if mode == Mode::Off {
            continue;
        }
        let found = (control.evaluate)(&context).unwrap_or_else(|gap| {
            vec![
                FindingKey::new(control.name, ResourceKind::Vpc, &snapshot.vpc.id).indeterminate(
                    format!("Cannot be decided: {gap}."),
                    "Give the function what it lacks, then run the sweep.",
                ),
            ]
        });
        for mut finding in found {
            finding.severity = control.severity;
            finding.mode = mode;
            finding.exempt = exemption(&finding, snapshot, settings, now);
            protect(&mut finding, snapshot);
            findings.push(finding);
        }
    }
    findings.sort_by(|a, b| a.key.cmp(&b.key));
    findings
}

fn exemption(finding: &Finding, snapshot: &Snapshot, settings: &Settings, now: Timestamp) -> Option<Exempt> {
    if finding.verdict != Verdict::NonCompliant {
        return None;
    }
    let key = &finding.key;
    let tags = tags_of(key, snapshot);
    let matching = settings.exemptions.iter().filter(|exemption| {
        exemption.control == key.control
            && exemption.expires > now
            && match &exemption.selector {
                ExemptionSelector::Resource(id) => *id == key.resource.id,
                ExemptionSelector::Tag { key, value } => tags.and_then(|t| t.get(key)) == Some(value),
            }
    });
    // The one that ends last says until when, in whatever order they are written.
    let from_settings = matching.max_by_key(|exemption| (exemption.expires, &exemption.reason));
    if let Some(exemption) = from_settings {
        return Some(Exempt {
            reason: exemption.reason.clone(),
            expires: Some(exemption.expires),
        });
    }
    let tag = tags?.get(TAG_EXEMPT)?;
    settings.exempt_by_tag.contains(&key.control).then(|| Exempt {
        reason: format!("tag {TAG_EXEMPT} = {tag}"),
        expires: None,
    })
}

fn tags_of<'a>(key: &FindingKey, snapshot: &'a Snapshot) -> Option<&'a Tags> {
    let id = key.resource.id.as_str();
    match key.resource.kind {
        ResourceKind::Vpc => Some(&snapshot.vpc.tags),
        ResourceKind::Subnet => snapshot.subnets.as_ref().ok()?.get(&id.into()).map(|s| &s.tags),
        ResourceKind::RouteTable => snapshot.route_tables.as_ref().ok()?.get(&id.into()).map(|t| &t.tags),
        ResourceKind::Endpoint => snapshot.endpoints.as_ref().ok()?.get(&id.into()).map(|e| &e.tags),
    }
}

/// What others manage is reported and left alone, whichever control finds it.
fn protect(finding: &mut Finding, snapshot: &Snapshot) {
    let Remediation::Automatic(changes) = &finding.remediation else {
        return;
    };
    let keeper = changes
        .iter()
        .filter_map(Change::endpoint)
        .find_map(|id| keeper_of(id, snapshot));
    if let Some(keeper) = keeper {
        finding.remediation = Remediation::Manual(format!("Left alone: {keeper}. Change it there."));
    }
}

fn keeper_of(id: &EndpointId, snapshot: &Snapshot) -> Option<String> {
    let endpoint = snapshot.endpoints.as_ref().ok()?.get(id)?;
    keeper(endpoint, snapshot).map(|keeper| format!("{id} {keeper}"))
}

/// Who else manages an endpoint, so that Postern must not touch it.
pub fn keeper(endpoint: &Endpoint, snapshot: &Snapshot) -> Option<String> {
    if endpoint.requester_managed {
        return Some("is managed by the AWS service that requested it".to_owned());
    }
    if endpoint.owner != snapshot.account {
        return Some(format!("belongs to account {}", endpoint.owner));
    }
    if endpoint.tags.contains_key("GuardDutyManaged") {
        return Some("is managed by Amazon GuardDuty".to_owned());
    }
    let service = snapshot
        .services
        .as_ref()
        .ok()?
        .find(endpoint.service.as_ref()?, endpoint.kind)?;
    service
        .manages_endpoints
        .then(|| format!("is managed by the service {}", service.name))
}

/// The control of this name.
pub fn find(name: &str) -> Option<&'static Control> {
    controls::CONTROLS.iter().copied().find(|control| control.name == name)
}
