//! A few neglected VPCs and an endpoint service, in which most controls find something: the samples of their pages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use postern_core::controls::known;
use postern_core::model::address::AddressType;
use postern_core::model::catalogue::{Catalogue, Service};
use postern_core::model::endpoint::{Endpoint, EndpointKind, EndpointState};
use postern_core::model::endpoint_service::{DnsRecord, PrivateDnsName, ServiceSnapshot, Verification};
use postern_core::model::id::Zone;
use postern_core::model::network_acl::{AclEntry, NetworkAcl};
use postern_core::model::part::Tags;
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::model::snapshot::*;
use postern_core::model::traffic::Traffic;
use postern_core::settings::Settings;
use postern_policy::{Perimeter, template};

use super::drawings::snapshot as published;
use super::fixtures::VPC;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-central-1";
const HUB: &str = "vpc-0123456789abcdef0";
const APP_A: &str = "subnet-0aaaaaaaaaaaaaaaa";
const APP_B: &str = "subnet-0bbbbbbbbbbbbbbbb";
const IPV6: &str = "subnet-06666666666666666";
const TABLE_A: &str = "rtb-0aaaaaaaaaaaaaaaa";
const TABLE_B: &str = "rtb-0bbbbbbbbbbbbbbbb";
const ALLOW_ALL: &str =
    r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
const DENY_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}"#;
/// Nobody but AWS can tell whose canonical user id this is.
const UNDECIDED: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"},"Action":"*","Resource":"*"}]}"#;
const PARTNER: &str = "com.amazonaws.vpce.eu-central-1.vpce-svc-0fedcba9876543210";

const SETTINGS: &str = r#"
[perimeter]
organizations = ["o-exampleorg1"]
[[requirements]]
services = ["sts", "kms"]
[[requirements]]
services = ["s3"]
type = "gateway"
[approved_services]
aws = true
[[providers]]
accounts = ["777788889999"]
organizations = []
[modes]
default = "audit"
credentials-unbound = "audit"
endpoint-idle = "audit"
[prices]
interface_endpoint_zone_hour = 0.011
interface_endpoint_gigabyte = 0.01
nat_gateway_gigabyte = 0.048
"#;

/// Snapshots with their settings. Of a control that finds something in several, the first counts.
pub(super) fn worlds() -> Vec<(Snapshot, Settings)> {
    let settings = |text: &str| Settings::parse(text, &known()).unwrap();
    let on_premises = SETTINGS.replace("[\"sts\", \"kms\"]", "[\"sts\", \"s3\"]");
    let on_premises = on_premises.replace("[[requirements]]\nservices = [\"s3\"]\ntype = \"gateway\"\n", "");
    let central = format!("{SETTINGS}[central]\nhubs = {{ ids = [\"{HUB}\"] }}\n");
    vec![
        (Snapshot::Vpc(neglected()), settings(SETTINGS)),
        (Snapshot::Vpc(without_names()), settings(&on_premises)),
        (Snapshot::Vpc(spoke()), settings(&central)),
        (Snapshot::Vpc(behind_a_network_acl()), settings(SETTINGS)),
        (Snapshot::Service(public()), settings(SETTINGS)),
    ]
}

