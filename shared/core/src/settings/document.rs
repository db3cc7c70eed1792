//! The shape of `postern.toml`: one line per key.

use std::collections::BTreeSet;

use ipnet::IpNet;
use jiff::tz::TimeZone;
use postern_policy::Perimeter;
use toml::de::DeValue;

mod exemptions;

use exemptions::exemption;

use super::provider::WAITING_HOURS;
use super::reader::{Node, Section, advice};
use super::sets::ServiceSet;
use super::{
    AlertSettings, ApprovedServices, CentralEndpoints, KnownControl, LedgerSettings, Limits, MaintenanceWindow, Mode,
    Modes, Provider, Requirement, ServiceSelector, Settings, SubnetSelector, TrafficSettings, VpcSelector, values,
};
use crate::model::cost::{Prices, RegionPrices};
use crate::model::endpoint::EndpointKind;
use crate::model::id::{AccountId, Region};
use crate::model::snapshot::SubnetClass;

pub(super) const KINDS: &[(&str, EndpointKind)] = &[
    ("interface", EndpointKind::Interface),
    ("gateway", EndpointKind::Gateway),
];
/// Which endpoints a requirement may ask for.
const TYPES: &[(&str, &[EndpointKind])] = &[
    ("interface", &[EndpointKind::Interface]),
    ("gateway", &[EndpointKind::Gateway]),
    ("both", &[EndpointKind::Interface, EndpointKind::Gateway]),
];
pub(super) const CLASSES: &[(&str, SubnetClass)] = &[
    ("public", SubnetClass::Public),
    ("private", SubnetClass::Private),
    ("isolated", SubnetClass::Isolated),
];
pub(super) const MODES: &[(&str, Mode)] = &[("off", Mode::Off), ("audit", Mode::Audit), ("enforce", Mode::Enforce)];

/// Reads the whole document. What was rejected has its default value in the result.
pub(super) fn settings(root: &Section<'_, '_>, controls: &[KnownControl]) -> Settings {
    let default = Settings::default();
    let names: Vec<_> = controls.iter().map(|control| control.name).collect();
    let control = |node: &Node<'_>| values::control(node, &names);
    let modes = |node: &Node<'_>| modes(node, &names);
    let exempt_by_tag = |node: &Node<'_>| node.section(|s| Some(s.list("controls", control).into_iter().collect()));
    let exemptions = |node: &Node<'_>| {
        node.list_by(
            |item| exemption(item, &names),
            |a, b| a.control == b.control && a.selector == b.selector,
        )
    };
    let (perimeter, confirmed_perimeter, trusted_cidrs) =
        root.get("perimeter", perimeter)
            .unwrap_or((default.perimeter, None, default.trusted_cidrs));
    let mut settings = Settings {
        version: default.version,
        perimeter,
        confirmed_perimeter,
        trusted_cidrs,
        requirements: root.list("requirements", requirement).into_iter().flatten().collect(),
        central: root.get("central", central),
        approved_services: root.get("approved_services", approved_services),
        providers: root.list("providers", provider),
        modes: root.get("modes", modes).unwrap_or_default(),
        exemptions: root.get("exemptions", exemptions).unwrap_or_default(),
        exempt_by_tag: root.get("exempt_by_tag", exempt_by_tag).unwrap_or_default(),
        limits: root.get("limits", limits).unwrap_or_default(),
        ledger: root.get("ledger", ledger).unwrap_or_default(),
        alerts: root.get("alerts", alerts).unwrap_or_default(),
        traffic: root.get("traffic", traffic).unwrap_or_default(),
        prices: root.get("prices", prices).unwrap_or_default(),
    };
    let opt_in = controls.iter().filter(|control| control.opt_in);
    settings.modes.off_unless_named(opt_in.map(|control| control.name));
    refuse_lockout(root, controls, &settings);
    settings
}

