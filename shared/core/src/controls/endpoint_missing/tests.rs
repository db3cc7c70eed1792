//! Tests of endpoint-missing.

mod places;

use postern_policy::template;

use super::*;
use crate::changes::ManagedGroup;
use crate::changes::{AuthorizeIngress, CreateManagedGroup, HTTPS};
use crate::controls::find;
use crate::evaluation::Finding;
use crate::model::endpoint::EndpointState;
use crate::model::finding::Verdict;
use crate::model::id::VpcId;
use crate::model::network_acl::AclEntry;
use crate::model::snapshot::SubnetClass;
use crate::settings::VpcSelector;
use crate::testing::{
    ALLOW_ALL, PARTNER, REGION, VPC, World, advice, assert_needs, bare, changes, compliant, https, net, nets, service,
    tags, zone,
};

fn ipv6_only(subnet: &mut Subnet) {
    subnet.ipv4 = None;
    dual_stack(subnet);
}

fn dual_stack(subnet: &mut Subnet) {
    subnet.ipv6 = BTreeSet::from([net("2001:db8::/64")]);
}

/// Private subnets in zones `a` and `b`, nothing required yet.
fn two_zones() -> World {
    bare()
        .subnet("subnet-a", "a", SubnetClass::Private)
        .subnet("subnet-b", "b", SubnetClass::Private)
}

fn created(finding: &Finding) -> &NewEndpoint {
    match changes(finding).last() {
        Some(Change::CreateEndpoint(new)) => new,
        other => panic!("{other:#?}"),
    }
}

fn token_for(world: &World, about: &str) -> String {
    created(&world.judge(&CONTROL, about)).client_token.clone()
}

#[test]
fn available_or_pending_endpoint_is_compliant() {
    for state in [
        EndpointState::Pending,
        EndpointState::PendingAcceptance,
        EndpointState::Available,
        EndpointState::Partial,
    ] {
        let world = compliant().edit_endpoint("vpce-sts", |e| e.state = state);
        assert_eq!(world.verdict(&CONTROL, "sts"), Verdict::Compliant, "{state:?}");
    }
}

#[test]
fn dead_endpoint_does_not_count() {
    for state in [
        EndpointState::Deleting,
        EndpointState::Deleted,
        EndpointState::Rejected,
        EndpointState::Failed,
        EndpointState::Expired,
    ] {
        let world = compliant().edit_endpoint("vpce-sts", |e| e.state = state);
        assert_eq!(created(&world.judge(&CONTROL, "sts")).subnets.len(), 3, "{state:?}");
    }
}

#[test]
fn unknown_endpoint_state_is_indeterminate() {
    let world = compliant().edit_endpoint("vpce-sts", |e| e.state = EndpointState::Unknown);
    let finding = world.judge(&CONTROL, "sts");
    assert_eq!(finding.verdict(), Verdict::Indeterminate);
    assert!(finding.explanation().contains("vpce-sts"), "{}", finding.explanation());
}

#[test]
fn endpoint_to_another_region_does_not_count() {
    let abroad = compliant().edit_endpoint("vpce-sts", |e| e.service_region = Some("us-east-1".into()));
    assert_eq!(abroad.verdict(&CONTROL, "sts"), Verdict::NonCompliant);
    let here = compliant().edit_endpoint("vpce-sts", |e| e.service_region = Some(REGION.into()));
    assert_eq!(here.verdict(&CONTROL, "sts"), Verdict::Compliant);
}

#[test]
fn endpoint_managed_by_others_counts() {
    let world = compliant().edit_endpoint("vpce-sts", |e| e.requester_managed = true);
    assert_eq!(world.verdict(&CONTROL, "sts"), Verdict::Compliant);
}

#[test]
fn gateway_endpoint_does_not_replace_an_interface_endpoint() {
    let interface = two_zones().require(&["s3"]).gateway("vpce-1", "s3", &["rtb-private"]);
    assert_eq!(
        created(&interface.judge(&CONTROL, "s3")).endpoint_kind,
        EndpointKind::Interface
    );
    let gateway = two_zones()
        .require_gateway(&["s3"])
        .interface("vpce-1", "s3", &["subnet-a"]);
    assert_eq!(
        created(&gateway.judge(&CONTROL, "s3")).endpoint_kind,
        EndpointKind::Gateway
    );
    let both = two_zones().require(&["s3"]).require_gateway(&["s3"]).findings(&CONTROL);
    assert_eq!(both.len(), 2);
    assert_ne!(both[0].key, both[1].key);
}

