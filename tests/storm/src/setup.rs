//! Random settings and a random world.

pub(crate) mod central;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use postern_aws::ledger::parse_change;
use postern_cloud::dynamodb::{Table, Tables};
use postern_cloud::world::{EndpointState, NewEndpoint, Shape};
use postern_cloud::{ACCOUNT, Cloud, OTHER_ACCOUNT, REGION, World};
use postern_core::controls::{CONTROLS, known};
use postern_core::evaluation::PolicyCache;
use postern_core::functions::Function;
use postern_core::history::ChangeRecord;
use postern_core::settings::Settings;
use postern_runtime::{ALERTS, Configuration, Destinations, REPORTS, SettingsSource};

use self::central::{UNAPPROVED, add_hub, add_unapproved};
use crate::size::Size;

/// The name of the ledger's table.
pub const LEDGER: &str = "postern-ledger";

const LEAKY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1"}}}]}"#;
const CLOSED: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1","aws:ResourceOrgID":"o-exampleorg1"}}}]}"#;
const UNDECIDED: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringSounds":{"aws:PrincipalOrgID":"o-exampleorg1"}}}]}"#;
const LOCKED: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}"#;

/// The consumers that are approved, see [`TRUSTED`].
const PROVIDERS: &str = "[[providers]]\naccounts = [\"222233334444\"]\n\n";

/// What is known of policies. All storms share it, since what they conclude does not depend on it.
pub(crate) static POLICIES: LazyLock<PolicyCache> = LazyLock::new(PolicyCache::default);

/// The role of the operator.
/// Whoever runs the commands.
pub const OPERATOR: &str = "arn:aws:iam::111122223333:role/operator";

/// The role of a function.
pub fn role(function: &Function) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/postern-{}", function.name)
}

/// The account of consumers that the settings approve. `OTHER_ACCOUNT` is that of others.
pub(crate) const TRUSTED: &str = "222233334444";

/// The topic of the reports.
pub fn topic() -> String {
    format!("arn:aws:sns:{REGION}:{ACCOUNT}:postern")
}

/// The topic of the alerts.
pub(crate) fn alert_topic() -> String {
    format!("arn:aws:sns:{REGION}:{ACCOUNT}:postern-alerts")
}

pub(crate) fn destinations(with_alerts: bool) -> Destinations {
    let alerts = with_alerts.then(|| (&ALERTS, alert_topic()));
    alerts.into_iter().chain([(&REPORTS, topic())]).collect()
}

/// The ledger's table as the template makes it.
pub fn ledger(seed: u64) -> Tables {
    Tables::new(seed).with(LEDGER, Table::ledger())
}

/// The records of the ledger, read directly from its table.
pub(crate) fn records(cloud: &Cloud) -> Vec<serde_json::Result<ChangeRecord>> {
    cloud.tables(|tables| {
        let items = tables.table(LEDGER).into_iter().flat_map(|table| table.items());
        items
            .filter_map(|item| Some(parse_change(item.get("change")?.text()?)))
            .collect()
    })
}

