//! The VPCs that tests start from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use postern_policy::Perimeter;

use super::{ACCOUNT, PARTNER, REGION, VPC, World, https, net, route, zone};
use crate::controls::CONTROLS;
use crate::evaluation::PolicyCache;
use crate::history::ChangeHistory;
use crate::model::address::AddressType;
use crate::model::catalogue::{Catalogue, Service};
use crate::model::cost::{MonthlyCost, Prices, RegionPrices};
use crate::model::endpoint::EndpointKind;
use crate::model::part::Tags;
use crate::model::snapshot::Central;
use crate::model::snapshot::{AMAZON_DNS, Route, RouteTable, RouteTarget, SubnetClass, Vpc, VpcDns, VpcSnapshot};
use crate::model::traffic::Traffic;
use crate::settings::{ApprovedServices, Limits, Mode, Modes, Settings};

/// 2026-11-23T12:00:00Z.
const NOON: Timestamp = Timestamp::constant(1_795_435_200, 0);

static POLICIES: LazyLock<PolicyCache> = LazyLock::new(PolicyCache::default);

/// A VPC with a route table of each class and a group that admits HTTPS from all of it, in which nothing is required.
pub(crate) fn bare() -> World {
    let rtb = |id: &str, routes: &[Route]| RouteTable {
        id: id.into(),
        main: id == "rtb-main",
        subnets: BTreeSet::new(),
        routes: [vec![route("10.0.0.0/16", RouteTarget::Local)], routes.to_vec()].concat(),
        tags: Tags::new(),
    };
    let nat = route("0.0.0.0/0", RouteTarget::Other("nat-1".to_owned()));
    let internet = route("0.0.0.0/0", RouteTarget::InternetGateway("igw-1".to_owned()));
    let tables = [
        rtb("rtb-main", &[]),
        rtb("rtb-isolated", &[]),
        rtb("rtb-private", &[nat]),
        rtb("rtb-public", &[internet]),
    ];
    let snapshot = VpcSnapshot {
        account: ACCOUNT.into(),
        region: REGION.into(),
        vpc: Vpc {
            id: VPC.into(),
            owner: ACCOUNT.into(),
            cidrs: BTreeSet::from([net("10.0.0.0/16")]),
            tags: Tags::new(),
        },
        dns_servers: Ok([AMAZON_DNS.to_owned()].into()),
        dns: Ok(VpcDns {
            support: true,
            hostnames: true,
        }),
        subnets: Ok([].into()),
        route_tables: Ok(tables.map(|table| (table.id.clone(), table)).into()),
        endpoints: Ok([].into()),
        security_groups: Ok([].into()),
        services: Ok(Arc::new(catalogue())),
        network_acls: Ok([].into()),
        hosted_zones: Ok(BTreeMap::new()),
        dns_profile: Ok(None),
        central: Ok(Central::default()),
        traffic: Ok(Traffic {
            since: Traffic::since(NOON, 14),
            bytes: BTreeMap::new(),
        }),
    };
    let settings = Settings {
        perimeter: perimeter(),
        approved_services: Some(ApprovedServices {
            aws: true,
            names: BTreeSet::new(),
            accounts: BTreeSet::new(),
            quarantine: false,
        }),
        modes: modes(Mode::Enforce, BTreeMap::new()),
        limits: Limits {
            changes_per_run: 1_000,
            monthly_cost_per_vpc: MonthlyCost::from_dollars(1e6),
            monthly_cost_total: MonthlyCost::from_dollars(1e6),
            changes_per_hour: 1_000,
            ..Limits::default()
        },
        prices: Prices {
            elsewhere: RegionPrices {
                interface_endpoint_zone_hour: Some(0.01),
                interface_endpoint_gigabyte: Some(0.01),
                nat_gateway_gigabyte: Some(0.05),
            },
            ..Prices::default()
        },
        ..Settings::default()
    };
    World {
        snapshot,
        settings,
        history: ChangeHistory::default(),
        now: NOON,
        policies: POLICIES.clone(),
    }
    .default_acl()
    .group("sg-https", &[https("10.0.0.0/16")])
}

