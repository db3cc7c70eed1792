//! What perimeter policies say.

use std::collections::BTreeSet;

use super::*;
use crate::glob::Pattern;
use crate::service::{Format, Published, Targets, aws_owned};
use crate::{Document, EndpointContext, Request, evaluate, fix};

const OPEN: &str = r#"{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}"#;

fn endpoint(service: &str) -> EndpointContext {
    EndpointContext {
        service: service.to_owned(),
        gateway: false,
        owner: "111122223333".to_owned(),
        region: "us-east-1".to_owned(),
        vpc: "vpc-0a1b2c3d4e5f60718".to_owned(),
        endpoint: "vpce-0a1b2c3d4e5f60718".to_owned(),
        time: 1_795_392_000,
    }
}

fn organization() -> Perimeter {
    Perimeter {
        organizations: vec!["o-exampleorg1".to_owned()],
        builtin_aws_owned_resources: true,
        aws_services: true,
        ..Perimeter::default()
    }
}

fn statements(service: &str, region: &str, perimeter: &Perimeter) -> Vec<Value> {
    let document: Value = serde_json::from_str(&template(service, region, perimeter).unwrap()).unwrap();
    document["Statement"].as_array().unwrap().clone()
}

#[test]
fn template_pins_an_organisation_on_both_sides() {
    insta::assert_snapshot!(template("kms", "eu-central-1", &organization()).unwrap(), @r#"{"Version":"2012-10-17","Statement":[{"Sid":"TrustedToTrusted","Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1","aws:ResourceOrgID":"o-exampleorg1"}}},{"Sid":"AwsServices","Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"Bool":{"aws:PrincipalIsAWSService":"true"}}}]}"#);
}

#[test]
fn every_kind_of_trusted_principal_reaches_every_kind_of_trusted_resource() {
    let perimeter = Perimeter {
        organization_paths: vec!["o-exampleorg1/r-ab12/ou-ab12-11111111/".to_owned()],
        accounts: vec!["111122223333".to_owned()],
        principals: vec!["arn:aws:iam::444455556666:role/partner".to_owned()],
        resources: vec!["arn:aws:iam::444455556666:role/partner-data".to_owned()],
        ..organization()
    };
    let statements = statements("sts", "eu-central-1", &perimeter);
    let trusted = statements
        .iter()
        .filter(|s| s["Sid"].as_str().unwrap().starts_with("TrustedToTrusted"));
    assert_eq!(trusted.count(), 4 * 4);
    let sids: std::collections::BTreeSet<_> = statements.iter().map(|s| s["Sid"].as_str().unwrap()).collect();
    assert_eq!(
        sids.len(),
        statements.len(),
        "AWS refuses a policy in which a Sid appears twice"
    );
    assert!(statements.iter().any(|s| s["Condition"]
        == json!({
            "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-exampleorg1/r-ab12/ou-ab12-11111111/*"},
            "StringEquals": {"aws:ResourceAccount": "111122223333"},
        })));
}

#[test]
fn path_without_its_slash_does_not_cover_its_neighbour() {
    let perimeter = Perimeter {
        organization_paths: vec!["o-exampleorg1/r-ab12/ou-ab12-11111111".to_owned()],
        ..Perimeter::default()
    };
    let text = template("kms", "eu-central-1", &perimeter).unwrap();
    assert!(
        text.contains("ou-ab12-11111111/*") && !text.contains("11111111*"),
        "{text}"
    );
}

#[test]
fn groups_of_one_name_share_a_statement_where_they_can() {
    let statements = statements("s3", "us-east-1", &organization());
    let sids: Vec<_> = statements.iter().map(|s| s["Sid"].as_str().unwrap()).collect();
    assert_eq!(
        sids.iter().filter(|sid| sid.starts_with("SystemsManager")).count(),
        1,
        "{sids:?}"
    );
    assert!(
        sids.contains(&"PatchManager") && sids.contains(&"CloudFormationSignals"),
        "{sids:?}"
    );
}

