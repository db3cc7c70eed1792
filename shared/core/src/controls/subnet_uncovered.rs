//! subnet-uncovered: see [`CONTROL`].

use super::endpoint_missing::{address_type_advice, placement};
use crate::changes::{AddSubnet, Change, ChangeKind};
use crate::evaluation::requirement::Required;
use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation, in_unknown_state};
use crate::model::endpoint::Endpoint;
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::managed::managed_by;
use crate::model::part::{Gap, Part};
use crate::model::snapshot::Subnet;

pub static CONTROL: Control = Control {
    name: "subnet-uncovered",
    summary: "A subnet that needs a service lies in a zone in which the service's interface endpoint has no network \
              interface, although the service supports the zone.",
    documentation: "\
Clients in the zone reach the endpoint through another zone: they pay for the traffic between zones, and lose the \
service when the other zone fails.

One network interface serves its whole zone: a second subnet of a zone is covered by the network interface in the \
first. The control does not apply to zones that the service does not support. A network interface with IPv4 addresses only \
does not cover a subnet that has IPv6 addresses only. The control does not apply in spokes of `[central]` to services \
that they use through a hub.

**Remediation** (automatic, additive). Adds one subnet of the zone to the endpoint: of the subnets that need the \
service, the one with the most free addresses. Of several endpoints to the service, the one with private DNS gets \
it. Subnets are never removed or exchanged.

Each zone of an interface endpoint is billed by the hour.",
    finds: "a zone without a network interface of the endpoint",
    remediation: "adds a subnet of the zone",
    concern: Concern::Reachability,
    severity: Severity::Medium,
    frameworks: &[
        (Framework::Nist80053, "SC-7"),
        (Framework::CisControls8, "12.2"),
    ],
    resource: ResourceKind::Subnet,
    needs: &[Part::Subnets, Part::RouteTables, Part::Endpoints, Part::Services],
    changes: &[ChangeKind::AddSubnet],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    let mut findings = Vec::new();
    let services = &context.required_interface()?.services;
    for required in services {
        let mut serving = context.serving(required.service)?;
        serving.sort_by_key(|e| (managed_by(e, context.snapshot).is_some(), !e.private_dns, &e.id));
        // Without an endpoint that a subnet reaches, endpoint-missing reports it.
        let mut subnets = required.subnets.iter();
        if !subnets.any(|subnet| serving.iter().any(|endpoint| subnet.reaches(endpoint.address_type))) {
            continue;
        }
        let doubtful = context.doubtful(required.service)?;
        for subnet in &required.subnets {
            findings.push(judge(context, required, subnet, (&serving, &doubtful))?);
        }
    }
    Ok(findings)
}

