//! Identifiers of AWS things, one type each, so that they cannot be mixed up.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                Self(value.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(value: String) -> Self {
                Self(value)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

id! {
    /// An AWS account, twelve digits.
    AccountId
    /// A Region such as `eu-central-1`.
    Region
    /// A VPC, `vpc-…`.
    VpcId
    /// A subnet, `subnet-…`.
    SubnetId
    /// A route table, `rtb-…`.
    RouteTableId
    /// A security group, `sg-…`.
    SecurityGroupId
    /// A network ACL, `acl-…`.
    NetworkAclId
    /// A VPC endpoint, `vpce-…`.
    EndpointId
    /// An endpoint service, `vpce-svc-…`.
    EndpointServiceId
    /// The full name of an endpoint service, such as `com.amazonaws.eu-central-1.sts`.
    ServiceName
    /// An Availability Zone by its name in this account, such as `eu-central-1a`.
    Zone
    /// One reconciliation, in reports, logs and tags.
    RunId
}