#[test]
fn missing_interface_endpoint_is_created_closed_and_reachable() {
    let world = two_zones()
        .subnet("subnet-web", "c", SubnetClass::Public)
        .require(&["sts"]);
    let finding = world.judge(&CONTROL, "sts");
    let managed = ManagedGroup { vpc: VPC.into() };
    let policy = template("sts", REGION, &world.settings.perimeter).unwrap();
    assert_eq!(
        changes(&finding),
        [
            Change::CreateManagedGroup(CreateManagedGroup::for_ingress(VPC.into())),
            // Private DNS sends the clients of the public subnet there as well.
            Change::AuthorizeIngress(AuthorizeIngress {
                group: managed.clone(),
                ports: HTTPS,
                cidrs: nets(&["10.0.0.0/23", "10.0.2.0/24"]),
            }),
            Change::CreateEndpoint(NewEndpoint {
                vpc: VPC.into(),
                service: "com.amazonaws.eu-central-1.sts".into(),
                endpoint_kind: EndpointKind::Interface,
                subnets: [(zone("a"), "subnet-a".into()), (zone("b"), "subnet-b".into())].into(),
                route_tables: BTreeSet::new(),
                group: Some(managed),
                address_type: AddressType::Ipv4,
                private_dns: true,
                policy: Some(policy),
                client_token: token_for(&world, "sts"),
            }),
        ]
    );
    assert_eq!(
        finding.explanation(),
        "2 subnets of the VPC need com.amazonaws.eu-central-1.sts and no usable interface endpoint serves them."
    );
}

#[test]
fn missing_gateway_endpoint_is_created_on_the_route_tables_of_its_subnets() {
    let world = two_zones()
        .subnet("subnet-db", "a", SubnetClass::Isolated)
        .subnet("subnet-web", "a", SubnetClass::Public)
        .edit_table("rtb-isolated", |t| t.subnets.clear())
        .require_gateway(&["s3"]);
    let finding = world.judge(&CONTROL, "s3");
    let [Change::CreateEndpoint(new)] = changes(&finding) else {
        panic!("{finding:#?}")
    };
    assert_eq!(
        new.route_tables,
        BTreeSet::from(["rtb-main".into(), "rtb-private".into()]),
        "a subnet without a table of its own uses the main one"
    );
    assert_eq!((new.subnets.len(), &new.group, new.private_dns), (0, &None, false));
    assert_eq!(
        new.policy,
        Some(template("s3", REGION, &world.settings.perimeter).unwrap())
    );
}

#[test]
fn existing_managed_group_is_used_and_extended() {
    let world = two_zones()
        .require(&["sts"])
        .managed_group("sg-managed", &[https("10.0.0.0/24")]);
    let finding = world.judge(&CONTROL, "sts");
    assert_eq!(
        changes(&finding)[0],
        Change::AuthorizeIngress(AuthorizeIngress {
            group: ManagedGroup { vpc: VPC.into() },
            ports: HTTPS,
            cidrs: nets(&["10.0.1.0/24"]),
        })
    );
    assert_eq!(changes(&finding).len(), 2);
    let world = world.managed_group("sg-managed", &[https("10.0.0.0/16")]);
    assert_eq!(changes(&world.judge(&CONTROL, "sts")).len(), 1);
}

#[test]
fn group_of_others_with_the_managed_name_is_left_to_people() {
    let mut world = two_zones()
        .require(&["sts"])
        .managed_group("sg-odd", &[https("10.0.0.0/16")]);
    let groups = world.snapshot.security_groups.as_mut().unwrap();
    groups.get_mut(&"sg-odd".into()).unwrap().tags.clear();
    let finding = world.judge(&CONTROL, "sts");
    assert_eq!(
        advice(&finding),
        "sg-odd has the name postern-endpoint-ingress, under which Postern would create a security group, and lacks the tag \
         `postern:managed` = `true`. AWS renames no security group: delete it, if need be after you created one with the same \
         rules and another name, or add the tag if Postern may manage it."
    );
    assert_eq!(world.plan().changes, []);
}

#[test]
fn service_with_a_gateway_form_gets_no_private_dns() {
    let world = two_zones()
        .subnet("subnet-web", "c", SubnetClass::Public)
        .require(&["s3"]);
    let finding = world.judge(&CONTROL, "s3");
    assert!(!created(&finding).private_dns);
    assert!(
        matches!(&changes(&finding)[1], Change::AuthorizeIngress(AuthorizeIngress { cidrs, .. }) if *cidrs == nets(&["10.0.0.0/23"])),
        "only the subnets that need it are clients: {finding:#?}"
    );
}

#[test]
fn service_without_policy_support_gets_no_policy() {
    let world = two_zones().require(&["rum"]);
    assert_eq!(created(&world.judge(&CONTROL, "rum")).policy, None);
    let nobody = World {
        settings: crate::settings::Settings {
            perimeter: Default::default(),
            ..world.settings
        },
        ..world
    };
    assert_eq!(created(&nobody.judge(&CONTROL, "rum")).policy, None);
}

