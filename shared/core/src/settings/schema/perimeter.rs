//! `[perimeter]`.

use std::collections::BTreeSet;

use schemars::JsonSchema;

use crate::settings::Settings;

/// Whom and what you trust. Endpoint policies are written for this perimeter and checked against it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Perimeter {
    /// Ids of trusted organisations.
    #[schemars(inner(regex(pattern = r"^o-[a-z0-9]{10,32}$")))]
    organizations: Option<BTreeSet<String>>,
    /// Paths of trusted organisational units, with a slash at the end.
    #[schemars(inner(regex(pattern = r"^o-[a-z0-9]{10,32}/r-[a-z0-9]{4,32}/(ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}/)*$")))]
    organization_paths: Option<BTreeSet<String>>,
    /// Ids of accounts that are trusted besides the organisations.
    #[schemars(inner(regex(pattern = r"^[0-9]{12}$")))]
    accounts: Option<BTreeSet<String>>,
    /// ARNs of single roles, users, root users and federated users, without wildcards.
    #[schemars(inner(regex(
        pattern = r"^arn:aws(-[a-z-]*)?:(iam::[0-9]{12}:(root|(role|user)/[!-#%-)+->@-~]+)|sts::[0-9]{12}:federated-user/[!-#%-)+->@-~]+)$"
    )))]
    principals: Option<BTreeSet<String>>,
    /// ARNs of trusted resources outside the organisations and accounts.
    #[schemars(inner(regex(
        pattern = r"^arn:aws(-[a-z-]*)?:[a-z0-9-]+:[a-z0-9*?-]*:([0-9]{12}:[!-#%-~]+|(aws)?:[!-#%-~]*[A-Za-z0-9][!-#%-~]*)$"
    )))]
    resources: Option<BTreeSet<String>>,
    /// ARNs of AWS-owned resources that your workloads need, besides the built-in list.
    #[schemars(inner(regex(
        pattern = r"^arn:aws(-[a-z-]*)?:[a-z0-9-]+:[a-z0-9*?-]*:([0-9]{12}:[!-#%-~]+|(aws)?:[!-#%-~]*[A-Za-z0-9][!-#%-~]*)$"
    )))]
    aws_owned_resources: Option<BTreeSet<String>>,
    /// Whether the built-in list of AWS-owned resources is trusted.
    #[schemars(extend("default" = Settings::default().perimeter.builtin_aws_owned_resources))]
    builtin_aws_owned_resources: Option<bool>,
    /// Whether AWS service principals are trusted.
    #[schemars(extend("default" = Settings::default().perimeter.aws_services))]
    aws_services: Option<bool>,
    /// Whether machine images of any owner are trusted, such as those of AWS Marketplace, Canonical and Red Hat.
    #[schemars(extend("default" = Settings::default().perimeter.images_of_any_owner))]
    images_of_any_owner: Option<bool>,
    /// The digest of this perimeter, once a person has checked that it contains the account in which Postern runs.
    #[schemars(regex(pattern = r"^[0-9a-f]{12}$"))]
    confirmed: Option<String>,
    /// Networks outside the VPC from which endpoints may be reached, as CIDRs without host bits.
    cidrs: Option<BTreeSet<String>>,
}
