//! The arguments of `postern audit`.

use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use postern_core::controls::CONTROLS;
use postern_report::published::Severity;

use crate::values::{account, region, role, vpc};

const AFTER: &str = "\
Examples:
  postern audit
  postern audit --region eu-central-1 --severity high
  postern audit --output audit.html --output findings.csv
  postern audit --format ocsf > findings.jsonl
  postern audit --control policy-open --fail-on critical
  postern audit --table postern-Ledger-EXAMPLE --output audit.html
  postern audit --account 111122223333 --account 444455556666 --role audit/postern

The audit only reads: it needs the actions ec2:Describe*, elasticloadbalancing:Describe*, route53:ListHostedZonesByVPC, \
route53:ListResourceRecordSets, route53profiles:ListProfileAssociations and, to find the organisation of the account \
where the settings trust nobody, organizations:DescribeOrganization; with --role, sts:AssumeRole; with --table, \
dynamodb:Query. The managed policy ReadOnlyAccess has all but sts:AssumeRole. The audit needs no deployment, and no ledger \
without --table. What may not be read is a gap in the report.

Exit status:
  0  no open finding is as severe as --fail-on
  1  at least one is
  2  failed: wrong arguments, no credentials, a Region that was named could not be read, or nothing could be read
  130  interrupted; nothing was written

Credentials and endpoints come from the environment, as for the AWS CLI.";

/// Show what is wrong with the VPCs, endpoints and endpoint services of an account; reads, never writes
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = AFTER)]
pub struct Audit {
    /// Audit this account; can be repeated [default: the account of the credentials]
    #[arg(long = "account", value_name = "ACCOUNT", value_parser = account)]
    pub accounts: Vec<String>,
    /// Role to assume in accounts other than that of the credentials: its name, after its path if it has one
    #[arg(long, value_name = "NAME", requires = "accounts", value_parser = role)]
    pub role: Option<String>,
    /// Only this Region; can be repeated [default: every Region that is enabled for the account]
    #[arg(long = "region", value_name = "REGION", value_parser = region)]
    pub regions: Vec<String>,
    /// Only this VPC; can be repeated
    #[arg(long = "vpc", value_name = "ID", value_parser = vpc)]
    pub vpcs: Vec<String>,
    /// Only this control, even if the settings switch it off; can be repeated
    #[arg(long = "control", value_name = "NAME", value_parser = PossibleValuesParser::new(CONTROLS.iter().map(|control| control.name)), hide_possible_values = true)]
    pub controls: Vec<String>,
    /// Only findings that are at least so severe
    #[arg(long, value_name = "SEVERITY")]
    pub severity: Option<SeverityArgument>,
    /// Write to this file instead of standard output; can be repeated. The name decides the format: .txt, .json, .csv,
    /// .html, .ocsf.jsonl, .asff.jsonl
    #[arg(long = "output", short, value_name = "FILE")]
    pub outputs: Vec<PathBuf>,
    /// Format of standard output, and of files whose name decides none
    #[arg(long, value_enum)]
    pub format: Option<AuditFormat>,
    /// End with status 1 if an open finding is at least so severe
    #[arg(long, value_name = "SEVERITY", default_value = "low")]
    pub fail_on: FailOn,
    /// Show what Postern changed, too, from this table: output LedgerTable of the stack in the Region of the credentials
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
    /// Settings file [default: postern.toml in this directory, or else the default settings with the account's own organisation as perimeter]
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
}

const EXPLAIN: &str = "\
Examples:
  postern explain policy-open
  postern explain policy-open vpce-0123456789abcdef0

Exit status:
  0  the control is explained, or the resource is compliant
  1  the resource has a finding
  2  failed: wrong arguments, no credentials, the resource does not exist, AWS refused or did not answer";

/// Explain a control, or what it says of a resource now
#[derive(Clone, Debug, Args)]
#[command(after_help = EXPLAIN)]
pub struct Explain {
    #[arg(value_parser = PossibleValuesParser::new(CONTROLS.iter().map(|control| control.name)), hide_possible_values = true)]
    pub control: String,
    /// Id of a VPC, subnet, route table or endpoint; it is looked up in the Regions of the account
    pub resource: Option<String>,
    /// Only look in this Region; can be repeated
    #[arg(long = "region", value_name = "REGION", value_parser = region)]
    pub regions: Vec<String>,
    /// Settings file [default: as for `postern audit`]
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SeverityArgument {
    Low,
    Medium,
    High,
    Critical,
}

/// From which severity on open findings are a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    #[default]
    Low,
    Medium,
    High,
    Critical,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    /// For people, at 80 columns
    Text,
    /// One document, postern.audit/1
    Json,
    /// One line for each finding, for spreadsheets
    Csv,
    /// One page with drawings, for a browser
    Html,
    /// OCSF 1.6 compliance findings, one for each line
    Ocsf,
    /// Input of Security Hub's BatchImportFindings, one call for each line
    Asff,
}

impl From<SeverityArgument> for Severity {
    fn from(severity: SeverityArgument) -> Self {
        match severity {
            SeverityArgument::Low => Self::Low,
            SeverityArgument::Medium => Self::Medium,
            SeverityArgument::High => Self::High,
            SeverityArgument::Critical => Self::Critical,
        }
    }
}

impl FailOn {
    /// None: never.
    pub(super) fn severity(self) -> Option<Severity> {
        match self {
            Self::Low => Some(Severity::Low),
            Self::Medium => Some(Severity::Medium),
            Self::High => Some(Severity::High),
            Self::Critical => Some(Severity::Critical),
            Self::Never => None,
        }
    }
}

impl AuditFormat {
    /// The format that the name of a file decides.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let formats = [
            (".ocsf.jsonl", Self::Ocsf),
            (".ocsf.json", Self::Ocsf),
            (".ocsf", Self::Ocsf),
            (".asff.jsonl", Self::Asff),
            (".asff.json", Self::Asff),
            (".asff", Self::Asff),
            (".txt", Self::Text),
            (".json", Self::Json),
            (".csv", Self::Csv),
            (".html", Self::Html),
            (".htm", Self::Html),
        ];
        let format = formats.into_iter().find(|(suffix, _)| name.ends_with(suffix));
        format.map(|(_, format)| format)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_a_file_decides_the_format() {
        let of = |name: &str| AuditFormat::of(Path::new(name));
        assert_eq!(of("a/audit.JSON"), Some(AuditFormat::Json));
        assert_eq!(of("findings.ocsf.json"), Some(AuditFormat::Ocsf));
        assert_eq!(of("findings.csv"), Some(AuditFormat::Csv));
        assert_eq!(of("audit.html"), Some(AuditFormat::Html));
        assert_eq!(of("findings.asff.jsonl"), Some(AuditFormat::Asff));
        assert_eq!(of("audit"), None);
    }
}
