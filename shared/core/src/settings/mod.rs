//! What the owner of the accounts wants: the content of `postern.toml`.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use postern_policy::Perimeter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use toml::de::{DeTable, DeValue};

use crate::model::cost::{MonthlyCost, Prices, RegionPrices};
use crate::model::endpoint::EndpointKind;
use crate::model::finding::ResourceKind;
use crate::model::id::{AccountId, Region, ServiceName, VpcId};
use crate::model::part::Tags;
use crate::model::snapshot::{SubnetClass, Vpc};
use crate::model::token::hex;

mod central;
mod document;
mod effective;
mod own_account;
mod provider;
mod reader;
#[cfg(test)]
mod schema;
mod sets;
#[cfg(test)]
mod tests;
mod values;
mod warnings;
mod window;

pub use central::CentralEndpoints;
pub use own_account::Organization;
pub use provider::{Provider, ServiceSelector, Trust};
pub use reader::Problem;
pub use window::MaintenanceWindow;

use reader::{Problems, Section};

#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Which settings these are: the beginning of the SHA-256 digest of their text, in hexadecimal digits.
    pub version: String,
    pub perimeter: Perimeter,
    /// The digest of a perimeter of which a person states that it contains the account in which Postern runs.
    pub confirmed_perimeter: Option<String>,
    /// Networks trusted for ingress besides the VPC's own.
    pub trusted_cidrs: Vec<IpNet>,
    pub requirements: Vec<Requirement>,
    /// Which VPCs share their endpoints with others. None: none does.
    pub central: Option<CentralEndpoints>,
    /// None: every service is approved.
    pub approved_services: Option<ApprovedServices>,
    /// Who may use which endpoint services of this account.
    pub providers: Vec<Provider>,
    pub modes: Modes,
    pub exemptions: Vec<Exemption>,
    /// Controls from which the tag `postern:exempt` on a resource may exempt it.
    pub exempt_by_tag: BTreeSet<String>,
    pub limits: Limits,
    pub ledger: LedgerSettings,
    pub alerts: AlertSettings,
    pub traffic: TrafficSettings,
    pub prices: Prices,
}

/// What the reader of the settings has to know of a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownControl {
    pub name: &'static str,
    /// Off unless the settings give it a mode.
    pub opt_in: bool,
    /// Writes endpoint policies that admit the perimeter alone.
    pub writes_perimeter_policies: bool,
    /// What its findings are about.
    pub resource: ResourceKind,
    /// Whether its changes may add interface endpoints or zones, which are billed.
    pub creates_paid: bool,
}

/// These services must be reachable privately from these subnets of these VPCs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Short names such as `ecr.api`, or full service names.
    pub services: Vec<String>,
    /// Interface or Gateway.
    pub kind: EndpointKind,
    /// Whether the FIPS variants of the services are required, where the Region has them. Gateway endpoints have none.
    pub fips: bool,
    pub vpcs: VpcSelector,
    pub subnets: SubnetSelector,
}

/// The services to which endpoints may lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovedServices {
    /// All services of AWS.
    pub aws: bool,
    /// Services by short or full name, and ARNs of resource configurations and service networks.
    pub names: BTreeSet<String>,
    /// Everything that these accounts offer.
    pub accounts: BTreeSet<AccountId>,
    /// Whether every request is denied on endpoints that lead elsewhere.
    pub quarantine: bool,
}

/// Every given criterion must match; without criteria, every VPC is selected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VpcSelector {
    pub ids: BTreeSet<VpcId>,
    /// One of the VPC's CIDRs lies in one of these.
    pub cidrs: Vec<IpNet>,
    /// Every one of these is on the VPC.
    pub tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetSelector {
    pub classes: BTreeSet<SubnetClass>,
    /// Every one of these is on the subnet.
    pub tags: Tags,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Not evaluated.
    Off,
    /// Evaluated and reported, with the plan; nothing is changed.
    #[default]
    Audit,
    /// Remediated.
    Enforce,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    /// The mode of the controls that are not in `controls`.
    pub default: Mode,
    /// The mode of interrupting changes. Findings that need such a change are audited unless this is `Enforce`, even
    /// where their control is enforced.
    pub interrupting: Mode,
    /// When interrupting changes are made. None: at any time.
    pub window: Option<MaintenanceWindow>,
    /// The modes that the settings give, and `Off` for every opt-in control that they do not name.
    pub controls: BTreeMap<String, Mode>,
}

