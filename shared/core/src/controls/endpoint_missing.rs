//! endpoint-missing: see [`CONTROL`].

use std::collections::{BTreeMap, BTreeSet};

use crate::changes::{Change, ChangeKind, NewEndpoint};
use crate::controls::credentials_unbound;
use crate::evaluation::network_acls::{NetworkAcls, Usage};
use crate::evaluation::placement::Search;
use crate::evaluation::requirement::Required;
use crate::evaluation::service_ports::ServicePorts;
use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation, in_unknown_state};
use crate::history::Action;
use crate::model::address::AddressType;
use crate::model::catalogue::Service;
use crate::model::endpoint::{Endpoint, EndpointKind};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::id::{SubnetId, Zone};
use crate::model::part::{Gap, Part};
use crate::model::snapshot::Subnet;
use crate::model::token::client_token;
use crate::settings::Mode;

pub static CONTROL: Control = Control {
    name: "endpoint-missing",
    summary: "A required service has no usable endpoint in a VPC that has subnets which need it.",
    documentation: "\
Without an endpoint the workloads of the VPC reach the service through a NAT gateway and public addresses, or not at \
all.

An endpoint counts when it is of the required type, leads to the service in the VPC's own Region, is pending, waiting \
for acceptance or available, and has addresses (IPv4, IPv6 or both) that one of the subnets reaches. A VPC that `[central]` selects as a spoke gets no \
endpoint to a service that is served centrally: `central-unreachable` evaluates it. In a hub, endpoints are created \
without private DNS.

**Remediation** (automatic; interrupting with private DNS or routes). Creates the endpoint. A gateway endpoint is \
associated with the route tables of the subnets that need it. An interface endpoint gets, in each zone that the \
service supports, the subnet with the most free addresses whose network ACLs let the traffic of the endpoint's clients \
through; where no subnet of any zone is left, the finding names the entries to add. Clients whose own network ACL lets no \
traffic to the service through anywhere do not count. The addresses of the endpoint are of the type (IPv4, IPv6 or both) \
with which most subnets reach it; IPv4 where that makes no difference. It also gets the managed security group of the VPC, and \
private DNS where the service has a private DNS name and no gateway type. Both types get the perimeter policy where \
the service supports policies. No endpoint is created while the DNS attributes of the VPC would make private DNS \
fail (`vpc-dns-disabled` enables them first), while the VPC has as many interface endpoints as the default quota of AWS allows, while the perimeter is empty, or while a private hosted zone of the \
service's name is associated with the VPC: the finding names the zone then.

Private DNS sends all clients of the VPC to the new endpoint, and the routes of a gateway endpoint drop open \
connections to the service.

An interface endpoint is billed per zone and hour, whether it is used or not.",
    finds: "a required service without an endpoint",
    remediation: "creates it: zones, security group, private DNS, perimeter policy",
    concern: Concern::Reachability,
    severity: Severity::High,
    frameworks: &[
        (Framework::SecurityHub, "EC2.10"),
        (Framework::SecurityHub, "EC2.55"),
        (Framework::SecurityHub, "EC2.56"),
        (Framework::SecurityHub, "EC2.57"),
        (Framework::SecurityHub, "EC2.58"),
        (Framework::SecurityHub, "EC2.60"),
        (Framework::AwsConfig, "service-vpc-endpoint-enabled"),
        (Framework::AwsConfig, "vpc-endpoint-enabled"),
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
        Part::SecurityGroups,
        Part::Services,
        Part::NetworkAcls,
        Part::HostedZones,
    ],
    changes: &[
        ChangeKind::CreateManagedGroup,
        ChangeKind::AuthorizeIngress,
        ChangeKind::CreateEndpoint,
    ],
    opt_in: false,
    writes_perimeter_policies: true,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    let vpc = &context.snapshot.vpc.id;
    let mut findings = Vec::new();
    for required in [Context::required_interface, Context::required_gateway] {
        let requirements = required(context)?;
        let kind = requirements.kind;
        let key = |service: &str| {
            FindingKey::new(CONTROL.name, ResourceKind::Vpc, vpc)
                .for_service(service)
                .of_kind(kind)
        };
        for required in &requirements.services {
            findings.push(judge(context, required, key(required.service.name.as_str()))?);
        }
        for service in &requirements.unresolved {
            let key = key(service.name);
            let reason = service.reason.as_str();
            findings.push(key.indeterminate(service.explanation, reason));
        }
    }
    Ok(findings)
}