fn perimeter(node: &Node<'_>) -> Option<(Perimeter, Option<String>, Vec<IpNet>)> {
    let default = Settings::default().perimeter;
    node.section(|s| {
        let perimeter = Perimeter {
            organizations: s.list("organizations", values::organization),
            organization_paths: s.list("organization_paths", values::organization_path),
            accounts: s.list("accounts", values::account),
            principals: s.list("principals", values::principal),
            resources: s.list("resources", values::resource),
            aws_owned_resources: s.list("aws_owned_resources", values::resource),
            builtin_aws_owned_resources: s
                .get("builtin_aws_owned_resources", Node::boolean)
                .unwrap_or(default.builtin_aws_owned_resources),
            aws_services: s.get("aws_services", Node::boolean).unwrap_or(default.aws_services),
            images_of_any_owner: s
                .get("images_of_any_owner", Node::boolean)
                .unwrap_or(default.images_of_any_owner),
        };
        let confirmed = s.get("confirmed", values::digest);
        Some((perimeter, confirmed, s.list("cidrs", values::cidr)))
    })
}

/// One requirement for each type of endpoints that the block requires.
fn requirement(node: &Node<'_>) -> Option<Vec<Requirement>> {
    type Members = fn(&ServiceSet) -> &'static [&'static str];
    const MEMBERS: [(EndpointKind, Members); 2] = [
        (EndpointKind::Interface, |set| set.interface),
        (EndpointKind::Gateway, |set| set.gateway),
    ];
    node.section(|s| {
        let services = s.get("services", |node| node.some(values::service));
        let sets = s.get("sets", |node| node.some(values::service_set));
        let kinds = s.get("type", |node| node.choice("type", TYPES));
        let kinds = kinds.unwrap_or(&[EndpointKind::Interface]);
        let fips = s.get("fips", Node::boolean).unwrap_or_default();
        let vpcs = s.get("vpcs", vpc_selector).unwrap_or_default();
        let subnets = s.get("subnets", subnet_selector).unwrap_or_default();
        if s.find("services").is_none() && s.find("sets").is_none() {
            return s.reject("requires nothing; add `services` or `sets`");
        }
        let (services, sets) = (services.unwrap_or_default(), sets.unwrap_or_default());
        let required = MEMBERS.map(|(kind, members)| {
            let named = services.iter().filter(|_| kinds.contains(&kind)).cloned();
            let of_sets = sets.iter().flat_map(|set| members(set)).map(ToString::to_string);
            let mut known = BTreeSet::new();
            Requirement {
                services: named.chain(of_sets).filter(|name| known.insert(name.clone())).collect(),
                kind,
                fips: fips && kind == EndpointKind::Interface,
                vpcs: vpcs.clone(),
                subnets: subnets.clone(),
            }
        });
        Some(
            required
                .into_iter()
                .filter(|required| !required.services.is_empty())
                .collect(),
        )
    })
}

fn central(node: &Node<'_>) -> Option<CentralEndpoints> {
    node.section(|s| {
        let hubs = s.require("hubs", |node| match vpc_selector(node)? {
            all if all == VpcSelector::default() => node.reject("selects every VPC; add ids, cidrs or tags"),
            hubs => Some(hubs),
        });
        let spokes = s.get("spokes", vpc_selector).unwrap_or_default();
        let services = s.list("services", values::service);
        Some(CentralEndpoints {
            hubs: hubs?,
            spokes,
            services,
        })
    })
}

fn approved_services(node: &Node<'_>) -> Option<ApprovedServices> {
    node.section(|s| {
        Some(ApprovedServices {
            aws: s.get("aws", Node::boolean).unwrap_or(true),
            names: s.list("names", values::approved_service).into_iter().collect(),
            accounts: s.list("accounts", values::account).into_iter().map(AccountId).collect(),
            quarantine: s.get("quarantine", Node::boolean).unwrap_or_default(),
        })
    })
}

