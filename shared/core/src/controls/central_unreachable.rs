//! central-unreachable: see [`CONTROL`].

mod names;
mod routes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::names::names;
use self::routes::routes;
use crate::evaluation::ingress::{Admission, admission_of};
use crate::evaluation::requirement::Required;
use crate::evaluation::service_ports::ServicePorts;
use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation, ask};
use crate::model::catalogue::Service;
use crate::model::endpoint::{Endpoint, EndpointKind};
use crate::model::finding::{FindingKey, ResourceKind, Severity, Verdict};
use crate::model::id::{EndpointId, ServiceName, VpcId};
use crate::model::part::{Gap, Part};
use crate::model::snapshot::VpcSnapshot;
use crate::settings::Settings;

pub static CONTROL: Control = Control {
    name: "central-unreachable",
    summary: "A VPC that uses central endpoints does not reach one that serves a required service.",
    documentation: "\
`[central]` in the settings names hubs, whose endpoints serve other VPCs, the spokes. A spoke gets no endpoint of its \
own for a service that is served centrally. It reaches the endpoint of a hub only if all of this holds:

- a hub has a usable endpoint to the service;
- a private hosted zone with the DNS name of the service is associated with the spoke, and its record leads to that \
endpoint, wildcard names such as `*.s3.REGION.amazonaws.com` and `*.dkr.ecr.REGION.amazonaws.com` included; the DNS \
attributes of the spoke are enabled;
- the route tables of the spoke's subnets have a route to the subnets of the endpoint, by a peering connection, a \
transit gateway or a core network of Cloud WAN, and those of the endpoint's subnets have one back;
- the security groups of the endpoint admit the ports of the service from these subnets;
- the endpoint policy lets principals of the spoke's account through.

Hubs of other accounts, the route tables of transit gateways and core networks and network ACLs are not examined. The \
verdict is indeterminate where the records of a hosted zone of another account decide, which cannot be read, and where \
no zone with the name is associated with the spoke itself, but a Route 53 Profile is, which may bring one. A spoke \
is evaluated after events in it and in its hubs, and by sweeps.

**Remediation** (manual). The finding names each part that is missing, with the command.",
    finds: "a spoke that does not reach a central endpoint",
    remediation: "names what is missing: zone, record, route, group, policy",
    concern: Concern::Reachability,
    severity: Severity::High,
    frameworks: &[
        (Framework::Nist80053, "AC-4"),
        (Framework::Nist80053, "SC-7"),
        (Framework::PciDss4, "1.3.2"),
        (Framework::CisControls8, "12.2"),
        (Framework::DataPerimeter, "network-of-resources"),
    ],
    resource: ResourceKind::Vpc,
    needs: &[
        Part::Dns,
        Part::Subnets,
        Part::RouteTables,
        Part::Endpoints,
        Part::Services,
        Part::HostedZones,
        Part::Central,
    ],
    changes: &[],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    if context.spoke().is_none() {
        return Ok(Vec::new());
    }
    let mut findings = Vec::new();
    for required in &context.required_interface()?.services {
        if !required.subnets.is_empty() && context.uses_centrally(required.service) {
            findings.push(judge(context, required)?);
        }
    }
    Ok(findings)
}

/// An endpoint with the hub that has it.
#[derive(Clone, Copy)]
struct HubEndpoint<'a> {
    hub: &'a VpcSnapshot,
    endpoint: &'a Endpoint,
}

/// What of the way to an endpoint is not there, and what is not known of it.
#[derive(Default)]
struct Obstacles {
    /// Each with what a person can do.
    missing: Vec<(String, String)>,
    unclear: Vec<String>,
}

impl Obstacles {
    fn miss(&mut self, what: impl Into<String>, step: impl Into<String>) {
        self.missing.push((what.into(), step.into()));
    }
}

/// How a VPC uses a service through the endpoint of a hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CentralLink {
    pub service: ServiceName,
    /// The hub and its endpoint. None where no hub has one that is usable.
    pub endpoint: Option<(VpcId, EndpointId)>,
    /// The peering connections, transit gateways and core networks through which routes lead there or back.
    pub ways: BTreeSet<String>,
    /// Compliant where the VPC reaches the endpoint.
    pub verdict: Verdict,
}

/// The services that a VPC is to use through the endpoints of hubs. None of a VPC that is no spoke.
pub fn central_links(snapshot: &VpcSnapshot, settings: &Settings) -> Result<Vec<CentralLink>, Gap> {
    ask(snapshot, settings, |context| {
        let required = context.central_requirements()?.into_iter();
        let links = required.map(|required| {
            let link = link(context, required)?;
            Ok(CentralLink {
                service: required.service.name.clone(),
                endpoint: link.reached.map(|at| (at.hub.vpc.id.clone(), at.endpoint.id.clone())),
                verdict: conclude(key(context, required), required.service, &link)
                    .conclusion
                    .verdict(),
                ways: link.ways,
            })
        });
        links.collect()
    })
}

/// A service that the VPC needs, with the endpoint to which its DNS names lead, or else the first that is usable.
struct Link<'a> {
    reached: Option<HubEndpoint<'a>>,
    ways: BTreeSet<String>,
    obstacles: Obstacles,
}

fn hubs<'a>(context: &Context<'a>) -> Result<&'a BTreeMap<VpcId, Arc<VpcSnapshot>>, Gap> {
    let central = context.snapshot.central.as_ref();
    central.map(|central| &central.hubs).map_err(Gap::clone)
}

