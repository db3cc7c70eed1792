//! Who may call, and with which keys.

use super::*;

/// Calls with the token of an identity provider.
fn federated(principal: Value, condition: Value) -> Value {
    let mut statement = allow(condition);
    statement["Principal"] = principal;
    statement["Action"] = json!(["sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"]);
    statement
}

fn ours() -> Value {
    json!({"StringEquals": {"aws:ResourceOrgID": OWN}})
}

fn inside() -> Value {
    allow(json!({"StringEquals": {"aws:PrincipalOrgID": OWN, "aws:ResourceOrgID": OWN}}))
}

fn providers() -> [Value; 4] {
    [
        json!("*"),
        json!({"Federated": "*"}),
        json!({"Federated": "cognito-identity.amazonaws.com"}),
        json!({"Federated": ["accounts.google.com", "arn:aws:iam::111122223333:oidc-provider/oidc.example.com/id/A1"]}),
    ]
}

#[test]
fn callers_with_a_token_are_no_outsiders_to_our_roles() {
    for principal in providers() {
        let found = on("sts", &[inside(), federated(principal.clone(), ours())]);
        assert_eq!(found.verdict, Containment::Closed, "{principal}: {:#?}", found);
        let pods = on("sts", &[federated(principal, ours())]);
        assert!(!pods.locked_out, "pods get the credentials of our roles");
    }
}

#[test]
fn callers_with_a_token_can_assume_roles_of_outsiders() {
    for principal in providers() {
        let found = on("sts", &[inside(), federated(principal.clone(), json!({}))]);
        let request = found.resource.unwrap().request;
        assert!(request.action.starts_with("sts:AssumeRoleWith"), "{request:?}");
        assert_ne!(request.values("aws:ResourceOrgID"), [OWN]);
        if principal != json!("*") {
            assert_eq!(request.principal, "anonymous", "{principal}");
        }
    }
}

#[test]
fn every_star_of_accounts_may_or_may_not_have_callers_with_a_token() {
    let mut barrier = data_stays();
    barrier["Principal"] = json!({"AWS": "*"});
    let outsiders =
        deny(json!({"StringNotEquals": {"aws:PrincipalOrgID": OWN}, "Null": {"aws:PrincipalArn": "false"}}));
    let found = on("sts", &[everything(), barrier, outsiders]);
    let witness = found.resource.unwrap();
    assert_eq!(witness.request.principal, "anonymous");
    assert_eq!(witness.supposing.len(), 1, "{:?}", witness.supposing);
    assert!(witness.supposing[0].contains("leaves out callers with the token"));

    let none = json!({"Null": {"aws:PrincipalArn": "true"}});
    let found = on("sts", &[inside(), federated(json!({"AWS": "*"}), none)]);
    let witness = found.resource.unwrap();
    assert!(witness.supposing[0].contains("includes callers with the token"));
}

#[test]
fn callers_with_a_token_have_no_account_or_the_account_anonymous() {
    for condition in [
        json!({"Null": {"aws:PrincipalAccount": "true"}}),
        json!({"StringEquals": {"aws:PrincipalAccount": "anonymous"}}),
    ] {
        let found = on("sts", &[inside(), federated(json!("*"), condition.clone())]);
        assert_eq!(found.resource.unwrap().request.principal, "anonymous", "{condition}");
    }
    let service = json!({"Bool": {"aws:PrincipalIsAWSService": "false"}, "Null": {"aws:PrincipalArn": "true"}});
    let found = on("sts", &[inside(), federated(json!("*"), service)]);
    assert_eq!(found.verdict, Containment::Closed, "they have no such key: {found:#?}");
}

#[test]
fn other_calls_without_credentials_are_made_by_outsiders() {
    let mut others = allow(ours());
    others["NotAction"] = json!(["sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"]);
    others.as_object_mut().unwrap().remove("Action");
    others["Condition"]["Null"] = json!({"aws:PrincipalArn": "true"});
    let request = on("sts", &[others]).identity.unwrap().request;
    assert_eq!(request.principal, "anonymous");
    assert!(!request.action.starts_with("sts:AssumeRoleWith"), "{request:?}");
}

#[test]
fn witness_of_an_open_policy_needs_no_token_and_supposes_nothing() {
    for service in ["sts", "any"] {
        for principal in [json!("*"), json!({"AWS": "*"})] {
            let mut statement = everything();
            statement["Principal"] = principal;
            let found = on(service, &[statement]);
            for witness in [found.identity.unwrap(), found.resource.unwrap()] {
                assert!(!witness.request.action.starts_with("sts:AssumeRoleWith"), "{witness:?}");
                assert!(witness.supposing.is_empty(), "{witness:?}");
            }
        }
    }
}

