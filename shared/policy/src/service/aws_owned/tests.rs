use super::regions::SAMPLES;
use super::*;
use crate::aws_owned::of_service;
use crate::service;

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
fn some_action_acts_on_each_resource() {
    let fillings = ["example", "example:1", "example/1.0.0/1", "scp/p-example"];
    let mut unknown = Vec::new();
    for (owned, region) in all().flat_map(|owned| SAMPLES.map(|region| (owned, region))) {
        let service = service::of_prefix(owned.prefix).unwrap();
        for arn in owned.arns(region) {
            let examples = fillings.map(|filling| arn.replace('*', filling));
            let acts = |action: &&str| match action.strip_suffix('*') {
                Some(start) => {
                    let starts = |known: &&service::Published| known.full_name().starts_with(start);
                    examples
                        .iter()
                        .any(|arn| service.actions_on(arn).any(|known| starts(&known)))
                }
                None => examples.iter().any(|arn| service.takes(action, arn)),
            };
            if !owned.actions.iter().any(acts) {
                unknown.push(arn);
            }
        }
    }
    assert_eq!(unknown, [""; 0]);
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
fn region_in_which_aws_does_not_name_a_bucket_gets_none() {
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
