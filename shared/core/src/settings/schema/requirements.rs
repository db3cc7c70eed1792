//! `[[requirements]]`, and which endpoints may serve them: `[central]` and `[approved_services]`.

use std::collections::BTreeSet;

use schemars::JsonSchema;

use super::shapes::{ServiceSet, Tags};
use crate::model::snapshot::SubnetClass;

/// These services must be reachable privately from these subnets of these VPCs.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("anyOf" = [{"required": ["services"]}, {"required": ["sets"]}]))]
pub(super) struct Requirement {
    /// Short names such as `ecr.api`, or full service names.
    #[schemars(length(min = 1), inner(regex(pattern = r"^[a-z0-9][a-z0-9._-]*$")))]
    services: Option<BTreeSet<String>>,
    /// Services that workloads need together. A set says itself which of them need gateway endpoints.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    sets: Option<Vec<ServiceSet>>,
    /// Of the endpoints of `services`.
    #[schemars(extend("default" = Kind::Interface))]
    r#type: Option<Kind>,
    /// Whether the FIPS variants of interface services are required, where the Region has them.
    #[schemars(extend("default" = false))]
    fips: Option<bool>,
    vpcs: Option<VpcSelector>,
    subnets: Option<SubnetSelector>,
}

/// The type of the endpoints.
#[derive(JsonSchema, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Interface,
    Gateway,
    Both,
}

/// Central endpoints: VPCs, the spokes, use the interface endpoints of others, the hubs.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Central {
    /// The VPCs whose endpoints serve others. At least one criterion.
    #[schemars(extend("minProperties" = 1))]
    hubs: VpcSelector,
    /// The VPCs that use them, hubs aside.
    spokes: Option<VpcSelector>,
    /// The services that are served centrally, by short or full name. Empty: every service that is required in a spoke.
    #[schemars(inner(regex(pattern = r"^[a-z0-9][a-z0-9._-]*$")))]
    services: Option<BTreeSet<String>>,
}

/// The services to which endpoints may lead. Without this section, every service is approved.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct ApprovedServices {
    /// Whether all services of AWS are approved.
    #[schemars(extend("default" = true))]
    aws: Option<bool>,
    /// Services by short or full name, and ARNs of resource configurations and service networks.
    #[schemars(inner(regex(pattern = r"^[a-z0-9][a-z0-9._:/-]*$")))]
    names: Option<BTreeSet<String>>,
    /// Ids of accounts of which everything is approved that they offer. The own account is approved.
    #[schemars(inner(regex(pattern = r"^[0-9]{12}$")))]
    accounts: Option<BTreeSet<String>>,
    /// Whether endpoints that lead elsewhere get a policy that denies every request, where the service takes policies. Whoever
    /// uses such an endpoint is cut off.
    #[schemars(extend("default" = false))]
    quarantine: Option<bool>,
}

/// Every given criterion must match; without criteria, every VPC is selected.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct VpcSelector {
    #[schemars(inner(regex(pattern = r"^vpc-[0-9a-f]+$")))]
    ids: Option<BTreeSet<String>>,
    /// One of the VPC's CIDRs lies in one of these.
    cidrs: Option<BTreeSet<String>>,
    /// The VPC must have all of them.
    tags: Option<Tags>,
}

/// Both criteria must match.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct SubnetSelector {
    #[schemars(length(min = 1), extend("default" = crate::settings::SubnetSelector::default().classes))]
    classes: Option<BTreeSet<SubnetClass>>,
    /// The subnet must have all of them.
    tags: Option<Tags>,
}
