//! Random VPCs and settings, as odd as AWS allows.

use std::collections::BTreeSet;
use std::sync::Arc;

use postern_policy::{Document, EndpointContext, Perimeter, fix, template};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option::weighted as maybe;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::baseline::modes;
use super::central;
use super::{
    ACCOUNT, ALLOW_ALL, PARTNER, REGION, STRANGER, VPC, World, bare, https, net, perimeter, record, route, rule, tags,
    zone,
};
use crate::changes::{Change, ReplacePolicy};
use crate::controls::{CONTROLS, credentials_unbound, endpoint_idle};
use crate::evaluation::TAG_EXEMPT;
use crate::history::ChangeRecord;
use crate::model::address::AddressType;
use crate::model::catalogue::Service;
use crate::model::endpoint::{Endpoint, EndpointKind, EndpointState};
use crate::model::id::{SubnetId, Zone};
use crate::model::network_acl::AclEntry;
use crate::model::part::{Part, Tags};
use crate::model::snapshot::Central;
use crate::model::snapshot::{
    AMAZON_DNS, IngressRule, IngressSource, Protocol, RouteTarget, Subnet, SubnetClass, VpcDns,
};
use crate::settings::{
    ApprovedServices, Exemption, ExemptionSelector, Mode, Requirement, Settings, SubnetSelector, VpcSelector,
};

const TABLES: [&str; 4] = ["rtb-isolated", "rtb-main", "rtb-private", "rtb-public"];
const SUBNETS: usize = 6;
const ENDPOINTS: usize = 7;

/// Policies of each sort.
pub(crate) const POLICIES: [&str; 9] = [
    ALLOW_ALL,
    // Our principals, anybody's resources.
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"Ours","Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1"}}}]}"#,
    // Two keys in one Deny leave both holes.
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-exampleorg1","aws:ResourceOrgID":"o-exampleorg1"}}}]}"#,
    // Closed by hand.
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1","aws:ResourceOrgID":"o-exampleorg1"}}}}"#,
    // The same, bound.
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1","aws:ResourceOrgID":"o-exampleorg1"}}},{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:Ec2InstanceSourceVPC":"${aws:SourceVpc}"},"Null":{"ec2:SourceInstanceARN":"false"}}}]}"#,
    // For nobody.
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}"#,
    // For others, and not for us.
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalAccount":"444455556666"}}}]}"#,
    // There is no telling who that is.
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"},"Action":"*","Resource":"*"}]}"#,
    "{}",
];