/// Two zones, and in them endpoints each of which has a defect of its own.
fn neglected() -> VpcSnapshot {
    let mut vpc = bare(VPC, "10.0");
    let own = |short: &str| format!("com.amazonaws.{REGION}.{short}");
    add(&mut vpc, "vpce-01111111111111111", &own("sts"), |endpoint| {
        endpoint.subnets = [APP_A.into()].into();
        endpoint.security_groups = ["sg-0cccccccccccccccc".into()].into();
        endpoint.private_dns = false;
        endpoint.policy = Some(ALLOW_ALL.to_owned());
    });
    add(&mut vpc, "vpce-02222222222222222", &own("s3"), |endpoint| {
        endpoint.kind = EndpointKind::Gateway;
        endpoint.route_tables = [TABLE_A.into()].into();
        endpoint.policy = Some(UNDECIDED.to_owned());
    });
    add(&mut vpc, "vpce-03333333333333333", &own("secretsmanager"), |endpoint| {
        endpoint.security_groups = ["sg-0eeeeeeeeeeeeeeee".into()].into();
        endpoint.policy = Some(DENY_ALL.to_owned());
    });
    add(&mut vpc, "vpce-04444444444444444", &own("secretsmanager"), |endpoint| {
        endpoint.private_dns = false;
    });
    add(&mut vpc, "vpce-05555555555555555", &own("rum"), |endpoint| {
        endpoint.created = Some("2026-01-10T12:00:00Z".parse().unwrap());
    });
    let traffic = vpc.traffic.as_mut().unwrap();
    traffic.bytes.insert("vpce-05555555555555555".into(), 0);
    add(&mut vpc, "vpce-06666666666666666", PARTNER, |endpoint| {
        endpoint.state = EndpointState::PendingAcceptance;
        endpoint.created = Some("2026-02-20T12:00:00Z".parse().unwrap());
        endpoint.private_dns = false;
        endpoint.policy = None;
    });
    add(&mut vpc, "vpce-07777777777777777", &own("retired"), |endpoint| {
        endpoint.private_dns = false;
    });
    add_ipv6_subnet(&mut vpc);
    vpc.network_acls = Ok(acls(None));
    vpc
}

/// The neglected VPC with a network ACL that keeps clients from the endpoints in one of its subnets.
fn behind_a_network_acl() -> VpcSnapshot {
    let mut vpc = neglected();
    vpc.network_acls = Ok(acls(Some(APP_A)));
    vpc
}

/// The neglected VPC with ten endpoints, all of which have the default policy of AWS.
pub(super) fn crowded() -> (Snapshot, Settings) {
    let mut vpc = behind_a_network_acl();
    for (number, short) in ["kms", "sts", "secretsmanager"].into_iter().enumerate() {
        let service = format!("com.amazonaws.{REGION}.{short}");
        add(
            &mut vpc,
            &format!("vpce-0{number}000000000000000"),
            &service,
            |endpoint| {
                endpoint.subnets = [APP_A.into()].into();
                endpoint.security_groups = ["sg-0cccccccccccccccc".into(), "sg-0eeeeeeeeeeeeeeee".into()].into();
                endpoint.private_dns = false;
            },
        );
    }
    for endpoint in vpc.endpoints.as_mut().unwrap().values_mut() {
        endpoint.policy = Some(ALLOW_ALL.to_owned());
    }
    (Snapshot::Vpc(vpc), Settings::parse(SETTINGS, &known()).unwrap())
}

/// A public subnet with IPv6 addresses alone.
fn add_ipv6_subnet(vpc: &mut VpcSnapshot) {
    let subnets = vpc.subnets.as_mut().unwrap();
    let mut subnet = subnets[&APP_B.into()].clone();
    subnet.id = IPV6.into();
    subnet.ipv4 = None;
    subnet.ipv6 = ["2001:db8::/64".parse().unwrap()].into();
    let tables = vpc.route_tables.as_mut().unwrap();
    let mut table = tables[&TABLE_B.into()].clone();
    table.id = "rtb-06666666666666666".into();
    table.subnets = [subnet.id.clone()].into();
    table.routes.push(Route {
        destination: "::/0".to_owned(),
        target: RouteTarget::InternetGateway("igw-0123456789abcdef0".to_owned()),
        active: true,
    });
    subnets.insert(subnet.id.clone(), subnet);
    tables.insert(table.id.clone(), table);
}

/// DNS hostnames are off, and the endpoint to S3 is for clients outside of AWS only.
fn without_names() -> VpcSnapshot {
    let mut vpc = bare(VPC, "10.0");
    vpc.dns = Ok(VpcDns {
        support: true,
        hostnames: false,
    });
    let own = |short: &str| format!("com.amazonaws.{REGION}.{short}");
    add(&mut vpc, "vpce-08888888888888888", &own("s3"), |endpoint| {
        endpoint.private_dns = false;
    });
    add(&mut vpc, "vpce-09999999999999999", &own("sts"), |_| {});
    vpc
}

/// A spoke whose routes do not lead to its hub.
fn spoke() -> VpcSnapshot {
    let mut hub = bare(HUB, "10.9");
    add(
        &mut hub,
        "vpce-0aaaaaaaaaaaaaaaa",
        "com.amazonaws.eu-central-1.sts",
        |endpoint| {
            endpoint.private_dns = false;
        },
    );
    let mut vpc = bare(VPC, "10.0");
    vpc.central = Ok(Central {
        hubs: [(hub.vpc.id.clone(), Arc::new(hub))].into(),
        spokes: BTreeMap::new(),
    });
    vpc
}

