//! Thousands of storms. The variables that choose them are described in `lib.rs`.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use std::collections::BTreeMap;
use std::sync::Arc;

use postern_cloud::world::DefaultRoute;
use postern_cloud::{Cloud, REGION};
use postern_core::controls::known;
use postern_core::functions::FUNCTIONS;
use postern_core::settings::Settings;
use postern_runtime::{Configuration, SettingsSource};
use tokio::task::LocalSet;

use crate::runner::{Stop, run_storms};
use crate::setup::{LEDGER, destinations, ledger, role, topic};
use crate::size::Size;
use crate::storm::{Storm, calls_of_storm};

const STORMS: u64 = 2_000;
/// One of so many storms goes over several VPCs instead of one.
const LARGE: u64 = 250;
/// After so many days the same seeds come again.
const DAYS: u64 = 1_000;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap())
}

/// The seeds of this run: one, or `STORMS` from `STORM_FIRST` on, which is another number each day.
fn check(size: Size, share: u64) {
    let seeds = match number("STORM_SEED") {
        Some(seed) => seed..seed + 1,
        None => {
            let storms = number("STORMS").unwrap_or(STORMS);
            let day = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 86_400;
            let first = number("STORM_FIRST").unwrap_or(day % DAYS * STORMS);
            first..first + storms.div_ceil(share)
        }
    };
    let summary = run_storms(seeds.clone(), |_| size, Stop::FirstViolation);
    let violations: Vec<_> = summary.violations.into_iter().map(|violation| violation.text).collect();
    assert!(violations.is_empty(), "{}", violations.join("\n\n"));
    assert_eq!(summary.storms, seeds.end - seeds.start);
}

#[test]
fn invariants_hold_in_storms_over_one_vpc() {
    check(Size::Small, 1);
}

#[test]
fn invariants_hold_in_storms_over_several_vpcs() {
    check(Size::Large, LARGE);
}

/// Storms of which some have hubs and endpoints that nobody approved.
const PLAYED: u64 = 240;

#[test]
fn storms_play_ways_to_hubs_and_both_kinds_of_quarantine() {
    let (mut routes, mut denied, mut isolated) = (0, 0, 0);
    for seed in 0..PLAYED {
        for entry in calls_of_storm(seed, Size::Small).unwrap() {
            let has = |name: &str, text: &str| entry.parameter(name).is_some_and(|value| value.contains(text));
            routes += usize::from(entry.operation == "DeleteRoute" && entry.changed());
            denied += usize::from(has("PolicyDocument", "PosternQuarantine") && entry.changed());
            let replaced = has("AddSecurityGroupId.1", "sg-") && has("RemoveSecurityGroupId.1", "sg-");
            isolated += usize::from(replaced && entry.caller.contains(":role/postern-") && entry.changed());
        }
    }
    assert!(
        routes > 0 && denied > 0 && isolated > 0,
        "{routes} routes, {denied} policies, {isolated} groups"
    );
}

/// Whoever makes the new VPCs.
const BUILDER: &str = "arn:aws:iam::111122223333:role/landing-zone";
const NEW_VPCS: usize = 20;

/// The shipped settings, enforced, with room in the limits.
fn enforced() -> Settings {
    let shipped = include_str!("../../../postern.toml");
    let text = shipped
        .replace("default = \"audit\"", "default = \"enforce\"")
        .replacen("#accounts = []", "accounts = [\"111122223333\"]", 1)
        .replace("#mode = \"audit\"", "mode = \"enforce\"")
        .replace("#interface_endpoint_zone_hour", "interface_endpoint_zone_hour")
        .replace("#changes_per_run = 50", "changes_per_run = 1000")
        .replace("#changes_per_hour = 200", "changes_per_hour = 10000")
        .replace("#monthly_cost_total = 1000.0", "monthly_cost_total = 100000.0");
    Settings::parse(&text, &known()).unwrap()
}

/// Somebody builds many VPCs with three private subnets each. Gives their ids.
fn new_vpcs(cloud: &Cloud) -> Vec<String> {
    cloud.edit(|world| {
        world.topics.insert(topic());
        world.limit_endpoint_changes();
        world.page = 1_000;
        world.quotas.gateway_endpoints = 2 * NEW_VPCS;
    });
    let vpcs = (0..NEW_VPCS).map(|n| {
        let (vpc, table) = cloud.edit(|world| {
            let vpc = world.add_vpc(&format!("10.{n}.0.0/16"));
            world.edit_vpc(&vpc, |vpc| vpc.dns_hostnames = true);
            let table = world.add_route_table(&vpc, DefaultRoute::Nat);
            (vpc, table)
        });
        for (at, letter) in ["a", "b", "c"].into_iter().enumerate() {
            let (cidr, zone) = (format!("10.{n}.{at}.0/24"), format!("{REGION}{letter}"));
            let parameters = [
                ("VpcId", vpc.as_str()),
                ("CidrBlock", &cidr),
                ("AvailabilityZone", &zone),
            ];
            cloud.call(BUILDER, "CreateSubnet", &parameters).unwrap();
        }
        let subnets: Vec<_> = cloud.edit(|world| {
            let own = world.subnets().filter(|subnet| subnet.vpc == vpc);
            own.map(|subnet| subnet.id.clone()).collect()
        });
        for subnet in subnets {
            let parameters = [("SubnetId", subnet.as_str()), ("RouteTableId", &table)];
            cloud.call(BUILDER, "AssociateRouteTable", &parameters).unwrap();
        }
        vpc
    });
    vpcs.collect()
}

#[test]
fn twenty_new_vpcs_get_their_endpoints_within_the_request_rate_of_ec2_and_without_dead_letters() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, async {
        let cloud = Cloud::new(20);
        cloud.tables(|tables| *tables = ledger(20));
        let vpcs = new_vpcs(&cloud);
        let settings = Arc::new(enforced());
        let configuration = Configuration {
            settings: SettingsSource::Package(Arc::clone(&settings)),
            destinations: destinations(false),
            ledger: LEDGER.to_owned(),
            own_roles: FUNCTIONS.iter().map(|function| role(function)).collect(),
        };
        let dead = Storm::calm(cloud.clone(), configuration, settings)
            .settle()
            .await
            .unwrap();
        assert_eq!(dead, 0, "dead letters");
        let mut endpoints: BTreeMap<String, usize> = BTreeMap::new();
        cloud.edit(|world| {
            for endpoint in world.endpoints().filter(|endpoint| endpoint.alive()) {
                *endpoints.entry(endpoint.vpc.clone()).or_default() += 1;
            }
        });
        for vpc in vpcs {
            assert_eq!(endpoints.get(&vpc), Some(&12), "{vpc}");
        }
        let log = cloud.log();
        let of_endpoints = |operation: &str| operation.ends_with("VpcEndpoint");
        let creations = log.iter().filter(|entry| entry.operation == "CreateVpcEndpoint");
        assert_eq!(creations.filter(|entry| entry.code.is_none()).count(), 12 * NEW_VPCS);
        let throttled = log
            .iter()
            .filter(|entry| of_endpoints(&entry.operation) && entry.code.as_deref() == Some("RequestLimitExceeded"));
        assert_eq!(throttled.count(), 0, "turns keep below the rate of EC2");
    });
}
