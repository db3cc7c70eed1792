//! Keys of a request that depend on each other: for each tie, a condition that only a request without the tie could fit,
//! and one that fits requests with it.

use super::*;

const OUTSIDE: &str = "999999999999";

/// Trusts nobody but an organisation, so that services are outside, too.
fn organization() -> Perimeter {
    Perimeter {
        organizations: vec![OWN.to_owned()],
        ..Perimeter::default()
    }
}

/// The torn condition lets nobody in, the tied one lets somebody outside in by a request that is possible.
fn tie(name: &str, service: &str, resource: &str, [torn, tied]: [Value; 2]) {
    let mut statement = everything();
    statement["Resource"] = json!(resource);
    for (condition, open) in [(torn, false), (tied, true)] {
        statement["Condition"] = condition.clone();
        let found = with(service, &organization(), &[statement.clone()]);
        assert!(found.identity_decided, "{name}: {condition} {:?}", found.reasons);
        assert_eq!(found.identity.is_some(), open, "{name}: {condition} {found:?}");
    }
}

fn ties(all: impl IntoIterator<Item = (&'static str, [Value; 2])>) {
    for (name, pair) in all {
        tie(name, "s3", "*", pair);
    }
}

#[test]
fn account_of_a_caller_is_that_of_its_arn_and_in_one_organisation_at_one_path() {
    let arn = |account: &str| json!({"StringEquals": {"aws:PrincipalAccount": OUTSIDE}, "ArnLike": {"aws:PrincipalArn": format!("arn:aws:iam::{account}:role/*")}});
    let organization = |owners: &str| {
        json!({"StringEquals": {"aws:PrincipalAccount": OUTSIDE, "aws:ResourceAccount": OUTSIDE,
            "aws:PrincipalOrgID": "o-foreign00001", "aws:ResourceOrgID": owners}})
    };
    let path = |path: &str| json!({"StringEquals": {"aws:PrincipalOrgID": "o-foreign00001"}, "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": path}});
    let paths = |owners: &str| {
        json!({"StringEquals": {"aws:PrincipalAccount": OUTSIDE, "aws:ResourceAccount": OUTSIDE},
            "ForAnyValue:StringEquals": {"aws:PrincipalOrgPaths": "o-foreign00001/r-ab12/", "aws:ResourceOrgPaths": owners}})
    };
    ties([
        ("ARN", [arn("888888888888"), arn(OUTSIDE)]),
        (
            "organisation",
            [organization("o-foreign00002"), organization("o-foreign00001")],
        ),
        ("path", [path("o-foreign00002/*"), path("o-foreign00001/*")]),
        (
            "one path",
            [paths("o-foreign00001/r-cd34/"), paths("o-foreign00001/r-ab12/")],
        ),
    ]);
}

#[test]
fn owner_is_the_account_of_the_arn_and_in_one_organisation_at_one_path() {
    let owner = |account: &str| json!({"StringEquals": {"aws:ResourceAccount": account}});
    let queue = "arn:aws:sqs:us-east-1:999999999999:jobs";
    tie("ARN", "sqs", queue, [owner("888888888888"), owner(OUTSIDE)]);
    let path = |path: &str| json!({"StringEquals": {"aws:ResourceOrgID": "o-foreign00001"}, "ForAnyValue:StringLike": {"aws:ResourceOrgPaths": path}});
    ties([("path", [path("o-foreign00002/*"), path("o-foreign00001/*")])]);
}

