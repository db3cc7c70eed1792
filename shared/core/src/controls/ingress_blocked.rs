//! ingress-blocked: see [`CONTROL`].

use ipnet::IpNet;

use crate::changes::ChangeKind;
use crate::evaluation::ingress::Admission;
use crate::evaluation::service_ports::ServicePorts;
use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation, in_unknown_state};
use crate::model::endpoint::{Endpoint, EndpointKind, EndpointState};
use crate::model::finding::{FindingKey, ResourceKind, Severity, Verdict};
use crate::model::part::{Gap, Part};
use crate::model::snapshot::{IngressSource, Vpc};

pub static CONTROL: Control = Control {
    name: "ingress-blocked",
    summary: "The security groups of an interface endpoint do not admit the service's ports from the subnets that need it.",
    documentation: "\
Private DNS sends the clients of every subnet of the VPC to the endpoint that has it enabled. All of them need \
access, whether the service is required for their subnet or not: a security group that does not admit a subnet cuts \
it off from the service. An endpoint without private DNS is needed only by the subnets for which the service is \
required.

Most services listen on TCP 443. Some listen on other ports or on several, such as `email-smtp` and `cassandra`; a \
subnet from which one of the ports is admitted counts as admitted. A service whose ports AWS does not document is not \
judged.

The endpoints of a hub (`[central]`) are also needed by the VPCs that use them centrally.

Rules that admit members of another security group or a prefix list are not resolved. Where only such a rule may \
admit a subnet, the verdict is indeterminate.

**Remediation** (automatic, additive; manual for services that listen on UDP ports, too). Attaches the managed \
security group of the VPC, which admits the ports of the service from the subnets that need the endpoint. Other security groups are \
neither edited nor detached. The finding says what to do where the default quotas of AWS admit no further security group or \
rule, and where another security group has the name of the managed one.",
    finds: "security groups that keep clients out",
    remediation: "attaches a security group that it manages; never edits yours",
    concern: Concern::Reachability,
    severity: Severity::High,
    frameworks: &[(Framework::Nist80053, "SC-7"), (Framework::CisControls8, "12.2")],
    resource: ResourceKind::Endpoint,
    needs: &[
        Part::Subnets,
        Part::RouteTables,
        Part::Endpoints,
        Part::SecurityGroups,
        Part::Services,
        Part::Central,
    ],
    changes: &[
        ChangeKind::CreateManagedGroup,
        ChangeKind::AuthorizeIngress,
        ChangeKind::AttachManagedGroup,
    ],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    let mut findings = Vec::new();
    for endpoint in context.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values() {
        if endpoint.kind == EndpointKind::Interface && !endpoint.dead() && context.local(endpoint) {
            let own = judge(context, endpoint)?;
            let settled = matches!(own.conclusion.verdict(), Verdict::NonCompliant | Verdict::Indeterminate);
            let of_spokes = if settled {
                None
            } else {
                of_hub(context, endpoint, &own.key)?
            };
            findings.push(of_spokes.unwrap_or(own));
        }
    }
    Ok(findings)
}

fn judge(context: &Context<'_>, endpoint: &Endpoint) -> Result<Assessment, Gap> {
    let key = FindingKey::new(CONTROL.name, ResourceKind::Endpoint, &endpoint.id);
    if context.quarantines() && context.unapproved(endpoint)? {
        return Ok(key.not_applicable("The settings ask for the quarantine of the endpoint. See service-unapproved."));
    }
    let subnets = context.clients(endpoint)?;
    if subnets.is_empty() {
        return Ok(key.not_applicable("No subnet needs the endpoint."));
    }
    if endpoint.state == EndpointState::Unknown {
        return Ok(in_unknown_state(key, endpoint));
    }
    let Some(ports) = endpoint.service.as_ref().and_then(ServicePorts::of) else {
        return Ok(key.not_applicable(
            "AWS does not document the ports of the service, so the security groups cannot be evaluated.",
        ));
    };
    Ok(match context.admission(endpoint, &ports, &subnets)? {
        Admission::Admitted => key.compliant(format!(
            "{ports} is admitted from every subnet that needs the endpoint."
        )),
        Admission::Unclear(reason) => key.indeterminate(
            format!(
                "Could not decide whether the subnets that need {} are admitted: {reason}.",
                endpoint.id
            ),
            format!("Admit {ports} from the CIDRs of these subnets, or add an exemption."),
        ),
        Admission::Blocked(networks) => {
            let networks: Vec<_> = networks.iter().map(ToString::to_string).collect();
            let networks = networks.join(", ");
            let remediation = if ports.udp {
                Remediation::Manual(format!(
                    "Admit {ports} and its UDP ports from {networks} in a security group of the endpoint. The security \
                     group that Postern manages admits TCP ports only."
                ))
            } else {
                let admitting = context.admit(endpoint, &ports, &subnets)?;
                admitting.map_or_else(Remediation::Manual, Remediation::Automatic)
            };
            key.non_compliant(
                format!("No security group of the endpoint admits {ports} from {networks}."),
                remediation,
            )
        }
    })
}

