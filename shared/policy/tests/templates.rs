//! The perimeter policies, judged by the analyser: nothing gets in, nothing gets out, nobody is locked out.

#![expect(clippy::unwrap_used, reason = "a test may panic, and so may what its tests share")]

use postern_policy::{
    Analysis, Containment, Document, EndpointContext, MOST_CHARACTERS, Perimeter, TemplateError, analyse, template,
};

const REGIONS: [&str; 8] = [
    "us-east-1",
    "ap-southeast-2",
    "me-central-1",
    "af-south-1",
    "ap-southeast-7",
    "cn-north-1",
    "us-gov-east-1",
    "us-gov-west-1",
];

/// Services among them whose actions name no resource.
const NAMELESS: [&str; 3] = ["ec2messages", "guardduty-data", "ssmmessages"];

const SERVICES: [&str; 32] = [
    "bedrock",
    "bedrock-runtime",
    "cloudformation",
    "codedeploy",
    "dynamodb",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "elasticbeanstalk",
    "elasticmapreduce",
    "events",
    "execute-api",
    "glue",
    "guardduty-data",
    "iam",
    "imagebuilder",
    "iot",
    "kms",
    "lambda",
    "logs",
    "monitoring",
    "network-firewall",
    "organizations",
    "s3",
    "sagemaker.api",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "sts",
];

fn endpoint(service: &str, region: &str, gateway: bool) -> EndpointContext {
    EndpointContext {
        service: service.to_owned(),
        gateway,
        owner: "111122223333".to_owned(),
        region: region.to_owned(),
        vpc: "vpc-0123456789abcdef0".to_owned(),
        endpoint: "vpce-0123456789abcdef0".to_owned(),
        time: 1_795_392_000,
    }
}

fn base() -> Perimeter {
    Perimeter {
        builtin_aws_owned_resources: true,
        aws_services: true,
        ..Perimeter::default()
    }
}

fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        _ if region.starts_with("us-gov") => "aws-us-gov",
        _ => "aws",
    }
}

/// Settings as people have them: an organisation, accounts, parts of an organisation, single principals, and all of it.
fn settings(service: &str, region: &str) -> Vec<(&'static str, Perimeter)> {
    let partition = partition(region);
    let prefix = service.split('.').next().unwrap();
    let organizations = vec!["o-exampleorg1".to_owned()];
    let accounts = vec!["111122223333".to_owned(), "444455556666".to_owned()];
    let paths = vec!["o-exampleorg1/r-ab12/ou-ab12-11111111/".to_owned()];
    let principals = vec![format!("arn:{partition}:iam::444455556666:role/partner")];
    let resources = match prefix {
        "s3" => vec![
            format!("arn:{partition}:s3:::corp-data"),
            format!("arn:{partition}:s3:::corp-data/*"),
        ],
        _ => vec![
            format!("arn:{partition}:*:{region}:444455556666:*"),
            format!("arn:{partition}:*::444455556666:*"),
        ],
    };
    vec![
        (
            "an organisation",
            Perimeter {
                organizations: organizations.clone(),
                ..base()
            },
        ),
        (
            "accounts",
            Perimeter {
                accounts: accounts.clone(),
                ..base()
            },
        ),
        (
            "paths",
            Perimeter {
                organization_paths: paths.clone(),
                ..base()
            },
        ),
        (
            "principals and resources",
            Perimeter {
                principals: principals.clone(),
                resources: resources.clone(),
                ..base()
            },
        ),
        (
            "everything",
            Perimeter {
                organizations: vec!["o-exampleorg2".to_owned()],
                organization_paths: paths,
                accounts,
                principals,
                resources,
                ..base()
            },
        ),
        (
            "an organisation without exceptions",
            Perimeter {
                organizations,
                ..Perimeter::default()
            },
        ),
    ]
}

fn judge(text: &str, perimeter: &Perimeter, endpoint: &EndpointContext) -> Analysis {
    analyse(&Document::parse(text).unwrap(), perimeter, endpoint)
}

fn proven(service: &str, region: &str, gateway: bool) {
    for (name, perimeter) in settings(service, region) {
        let endpoint = endpoint(service, region, gateway);
        let text = match template(service, region, &perimeter) {
            // Their actions name no resource, so that trusted ARNs are none of theirs.
            Err(TemplateError::NothingTrusted { .. }) if NAMELESS.contains(&service) => continue,
            text => text.unwrap(),
        };
        let found = judge(&text, &perimeter, &endpoint);
        assert_eq!(
            found.verdict,
            Containment::Closed,
            "{service} in {region} for {name}: {found:#?}\n{text}"
        );
        assert!(!found.locked_out, "{service} in {region} for {name}: {text}");
    }
}