/// A finding that is accepted, until a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exemption {
    pub control: String,
    pub selector: ExemptionSelector,
    pub reason: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The day on which it was agreed.
    pub since: Option<Date>,
    pub expires: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExemptionSelector {
    /// The id of the resource of the finding.
    Resource(String),
    /// A tag on the resource of the finding.
    Tag { key: String, value: String },
    /// The VPC of the finding.
    Vpc(VpcId),
    /// The account of the finding.
    Account(AccountId),
}

/// A limit withholds the changes that count against it. The report names them and the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub changes_per_run: usize,
    /// In one account and Region, within an hour of the clock.
    pub changes_per_hour: usize,
    /// Added to one VPC within a window.
    pub monthly_cost_per_vpc: MonthlyCost,
    /// Added in one account and Region within a window.
    pub monthly_cost_total: MonthlyCost,
    /// How often the same finding is repaired within a window.
    pub attempts: usize,
    /// How long a window is.
    pub window_hours: u16,
    /// How many endpoints are closed first under a new perimeter. Later runs close the others. 0: all at
    /// once.
    pub canary_endpoints: usize,
}

/// How long the ledger keeps what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerSettings {
    /// Changes, and what was reported of findings.
    pub retention_days: u16,
    /// For how long a remediation is paused after it was rolled back or released.
    pub pause_days: u16,
}

/// What people are alerted of, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertSettings {
    /// After how many days a critical or high finding that stays open is reported again; 0 for never.
    pub repeat_days: u16,
}

/// When an endpoint counts as idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrafficSettings {
    /// For how many days it processed nothing.
    pub idle_days: u16,
}

/// Settings that cannot be used. Printed with one problem a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.problems))]
pub struct SettingsError {
    /// All of them, in the order of the text.
    pub problems: Vec<Problem>,
}

impl Settings {
    /// Reads a `postern.toml` in which these controls may be named.
    ///
    /// # Errors
    /// Everything that is wrong with the text, from its syntax to its meaning.
    pub fn parse(text: &str, controls: &[KnownControl]) -> Result<Self, SettingsError> {
        let problems = Problems::new(text);
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            problems.not_toml(error);
        }
        let document = DeValue::Table(table.into_inner());
        let settings = Section::root(&document, &problems, |root| document::settings(root, controls));
        let problems = problems.into_sorted();
        match settings {
            Some(settings) if problems.is_empty() => Ok(Self {
                version: version(text),
                ..settings
            }),
            _ => Err(SettingsError { problems }),
        }
    }
}

/// Twelve digits, as many as tell apart the versions that an owner will ever have.
fn version(text: &str) -> String {
    let mut version = hex(&Sha256::digest(text.as_bytes()));
    version.truncate(12);
    version
}

/// Full names have three parts at least, such as `com.amazonaws.iam`; short ones at most two, such as `ecr.api`.
fn is_full_name(service: &str) -> bool {
    service.split('.').count() > 2
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<_> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}

impl Settings {
    /// The services that are required by full names.
    pub fn full_service_names(&self) -> impl Iterator<Item = ServiceName> {
        let names = self.requirements.iter().flat_map(|requirement| &requirement.services);
        names.filter(|name| is_full_name(name)).map(|name| name.as_str().into())
    }

    /// Whether these are the settings of this text.
    pub fn is_of(&self, text: &str) -> bool {
        self.version == version(text)
    }
}