/// What there is to say of an endpoint of a hub whose groups admit no network of a spoke that needs it.
fn of_hub(context: &Context<'_>, endpoint: &Endpoint, key: &FindingKey) -> Result<Option<Assessment>, Gap> {
    let Some(service) = context.service_of(endpoint)?.filter(|_| endpoint.usable()) else {
        return Ok(None);
    };
    let spokes = context.spokes_of(service);
    let Some(ports) = ServicePorts::of(&service.name).filter(|_| !spokes.is_empty()) else {
        return Ok(None);
    };
    let groups = context.snapshot.security_groups.as_ref().map_err(Gap::clone)?;
    let of_endpoint = endpoint.security_groups.iter().filter_map(|id| groups.get(id));
    let rules: Vec<_> = of_endpoint
        .flat_map(|group| &group.ingress)
        .filter(|rule| ports.overlap(rule))
        .collect();
    // Whole networks are known of a spoke, and not in which subnets its clients are: `central-unreachable` knows.
    let admitted = |spoke: &&Vpc| {
        rules.iter().any(|rule| match &rule.source {
            IngressSource::Cidr(network) => {
                let meets = |cidr: &IpNet| cidr.contains(network) || network.contains(cidr);
                spoke.cidrs.iter().any(meets)
            }
            IngressSource::Group(_) | IngressSource::PrefixList(_) => true,
        })
    };
    let blocked: Vec<_> = spokes
        .into_iter()
        .filter(|spoke| !admitted(spoke))
        .map(of_spoke)
        .collect();
    let blocked = blocked.join(", ");
    Ok((!blocked.is_empty()).then(|| {
        key.clone().non_compliant(
            format!("No security group of the endpoint admits {ports} from VPCs that use it centrally: {blocked}."),
            Remediation::Manual(format!(
                "Admit {ports} from the subnets of these VPCs in a security group of {}. `central-unreachable` names the \
                 networks.",
                endpoint.id
            )),
        )
    }))
}