#[test]
fn every_template_is_closed_and_locks_nobody_out() {
    for region in REGIONS {
        proven("s3", region, false);
    }
    for service in SERVICES {
        for region in ["us-east-1", "cn-north-1", "us-gov-west-1"] {
            proven(service, region, false);
        }
    }
}

#[test]
fn templates_of_gateway_endpoints_are_closed_and_lock_nobody_out() {
    for service in ["s3", "dynamodb"] {
        for region in REGIONS {
            proven(service, region, true);
        }
    }
}

#[test]
fn template_is_open_for_a_narrower_perimeter() {
    for service in SERVICES {
        let [(_, organization), (_, accounts), ..] =
            settings(service, "us-east-1").try_into().unwrap_or_else(|all: Vec<_>| {
                let mut all = all.into_iter();
                [all.next().unwrap(), all.next().unwrap()]
            });
        let text = template(service, "us-east-1", &organization).unwrap();
        let found = judge(&text, &accounts, &endpoint(service, "us-east-1", false));
        assert_eq!(found.verdict, Containment::Open, "{service}: {found:#?}");
        let nameless = NAMELESS.contains(&service);
        assert!(
            found.identity.is_some() && found.resource.is_some() != nameless,
            "{service}: {found:#?}"
        );
    }
}

#[test]
fn template_is_open_where_the_perimeter_does_not_trust_aws_owned_resources() {
    for service in ["s3", "ec2"] {
        let organization = Perimeter {
            organizations: vec!["o-exampleorg1".to_owned()],
            ..base()
        };
        let text = template(service, "us-east-1", &organization).unwrap();
        let strict = Perimeter {
            builtin_aws_owned_resources: false,
            ..organization
        };
        let found = judge(&text, &strict, &endpoint(service, "us-east-1", false));
        assert!(found.resource.is_some(), "{service}: {found:#?}");
    }
}

#[test]
fn images_of_others_are_a_hole_even_where_those_of_amazon_are_not() {
    let perimeter = Perimeter {
        organizations: vec!["o-exampleorg1".to_owned()],
        ..base()
    };
    let text = |owner: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":"*","Action":"ec2:RunInstances",
            "Resource":"arn:aws:ec2:*::image/*","Condition":{{"StringLike":{{"aws:PrincipalOrgID":"o-exampleorg1"{owner}}}}}}}}}"#
        )
    };
    for (owner, hole) in [
        ("", true),
        (r#","ec2:Owner":"amazon""#, false),
        (r#","ec2:Owner":"amazo?""#, true),
        (r#","ec2:Owner":["amazon","aws-marketplace"]"#, true),
    ] {
        let found = judge(&text(owner), &perimeter, &endpoint("ec2", "us-east-1", false));
        assert_eq!(found.resource.is_some(), hole, "{owner}: {found:#?}");
        assert!(found.identity.is_none(), "{owner}: {found:#?}");
    }
}

#[test]
fn templates_leave_room_for_many_accounts_in_every_region() {
    let longest = |accounts: usize| {
        let perimeter = Perimeter {
            organizations: vec![format!("o-{}", "a".repeat(32))],
            accounts: (0..accounts)
                .map(|i| format!("{:012}", 100_000_000_000_u64 + i as u64))
                .collect(),
            ..base()
        };
        let size = |service: &&str| {
            let sizes = REGIONS.map(|region| template(service, region, &perimeter).unwrap().chars().count());
            sizes.into_iter().max().unwrap()
        };
        let all: Vec<_> = SERVICES.iter().map(|service| (size(service), *service)).collect();
        all.into_iter().max().unwrap()
    };
    let (plain, service) = longest(0);
    assert_eq!(service, "s3");
    assert!(plain < MOST_CHARACTERS / 2, "{plain}");
    let (crowded, service) = longest(90);
    assert!(crowded < MOST_CHARACTERS, "{service} {crowded}");
}

#[test]
fn template_for_a_service_that_is_not_known_is_closed() {
    let perimeter = Perimeter {
        organizations: vec!["o-exampleorg1".to_owned()],
        ..base()
    };
    let text = template("vpce-svc-0123456789abcdef0", "us-east-1", &perimeter).unwrap();
    let found = judge(
        &text,
        &perimeter,
        &endpoint("vpce-svc-0123456789abcdef0", "us-east-1", false),
    );
    assert_eq!(found.verdict, Containment::Closed, "{found:#?}");
}