/// What an empty `postern.toml` means.
impl Default for Settings {
    fn default() -> Self {
        Self {
            version: version(""),
            perimeter: Perimeter {
                builtin_aws_owned_resources: true,
                aws_services: true,
                images_of_any_owner: true,
                ..Perimeter::default()
            },
            confirmed_perimeter: None,
            trusted_cidrs: Vec::new(),
            requirements: Vec::new(),
            central: None,
            approved_services: None,
            providers: Vec::new(),
            modes: Modes::default(),
            exemptions: Vec::new(),
            exempt_by_tag: BTreeSet::new(),
            limits: Limits::default(),
            ledger: LedgerSettings::default(),
            alerts: AlertSettings::default(),
            traffic: TrafficSettings::default(),
            prices: Prices::default(),
        }
    }
}

impl Default for SubnetSelector {
    /// Subnets without a route to an internet gateway.
    fn default() -> Self {
        Self {
            classes: BTreeSet::from([SubnetClass::Private, SubnetClass::Isolated]),
            tags: Tags::new(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            changes_per_run: 50,
            changes_per_hour: 200,
            monthly_cost_per_vpc: MonthlyCost::from_dollars(500.0),
            monthly_cost_total: MonthlyCost::from_dollars(1000.0),
            attempts: 3,
            window_hours: 24,
            canary_endpoints: 1,
        }
    }
}

impl Limits {
    pub fn window(&self) -> SignedDuration {
        SignedDuration::from_hours(self.window_hours.into())
    }
}

impl Default for LedgerSettings {
    fn default() -> Self {
        Self {
            retention_days: 400,
            pause_days: 30,
        }
    }
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self { repeat_days: 7 }
    }
}

impl Default for TrafficSettings {
    fn default() -> Self {
        Self { idle_days: 14 }
    }
}

impl AlertSettings {
    /// After which time a severe finding that stays open is reported again; None for never.
    pub fn repeat_after(&self) -> Option<SignedDuration> {
        (self.repeat_days > 0).then(|| SignedDuration::from_hours(24 * i64::from(self.repeat_days)))
    }
}

impl Default for Prices {
    /// The prices of us-east-1, of [endpoints](https://aws.amazon.com/privatelink/pricing/) and
    /// [NAT gateways](https://aws.amazon.com/vpc/pricing/). Those of other Regions are unknown.
    fn default() -> Self {
        let known = RegionPrices {
            interface_endpoint_zone_hour: Some(0.01),
            interface_endpoint_gigabyte: Some(0.01),
            nat_gateway_gigabyte: Some(0.045),
        };
        Self {
            elsewhere: RegionPrices::default(),
            regions: BTreeMap::from([(Region::from("us-east-1"), known)]),
            as_of: None,
        }
    }
}

impl Modes {
    /// Switches these controls off where no mode was given for them.
    pub(crate) fn off_unless_named<'a>(&mut self, opt_in: impl IntoIterator<Item = &'a str>) {
        for control in opt_in {
            self.controls.entry(control.to_owned()).or_insert(Mode::Off);
        }
    }

    pub fn of(&self, control: &str) -> Mode {
        self.controls.get(control).copied().unwrap_or(self.default)
    }
}

impl VpcSelector {
    pub fn matches(&self, vpc: &Vpc) -> bool {
        (self.ids.is_empty() || self.ids.contains(&vpc.id))
            && (self.cidrs.is_empty() || vpc.cidrs.iter().any(|cidr| self.cidrs.iter().any(|c| c.contains(cidr))))
            && carries(&vpc.tags, &self.tags)
    }
}

impl SubnetSelector {
    pub fn matches(&self, class: SubnetClass, tags: &Tags) -> bool {
        self.classes.contains(&class) && carries(tags, &self.tags)
    }
}

fn carries(tags: &Tags, wanted: &Tags) -> bool {
    wanted.iter().all(|(key, value)| tags.get(key) == Some(value))
}
