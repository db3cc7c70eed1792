//! `[[providers]]`.

use std::collections::BTreeSet;

use schemars::JsonSchema;

use super::shapes::Tags;
use crate::settings::provider::WAITING_HOURS;

/// These consumers may use these endpoint services, besides the accounts of the perimeter.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Provider {
    /// Default: every endpoint service.
    services: Option<ServiceSelector>,
    /// Ids of approved accounts.
    #[schemars(inner(regex(pattern = r"^[0-9]{12}$")))]
    accounts: Option<BTreeSet<String>>,
    /// Ids of approved organisations, or paths of organisational units with a slash at the end. Default: those of the
    /// perimeter. AWS does not tell to which organisation a consumer belongs: while one is approved, connections of accounts
    /// that are not listed are neither accepted nor rejected. Set `[]` where every approved account is listed.
    #[schemars(inner(regex(
        pattern = r"^o-[a-z0-9]{10,32}(/r-[a-z0-9]{4,32}/(ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}/)*)?$"
    )))]
    organizations: Option<BTreeSet<String>>,
    /// ARNs of approved roles, users and accounts, without wildcards. AWS names the account of a consumer alone, so that an
    /// ARN approves its account.
    #[schemars(inner(regex(
        pattern = r"^arn:aws(-[a-z-]*)?:(iam::[0-9]{12}:(root|(role|user)/[!-#%-)+->@-~]+)|sts::[0-9]{12}:federated-user/[!-#%-)+->@-~]+)$"
    )))]
    principals: Option<BTreeSet<String>>,
    /// Regions from which consumers may connect, besides that of the service.
    #[schemars(inner(regex(pattern = r"^[a-z]+(-[a-z]+)+-[0-9][0-9a-z]*$"), length(max = 32)))]
    regions: Option<BTreeSet<String>>,
    /// For how many hours a connection of an approved consumer may wait.
    #[schemars(range(min = 0, max = 8_760), extend("default" = WAITING_HOURS))]
    waiting_hours: Option<i64>,
}

/// Every given criterion must match.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ServiceSelector {
    #[schemars(inner(regex(pattern = r"^vpce-svc-[0-9a-f]+$")))]
    ids: Option<BTreeSet<String>>,
    #[schemars(inner(regex(
        pattern = r"^(cn\.)?com\.amazonaws\.vpce\.[a-z]+(-[a-z]+)+-[0-9][0-9a-z]*\.vpce-svc-[0-9a-f]+$"
    )))]
    names: Option<BTreeSet<String>>,
    /// Every one of these is on the service.
    tags: Option<Tags>,
}