/// VPCs of which everything was observed, with room in the limits.
pub(crate) fn worlds() -> impl Strategy<Value = World> {
    let places = (
        vec(subnet(), 0..=SUBNETS),
        vec(lead(), TABLES.len()),
        vec(vec(ingress(), 0..3), 3),
        maybe(0.4, (vec(ingress(), 0..3), prop::bool::weighted(0.9))),
        (
            prop::bool::weighted(0.7),
            prop::bool::weighted(0.7),
            prop::bool::weighted(0.3),
            select(vec![AMAZON_DNS, AMAZON_DNS, AMAZON_DNS, "10.9.9.9", ""]),
        ),
        maybe(0.2, 0..11_usize),
        (vec(addresses(), 12), any::<bool>(), vec(acl_entry(), SUBNETS)),
        maybe(0.2, select(vec!["sts", "kms", "ecr.api", "example"])),
        maybe(0.2, (select(vec!["vpc-hub", VPC]), 0..4_u8)),
    );
    (places, vec(endpoint(), 0..=ENDPOINTS), settings()).prop_map(
        |(
            (
                subnets,
                leads,
                groups,
                managed,
                (support, hostnames, quarantined, server),
                unlisted,
                (offered, lost, acls),
                zone,
                shared,
            ),
            endpoints,
            settings,
        )| {
            let mut world = bare();
            for (table, (lead, marks)) in TABLES.into_iter().zip(leads) {
                world = world.edit_table(table, |t| {
                    t.routes.truncate(1);
                    t.routes.extend(lead);
                    t.tags = marks;
                });
            }
            for (n, (mut subnet, table)) in subnets.into_iter().enumerate() {
                subnet.id = SubnetId(format!("subnet-{n}"));
                subnet.ipv4 = subnet.ipv4.map(|_| net(&format!("10.0.{n}.0/24")));
                let ipv6 = subnet.ipv6.iter().map(|_| net(&format!("2001:db8:0:{n}::/64")));
                subnet.ipv6 = ipv6.collect();
                let id = subnet.id.clone();
                world.snapshot.subnets.as_mut().unwrap().insert(id.clone(), subnet);
                world = world.acl(&format!("acl-{n}"), id.as_str(), &acls[n..n + 1]);
                if let Some(table) = table {
                    world = world.edit_table(table, |t| {
                        t.subnets.insert(id);
                    });
                }
            }
            for (n, rules) in groups.iter().enumerate() {
                world = world.group(&format!("sg-{n}"), rules);
            }
            if let Some((rules, tagged)) = managed {
                world = world.managed_group("sg-managed", &rules);
                if !tagged {
                    let groups = world.snapshot.security_groups.as_mut().unwrap();
                    groups.get_mut(&"sg-managed".into()).unwrap().tags.clear();
                }
            }
            if quarantined {
                world = world.quarantine_group("sg-quarantine");
            }
            world.snapshot.dns = Ok(VpcDns { support, hostnames });
            let servers = [server].into_iter().filter(|server| !server.is_empty());
            world.snapshot.dns_servers = Ok(servers.map(str::to_owned).collect());
            world.settings = Settings {
                limits: world.settings.limits,
                prices: world.settings.prices,
                ..settings
            };
            for (n, sketch) in endpoints.into_iter().enumerate() {
                world = sketch.scope(n, world);
            }
            world = world.edit_catalogue(|services| {
                for (service, addresses) in services.iter_mut().zip(offered) {
                    service.addresses = addresses;
                }
            });
            if let Some(n) = unlisted {
                world = world.edit_catalogue(|services| {
                    services.remove(n);
                });
            }
            let gone = ("com.amazonaws.eu-central-1.gone".into(), None);
            if let Some(service) = zone {
                world = world.hosted_zone("Z1", service);
            }
            if let Some((hub, quirk)) = shared {
                world = share(world, hub, quirk);
            }
            if lost {
                let catalogue = world.snapshot.services.as_ref().unwrap();
                world.snapshot.services = Ok(Arc::new(catalogue.with(Vec::new(), [gone])));
            }
            world
        },
    )
}

/// Makes the VPC a hub with a spoke, or a spoke with a hub that lacks something.
fn share(world: World, hub: &str, quirk: u8) -> World {
    let mut world = world.hub(|hub| match quirk {
        0 => hub.without("vpce-hub"),
        1 => hub.group("sg-hub", &[]),
        _ => hub,
    });
    let mut settings = central::central(if quirk == 3 { &["kms"] } else { &[] });
    settings.hubs.ids = [hub.into()].into();
    if hub == VPC {
        let hubs = &world.snapshot.central.as_ref().unwrap().hubs;
        let spokes = hubs
            .values()
            .map(|other| (other.vpc.id.clone(), other.vpc.clone()))
            .collect();
        world.snapshot.central = Ok(Central {
            spokes,
            ..Central::default()
        });
    } else {
        let target = "vpce-hub-0a1b.sts.eu-central-1.vpce.amazonaws.com";
        world = world
            .hosted_zone("Z2", "sts")
            .records("Z2", vec![central::leads("sts", target)]);
        for table in TABLES {
            world = world.edit_table(table, |table| {
                table
                    .routes
                    .push(route("10.9.0.0/16", RouteTarget::Other("tgw-1".to_owned())));
            });
        }
    }
    world.settings.central = Some(settings);
    world
}

