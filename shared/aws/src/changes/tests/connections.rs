use postern_core::changes::{AcceptConnection, RejectConnection, RemoveServicePrincipals, RequireAcceptance};

use super::*;

fn connection(state: &str) -> String {
    format!(
        "<vpcEndpointConnectionSet><item><serviceId>vpce-svc-1</serviceId><vpcEndpointId>vpce-2</vpcEndpointId>\
         <vpcEndpointOwner>444455556666</vpcEndpointOwner><vpcEndpointState>{state}</vpcEndpointState>\
         </item></vpcEndpointConnectionSet>"
    )
}

const REFUSED: &str = "<unsuccessful><item><resourceId>vpce-2</resourceId><error><code>InvalidState</code>\
    <message>The endpoint vpce-2 is in the wrong state</message></error></item></unsuccessful>";

fn reject(accepted: bool) -> Change {
    Change::RejectConnection(RejectConnection {
        service: "vpce-svc-1".into(),
        endpoint: "vpce-2".into(),
        owner: "444455556666".into(),
        accepted,
    })
}

fn accept() -> Change {
    Change::AcceptConnection(AcceptConnection {
        service: "vpce-svc-1".into(),
        endpoint: "vpce-2".into(),
        owner: "444455556666".into(),
    })
}

#[tokio::test]
async fn connection_is_accepted_or_rejected_by_one_request() {
    for (change, call, before) in [
        (accept(), "AcceptVpcEndpointConnections", "pendingAcceptance"),
        (reject(false), "RejectVpcEndpointConnections", "PendingAcceptance"),
        (reject(true), "RejectVpcEndpointConnections", "available"),
    ] {
        let cloud = Cloud::new()
            .on("DescribeVpcEndpointConnections", &connection(before))
            .on(call, "<unsuccessful/>");
        assert_eq!(apply(&cloud, &change).await, ChangeOutcome::Applied { created: None });
        let request = cloud.request(call);
        assert_eq!(
            (request["ServiceId"].as_str(), request["VpcEndpointId.1"].as_str()),
            ("vpce-svc-1", "vpce-2")
        );
    }
}

#[tokio::test]
async fn request_that_took_effect_before_it_was_repeated_counts_as_success() {
    for (change, call, before, after) in [
        (accept(), "AcceptVpcEndpointConnections", "pendingAcceptance", "pending"),
        (reject(true), "RejectVpcEndpointConnections", "available", "rejected"),
    ] {
        let cloud = Cloud::new()
            .on("DescribeVpcEndpointConnections", &connection(before))
            .on(call, REFUSED)
            .on("DescribeVpcEndpointConnections", &connection(after));
        assert_eq!(apply(&cloud, &change).await, ChangeOutcome::Applied { created: None });
    }
}

#[tokio::test]
async fn outcome_of_a_refused_request_is_determined_later_while_aws_shows_no_effect() {
    let cloud = Cloud::new()
        .on("DescribeVpcEndpointConnections", &connection("available"))
        .on("RejectVpcEndpointConnections", REFUSED)
        .on("DescribeVpcEndpointConnections", &connection("available"));
    let outcome = apply(&cloud, &reject(true)).await;
    let ChangeOutcome::Failed { cause, transient: true } = &outcome else {
        panic!("{outcome:?}");
    };
    assert!(cause.contains("InvalidState"), "{cause}");
}

#[tokio::test]
async fn connection_that_changed_since_it_was_observed_is_left_alone() {
    for (change, now, reason) in [
        (
            reject(false),
            "available",
            "the connection of vpce-2 changed since it was observed",
        ),
        (
            reject(true),
            "pendingAcceptance",
            "the connection of vpce-2 changed since it was observed",
        ),
        (accept(), "rejected", "the connection of vpce-2 no longer waits"),
    ] {
        let cloud = Cloud::new().on("DescribeVpcEndpointConnections", &connection(now));
        assert_eq!(skipped_because(&apply(&cloud, &change).await), reason);
    }
    let cloud = Cloud::new().on("DescribeVpcEndpointConnections", "<vpcEndpointConnectionSet/>");
    assert_eq!(
        skipped_because(&apply(&cloud, &accept()).await),
        "the connection of vpce-2 is gone"
    );
}

const PERMISSIONS: &str = "<allowedPrincipals><item><principal>*</principal></item></allowedPrincipals>";

fn remove() -> Change {
    Change::RemoveServicePrincipals(RemoveServicePrincipals {
        service: "vpce-svc-1".into(),
        principals: ["*", "arn:aws:iam::444455556666:root"].map(str::to_owned).into(),
    })
}

#[tokio::test]
async fn principals_that_are_still_allowed_are_removed_and_the_others_left_out() {
    let cloud = Cloud::new()
        .on("DescribeVpcEndpointServicePermissions", PERMISSIONS)
        .on("ModifyVpcEndpointServicePermissions", "<return>true</return>");
    assert_eq!(apply(&cloud, &remove()).await, ChangeOutcome::Applied { created: None });
    let request = cloud.request("ModifyVpcEndpointServicePermissions");
    assert_eq!(request["RemoveAllowedPrincipals.1"], "*");
    assert!(!request.contains_key("RemoveAllowedPrincipals.2"), "{request:?}");
}

#[tokio::test]
async fn change_of_a_service_that_ec2_does_not_confirm_has_failed() {
    let cloud = Cloud::new()
        .on("DescribeVpcEndpointServicePermissions", PERMISSIONS)
        .on("ModifyVpcEndpointServicePermissions", "<return>false</return>");
    let outcome = apply(&cloud, &remove()).await;
    assert!(matches!(outcome, ChangeOutcome::Failed { .. }), "{outcome:?}");
}

#[tokio::test]
async fn acceptance_that_is_required_already_is_not_required_again() {
    let change = Change::RequireAcceptance(RequireAcceptance {
        service: "vpce-svc-1".into(),
    });
    let service = |required: bool| {
        format!(
            "<serviceConfigurationSet><item><serviceId>vpce-svc-1</serviceId><serviceName>s</serviceName>\
             <serviceState>Available</serviceState><acceptanceRequired>{required}</acceptanceRequired>\
             </item></serviceConfigurationSet>"
        )
    };
    let cloud = Cloud::new().on("DescribeVpcEndpointServiceConfigurations", &service(true));
    let outcome = apply(&cloud, &change).await;
    assert!(matches!(outcome, ChangeOutcome::NotNeeded { .. }), "{outcome:?}");
    let cloud = Cloud::new()
        .on("DescribeVpcEndpointServiceConfigurations", &service(false))
        .on("ModifyVpcEndpointServiceConfiguration", "<return>true</return>");
    assert_eq!(apply(&cloud, &change).await, ChangeOutcome::Applied { created: None });
    assert_eq!(
        cloud.request("ModifyVpcEndpointServiceConfiguration")["AcceptanceRequired"],
        "true"
    );
}
