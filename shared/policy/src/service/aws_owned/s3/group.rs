//! How groups of buckets are written down.

use super::super::regions::Regions;
use super::super::{AwsOwned, Caller};

pub(super) const fn read(
    sid: &'static str,
    sources: &'static [&'static str],
    regions: Regions,
    resources: &'static [&'static str],
) -> AwsOwned {
    reach(sid, sources, READ, regions, resources)
}

pub(super) const fn reach(
    sid: &'static str,
    sources: &'static [&'static str],
    actions: &'static [&'static str],
    regions: Regions,
    resources: &'static [&'static str],
) -> AwsOwned {
    AwsOwned {
        prefix: "s3",
        sid,
        sources,
        caller: Caller::Anyone,
        actions,
        resources,
        regions,
        mark: None,
    }
}

pub(super) const READ: &[&str] = &["s3:GetObject"];
pub(super) const READ_AND_LIST: &[&str] = &["s3:GetObject", "s3:ListBucket"];

/// The list of the buckets that AWS services own. A source where the guide of the service does not name the bucket.
pub(super) const LIST: &str =
    "https://github.com/aws-samples/data-perimeter-policy-examples/blob/main/service_owned_resources.md";

/// The endpoint policy for S3 that belongs to [`LIST`].
pub(super) const POLICY: &str = "https://github.com/aws-samples/data-perimeter-policy-examples/blob/main/vpc_endpoint_policies/s3_endpoint_policy.json";
