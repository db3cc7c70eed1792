//! What an audit of accounts found: the document `postern.audit/1`.
//!
//! An audit has a complete report and the topology of each VPC. Text that Postern did not write itself is escaped as in
//! reports.

mod central;
mod history;
mod service;
mod topology;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use postern_core::model::cost::MonthlyCost;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

pub use self::central::CentralView;
pub use self::history::{RecordedChange, described, outcome};
pub use self::service::{ConsumerTrust, ConsumerView, LoadBalancerView, PrincipalView, ServiceView};
pub use self::topology::{EndpointView, Proof, ProofKind, RouteTableView, SubnetView, Topology};
use crate::cost::Cost;
use crate::frameworks::{RequirementSummary, summarize};
use crate::published::{Finding, Outcome, Report, Severity, closed};

/// The version of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AuditTag {
    #[serde(rename = "postern.audit/1")]
    V1,
}

/// How the VPCs of accounts stand at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Postern audit")]
pub struct Audit {
    pub schema: AuditTag,
    pub accounts: Vec<AuditedAccount>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub time: Timestamp,
    /// The version of Postern.
    pub version: String,
    pub perimeter: AuditPerimeter,
    pub summary: AuditSummary,
    /// Set if findings below this severity are left out. They are not counted in `summary`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_severity: Option<Severity>,
    /// How far the findings meet what auditors ask for, by framework. Findings below `least_severity` are counted, too.
    #[serde(default)]
    pub frameworks: Vec<RequirementSummary>,
    pub scopes: Vec<AuditedScope>,
}

/// The principals that the audit trusts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditPerimeter {
    pub source: PerimeterSource,
    pub organizations: Vec<String>,
    pub organization_paths: Vec<String>,
    pub accounts: Vec<String>,
    pub principals: Vec<String>,
    /// Where the perimeter comes from, in one or two sentences.
    pub note: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PerimeterSource {
    Settings,
    /// The organisation of the account, and the account.
    Organization,
    /// The account alone.
    Account,
}

/// An account of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditedAccount {
    /// Twelve digits.
    pub account: String,
    /// Why nothing is known of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<String>,
    pub regions: Vec<AuditedRegion>,
}

/// A Region of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditedRegion {
    pub region: String,
    /// Why nothing is known of the Region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<String>,
    /// Why the endpoint services of the Region are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services_gap: Option<String>,
    /// VPCs of other accounts that are shared with this one. They are not evaluated.
    pub shared_vpcs: usize,
}

/// Counts over all scopes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditSummary {
    pub vpcs: usize,
    /// Endpoint services of the accounts.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub services: usize,
    pub endpoints: usize,
    /// Open findings, those that could not be evaluated included.
    pub open: BTreeMap<Severity, usize>,
    pub not_evaluated: usize,
    pub exempt: usize,
    pub compliant: usize,
    /// What the planned changes would add each month, in US dollars, data processing aside.
    pub monthly_cost: MonthlyCost,
    /// Planned changes whose price is unknown. They are not in `monthly_cost`.
    #[serde(default)]
    pub unpriced: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// A VPC or an endpoint service with its report and what is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditedScope {
    pub report: Report,
    pub topology: Topology,
    /// What Postern changed, newest first, where the audit was given the ledger.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<RecordedChange>,
}

impl Audit {
    pub fn new(
        mut accounts: Vec<AuditedAccount>,
        time: Timestamp,
        perimeter: AuditPerimeter,
        mut scopes: Vec<AuditedScope>,
    ) -> Self {
        accounts.sort_by(|a, b| a.account.cmp(&b.account));
        for account in &mut accounts {
            account.regions.sort_by(|a, b| a.region.cmp(&b.region));
        }
        scopes.sort_by(|a, b| a.report.scope.cmp(&b.report.scope));
        Self {
            schema: AuditTag::V1,
            accounts,
            time,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            perimeter,
            summary: AuditSummary::of(&scopes),
            least_severity: None,
            frameworks: requirements(&scopes),
            scopes,
        }
    }

    /// The same with those findings alone that are at least so severe.
    #[must_use]
    pub fn at_least(mut self, severity: Severity) -> Self {
        for scope in &mut self.scopes {
            scope.report.findings.retain(|finding| finding.severity >= severity);
        }
        self.summary = AuditSummary::of(&self.scopes);
        self.least_severity = Some(severity).filter(|severity| *severity > Severity::Low);
        self
    }

    /// The same with the findings about one resource alone, and the scopes that have any.
    #[must_use]
    pub fn about(mut self, resource: &str) -> Self {
        for scope in &mut self.scopes {
            scope.report.findings.retain(|finding| finding.resource.id == resource);
        }
        self.scopes.retain(|scope| !scope.report.findings.is_empty());
        self.summary = AuditSummary::of(&self.scopes);
        self.frameworks = requirements(&self.scopes);
        self
    }

