//! Settings written out as a `postern.toml` that has every key.

use jiff::civil::Time;
use toml::value::Datetime;
use toml::{Table, Value};

use super::document::{CLASSES, KINDS, MODES, WEEKDAYS};
use super::{
    ApprovedServices, CentralEndpoints, Exemption, ExemptionSelector, KnownControl, MaintenanceWindow, Modes, Provider,
    Requirement, Settings, VpcSelector,
};
use crate::model::cost::RegionPrices;
use crate::model::part::Tags;

impl Settings {
    /// The settings with all defaults, and the mode of each of these controls. Reading the text gives the same settings.
    pub fn effective(&self, controls: &[KnownControl]) -> String {
        let Self {
            version: _,
            perimeter,
            confirmed_perimeter,
            trusted_cidrs,
            requirements,
            central,
            approved_services,
            providers,
            modes,
            exemptions,
            exempt_by_tag,
            limits,
            ledger,
            alerts,
            traffic,
            prices,
        } = self;
        let mut perimeter = section([
            ("organizations", strings(&perimeter.organizations)),
            ("organization_paths", strings(&perimeter.organization_paths)),
            ("accounts", strings(&perimeter.accounts)),
            ("principals", strings(&perimeter.principals)),
            ("resources", strings(&perimeter.resources)),
            ("aws_owned_resources", strings(&perimeter.aws_owned_resources)),
            (
                "builtin_aws_owned_resources",
                perimeter.builtin_aws_owned_resources.into(),
            ),
            ("aws_services", perimeter.aws_services.into()),
            ("images_of_any_owner", perimeter.images_of_any_owner.into()),
            ("cidrs", strings(trusted_cidrs)),
        ]);
        let confirmed = confirmed_perimeter.as_deref().map(Value::from);
        perimeter.extend(confirmed.map(|digest| ("confirmed".to_owned(), digest)));
        let limits = section([
            ("changes_per_run", number(limits.changes_per_run)),
            ("changes_per_hour", number(limits.changes_per_hour)),
            ("monthly_cost_per_vpc", limits.monthly_cost_per_vpc.dollars().into()),
            ("monthly_cost_total", limits.monthly_cost_total.dollars().into()),
            ("attempts", number(limits.attempts)),
            ("window_hours", number(limits.window_hours)),
            ("canary_endpoints", number(limits.canary_endpoints)),
        ]);
        let ledger = section([
            ("retention_days", number(ledger.retention_days)),
            ("pause_days", number(ledger.pause_days)),
        ]);
        let regions = prices.regions.iter();
        let regions: Table = regions
            .map(|(region, prices)| (region.to_string(), region_prices(prices).into()))
            .collect();
        let mut priced = section([("regions", regions.into())]);
        priced.extend(region_prices(&prices.elsewhere));
        let day = prices.as_of.map(|day| date(&day.to_string()));
        priced.extend(day.map(|day| ("as_of".to_owned(), day)));
        let mut document = section([
            ("perimeter", perimeter.into()),
            ("requirements", array(requirements.iter().map(requirement))),
            ("providers", array(providers.iter().map(provider))),
            ("modes", self::modes(modes, controls).into()),
            ("exemptions", array(exemptions.iter().map(exemption))),
            ("exempt_by_tag", section([("controls", strings(exempt_by_tag))]).into()),
            ("limits", limits.into()),
            ("ledger", ledger.into()),
            ("alerts", section([("repeat_days", number(alerts.repeat_days))]).into()),
            ("traffic", section([("idle_days", number(traffic.idle_days))]).into()),
            ("prices", priced.into()),
        ]);
        let central = central.as_ref().map(self::central);
        document.extend(central.map(|central| ("central".to_owned(), central.into())));
        let approved = approved_services.as_ref().map(self::approved_services);
        document.extend(approved.map(|approved| ("approved_services".to_owned(), approved.into())));
        document.to_string()
    }
}

fn requirement(requirement: &Requirement) -> Value {
    let Requirement {
        services,
        kind,
        fips,
        vpcs,
        subnets,
    } = requirement;
    let classes = subnets.classes.iter().map(|class| name_of(CLASSES, class));
    let subnets = section([("classes", array(classes)), ("tags", tags(&subnets.tags))]);
    let table = section([
        ("services", strings(services)),
        ("type", name_of(KINDS, kind)),
        ("fips", (*fips).into()),
        ("vpcs", vpc_selector(vpcs)),
        ("subnets", subnets.into()),
    ]);
    table.into()
}

fn region_prices(prices: &RegionPrices) -> Table {
    let known = prices.known().map(|(key, price)| (key.to_owned(), Value::from(price)));
    known.collect()
}

