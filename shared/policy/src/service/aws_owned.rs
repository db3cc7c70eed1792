//! Resources that AWS owns and that workloads behind an endpoint need: outside every organisation, and not the caller's.
//!
//! Every entry names its documentation; AWS lists most of them in
//! <https://github.com/aws-samples/data-perimeter-policy-examples/blob/main/service_owned_resources.md>. Bucket names
//! are exact: a name with a wildcard, or one that AWS does not use in a Region, is a name that anybody can register.

mod others;
mod regions;
mod s3;

use regions::Regions;

use crate::partition;

/// A group of AWS-owned resources, and what has to reach them.
pub(crate) struct AwsOwned {
    /// The prefix of the actions.
    pub(crate) prefix: &'static str,
    /// The name of its statement; groups of one name, caller, actions and mark share a statement.
    pub(crate) sid: &'static str,
    /// Where AWS documents them.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "for those who check the entry, and for the tests")
    )]
    pub(crate) sources: &'static [&'static str],
    pub(crate) caller: Caller,
    pub(crate) actions: &'static [&'static str],
    /// Without the `arn:<partition>` in front. `{region}` stands for the Region, `{joined}` for the Region without its
    /// dashes, and `{own}` for what [`Regions::Own`] has for it.
    resources: &'static [&'static str],
    regions: Regions,
    /// A condition key, with the value that tells that AWS owns the resource where the ARN does not.
    pub(crate) mark: Option<(&'static str, &'static str)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Unsigned requests, and requests signed by AWS or presigned by an account of AWS's.
    Anyone,
    /// Requests signed by the workload.
    Trusted,
}

impl AwsOwned {
    /// The full ARNs in a Region. Nothing where AWS does not say what they are called.
    pub(crate) fn arns(&self, region: &str) -> Vec<String> {
        let owns = self.regions.values(region);
        let full = owns
            .into_iter()
            .flat_map(|own| self.resources.iter().map(move |arn| full(arn, region, own)));
        full.collect()
    }
}

fn full(arn: &str, region: &str, own: &str) -> String {
    let mut text = String::with_capacity(128);
    text.extend(["arn:", partition::of_region(region)]);
    let mut rest = arn;
    while let Some((before, (name, after))) = rest
        .split_once('{')
        .and_then(|(before, after)| Some((before, after.split_once('}')?)))
    {
        text.push_str(before);
        match name {
            "region" => text.push_str(region),
            "joined" => text.extend(region.chars().filter(|c| *c != '-')),
            _ => text.push_str(own),
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

/// What AWS owns in the service with this prefix.
pub(crate) fn of_prefix(prefix: &str) -> impl Iterator<Item = &'static AwsOwned> {
    all().filter(move |owned| owned.prefix == prefix)
}

pub(crate) fn all() -> impl Iterator<Item = &'static AwsOwned> {
    s3::ALL.iter().chain(others::ALL)
}

/// Formats of ARNs in which AWS has resources of its own in the service with this prefix, and the actions that take them:
/// `service:region:account:resource`, `*` for what varies.
pub(super) fn formats(prefix: &str) -> impl Iterator<Item = (String, &'static [&'static str])> {
    let of_aws = |resource: &&&str| matches!(resource.split(':').nth(3), Some("" | "aws" | "aws-managed"));
    let by_arn = of_prefix(prefix).filter(|owned| owned.mark.is_none() && owned.prefix != "s3");
    by_arn.flat_map(move |owned| {
        let resources = owned.resources.iter().filter(of_aws);
        resources.map(|resource| (resource.trim_start_matches(':').replace("{region}", "*"), owned.actions))
    })
}

#[cfg(test)]
mod tests;