#[test]
fn token_is_of_one_provider() {
    let google = json!({"Federated": "accounts.google.com"});
    let provider = |operator: &str, name: &str| deny(json!({operator: {"aws:FederatedProvider": name}}));
    let open = |denies: &[Value]| {
        let mut all = vec![inside(), federated(google.clone(), json!({}))];
        all.extend_from_slice(denies);
        on("sts", &all).resource
    };
    let request = open(&[]).unwrap().request;
    assert_eq!(request.values("aws:FederatedProvider"), ["accounts.google.com"]);
    assert!(open(&[provider("StringEquals", "www.amazon.com")]).is_some());
    assert!(open(&[provider("StringNotEquals", "accounts.google.com")]).is_some());
    assert!(open(&[provider("StringEquals", "accounts.google.com")]).is_none());
    let mut stopped = deny(json!({}));
    stopped["Principal"] = google.clone();
    let all = [
        inside(),
        federated(json!("*"), json!({"Null": {"aws:PrincipalArn": "true"}})),
        stopped,
    ];
    let request = on("sts", &all).resource.unwrap().request;
    assert!(request.values("aws:FederatedProvider").is_empty(), "another provider");
    let mut named = all;
    named[2]["Principal"] = json!({"Federated": "*"});
    let found = on("sts", &named).resource.unwrap();
    assert!(found.supposing[0].contains("names nobody"), "{:?}", found.supposing);
}

#[test]
fn sessions_with_credentials_may_be_of_a_provider_or_not() {
    let mut statement = allow(ours());
    statement["Principal"] = json!({"Federated": "accounts.google.com"});
    let found = on("sts", &[inside(), statement]);
    assert_eq!(found.verdict, Containment::Undecided);
    assert!(found.reasons[0].contains("accounts.google.com"), "{:?}", found.reasons);
}