fn provider(node: &Node<'_>) -> Option<Provider> {
    node.section(|s| {
        let selector = |node: &Node<'_>| {
            node.section(|s| {
                Some(ServiceSelector {
                    ids: s.list("ids", values::endpoint_service).into_iter().collect(),
                    names: s.list("names", values::endpoint_service_name).into_iter().collect(),
                    tags: s.get("tags", values::tags).unwrap_or_default(),
                })
            })
        };
        Some(Provider {
            services: s.get("services", selector).unwrap_or_default(),
            accounts: s.list("accounts", values::account),
            organizations: s.get("organizations", |node| node.list(values::organization_or_path)),
            principals: s.list("principals", values::principal),
            regions: s.list("regions", values::region).into_iter().collect(),
            waiting_hours: s
                .get("waiting_hours", |node| values::within(node, 0..=8_760))
                .unwrap_or(WAITING_HOURS),
        })
    })
}

fn vpc_selector(node: &Node<'_>) -> Option<VpcSelector> {
    node.section(|s| {
        Some(VpcSelector {
            ids: s.list("ids", values::vpc).into_iter().collect(),
            cidrs: s.list("cidrs", values::cidr),
            tags: s.get("tags", values::tags).unwrap_or_default(),
        })
    })
}

fn subnet_selector(node: &Node<'_>) -> Option<SubnetSelector> {
    let class = |node: &Node<'_>| node.choice("subnet class", CLASSES);
    node.section(|s| {
        let classes = s.get("classes", |node| node.some(class));
        Some(SubnetSelector {
            classes: classes.map_or(SubnetSelector::default().classes, |classes| {
                classes.into_iter().collect()
            }),
            tags: s.get("tags", values::tags).unwrap_or_default(),
        })
    })
}

fn mode(node: &Node<'_>) -> Option<Mode> {
    node.choice("mode", MODES)
}

/// The mode of a class of changes, and when they are made.
fn class(node: &Node<'_>) -> Option<(Mode, Option<MaintenanceWindow>)> {
    const CLASS_MODES: &[(&str, Mode)] = &[("audit", Mode::Audit), ("enforce", Mode::Enforce)];
    node.section(|s| {
        let mode = s.get("mode", |node| node.choice("mode", CLASS_MODES));
        Some((mode.unwrap_or_default(), s.get("window", window)))
    })
}

pub(super) const WEEKDAYS: &[(&str, i8)] = &[
    ("mon", 1),
    ("tue", 2),
    ("wed", 3),
    ("thu", 4),
    ("fri", 5),
    ("sat", 6),
    ("sun", 7),
];

fn window(node: &Node<'_>) -> Option<MaintenanceWindow> {
    node.section(|s| {
        let weekdays = s.require("weekdays", |node| node.some(|node| node.choice("weekday", WEEKDAYS)));
        let from = s.require("from", values::time);
        let to = s.require("to", values::time);
        let time_zone = s.get("time_zone", values::time_zone).unwrap_or(TimeZone::UTC);
        Some(MaintenanceWindow {
            weekdays: weekdays?.into_iter().collect(),
            from: from?,
            to: to?,
            time_zone,
        })
    })
}

fn modes(node: &Node<'_>, names: &[&str]) -> Option<Modes> {
    node.section(|s| {
        let default = s.get("default", mode).unwrap_or_default();
        let (interrupting, window) = s.get("interrupting", class).unwrap_or_default();
        Some(Modes {
            default,
            interrupting,
            window,
            controls: s.rest(|entry| {
                let mode = mode(entry);
                if !names.contains(&entry.key()) {
                    let known: Vec<_> = ["default", "interrupting"].iter().chain(names).copied().collect();
                    return entry.reject_key(format!("unknown control; {}", advice(entry.key(), &known)));
                }
                Some((entry.key().to_owned(), mode?))
            }),
        })
    })
}