#[test]
fn resources_of_other_services_and_partitions_are_left_out() {
    let perimeter = Perimeter {
        resources: vec!["arn:aws:s3:::corp-data/*".to_owned()],
        aws_owned_resources: vec!["arn:aws:s3:::aws-example/*".to_owned()],
        ..organization()
    };
    for (service, region, there) in [
        ("s3", "eu-central-1", true),
        ("kms", "eu-central-1", false),
        ("s3", "cn-north-1", false),
        ("com.example.unknown", "eu-central-1", true),
    ] {
        let text = template(service, region, &perimeter).unwrap();
        assert_eq!(text.contains("corp-data"), there, "{service} {text}");
        assert_eq!(text.contains("aws-example/"), there, "{service} {text}");
    }
}

#[test]
fn actions_that_do_not_tell_the_owner_are_allowed_on_arns_of_trusted_accounts() {
    let perimeter = Perimeter {
        accounts: vec!["111122223333".to_owned()],
        ..Perimeter::default()
    };
    let all = statements("ec2", "us-gov-west-1", &perimeter);
    let by_arn = all.iter().find(|s| s["Sid"] == "TrustedToTrustedByArn").unwrap();
    assert_eq!(by_arn["Resource"], "arn:aws-us-gov:ec2:*:111122223333:*");
    assert!(
        by_arn["Action"]
            .as_array()
            .unwrap()
            .contains(&json!("ec2:CreateVpcPeeringConnection"))
    );
    assert_eq!(
        by_arn["Condition"],
        json!({"StringEquals": {"aws:PrincipalAccount": "111122223333"}})
    );
    assert!(
        statements("route53", "us-east-1", &perimeter)
            .iter()
            .all(|s| s["Sid"] != "TrustedToTrustedByArn")
    );
}