    /// `account 111122223333`, or how many accounts these are.
    pub fn subject(&self) -> String {
        match self.accounts.as_slice() {
            [one] => format!("account {}", one.account),
            several => format!("{} accounts", several.len()),
        }
    }

    /// What the audit leaves out because of `--severity`, as a sentence.
    pub(crate) fn left_out(&self) -> Option<String> {
        let least = self.least_severity?.as_str();
        Some(format!(
            "Findings below severity {least} are neither shown nor counted (`--severity {least}`)."
        ))
    }

    /// Where a report is from: its Region, after its account where there are several.
    pub fn place(&self, report: &Report) -> String {
        let scope = &report.scope;
        match self.accounts.as_slice() {
            [_] => scope.region.clone(),
            _ => format!("{} {}", scope.account, scope.region),
        }
    }

    /// The scopes of each place, in the order of places.
    pub fn by_place(&self) -> BTreeMap<String, Vec<&AuditedScope>> {
        let mut places: BTreeMap<String, Vec<&AuditedScope>> = BTreeMap::new();
        for scope in &self.scopes {
            places.entry(self.place(&scope.report)).or_default().push(scope);
        }
        places
    }

    /// What was not read, or not evaluated: place and reason.
    pub fn gaps(&self) -> Vec<(String, String)> {
        let several = self.accounts.len() > 1;
        let mut gaps = Vec::new();
        for AuditedAccount { account, gap, regions } in &self.accounts {
            if let Some(gap) = gap {
                gaps.push((format!("account {account}"), gap.clone()));
            }
            for AuditedRegion {
                region,
                gap,
                services_gap,
                shared_vpcs,
            } in regions
            {
                let place = match several {
                    true => format!("{account} {region}"),
                    false => region.clone(),
                };
                for gap in gap.iter().chain(services_gap) {
                    gaps.push((place.clone(), gap.clone()));
                }
                let owners = match shared_vpcs {
                    0 => continue,
                    1 => "1 VPC is shared by another account, and its owner has to audit it".to_owned(),
                    more => format!("{more} VPCs are shared by other accounts, and their owners have to audit them"),
                };
                gaps.push((place, owners));
            }
        }
        gaps
    }

    pub fn reports(&self) -> impl Iterator<Item = &Report> {
        self.scopes.iter().map(|scope| &scope.report)
    }

    /// The scopes with the most severe open findings first.
    pub fn worst_first(&self) -> Vec<&AuditedScope> {
        let worst = |scope: &&AuditedScope| {
            let open = scope.report.findings.iter().filter(|finding| finding.outcome.open());
            Reverse(open.map(|finding| finding.severity).max())
        };
        let mut scopes: Vec<_> = self.scopes.iter().collect();
        scopes.sort_by_key(worst);
        scopes
    }

    /// The findings that somebody has to deal with.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        let findings = self.reports().flat_map(|report| &report.findings);
        findings.filter(|finding| finding.outcome.open())
    }

    /// The document, indented.
    #[expect(
        clippy::expect_used,
        reason = "an audit has no keys but strings, and nothing in it fails to serialize"
    )]
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("an audit is JSON") + "\n"
    }
}

fn requirements(scopes: &[AuditedScope]) -> Vec<RequirementSummary> {
    summarize(scopes.iter().flat_map(|scope| &scope.report.findings))
}

impl AuditSummary {
    /// Counts of some scopes.
    pub fn of<'a>(scopes: impl IntoIterator<Item = &'a AuditedScope>) -> Self {
        let mut summary = Self {
            open: Severity::ALL.iter().map(|severity| (*severity, 0)).collect(),
            ..Self::default()
        };
        for AuditedScope { report, topology, .. } in scopes {
            match topology.service {
                Some(_) => summary.services += 1,
                None => summary.vpcs += 1,
            }
            summary.endpoints += topology.endpoints.len();
            let cost = Cost::of_plan(&report.plan);
            summary.monthly_cost = summary.monthly_cost + cost.known;
            summary.unpriced += cost.unpriced;
            for finding in &report.findings {
                if finding.outcome.open() {
                    *summary.open.entry(finding.severity).or_default() += 1;
                }
                match finding.outcome {
                    Outcome::Indeterminate => summary.not_evaluated += 1,
                    Outcome::Exempt | Outcome::ExemptionEnds => summary.exempt += 1,
                    Outcome::Compliant | Outcome::Resolved | Outcome::Repaired => summary.compliant += 1,
                    Outcome::NotApplicable
                    | Outcome::Audit
                    | Outcome::Pending
                    | Outcome::Manual
                    | Outcome::Conflict
                    | Outcome::Refused
                    | Outcome::Failed => {}
                }
            }
        }
        summary
    }

    pub(crate) fn cost(&self) -> Cost {
        Cost {
            known: self.monthly_cost,
            unpriced: self.unpriced,
        }
    }

    /// Open findings of all severities.
    pub fn total(&self) -> usize {
        self.open.values().sum()
    }
}

/// The JSON Schema of the document.
pub fn schema() -> Schema {
    closed::<Audit>()
}
