//! endpoint-address-type: see [`CONTROL`].

use std::collections::BTreeSet;

use super::endpoint_missing::address_type_advice;
use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation, in_unknown_state};
use crate::model::address::AddressType;
use crate::model::catalogue::Service;
use crate::model::endpoint::{Endpoint, EndpointKind, EndpointState};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::id::SubnetId;
use crate::model::part::{Gap, Part};
use crate::model::snapshot::Subnet;

pub static CONTROL: Control = Control {
    name: "endpoint-address-type",
    summary: "The names of an interface endpoint, or the routes of a gateway endpoint, lead to IP addresses that some of \
              its clients do not reach.",
    documentation: "\
A subnet with IPv6 addresses only does not reach IPv4 addresses, nor the reverse. The clients of an interface endpoint \
are those of every subnet of the VPC if private DNS is enabled, and otherwise those of the subnets for which the \
service is required. Its names resolve to the addresses of its DNS record type, which may be fewer than its network \
interfaces have. The clients of a gateway endpoint are those of the subnets of its route tables.

Subnets for which the service is required and that reach no network interface of the endpoint are reported by \
`subnet-uncovered`. The control does not apply where the service offers no other addresses.

**Remediation** (manual). The finding has the command. A dual-stack endpoint needs subnets that have both IPv4 and \
IPv6 addresses.",
    finds: "IPv4 addresses for clients that have IPv6 alone, or the reverse",
    remediation: "shows the command",
    concern: Concern::Reachability,
    severity: Severity::Medium,
    frameworks: &[(Framework::Nist80053, "SC-7"), (Framework::CisControls8, "12.2")],
    resource: ResourceKind::Endpoint,
    needs: &[Part::Subnets, Part::RouteTables, Part::Endpoints, Part::Services],
    changes: &[],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    let mut findings = Vec::new();
    for endpoint in context.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values() {
        let judged = matches!(endpoint.kind, EndpointKind::Interface | EndpointKind::Gateway);
        if judged
            && !endpoint.dead()
            && let Some(service) = context.service_of(endpoint)?
        {
            findings.push(judge(context, endpoint, service)?);
        }
    }
    Ok(findings)
}

fn judge(context: &Context<'_>, endpoint: &Endpoint, service: &Service) -> Result<Assessment, Gap> {
    let key = FindingKey::new(CONTROL.name, ResourceKind::Endpoint, &endpoint.id);
    let clients = clients(context, endpoint, service)?;
    if clients.is_empty() {
        return Ok(key.not_applicable("No subnet needs the endpoint."));
    }
    if endpoint.state == EndpointState::Unknown {
        return Ok(in_unknown_state(key, endpoint));
    }
    let led_to = match endpoint.kind {
        EndpointKind::Gateway => endpoint.address_type,
        EndpointKind::Interface
        | EndpointKind::GatewayLoadBalancer
        | EndpointKind::Resource
        | EndpointKind::ServiceNetwork
        | EndpointKind::Tunnel
        | EndpointKind::Other => endpoint.dns_records,
    };
    let unreached: Vec<_> = clients.iter().filter(|subnet| !subnet.reaches(led_to)).collect();
    if unreached.is_empty() {
        return Ok(key.compliant(format!(
            "Every subnet that needs the endpoint reaches {led_to} addresses."
        )));
    }
    if !service.offers(AddressType::Dualstack) && endpoint.address_type == led_to {
        return Ok(key.not_applicable(format!("{} offers no other addresses than {led_to}.", service.name)));
    }
    let subnets: Vec<_> = unreached.iter().map(|subnet| subnet.id.as_str()).collect();
    let way = match endpoint.kind {
        EndpointKind::Gateway => "routes lead",
        EndpointKind::Interface
        | EndpointKind::GatewayLoadBalancer
        | EndpointKind::Resource
        | EndpointKind::ServiceNetwork
        | EndpointKind::Tunnel
        | EndpointKind::Other => "names resolve",
    };
    let explanation = format!(
        "The endpoint's {way} to {led_to} addresses only, which clients in {} do not reach.",
        subnets.join(", ")
    );
    let advice = match endpoint.address_type {
        AddressType::Dualstack => format!(
            "Run `aws ec2 modify-vpc-endpoint --vpc-endpoint-id {} --dns-options DnsRecordIpType=dualstack`.",
            endpoint.id
        ),
        AddressType::Ipv4 | AddressType::Ipv6 => address_type_advice(context, endpoint, service)?,
    };
    Ok(key.non_compliant(explanation, Remediation::Manual(advice)))
}