fn limits(node: &Node<'_>) -> Option<Limits> {
    let default = Limits::default();
    node.section(|s| {
        Some(Limits {
            changes_per_run: s
                .get("changes_per_run", values::count)
                .unwrap_or(default.changes_per_run),
            changes_per_hour: s
                .get("changes_per_hour", values::count)
                .unwrap_or(default.changes_per_hour),
            monthly_cost_per_vpc: s
                .get("monthly_cost_per_vpc", values::monthly_cost)
                .unwrap_or(default.monthly_cost_per_vpc),
            monthly_cost_total: s
                .get("monthly_cost_total", values::monthly_cost)
                .unwrap_or(default.monthly_cost_total),
            attempts: s
                .get("attempts", |node| values::within(node, 1..=100))
                .map_or(default.attempts, usize::from),
            window_hours: s
                .get("window_hours", |node| values::within(node, 1..=720))
                .unwrap_or(default.window_hours),
            canary_endpoints: s
                .get("canary_endpoints", values::count)
                .unwrap_or(default.canary_endpoints),
        })
    })
}

fn alerts(node: &Node<'_>) -> Option<AlertSettings> {
    let default = AlertSettings::default();
    node.section(|s| {
        Some(AlertSettings {
            repeat_days: s
                .get("repeat_days", |node| values::within(node, 0..=365))
                .unwrap_or(default.repeat_days),
        })
    })
}

/// Changes are kept for longer than the longest window.
fn ledger(node: &Node<'_>) -> Option<LedgerSettings> {
    let default = LedgerSettings::default();
    node.section(|s| {
        Some(LedgerSettings {
            retention_days: s
                .get("retention_days", |node| values::within(node, 31..=3_650))
                .unwrap_or(default.retention_days),
            pause_days: s
                .get("pause_days", |node| values::within(node, 1..=3_650))
                .unwrap_or(default.pause_days),
        })
    })
}

/// CloudWatch keeps metrics for 455 days, and the day of the request is counted besides.
fn traffic(node: &Node<'_>) -> Option<TrafficSettings> {
    let default = TrafficSettings::default();
    node.section(|s| {
        Some(TrafficSettings {
            idle_days: s
                .get("idle_days", |node| values::within(node, 1..=454))
                .unwrap_or(default.idle_days),
        })
    })
}

fn prices(node: &Node<'_>) -> Option<Prices> {
    node.section(|s| {
        let mut regions = Prices::default().regions;
        let given = s.get("regions", |node| node.map(region)).unwrap_or_default();
        for (region, prices) in given {
            let known = regions.entry(region).or_default();
            *known = prices.or(*known);
        }
        Some(Prices {
            elsewhere: region_prices(s),
            regions,
            as_of: s.get("as_of", values::day),
        })
    })
}

/// A Region with its prices, or with that of an interface endpoint in one zone for one hour alone.
fn region(entry: &Node<'_>) -> Option<(Region, RegionPrices)> {
    let region = values::region_key(entry)?;
    let prices = match entry.value() {
        DeValue::Table(_) => entry.section(|s| Some(region_prices(s)))?,
        _ => RegionPrices {
            interface_endpoint_zone_hour: Some(values::dollars(entry)?),
            ..RegionPrices::default()
        },
    };
    Some((region, prices))
}

fn region_prices(s: &Section<'_, '_>) -> RegionPrices {
    RegionPrices {
        interface_endpoint_zone_hour: s.get("interface_endpoint_zone_hour", values::dollars),
        interface_endpoint_gigabyte: s.get("interface_endpoint_gigabyte", values::dollars),
        nat_gateway_gigabyte: s.get("nat_gateway_gigabyte", values::dollars),
    }
}

/// Some controls write policies that admit the perimeter alone, so enforcing them needs a perimeter.
fn refuse_lockout(root: &Section<'_, '_>, controls: &[KnownControl], settings: &Settings) {
    let enforced: Vec<_> = controls
        .iter()
        .filter(|control| control.writes_perimeter_policies && settings.modes.of(control.name) == Mode::Enforce)
        .map(|control| control.name)
        .collect();
    if enforced.is_empty() || settings.perimeter.trusts_somebody() || root.problems().touch("perimeter") {
        return;
    }
    let message = format!(
        "the perimeter is empty, so every policy would lock everybody out; name organizations, \
         organization_paths, accounts or principals, or take `{}` out of enforce",
        enforced.join("` and `")
    );
    let node = root.find("perimeter").or_else(|| root.find("modes"));
    if let Some(node) = node {
        node.reject::<()>(message);
    }
}
