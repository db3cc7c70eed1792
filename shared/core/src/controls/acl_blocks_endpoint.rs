//! acl-blocks-endpoint: see [`CONTROL`].

use crate::evaluation::network_acls::{Dropped, LAMBDA, LINUX, NetworkAcls, WINDOWS, shown};
use crate::evaluation::service_ports::ServicePorts;
use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation, in_unknown_state};
use crate::model::endpoint::{Endpoint, EndpointKind, EndpointState};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::part::{Gap, Part};

pub static CONTROL: Control = Control {
    name: "acl-blocks-endpoint",
    summary: "Network ACLs drop traffic between an interface endpoint and a subnet whose clients use it.",
    documentation: "\
Network ACLs do not remember connections. The ACL of the client's subnet must let the service's ports out and the \
answers in; that of the endpoint's subnet must let the service's ports in and the answers out. Traffic within a subnet \
passes no ACL.

Answers go to the port from which the client opened the connection: 32768 to 60999 on Linux, 49152 to 65535 on Windows, \
1024 to 65535 for Lambda functions. Answers to Linux and to Windows alike are dropped: non-compliant. To one of the two: \
indeterminate, since Postern does not know the clients. To Lambda functions alone: compliant, and the explanation says \
so, because many owners open 32768 to 65535 on purpose.

The clients are those of every subnet of the VPC if private DNS is enabled, and otherwise those of the subnets for \
which the service is required. One of the service's ports is enough. A service whose ports AWS does not document is \
not judged, and neither are gateway endpoints, whose addresses are outside the VPC. Where entries are about a part of \
a subnet, the verdict is indeterminate.

**Remediation** (manual). Add entries to the network ACL. The finding names direction, ports and networks.",
    finds: "network ACLs that keep clients from an endpoint",
    remediation: "only reports, and names what to allow",
    concern: Concern::Reachability,
    severity: Severity::High,
    frameworks: &[(Framework::Nist80053, "SC-7"), (Framework::CisControls8, "12.2")],
    resource: ResourceKind::Endpoint,
    needs: &[
        Part::Subnets,
        Part::RouteTables,
        Part::Endpoints,
        Part::Services,
        Part::NetworkAcls,
    ],
    changes: &[],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    let endpoints = context.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values();
    let network = context.network_acls()?;
    endpoints
        .filter(|e| e.kind == EndpointKind::Interface && !e.dead() && context.local(e))
        .map(|endpoint| judge(context, endpoint, network))
        .collect()
}

fn judge(context: &Context<'_>, endpoint: &Endpoint, network: &NetworkAcls<'_>) -> Result<Assessment, Gap> {
    let key = FindingKey::new(CONTROL.name, ResourceKind::Endpoint, &endpoint.id);
    let clients = context.clients(endpoint)?;
    let own = network.subnets(&endpoint.subnets);
    let pairs = || {
        let pairs = clients
            .iter()
            .flat_map(|client| own.iter().map(move |subnet| (*client, *subnet)));
        pairs.filter(|(client, subnet)| client.id != subnet.id)
    };
    if pairs().next().is_none() {
        return Ok(key.not_applicable("No other subnet needs the endpoint."));
    }
    if endpoint.state == EndpointState::Unknown {
        return Ok(in_unknown_state(key, endpoint));
    }
    let Some(ports) = endpoint.service.as_ref().and_then(ServicePorts::of) else {
        return Ok(key.not_applicable(
            "AWS does not document the ports of the service, so the network ACLs cannot be evaluated.",
        ));
    };
    let mut dropped = Dropped::default();
    for (client, subnet) in pairs() {
        match network.between(&ports, endpoint.dns_records, client, subnet) {
            Ok(more) => dropped.extend(more),
            Err(unlisted) => {
                return Ok(key.indeterminate(
                    format!("AWS lists no network ACL for {unlisted}."),
                    "If the subnet is new, the next sweep decides. Otherwise check the subnet in the AWS console.",
                ));
            }
        }
    }
    Ok(conclude(key, &dropped, &ports))
}

