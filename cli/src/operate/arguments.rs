//! The arguments of the commands that call AWS.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args};
use postern_core::controls::CONTROLS;
use postern_core::history::ChangeId;
use postern_core::model::id::RunId;
use postern_core::plan::ReleaseTarget;

use super::since::Since;
use crate::arguments::{AwsArguments, Format};
use crate::values::region;

const TABLE: &str = "\
Credentials and endpoints come from the environment, as for the AWS CLI. The account is that of the \
credentials.";

const DOCTOR: &str = "\
Each line is ok, a warning or a problem, with the command that resolves it. What could not be read is a warning. Nothing \
is changed; each function is invoked for its self-check.

Exit status:
  0  everything is ok
  1  there is a warning or a problem
  2  failed: wrong arguments, no credentials, no Region

Credentials and endpoints come from the environment, as for the AWS CLI.";

const PRICES: &str = "\
The price list of interface endpoints is public. That of NAT gateways takes credentials with pricing:GetProducts; without \
them their price stays as it is. Without --write, the prices are printed as a section of a postern.toml.

Exit status:
  0  done
  2  failed: the price list cannot be read or has no price, the file cannot be changed";

const SWEEP: &str = "\
The sweep runs in the deployed function, with its settings. Its alerts and reports arrive as usual.

Exit status:
  0  the sweep is asked for
  2  failed: no credentials, no stack, AWS refused or did not answer

Credentials and endpoints come from the environment, as for the AWS CLI.";

const REDRIVE: &str = "\
First correct what made the function fail: its log has the cause. Old events are safe to process again: an event only \
names the resources to evaluate, and their current state is read from AWS.

Exit status:
  0  done
  2  failed: wrong arguments, no credentials, AWS refused or did not answer

Credentials and endpoints come from the environment, as for the AWS CLI.";

const STATUS: &str = "\
Exit status:
  0  done
  1  a resource was changed since, was not created by Postern or does not exist; the output says which
  2  failed: wrong arguments, no credentials, AWS refused or did not answer

Credentials and endpoints come from the environment, as for the AWS CLI. The account is that of the \
credentials.";

/// The ledger and its Region.
#[derive(Clone, Debug, Default, Args)]
pub struct TableArguments {
    #[command(flatten)]
    pub aws: AwsArguments,
    /// Table that holds the ledger: output LedgerTable of the stack [default: the environment variable POSTERN_LEDGER_TABLE]
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
}

impl TableArguments {
    /// The flags that were given, for another command line.
    pub(crate) fn flags(&self) -> Vec<String> {
        let flags = [("--region", &self.aws.region), ("--table", &self.table)];
        let given = flags
            .into_iter()
            .filter_map(|(flag, value)| Some((flag, value.as_deref()?)));
        given.map(|(flag, value)| format!("{flag} {}", word(value))).collect()
    }
}

impl Changing {
    pub(crate) fn flags(&self) -> Vec<String> {
        let settings = self.settings.as_deref().map(|path| word(&path.display().to_string()));
        let mut flags = self.table.flags();
        flags.extend(settings.map(|settings| format!("--settings {settings}")));
        flags
    }
}

