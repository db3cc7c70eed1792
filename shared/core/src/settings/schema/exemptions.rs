//! `[[exemptions]]` and `[exempt_by_tag]`.

use schemars::JsonSchema;

use super::shapes::{Control, Day};

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("oneOf" = [
    {"required": ["resource"]}, {"required": ["tag"]}, {"required": ["vpc"]}, {"required": ["account"]}
]))]
pub(super) struct Exemption {
    /// The name of the control.
    control: Control,
    /// The id of the VPC, subnet, route table, endpoint or endpoint service that the finding is about.
    #[schemars(regex(pattern = r"^(vpc|subnet|rtb|vpce|vpce-svc)-[0-9a-f]+$"))]
    resource: Option<String>,
    tag: Option<ExemptionTag>,
    /// The id of a VPC, for every finding of the control in it.
    #[schemars(regex(pattern = r"^vpc-[0-9a-f]+$"))]
    vpc: Option<String>,
    /// The id of an account, for every finding of the control in it.
    #[schemars(regex(pattern = r"^[0-9]{12}$"))]
    account: Option<String>,
    /// Who accepts the finding, and why.
    #[schemars(regex(pattern = r"\S"))]
    reason: String,
    /// Who answers for it.
    #[schemars(regex(pattern = r"\S"))]
    owner: Option<String>,
    /// The day on which it was agreed.
    since: Option<Day>,
    /// The last day on which it applies, in UTC, or a date and time with its offset.
    #[schemars(extend("anyOf" = [{"format": "date"}, {"format": "date-time"}]))]
    expires: String,
}

/// A tag on the resource that the finding is about.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ExemptionTag {
    #[schemars(length(min = 1, max = 128))]
    key: String,
    #[schemars(length(max = 256))]
    value: String,
}

/// Exemptions by tag.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct ExemptByTag {
    /// The controls from which the tag `postern:exempt` on a resource exempts it.
    #[schemars(extend("uniqueItems" = true))]
    controls: Option<Vec<Control>>,
}