#[test]
fn session_may_be_of_a_role_with_a_path() {
    let mut session = allow(json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/team/*"}}));
    session["Principal"] = json!({"AWS": "arn:aws:sts::999999999999:assumed-role/app/build"});
    let request = on("sqs", &[session]).identity.unwrap().request;
    assert_eq!(request.principal, "arn:aws:sts::999999999999:assumed-role/app/build");
    assert_eq!(
        request.values("aws:PrincipalArn"),
        ["arn:aws:iam::999999999999:role/team/app"]
    );
}

#[test]
fn services_are_found_by_the_pattern_of_their_name() {
    let untrusting = Perimeter {
        aws_services: false,
        ..perimeter()
    };
    for (key, operator, name) in [
        ("aws:PrincipalServiceName", "StringLike", "logs.*.amazonaws.com"),
        ("aws:PrincipalServiceNamesList", "ForAnyValue:StringLike", "delivery.*"),
        (
            "aws:PrincipalServiceName",
            "StringEqualsIgnoreCase",
            "Delivery.Logs.amazonaws.com",
        ),
    ] {
        let found = with("sqs", &untrusting, &[allow(json!({operator: {key: name}}))]);
        let principal = found.identity.unwrap().request.principal;
        assert!(principal.ends_with(".amazonaws.com"), "{principal}");
    }
    // A star that is no wildcard is in no service's name.
    let star = allow(json!({"StringEquals": {"aws:PrincipalServiceName": "athena.*"}}));
    assert_eq!(with("sqs", &untrusting, &[star]).verdict, Containment::LockedOut);
}

#[test]
fn caller_with_credentials_has_an_id_of_its_own() {
    let nobody = json!({"StringEquals": {"aws:userid": "anonymous", "aws:PrincipalIsAWSService": "false"}});
    assert!(on("s3", &[allow(nobody)]).locked_out);
    let found = on("s3", &[allow(json!({"StringEquals": {"aws:userid": "anonymous"}}))]);
    assert_eq!(found.identity.unwrap().request.principal, "anonymous");
}

#[test]
fn variables_do_not_hide_what_aws_owns_itself() {
    let team = json!({"StringEquals": {"aws:PrincipalTag/team": "${aws:RequestTag/team}"}});
    let mut statement = allow(team);
    statement["Resource"] = json!("arn:aws:iam::aws:policy/*");
    let found = on("iam", &[statement]);
    assert_eq!(found.verdict, Containment::LockedOut, "{found:#?}");
}

#[test]
fn services_may_call_from_any_account_of_aws() {
    let untrusting = Perimeter {
        aws_services: false,
        ..perimeter()
    };
    for operator in ["StringLike", "StringNotLike"] {
        let mut condition = json!({"Bool": {"aws:PrincipalIsAWSService": "true"}});
        condition[operator] = json!({"aws:PrincipalAccount": "9*"});
        let found = with("sqs", &untrusting, &[allow(condition), data_stays()]);
        assert!(found.identity.is_some(), "{operator}");
    }
}

#[test]
fn arn_of_a_user_has_the_users_name() {
    let admin = json!({"StringEquals": {"aws:username": "admin"}});
    let request = on("s3", &[allow(admin.clone())]).identity.unwrap().request;
    assert_eq!(request.principal, "arn:aws:iam::999988887777:user/admin");
    assert_eq!(
        request.values("aws:PrincipalArn"),
        ["arn:aws:iam::999988887777:user/admin"]
    );
    let mut bob = allow(json!({"StringNotEquals": {"aws:username": "admin"}, "Null": {"aws:username": "false"}}));
    bob["Principal"] = json!({"AWS": "arn:aws:iam::999988887777:user/bob"});
    let request = on("s3", &[bob]).identity.unwrap().request;
    assert_eq!(request.values("aws:username"), ["bob"]);
}

#[test]
fn literal_star_is_in_no_name_of_a_principal() {
    for name in ["user/*", "role/app*", "role/two words"] {
        let arn = format!("arn:aws:iam::111122223333:{name}");
        let found = on("s3", &[allow(json!({"StringEquals": {"aws:PrincipalArn": arn}}))]);
        assert_eq!(found.verdict, Containment::LockedOut, "{name}: {found:#?}");
    }
}

#[test]
fn only_services_tell_whose_resource_made_them_call() {
    for (key, value) in [
        ("aws:SourceAccount", "111122223333"),
        ("aws:SourceArn", "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit"),
        ("aws:SourceOrgID", OWN),
    ] {
        let ours = allow(json!({"StringEquals": {key: value}}));
        assert_eq!(holes(&[inside(), ours.clone()]), (false, false), "{key}");
        let strict = Perimeter {
            aws_services: false,
            ..perimeter()
        };
        let witness = with("s3", &strict, &[inside(), ours]).identity.unwrap().request;
        assert!(witness.principal.ends_with(".amazonaws.com"), "{key}: {witness:?}");
    }
}

#[test]
fn kinds_of_callers_compare_without_case_where_that_is_asked() {
    let users = json!({"StringEqualsIgnoreCase": {"aws:PrincipalType": "user"}});
    let found = on("s3", &[inside(), allow(users.clone()), data_stays()]);
    assert_eq!(found.identity.unwrap().request.values("aws:PrincipalType"), ["User"]);
    assert_eq!(holes(&[inside(), deny(users)]), (false, false));
}

#[test]
fn called_via_needs_a_service_that_calls() {
    let via = allow(json!({"ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}}));
    let request = on("s3", &[inside(), via]).identity.unwrap().request;
    assert!(request.principal.starts_with("arn:"), "{request:?}");
    assert_eq!(request.values("aws:ViaAWSService"), ["true"]);
}

#[test]
fn outsider_may_call_for_its_own_account_where_this_is_the_one_owner_allowed() {
    let mut elsewhere = everything();
    elsewhere.as_object_mut().unwrap().remove("Resource");
    elsewhere["NotResource"] = json!("arn:aws:kms:*:*:*");
    let one = deny(json!({"StringNotEquals": {"aws:ResourceAccount": "444455556666"}}));
    let request = on("kms", &[elsewhere, one]).identity.unwrap().request;
    assert_eq!(
        (request.resource.as_str(), request.values("aws:PrincipalAccount")),
        ("*", &["444455556666".to_owned()][..])
    );
}

#[test]
fn signed_outsiders_of_apis_are_outsiders_and_unsigned_callers_are_not() {
    for (service, action, resource) in [
        (
            "execute-api",
            "execute-api:Invoke",
            "arn:aws:execute-api:us-east-1:111122223333:*",
        ),
        (
            "appsync-api",
            "appsync:GraphQL",
            "arn:aws:appsync:us-east-1:111122223333:apis/*",
        ),
    ] {
        let statement = |principal: Value, condition: Value| json!({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource, "Condition": condition});
        let foreign = json!({"AWS": "arn:aws:iam::555566667777:role/partner"});
        let found = on(service, &[statement(foreign, json!({}))]);
        assert!(
            found.identity.is_some() && found.resource.is_none(),
            "{service}: {found:#?}"
        );
        let unsigned = json!({"Null": {"aws:PrincipalIsAWSService": "true"}});
        let found = on(service, &[statement(json!("*"), unsigned)]);
        assert_eq!(found.verdict, Containment::Closed, "{service}: {found:#?}");
    }
}
