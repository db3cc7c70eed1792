//! The arguments of `postern plan` and `postern apply`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use postern_core::controls::CONTROLS;
use postern_core::model::scope::ScopedResource;

use crate::operate::{TableArguments, word};
use crate::values::scope;

const PLAN: &str = "\
Examples:
  postern plan vpc-0123456789abcdef0
  postern plan vpc-0123456789abcdef0 --control policy-open --out plan.json
  postern apply plan.json

A plan has the changes that the functions would apply, those that they would not, with the reason, and the findings that \
people have to remedy. Changes of controls that are only audited are applied if the control is named; the last lines are the \
command that does.

Exit status:
  0  no change is to be applied
  1  at least one is
  2  failed: a resource was not found, wrong arguments, refused settings, no credentials, AWS refused or did not answer

Credentials and endpoints come from the environment, as for the AWS CLI.";

const APPLY: &str = "\
Examples:
  postern apply vpc-0123456789abcdef0
  postern apply plan.json --yes

The changes are shown first and applied after a `yes`: under the lease of the VPC or service, each on record in the ledger before it \
is made, additive ones before restrictive ones. A plan from a file is applied only if its VPCs and services still give the same plan. \
`postern rollback` reverts them.

Exit status:
  0  every change was applied and verified, or there was none
  1  not everything was applied: not agreed to, the plan no longer holds, a change was skipped or is not verified
  2  failed: wrong arguments, refused settings, no credentials, AWS refused or did not answer
  130  interrupted: the current change is completed, and no other is started

Credentials and endpoints come from the environment, as for the AWS CLI.";

/// What is planned.
#[derive(Clone, Debug, Default, Args)]
pub struct Planning {
    /// Also apply the changes of this control if the settings only audit it; can be repeated
    #[arg(long = "control", value_name = "NAME", value_parser = PossibleValuesParser::new(CONTROLS.iter().map(|control| control.name)), hide_possible_values = true)]
    pub controls: Vec<String>,
    /// Also apply changes that drop connections or change the path of traffic
    #[arg(long)]
    pub interrupting: bool,
    /// Settings file [default: postern.toml in this directory]
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    #[command(flatten)]
    pub table: TableArguments,
}

impl Planning {
    /// The flags for another command with the same settings, Region and ledger.
    pub(super) fn repeated(&self) -> Vec<String> {
        let settings = self
            .settings
            .as_deref()
            .map(|path| format!("--settings {}", word(&path.display().to_string())));
        settings.into_iter().chain(self.table.flags()).collect()
    }

    /// The command that shows the same plan of a scope again.
    pub(super) fn again(&self, resource: &ScopedResource) -> String {
        let mut words = vec![format!("postern plan {resource}")];
        words.extend(self.controls.iter().map(|name| format!("--control {name}")));
        words.extend(self.interrupting.then(|| "--interrupting".to_owned()));
        words.extend(self.repeated());
        words.join(" ")
    }
}

/// Show the changes that remedy the findings of VPCs and endpoint services; changes nothing
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = PLAN)]
pub struct Plan {
    /// VPCs and endpoint services [default: all of the Region]
    #[arg(value_name = "VPC|SERVICE", value_parser = scope)]
    pub resources: Vec<ScopedResource>,
    /// Keep the plan in this file, for `postern apply`
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub planning: Planning,
}

/// Apply the plan of a VPC or an endpoint service, or a plan from a file, after a question
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = APPLY)]
pub struct Apply {
    /// A VPC, an endpoint service, or the file of `postern plan --out`
    #[arg(value_name = "VPC|SERVICE|FILE")]
    pub target: String,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    #[command(flatten)]
    pub planning: Planning,
}
