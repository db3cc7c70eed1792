//! What an audit of an account found: the document `postern.audit/1`.
//!
//! An audit has a complete report and the topology of each VPC. Text that Postern did not write itself is escaped as in
//! reports.

mod topology;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use postern_core::model::cost::MonthlyCost;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

pub use self::topology::{EndpointView, Proof, ProofKind, RouteTableView, SubnetView, Topology};
use crate::frameworks::{RequirementSummary, summarize};
use crate::published::{Finding, Outcome, Report, Severity, closed};

/// The version of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AuditTag {
    #[serde(rename = "postern.audit/1")]
    V1,
}

/// How the VPCs of an account stand at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Postern audit")]
pub struct Audit {
    pub schema: AuditTag,
    /// Twelve digits.
    pub account: String,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub time: Timestamp,
    /// The version of Postern.
    pub version: String,
    pub perimeter: AuditPerimeter,
    pub regions: Vec<AuditedRegion>,
    pub summary: AuditSummary,
    /// How far the findings meet what auditors ask for, by framework.
    #[serde(default)]
    pub frameworks: Vec<RequirementSummary>,
    pub scopes: Vec<AuditedScope>,
}

/// Whom the audit took for trusted.
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

/// A Region of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditedRegion {
    pub region: String,
    /// Why nothing is known of the Region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<String>,
    /// VPCs of other accounts that are shared with this one. They are not evaluated.
    pub shared_vpcs: usize,
}

/// Counts over all scopes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditSummary {
    pub vpcs: usize,
    pub endpoints: usize,
    /// Open findings, those that could not be evaluated included.
    pub open: BTreeMap<Severity, usize>,
    pub not_evaluated: usize,
    pub exempt: usize,
    pub compliant: usize,
    /// What the planned changes would add each month, in US dollars, data processing aside.
    pub monthly_cost: MonthlyCost,
}

/// A VPC with its report and what is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditedScope {
    pub report: Report,
    pub topology: Topology,
}

impl Audit {
    pub fn new(
        account: String,
        time: Timestamp,
        perimeter: AuditPerimeter,
        mut regions: Vec<AuditedRegion>,
        mut scopes: Vec<AuditedScope>,
    ) -> Self {
        regions.sort_by(|a, b| a.region.cmp(&b.region));
        scopes.sort_by(|a, b| a.report.scope.cmp(&b.report.scope));
        Self {
            schema: AuditTag::V1,
            account,
            time,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            perimeter,
            summary: AuditSummary::of(&scopes),
            frameworks: requirements(&scopes),
            regions,
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
        self.frameworks = requirements(&self.scopes);
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
        for AuditedScope { report, topology } in scopes {
            summary.vpcs += 1;
            summary.endpoints += topology.endpoints.len();
            summary.monthly_cost = [
                summary.monthly_cost,
                report.plan.monthly_cost,
                report.plan.audit_monthly_cost,
            ]
            .into_iter()
            .sum();
            for finding in &report.findings {
                if finding.outcome.open() {
                    *summary.open.entry(finding.severity).or_default() += 1;
                }
                match finding.outcome {
                    Outcome::Indeterminate => summary.not_evaluated += 1,
                    Outcome::Exempt => summary.exempt += 1,
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

    /// Open findings of all severities.
    pub fn total(&self) -> usize {
        self.open.values().sum()
    }
}

/// The JSON Schema of the document.
pub fn schema() -> Schema {
    closed::<Audit>()
}