fn vpc_selector(vpcs: &VpcSelector) -> Value {
    let table = section([
        ("ids", strings(&vpcs.ids)),
        ("cidrs", strings(&vpcs.cidrs)),
        ("tags", tags(&vpcs.tags)),
    ]);
    table.into()
}

fn central(central: &CentralEndpoints) -> Table {
    section([
        ("hubs", vpc_selector(&central.hubs)),
        ("spokes", vpc_selector(&central.spokes)),
        ("services", strings(&central.services)),
    ])
}

fn approved_services(approved: &ApprovedServices) -> Table {
    section([
        ("aws", approved.aws.into()),
        ("names", strings(&approved.names)),
        ("accounts", strings(&approved.accounts)),
        ("quarantine", approved.quarantine.into()),
    ])
}

fn provider(provider: &Provider) -> Value {
    let Provider {
        services,
        accounts,
        organizations,
        principals,
        regions,
        waiting_hours,
    } = provider;
    let services = section([
        ("ids", strings(&services.ids)),
        ("names", strings(&services.names)),
        ("tags", tags(&services.tags)),
    ]);
    let mut table = section([
        ("services", services.into()),
        ("accounts", strings(accounts)),
        ("principals", strings(principals)),
        ("regions", strings(regions)),
        ("waiting_hours", number(*waiting_hours)),
    ]);
    let organizations = organizations.as_ref().map(strings);
    table.extend(organizations.map(|list| ("organizations".to_owned(), list)));
    table.into()
}

fn modes(modes: &Modes, controls: &[KnownControl]) -> Table {
    let named = controls
        .iter()
        .map(|control| (control.name.to_owned(), name_of(MODES, &modes.of(control.name))));
    let mut interrupting = section([("mode", name_of(MODES, &modes.interrupting))]);
    let window = modes.window.as_ref().map(window);
    interrupting.extend(window.map(|window| ("window".to_owned(), window)));
    let mut table = section([
        ("default", name_of(MODES, &modes.default)),
        ("interrupting", interrupting.into()),
    ]);
    table.extend(named);
    table
}

fn window(window: &MaintenanceWindow) -> Value {
    let MaintenanceWindow {
        weekdays,
        from,
        to,
        time_zone,
    } = window;
    let time = |time: &Time| Value::from(time.strftime("%H:%M").to_string());
    let table = section([
        ("weekdays", array(weekdays.iter().map(|day| name_of(WEEKDAYS, day)))),
        ("from", time(from)),
        ("to", time(to)),
        ("time_zone", time_zone.iana_name().unwrap_or("UTC").into()),
    ]);
    table.into()
}

fn exemption(exemption: &Exemption) -> Value {
    let Exemption {
        control,
        selector,
        reason,
        owner,
        since,
        expires,
    } = exemption;
    let selector = match selector {
        ExemptionSelector::Resource(id) => ("resource", id.as_str().into()),
        ExemptionSelector::Tag { key, value } => {
            let tag = section([("key", key.as_str().into()), ("value", value.as_str().into())]);
            ("tag", tag.into())
        }
        ExemptionSelector::Vpc(id) => ("vpc", id.as_str().into()),
        ExemptionSelector::Account(id) => ("account", id.as_str().into()),
    };
    let mut table = section([
        ("control", control.as_str().into()),
        selector,
        ("reason", reason.as_str().into()),
        ("expires", date(&expires.to_string())),
    ]);
    let owner = owner.as_deref().map(Value::from);
    table.extend(owner.map(|owner| ("owner".to_owned(), owner)));
    let since = since.map(|day| date(&day.to_string()));
    table.extend(since.map(|day| ("since".to_owned(), day)));
    table.into()
}

fn section<const N: usize>(entries: [(&str, Value); N]) -> Table {
    entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

fn strings<T: ToString>(items: impl IntoIterator<Item = T>) -> Value {
    array(items.into_iter().map(|item| item.to_string().into()))
}

fn array(items: impl Iterator<Item = Value>) -> Value {
    Value::Array(items.collect())
}

fn tags(tags: &Tags) -> Value {
    let tags = tags.iter();
    let table: Table = tags.map(|(key, value)| (key.clone(), value.as_str().into())).collect();
    table.into()
}

/// A day, or a time with its offset.
fn date(text: &str) -> Value {
    text.parse::<Datetime>().map_or_else(|_| text.into(), Value::from)
}

fn number(number: impl TryInto<i64>) -> Value {
    number.try_into().unwrap_or(i64::MAX).into()
}

/// As the settings write it.
fn name_of<T: PartialEq>(names: &[(&str, T)], value: &T) -> Value {
    let found = names.iter().find(|(_, named)| named == value);
    found.map_or("", |(name, _)| name).into()
}