/// A VPC with nothing to be said against it: `sts` and `kms` (which has no zone `c`) by interface endpoints, `s3` and
/// `dynamodb` by gateway endpoints, for a private subnet in each zone, a second one in zone `a` and an isolated one.
pub(crate) fn compliant() -> World {
    bare()
        .subnet("subnet-a", "a", SubnetClass::Private)
        .subnet("subnet-b", "b", SubnetClass::Private)
        .subnet("subnet-c", "c", SubnetClass::Private)
        .subnet("subnet-a2", "a", SubnetClass::Private)
        .subnet("subnet-db", "b", SubnetClass::Isolated)
        .subnet("subnet-web", "a", SubnetClass::Public)
        .require(&["sts", "kms"])
        .require_gateway(&["s3", "dynamodb"])
        .interface("vpce-sts", "sts", &["subnet-a", "subnet-b", "subnet-c"])
        .interface("vpce-kms", "kms", &["subnet-a", "subnet-b"])
        .processed("vpce-sts", 1)
        .processed("vpce-kms", 1)
        .gateway("vpce-s3", "s3", &["rtb-private", "rtb-isolated"])
        .gateway("vpce-dynamodb", "dynamodb", &["rtb-private", "rtb-isolated"])
}

/// The perimeter of one organisation.
pub(crate) fn perimeter() -> Perimeter {
    Perimeter {
        organizations: vec!["o-exampleorg1".to_owned()],
        builtin_aws_owned_resources: true,
        aws_services: true,
        ..Perimeter::default()
    }
}

/// Services of each peculiarity: in both forms, in some zones only, without policies, that manages its endpoints, with
/// another prefix, of another account.
fn catalogue() -> Catalogue {
    let own = |short: &str| format!("com.amazonaws.{REGION}.{short}");
    let gateway = |short: &str| Service {
        kind: EndpointKind::Gateway,
        private_dns_names: BTreeSet::new(),
        ..service(&own(short))
    };
    Catalogue::new(vec![
        gateway("s3"),
        service(&own("s3")),
        gateway("dynamodb"),
        service(&own("dynamodb")),
        service(&own("sts")),
        Service {
            zones: BTreeSet::from([zone("a"), zone("b")]),
            ..service(&own("kms"))
        },
        Service {
            policy_supported: false,
            ..service(&own("email-smtp"))
        },
        Service {
            policy_supported: false,
            ..service(&own("rum"))
        },
        Service {
            manages_endpoints: true,
            ..service(&own("guardduty-data"))
        },
        service(&format!("aws.api.{REGION}.freetier")),
        service(&format!("cn.com.amazonaws.{REGION}.ecr.api")),
        Service {
            provider: Some(super::STRANGER.into()),
            ..service(PARTNER)
        },
    ])
}

/// An interface service of AWS in all zones.
pub(crate) fn service(name: &str) -> Service {
    let short = name
        .rsplit_once(REGION)
        .map_or(name, |(_, short)| short.trim_start_matches('.'));
    Service {
        name: name.into(),
        kind: EndpointKind::Interface,
        region: None,
        zones: ["a", "b", "c"].map(zone).into(),
        policy_supported: true,
        private_dns_names: BTreeSet::from([format!("{short}.{REGION}.amazonaws.com")]),
        manages_endpoints: false,
        addresses: AddressType::Ipv4,
        provider: None,
    }
}

/// The opt-in controls are off unless they are named.
pub(super) fn modes(default: Mode, controls: BTreeMap<String, Mode>) -> Modes {
    let mut modes = Modes {
        default,
        interrupting: Mode::Enforce,
        window: None,
        controls,
    };
    let opt_in = CONTROLS.iter().filter(|control| control.opt_in);
    modes.off_unless_named(opt_in.map(|control| control.name));
    modes
}