fn conclude(key: FindingKey, dropped: &Dropped, ports: &ServicePorts) -> Assessment {
    if !dropped.certain.is_empty() {
        let dropped = shown(&dropped.certain);
        return key.non_compliant(
            format!("Network ACLs drop traffic between the endpoint and its clients: {dropped}."),
            Remediation::Manual(format!(
                "Allow this traffic by entries with lower rule numbers than the entries that deny it: {dropped}."
            )),
        );
    }
    if !dropped.unclear.is_empty() {
        return key.indeterminate(
            format!(
                "Could not decide whether network ACLs drop traffic of clients: {}.",
                shown(&dropped.unclear)
            ),
            "Allow this traffic in the network ACLs, or add an exemption if no client is concerned.",
        );
    }
    let (first, last) = if dropped.lambda { (LINUX.0, WINDOWS.1) } else { LAMBDA };
    let lambda = match dropped.lambda {
        true => " Some answers to Lambda functions are dropped: these open connections from 1024 to 65535.",
        false => "",
    };
    key.compliant(format!(
        "The network ACLs let {ports} and answers to TCP {first}-{last} through.{lambda}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::address::AddressType;
    use crate::model::finding::Verdict;
    use crate::model::network_acl::AclEntry;
    use crate::model::snapshot::SubnetClass;
    use crate::settings::ExemptionSelector;
    use crate::testing::{PARTNER, World, advice, assert_needs, bare, compliant, net, nets};

    fn deny(egress: bool, network: &str, ports: Option<(u16, u16)>) -> AclEntry {
        AclEntry {
            number: 90,
            egress,
            tcp: true,
            ports,
            network: net(network),
            allow: false,
        }
    }

    const HTTPS: Option<(u16, u16)> = Some((443, 443));
    const ANY: &str = "0.0.0.0/0";

    /// `vpce-sts` in `subnet-a` (`10.0.0.0/24`), clients in `subnet-b` (`10.0.1.0/24`), each with an ACL of its own.
    fn world() -> World {
        bare()
            .subnet("subnet-a", "a", SubnetClass::Private)
            .subnet("subnet-b", "a", SubnetClass::Private)
            .interface("vpce-sts", "sts", &["subnet-a"])
            .acl("acl-a", "subnet-a", &[])
            .acl("acl-b", "subnet-b", &[])
    }

    fn verdict(world: &World) -> Verdict {
        world.verdict(&CONTROL, "vpce-sts")
    }

    #[test]
    fn acls_that_allow_everything_are_compliant() {
        assert_eq!(verdict(&world()), Verdict::Compliant);
        assert_eq!(verdict(&compliant()), Verdict::Compliant);
    }

    #[test]
    fn each_of_the_four_legs_is_judged() {
        for (acl, subnet, entry, words) in [
            (
                "acl-b",
                "subnet-b",
                deny(true, "10.0.0.0/24", HTTPS),
                "TCP 443 outbound to 10.0.0.0/24 (acl-b of subnet-b)",
            ),
            (
                "acl-a",
                "subnet-a",
                deny(false, "10.0.1.0/24", HTTPS),
                "TCP 443 inbound from 10.0.1.0/24 (acl-a of subnet-a)",
            ),
            (
                "acl-a",
                "subnet-a",
                deny(true, ANY, Some((50_000, 50_100))),
                "answers, TCP 32768-60999 outbound to 10.0.1.0/24 (acl-a of subnet-a)",
            ),
            (
                "acl-b",
                "subnet-b",
                deny(false, ANY, Some((1_024, 65_535))),
                "answers, TCP 32768-60999 inbound from 10.0.0.0/24 (acl-b of subnet-b)",
            ),
        ] {
            let finding = world().acl(acl, subnet, &[entry]).judge(&CONTROL, "vpce-sts");
            assert_eq!(
                finding.explanation(),
                format!("Network ACLs drop traffic between the endpoint and its clients: {words}.")
            );
            assert!(advice(&finding).contains(words), "{finding:#?}");
        }
    }

    #[test]
    fn answers_that_only_some_clients_need_are_distinguished() {
        let dropping = |first, last| {
            let dropped = deny(false, ANY, Some((first, last)));
            world().acl("acl-b", "subnet-b", &[dropped]).judge(&CONTROL, "vpce-sts")
        };
        let lambda = dropping(1_024, 32_767);
        assert_eq!(lambda.verdict(), Verdict::Compliant);
        assert!(lambda.explanation().contains("Lambda functions"), "{lambda:#?}");
        for (dropped, client) in [((32_768, 49_151), "Linux"), ((61_000, 65_535), "Windows")] {
            let finding = dropping(dropped.0, dropped.1);
            assert_eq!(finding.verdict(), Verdict::Indeterminate);
            assert!(
                finding.explanation().contains(&format!("answers to {client}, TCP")),
                "{finding:#?}"
            );
        }
        assert_eq!(dropping(1_024, 65_535).verdict(), Verdict::NonCompliant);
        assert_eq!(dropping(0, 1_023).verdict(), Verdict::Compliant);
    }

    #[test]
    fn entry_for_a_part_of_a_subnet_is_indeterminate() {
        for entry in [
            deny(false, "10.0.1.0/25", HTTPS),
            deny(true, "10.0.1.7/32", Some((40_000, 40_100))),
            deny(true, "10.0.1.7/32", Some((61_000, 65_535))),
        ] {
            let finding = world().acl("acl-a", "subnet-a", &[entry]).judge(&CONTROL, "vpce-sts");
            assert_eq!(finding.verdict(), Verdict::Indeterminate, "{finding:#?}");
            assert!(finding.explanation().contains("part of"), "{finding:#?}");
        }
    }

    #[test]
    fn other_ports_and_traffic_within_a_subnet_do_not_count() {
        let ssh = deny(false, ANY, Some((22, 22)));
        assert_eq!(verdict(&world().acl("acl-a", "subnet-a", &[ssh])), Verdict::Compliant);
        let alone = bare()
            .subnet("subnet-a", "a", SubnetClass::Private)
            .interface("vpce-sts", "sts", &["subnet-a"])
            .acl("acl-a", "subnet-a", &[deny(false, ANY, None)]);
        assert_eq!(verdict(&alone), Verdict::NotApplicable);
    }

    #[test]
    fn one_of_the_ports_of_a_service_is_enough() {
        let mail = |entries: &[AclEntry]| {
            world()
                .interface("vpce-mail", "email-smtp", &["subnet-a"])
                .acl("acl-a", "subnet-a", entries)
                .verdict(&CONTROL, "vpce-mail")
        };
        let most = deny(false, ANY, Some((0, 2_464)));
        assert_eq!(mail(std::slice::from_ref(&most)), Verdict::Compliant);
        assert_eq!(
            mail(&[most, deny(false, ANY, Some((2_465, 2_587)))]),
            Verdict::NonCompliant
        );
    }

    #[test]
    fn each_address_family_of_the_endpoints_names_is_judged() {
        let mut dual = world().edit_endpoint("vpce-sts", |e| e.dns_records = AddressType::Dualstack);
        for (id, ipv6) in [("subnet-a", "2001:db8::/64"), ("subnet-b", "2001:db8:0:1::/64")] {
            dual = dual.edit_subnet(id, |subnet| subnet.ipv6 = nets(&[ipv6]));
        }
        assert_eq!(verdict(&dual), Verdict::Compliant);
        let blocked = dual.acl("acl-a", "subnet-a", &[deny(false, "::/0", None)]);
        assert_eq!(verdict(&blocked), Verdict::NonCompliant);
        let ipv4_names = blocked.edit_endpoint("vpce-sts", |e| e.dns_records = AddressType::Ipv4);
        assert_eq!(verdict(&ipv4_names), Verdict::Compliant);
    }

    #[test]
    fn many_drops_are_counted() {
        let mut world = world();
        for n in 0..6 {
            let id = format!("subnet-{n}");
            world = world.subnet(&id, "a", SubnetClass::Private);
        }
        let finding = world
            .acl("acl-a", "subnet-a", &[deny(false, ANY, HTTPS)])
            .judge(&CONTROL, "vpce-sts");
        assert!(finding.explanation().ends_with("; and 3 more."), "{finding:#?}");
    }

    #[test]
    fn subnet_without_a_network_acl_is_indeterminate() {
        let mut world = world();
        let acls = world.snapshot.network_acls.as_mut().unwrap();
        acls.remove(&"acl-b".into()).unwrap();
        let finding = world.judge(&CONTROL, "vpce-sts");
        assert_eq!(finding.verdict(), Verdict::Indeterminate);
        assert!(finding.explanation().contains("subnet-b"), "{finding:#?}");
    }

    #[test]
    fn endpoints_without_clients_known_ports_or_life_are_not_judged() {
        let partner = world().edit_endpoint("vpce-sts", |e| e.service = Some(PARTNER.into()));
        assert_eq!(verdict(&partner), Verdict::NotApplicable);
        let unused = world().edit_endpoint("vpce-sts", |e| e.private_dns = false);
        assert_eq!(verdict(&unused), Verdict::NotApplicable);
        let dead = world().edit_endpoint("vpce-sts", |e| e.state = EndpointState::Failed);
        assert_eq!(dead.findings(&CONTROL), []);
        let unknown = world().edit_endpoint("vpce-sts", |e| e.state = EndpointState::Unknown);
        assert_eq!(verdict(&unknown), Verdict::Indeterminate);
    }

    #[test]
    fn exempt_endpoint_is_accepted() {
        let selector = ExemptionSelector::Resource("vpce-sts".to_owned());
        let world = world().acl("acl-a", "subnet-a", &[deny(false, ANY, None)]).exempt(
            &CONTROL,
            selector,
            "2027-01-01T00:00:00Z",
        );
        assert!(world.judge(&CONTROL, "vpce-sts").accepted().is_some());
    }

    #[test]
    fn control_reads_exactly_the_parts_that_it_declares() {
        let required = world()
            .require(&["sts"])
            .edit_endpoint("vpce-sts", |e| e.private_dns = false);
        assert_needs(&CONTROL, &[world(), required]);
    }
}
