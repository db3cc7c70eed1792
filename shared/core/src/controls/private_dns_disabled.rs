//! private-dns-disabled: see [`CONTROL`].

use crate::change::{Change, ChangeKind};
use crate::control::{Context, Control};
use crate::finding::{Finding, FindingKey, Remediation, ResourceKind, Severity};
use crate::ingress::Admission;
use crate::snapshot::{Endpoint, EndpointKind, EndpointState, Gap, Part, Service};

pub static CONTROL: Control = Control {
    name: "private-dns-disabled",
    summary: "An interface endpoint of a service with a private DNS name does not hold it, and no other endpoint of the \
              VPC does.",
    documentation: "\
Clients use the service's normal DNS name. Unless an endpoint holds that name, it resolves to public addresses and the \
endpoint, though paid for, is passed by.

One endpoint per service and VPC can hold the name. Services that also have a gateway form are not applicable: their \
normal name belongs to the gateway endpoint's clients. So are endpoints to services that are not offered by AWS.

**Remediation** (automatic, additive). Enables private DNS on the endpoint, after letting the VPC's subnets in to it: \
from then on the clients of all of them are sent there. Waits until the VPC's DNS attributes are on \
(`vpc-dns-disabled`).",
    severity: Severity::High,
    needs: &[
        Part::Dns,
        Part::Subnets,
        Part::Endpoints,
        Part::SecurityGroups,
        Part::Services,
    ],
    changes: &[
        ChangeKind::CreateManagedGroup,
        ChangeKind::AuthorizeIngress,
        ChangeKind::AttachManagedGroup,
        ChangeKind::EnablePrivateDns,
    ],
    evaluate,
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Finding>, Gap> {
    let mut findings = Vec::new();
    for endpoint in context.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values() {
        if endpoint.kind != EndpointKind::Interface || !endpoint.usable() || !context.local(endpoint) {
            continue;
        }
        let Some(service) = context.service_of(endpoint)? else {
            continue;
        };
        findings.push(judge(context, endpoint, service)?);
    }
    Ok(findings)
}

fn judge(context: &Context<'_>, endpoint: &Endpoint, service: &Service) -> Result<Finding, Gap> {
    let key = FindingKey::new(CONTROL.name, ResourceKind::Endpoint, &endpoint.id).for_service(&service.name);
    if !context.wants_private_dns(service)? {
        return Ok(key.not_applicable("The service's normal DNS name is not for its interface endpoints to hold."));
    }
    if let Some(holder) = context.serving(service)?.iter().find(|e| e.private_dns) {
        return Ok(key.compliant(format!("{} holds the private DNS name.", holder.id)));
    }
    if endpoint.state == EndpointState::PendingAcceptance {
        return Ok(key.not_applicable("The endpoint waits for its service to accept it."));
    }
    let names: Vec<_> = service.private_dns_names.iter().map(String::as_str).collect();
    let explanation = format!(
        "{} resolves to public addresses: private DNS is off, and no other endpoint of the VPC has it on.",
        names.join(", ")
    );
    Ok(key.non_compliant(explanation, remedy(context, endpoint)?))
}

fn remedy(context: &Context<'_>, endpoint: &Endpoint) -> Result<Remediation, Gap> {
    let dns = context.snapshot.dns.as_ref().map_err(Gap::clone)?;
    if !(dns.support && dns.hostnames) {
        return Ok(Remediation::Manual(
            "Enable DNS support and DNS hostnames of the VPC first (control vpc-dns-disabled): private DNS needs both."
                .to_owned(),
        ));
    }
    let subnets = context.all_subnets()?;
    let mut changes = match context.admission(endpoint, &subnets)? {
        Admission::Admitted => Vec::new(),
        Admission::Blocked(_) | Admission::Unclear(_) => context.admit(endpoint, &subnets)?,
    };
    changes.push(Change::EnablePrivateDns {
        endpoint: endpoint.id.clone(),
    });
    Ok(Remediation::Automatic(changes))
}
