//! ingress-blocked: see [`CONTROL`].

use crate::change::ChangeKind;
use crate::control::{Context, Control};
use crate::finding::{Finding, FindingKey, Remediation, ResourceKind, Severity};
use crate::ingress::Admission;
use crate::requirement::{Required, required};
use crate::snapshot::{Endpoint, EndpointKind, Gap, Part, Subnet};

pub static CONTROL: Control = Control {
    name: "ingress-blocked",
    summary: "The security groups of an interface endpoint do not admit TCP 443 from the subnets that need it.",
    documentation: "\
An endpoint that holds the private DNS name is where the clients of every subnet of the VPC are sent: all of them need \
it, required or not, and a group that keeps one out cuts it off from the service. An endpoint without the name is \
needed by the subnets for which the service is required.

Rules that admit members of another security group or a prefix list are not resolved: where only such a rule may admit \
a subnet the verdict is indeterminate.

**Remediation** (automatic, additive). Attaches the VPC's managed security group, which admits TCP 443 from the subnets \
that need it. Other people's groups are never edited, and none is detached.",
    severity: Severity::High,
    needs: &[Part::Subnets, Part::RouteTables, Part::Endpoints, Part::SecurityGroups, Part::Services],
    changes: &[ChangeKind::CreateManagedGroup, ChangeKind::AuthorizeIngress, ChangeKind::AttachManagedGroup],
    evaluate,
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Finding>, Gap> {
    let (services, _) = required(context, EndpointKind::Interface)?;
    let mut findings = Vec::new();
    for endpoint in context.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values() {
        if endpoint.kind == EndpointKind::Interface && endpoint.usable() && context.local(endpoint) {
            findings.push(judge(context, endpoint, &services)?);
        }
    }
    Ok(findings)
}

fn judge(context: &Context<'_>, endpoint: &Endpoint, services: &[Required<'_>]) -> Result<Finding, Gap> {
    let key = FindingKey::new(CONTROL.name, ResourceKind::Endpoint, &endpoint.id);
    let subnets = clients(context, endpoint, services)?;
    if subnets.is_empty() {
        return Ok(key.not_applicable("No subnet is known to need the endpoint."));
    }
    Ok(match context.admission(endpoint, &subnets)? {
        Admission::Admitted => key.compliant("TCP 443 is admitted from every subnet that needs the endpoint."),
        Admission::Unclear(reason) => key.indeterminate(
            format!("Cannot be decided: {reason}."),
            "Admit TCP 443 from the CIDRs of the subnets that need the endpoint, or exempt it.",
        ),
        Admission::Blocked(networks) => {
            let networks: Vec<_> = networks.iter().map(ToString::to_string).collect();
            key.non_compliant(
                format!(
                    "No security group of the endpoint admits TCP 443 from {}.",
                    networks.join(", ")
                ),
                Remediation::Automatic(context.admit(endpoint, &subnets)?),
            )
        }
    })
}

/// The subnets whose clients are sent to the endpoint.
fn clients<'a>(context: &Context<'a>, endpoint: &Endpoint, services: &[Required<'a>]) -> Result<Vec<&'a Subnet>, Gap> {
    if endpoint.private_dns {
        return context.all_subnets();
    }
    let required = services
        .iter()
        .find(|required| endpoint.service.as_ref() == Some(&required.service.name));
    Ok(required.map(|required| required.subnets.clone()).unwrap_or_default())
}