/// The subnets whose clients use the endpoint, without those that subnet-uncovered reports.
fn clients<'a>(context: &Context<'a>, endpoint: &Endpoint, service: &Service) -> Result<Vec<&'a Subnet>, Gap> {
    let subnets = context.snapshot.subnets.as_ref().map_err(Gap::clone)?;
    if endpoint.kind == EndpointKind::Gateway {
        let mut clients = Vec::new();
        for subnet in subnets.values() {
            let table = context.snapshot.route_table_of(&subnet.id)?;
            if table.is_some_and(|table| endpoint.route_tables.contains(&table.id)) {
                clients.push(subnet);
            }
        }
        return Ok(clients);
    }
    let requirements = context.required_interface()?;
    let required = requirements
        .services
        .iter()
        .find(|required| required.service == service);
    let required = required.filter(|_| context.local(endpoint));
    let required: Vec<&'a Subnet> = required.map(|required| required.subnets.clone()).unwrap_or_default();
    let uncovered: BTreeSet<&SubnetId> = required
        .iter()
        .filter(|subnet| !subnet.reaches(endpoint.address_type))
        .map(|subnet| &subnet.id)
        .collect();
    let clients = match endpoint.private_dns && !endpoint.private_dns_inbound_only {
        true => subnets.values().collect(),
        false => required,
    };
    Ok(clients
        .into_iter()
        .filter(|subnet| !uncovered.contains(&subnet.id))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Verdict;
    use crate::model::snapshot::SubnetClass;
    use crate::testing::{World, advice, assert_needs, bare, compliant, net};

    fn ipv6_only(subnet: &mut Subnet) {
        subnet.ipv4 = None;
        subnet.ipv6 = [net("2001:db8::/64")].into();
    }

    /// `subnet-app` needs `vpce-sts`; `subnet-six` has IPv6 addresses only.
    fn with_ipv6() -> World {
        bare()
            .subnet("subnet-app", "a", SubnetClass::Private)
            .subnet("subnet-six", "a", SubnetClass::Public)
            .edit_subnet("subnet-six", ipv6_only)
            .require(&["sts"])
            .interface("vpce-sts", "sts", &["subnet-app"])
            .edit_service("sts", EndpointKind::Interface, |s| s.addresses = AddressType::Dualstack)
    }

    fn gateway_in(world: World) -> World {
        world
            .gateway("vpce-s3", "s3", &["rtb-public"])
            .edit_service("s3", EndpointKind::Gateway, |s| s.addresses = AddressType::Dualstack)
    }

    #[test]
    fn endpoint_whose_clients_all_reach_it_is_compliant() {
        assert_eq!(compliant().verdict(&CONTROL, "vpce-sts"), Verdict::Compliant);
        assert_eq!(compliant().verdict(&CONTROL, "vpce-s3"), Verdict::Compliant);
        let both = with_ipv6().edit_endpoint("vpce-sts", |e| {
            e.address_type = AddressType::Dualstack;
            e.dns_records = AddressType::Dualstack;
        });
        assert_eq!(both.verdict(&CONTROL, "vpce-sts"), Verdict::Compliant);
    }

    #[test]
    fn private_dns_that_leads_clients_to_addresses_they_do_not_reach_is_reported() {
        let finding = with_ipv6().judge(&CONTROL, "vpce-sts");
        assert_eq!(
            finding.explanation(),
            "The endpoint's names resolve to IPv4 addresses only, which clients in subnet-six do not reach."
        );
        let before = advice(&finding);
        assert!(
            before.contains("first replace subnet-app by subnets that do"),
            "{before}"
        );
        assert!(before.contains("Then run `aws ec2 modify-vpc-endpoint"), "{before}");
        let off = with_ipv6().edit_endpoint("vpce-sts", |e| e.private_dns = false);
        assert_eq!(
            off.verdict(&CONTROL, "vpce-sts"),
            Verdict::Compliant,
            "only subnet-app uses it"
        );
    }

    #[test]
    fn dns_records_of_one_family_of_a_dual_stack_endpoint_are_reported() {
        let world = with_ipv6().edit_endpoint("vpce-sts", |e| e.address_type = AddressType::Dualstack);
        let advice = advice(&world.judge(&CONTROL, "vpce-sts"));
        assert_eq!(
            advice,
            "Run `aws ec2 modify-vpc-endpoint --vpc-endpoint-id vpce-sts --dns-options DnsRecordIpType=dualstack`."
        );
    }

    #[test]
    fn gateway_endpoint_is_judged_by_the_subnets_of_its_route_tables() {
        let finding = gateway_in(with_ipv6()).judge(&CONTROL, "vpce-s3");
        assert_eq!(
            finding.explanation(),
            "The endpoint's routes lead to IPv4 addresses only, which clients in subnet-six do not reach."
        );
        assert_eq!(
            advice(&finding),
            "vpce-s3 has IPv4 addresses only. Run `aws ec2 modify-vpc-endpoint --vpc-endpoint-id vpce-s3 --ip-address-type \
             dualstack --dns-options DnsRecordIpType=dualstack`."
        );
        let both = gateway_in(with_ipv6()).edit_endpoint("vpce-s3", |e| e.address_type = AddressType::Dualstack);
        assert_eq!(both.verdict(&CONTROL, "vpce-s3"), Verdict::Compliant);
        let elsewhere =
            gateway_in(with_ipv6()).edit_endpoint("vpce-s3", |e| e.route_tables = ["rtb-private".into()].into());
        assert_eq!(elsewhere.verdict(&CONTROL, "vpce-s3"), Verdict::Compliant);
    }

    #[test]
    fn subnet_that_subnet_uncovered_reports_is_not_reported_twice() {
        let mut world = with_ipv6();
        world.settings.requirements[0].subnets.classes = [SubnetClass::Private, SubnetClass::Public].into();
        assert_eq!(world.verdict(&CONTROL, "vpce-sts"), Verdict::Compliant);
        let uncovered = world.verdict(&crate::controls::subnet_uncovered::CONTROL, "subnet-six");
        assert_eq!(uncovered, Verdict::NonCompliant);
    }

    #[test]
    fn service_without_other_addresses_and_endpoint_without_clients_are_not_applicable() {
        let world = with_ipv6().edit_service("sts", EndpointKind::Interface, |s| s.addresses = AddressType::Ipv4);
        assert_eq!(world.verdict(&CONTROL, "vpce-sts"), Verdict::NotApplicable);
        let mut unused = with_ipv6().edit_endpoint("vpce-sts", |e| e.private_dns = false);
        unused.settings.requirements.clear();
        assert_eq!(unused.verdict(&CONTROL, "vpce-sts"), Verdict::NotApplicable);
    }

    #[test]
    fn unknown_state_is_indeterminate_and_dead_endpoints_have_no_findings() {
        let odd = with_ipv6().edit_endpoint("vpce-sts", |e| e.state = EndpointState::Unknown);
        assert_eq!(odd.verdict(&CONTROL, "vpce-sts"), Verdict::Indeterminate);
        let dead = with_ipv6().edit_endpoint("vpce-sts", |e| e.state = EndpointState::Failed);
        assert_eq!(dead.findings(&CONTROL), []);
    }

    #[test]
    fn control_reads_exactly_the_parts_that_it_declares() {
        assert_needs(&CONTROL, &[gateway_in(with_ipv6())]);
    }
}
