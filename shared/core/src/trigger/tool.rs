//! The tool that called AWS.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::trigger::Actor;

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
    /// A program that uses an AWS SDK.
    Sdk,
}

/// What a user agent contains, in lower case. The first that fits decides: all of these are built on an SDK, and Pulumi
/// on Terraform's provider. What the CDK deploys comes from CloudFormation.
const SIGNS: &[(&str, Tool)] = &[
    ("cloudformation.amazonaws.com", Tool::CloudFormation),
    ("pulumi", Tool::Pulumi),
    ("opentofu", Tool::OpenTofu),
    ("terraform", Tool::Terraform),
    ("aws-cdk", Tool::Cdk),
    ("aws-cli/", Tool::AwsCli),
    ("console.", Tool::Console),
    ("signin.amazonaws.com", Tool::Console),
    ("mozilla/", Tool::Console),
    ("aws-sdk-", Tool::Sdk),
    ("boto3/", Tool::Sdk),
    ("botocore/", Tool::Sdk),
];

impl Tool {
    /// None where the caller is an AWS service, or says nothing that is known here.
    pub fn of(actor: &Actor) -> Option<Self> {
        let delivered = [&actor.invoked_by, &actor.user_agent];
        let delivered: Vec<_> = delivered
            .into_iter()
            .flatten()
            .map(|text| text.to_lowercase())
            .collect();
        let sign = SIGNS
            .iter()
            .find(|(sign, _)| delivered.iter().any(|text| text.contains(sign)));
        sign.map(|(_, tool)| *tool)
    }

    /// Where users of the tool keep their configuration.
    pub fn code(self) -> &'static str {
        match self {
            Self::Terraform => "in your Terraform code",
            Self::OpenTofu => "in your OpenTofu code",
            Self::Pulumi => "in your Pulumi program",
            Self::CloudFormation => "in your CloudFormation template or CDK app",
            Self::Cdk => "in your CDK app",
            Self::Console => "in the AWS console",
            Self::AwsCli => "in the script that calls the AWS CLI",
            Self::Sdk => "in the program that calls AWS",
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terraform => "Terraform",
            Self::OpenTofu => "OpenTofu",
            Self::Pulumi => "Pulumi",
            Self::CloudFormation => "CloudFormation",
            Self::Cdk => "the CDK",
            Self::Console => "the console",
            Self::AwsCli => "the AWS CLI",
            Self::Sdk => "an AWS SDK",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(user_agent: &str, invoked_by: Option<&str>) -> Option<Tool> {
        Tool::of(&Actor {
            identity: "arn:aws:iam::111122223333:role/deploy".to_owned(),
            identity_type: None,
            user_agent: Some(user_agent.to_owned()),
            source_address: None,
            invoked_by: invoked_by.map(str::to_owned),
        })
    }

    #[test]
    fn tool_is_known_by_its_user_agent() {
        let terraform = "APN/1.0 HashiCorp/1.0 Terraform/1.9.2 (+https://www.terraform.io) \
                         terraform-provider-aws/5.60.0 (+https://registry.terraform.io/providers/hashicorp/aws) \
                         aws-sdk-go-v2/1.30.3 ua/2.1 os/linux lang/go#1.22.5";
        let pulumi = "APN/1.0 Pulumi/1.0 PulumiAWS/6.56.1 (+https://www.pulumi.com) \
                      terraform-provider-aws/6.56.1 aws-sdk-go-v2/1.32.3";
        let cases = [
            (terraform, Some(Tool::Terraform)),
            (pulumi, Some(Tool::Pulumi)),
            ("OpenTofu/1.8.1 aws-sdk-go-v2/1.30.3", Some(Tool::OpenTofu)),
            ("cloudformation.amazonaws.com", Some(Tool::CloudFormation)),
            ("aws-sdk-js/3.600.0 aws-cdk/2.150.0", Some(Tool::Cdk)),
            ("console.ec2.amazonaws.com", Some(Tool::Console)),
            (
                "Mozilla/5.0 (X11; Linux x86_64) Chrome/123.0.0.0 Safari/537.36",
                Some(Tool::Console),
            ),
            ("aws-cli/2.31.0 md/command#ec2 exec-env/CloudShell", Some(Tool::AwsCli)),
            (
                "aws-cli/1.29.0 Python/3.11.4 Linux/5.10 botocore/1.31.0",
                Some(Tool::AwsCli),
            ),
            ("Boto3/1.34.0 md/Botocore#1.34.0 ua/2.0", Some(Tool::Sdk)),
            ("aws-sdk-rust/1.3 os/linux lang/rust", Some(Tool::Sdk)),
            ("rds.amazonaws.com", None),
            ("AWS Internal", None),
            ("", None),
        ];
        for (user_agent, expected) in cases {
            assert_eq!(tool(user_agent, None), expected, "{user_agent}");
        }
    }

    #[test]
    fn service_that_called_on_behalf_of_a_user_takes_precedence() {
        let via = Some("cloudformation.amazonaws.com");
        assert_eq!(
            tool("aws-sdk-go/1.44.157 Terraform/1.1.2", via),
            Some(Tool::CloudFormation)
        );
    }
}
