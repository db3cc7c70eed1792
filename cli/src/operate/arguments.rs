//! What may be said to the commands that call AWS.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args};
use postern_core::controls::CONTROLS;
use postern_core::history::ChangeId;
use postern_core::model::id::RunId;
use postern_core::plan::ReleaseTarget;

use super::since::Since;
use crate::arguments::Format;

const TABLE: &str = "\
The AWS Region, credentials and endpoints come from the environment, as for the AWS CLI. The account is that of the \
credentials.";

const REDRIVE: &str = "\
Mend first what kept the function from handling them; its log tells. Old events do no harm: they say where to look, and \
what is so is looked up now.

Exit status:
  0  done
  2  could not run: wrong arguments, no credentials, AWS refused or did not answer

The AWS Region, credentials and endpoints come from the environment, as for the AWS CLI.";

const STATUS: &str = "\
Exit status:
  0  done
  1  something is not as Postern left it, is not Postern's, or is not there; the output says what
  2  could not run: wrong arguments, no credentials, AWS refused or did not answer

The AWS Region, credentials and endpoints come from the environment, as for the AWS CLI. The account is that of the \
credentials.";

/// Where the ledger is.
#[derive(Clone, Debug, Default, Args)]
pub struct TableArguments {
    /// Table that holds the ledger: output LedgerTable of the stack [default: what POSTERN_LEDGER_TABLE says]
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
}

/// What a command that changes something has to know.
#[derive(Clone, Debug, Default, Args)]
pub struct Changing {
    #[command(flatten)]
    pub table: TableArguments,
    /// The settings that the functions have [default: postern.toml in this directory]
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Show everything and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// What Postern did in this account and Region, newest last
#[derive(Clone, Debug, Args)]
#[command(after_help = TABLE)]
pub struct History {
    /// Only changes that name this resource, such as a VPC, a subnet or an endpoint
    #[arg(long, value_name = "ID")]
    pub resource: Option<String>,
    /// Only changes made for this control
    #[arg(long, value_name = "NAME", value_parser = control())]
    pub control: Option<String>,
    /// Only changes since then: a time such as 2026-11-23T06:00:00Z, a day, or so long ago, such as 90m, 24h or 7d
    #[arg(long, value_name = "TIME")]
    pub since: Option<Since>,
    /// json: one record a line
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub table: TableArguments,
}

/// Take a change back, or all of a run, the last one first
#[derive(Clone, Debug, Args)]
#[command(after_help = STATUS, group = ArgGroup::new("what").required(true).args(["change", "run"]))]
pub struct Rollback {
    /// Id of the change, from `postern history` or a report
    #[arg(value_parser = change)]
    pub change: Option<ChangeId>,
    /// Id of the run, from `postern history`, a report or the tag postern:run
    #[arg(long, value_parser = |text: &str| Ok::<_, String>(RunId::from(text)))]
    pub run: Option<RunId>,
    #[command(flatten)]
    pub changing: Changing,
}

/// Let a control repair a resource again that was rolled back, released, or undone again and again
#[derive(Clone, Debug, Args)]
#[command(after_help = STATUS)]
pub struct Resume {
    #[arg(value_parser = control())]
    pub control: String,
    /// Id of the resource of the finding: a VPC, a subnet, a route table or an endpoint
    pub resource: String,
    #[command(flatten)]
    pub changing: Changing,
}

/// Remove what Postern made in a VPC or subnet, so that it can be deleted
#[derive(Clone, Debug, Args)]
#[command(after_help = STATUS)]
pub struct Release {
    #[arg(value_name = "VPC|SUBNET", value_parser = room)]
    pub room: ReleaseTarget,
    #[command(flatten)]
    pub changing: Changing,
}

/// Move what a function gave up on from its dead-letter queue back to its queue
#[derive(Clone, Debug, Args)]
#[command(after_help = REDRIVE)]
pub struct Redrive {
    /// URL of the function's queue, as its alarm and the stack's outputs tell it
    #[arg(value_name = "QUEUE", value_parser = queue)]
    pub queue: String,
    /// Count the messages and move none
    #[arg(long)]
    pub dry_run: bool,
}

fn control() -> PossibleValuesParser {
    PossibleValuesParser::new(CONTROLS.iter().map(|control| control.name))
}

fn change(text: &str) -> Result<ChangeId, String> {
    let id = ChangeId::from(text);
    match id.time() {
        Some(_) => Ok(id),
        None => Err("expected such as 20261123T061530.123456Z-0a1b2c3d; `postern history` lists them".to_owned()),
    }
}

fn room(text: &str) -> Result<ReleaseTarget, String> {
    ReleaseTarget::parse(text).ok_or_else(|| "expected a VPC or a subnet, such as vpc-0123456789abcdef0".to_owned())
}

fn queue(text: &str) -> Result<String, String> {
    match text.starts_with("https://") || text.starts_with("http://") {
        true => Ok(text.to_owned()),
        false => Err(
            "expected the URL of a queue, such as https://sqs.eu-central-1.amazonaws.com/111122223333/queue".to_owned(),
        ),
    }
}