fn judge(
    context: &Context<'_>,
    required: &Required<'_>,
    subnet: &Subnet,
    (serving, doubtful): (&[&Endpoint], &[&Endpoint]),
) -> Result<Assessment, Gap> {
    let service = required.service;
    let key = FindingKey::new(CONTROL.name, ResourceKind::Subnet, &subnet.id).for_service(&service.name);
    let zone = &subnet.zone;
    let subnets = context.snapshot.subnets.as_ref().map_err(Gap::clone)?;
    let covers = |endpoint: &&&Endpoint| {
        let mut own = endpoint.subnets.iter().filter_map(|id| subnets.get(id));
        subnet.reaches(endpoint.address_type) && own.any(|own| own.zone == *zone)
    };
    if let Some(by) = serving.iter().find(covers) {
        return Ok(key.compliant(format!("Zone {zone} has a network interface of {}.", by.id)));
    }
    if let Some(central) = serving.iter().find_map(|e| context.served_centrally(e).transpose()) {
        return Ok(key.not_applicable(format!(
            "The settings have the VPC use {} through the endpoints of hubs (`[central]`). See endpoint-duplicated.",
            central?
        )));
    }
    if !service.zones.contains(zone) {
        return Ok(key.not_applicable(format!("{} does not support zone {zone}.", service.name)));
    }
    if let Some(by) = doubtful.iter().find(covers) {
        return Ok(in_unknown_state(key, by));
    }
    // Preferably one that Postern may change and that has private DNS.
    let chosen = serving.iter().find(|endpoint| subnet.reaches(endpoint.address_type));
    let Some(endpoint) = chosen else {
        let Some(endpoint) = serving.first() else {
            return Ok(key.not_applicable("No endpoint serves the VPC."));
        };
        let addresses = subnet.address_type().unwrap_or_default();
        let explanation = format!(
            "The clients of the subnet have {addresses} addresses only and do not reach {}, which serves {} with {} \
             addresses.",
            endpoint.id, service.name, endpoint.address_type
        );
        let advice = address_type_advice(endpoint, service);
        return Ok(key.non_compliant(explanation, Remediation::Manual(advice)));
    };
    let explanation = format!(
        "Zone {zone} has no network interface of {}, which serves {}.",
        endpoint.id, service.name
    );
    let place = placement(service, &required.subnets, endpoint.address_type).remove(zone);
    let remediation = match place {
        Some(subnet) => Remediation::Automatic(vec![Change::AddSubnet(AddSubnet {
            endpoint: endpoint.id.clone(),
            subnet,
            zone: zone.clone(),
        })]),
        None => Remediation::Manual(format!(
            "No subnet of zone {zone} has room for the network interface. Free an address in one of them: {} for {}.",
            endpoint.address_type, endpoint.id
        )),
    };
    Ok(key.non_compliant(explanation, remediation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::address::AddressType;
    use crate::model::endpoint::{EndpointKind, EndpointState};
    use crate::model::finding::Verdict;
    use crate::model::snapshot::SubnetClass;
    use crate::testing::{STRANGER, World, advice, assert_needs, bare, changes, compliant, net, tags, zone};

    /// `vpce-sts` in zone `a`; a second zone has a subnet.
    fn new_zone() -> World {
        bare()
            .subnet("subnet-a", "a", SubnetClass::Private)
            .subnet("subnet-b", "b", SubnetClass::Private)
            .require(&["sts"])
            .interface("vpce-sts", "sts", &["subnet-a"])
    }

    fn addition(endpoint: &str, subnet: &str, letter: &str) -> Change {
        Change::AddSubnet(AddSubnet {
            endpoint: endpoint.into(),
            subnet: subnet.into(),
            zone: zone(letter),
        })
    }

    #[test]
    fn zone_without_a_network_interface_gets_one() {
        let finding = new_zone().judge(&CONTROL, "subnet-b");
        assert_eq!(changes(&finding), [addition("vpce-sts", "subnet-b", "b")]);
        assert_eq!(
            finding.explanation(),
            "Zone eu-central-1b has no network interface of vpce-sts, which serves com.amazonaws.eu-central-1.sts."
        );
    }

    #[test]
    fn second_subnet_of_a_covered_zone_is_compliant() {
        let world = new_zone().subnet("subnet-a2", "a", SubnetClass::Isolated);
        assert_eq!(world.verdict(&CONTROL, "subnet-a2"), Verdict::Compliant);
    }

    #[test]
    fn two_subnets_of_one_zone_ask_for_the_same_network_interface() {
        let world = new_zone()
            .subnet("subnet-b2", "b", SubnetClass::Isolated)
            .edit_subnet("subnet-b2", |s| s.free_addresses = 250);
        for subnet in ["subnet-b", "subnet-b2"] {
            assert_eq!(
                changes(&world.judge(&CONTROL, subnet)),
                [addition("vpce-sts", "subnet-b2", "b")]
            );
        }
        let plan = world.plan();
        assert_eq!(plan.changes.len(), 1);
        assert_eq!(plan.changes[0].causes.len(), 2);
    }

    #[test]
    fn unsupported_zone_is_not_applicable() {
        let world = compliant().subnet("subnet-ham", "eu-central-1-ham-1a", SubnetClass::Private);
        assert_eq!(world.verdict(&CONTROL, "subnet-a kms"), Verdict::Compliant);
        assert_eq!(world.verdict(&CONTROL, "subnet-c kms"), Verdict::NotApplicable);
        assert_eq!(world.verdict(&CONTROL, "subnet-ham kms"), Verdict::NotApplicable);
    }

    #[test]
    fn subnet_without_capacity_is_skipped() {
        let faults: [fn(&mut Subnet); 2] = [|s| s.free_addresses = 0, |s| s.outpost = true];
        for fault in faults {
            let alone = new_zone().edit_subnet("subnet-b", fault);
            let finding = alone.judge(&CONTROL, "subnet-b");
            assert_eq!(finding.verdict(), Verdict::NonCompliant);
            assert!(advice(&finding).contains("eu-central-1b"), "{finding:#?}");
            let beside = alone
                .subnet("subnet-b2", "b", SubnetClass::Private)
                .edit_subnet("subnet-b2", |s| s.free_addresses = 1);
            assert_eq!(
                changes(&beside.judge(&CONTROL, "subnet-b")),
                [addition("vpce-sts", "subnet-b2", "b")]
            );
        }
    }

    #[test]
    fn subnet_that_does_not_reach_the_addresses_of_the_endpoint_is_not_covered() {
        let ipv6_only = |s: &mut Subnet| {
            s.ipv4 = None;
            s.ipv6 = [net("2001:db8::/64")].into();
        };
        let world = new_zone()
            .subnet("subnet-a6", "a", SubnetClass::Private)
            .edit_subnet("subnet-a6", ipv6_only);
        let finding = world.judge(&CONTROL, "subnet-a6");
        assert_eq!(
            finding.explanation(),
            "The clients of the subnet have IPv6 addresses only and do not reach vpce-sts, which serves \
             com.amazonaws.eu-central-1.sts with IPv4 addresses."
        );
        assert!(advice(&finding).contains("offers no others"), "{finding:#?}");
        assert_eq!(world.verdict(&CONTROL, "subnet-a"), Verdict::Compliant);
        let dual = world
            .clone()
            .edit_service("sts", EndpointKind::Interface, |s| s.addresses = AddressType::Dualstack);
        assert!(advice(&dual.judge(&CONTROL, "subnet-a6")).contains("--ip-address-type dualstack"));
        let served = dual.edit_endpoint("vpce-sts", |e| e.address_type = AddressType::Dualstack);
        assert_eq!(served.verdict(&CONTROL, "subnet-a6"), Verdict::Compliant);
        let place = advice(&served.judge(&CONTROL, "subnet-b"));
        assert!(
            place.contains("IPv4 and IPv6"),
            "a network interface needs an IPv4 and an IPv6 address: {place}"
        );
        let none = world
            .edit_subnet("subnet-a", ipv6_only)
            .edit_subnet("subnet-b", ipv6_only);
        assert_eq!(none.findings(&CONTROL), [], "the finding is endpoint-missing's");
    }

    #[test]
    fn zone_that_fills_up_within_the_plan_gets_no_more_network_interfaces() {
        let world = new_zone()
            .require(&["ecr.api"])
            .interface("vpce-ecr", "ecr.api", &["subnet-a"])
            .edit_subnet("subnet-b", |s| s.free_addresses = 1);
        let plan = world.plan();
        assert_eq!(plan.changes.len(), 1, "{plan:#?}");
    }

    #[test]
    fn subnet_that_does_not_need_the_service_has_no_findings() {
        let world = new_zone()
            .subnet("subnet-web", "c", SubnetClass::Public)
            .subnet("subnet-shared", "c", SubnetClass::Private)
            .edit_subnet("subnet-shared", |s| s.owner = STRANGER.into());
        assert_eq!(world.findings(&CONTROL).len(), 2);
        let mut tagged = new_zone().edit_subnet("subnet-a", |s| s.tags = tags(&[("tier", "app")]));
        tagged.settings.requirements[0].subnets.tags = tags(&[("tier", "app")]);
        assert_eq!(tagged.findings(&CONTROL).len(), 1);
    }

    #[test]
    fn endpoint_with_private_dns_gets_the_subnet() {
        let world = new_zone()
            .edit_endpoint("vpce-sts", |e| e.private_dns = false)
            .interface("vpce-z", "sts", &["subnet-a"]);
        assert_eq!(
            changes(&world.judge(&CONTROL, "subnet-b")),
            [addition("vpce-z", "subnet-b", "b")]
        );
    }

    #[test]
    fn endpoint_managed_by_others_is_reported_and_not_changed() {
        let kept = new_zone().edit_endpoint("vpce-sts", |e| e.requester_managed = true);
        let finding = kept.judge(&CONTROL, "subnet-b");
        assert_eq!(finding.verdict(), Verdict::NonCompliant);
        assert!(advice(&finding).contains("vpce-sts is managed by"), "{finding:#?}");
        let beside = kept.interface("vpce-z", "sts", &["subnet-a"]);
        assert_eq!(
            changes(&beside.judge(&CONTROL, "subnet-b")),
            [addition("vpce-z", "subnet-b", "b")]
        );
    }

    #[test]
    fn dead_and_cross_region_endpoints_cover_nothing() {
        for fault in [
            |e: &mut Endpoint| e.state = EndpointState::Failed,
            |e: &mut Endpoint| e.service_region = Some("us-east-1".into()),
        ] {
            let world = new_zone()
                .interface("vpce-old", "sts", &["subnet-b"])
                .edit_endpoint("vpce-old", fault);
            assert_eq!(world.verdict(&CONTROL, "subnet-b"), Verdict::NonCompliant);
            let only = world.without("vpce-sts");
            assert_eq!(only.findings(&CONTROL), [], "the finding is endpoint-missing's");
        }
        let pending = new_zone()
            .interface("vpce-new", "sts", &["subnet-b"])
            .edit_endpoint("vpce-new", |e| e.state = EndpointState::Pending);
        assert_eq!(pending.verdict(&CONTROL, "subnet-b"), Verdict::Compliant);
    }

    #[test]
    fn zone_of_an_endpoint_in_an_unknown_state_is_indeterminate() {
        let world = new_zone()
            .interface("vpce-odd", "sts", &["subnet-b"])
            .edit_endpoint("vpce-odd", |e| e.state = EndpointState::Unknown);
        assert_eq!(world.verdict(&CONTROL, "subnet-b"), Verdict::Indeterminate);
        assert_eq!(world.verdict(&CONTROL, "subnet-a"), Verdict::Compliant);
    }

    #[test]
    fn gateway_endpoints_have_no_network_interfaces() {
        let world = bare()
            .subnet("subnet-a", "a", SubnetClass::Private)
            .require_gateway(&["s3"])
            .gateway("vpce-s3", "s3", &[]);
        assert_eq!(world.findings(&CONTROL), []);
    }

    #[test]
    fn control_reads_exactly_the_parts_that_it_declares() {
        assert_needs(&CONTROL, &[new_zone()]);
    }
}