/// The service of the drawings, in one zone, with an unproven name, without protection and healthy targets, and offered
/// to another Region.
fn public() -> ServiceSnapshot {
    let mut service = published();
    service.service.private_dns = Some(PrivateDnsName {
        name: "pay.example.com".to_owned(),
        verification: Verification::Failed,
        record: Some(DnsRecord {
            kind: "TXT".to_owned(),
            name: "_6e86v84tqgqubxbwii1m".to_owned(),
            value: "vpce:l6p0ERxlTt45jevFwOCp".to_owned(),
        }),
    });
    service.service.regions.insert("us-east-1".into());
    service.service.zones = [zone("a")].into();
    for connection in service.connections.as_mut().unwrap().values_mut() {
        connection.created = Some("2026-02-20T12:00:00Z".parse().unwrap());
    }
    for balancer in service.load_balancers.as_mut().unwrap().values_mut() {
        balancer.zones = [zone("a")].into();
        balancer.deletion_protection = Some(false);
    }
    for health in service.target_health.as_mut().unwrap().values_mut() {
        health.healthy = 0;
    }
    service
}

fn zone(letter: &str) -> Zone {
    Zone(format!("{REGION}{letter}"))
}

/// A VPC with a private subnet in each of two zones, at these first bytes of addresses, and no endpoint.
fn bare(id: &str, network: &str) -> VpcSnapshot {
    let subnet = |id: &str, letter: &str, byte: u8| Subnet {
        id: id.into(),
        owner: ACCOUNT.into(),
        zone: zone(letter),
        ipv4: Some(format!("{network}.{byte}.0/24").parse().unwrap()),
        ipv6: BTreeSet::new(),
        free_addresses: 200,
        outpost: false,
        tags: [("Name".to_owned(), format!("app-{letter}"))].into(),
    };
    let route = |destination: &str, target| Route {
        destination: destination.to_owned(),
        target,
        active: true,
    };
    let table = |id: &str, subnet: &str, main| RouteTable {
        id: id.into(),
        main,
        subnets: [subnet.into()].into(),
        routes: vec![
            route(&format!("{network}.0.0/16"), RouteTarget::Local),
            route("0.0.0.0/0", RouteTarget::Other("nat-0123456789abcdef0".to_owned())),
        ],
        tags: Tags::new(),
    };
    let group = |id: &str, source: &str| SecurityGroup {
        id: id.into(),
        name: "endpoints".to_owned(),
        owner: ACCOUNT.into(),
        ingress: vec![IngressRule {
            protocol: Protocol::Tcp,
            ports: Some((443, 443)),
            source: IngressSource::Cidr(source.parse().unwrap()),
        }],
        tags: Tags::new(),
    };
    let subnets = [subnet(APP_A, "a", 1), subnet(APP_B, "b", 2)];
    let tables = [table(TABLE_A, APP_A, true), table(TABLE_B, APP_B, false)];
    let groups = [
        group("sg-0aaaaaaaaaaaaaaaa", &format!("{network}.0.0/16")),
        group("sg-0cccccccccccccccc", "192.168.0.0/16"),
        group("sg-0eeeeeeeeeeeeeeee", "0.0.0.0/0"),
    ];
    VpcSnapshot {
        account: ACCOUNT.into(),
        region: REGION.into(),
        vpc: Vpc {
            id: id.into(),
            owner: ACCOUNT.into(),
            cidrs: [format!("{network}.0.0/16").parse().unwrap()].into(),
            tags: [("Name".to_owned(), "payments-prod".to_owned())].into(),
        },
        dns_servers: Ok([AMAZON_DNS.to_owned()].into()),
        dns: Ok(VpcDns {
            support: true,
            hostnames: true,
        }),
        subnets: Ok(subnets.map(|subnet| (subnet.id.clone(), subnet)).into()),
        route_tables: Ok(tables.map(|table| (table.id.clone(), table)).into()),
        endpoints: Ok(BTreeMap::new()),
        security_groups: Ok(groups.map(|group| (group.id.clone(), group)).into()),
        services: Ok(Arc::new(catalogue())),
        network_acls: Ok(acls(None)),
        traffic: Ok(Traffic {
            since: "2026-02-15T00:00:00Z".parse().unwrap(),
            bytes: BTreeMap::new(),
        }),
        hosted_zones: Ok(BTreeMap::new()),
        dns_profile: Ok(None),
        central: Ok(Central::default()),
    }
}

