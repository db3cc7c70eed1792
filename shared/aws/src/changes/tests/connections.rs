use postern_core::changes::{AcceptConnection, RejectConnection};

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