fn judge(context: &Context<'_>, required: &Required<'_>, key: FindingKey) -> Result<Assessment, Gap> {
    let service = required.service;
    if required.subnets.is_empty() {
        return Ok(key.not_applicable("No subnet of the VPC needs the service."));
    }
    let serving = context.serving(service)?;
    let reached = |endpoint: &&&Endpoint| {
        required
            .subnets
            .iter()
            .any(|subnet| subnet.reaches(endpoint.address_type))
    };
    if let Some(endpoint) = serving.iter().find(reached) {
        return Ok(key.compliant(format!("{} serves {}.", endpoint.id, service.name)));
    }
    if serving.is_empty() && context.uses_centrally(service) {
        return Ok(
            key.not_applicable("A hub serves the VPC (`[central]`); `central-unreachable` evaluates the way to it.")
        );
    }
    if let Some(doubtful) = context.doubtful(service)?.first() {
        return Ok(in_unknown_state(key, doubtful));
    }
    let others = context.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values();
    let others: Vec<_> = others
        .filter(|e| e.service.as_ref() == Some(&service.name) && context.local(e))
        .collect();
    let explanation = format!(
        "{} subnet{} of the VPC {} {} and no usable {} endpoint serves {}.",
        required.subnets.len(),
        if required.subnets.len() == 1 { "" } else { "s" },
        if required.subnets.len() == 1 { "needs" } else { "need" },
        service.name,
        service.kind.word(),
        if required.subnets.len() == 1 { "it" } else { "them" },
    );
    let remediation = match serving.first() {
        // Private DNS is exclusive, so that a second endpoint would not help.
        Some(endpoint) => Remediation::Manual(address_type_advice(context, endpoint, service)?),
        None => remedy(context, required, &others)?,
    };
    Ok(key.non_compliant(explanation, remediation))
}

/// What a person can do where the addresses of an endpoint are none that its clients reach.
pub(super) fn address_type_advice(
    context: &Context<'_>,
    endpoint: &Endpoint,
    service: &Service,
) -> Result<String, Gap> {
    let (id, has) = (&endpoint.id, endpoint.address_type);
    if !service.offers(AddressType::Dualstack) {
        return Ok(format!(
            "{id} has {has} addresses, and {} offers no others. Move the clients to subnets with {has} addresses, or add \
             an exemption.",
            service.name
        ));
    }
    let subnets = context.snapshot.subnets.as_ref().map_err(Gap::clone)?;
    let own = endpoint.subnets.iter().filter_map(|id| subnets.get(id));
    let others = own.filter(|subnet| !subnet.hosts(AddressType::Dualstack));
    let others: Vec<_> = others.map(|subnet| subnet.id.as_str()).collect();
    let exchange = match others.as_slice() {
        [] => String::new(),
        others => format!(
            " All its subnets must have IPv4 and IPv6 addresses: first replace {} by subnets that do, or add IPv6 addresses.",
            others.join(", ")
        ),
    };
    let then = if exchange.is_empty() { "Run" } else { "Then run" };
    Ok(format!(
        "{id} has {has} addresses only.{exchange} {then} `aws ec2 modify-vpc-endpoint --vpc-endpoint-id {id} \
         --ip-address-type dualstack --dns-options DnsRecordIpType=dualstack`."
    ))
}

fn remedy(context: &Context<'_>, required: &Required<'_>, others: &[&Endpoint]) -> Result<Remediation, Gap> {
    let service = required.service;
    let snapshot = context.snapshot;
    if service.manages_endpoints {
        return Ok(Remediation::Manual(format!(
            "{} creates its endpoints itself. Enable it for this VPC in that service.",
            service.name
        )));
    }
    let policy = match policy(context, service) {
        Ok(policy) => policy,
        Err(reason) => return Ok(Remediation::Manual(reason)),
    };
    let ports = ServicePorts::of(&service.name);
    let mut new = NewEndpoint {
        vpc: snapshot.vpc.id.clone(),
        service: service.name.clone(),
        endpoint_kind: service.kind,
        subnets: BTreeMap::new(),
        route_tables: BTreeSet::new(),
        group: None,
        address_type: AddressType::Ipv4,
        // Clients of a service whose ports are not known may use some that no security group admits.
        private_dns: ports.is_some() && context.wants_private_dns(service)?,
        policy,
        client_token: token(context, service, others),
    };
    if let Some(zone) = context.hosted_zone_of(service).filter(|_| new.private_dns) {
        return Ok(Remediation::Manual(context.hosted_zone_advice(zone)));
    }
    if service.kind == EndpointKind::Gateway {
        let unreached = required.subnets.iter().any(|subnet| !subnet.reaches(AddressType::Ipv4));
        if unreached && service.offers(AddressType::Dualstack) {
            new.address_type = AddressType::Dualstack;
        }
        new.route_tables = context.route_tables_of(&required.subnets)?.into_iter().collect();
        return Ok(Remediation::Automatic(vec![Change::CreateEndpoint(new)]));
    }
    if ports.as_ref().is_some_and(|ports| ports.udp) {
        return Ok(Remediation::Manual(
            "Create the endpoint with a security group that admits the TCP and UDP ports of the service. The security group \
             that Postern manages admits TCP ports only."
                .to_owned(),
        ));
    }
    let dns = snapshot.dns.as_ref().map_err(Gap::clone)?;
    if new.private_dns && !(dns.support && dns.hostnames) {
        return Ok(Remediation::Manual(
            "Enable DNS support and DNS hostnames of the VPC first (control `vpc-dns-disabled`). Private DNS needs these two attributes."
                .to_owned(),
        ));
    }
    if let Some(full) = context.endpoint_quota()? {
        return Ok(Remediation::Manual(full));
    }
    let clients = if new.private_dns {
        context.all_subnets()?
    } else {
        required.subnets.clone()
    };
    let ports = ports.unwrap_or_else(ServicePorts::https);
    let network_acls = context.network_acls()?;
    match best_placement(&searches(required, network_acls, &ports, &clients)) {
        Ok(placed) => (new.address_type, new.subnets) = placed,
        Err(advice) => return Ok(Remediation::Manual(advice)),
    }
    let (group, mut changes) = match context.managed_group_for(&ports, &clients, new.address_type)? {
        Ok(prepared) => prepared,
        Err(advice) => return Ok(Remediation::Manual(advice)),
    };
    new.group = Some(group);
    changes.push(Change::CreateEndpoint(new));
    Ok(Remediation::Automatic(changes))
}

