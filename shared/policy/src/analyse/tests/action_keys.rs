//! Which requests have the condition keys of services and of tags.

use super::*;

/// Our principals may do everything to our resources.
fn ours() -> Value {
    allow(json!({"StringEquals": {"aws:PrincipalOrgID": OWN, "aws:ResourceOrgID": OWN}}))
}

fn statement(effect: &str, action: &str, condition: Value) -> Value {
    json!({"Effect": effect, "Principal": "*", "Action": action, "Resource": "*", "Condition": condition})
}

#[test]
fn witness_calls_an_action_that_has_the_key() {
    for (service, condition, key, actions) in [
        (
            "s3",
            json!({"StringLike": {"s3:prefix": "home/*"}}),
            "s3:prefix",
            &["s3:List"][..],
        ),
        (
            "s3",
            json!({"NumericLessThan": {"s3:max-keys": "7"}}),
            "s3:max-keys",
            &["s3:List"],
        ),
        (
            "s3",
            json!({"StringEquals": {"s3:x-amz-acl": "private"}}),
            "s3:x-amz-acl",
            &["s3:Put", "s3:Create"],
        ),
        (
            "sqs",
            json!({"StringEquals": {"aws:RequestTag/team": "red"}}),
            "aws:RequestTag/team",
            &["sqs:CreateQueue", "sqs:TagQueue"],
        ),
        (
            "sqs",
            json!({"StringEquals": {"aws:ResourceTag/team": "red"}}),
            "aws:ResourceTag/team",
            &["sqs:"],
        ),
        (
            "sts",
            json!({"StringEquals": {"sts:ExternalId": "secret"}}),
            "sts:ExternalId",
            &["sts:AssumeRole"],
        ),
        (
            "dynamodb",
            json!({"StringEquals": {"dynamodb:Select": "COUNT"}}),
            "dynamodb:Select",
            &["dynamodb:"],
        ),
    ] {
        let found = on(service, &[allow(condition)]);
        let request = found.identity.unwrap().request;
        assert!(request.context.contains_key(key), "{request:?}");
        assert!(
            actions.iter().any(|start| request.action.starts_with(start)),
            "{}",
            request.action
        );
    }
}

#[test]
fn key_that_no_request_for_the_action_has_lets_nobody_through() {
    for (service, action, condition) in [
        ("s3", "s3:GetObject", json!({"StringLike": {"s3:prefix": "*"}})),
        (
            "s3",
            "s3:ListBucket",
            json!({"StringEquals": {"s3:x-amz-acl": "private"}}),
        ),
        (
            "s3",
            "s3:GetObject",
            json!({"Null": {"s3:x-amz-server-side-encryption": "false"}}),
        ),
        (
            "sqs",
            "sqs:SendMessage",
            json!({"ForAnyValue:StringLike": {"aws:TagKeys": "*"}}),
        ),
        (
            "kms",
            "kms:ListKeys",
            json!({"StringLike": {"aws:ResourceTag/team": "*"}}),
        ),
    ] {
        let found = on(service, &[statement("Allow", action, condition)]);
        assert_eq!(found.verdict, Containment::LockedOut, "{service} {action}");
    }
}

#[test]
fn deny_on_a_key_that_the_action_lacks_applies_where_it_is_missing() {
    let encrypted = json!({"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}});
    let found = on("s3", &[everything(), statement("Deny", "s3:*", encrypted.clone())]);
    assert_eq!(found.identity.unwrap().request.action, "s3:PutObject");
    let reading = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"});
    let found = on("s3", &[reading, statement("Deny", "s3:*", encrypted)]);
    assert_eq!(found.verdict, Containment::LockedOut);
}

/// The reference may be incomplete: a key that AWS does not list for the action opens nothing, and closes nothing.
#[test]
fn policy_that_is_closed_only_because_an_action_lacks_a_key_is_undecided() {
    let found = on(
        "s3",
        &[
            ours(),
            statement("Allow", "s3:GetObject", json!({"StringLike": {"s3:prefix": "*"}})),
        ],
    );
    assert_eq!(found.verdict, Containment::Undecided);
    assert!(found.identity.is_none() && !found.identity_decided && !found.resource_decided);
    assert_eq!(
        found.reasons.first().unwrap(),
        "the policy is closed only because AWS publishes no condition key `s3:prefix` for `s3:GetObject`"
    );
    let inside = json!({"StringLike": {"s3:prefix": "*"}, "StringEquals": {"aws:PrincipalOrgID": OWN, "aws:ResourceOrgID": OWN}});
    let found = on("s3", &[ours(), statement("Allow", "s3:GetObject", inside)]);
    assert_eq!(found.verdict, Containment::Closed, "{:?}", found.reasons);
}

#[test]
fn keys_with_variables_are_missing_where_the_action_lacks_them() {
    let home = json!({"StringEquals": {"s3:prefix": "${aws:PrincipalTag/home}"}});
    assert_eq!(
        on("s3", &[statement("Allow", "s3:GetObject", home.clone())]).verdict,
        Containment::LockedOut
    );
    let request = on("s3", &[allow(home)]).identity.unwrap().request;
    assert!(request.action.starts_with("s3:List"), "{}", request.action);
    let tag = json!({"StringEquals": {"aws:PrincipalTag/home": "${s3:prefix}"}});
    assert_eq!(
        on("s3", &[statement("Allow", "s3:GetObject", tag)]).verdict,
        Containment::LockedOut
    );
}

#[test]
fn statement_that_no_action_makes_true_is_named() {
    let found = on(
        "s3",
        &[statement(
            "Allow",
            "s3:GetObject",
            json!({"StringLike": {"s3:prefix": "*"}}),
        )],
    );
    let hint = "`Statement[0].Condition.StringLike.s3:prefix`: AWS publishes the condition key `s3:prefix` for no action of \
                the statement";
    assert!(found.reasons.iter().any(|reason| reason == hint), "{:?}", found.reasons);
    let found = on(
        "s3",
        &[statement("Allow", "s3:*", json!({"StringLike": {"s3:prefix": "*"}}))],
    );
    assert_eq!(found.reasons, [""; 0]);
}

#[test]
fn key_of_another_service_is_missing_whatever_service_is_behind_the_endpoint() {
    let mut objects = allow(json!({"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}));
    objects["Action"] = json!("s3:GetObject");
    for service in ["any", "s3"] {
        assert_eq!(
            verdict(service, &[objects.clone()]),
            Containment::LockedOut,
            "{service}"
        );
        assert_eq!(
            verdict(service, &[allow(inside()), objects.clone()]),
            Containment::Closed,
            "{service}"
        );
    }
}