/// VPCs of which some parts may not have been observed.
pub(crate) fn worlds_with_gaps() -> impl Strategy<Value = World> {
    (worlds(), subsequence(Part::VPC.to_vec(), 0..=2))
        .prop_map(|(world, gaps)| gaps.into_iter().fold(world, World::gap))
}

/// VPCs in which every control is enforced.
pub(crate) fn enforced_worlds() -> impl Strategy<Value = World> {
    worlds().prop_map(|mut world| {
        world.settings.modes = bare().settings.modes;
        world
            .mode(&credentials_unbound::CONTROL, Mode::Enforce)
            .mode(&endpoint_idle::CONTROL, Mode::Enforce)
    })
}

fn marks() -> impl Strategy<Value = Tags> {
    prop_oneof![
        6 => Just(Tags::new()),
        2 => Just(tags(&[("team", "data")])),
        1 => Just(tags(&[(TAG_EXEMPT, "true")])),
    ]
}

fn subnet() -> impl Strategy<Value = (Subnet, Option<&'static str>)> {
    let quirks = prop_oneof![10 => Just(0), 1 => Just(1), 1 => Just(2), 1 => Just(3)];
    let free = prop_oneof![1 => Just(0), 2 => 1..4_u32, 4 => Just(200)];
    let zones = ["a", "a", "b", "c", "eu-central-1-ham-1a"].map(zone).to_vec();
    let tables = [
        Some("rtb-isolated"),
        Some("rtb-private"),
        Some("rtb-private"),
        Some("rtb-public"),
        None,
    ];
    let places = (select(zones), quirks, any::<bool>());
    (places, free, marks(), select(tables.to_vec())).prop_map(|((zone, quirk, ipv6), free, tags, table)| {
        let subnet = Subnet {
            id: SubnetId(String::new()),
            owner: if quirk == 1 { STRANGER } else { ACCOUNT }.into(),
            zone,
            ipv4: (quirk != 2).then(|| net("10.0.0.0/24")),
            ipv6: if quirk == 2 || ipv6 {
                [net("2001:db8::/64")].into()
            } else {
                BTreeSet::new()
            },
            free_addresses: free,
            outpost: quirk == 3,
            tags,
        };
        (subnet, table)
    })
}

/// A route besides the local one, and tags.
fn lead() -> impl Strategy<Value = (Option<crate::model::snapshot::Route>, Tags)> {
    let internet = RouteTarget::InternetGateway("igw-1".to_owned());
    let nat = RouteTarget::Other("nat-1".to_owned());
    let endpoint = RouteTarget::Endpoint("vpce-gwlb".to_owned());
    (
        maybe(0.7, select(vec![internet, nat.clone(), nat, endpoint])),
        prop::bool::weighted(0.9),
        marks(),
    )
        .prop_map(|(target, active, tags)| {
            let lead = target.map(|target| crate::model::snapshot::Route {
                active,
                ..route("0.0.0.0/0", target)
            });
            (lead, tags)
        })
}

fn acl_entry() -> impl Strategy<Value = AclEntry> {
    let networks = [
        "0.0.0.0/0",
        "10.0.0.0/16",
        "10.0.1.0/24",
        "10.0.2.0/25",
        "2001:db8::/32",
    ];
    let ports = [
        None,
        Some((443, 443)),
        Some((22, 22)),
        Some((1_024, 65_535)),
        Some((40_000, 40_100)),
    ];
    let denied = prop::bool::weighted(0.15);
    (any::<bool>(), select(ports.to_vec()), select(networks.to_vec()), denied).prop_map(
        |(egress, ports, network, denied)| AclEntry {
            number: 90,
            egress,
            tcp: true,
            ports,
            network: net(network),
            allow: !denied,
        },
    )
}