#[test]
fn keys_of_the_endpoint_are_its_own() {
    let one = |key: &str, value: &str| json!({"StringLike": {key: value}});
    let path = |path: &str| json!({"ForAnyValue:StringLike": {"aws:VpceOrgPaths": path}});
    let arn = |account: &str, vpc: &str| json!({"ArnEquals": {"aws:SourceVpcArn": format!("arn:aws:ec2:us-east-1:{account}:vpc/{vpc}")}});
    let (owner, vpc) = ("111122223333", "vpc-0a1b2c3d4e5f60718");
    ties([
        (
            "account",
            [one("aws:VpceAccount", OUTSIDE), one("aws:VpceAccount", owner)],
        ),
        (
            "organisation",
            [one("aws:VpceOrgID", "o-foreign00001"), one("aws:VpceOrgID", OWN)],
        ),
        ("path", [path("o-foreign00001/*"), path("o-exampleorg1/*")]),
        ("VPC", [one("aws:SourceVpc", "vpc-0fed*"), one("aws:SourceVpc", vpc)]),
        ("ARN of the VPC", [arn(owner, "vpc-0fedcba9876543210"), arn(owner, vpc)]),
        ("account in the ARN of the VPC", [arn(OUTSIDE, vpc), arn(owner, vpc)]),
        (
            "endpoint",
            [
                one("aws:SourceVpce", "vpce-0fed*"),
                one("aws:SourceVpce", "vpce-0a1b2c3d4e5f60718"),
            ],
        ),
        (
            "Region",
            [one("aws:RequestedRegion", "eu-*"), one("aws:RequestedRegion", "us-*")],
        ),
    ]);
}

#[test]
fn keys_of_a_principal_are_those_of_its_kind() {
    let kind = |kind: &str, key: &str, value: &str| json!({"StringEquals": {"aws:PrincipalType": kind}, "StringLike": {key: value}});
    let arn = |kind: &str, name: &str| json!({"StringEquals": {"aws:PrincipalType": kind}, "ArnLike": {"aws:PrincipalArn": format!("arn:aws:iam::*:{name}")}});
    let root = |id: &str| json!({"StringEquals": {"aws:PrincipalType": "Account", "aws:PrincipalAccount": OUTSIDE, "aws:userid": id}});
    let user = |name: &str| json!({"StringEquals": {"aws:username": "alice"}, "ArnLike": {"aws:PrincipalArn": format!("arn:aws:iam::*:user/{name}")}});
    let session = |kind: &str| json!({"StringEquals": {"aws:PrincipalType": kind}, "Null": {"aws:Ec2InstanceSourceVPC": "false"}});
    let provider =
        |kind: &str| json!({"StringEquals": {"aws:PrincipalType": kind}, "Null": {"aws:FederatedProvider": "false"}});
    let service = |service: &str| json!({"Bool": {"aws:PrincipalIsAWSService": service}, "StringLike": {"aws:PrincipalArn": "arn:*"}});
    let anonymous = |missing: &str| json!({"StringEquals": {"aws:PrincipalAccount": "anonymous"}, "Null": {"aws:PrincipalArn": missing}});
    ties([
        (
            "id",
            [kind("User", "aws:userid", "AROA*"), kind("User", "aws:userid", "AIDA*")],
        ),
        (
            "id of a session",
            [
                kind("AssumedRole", "aws:userid", "AIDA*"),
                kind("AssumedRole", "aws:userid", "AROA*:*"),
            ],
        ),
        ("id of a root user", [root("888888888888"), root(OUTSIDE)]),
        (
            "name",
            [
                kind("AssumedRole", "aws:username", "*"),
                kind("User", "aws:username", "*"),
            ],
        ),
        ("ARN", [arn("User", "role/*"), arn("User", "user/*")]),
        (
            "ARN of a role",
            [arn("AssumedRole", "root"), arn("AssumedRole", "role/*")],
        ),
        ("name and ARN", [user("bob"), user("team/alice")]),
        ("instance", [session("User"), session("AssumedRole")]),
        ("provider", [provider("User"), provider("AssumedRole")]),
        ("service", [service("true"), service("false")]),
        ("no signature", [anonymous("false"), anonymous("true")]),
    ]);
}

