//! What may be said on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::audit::{Audit, Explain};
use crate::controls::{Controls, Exemptions};
use crate::events::Events;
use crate::generate::{Completions, Man};
use crate::init::Init;
use crate::operate::{Doctor, History, Prices, Redrive, Release, Resume, Rollback, Sweep};
use crate::plan::{Apply, Plan};
use crate::values::{account, endpoint, region, service, vpc};

/// Keep VPC endpoints present, reachable and closed to principals outside your perimeter
#[derive(Debug, Parser)]
#[command(name = "postern", version, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  postern audit                                      what is wrong with the VPCs and endpoints of the account
  postern audit --output audit.html                  the same as a page with drawings
  postern policy check --service s3 policy.json      whether a policy is closed
  postern plan vpc-0123456789abcdef0                 what would remedy the findings
  postern help audit                                 more about a command";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Audit(Audit),
    Plan(Plan),
    Apply(Apply),
    Explain(Explain),
    Controls(Controls),
    Exemptions(Exemptions),
    /// Policies of VPC endpoints
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Settings of the functions
    #[command(subcommand)]
    Settings(SettingsCommand),
    Doctor(Doctor),
    History(History),
    Rollback(Rollback),
    Resume(Resume),
    Release(Release),
    Prices(Prices),
    Redrive(Redrive),
    Sweep(Sweep),
    /// Recorded CloudTrail events
    #[command(subcommand)]
    Events(Events),
    Completions(Completions),
    Man(Man),
}

const CHECK_STATUS: &str = "\
Exit status:
  0  valid
  1  valid, with warnings
  2  refused, or not readable

For an ARN, the AWS Region, credentials and endpoints come from the environment, as for the AWS CLI.";

#[derive(Debug, Subcommand)]
pub(crate) enum SettingsCommand {
    Init(Init),
    /// Say whether the functions would accept settings, and what is questionable in them
    #[command(after_help = CHECK_STATUS)]
    Check(SettingsArguments),
    /// Print the effective settings, with every default, as a postern.toml
    Show(SettingsArguments),
}

#[derive(Debug, Args)]
pub(crate) struct SettingsArguments {
    /// A postern.toml, or the ARN of settings in SSM, S3 or AppConfig; - is standard input [default: POSTERN_SETTINGS, or
    /// postern.toml in this directory]
    #[arg(value_name = "FILE|ARN")]
    pub(crate) file: Option<PathBuf>,
}

const STATUS: &str = "\
Exit status:
  0  every policy is closed
  1  at least one is open, locked out or undecided
  2  something could not be read, or the settings are refused";

const FIX_STATUS: &str = "\
The document goes to standard output and the difference to standard error; with --write, the difference goes to \
standard output.

Only what is proven is offered: the fixed policy is closed and allows every legitimate request that it allowed before.

Exit status:
  0  every policy is closed now
  1  at least one could not be closed
  2  something could not be read or written, or the settings are refused";

const EVAL: &str = "\
The request is a JSON object such as
  {
    \"principal\": \"arn:aws:iam::111122223333:role/app\",
    \"action\": \"s3:GetObject\",
    \"resource\": \"arn:aws:s3:::corp-data/report.csv\",
    \"context\": {
      \"aws:PrincipalAccount\": \"111122223333\",
      \"aws:PrincipalOrgPaths\": [\"o-exampleorg1/r-ab12/\"]
    }
  }

The principal is an IAM or STS ARN, `anonymous`, or a service principal such as cloudtrail.amazonaws.com. The values of \
condition keys are strings or lists of strings; a key that is not there is missing from the request. The witnesses that \
check prints as JSON are such requests.

Exit status:
  0  allowed
  1  denied
  2  something could not be read, or is no policy or no request";

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Say whether principals outside the perimeter can use the endpoint, whether resources outside it can be reached, and whether anybody trusted can use it
    #[command(after_help = STATUS)]
    Check(Checking),
    /// Say it in full: who, doing what, through which statement, and why nothing stops it
    #[command(after_help = STATUS)]
    Explain(Checking),
    /// Close a policy by the smallest change that is proven to close it and to break nothing legitimate
    #[command(after_help = FIX_STATUS)]
    Fix(Fixing),
    /// Say whether a policy allows one request, and by which statement
    #[command(after_help = EVAL)]
    Eval(Evaluating),
}

#[derive(Debug, Args)]
pub(crate) struct Checking {
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub(crate) format: CheckFormat,
    #[command(flatten)]
    pub(crate) judging: Judging,
}

#[derive(Debug, Args)]
pub(crate) struct Judging {
    #[command(flatten)]
    pub(crate) trust: Trust,
    /// Policy documents; - is standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) endpoint: EndpointArguments,
}

#[derive(Debug, Args)]
pub(crate) struct Fixing {
    /// Change the files, each as a whole or not at all
    #[arg(long)]
    pub(crate) write: bool,
    /// json: one line a file
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) judging: Judging,
}

#[derive(Debug, Args)]
pub(crate) struct Trust {
    /// Whom and what you trust: a postern.toml or its ARN, of which [perimeter] counts [default: POSTERN_SETTINGS, or
    /// postern.toml in this directory]
    #[arg(long, value_name = "FILE|ARN")]
    pub(crate) settings: Option<PathBuf>,
}

/// The endpoint that the policies are for.
#[derive(Debug, Args)]
#[command(next_help_heading = "The endpoint")]
pub(crate) struct EndpointArguments {
    /// Name of its service, such as com.amazonaws.eu-central-1.s3 or s3 [default: any, so that the actions of every
    /// service count]
    #[arg(long, value_name = "NAME", value_parser = service)]
    pub(crate) service: Option<String>,
    #[arg(long = "type", value_name = "TYPE", value_enum, default_value_t = EndpointType::Interface)]
    pub(crate) kind: EndpointType,
    #[arg(long, default_value = "us-east-1", value_parser = region)]
    pub(crate) region: String,
    /// Account that owns it [default: the first of the perimeter's accounts, or 111122223333]
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    pub(crate) owner: Option<String>,
    /// Its VPC's id [default: vpc-0aaaabbbbccccdddd1]
    #[arg(long, value_name = "ID", value_parser = vpc)]
    pub(crate) vpc_id: Option<String>,
    /// Its own id [default: vpce-0aaaabbbbccccdddd]
    #[arg(long, value_name = "ID", value_parser = endpoint)]
    pub(crate) endpoint_id: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Evaluating {
    /// The request, as JSON; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) request: PathBuf,
    /// Type of the endpoint: on gateway endpoints, an account as principal means its root user only
    #[arg(long = "type", value_name = "TYPE", value_enum, default_value_t = EndpointType::Interface)]
    pub(crate) kind: EndpointType,
    /// Policy document; - is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// Where AWS is called, for every command that works in one Region.
#[derive(Clone, Debug, Default, Args)]
pub struct AwsArguments {
    /// AWS Region [default: AWS_REGION, or the Region of the AWS profile]
    #[arg(long, value_name = "REGION", value_parser = region)]
    pub region: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    Text,
    /// One line a file
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EndpointType {
    Interface,
    Gateway,
}

#[cfg(test)]
mod tests;
