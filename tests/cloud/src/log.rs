//! The log of all calls.

use std::sync::Arc;

use jiff::Timestamp;

use crate::faults::Fault;
use crate::world::Effect;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    Ec2,
    LoadBalancers,
    Sns,
    DynamoDb,
    Sts,
    Organizations,
    Ssm,
    Route53,
    Route53Profiles,
    CloudWatch,
}

/// One call that arrived.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Counts the calls.
    pub number: u64,
    pub at: Timestamp,
    /// The ARN with which the clients were made.
    pub caller: Arc<str>,
    pub region: String,
    pub service: Service,
    /// Such as `CreateVpcEndpoint`.
    pub operation: String,
    /// The fields of the request; for DynamoDB its body as `Body`.
    pub parameters: Vec<(String, String)>,
    /// Whether the operation is one that changes something when it succeeds and is no dry run.
    pub mutating: bool,
    /// The error code; `None` if the call succeeded, whether or not the caller received the answer.
    pub code: Option<String>,
    pub message: String,
    pub fault: Option<Fault>,
    pub effects: Vec<Effect>,
    /// Of a call that succeeded and changes things.
    pub(crate) response: Option<String>,
}

impl Entry {
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let pair = self.parameters.iter().find(|(known, _)| known == name)?;
        Some(&pair.1)
    }

    /// As in IAM policies, such as `ec2:CreateVpcEndpoint`.
    pub fn action(&self) -> String {
        format!("{}:{}", self.service.prefix(), self.operation)
    }

    /// Whether anything is different from before.
    pub fn changed(&self) -> bool {
        !self.effects.is_empty()
    }
}

impl Service {
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::LoadBalancers => "elasticloadbalancing",
            Self::Sns => "sns",
            Self::DynamoDb => "dynamodb",
            Self::Sts => "sts",
            Self::Organizations => "organizations",
            Self::Ssm => "ssm",
            Self::Route53 => "route53",
            Self::Route53Profiles => "route53profiles",
            Self::CloudWatch => "cloudwatch",
        }
    }
}
