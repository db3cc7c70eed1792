//! Statements about actions that other endpoints of the service carry.

use super::*;
use crate::{fix, template};

fn on_actions(actions: Value, condition: Value) -> Value {
    let mut statement = allow(condition);
    statement["Action"] = actions;
    statement
}

fn ours() -> Value {
    json!({"StringEquals": {"aws:PrincipalOrgID": OWN}})
}

#[test]
fn statement_about_actions_of_another_endpoint_opens_nothing() {
    for (service, own, other) in [
        ("git-codecommit", "codecommit:GitPull", "codecommit:GetFile"),
        ("codecommit", "codecommit:GetFile", "codecommit:GitPull"),
        ("sagemaker.runtime", "sagemaker:InvokeEndpoint", "sagemaker:CreateModel"),
        ("bedrock-runtime", "bedrock:InvokeModel", "bedrock:CreateAgent"),
        ("email-smtp", "ses:SendRawEmail", "ses:SendEmail"),
        ("iot.data", "iot:Publish", "iot:CreateThing"),
        ("dynamodb", "dynamodb:GetItem", "dynamodb:GetRecords"),
    ] {
        let kept = on_actions(json!(own), inside());
        let wide = |action: &str| [kept.clone(), on_actions(json!(action), ours())];
        assert_eq!(verdict(service, &wide(other)), Containment::Closed, "{service} {other}");
        // The same for whole groups of such actions, and for its own.
        let found = on(service, &wide(own)).resource.unwrap();
        assert_eq!(found.request.action, own);
        let prefix = own.split(':').next().unwrap();
        let found = on(service, &wide(&format!("{prefix}:*"))).resource.unwrap();
        assert_eq!(impossible(&found.request, &endpoint(service)), None);
    }
}

#[test]
fn policy_for_actions_of_another_endpoint_alone_locks_everybody_out() {
    let statement = [on_actions(json!("codecommit:GetFile"), inside())];
    assert_eq!(verdict("git-codecommit", &statement), Containment::LockedOut);
    assert_eq!(verdict("codecommit", &statement), Containment::Closed);
    // An action that AWS does not publish may come through either.
    let tomorrow = [
        on_actions(json!("codecommit:GitPull"), inside()),
        on_actions(json!("codecommit:GitTomorrow"), json!({})),
    ];
    assert_eq!(verdict("git-codecommit", &tomorrow), Containment::Undecided);
}

#[test]
fn request_for_an_action_of_another_endpoint_is_impossible() {
    let document = [on_actions(json!("codecommit:GitPull"), ours())];
    let found = on("git-codecommit", &document).resource.unwrap().request;
    let other = crate::Request {
        action: "codecommit:GetFile".to_owned(),
        ..found
    };
    let why = impossible(&other, &endpoint("git-codecommit")).unwrap();
    assert_eq!(why, "`codecommit:GetFile` comes through another endpoint");
    assert_eq!(impossible(&other, &endpoint("codecommit")), None);
}

#[test]
fn fix_and_template_of_an_endpoint_with_some_actions_are_closed() {
    let everything = json!({"Version": "2012-10-17", "Statement": [everything()]}).to_string();
    for service in [
        "git-codecommit",
        "sagemaker.runtime",
        "email-smtp",
        "iot.data",
        "geo.maps",
        "rum-dataplane",
    ] {
        let fixed = fix(&Document::parse(&everything).unwrap(), &perimeter(), &endpoint(service)).unwrap();
        for text in [fixed.text, template(service, "us-east-1", &perimeter()).unwrap()] {
            let found = analyse(&Document::parse(&text).unwrap(), &perimeter(), &endpoint(service));
            assert_eq!(
                found.verdict,
                Containment::Closed,
                "{service} {:?} {text}",
                found.reasons
            );
        }
    }
}