fn ingress() -> impl Strategy<Value = IngressRule> {
    let from = |cidr: &str| IngressSource::Cidr(net(cidr));
    select(vec![
        https("10.0.0.0/16"),
        https("10.0.0.0/24"),
        https("10.0.1.0/24"),
        https("10.0.2.0/23"),
        https("10.0.0.0/25"),
        https("::/0"),
        rule(Protocol::All, None, from("10.0.0.0/22")),
        rule(Protocol::Tcp, Some((0, 1_024)), from("10.0.4.0/24")),
        rule(Protocol::Tcp, Some((22, 22)), from("0.0.0.0/0")),
        rule(Protocol::Other, None, from("0.0.0.0/0")),
        rule(
            Protocol::Tcp,
            Some((443, 443)),
            IngressSource::Group("sg-clients".to_owned()),
        ),
        rule(
            Protocol::Tcp,
            Some((443, 443)),
            IngressSource::PrefixList("pl-1".to_owned()),
        ),
    ])
}

fn addresses() -> impl Strategy<Value = AddressType> {
    prop_oneof![
        6 => Just(AddressType::Ipv4),
        1 => Just(AddressType::Ipv6),
        2 => Just(AddressType::Dualstack),
    ]
}

/// An endpoint before it is known what the VPC has for it.
#[derive(Clone, Debug)]
struct Sketch {
    /// In the catalogue; beyond it: a service that is not listed, and an endpoint without a service.
    service: usize,
    state: EndpointState,
    /// Bits that choose among what there is.
    subnets: u8,
    tables: u8,
    groups: u8,
    private_dns: bool,
    addresses: AddressType,
    /// None: CloudWatch has no metrics of it. Otherwise it is old enough to be idle.
    bytes: Option<u64>,
    /// Of both families, whether the names resolve to IPv4 addresses only.
    ipv4_records: bool,
    /// Among [`POLICIES`]; beyond them the perimeter policy.
    policy: Option<usize>,
    requester_managed: bool,
    foreign: bool,
    abroad: bool,
    /// Postern closed its policy for the own account alone.
    outdated: bool,
    tags: Tags,
}

fn endpoint() -> impl Strategy<Value = Sketch> {
    let states = prop_oneof![
        8 => Just(EndpointState::Available),
        1 => Just(EndpointState::Pending),
        1 => Just(EndpointState::PendingAcceptance),
        1 => Just(EndpointState::Deleted),
        1 => Just(EndpointState::Failed),
        1 => Just(EndpointState::Unknown),
    ];
    let rarely = || prop::bool::weighted(0.06);
    let bits = (any::<u8>(), any::<u8>(), 0..16_u8);
    let tags = prop_oneof![9 => marks(), 1 => Just(tags(&[("GuardDutyManaged", "true")]))];
    (
        // Often the interface endpoint of S3, which has a gateway type, too.
        prop_oneof![6 => 0..14_usize, 1 => Just(8_usize)],
        states,
        bits,
        (any::<bool>(), addresses(), any::<bool>(), maybe(0.7, 0..2_u64)),
        maybe(0.95, 0..POLICIES.len() + 4),
        (rarely(), rarely(), rarely(), rarely()),
        tags,
    )
        .prop_map(
            |(
                service,
                state,
                (subnets, tables, groups),
                (private_dns, addresses, ipv4_records, bytes),
                policy,
                rare,
                tags,
            )| Sketch {
                service,
                state,
                subnets,
                tables,
                groups,
                private_dns,
                addresses,
                bytes,
                ipv4_records,
                policy,
                requester_managed: rare.0,
                foreign: rare.1,
                abroad: rare.2,
                outdated: rare.3,
                tags,
            },
        )
}

fn chosen<T>(items: impl IntoIterator<Item = T>, bits: u8) -> Vec<T> {
    let on = |(n, item)| (bits >> (n % 8) & 1 == 1).then_some(item);
    items.into_iter().enumerate().filter_map(on).collect()
}

impl Sketch {
    fn records(&self) -> AddressType {
        match self.addresses {
            AddressType::Dualstack if self.ipv4_records => AddressType::Ipv4,
            addresses => addresses,
        }
    }