fn policy(context: &Context<'_>, service: &Service) -> Result<Option<String>, String> {
    if !service.policy_supported {
        return Ok(None);
    }
    match context.perimeter_policy(service) {
        // As credentials-unbound wants it, where that control is on.
        Ok(policy)
            if context.hub().is_none() && context.settings.modes.of(credentials_unbound::CONTROL.name) != Mode::Off =>
        {
            Ok(Some(context.bound_policy(service, policy)))
        }
        Ok(policy) => Ok(Some(policy)),
        Err(error) => Err(format!("Complete `[perimeter]` in `postern.toml`: {error}.")),
    }
}

/// A search for the subnets of a new endpoint, for each type of addresses that it may have.
fn searches<'a>(
    required: &'a Required<'a>,
    network_acls: &'a NetworkAcls<'a>,
    ports: &ServicePorts,
    clients: &[&'a Subnet],
) -> Vec<Search<'a>> {
    let types = [AddressType::Ipv4, AddressType::Dualstack, AddressType::Ipv6];
    let offered = types
        .into_iter()
        .filter(|addresses| required.service.offers(*addresses));
    let search = |addresses| Search {
        service: required.service,
        subnets: &required.subnets,
        addresses,
        network_acls,
        usage: Usage {
            ports: ports.clone(),
            addresses,
            clients: clients.to_vec(),
            by_spokes: false,
            present: Vec::new(),
        },
    };
    offered.map(search).collect()
}

/// The addresses with which most subnets reach an endpoint and then most lie in a zone of it, and its subnets. Err where no
/// subnet can have a network interface, with what to do.
fn best_placement(searches: &[Search<'_>]) -> Result<(AddressType, BTreeMap<Zone, SubnetId>), String> {
    let placements = searches.iter().map(|search| (search, search.placement()));
    // The first of several that serve as many.
    let best = placements
        .filter(|(_, placed)| !placed.is_empty())
        .rev()
        .max_by_key(|(search, placed)| {
            let reaching = |subnet: &&&Subnet| subnet.reaches(search.addresses);
            let reaching = search.subnets.iter().filter(reaching);
            let covered = reaching.clone().filter(|subnet| placed.contains_key(&subnet.zone));
            (reaching.count(), covered.count())
        });
    if let Some((search, placed)) = best {
        return Ok((search.addresses, placed));
    }
    let nearest = searches.iter().rev().max_by_key(|search| search.nearest());
    Err(nearest.map(|search| search.advice(None)).unwrap_or_default())
}

/// The client token of the request: the same for every run that observes the same endpoints and the same history. Dead
/// endpoints and earlier requests are part of it: to a request with the token of an endpoint that was deleted since, EC2
/// would return that endpoint.
fn token(context: &Context<'_>, service: &Service, others: &[&Endpoint]) -> String {
    let dead = others.iter().filter(|e| e.dead()).map(|e| e.id.as_str());
    let earlier = context.history.records.iter().filter(|record| {
        let same = |new: &NewEndpoint| new.service == service.name && new.endpoint_kind == service.kind;
        record.status.settled() && matches!(&record.action, Action::Change(Change::CreateEndpoint(new)) if same(new))
    });
    let request = [
        "endpoint",
        context.snapshot.vpc.id.as_str(),
        service.name.as_str(),
        service.kind.word(),
    ];
    client_token(
        request
            .into_iter()
            .chain(dead)
            .chain(earlier.map(|record| record.id.as_str())),
    )
}

#[cfg(test)]
mod tests;