/// Populates the world and returns Postern's configuration and settings for it.
pub(crate) fn set_up(cloud: &Cloud, kind: Size, rng: &mut Rng) -> (Configuration, Arc<Settings>) {
    let services: &[&str] = match kind {
        Size::Small => &["sts", "s3"],
        Size::Large => &["sts", "secretsmanager", "s3", "kms", "dynamodb"],
    };
    let shape = Shape {
        vpcs: if kind == Size::Large { 4 } else { 1 },
        services: services.iter().map(|service| (*service).to_owned()).collect(),
        policies: [LEAKY, CLOSED, UNDECIDED, LOCKED].map(str::to_owned).into(),
    };
    let now = cloud.now();
    let (resources, sections) = cloud.edit(|world| {
        world.topics.extend([topic(), alert_topic()]);
        world.limit_endpoint_changes();
        if kind == Size::Small {
            // Most pages are long, and few services are listed that are not required.
            world.page = rng.choice([world.page, 1_000, 1_000]).unwrap_or(1_000);
            let known = services.iter().chain([&UNAPPROVED]);
            let known: Vec<_> = known.map(|service| format!(".{service}")).collect();
            let wanted = |name: &str| known.iter().any(|service| name.ends_with(service));
            world
                .catalogue
                .retain(|listing| wanted(&listing.name) || rng.u8(..8) == 0);
        }
        world.populate(&shape, rng);
        let interfaces = || services.iter().copied().filter(|service| !is_gateway(service));
        let mut sections = String::new();
        if rng.u8(..5) == 0 {
            let interfaces: Vec<_> = interfaces().collect();
            sections += &add_hub(world, &interfaces, &shape.policies, rng);
        }
        if rng.u8(..4) == 0 {
            sections += &add_unapproved(world, &shape.policies, rng);
        }
        if rng.bool() {
            offer_services(world, rng);
        }
        if rng.bool() {
            use_some_endpoints(world, now, rng);
        }
        let holder = world.vpcs().next().map(|vpc| vpc.id.clone());
        if let Some(vpc) = holder.filter(|_| sections.is_empty() && rng.u8(..6) == 0) {
            world.add_hosted_zone(&format!("sts.{REGION}.amazonaws.com"), &vpc);
        }
        let vpcs = world.vpcs().map(|vpc| vpc.id.clone());
        let endpoints = world.endpoints().map(|endpoint| endpoint.id.clone());
        let services = world.endpoint_services().map(|service| service.id.clone());
        let resources: Vec<_> = vpcs.chain(endpoints).chain(services).collect();
        (resources, sections)
    });
    let lag = rng.choice([0, 0, 2]).unwrap_or_default();
    cloud.tables(|tables| *tables = ledger(rng.u64(..)).lag(jiff::SignedDuration::from_secs(lag)));
    let settings = Arc::new(settings(services, &resources, &sections, rng));
    let configuration = Configuration {
        settings: SettingsSource::Package(Arc::clone(&settings)),
        destinations: destinations(rng.u8(..4) > 0),
        ledger: LEDGER.to_owned(),
        own_roles: postern_core::functions::FUNCTIONS
            .iter()
            .map(|function| role(function))
            .collect(),
    };
    (configuration, settings)
}

/// Adds endpoint services with some defects and connections, and VPCs of consumers.
fn offer_services(world: &mut World, rng: &mut Rng) {
    let vpcs = [("10.200.0.0/16", TRUSTED), ("10.201.0.0/16", OTHER_ACCOUNT)];
    let vpcs = vpcs.map(|(cidr, account)| world.add_vpc_of(account, REGION, cidr));
    for _ in 0..rng.usize(1..3) {
        let zones: &[&str] = if rng.u8(..4) == 0 { &["a"] } else { &["a", "b"] };
        let service = world.add_endpoint_service(ACCOUNT, zones);
        let principals = [
            "*".to_owned(),
            format!("arn:aws:iam::{TRUSTED}:root"),
            format!("arn:aws:iam::{OTHER_ACCOUNT}:root"),
            format!("arn:aws:iam::{TRUSTED}:role/consumer"),
        ];
        let principals = principals.into_iter().filter(|_| rng.u8(..3) == 0);
        let principals: Vec<_> = principals
            .map(|principal| (world.id("vpce-svc-perm"), principal))
            .collect();
        let acceptance = rng.bool();
        world.edit_endpoint_service(&service, |service| {
            service.principals.extend(principals);
            service.acceptance_required = acceptance;
        });
        let Some(name) = world.endpoint_service(&service).map(|service| service.name.clone()) else {
            continue;
        };
        for _ in 0..rng.usize(0..3) {
            let vpc = rng.choice(&vpcs).map_or("", String::as_str);
            let mut new = NewEndpoint::interface(vpc, &name);
            new.private_dns = false;
            let states = [
                EndpointState::PendingAcceptance,
                EndpointState::Available,
                EndpointState::Rejected,
            ];
            new.state = rng.choice(states).unwrap_or(EndpointState::Available);
            world.add_endpoint(new);
        }
    }
    world.rejected_is_final = rng.bool();
}

fn is_gateway(service: &str) -> bool {
    matches!(service, "s3" | "dynamodb")
}