    fn scope(self, n: usize, world: World) -> World {
        let snapshot = &world.snapshot;
        let catalogue = snapshot.services.as_ref().unwrap();
        let (kind, service) = match catalogue.services().get(self.service) {
            Some(Service { kind, name, .. }) => (*kind, Some(name.clone())),
            None if self.service == 12 => (EndpointKind::Interface, Some("com.amazonaws.eu-central-1.gone".into())),
            None => (EndpointKind::Resource, None),
        };
        let interface = kind == EndpointKind::Interface;
        let mut zones: BTreeSet<&Zone> = BTreeSet::new();
        let mut subnets = chosen(snapshot.subnets.as_ref().unwrap().values(), self.subnets);
        // One network interface in each zone.
        subnets.retain(|s| interface && zones.insert(&s.zone));
        let tables = chosen(TABLES, if kind == EndpointKind::Gateway { self.tables } else { 0 });
        let groups = ["sg-0", "sg-1", "sg-managed", "sg-unknown"];
        let groups = chosen(groups, if interface { self.groups } else { 0 });
        let mut others = snapshot.endpoints.as_ref().unwrap().values();
        // The name is exclusive.
        let taken = others.any(|e| e.service == service && e.private_dns && !e.dead());
        let short = service
            .as_ref()
            .map_or("", |s| s.as_str().trim_start_matches("com.amazonaws.eu-central-1."));
        let endpoint = Endpoint {
            id: format!("vpce-{n}").into(),
            kind,
            target: None,
            service_region: self.abroad.then(|| "us-east-1".into()),
            owner: if self.foreign { STRANGER } else { ACCOUNT }.into(),
            state: self.state,
            requester_managed: self.requester_managed,
            subnets: subnets.into_iter().map(|s| s.id.clone()).collect(),
            route_tables: tables.into_iter().map(Into::into).collect(),
            security_groups: groups.into_iter().map(Into::into).collect(),
            address_type: self.addresses,
            dns_records: self.records(),
            private_dns: interface && self.private_dns && !taken,
            private_dns_inbound_only: false,
            policy: self.policy.map(|policy| {
                let perimeter = || template(short, REGION, &world.settings.perimeter).unwrap_or_default();
                POLICIES.get(policy).map_or_else(perimeter, |text| (*text).to_owned())
            }),
            created: None,
            tags: self.tags,
            service,
        };
        let id = endpoint.id.clone();
        let world = match self.outdated.then(|| outdated(&endpoint)).flatten() {
            Some(change) => {
                let written = ChangeRecord {
                    perimeter: Some("0123456789ab".to_owned()),
                    ..record(change.clone(), "run-0", "2026-11-22T08:00:00Z")
                };
                let mut world = world.endpoint(endpoint).remember(written);
                world.snapshot = change.make_in(&world.snapshot);
                world
            }
            None => world.endpoint(endpoint),
        };
        match self.bytes {
            Some(bytes) => world.processed(id.as_str(), bytes),
            None => world,
        }
    }
}

/// What closes an open policy of the endpoint for the own account alone.
fn outdated(endpoint: &Endpoint) -> Option<Change> {
    let narrow = Perimeter {
        organizations: Vec::new(),
        accounts: vec![ACCOUNT.to_owned()],
        ..perimeter()
    };
    let context = EndpointContext {
        service: endpoint.service.as_ref()?.to_string(),
        gateway: endpoint.kind == EndpointKind::Gateway,
        owner: endpoint.owner.to_string(),
        region: REGION.to_owned(),
        vpc: VPC.to_owned(),
        endpoint: endpoint.id.to_string(),
        time: 1_795_435_200,
    };
    let before = endpoint.policy.clone()?;
    let after = fix(&Document::parse(&before).ok()?, &narrow, &context).ok()?.text;
    Some(Change::ReplacePolicy(ReplacePolicy {
        endpoint: endpoint.id.clone(),
        before,
        after,
    }))
}

