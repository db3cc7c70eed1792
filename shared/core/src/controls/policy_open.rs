//! policy-open: see [`CONTROL`].

use postern_policy::{Verdict, template, verdict};

use crate::change::{Change, ChangeKind};
use crate::control::{Context, Control};
use crate::finding::{Finding, FindingKey, Remediation, ResourceKind, Severity};
use crate::snapshot::{Endpoint, EndpointKind, Gap, Part};

pub static CONTROL: Control = Control {
    name: "policy-open",
    summary: "The endpoint's policy lets principals or resources through that the perimeter does not trust.",
    documentation: "\
Through an endpoint with an open policy anybody's credentials can be used on anybody's resources: data leaves for a \
bucket of another organisation without ever touching the internet.

Decided today: a document that plainly allows everything to everybody is open; the perimeter policy for this service \
and these settings is closed. Every other document is indeterminate, reported and left alone. Endpoints of services \
that support no policy, and of kinds other than interface and gateway, are not applicable.

**Remediation** (automatic, restrictive). Replaces the policy by the perimeter policy: trusted principals reach trusted \
resources, AWS services keep working, and so do the buckets that AWS owns and workloads read (Amazon Linux \
repositories, ECR image layers, Systems Manager). The policy before is kept in the report. The policy of a service that \
is not offered by AWS is left to people.",
    severity: Severity::Critical,
    needs: &[Part::Endpoints, Part::Services],
    changes: &[ChangeKind::ReplacePolicy],
    evaluate,
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Finding>, Gap> {
    let mut findings = Vec::new();
    for endpoint in context.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values() {
        if matches!(endpoint.kind, EndpointKind::Interface | EndpointKind::Gateway) && endpoint.usable() {
            findings.push(judge(context, endpoint)?);
        }
    }
    Ok(findings)
}

fn judge(context: &Context<'_>, endpoint: &Endpoint) -> Result<Finding, Gap> {
    let key = FindingKey::new(CONTROL.name, ResourceKind::Endpoint, &endpoint.id);
    let Some(service) = context.service_of(endpoint)? else {
        return Ok(key.indeterminate(
            "Cannot be decided: the Region's catalogue does not list the endpoint's service.",
            "Check whether the service still exists, and read the policy yourself.",
        ));
    };
    if !service.policy_supported {
        return Ok(key.not_applicable(format!("{} supports no endpoint policy.", service.name)));
    }
    let Some(document) = &endpoint.policy else {
        return Ok(key.indeterminate(
            "Cannot be decided: AWS returned no policy document.",
            "Read the endpoint's policy in the console.",
        ));
    };
    let region = context.snapshot.region.as_str();
    let name = service
        .short_name(&context.snapshot.region)
        .unwrap_or(service.name.as_str());
    let perimeter = &context.settings.perimeter;
    Ok(match verdict(document, name, region, perimeter) {
        Verdict::Closed => key.compliant("The policy is the perimeter policy."),
        Verdict::Undecided(reason) => key.indeterminate(
            format!("Cannot be decided: {reason}."),
            "Read the policy, or replace it by the perimeter policy.",
        ),
        Verdict::Open(reason) => {
            let remediation = match template(name, region, perimeter) {
                _ if !service.amazon => Remediation::Manual(format!(
                    "{} is not offered by AWS: restrict the policy yourself.",
                    service.name
                )),
                Ok(after) => Remediation::Automatic(vec![Change::ReplacePolicy {
                    endpoint: endpoint.id.clone(),
                    before: document.clone(),
                    after,
                }]),
                Err(error) => Remediation::Manual(format!("Complete the perimeter in postern.toml: {error}.")),
            };
            key.non_compliant(format!("The policy is open: {reason}."), remediation)
        }
    })
}