/// A text as one word of a command line.
pub(crate) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,@".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// The arguments of every command that changes something.
#[derive(Clone, Debug, Default, Args)]
pub struct Changing {
    #[command(flatten)]
    pub table: TableArguments,
    /// Settings of the functions: a file or an ARN [default: POSTERN_SETTINGS, or postern.toml in this directory]
    #[arg(long, value_name = "FILE|ARN")]
    pub settings: Option<PathBuf>,
    /// Show everything and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Check the deployment in this account and Region: trail, rules, topics, functions, roles, settings, quotas
#[derive(Clone, Debug, Args)]
#[command(after_help = DOCTOR)]
pub struct Doctor {
    /// Name of the stack [default: the one that runs Postern here]
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
    /// Settings of the functions: a file or an ARN [default: POSTERN_SETTINGS, postern.toml in this directory, or what the
    /// stack's parameter Settings names]
    #[arg(long, value_name = "FILE|ARN")]
    pub settings: Option<PathBuf>,
    /// json: one check a line
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub aws: AwsArguments,
}

/// List the changes that Postern made in this account and Region, newest last
#[derive(Clone, Debug, Args)]
#[command(after_help = TABLE)]
pub struct History {
    /// Only changes that name this resource, such as a VPC, a subnet or an endpoint
    #[arg(long, value_name = "ID")]
    pub resource: Option<String>,
    /// Only changes made for this control
    #[arg(long, value_name = "NAME", value_parser = control())]
    pub control: Option<String>,
    /// Only changes since a time such as 2026-11-23T06:00:00Z, a day, or an age such as 90m, 24h or 7d
    #[arg(long, value_name = "TIME")]
    pub since: Option<Since>,
    /// json: one record a line
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub table: TableArguments,
}

/// Roll back a change, all changes of a run, or all changes since a time, the last one first
#[derive(Clone, Debug, Args)]
#[command(after_help = STATUS, group = ArgGroup::new("what").required(true).args(["change", "run", "since"]))]
pub struct Rollback {
    /// Id of the change, from `postern history` or a report
    #[arg(value_parser = change)]
    pub change: Option<ChangeId>,
    /// Id of the run, from `postern history`, a report or the tag postern:run
    #[arg(long, value_parser = |text: &str| Ok::<_, String>(RunId::from(text)))]
    pub run: Option<RunId>,
    /// All changes since a time such as 2026-11-23T06:00:00Z, a day, or an age such as 90m, 24h or 7d
    #[arg(long, value_name = "TIME")]
    pub since: Option<Since>,
    #[command(flatten)]
    pub changing: Changing,
}

/// Resume automatic remediation after a rollback, a release or a remediation conflict
#[derive(Clone, Debug, Args)]
#[command(after_help = STATUS)]
pub struct Resume {
    #[arg(value_parser = control(), requires = "resource", required_unless_present = "run")]
    pub control: Option<String>,
    /// Id of the resource of the finding: a VPC, a subnet, a route table or an endpoint
    pub resource: Option<String>,
    /// All findings that the changes of this run were for, and those that its rollback paused
    #[arg(long, conflicts_with = "control", value_parser = |text: &str| Ok::<_, String>(RunId::from(text)))]
    pub run: Option<RunId>,
    #[command(flatten)]
    pub changing: Changing,
}

/// Remove what Postern created in a VPC or subnet, so that the VPC or subnet can be deleted
#[derive(Clone, Debug, Args)]
#[command(after_help = STATUS)]
pub struct Release {
    #[arg(value_name = "VPC|SUBNET|SERVICE", value_parser = release_target, required_unless_present = "all")]
    pub target: Option<ReleaseTarget>,
    /// Remove what Postern created in every VPC of the Region, after one question
    #[arg(long, conflicts_with = "target")]
    pub all: bool,
    /// Do not ask
    #[arg(long, short, requires = "all")]
    pub yes: bool,
    #[command(flatten)]
    pub changing: Changing,
}

/// Look up the prices of interface endpoints and NAT gateways in AWS's price list
#[derive(Clone, Debug, Args)]
#[command(after_help = PRICES)]
pub struct Prices {
    /// AWS Region; can be repeated [default: AWS_REGION, or the Region of the AWS profile]
    #[arg(long, value_name = "REGION", value_parser = region)]
    pub region: Vec<String>,
    /// Write the prices and today's date into a settings file [default file: postern.toml in this directory]
    #[arg(long, value_name = "FILE")]
    pub write: Option<Option<PathBuf>>,
}

/// Start a sweep now: evaluate every VPC of this account and Region
#[derive(Clone, Debug, Args)]
#[command(after_help = SWEEP)]
pub struct Sweep {
    /// URL of the sweeper's queue [default: output SweeperQueueUrl of the stack that runs Postern here]
    #[arg(long, value_name = "URL", value_parser = queue)]
    pub queue: Option<String>,
    #[command(flatten)]
    pub aws: AwsArguments,
}

/// Move messages from a function's dead-letter queue back to its queue
#[derive(Clone, Debug, Args)]
#[command(after_help = REDRIVE)]
pub struct Redrive {
    /// URL of the function's queue, from its alarm or the stack's outputs
    #[arg(value_name = "QUEUE", value_parser = queue)]
    pub queue: String,
    /// Only count the messages
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub aws: AwsArguments,
}

fn control() -> PossibleValuesParser {
    PossibleValuesParser::new(CONTROLS.iter().map(|control| control.name))
}

fn change(text: &str) -> Result<ChangeId, String> {
    let id = ChangeId::from(text);
    match id.time() {
        Some(_) => Ok(id),
        None => {
            Err("expected an id such as 20261123T061530.123456Z-0a1b2c3d; `postern history` lists the ids".to_owned())
        }
    }
}

fn release_target(text: &str) -> Result<ReleaseTarget, String> {
    ReleaseTarget::parse(text)
        .ok_or_else(|| "expected a VPC, a subnet or an endpoint service, such as vpc-0123456789abcdef0".to_owned())
}

fn queue(text: &str) -> Result<String, String> {
    match text.starts_with("https://") || text.starts_with("http://") {
        true => Ok(text.to_owned()),
        false => Err(
            "expected the URL of a queue, such as https://sqs.eu-central-1.amazonaws.com/111122223333/queue".to_owned(),
        ),
    }
}