#[test]
fn third_party_service_is_required_by_full_name_and_gets_no_private_dns() {
    let world = two_zones().require(&[PARTNER]);
    let finding = world.judge(&CONTROL, PARTNER);
    assert!(!created(&finding).private_dns);
    assert!(created(&finding).policy.is_some());
}

#[test]
fn service_that_manages_its_endpoints_is_manual() {
    let finding = two_zones()
        .require(&["guardduty-data"])
        .judge(&CONTROL, "guardduty-data");
    assert_eq!(finding.verdict(), Verdict::NonCompliant);
    assert!(advice(&finding).contains("creates its endpoints itself"));
}

#[test]
fn no_endpoint_is_created_while_the_perimeter_is_empty() {
    let mut world = two_zones().require(&["sts"]);
    world.settings.perimeter.organizations.clear();
    let finding = world.judge(&CONTROL, "sts");
    assert!(advice(&finding).contains("trusts nobody"), "{finding:#?}");
    assert_eq!(world.plan().changes, []);
}

#[test]
fn no_endpoint_is_created_with_a_policy_that_is_too_long() {
    let mut world = two_zones().require(&["sts"]);
    world.settings.perimeter.accounts = (0..2_000).map(|i| format!("{i:012}")).collect();
    let finding = world.judge(&CONTROL, "sts");
    assert!(advice(&finding).contains("20480"), "{finding:#?}");
}

#[test]
fn endpoint_waits_for_the_dns_attributes_of_the_vpc() {
    for (support, hostnames) in [(false, true), (true, false), (false, false)] {
        let world = two_zones().require(&["sts"]).dns(support, hostnames);
        let finding = world.judge(&CONTROL, "sts");
        assert!(advice(&finding).contains("vpc-dns-disabled"), "{finding:#?}");
        let kinds: Vec<_> = world.plan().changes.iter().map(|p| p.change.kind()).collect();
        assert_eq!(kinds[0], ChangeKind::EnableVpcDns);
        assert_eq!(kinds.last(), Some(&ChangeKind::CreateEndpoint));
    }
    let without_name = two_zones().require(&["s3"]).dns(false, false);
    assert_eq!(changes(&without_name.judge(&CONTROL, "s3")).len(), 3);
}

#[test]
fn endpoint_is_not_created_where_a_hosted_zone_holds_the_name() {
    let world = two_zones().require(&["sts"]).hosted_zone("Z1", "sts");
    let advice = advice(&world.judge(&CONTROL, VPC));
    assert!(
        advice.contains("The private hosted zone Z1 (`sts.eu-central-1.amazonaws.com`"),
        "{advice}"
    );
    assert_eq!(world.plan().changes, []);
    let without_private_dns = two_zones().require(&["s3"]).hosted_zone("Z1", "s3");
    assert!(!created(&without_private_dns.judge(&CONTROL, VPC)).private_dns);
    let unknown = world.gap(Part::HostedZones);
    assert!(created(&unknown.judge(&CONTROL, VPC)).private_dns);
}

#[test]
fn vpc_without_subnets_that_need_the_service_is_not_applicable() {
    let world = bare()
        .subnet("subnet-web", "a", SubnetClass::Public)
        .require(&["sts"])
        .require_gateway(&["s3"]);
    assert_eq!(world.verdict(&CONTROL, "sts"), Verdict::NotApplicable);
    assert_eq!(world.verdict(&CONTROL, "s3"), Verdict::NotApplicable);
}

#[test]
fn vpc_that_no_requirement_selects_has_no_findings() {
    let selectors = [
        VpcSelector {
            ids: BTreeSet::from([VpcId::from("vpc-2")]),
            ..VpcSelector::default()
        },
        VpcSelector {
            cidrs: vec![net("10.0.0.0/17")],
            ..VpcSelector::default()
        },
        VpcSelector {
            tags: tags(&[("env", "prod")]),
            ..VpcSelector::default()
        },
    ];
    for vpcs in selectors {
        let mut world = two_zones().require(&["sts"]);
        world.settings.requirements[0].vpcs = vpcs;
        assert_eq!(world.findings(&CONTROL), []);
    }
}

#[test]
fn service_is_found_by_short_name_under_any_prefix() {
    let world = two_zones().require(&["freetier", "ecr.api"]);
    assert_eq!(
        created(&world.judge(&CONTROL, "freetier")).service.as_str(),
        "aws.api.eu-central-1.freetier"
    );
    assert_eq!(
        created(&world.judge(&CONTROL, "ecr.api")).service.as_str(),
        "cn.com.amazonaws.eu-central-1.ecr.api"
    );
    let full = two_zones().require(&["aws.api.eu-central-1.freetier"]);
    assert_eq!(full.verdict(&CONTROL, "freetier"), Verdict::NonCompliant);
}

