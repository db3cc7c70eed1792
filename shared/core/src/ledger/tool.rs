//! With what somebody called AWS.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// By the user agent of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    Terraform,
    #[serde(rename = "opentofu")]
    OpenTofu,
    Pulumi,
    #[serde(rename = "cloudformation")]
    CloudFormation,
    Cdk,
    Console,
    AwsCli,
    /// A program of somebody's own.
    Sdk,
}