fn key(context: &Context<'_>, required: &Required<'_>) -> FindingKey {
    let key = FindingKey::new(CONTROL.name, ResourceKind::Vpc, &context.snapshot.vpc.id);
    key.for_service(&required.service.name)
}

fn judge(context: &Context<'_>, required: &Required<'_>) -> Result<Assessment, Gap> {
    let service = required.service;
    let key = key(context, required);
    if let Some(endpoint) = context.serving(service)?.iter().find(|e| e.holds_name()) {
        return Ok(key.compliant(format!("{} of the VPC itself serves {}.", endpoint.id, service.name)));
    }
    if hubs(context)?.is_empty() {
        return Ok(key.indeterminate(
            "Could not find a hub: `central.hubs` selects no VPC that the account owns in the Region.",
            "Correct `central.hubs` in `postern.toml`. Where the hub belongs to another account, which Postern does not \
             examine, add an exemption.",
        ));
    }
    Ok(conclude(key, service, &link(context, required)?))
}

fn link<'a>(context: &Context<'a>, required: &Required<'_>) -> Result<Link<'a>, Gap> {
    let service = required.service;
    let mut link = Link {
        reached: None,
        ways: BTreeSet::new(),
        obstacles: Obstacles::default(),
    };
    let hubs = hubs(context)?;
    let Some(first) = hubs.keys().next() else {
        return Ok(link);
    };
    let mut of_service = Vec::new();
    for hub in hubs.values() {
        let endpoints = hub.endpoints.as_ref().map_err(Gap::clone)?.values();
        let of_hub = endpoints.filter(|endpoint| {
            let leads = endpoint.service.as_ref() == Some(&service.name) && context.local(endpoint);
            leads && endpoint.kind == EndpointKind::Interface
        });
        of_service.extend(of_hub.map(|endpoint| HubEndpoint { hub, endpoint }));
    }
    let obstacles = &mut link.obstacles;
    let usable = of_service.iter().find(|at| at.endpoint.usable());
    if usable.is_none() {
        obstacles.miss(
            "no hub has a usable endpoint to the service",
            format!(
                "Create the endpoint in {first}, with private DNS off, or name in `central.services` the services that \
                 are served centrally, so that the others get local endpoints."
            ),
        );
    }
    let named = names(context, service, &of_service, obstacles)?;
    link.reached = named.or(usable.copied());
    if let Some(at) = link.reached {
        link.ways = routes(context, required, at, obstacles)?;
        groups(required, at, obstacles)?;
        policy(context, service, at, obstacles);
    }
    Ok(link)
}

fn conclude(key: FindingKey, service: &Service, link: &Link<'_>) -> Assessment {
    let Link {
        reached,
        ways,
        obstacles: Obstacles { missing, unclear },
    } = link;
    if !missing.is_empty() {
        let (what, steps): (Vec<_>, Vec<_>) = missing
            .iter()
            .map(|(what, step)| (what.as_str(), step.as_str()))
            .unzip();
        let explanation = format!(
            "The VPC does not reach {} through a hub: {}.",
            service.name,
            what.join("; ")
        );
        return key.non_compliant(explanation, Remediation::Manual(steps.join(" ")));
    }
    match reached {
        Some(HubEndpoint { hub, endpoint }) if unclear.is_empty() => {
            let transit = ways.iter().any(|way| !way.starts_with("pcx-"));
            key.compliant(format!(
                "{} of {} serves {}, by {}{}.",
                endpoint.id,
                hub.vpc.id,
                service.name,
                joined(ways),
                if transit {
                    ", whose own route tables are not examined"
                } else {
                    ""
                }
            ))
        }
        Some(_) | None => key.indeterminate(
            format!(
                "Could not decide whether the VPC reaches {} through a hub: {}.",
                service.name,
                unclear.join("; ")
            ),
            "Check the named part yourself, and add an exemption if it is right.",
        ),
    }
}

fn joined(texts: &BTreeSet<String>) -> String {
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    texts.join(", ")
}

/// Whether the endpoint's groups admit the subnets.
fn groups(required: &Required<'_>, at: HubEndpoint<'_>, obstacles: &mut Obstacles) -> Result<(), Gap> {
    let HubEndpoint { hub, endpoint } = at;
    let Some(ports) = endpoint.service.as_ref().and_then(ServicePorts::of) else {
        return Ok(());
    };
    let groups = hub.security_groups.as_ref().map_err(Gap::clone)?;
    match admission_of(groups, endpoint, &ports, &required.subnets) {
        Admission::Admitted => {}
        Admission::Unclear(reason) => obstacles.unclear.push(reason),
        Admission::Blocked(networks) => {
            let networks = joined(&networks.iter().map(ToString::to_string).collect());
            obstacles.miss(
                format!("no security group of {} admits {ports} from {networks}", endpoint.id),
                format!("Admit {ports} from {networks} in a security group of {}.", endpoint.id),
            );
        }
    }
    Ok(())
}

fn policy(context: &Context<'_>, service: &Service, at: HubEndpoint<'_>, obstacles: &mut Obstacles) {
    let HubEndpoint { hub, endpoint } = at;
    if context.shuts_out(hub, endpoint, service) {
        let account = &context.snapshot.account;
        obstacles.miss(
            format!(
                "the policy of {} lets no principal of account {account} through",
                endpoint.id
            ),
            format!(
                "Allow principals of account {account} in the policy of {}.",
                endpoint.id
            ),
        );
    }
}

#[cfg(test)]
mod tests;
