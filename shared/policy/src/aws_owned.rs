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
use crate::service::plain_name;
use crate::{EndpointContext, Perimeter};

/// A group of AWS-owned resources, and what has to reach them.
pub(crate) struct AwsOwned {
    /// The short names of the endpoint services.
    services: &'static [&'static str],
    /// The name of its statement; groups of one name, caller, actions and mark share a statement.
    pub(crate) sid: &'static str,
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
        let Some(own) = self.regions.value(region) else {
            return Vec::new();
        };
        let partition = partition::of_region(region);
        let full = |arn: &&str| {
            let mut text = String::with_capacity(128);
            text.extend(["arn:", partition]);
            let mut rest = *arn;
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
        };
        self.resources.iter().map(full).collect()
    }
}

/// What AWS owns behind endpoints of a service, by its short name.
pub(crate) fn of_service(service: &str) -> impl Iterator<Item = &'static AwsOwned> + use<> {
    let all = s3::ALL.iter().chain(others::ALL);
    let service = plain_name(service).into_owned();
    all.filter(move |owned| owned.services.contains(&service.as_str()))
}

/// The ARNs of resources that AWS owns and that the perimeter lets everybody reach through the endpoint.
pub(crate) fn resources(perimeter: &Perimeter, endpoint: &EndpointContext) -> Vec<String> {
    let mut arns = perimeter.aws_owned_resources.clone();
    if perimeter.builtin_aws_owned_resources {
        let by_arn = of_service(&endpoint.service).filter(|owned| owned.mark.is_none());
        arns.extend(by_arn.flat_map(|owned| owned.arns(&endpoint.region)));
    }
    arns
}

/// A condition key with the value that tells that AWS owns a resource.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) key: &'static str,
    pub(crate) value: &'static str,
    /// The resources that may have it.
    pub(crate) arns: Vec<String>,
}

/// How requests tell that AWS owns the resource where its ARN does not.
pub(crate) fn marks(perimeter: &Perimeter, endpoint: &EndpointContext) -> Vec<Mark> {
    let owned = of_service(&endpoint.service).filter(|_| perimeter.builtin_aws_owned_resources);
    let mark = |owned: &AwsOwned| {
        let (key, value) = owned.mark?;
        let arns = owned.arns(&endpoint.region);
        Some(Mark { key, value, arns })
    };
    owned.filter_map(mark).collect()
}

#[cfg(test)]
mod tests {
    use super::regions::SAMPLES;
    use super::*;
    use crate::service;

    fn all() -> impl Iterator<Item = &'static AwsOwned> {
        s3::ALL.iter().chain(others::ALL)
    }

    #[test]
    fn buckets_are_exact_so_that_nobody_can_register_one_that_fits() {
        for (owned, region) in all().flat_map(|owned| SAMPLES.map(|region| (owned, region))) {
            for arn in owned.arns(region) {
                let Some((_, rest)) = arn.split_once(":s3:::") else {
                    continue;
                };
                let bucket = rest.split('/').next().unwrap();
                assert!(!bucket.contains(['*', '?', '{', '}', '$']), "{arn}");
                assert!((3..=63).contains(&bucket.len()), "{arn}");
            }
        }
    }

    #[test]
    fn resources_of_other_services_name_an_owner_that_nobody_can_be() {
        for (owned, region) in all().flat_map(|owned| SAMPLES.map(|region| (owned, region))) {
            for arn in owned.arns(region).iter().filter(|arn| !arn.contains(":s3:::")) {
                let account = arn.split(':').nth(4).unwrap();
                let of_aws = matches!(account, "aws" | "aws-managed") || (account.is_empty() && !arn.contains(":ec2:"));
                let one = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
                assert!(of_aws || one || owned.mark.is_some(), "{arn}");
            }
        }
    }

    #[test]
    fn arns_have_the_partition_and_the_region_of_the_endpoint() {
        for (owned, region) in all().flat_map(|owned| SAMPLES.map(|region| (owned, region))) {
            for arn in owned.arns(region) {
                assert!(
                    arn.starts_with(&format!("arn:{}:", partition::of_region(region))),
                    "{arn}"
                );
                assert!(!arn.contains(['{', '}']), "{arn}");
            }
        }
    }

    #[test]
    fn actions_belong_to_the_service_of_the_endpoint() {
        for owned in all() {
            for short in owned.services {
                let service = service::find(short).unwrap();
                let known: Vec<String> = service
                    .actions()
                    .map(|(prefix, name)| format!("{prefix}:{name}"))
                    .collect();
                for action in owned.actions {
                    let fits = |name: &String| match action.strip_suffix('*') {
                        Some(start) => name.starts_with(start),
                        None => name == action,
                    };
                    assert!(known.iter().any(fits), "{action}");
                }
            }
        }
    }

    #[test]
    fn a_region_in_which_aws_does_not_name_a_bucket_gets_none() {
        let buckets = |region| -> Vec<String> { of_service("s3").flat_map(|owned| owned.arns(region)).collect() };
        for (region, name, there) in [
            ("us-east-2", "patch-baseline-snapshot-us-east-2/", true),
            ("us-east-2", "aws-patch-manager-us-east-2-552881074/", true),
            ("me-south-1", "patch-baseline-snapshot-me-south-1-uduvl7q8/", true),
            ("me-south-1", "patch-baseline-snapshot-me-south-1/", false),
            ("ap-southeast-7", "patch-baseline-snapshot", false),
            ("us-gov-west-1", "patch-baseline-snapshot-us-gov-west-1/", true),
            ("us-gov-west-1", "aws-patch-manager", false),
            ("eu-south-1", "birdwatcher", false),
            ("eu-south-1", "aws-ssm-distributor-file-eu-south-1/", true),
            ("eu-west-1", "eu-west-1-birdwatcher-prod/", true),
            ("us-east-1", ":::aws157-logs-prod/", true),
            ("eu-west-1", ":::aws157-logs-prod-eu-west-1/", true),
            ("us-east-1", ":::amazoncloudwatch-agent/", true),
            ("cn-north-1", ":::amazoncloudwatch-agent/", false),
            (
                "cn-north-1",
                "elasticbeanstalk-platform-assets-public-beta-cn-north-1/",
                true,
            ),
            ("us-west-2", "cloudformation-custom-resource-response-uswest2/", true),
            ("us-west-2", "cloudformation-waitcondition-us-west-2/", true),
            (
                "eu-west-1",
                "aws-glue-studio-transforms-244479516193-prod-eu-west-1/",
                true,
            ),
            (
                "us-gov-west-1",
                "aws-glue-studio-transforms-227493901923-prod-us-gov-west-1-2604/",
                true,
            ),
            ("us-east-1", "assets-193858265520-us-east-1/", true),
            ("af-south-1", ":::assets-", false),
        ] {
            let found = buckets(region).iter().any(|arn| arn.contains(name));
            assert_eq!(found, there, "{name} in {region}");
        }
    }
}