fn settings() -> impl Strategy<Value = Settings> {
    let perimeters = prop_oneof![
        6 => Just(perimeter()),
        1 => Just(Perimeter::default()),
        1 => Just(Perimeter {
            accounts: vec![ACCOUNT.to_owned(), STRANGER.to_owned()],
            resources: vec!["arn:aws:s3:::corp-data/*".to_owned()],
            ..perimeter()
        }),
    ];
    (
        perimeters,
        vec(requirement(), 0..4),
        mode(),
        btree_map(select(controls()), mode(), 0..3),
        vec(exemption(), 0..3),
        btree_set(select(controls()), 0..3),
        maybe(0.7, approved_services()),
    )
        .prop_map(
            |(perimeter, requirements, default, controls, exemptions, exempt_by_tag, approved_services)| Settings {
                perimeter,
                requirements,
                approved_services,
                modes: modes(default, controls),
                exemptions,
                exempt_by_tag,
                ..Settings::default()
            },
        )
}

fn approved_services() -> impl Strategy<Value = ApprovedServices> {
    let names = btree_set(select(vec!["sts".to_owned(), PARTNER.to_owned()]), 0..2);
    let accounts = btree_set(Just(STRANGER.into()), 0..2);
    let quarantine = prop::bool::weighted(0.3);
    (prop::bool::weighted(0.8), names, accounts, quarantine).prop_map(|(aws, names, accounts, quarantine)| {
        ApprovedServices {
            aws,
            names,
            accounts,
            quarantine,
        }
    })
}

fn controls() -> Vec<String> {
    CONTROLS.iter().map(|control| control.name.to_owned()).collect()
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![4 => Just(Mode::Enforce), 2 => Just(Mode::Audit), 1 => Just(Mode::Off)]
}

fn requirement() -> impl Strategy<Value = Requirement> {
    let interface = [
        "sts",
        "kms",
        "s3",
        "email-smtp",
        "guardduty-data",
        "ecr.api",
        "aws.api.eu-central-1.freetier",
        PARTNER,
        "nonsense",
    ];
    let kinds = prop_oneof![
        3 => (Just(EndpointKind::Interface), subsequence(interface.to_vec(), 1..=4)),
        2 => (Just(EndpointKind::Gateway), subsequence(vec!["s3", "dynamodb", "nonsense"], 1..=3)),
    ];
    let classes = [SubnetClass::Public, SubnetClass::Private, SubnetClass::Isolated];
    let vpcs = prop_oneof![
        6 => Just(VpcSelector::default()),
        1 => Just(VpcSelector { ids: [VPC.into()].into(), ..VpcSelector::default() }),
        1 => Just(VpcSelector { ids: ["vpc-2".into()].into(), ..VpcSelector::default() }),
    ];
    let marked = prop::bool::weighted(0.1);
    (kinds, subsequence(classes.to_vec(), 1..=3), vpcs, marked).prop_map(|((kind, services), classes, vpcs, marked)| {
        let tags = if marked { tags(&[("team", "data")]) } else { Tags::new() };
        Requirement {
            services: services.into_iter().map(str::to_owned).collect(),
            kind,
            fips: false,
            vpcs,
            subnets: SubnetSelector {
                classes: classes.into_iter().collect(),
                tags,
            },
        }
    })
}

fn exemption() -> impl Strategy<Value = Exemption> {
    let ids = (0..SUBNETS).map(|n| format!("subnet-{n}"));
    let ids = ids.chain((0..ENDPOINTS).map(|n| format!("vpce-{n}")));
    let ids: Vec<_> = ids.chain(TABLES.map(str::to_owned)).chain([VPC.to_owned()]).collect();
    let selector = prop_oneof![
        4 => select(ids).prop_map(ExemptionSelector::Resource),
        1 => Just(ExemptionSelector::Tag { key: "team".to_owned(), value: "data".to_owned() }),
    ];
    let expires = ["2026-11-22T00:00:00Z", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"];
    (select(controls()), selector, select(expires.to_vec()), "[ab]").prop_map(|(control, selector, expires, reason)| {
        Exemption {
            control,
            selector,
            reason,
            owner: None,
            since: None,
            expires: expires.parse().unwrap(),
        }
    })
}