#[test]
fn service_that_never_tells_the_owner_needs_its_resources_by_name() {
    let untold = TemplateError::OwnerUntold {
        service: "ebs".to_owned(),
    };
    assert_eq!(template("ebs", "us-east-1", &organization()), Err(untold));
    let perimeter = Perimeter {
        resources: vec!["arn:aws:ec2:us-east-1::snapshot/snap-0123456789abcdef0".to_owned()],
        ..organization()
    };
    let first = statements("ebs", "us-east-1", &perimeter).remove(0);
    assert_eq!(
        first["Resource"],
        "arn:aws:ec2:us-east-1::snapshot/snap-0123456789abcdef0"
    );
    assert_eq!(
        first["Condition"],
        json!({"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}})
    );
}

#[test]
fn trusted_principals_without_any_trusted_resource_have_no_policy() {
    let perimeter = Perimeter {
        principals: vec!["arn:aws:iam::444455556666:role/partner".to_owned()],
        resources: vec!["arn:aws:s3:::corp-data/*".to_owned()],
        ..Perimeter::default()
    };
    assert!(template("s3", "us-east-1", &perimeter).is_ok());
    let nothing = TemplateError::NothingTrusted {
        service: "kms".to_owned(),
    };
    assert_eq!(template("kms", "us-east-1", &perimeter), Err(nothing));
}

#[test]
fn order_of_the_settings_does_not_matter() {
    let perimeter = |accounts: [&str; 3]| Perimeter {
        accounts: accounts.map(str::to_owned).into(),
        ..organization()
    };
    let one = perimeter(["111122223333", "444455556666", "777788889999"]);
    let other = perimeter(["777788889999", "111122223333", "444455556666"]);
    assert_eq!(template("kms", "us-east-1", &one), template("kms", "us-east-1", &other));
}

#[test]
fn perimeter_without_anybody_has_no_policy() {
    let nobody = Perimeter {
        organizations: Vec::new(),
        ..organization()
    };
    assert_eq!(
        template("sts", "eu-central-1", &nobody),
        Err(TemplateError::NobodyTrusted)
    );
}

#[test]
fn policy_that_ec2_would_refuse_for_its_length_is_not_made() {
    let accounts = (0..2_000).map(|i| format!("{i:012}")).collect();
    let perimeter = Perimeter {
        accounts,
        ..organization()
    };
    let error = template("sts", "eu-central-1", &perimeter).unwrap_err();
    assert!(matches!(error, TemplateError::TooLong { characters, .. } if characters > MOST_CHARACTERS));
}

/// A caller or an owner: account, whether it is in the organisation, and the name of the caller.
type Party = (&'static str, bool, &'static str);
const OURS: Party = ("111122223333", true, "arn:aws:iam::111122223333:role/app");
const PARTNER: Party = ("444455556666", false, "arn:aws:iam::444455556666:role/partner");

fn request(action: &Published, format: Option<&Format>, caller: Party, owner: Party) -> Request {
    let resource = format.map_or_else(
        || "*".to_owned(),
        |format| {
            let field = |field: &str, varies: &str| match field {
                "*" => varies.to_owned(),
                fixed => fixed.replace('*', "example"),
            };
            let (region, account) = (field(format.region, "us-east-1"), field(format.account, owner.0));
            [format.service, &region, &account, &field(format.name, "example")].join(":")
        },
    );
    let resource = if format.is_some() {
        format!("arn:aws:{resource}")
    } else {
        resource
    };
    let mut context = BTreeMap::new();
    for (side, party) in [("Principal", caller), ("Resource", owner)] {
        context.insert(format!("aws:{side}Account"), vec![party.0.to_owned()]);
        if party.1 {
            context.insert(format!("aws:{side}OrgID"), vec!["o-exampleorg1".to_owned()]);
            let path = vec!["o-exampleorg1/r-ab12/ou-ab12-11111111/".to_owned()];
            context.insert(format!("aws:{side}OrgPaths"), path);
        }
    }
    context.insert("aws:PrincipalArn".to_owned(), vec![caller.2.to_owned()]);
    context.insert("aws:PrincipalIsAWSService".to_owned(), vec!["false".to_owned()]);
    Request {
        principal: caller.2.to_owned(),
        action: format!("{}:{}", action.prefix, action.name),
        resource,
        context,
        gateway: false,
    }
}

/// What is legitimate is one thing for the policy of a new endpoint and for a policy that was fixed.
#[test]
fn created_policy_admits_every_action_that_a_fixed_policy_admits() {
    let some = |text: &str| vec![text.to_owned()];
    let base = Perimeter {
        images_of_any_owner: true,
        ..Perimeter::default()
    };
    let perimeters = [
        (
            Perimeter {
                organizations: some("o-exampleorg1"),
                ..base.clone()
            },
            vec![OURS],
            vec![OURS],
        ),
        (
            Perimeter {
                organization_paths: some("o-exampleorg1/r-ab12/"),
                ..base.clone()
            },
            vec![OURS],
            vec![OURS],
        ),
        (
            Perimeter {
                accounts: some("444455556666"),
                ..base.clone()
            },
            vec![PARTNER],
            vec![PARTNER],
        ),
        (
            Perimeter {
                organizations: some("o-exampleorg1"),
                principals: some(PARTNER.2),
                ..base
            },
            vec![OURS, PARTNER],
            vec![OURS],
        ),
    ];
    let document = Document::parse(OPEN).unwrap();
    let list = include_str!("../../data/endpoint-services.txt").lines();
    let names = list
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('|').next().unwrap());
    let (mut compared, mut seen) = (0, BTreeSet::new());
    for name in names {
        let Some(service) = service::find(name) else { continue };
        if !seen.insert(service.prefixes().collect::<Vec<_>>()) {
            continue;
        }
        for (perimeter, callers, owners) in &perimeters {
            let Ok(fixed) = fix(&document, perimeter, &endpoint(name)) else {
                continue;
            };
            let fixed = Document::parse(&fixed.text).unwrap();
            let text = template(name, "us-east-1", perimeter).unwrap();
            let created = Document::parse(&text).unwrap();
            for action in &service.actions {
                let formats: Vec<Option<&Format>> = match action.targets {
                    Targets::Formats(places) => places.iter().map(|at| Some(&service.formats[at])).collect(),
                    Targets::Nothing | Targets::Unknown => vec![None],
                };
                let parties = callers
                    .iter()
                    .flat_map(|caller| owners.iter().map(move |owner| (*caller, *owner)));
                for (format, (caller, owner)) in formats.iter().flat_map(|f| parties.clone().map(move |p| (*f, p))) {
                    let request = request(action, format, caller, owner);
                    if evaluate(&fixed, &request).is_allowed() {
                        compared += 1;
                        assert!(evaluate(&created, &request).is_allowed(), "{name}: {request:?}\n{text}");
                    }
                }
            }
        }
    }
    assert!(compared > 50_000, "{compared}");
}

/// An account of AWS's, which is in no organisation of the caller's.
const AWS: Party = ("137112412989", false, "");

/// What people use of AWS's is one thing as well: the actions that AWS documents for its resources, and every action
/// where the request tells that AWS owns the resource.
#[test]
fn created_policy_admits_every_use_of_aws_owned_resources_that_a_fixed_policy_admits() {
    let base = Perimeter {
        builtin_aws_owned_resources: true,
        ..Perimeter::default()
    };
    let perimeters = [
        Perimeter {
            organizations: vec!["o-exampleorg1".to_owned()],
            ..base.clone()
        },
        Perimeter {
            accounts: vec![OURS.0.to_owned()],
            ..base
        },
    ];
    let document = Document::parse(OPEN).unwrap();
    let list = include_str!("../../data/endpoint-services.txt").lines();
    let names: Vec<&str> = list
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('|').next().unwrap())
        .collect();
    let prefixes: BTreeSet<&str> = aws_owned::all().map(|owned| owned.prefix).collect();
    let (mut compared, mut by_mark) = (0, 0);
    for (prefix, perimeter) in prefixes
        .into_iter()
        .flat_map(|prefix| perimeters.iter().map(move |p| (prefix, p)))
    {
        let behind = |name: &&&str| service::find(name).is_some_and(|known| known.prefixes().any(|own| own == prefix));
        let Some(name) = names.iter().find(behind) else {
            continue;
        };
        let Ok(fixed) = fix(&document, perimeter, &endpoint(name)) else {
            continue;
        };
        let fixed = Document::parse(&fixed.text).unwrap();
        let created = Document::parse(&template(name, "us-east-1", perimeter).unwrap()).unwrap();
        let service = service::find(name).unwrap();
        for owned in aws_owned::of_prefix(prefix) {
            let documented = |action: &&Published| {
                let named = |wanted: &&str| Pattern::wild(wanted).matches(&action.full_name());
                owned.mark.is_some() || owned.actions.iter().any(named)
            };
            for arn in owned.arns("us-east-1").iter().map(|arn| arn.replace('*', "example")) {
                for action in service.actions_on(&arn).filter(documented) {
                    let mut request = request(action, None, OURS, AWS);
                    request.resource.clone_from(&arn);
                    if let Some((key, value)) = owned.mark
                        && action.carries(service.key_places(&key.to_ascii_lowercase()))
                    {
                        request.context.insert(key.to_owned(), vec![value.to_owned()]);
                        by_mark += 1;
                    }
                    if evaluate(&fixed, &request).is_allowed() {
                        compared += 1;
                        assert!(evaluate(&created, &request).is_allowed(), "{name}: {request:?}");
                    }
                }
            }
        }
    }
    assert!(compared > 500 && by_mark > 50, "{compared} {by_mark}");
}