#[test]
fn names_of_a_service_belong_together() {
    let names = |listed: &str| {
        json!({"StringEquals": {"aws:PrincipalServiceName": "config.amazonaws.com"},
            "ForAllValues:StringEquals": {"aws:PrincipalServiceNamesList": listed},
            "Null": {"aws:PrincipalServiceNamesList": "false"}})
    };
    let kind = |service: &str| json!({"StringEquals": {"aws:PrincipalServiceName": "config.amazonaws.com"}, "Bool": {"aws:PrincipalIsAWSService": service}});
    ties([
        (
            "list",
            [names("cloudtrail.amazonaws.com"), names("config.amazonaws.com")],
        ),
        ("kind", [kind("false"), kind("true")]),
    ]);
}

#[test]
fn services_that_call_are_one_chain_with_two_ends() {
    let ends = |last: &str| {
        json!({"StringEquals": {"aws:CalledViaFirst": "athena.amazonaws.com", "aws:CalledViaLast": last},
            "ForAllValues:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}})
    };
    let via = |via: &str| json!({"StringEquals": {"aws:CalledViaFirst": "athena.amazonaws.com"}, "Bool": {"aws:ViaAWSService": via}});
    let member = |other: &str| json!({"StringEquals": {"aws:CalledViaFirst": "athena.amazonaws.com"}, "ForAllValues:StringEquals": {"aws:CalledVia": other}});
    ties([
        ("ends", [ends("glue.amazonaws.com"), ends("athena.amazonaws.com")]),
        ("a service calls", [via("false"), via("true")]),
        (
            "first of all",
            [member("glue.amazonaws.com"), member("athena.amazonaws.com")],
        ),
    ]);
}

#[test]
fn times_of_a_session_agree() {
    let age = |present: &str| json!({"Bool": {"aws:MultiFactorAuthPresent": present}, "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}});
    let issued = |operator: &str| json!({operator: {"aws:TokenIssueTime": "2028-01-01T00:00:00Z"}, "DateLessThanEquals": {"aws:CurrentTime": "2027-12-31T00:00:00Z"}});
    let clocks = |epoch: &str| json!({"DateGreaterThan": {"aws:CurrentTime": "2028-01-01T00:00:00Z"}, "NumericLessThan": {"aws:EpochTime": epoch}});
    ties([
        ("multi-factor authentication", [age("false"), age("true")]),
        ("issue", [issued("DateGreaterThan"), issued("DateLessThan")]),
        // The beginning of 2028 is second 1830297600.
        ("clocks", [clocks("1830297600"), clocks("1830384000")]),
    ]);
}

#[test]
fn source_is_in_one_account_and_organisation_at_one_path() {
    let account = |account: &str| json!({"StringEquals": {"aws:SourceAccount": account}, "ArnLike": {"aws:SourceArn": "arn:aws:sns:*:999999999999:*"}});
    let path = |path: &str| json!({"StringEquals": {"aws:SourceOrgID": "o-foreign00001"}, "ForAnyValue:StringLike": {"aws:SourceOrgPaths": path}});
    let owner = |organization: &str| {
        json!({"StringEquals": {"aws:SourceAccount": OUTSIDE, "aws:ResourceAccount": OUTSIDE,
            "aws:ResourceOrgID": "o-foreign00001", "aws:SourceOrgID": organization}})
    };
    ties([
        ("account", [account("888888888888"), account(OUTSIDE)]),
        ("path", [path("o-foreign00002/*"), path("o-foreign00001/*")]),
        ("organisation", [owner("o-foreign00002"), owner("o-foreign00001")]),
    ]);
}

#[test]
fn keys_of_tags_are_those_of_the_tags_of_the_request() {
    let tie = |name: &str, pair: [Value; 2]| {
        for (condition, open) in pair.into_iter().zip([false, true]) {
            let mut statement = allow(condition.clone());
            statement["Action"] = json!("sqs:CreateQueue");
            let found = with("sqs", &organization(), &[statement]);
            assert!(found.identity_decided, "{name}: {condition} {:?}", found.reasons);
            assert_eq!(found.identity.is_some(), open, "{name}: {condition} {found:?}");
        }
    };
    let listed = |operator: &str, keys: Value| json!({"StringEquals": {"aws:RequestTag/team": "red"}, operator: {"aws:TagKeys": keys}});
    tie(
        "others alone",
        [
            listed("ForAllValues:StringEquals", json!("cost")),
            listed("ForAllValues:StringEquals", json!(["cost", "Team"])),
        ],
    );
    tie(
        "another one",
        [
            listed("ForAllValues:StringNotLike", json!("[tT]*")),
            listed("ForAnyValue:StringEquals", json!("cost")),
        ]
        .map(|mut condition| {
            if condition["ForAllValues:StringNotLike"].is_object() {
                condition["ForAllValues:StringNotLike"] = json!({"aws:TagKeys": ["t*", "T*"]});
            }
            condition
        }),
    );
    let absent = |keys: &str| json!({"Null": {"aws:RequestTag/team": "true"}, "ForAnyValue:StringEqualsIgnoreCase": {"aws:TagKeys": keys}});
    tie("absent", [absent("TEAM"), absent("cost")]);
    let none =
        |missing: &str| json!({"StringEquals": {"aws:RequestTag/team": "red"}, "Null": {"aws:TagKeys": missing}});
    tie("none", [none("true"), none("false")]);
    let two = |other: &str| {
        json!({"StringEquals": {"aws:RequestTag/team": "red", "aws:RequestTag/cost": "1"},
            "ForAllValues:StringEquals": {"aws:TagKeys": ["team", other]}})
    };
    tie("two", [two("teams"), two("cost")]);
    // A Deny on a tag that the Allow asks for.
    let asked = our_resources(json!({"StringEquals": {"aws:RequestTag/team": "red"}}));
    let denied = |key: &str| deny(json!({"ForAnyValue:StringEquals": {"aws:TagKeys": key}}));
    let without = |key: &str| {
        let statements = [asked.clone(), denied(key), denied(&key.to_uppercase())];
        on("sqs", &statements)
    };
    assert!(without("cost").identity.is_some());
    // The case of a tag's key does not count for the one condition, and counts for the other.
    let found = without("team").identity.unwrap().request;
    let keys = found.values("aws:TagKeys");
    assert!(
        keys.iter().any(|key| key.eq_ignore_ascii_case("team")) && !keys.contains(&"team".to_owned()),
        "{found:?}"
    );
    let folded = deny(json!({"ForAnyValue:StringEqualsIgnoreCase": {"aws:TagKeys": "team"}}));
    assert!(on("sqs", &[asked, folded]).identity.is_none());
}

#[test]
fn what_has_the_role_of_a_caller_is_in_its_account() {
    let in_account = |operator: &str, key: &str, arn: &str| json!({"StringEquals": {"aws:PrincipalAccount": OUTSIDE}, operator: {key: arn}});
    for (key, name) in [
        ("ec2:SourceInstanceARN", "ec2:*:{}:instance/*"),
        ("lambda:SourceFunctionArn", "lambda:us-east-1:{}:function:app"),
        ("ssm:SourceInstanceARN", "ssm:*:{}:managed-instance/*"),
        ("codebuild:ProjectArn", "codebuild:*:{}:project/*"),
        ("codebuild:BuildArn", "codebuild:*:{}:build/app:*"),
    ] {
        for operator in ["ArnLike", "StringLike"] {
            let torn = format!("arn:aws:{}", name.replace("{}", "888888888888"));
            let tied = format!("arn:aws:{}", name.replace("{}", OUTSIDE));
            let pair = [in_account(operator, key, &torn), in_account(operator, key, &tied)];
            tie(key, "s3", "*", pair);
        }
        // Part of an account, and what is compared across fields.
        let start = |account: &str| in_account("ArnLike", key, &format!("arn:aws:{}", name.replace("{}", account)));
        tie(key, "s3", "*", [start("8*"), start("9*")]);
        let across = in_account("StringLike", key, &format!("arn:*:{OUTSIDE}:*"));
        tie(key, "s3", "*", [start("8*"), across]);
        let elsewhere = |account: &str| {
            let mut condition = in_account("ArnNotLike", key, &format!("arn:*:*:*:{account}:*"));
            condition["Null"] = json!({key: "false"});
            condition
        };
        tie(key, "s3", "*", [elsewhere(OUTSIDE), elsewhere("888888888888")]);
        let own = in_account(
            "ArnLike",
            key,
            &format!("arn:aws:{}", name.replace("{}", "${aws:PrincipalAccount}")),
        );
        tie(key, "s3", "*", [start("8*"), own]);
    }
}

#[test]
fn role_of_a_trusted_function_or_instance_lets_nobody_outside_in() {
    let perimeter = Perimeter {
        accounts: vec!["111122223333".to_owned()],
        ..Perimeter::default()
    };
    for (key, arn, open) in [
        (
            "lambda:SourceFunctionArn",
            "arn:aws:lambda:us-east-1:111122223333:function:app",
            false,
        ),
        (
            "lambda:SourceFunctionArn",
            "arn:aws:lambda:us-east-1:*:function:app",
            true,
        ),
        ("ec2:SourceInstanceARN", "arn:aws:ec2:*:111122223333:instance/*", false),
        ("ec2:SourceInstanceARN", "arn:aws:ec2:*:11112222333?:instance/*", true),
    ] {
        let statement = our_resources(json!({"ArnLike": {key: arn}}));
        let found = with("s3", &perimeter, &[statement]);
        assert_eq!(found.identity.is_some(), open, "{arn} {found:?}");
        assert!(found.identity_decided, "{arn}");
    }
}

#[test]
fn secret_that_is_named_by_its_arn_is_the_resource() {
    let secret = |account: &str| format!("arn:aws:secretsmanager:us-east-1:{account}:secret:*");
    let named = |account: &str| json!({"StringEquals": {"aws:ResourceAccount": OUTSIDE}, "ArnLike": {"secretsmanager:SecretId": secret(account)}});
    let service = "secretsmanager";
    tie("owner", service, "*", [named("888888888888"), named(OUTSIDE)]);
    let by_id = |account: &str| json!({"ArnLike": {"secretsmanager:SecretId": secret(account)}});
    tie(
        "ARN",
        service,
        &secret(OUTSIDE),
        [by_id("888888888888"), by_id(OUTSIDE)],
    );
    // Only secrets of trusted accounts are reached.
    let reached = |account: &str| {
        let condition = json!({"StringEquals": {"aws:PrincipalOrgID": OWN}, "ArnLike": {"secretsmanager:SecretId": secret(account)}});
        let mut statement = allow(condition);
        statement["Action"] = json!("secretsmanager:GetSecretValue");
        on(service, &[statement]).resource.is_some()
    };
    assert!(!reached("111122223333") && reached("*") && reached("1111*"));
}

#[test]
fn principals_and_resources_are_of_the_partition_of_the_endpoint() {
    let arn = |partition: &str| json!({"ArnLike": {"aws:PrincipalArn": format!("arn:{partition}:iam::*:role/*")}});
    ties([("principal", [arn("aws-cn"), arn("aws")])]);
    for (resource, open) in [("arn:aws-cn:s3:::*", false), ("arn:aws:s3:::*", true)] {
        let mut statement = everything();
        statement["Resource"] = json!(resource);
        let found = with("s3", &organization(), &[statement]);
        assert_eq!(found.identity.is_some(), open, "{resource} {found:?}");
        assert!(found.identity_decided, "{resource}");
    }
}