/// With these sections.
fn settings(services: &[&str], resources: &[String], sections: &str, rng: &mut Rng) -> Settings {
    let quoted = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
        names.join(", ")
    };
    let (gateways, interfaces): (Vec<&str>, Vec<&str>) = services.iter().partition(|service| is_gateway(service));
    let mode = match rng.u8(..10) {
        0 => "audit",
        _ => "enforce",
    };
    let mut text = format!(
        "[perimeter]\n{}accounts = [\"{ACCOUNT}\"]\n\n{}{sections}\
         [[requirements]]\nservices = [{}]\ntype = \"gateway\"\n\n[[requirements]]\nservices = [{}]\n\n\
         [prices]\ninterface_endpoint_zone_hour = 0.01\n[modes]\ndefault = \"{mode}\"\ninterrupting.mode = \"{}\"\n",
        // Whether an account belongs to an organisation AWS does not tell, so that no consumer is then untrusted.
        rng.choice(["", "organizations = [\"o-exampleorg1\"]\n"])
            .unwrap_or_default(),
        rng.choice(["", PROVIDERS, PROVIDERS, PROVIDERS]).unwrap_or_default(),
        quoted(&gateways),
        quoted(&interfaces),
        rng.choice(["audit", "enforce", "enforce"]).unwrap_or_default(),
    );
    if mode == "enforce" {
        // Some controls in audit mode or off, and sometimes the opt-in control on.
        for control in CONTROLS {
            let mode = match (control.opt_in, rng.u8(..48)) {
                (_, 4..) => continue,
                (true, 1..) => "enforce",
                (false, 0) => "off",
                _ => "audit",
            };
            text.push_str(&format!("{} = \"{mode}\"\n", control.name));
        }
    }
    text.push_str("\n[limits]\n");
    text.push_str(&format!("canary_endpoints = {}\n", rng.usize(0..3)));
    if rng.u8(..6) == 0 {
        text.push_str(&format!("changes_per_run = {}\n", rng.usize(1..12)));
    }
    if rng.u8(..6) == 0 {
        text.push_str(&format!("changes_per_hour = {}\n", rng.usize(1..20)));
    }
    if rng.u8(..6) == 0 {
        text.push_str(&format!("monthly_cost_total = {:.2}\n", rng.f64() * 80.0));
    }
    if rng.u8(..6) == 0 {
        text.push_str(&format!("monthly_cost_per_vpc = {:.2}\n", rng.f64() * 40.0));
    }
    text.push_str(&format!("attempts = {}\n", rng.usize(1..4)));
    let count = rng.choice([0, 0, 0, 1, 3]).unwrap_or_default();
    let exemptions: BTreeSet<_> = (0..count).map(|_| exemption(resources, rng)).collect();
    text.extend(exemptions);
    let controls = known();
    #[expect(clippy::panic, reason = "settings of our own making are right")]
    Settings::parse(&text, &controls).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Makes all endpoints older than the time for which metrics are read, and lets some process data now.
fn use_some_endpoints(world: &mut World, now: Timestamp, rng: &mut Rng) {
    let endpoints: Vec<_> = world.endpoints().map(|endpoint| endpoint.id.clone()).collect();
    for id in endpoints {
        world.edit_endpoint(&id, |endpoint| {
            endpoint.created = now - SignedDuration::from_hours(60 * 24);
        });
        if rng.bool() {
            world.traffic.insert(id, [(now, rng.u64(1..1 << 40))].into());
        }
    }
}

/// An exemption of a resource, or of all VPCs, from a control.
fn exemption(resources: &[String], rng: &mut Rng) -> String {
    let control = rng.choice(CONTROLS).map_or("", |control| control.name);
    let resource = rng.choice(resources).filter(|_| rng.u8(..4) > 0);
    let selector = match resource {
        Some(id) => format!("resource = \"{id}\""),
        None => "tag = { key = \"env\", value = \"prod\" }".to_owned(),
    };
    format!("\n[[exemptions]]\ncontrol = \"{control}\"\n{selector}\nreason = \"a storm\"\nexpires = 2027-01-31\n")
}
