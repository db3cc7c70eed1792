//! Resources that AWS owns and that workloads behind an endpoint need: outside every organisation, and not the caller's.
//!
//! Every entry names its documentation; AWS lists most of them in
//! <https://github.com/aws-samples/data-perimeter-policy-examples/blob/main/service_owned_resources.md>. Bucket names
//! are exact: a name with a wildcard, or one that AWS does not use in a Region, is a name that anybody can register.

mod others;
mod regions;
mod s3;

use regions::Regions;

use crate::Perimeter;
use crate::partition;
use crate::service::Service;

/// A group of AWS-owned resources, and what has to reach them.
pub(crate) struct AwsOwned {
    /// The prefix of the actions.
    prefix: &'static str,
    /// The name of its statement; groups of one name, caller, actions and mark share a statement.
    pub(crate) sid: &'static str,
    /// Where AWS documents them.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "for those who check the entry, and for the tests")
    )]
    sources: &'static [&'static str],
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

/// What AWS owns behind endpoints of a service.
pub(crate) fn of_service(service: Option<&Service>) -> impl Iterator<Item = &'static AwsOwned> {
    let all = s3::ALL.iter().chain(others::ALL);
    all.filter(move |owned| service.is_some_and(|service| service.prefixes().any(|prefix| prefix == owned.prefix)))
}

/// The ARNs of resources that AWS owns and that the perimeter lets everybody reach through the endpoint.
pub(crate) fn resources(perimeter: &Perimeter, service: Option<&Service>, region: &str) -> Vec<String> {
    let mut arns = perimeter.aws_owned_resources.clone();
    if perimeter.builtin_aws_owned_resources {
        let by_arn = of_service(service).filter(|owned| owned.mark.is_none());
        arns.extend(by_arn.flat_map(|owned| owned.arns(region)));
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
pub(crate) fn marks(perimeter: &Perimeter, service: Option<&Service>, region: &str) -> Vec<Mark> {
    let owned = of_service(service).filter(|_| perimeter.builtin_aws_owned_resources);
    let mark = |owned: &AwsOwned| {
        let (key, value) = owned.mark?;
        let arns = owned.arns(region);
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
    fn every_entry_has_a_source_of_aws() {
        for owned in all() {
            assert!(!owned.sources.is_empty(), "{}", owned.sid);
            for source in owned.sources {
                let of_aws = [
                    "https://docs.aws.amazon.com/",
                    "https://aws.github.io/",
                    "https://github.com/aws-samples/",
                ];
                assert!(of_aws.iter().any(|start| source.starts_with(start)), "{source}");
            }
        }
    }

    #[test]
    fn endpoints_of_all_kinds_reach_what_aws_owns_in_their_service() {
        let arns = |name: &str| -> Vec<String> {
            of_service(service::find(name))
                .flat_map(|owned| owned.arns("us-east-1"))
                .collect()
        };
        for (one, other) in [
            (
                "com.amazonaws.us-east-1.organizations",
                "com.amazonaws.us-east-1.organizations-fips",
            ),
            ("iam", "com.amazonaws.iam"),
            ("bedrock", "bedrock-agent-runtime"),
            ("sagemaker.api", "sagemaker.runtime-fips"),
            ("iot", "iot-fips.api"),
        ] {
            assert_eq!(arns(one), arns(other), "{one}");
            assert!(!arns(one).is_empty(), "{one}");
        }
        assert!(arns("com.amazonaws.us-east-1.tomorrow").is_empty());
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
            let service = service::of_prefix(owned.prefix).unwrap();
            let known: Vec<String> = service
                .actions
                .iter()
                .map(|action| format!("{}:{}", action.prefix, action.name))
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

    #[test]
    fn buckets_are_listed_where_aws_says_so() {
        let listed: Vec<String> = s3::ALL
            .iter()
            .filter(|owned| owned.actions.contains(&"s3:ListBucket"))
            .flat_map(|owned| owned.arns("us-east-1"))
            .filter(|arn| !arn.contains('/'))
            .collect();
        assert_eq!(
            listed,
            [
                "arn:aws:s3:::jumpstart-cache-prod-us-east-1",
                "arn:aws:s3:::aws-neptune-notebook-us-east-1",
                "arn:aws:s3:::aws-neptune-notebook",
                "arn:aws:s3:::athena-examples-us-east-1",
            ]
        );
    }

    #[test]
    fn images_and_layers_of_aws_are_known_by_the_account_of_the_region() {
        for (name, region, arn) in [
            (
                "ecr.api",
                "us-east-1",
                "arn:aws:ecr:us-east-1:763104351884:repository/*",
            ),
            (
                "ecr.dkr",
                "us-east-1",
                "arn:aws:ecr:us-east-1:683313688378:repository/*",
            ),
            (
                "ecr.api",
                "cn-north-1",
                "arn:aws-cn:ecr:cn-north-1:727897471807:repository/*",
            ),
            (
                "lambda",
                "us-east-1",
                "arn:aws:lambda:us-east-1:027255383542:layer:AWS-AppConfig-Extension:*",
            ),
        ] {
            let mut arns = of_service(service::find(name)).flat_map(|owned| owned.arns(region));
            assert!(arns.any(|found| found == arn), "{arn}");
        }
    }

    #[test]
    fn a_region_in_which_aws_does_not_name_a_bucket_gets_none() {
        let buckets = |region| -> Vec<String> {
            of_service(service::find("s3"))
                .flat_map(|owned| owned.arns(region))
                .collect()
        };
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
            ("us-east-1", ":::aws-cli/", true),
            ("us-east-1", ":::awslambda-us-east-1-tasks/", true),
            ("us-east-1", ":::prod-04-2014-tasks/", true),
            ("us-east-1", ":::athena-examples-us-east-1/", true),
            ("us-east-1", ":::redshift-downloads/", true),
            ("us-east-1", ":::awssupportdatasvcs.com/", true),
            ("us-east-1", ":::aws-sap-data-provider/", true),
            ("us-east-1", ":::awssap-backint-agent/", true),
            ("us-east-1", ":::packages.us-east-1.amazonaws.com/", true),
            ("us-east-1", ":::repo.us-east-1.amazonaws.com/", true),
            ("ap-southeast-7", ":::repo.ap-southeast-7.amazonaws.com/", false),
            (
                "eu-west-1",
                ":::static-eu-west-1-prod-static-hld3vzaf7c4h/content/dependencies/",
                true,
            ),
            ("me-central-1", ":::static-me-central-1", false),
        ] {
            let found = buckets(region).iter().any(|arn| arn.contains(name));
            assert_eq!(found, there, "{name} in {region}");
        }
    }
}
