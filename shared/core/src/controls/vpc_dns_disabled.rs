//! vpc-dns-disabled: see [`CONTROL`].

use crate::change::{Change, ChangeKind, DnsAttribute};
use crate::control::{Context, Control};
use crate::finding::{Finding, FindingKey, Remediation, ResourceKind, Severity};
use crate::requirement::required;
use crate::snapshot::{EndpointKind, Gap, Part};

pub static CONTROL: Control = Control {
    name: "vpc-dns-disabled",
    summary: "The VPC lacks DNS support or DNS hostnames while endpoints need them for private DNS.",
    documentation: "\
Private DNS makes a service's normal name resolve to its endpoint, and works only while both attributes of the VPC are \
on. Without them clients go to the public addresses, endpoint or not.

The VPC needs them when an interface service with a private DNS name is required in it, or has an endpoint in it.

**Remediation** (automatic, additive). Enables the attribute that is off, DNS support before DNS hostnames.",
    severity: Severity::High,
    needs: &[
        Part::Dns,
        Part::Subnets,
        Part::RouteTables,
        Part::Endpoints,
        Part::Services,
    ],
    changes: &[ChangeKind::EnableVpcDns],
    evaluate,
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Finding>, Gap> {
    let vpc = &context.snapshot.vpc.id;
    let key = FindingKey::new(CONTROL.name, ResourceKind::Vpc, vpc);
    let dns = context.snapshot.dns.as_ref().map_err(Gap::clone)?;
    let off: Vec<_> = [
        (DnsAttribute::Support, dns.support),
        (DnsAttribute::Hostnames, dns.hostnames),
    ]
    .into_iter()
    .filter_map(|(attribute, on)| (!on).then_some(attribute))
    .collect();
    if off.is_empty() {
        return Ok(vec![key.compliant("DNS support and DNS hostnames are on.")]);
    }
    let Some(needed_by) = needed_by(context)? else {
        return Ok(vec![key.not_applicable("No endpoint of the VPC needs private DNS.")]);
    };
    let names: Vec<_> = off.iter().map(ToString::to_string).collect();
    let explanation = format!(
        "{} off in the VPC, and private DNS for {needed_by} needs both.",
        match names.as_slice() {
            [one] => format!("{one} is"),
            _ => format!("{} are", names.join(" and ")),
        }
    );
    let changes = off
        .into_iter()
        .map(|attribute| Change::EnableVpcDns {
            vpc: vpc.clone(),
            attribute,
        })
        .collect();
    Ok(vec![key.non_compliant(explanation, Remediation::Automatic(changes))])
}

/// A service whose private DNS depends on the attributes.
fn needed_by(context: &Context<'_>) -> Result<Option<String>, Gap> {
    let (services, _) = required(context, EndpointKind::Interface)?;
    for required in &services {
        if !required.subnets.is_empty() && context.wants_private_dns(required.service)? {
            return Ok(Some(required.service.name.to_string()));
        }
    }
    for endpoint in context.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values() {
        if let Some(service) = context.service_of(endpoint)?
            && endpoint.usable()
            && context.wants_private_dns(service)?
        {
            return Ok(Some(endpoint.id.to_string()));
        }
    }
    Ok(None)
}