/// One network ACL that allows everything, but for HTTPS to one subnet.
fn acls(denied: Option<&str>) -> BTreeMap<postern_core::model::id::NetworkAclId, NetworkAcl> {
    let entry = |number, egress, ports, allow| AclEntry {
        number,
        egress,
        tcp: true,
        ports,
        network: "0.0.0.0/0".parse().unwrap(),
        allow,
    };
    let open = [entry(100, false, None, true), entry(100, true, None, true)];
    let acl = |id: &str, subnets: &[&str], first: &[AclEntry]| NetworkAcl {
        id: id.into(),
        subnets: subnets.iter().map(|id| (*id).into()).collect(),
        entries: [first, &open].concat(),
    };
    let all: Vec<_> = [APP_A, APP_B, IPV6]
        .into_iter()
        .filter(|id| Some(*id) != denied)
        .collect();
    let closed = [entry(90, false, Some((443, 443)), false)];
    let mut acls = vec![acl("acl-0aaaaaaaaaaaaaaaa", &all, &[])];
    acls.extend(denied.map(|id| acl("acl-0dddddddddddddddd", &[id], &closed)));
    acls.into_iter().map(|acl| (acl.id.clone(), acl)).collect()
}

fn catalogue() -> Catalogue {
    let service = |name: &str, kind| {
        let short = postern_policy::short_name(name);
        Service {
            name: name.into(),
            kind,
            region: None,
            zones: ["a", "b"].map(zone).into(),
            policy_supported: short != Some("rum"),
            private_dns_names: match (kind, short) {
                (EndpointKind::Interface, Some(short)) => [format!("{short}.{REGION}.amazonaws.com")].into(),
                _ => BTreeSet::new(),
            },
            manages_endpoints: false,
            addresses: AddressType::Dualstack,
            provider: (name == PARTNER).then(|| "444455556666".into()),
        }
    };
    let mut services: Vec<_> = ["sts", "kms", "secretsmanager", "rum", "s3"]
        .map(|short| service(&format!("com.amazonaws.{REGION}.{short}"), EndpointKind::Interface))
        .into();
    services.push(service(&format!("com.amazonaws.{REGION}.s3"), EndpointKind::Gateway));
    services.push(service(PARTNER, EndpointKind::Interface));
    let retired = format!("com.amazonaws.{REGION}.retired");
    Catalogue::new(services).with(Vec::new(), [(retired.as_str().into(), None)])
}

/// Adds an interface endpoint in both zones with private DNS and the policy of the perimeter.
fn add(vpc: &mut VpcSnapshot, id: &str, service: &str, edit: impl FnOnce(&mut Endpoint)) {
    let perimeter = Perimeter {
        organizations: vec!["o-exampleorg1".to_owned()],
        builtin_aws_owned_resources: true,
        aws_services: true,
        ..Perimeter::default()
    };
    let mut endpoint = Endpoint {
        id: id.into(),
        kind: EndpointKind::Interface,
        service: Some(service.into()),
        target: None,
        service_region: None,
        owner: ACCOUNT.into(),
        state: EndpointState::Available,
        requester_managed: false,
        subnets: [APP_A.into(), APP_B.into()].into(),
        route_tables: BTreeSet::new(),
        security_groups: ["sg-0aaaaaaaaaaaaaaaa".into()].into(),
        address_type: AddressType::Ipv4,
        dns_records: AddressType::Ipv4,
        private_dns: true,
        private_dns_inbound_only: false,
        policy: template(service, REGION, &perimeter).ok(),
        created: None,
        tags: Tags::new(),
    };
    edit(&mut endpoint);
    if endpoint.kind == EndpointKind::Gateway {
        endpoint.subnets.clear();
        endpoint.security_groups.clear();
        endpoint.private_dns = false;
    }
    vpc.endpoints.as_mut().unwrap().insert(endpoint.id.clone(), endpoint);
}
