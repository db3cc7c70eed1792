//! The resource for which a service calls.

use super::*;

/// What services may do for these sources, where services are not trusted. Others have no way in.
fn for_sources(conditions: Value) -> Analysis {
    let strict = Perimeter {
        aws_services: false,
        ..perimeter()
    };
    let mut services = allow(conditions);
    services["Principal"] = json!({"Service": "cloudtrail.amazonaws.com"});
    let found = with("s3", &strict, &[allow(inside()), services]);
    assert_ne!(found.verdict, Containment::Undecided, "{:?}", found.reasons);
    found
}

fn possible(conditions: Value) -> Request {
    let witness = for_sources(conditions.clone()).identity;
    let request = witness.unwrap_or_else(|| panic!("{conditions}")).request;
    assert_eq!(crate::impossible(&request, &endpoint("s3")), None);
    request
}

fn impossible(conditions: Value) {
    let found = for_sources(conditions.clone());
    assert!(found.identity.is_none(), "{conditions}: {:?}", found.identity);
}

const TRAIL: &str = "arn:aws:cloudtrail:*:111122223333:trail/*";

#[test]
fn arn_of_a_source_has_its_account() {
    for (operator, arn) in [
        ("ArnLike", TRAIL),
        ("ArnEquals", TRAIL),
        ("StringLike", "arn:aws:cloudtrail:us-east-1:111122223333:trail/*"),
    ] {
        let with =
            |account: &str| json!({operator: {"aws:SourceArn": arn}, "StringEquals": {"aws:SourceAccount": account}});
        let request = possible(with("111122223333"));
        assert_eq!(request.values("aws:SourceAccount"), ["111122223333"]);
        impossible(with("999999999999"));
    }
    let not = |account: &str| json!({"ArnLike": {"aws:SourceArn": TRAIL}, "StringNotEquals": {"aws:SourceAccount": account}, "Null": {"aws:SourceAccount": "false"}});
    impossible(not("111122223333"));
    possible(not("999999999999"));
    // Any account of the pattern will do.
    let some = json!({"ArnLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:1111*:trail/*"}, "StringLike": {"aws:SourceAccount": "*3333"}});
    let request = possible(some);
    assert!(request.values("aws:SourceArn")[0].contains(&request.values("aws:SourceAccount")[0]));
    impossible(
        json!({"ArnLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:1111*:trail/*"}, "StringLike": {"aws:SourceAccount": "2*3333"}}),
    );
}

#[test]
fn arn_of_a_bucket_tells_no_account() {
    for account in ["111122223333", "999999999999"] {
        possible(
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::corp-data"}, "StringEquals": {"aws:SourceAccount": account}}),
        );
    }
}

#[test]
fn organisation_of_a_source_has_its_path() {
    let paths = |path: &str| json!({"StringEquals": {"aws:SourceOrgID": OWN}, "ForAnyValue:StringLike": {"aws:SourceOrgPaths": path}});
    possible(paths("o-exampleorg1/r-ab12/*"));
    possible(paths("o-*/r-ab12/ou-ab12-11111111/*"));
    impossible(paths("o-otherorg001/r-ab12/*"));
    impossible(json!({"StringEquals": {"aws:SourceOrgID": OWN}, "Null": {"aws:SourceOrgPaths": "true"}}));
    impossible(json!({"Null": {"aws:SourceOrgID": "true"}, "ForAnyValue:StringLike": {"aws:SourceOrgPaths": "o-*"}}));
    possible(json!({"Null": {"aws:SourceOrgID": "true", "aws:SourceOrgPaths": "true"}}));
}

#[test]
fn source_in_the_owners_account_is_in_its_organisation() {
    let same = |organization: &str| {
        json!({"StringEquals": {"aws:SourceAccount": "999999999999", "aws:ResourceAccount": "999999999999",
            "aws:ResourceOrgID": OWN, "aws:SourceOrgID": organization}})
    };
    possible(same(OWN));
    impossible(same("o-otherorg001"));
    let by_arn = |organization: &str| {
        json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:999999999999:*"}, "StringEquals": {"aws:ResourceAccount": "999999999999",
            "aws:ResourceOrgID": OWN, "aws:SourceOrgID": organization}})
    };
    possible(by_arn(OWN));
    impossible(by_arn("o-otherorg001"));
    let apart = json!({"StringLike": {"aws:SourceAccount": "9999*", "aws:ResourceAccount": "9999*"},
        "StringEquals": {"aws:ResourceOrgID": OWN, "aws:SourceOrgID": "o-otherorg001"}});
    let request = possible(apart);
    assert_ne!(
        request.values("aws:SourceAccount"),
        request.values("aws:ResourceAccount")
    );
}

#[test]
fn source_that_a_variable_compares_is_the_owners() {
    let own = json!({"StringEquals": {"aws:SourceAccount": "${aws:ResourceAccount}"}});
    let request = possible(own);
    assert_eq!(
        request.values("aws:SourceAccount"),
        request.values("aws:ResourceAccount")
    );
    let mut ours = json!({"StringEquals": {"aws:SourceAccount": ["${aws:ResourceAccount}"], "aws:ResourceAccount": "111122223333"}});
    ours["StringNotEquals"] = json!({"aws:SourceAccount": "111122223333"});
    impossible(ours);
}

#[test]
fn witness_shows_the_fewest_keys_of_a_source() {
    let request = possible(
        json!({"StringEquals": {"aws:SourceAccount": "999999999999"}, "ArnNotLikeIfExists": {"aws:SourceArn": TRAIL}}),
    );
    assert!(request.values("aws:SourceArn").is_empty(), "{request:?}");
}