#[test]
fn ambiguous_or_unknown_service_name_is_indeterminate() {
    let finding = two_zones().require(&["ec2messages"]).judge(&CONTROL, "ec2messages");
    assert_eq!(finding.verdict(), Verdict::Indeterminate);
    assert!(
        advice(&finding).contains("eu-central-1 has no interface service `ec2messages`"),
        "{finding:#?}"
    );
    let world = two_zones()
        .require(&["sts"])
        .edit_catalogue(|services| services.push(service("aws.api.eu-central-1.sts")));
    let finding = world.judge(&CONTROL, "sts");
    assert_eq!(finding.verdict(), Verdict::Indeterminate);
    assert!(
        advice(&finding).contains("aws.api.eu-central-1.sts or com.amazonaws.eu-central-1.sts"),
        "{finding:#?}"
    );
}

#[test]
fn managed_group_admits_the_ports_of_the_service() {
    let ports = |service: &str| -> Vec<(u16, u16)> {
        let finding = two_zones()
            .offer("transcribestreaming")
            .require(&[service])
            .judge(&CONTROL, service);
        let rules = changes(&finding).iter().filter_map(|change| match change {
            Change::AuthorizeIngress(change) => Some(change.ports),
            _ => None,
        });
        rules.collect()
    };
    let smtp = [25, 465, 587, 2465, 2587].map(|port| (port, port));
    assert_eq!(ports("email-smtp"), smtp);
    assert_eq!(ports("transcribestreaming"), [HTTPS, (8443, 8443)]);
    assert_eq!(ports("sts"), [HTTPS]);
}

#[test]
fn service_with_udp_ports_is_not_created_behind_a_group_for_tcp() {
    let finding = two_zones()
        .offer("highlander")
        .require(&["highlander"])
        .judge(&CONTROL, "highlander");
    assert!(advice(&finding).contains("TCP and UDP ports"), "{finding:#?}");
}

#[test]
fn third_party_service_is_not_found_by_short_name() {
    let short = PARTNER.rsplit_once('.').unwrap().1;
    assert_eq!(
        two_zones().require(&[short]).verdict(&CONTROL, short),
        Verdict::Indeterminate
    );
}

#[test]
fn client_token_is_the_same_for_the_same_request() {
    let world = two_zones().require(&["sts"]);
    let token = token_for(&world, "sts");
    assert_eq!((token.len(), token.is_ascii()), (64, true));
    let fuller = world
        .clone()
        .edit_subnet("subnet-a", |s| s.free_addresses = 3)
        .subnet("subnet-a2", "a", SubnetClass::Private)
        .require(&["kms", "sts"]);
    assert_eq!(token_for(&fuller, "sts"), token);
    assert_ne!(token_for(&fuller, "kms"), token);
    let mut elsewhere = world;
    elsewhere.snapshot.vpc.id = "vpc-2".into();
    assert_ne!(token_for(&elsewhere, "sts"), token);
}

#[test]
fn client_token_changes_once_its_endpoint_is_dead() {
    let dead = |id: &str, world: World| {
        world
            .interface(id, "sts", &["subnet-a"])
            .edit_endpoint(id, |e| e.state = EndpointState::Deleted)
    };
    let none = two_zones().require(&["sts"]);
    let one = dead("vpce-1", none.clone());
    let two = dead("vpce-2", one.clone());
    let tokens = [&none, &one, &two].map(|world| token_for(world, "sts"));
    assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2], "{tokens:?}");
    let abroad = one.edit_endpoint("vpce-1", |e| e.service_region = Some("us-east-1".into()));
    assert_eq!(token_for(&abroad, "sts"), tokens[0]);
}

#[test]
fn created_endpoint_passes_every_control() {
    let mut world = two_zones()
        .require(&["sts", "kms", "s3", "rum", PARTNER])
        .require_gateway(&["s3", "dynamodb"])
        .dns(false, false)
        .interface("vpce-other", "ecr.api", &["subnet-a"])
        .edit_endpoint("vpce-other", |e| e.policy = Some(ALLOW_ALL.to_owned()));
    let approved = world.settings.approved_services.as_mut().unwrap();
    approved.names.insert(PARTNER.to_owned());
    let mut after = world.clone();
    for planned in &world.plan().changes {
        after.snapshot = planned.change.make_in(&after.snapshot);
    }
    let bad: Vec<_> = after
        .all_findings()
        .into_iter()
        .filter(|f| !matches!(f.verdict(), Verdict::Compliant | Verdict::NotApplicable))
        // What people alone can repair.
        .filter(|f| !find(&f.key.control).unwrap().changes.is_empty())
        .collect();
    assert_eq!(bad, []);
}

#[test]
fn control_reads_exactly_the_parts_that_it_declares() {
    let world = two_zones().require(&["sts"]);
    assert_needs(&CONTROL, &[world.clone(), world.hosted_zone("Z1", "sts")]);
}