fn of_spoke(spoke: &Vpc) -> String {
    let cidrs: Vec<_> = spoke.cidrs.iter().map(ToString::to_string).collect();
    format!("{} ({})", spoke.id, cidrs.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::{AttachManagedGroup, AuthorizeIngress, CreateManagedGroup, HTTPS};
    use crate::changes::{Change, ManagedGroup};
    use crate::model::address::AddressType;
    use crate::model::endpoint::EndpointState;
    use crate::model::finding::Verdict;
    use crate::model::snapshot::{IngressRule, IngressSource, Protocol, SubnetClass};
    use crate::testing::central::hub_with_spoke;
    use crate::testing::{
        STRANGER, VPC, World, advice, assert_needs, bare, changes, compliant, https, net, nets, rule, tags,
    };

    /// `10.0.0.0/24` and `10.0.1.0/24` are clients of `vpce-sts`, whose only group has these rules.
    fn guarded(ingress: &[IngressRule]) -> World {
        bare()
            .subnet("subnet-a", "a", SubnetClass::Private)
            .subnet("subnet-web", "b", SubnetClass::Public)
            .require(&["sts"])
            .interface("vpce-sts", "sts", &["subnet-a"])
            .group("sg-https", ingress)
    }

    fn verdict(ingress: &[IngressRule]) -> Verdict {
        guarded(ingress).verdict(&CONTROL, "vpce-sts")
    }

    fn from(cidr: &str) -> IngressSource {
        IngressSource::Cidr(net(cidr))
    }

    fn managed() -> ManagedGroup {
        ManagedGroup { vpc: VPC.into() }
    }

    fn attachment(endpoint: &str) -> Change {
        Change::AttachManagedGroup(AttachManagedGroup {
            endpoint: endpoint.into(),
            group: managed(),
        })
    }

    #[test]
    fn rule_that_covers_port_443_admits() {
        for (protocol, ports) in [
            (Protocol::Tcp, Some((443, 443))),
            (Protocol::Tcp, Some((0, 65_535))),
            (Protocol::Tcp, Some((443, 444))),
            (Protocol::Tcp, Some((400, 443))),
            (Protocol::Tcp, None),
            (Protocol::All, None),
            (Protocol::All, Some((0, 0))),
        ] {
            let rules = [rule(protocol, ports, from("0.0.0.0/0"))];
            assert_eq!(verdict(&rules), Verdict::Compliant, "{rules:?}");
        }
    }

    #[test]
    fn groups_of_a_mail_endpoint_are_judged_by_its_own_ports() {
        let world = |ingress: &[IngressRule]| {
            bare()
                .subnet("subnet-a", "a", SubnetClass::Private)
                .interface("vpce-mail", "email-smtp", &["subnet-a"])
                .group("sg-https", ingress)
        };
        let from = || from("10.0.0.0/16");
        let smtp = [25, 465, 587, 2465, 2587].map(|port| rule(Protocol::Tcp, Some((port, port)), from()));
        assert_eq!(world(&smtp).verdict(&CONTROL, "vpce-mail"), Verdict::Compliant);
        assert_eq!(world(&smtp).plan().changes, []);
        let submission = [rule(Protocol::Tcp, Some((587, 587)), from())];
        assert_eq!(world(&submission).verdict(&CONTROL, "vpce-mail"), Verdict::Compliant);
        let web = world(&[https("10.0.0.0/16")]);
        let finding = web.judge(&CONTROL, "vpce-mail");
        assert_eq!(
            finding.explanation(),
            "No security group of the endpoint admits TCP 25, 465, 587, 2465 or 2587 from 10.0.0.0/24."
        );
        let rules = changes(&finding).iter().filter_map(|change| match change {
            Change::AuthorizeIngress(change) => Some(change.ports.0),
            _ => None,
        });
        assert_eq!(rules.collect::<Vec<_>>(), [25, 465, 587, 2465, 2587]);
    }

    #[test]
    fn group_for_tcp_alone_is_no_remedy_for_udp_ports() {
        let world = bare()
            .subnet("subnet-a", "a", SubnetClass::Private)
            .offer("highlander")
            .interface("vpce-stream", "highlander", &["subnet-a"])
            .group("sg-https", &[]);
        let finding = world.judge(&CONTROL, "vpce-stream");
        assert!(
            advice(&finding).starts_with("Admit TCP 443 or 4195 and its UDP ports"),
            "{finding:#?}"
        );
    }

    #[test]
    fn groups_of_a_service_without_documented_ports_are_not_judged() {
        let world = bare()
            .subnet("subnet-a", "a", SubnetClass::Private)
            .interface("vpce-sts", "sts", &["subnet-a"])
            .group("sg-https", &[])
            .edit_endpoint("vpce-sts", |e| {
                e.service = Some("com.amazonaws.eu-central-1.tomorrow".into())
            });
        assert_eq!(world.verdict(&CONTROL, "vpce-sts"), Verdict::NotApplicable);
    }

    #[test]
    fn rule_for_another_port_or_protocol_admits_nothing() {
        for (protocol, ports) in [
            (Protocol::Tcp, Some((444, 65_535))),
            (Protocol::Tcp, Some((0, 442))),
            (Protocol::Other, Some((443, 443))),
            (Protocol::Other, None),
        ] {
            let rules = [rule(protocol, ports, from("0.0.0.0/0"))];
            assert_eq!(verdict(&rules), Verdict::NonCompliant, "{rules:?}");
        }
        assert_eq!(verdict(&[]), Verdict::NonCompliant);
    }

    #[test]
    fn rules_of_several_groups_admit_together() {
        let halves = [https("10.0.0.0/25"), https("10.0.0.128/25")];
        assert_eq!(verdict(&halves), Verdict::NonCompliant);
        let all = [halves.as_slice(), &[https("10.0.1.0/24")]].concat();
        assert_eq!(verdict(&all), Verdict::Compliant);
        let of_two_groups = guarded(&[https("10.0.0.0/24")])
            .group("sg-more", &[https("10.0.1.0/24")])
            .edit_endpoint("vpce-sts", |e| {
                e.security_groups.insert("sg-more".into());
            });
        assert_eq!(of_two_groups.verdict(&CONTROL, "vpce-sts"), Verdict::Compliant);
    }

    #[test]
    fn rule_for_part_of_a_subnet_is_not_enough() {
        let finding = guarded(&[https("10.0.0.0/24"), https("10.0.1.0/25")]).judge(&CONTROL, "vpce-sts");
        assert_eq!(
            finding.explanation(),
            "No security group of the endpoint admits TCP 443 from 10.0.1.0/24."
        );
    }

    #[test]
    fn ipv6_rule_admits_no_ipv4_client() {
        assert_eq!(verdict(&[https("::/0")]), Verdict::NonCompliant);
    }

    #[test]
    fn subnet_without_ipv4_has_no_clients() {
        let world = guarded(&[https("10.0.0.0/24")]).edit_subnet("subnet-web", |s| {
            s.ipv4 = None;
            s.ipv6 = [net("2001:db8::/64")].into();
        });
        assert_eq!(world.verdict(&CONTROL, "vpce-sts"), Verdict::Compliant);
    }

    #[test]
    fn ipv6_clients_are_judged_where_names_resolve_to_ipv6_addresses() {
        let world =
            guarded(&[https("10.0.0.0/16")]).edit_subnet("subnet-web", |s| s.ipv6 = [net("2001:db8::/64")].into());
        assert_eq!(world.verdict(&CONTROL, "vpce-sts"), Verdict::Compliant);
        let dual = world.edit_endpoint("vpce-sts", |e| {
            e.address_type = AddressType::Dualstack;
            e.dns_records = AddressType::Dualstack;
        });
        let finding = dual.judge(&CONTROL, "vpce-sts");
        assert_eq!(
            finding.explanation(),
            "No security group of the endpoint admits TCP 443 from 2001:db8::/64."
        );
        let remedied = changes(&finding).iter().fold(dual.clone(), |mut world, change| {
            world.snapshot = change.make_in(&world.snapshot);
            world
        });
        assert_eq!(remedied.verdict(&CONTROL, "vpce-sts"), Verdict::Compliant);
        let open = dual.group("sg-https", &[https("10.0.0.0/16"), https("::/0")]);
        assert_eq!(open.verdict(&CONTROL, "vpce-sts"), Verdict::Compliant);
    }

    #[test]
    fn rule_by_group_or_prefix_list_is_indeterminate() {
        for source in [
            IngressSource::Group("sg-clients".to_owned()),
            IngressSource::PrefixList("pl-1".to_owned()),
        ] {
            let by_membership = rule(Protocol::Tcp, Some((443, 443)), source.clone());
            assert_eq!(verdict(std::slice::from_ref(&by_membership)), Verdict::Indeterminate);
            assert_eq!(verdict(&[by_membership, https("10.0.0.0/16")]), Verdict::Compliant);
            let for_ssh = rule(Protocol::Tcp, Some((22, 22)), source);
            assert_eq!(verdict(&[for_ssh]), Verdict::NonCompliant);
        }
    }

    #[test]
    fn unobserved_group_is_indeterminate() {
        let world = guarded(&[https("10.0.0.0/24")]).edit_endpoint("vpce-sts", |e| {
            e.security_groups.insert("sg-unknown".into());
        });
        let finding = world.judge(&CONTROL, "vpce-sts");
        assert_eq!(finding.verdict(), Verdict::Indeterminate);
        assert!(
            finding.explanation().contains("sg-unknown"),
            "{}",
            finding.explanation()
        );
    }

    #[test]
    fn managed_group_is_created_and_attached() {
        let finding = guarded(&[]).judge(&CONTROL, "vpce-sts");
        assert_eq!(
            changes(&finding),
            [
                Change::CreateManagedGroup(CreateManagedGroup::for_ingress(VPC.into())),
                Change::AuthorizeIngress(AuthorizeIngress {
                    group: managed(),
                    ports: HTTPS,
                    cidrs: nets(&["10.0.0.0/23"]),
                }),
                attachment("vpce-sts"),
            ]
        );
    }

    #[test]
    fn existing_managed_group_is_attached_and_extended() {
        let detached = guarded(&[]).managed_group("sg-managed", &[https("10.0.0.0/16")]);
        assert_eq!(changes(&detached.judge(&CONTROL, "vpce-sts")), [attachment("vpce-sts")]);
        let stale = detached
            .managed_group("sg-managed", &[https("10.0.0.0/24")])
            .edit_endpoint("vpce-sts", |e| {
                e.security_groups.insert("sg-managed".into());
            });
        assert_eq!(
            changes(&stale.judge(&CONTROL, "vpce-sts")),
            [Change::AuthorizeIngress(AuthorizeIngress {
                group: managed(),
                ports: HTTPS,
                cidrs: nets(&["10.0.1.0/24"]),
            })]
        );
    }

    #[test]
    fn private_dns_for_inbound_resolvers_sends_no_client_of_the_vpc_to_the_endpoint() {
        let world = |inbound_only| {
            bare()
                .subnet("subnet-a", "a", SubnetClass::Private)
                .interface("vpce-s3", "s3", &["subnet-a"])
                .group("sg-https", &[https("192.168.0.0/16")])
                .edit_endpoint("vpce-s3", |e| {
                    e.private_dns = true;
                    e.private_dns_inbound_only = inbound_only;
                })
        };
        assert_eq!(world(true).verdict(&CONTROL, "vpce-s3"), Verdict::NotApplicable);
        assert_eq!(world(false).verdict(&CONTROL, "vpce-s3"), Verdict::NonCompliant);
    }

    #[test]
    fn only_requiring_subnets_are_clients_without_private_dns() {
        let world = guarded(&[https("10.0.0.0/24")]).edit_endpoint("vpce-sts", |e| e.private_dns = false);
        assert_eq!(world.verdict(&CONTROL, "vpce-sts"), Verdict::Compliant);
        let mut unrequired = world;
        unrequired.settings.requirements.clear();
        assert_eq!(unrequired.verdict(&CONTROL, "vpce-sts"), Verdict::NotApplicable);
        let holding = unrequired.edit_endpoint("vpce-sts", |e| e.private_dns = true);
        assert_eq!(holding.verdict(&CONTROL, "vpce-sts"), Verdict::NonCompliant);
    }

    #[test]
    fn endpoints_managed_by_others_are_reported_and_not_changed() {
        type Edit = fn(&mut Endpoint);
        let keepers: [(Edit, &str); 3] = [
            (
                |e| e.requester_managed = true,
                "is managed by the AWS service that requested it",
            ),
            (|e| e.owner = STRANGER.into(), "belongs to account 444455556666"),
            (
                |e| e.tags = tags(&[("GuardDutyManaged", "true")]),
                "is managed by Amazon GuardDuty",
            ),
        ];
        for (kept, words) in keepers {
            let world = guarded(&[]).edit_endpoint("vpce-sts", kept);
            let finding = world.judge(&CONTROL, "vpce-sts");
            assert_eq!(finding.verdict(), Verdict::NonCompliant);
            assert!(advice(&finding).contains(words), "{finding:#?}");
            assert_eq!(world.plan().changes, []);
        }
        let by_its_service = guarded(&[]).interface("vpce-gd", "guardduty-data", &["subnet-a"]);
        let finding = by_its_service.judge(&CONTROL, "vpce-gd");
        assert!(
            advice(&finding).contains("is managed by the service com.amazonaws.eu-central-1.guardduty-data"),
            "{finding:#?}"
        );
    }

    #[test]
    fn endpoint_without_clients_here_has_no_findings() {
        for fault in [
            |e: &mut Endpoint| e.state = EndpointState::Deleted,
            |e: &mut Endpoint| e.service_region = Some("us-east-1".into()),
            |e: &mut Endpoint| e.kind = EndpointKind::GatewayLoadBalancer,
            |e: &mut Endpoint| {
                e.kind = EndpointKind::Resource;
                e.service = None;
            },
        ] {
            let world = guarded(&[]).edit_endpoint("vpce-sts", fault);
            assert_eq!(world.findings(&CONTROL), []);
        }
        assert!(
            compliant()
                .findings(&CONTROL)
                .iter()
                .all(|f| f.key.resource.id != "vpce-s3")
        );
    }

    #[test]
    fn unknown_endpoint_state_is_indeterminate() {
        let world = guarded(&[]).edit_endpoint("vpce-sts", |e| e.state = EndpointState::Unknown);
        assert_eq!(world.verdict(&CONTROL, "vpce-sts"), Verdict::Indeterminate);
    }

    #[test]
    fn control_reads_exactly_the_parts_that_it_declares() {
        let by_requirement = guarded(&[]).edit_endpoint("vpce-sts", |e| e.private_dns = false);
        let hub = hub_with_spoke("10.20.0.0/16");
        assert_needs(&CONTROL, &[guarded(&[]), by_requirement, hub]);
    }

    #[test]
    fn sixth_group_of_an_endpoint_is_left_to_people() {
        let with = |world: World, id: &str, groups: usize| {
            world.edit_endpoint(id, |e| {
                e.security_groups = (0..groups).map(|n| format!("sg-{n}").as_str().into()).collect();
            })
        };
        let closed = (0..6).fold(guarded(&[]), |world, n| world.group(&format!("sg-{n}"), &[]));
        assert!(
            with(closed.clone(), "vpce-sts", 4)
                .judge(&CONTROL, "vpce-sts")
                .changes()
                .is_some()
        );
        let five = with(closed, "vpce-sts", 5);
        let finding = five.judge(&CONTROL, "vpce-sts");
        assert!(
            advice(&finding).starts_with("vpce-sts has 5 security groups, the default quota"),
            "{finding:#?}"
        );
        assert_eq!(five.plan().changes, []);
        let raised = with(five.interface("vpce-kms", "kms", &["subnet-a"]), "vpce-kms", 6);
        assert!(
            raised.judge(&CONTROL, "vpce-sts").changes().is_some(),
            "somebody raised the quota"
        );
    }

    #[test]
    fn networks_of_the_vpc_are_admitted_where_those_of_its_subnets_are_too_many_rules() {
        let scattered = |count: usize| {
            let subnet = |world: World, n: usize| {
                let id = format!("subnet-{n}");
                let world = world.subnet(&id, "a", SubnetClass::Private);
                // None is beside another.
                world.edit_subnet(&id, |s| s.ipv4 = Some(net(&format!("10.0.{}.0/24", 2 * n))))
            };
            let world = bare().require(&["sts"]);
            let world = (0..count).fold(world, subnet);
            world.interface("vpce-sts", "sts", &["subnet-0"]).group("sg-https", &[])
        };
        let admitted = |world: &World| match &changes(&world.judge(&CONTROL, "vpce-sts"))[1] {
            Change::AuthorizeIngress(change) => change.cidrs.clone(),
            other => panic!("{other}"),
        };
        assert_eq!(admitted(&scattered(60)).len(), 60);
        assert_eq!(admitted(&scattered(61)), nets(&["10.0.0.0/16"]));
        let without_dns = scattered(61)
            .edit_endpoint("vpce-sts", |e| e.private_dns = false)
            .subnet("subnet-web", "b", SubnetClass::Public)
            .edit_subnet("subnet-web", |s| s.ipv4 = Some(net("10.0.201.0/24")));
        let finding = without_dns.judge(&CONTROL, "vpce-sts");
        assert!(
            advice(&finding)
                .starts_with("The subnets that need access are 61 separate networks, for which the ports of the service take 61 inbound rules"),
            "subnet-web is not to be admitted: {finding:#?}"
        );
    }
}
