//! Reads the sample events that may lie beside the project; passes without them.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::{Ignored, ParsedEvent, Target, read};

const OWN: &[&str] = &["arn:aws:iam::111122223333:role/privatelink-enforcer-remediator"];

/// By file name without `.json`: the kind of the one target, or the reason to ignore the event.
const EXPECTED: &[(&str, &str)] = &[
    ("01-create-vpc-endpoint-interface-two-subnets-star-policy", "vpc"),
    ("04-create-subnet-terraform-assumedrole-ec2role", "vpc"),
    ("05-create-subnet-terraform-iamuser", "vpc"),
    ("06-create-subnet-terraform-iamuser-b", "vpc"),
    ("07-create-vpc-terraform", "not watched"),
    ("08-create-vpc-error-limit", "not watched"),
    ("09-delete-subnet", "not watched"),
    ("10-delete-vpc", "not watched"),
    ("11-create-route-table", "not watched"),
    ("12-delete-route-table", "not watched"),
    ("13-associate-route-table", "subnet"),
    ("15-create-route-igw-default", "route table"),
    ("16-create-route-nat-default", "route table"),
    ("17-delete-route", "route table"),
    ("18-attach-internet-gateway", "vpc"),
    ("19-detach-internet-gateway", "vpc"),
    ("20-create-internet-gateway", "not watched"),
    ("22-create-flow-logs-xmlish", "not watched"),
    ("23-create-network-interface", "not watched"),
    ("24-create-security-group", "not watched"),
    ("25-authorize-security-group-ingress-443-any", "security group"),
    ("26-authorize-security-group-egress", "not watched"),
    ("27-revoke-security-group-ingress", "security group"),
    ("28-revoke-security-group-egress", "not watched"),
    ("29-revoke-security-group-egress-error", "not watched"),
    ("30-create-tags", "nothing changed"),
    ("31-describe-vpc-endpoints-console-readonly", "read-only"),
    ("32-aws-service-event-shared-event-id", "other detail type"),
    ("34-create-route-unauthorized", "failed call"),
    ("35-authorize-security-group-ingress-unauthorized", "failed call"),
    ("36-authorize-security-group-ingress-stratus", "security group"),
    ("38-run-instances-dryrun-service-linked-role", "not watched"),
    ("39-run-instances-dryrun-aws-internal", "not watched"),
    ("40-create-vpc-peering-connection", "not watched"),
    ("41-create-transit-gateway-xmlish", "not watched"),
    ("42-create-fleet-xmlish-number-version", "not watched"),
    ("43-delete-vpc-console", "not watched"),
    ("44-create-client-vpn-endpoint-xmlish", "not watched"),
    ("45-identity-aws-service-ec2", "other event source"),
    ("46-identity-assumedrole-via-cloudformation", "other event source"),
    ("47-identity-iamuser-via-cloudformation", "other event source"),
    ("48-identity-root", "other event source"),
    ("49-identity-federated-user", "other event source"),
    ("101-syn-create-subnet-via-cloudformation", "vpc"),
    ("102-syn-create-subnet-root", "vpc"),
    ("103-syn-create-subnet-ipv6-native-az-omitted", "vpc"),
    ("104-syn-create-subnet-error-conflict", "failed call"),
    ("105-syn-create-subnet-dryrun", "dry run"),
    ("106-syn-create-subnet-local-zone", "vpc"),
    ("107-syn-create-subnet-outpost", "vpc"),
    ("108-syn-create-subnet-wrong-case-responseelements-null", "vpc"),
    ("109-syn-create-default-subnet", "vpc"),
    ("110-syn-create-default-vpc-success", "vpc"),
    ("111-syn-delete-subnet-unauthorized", "not watched"),
    ("112-syn-modify-subnet-attribute-map-public-ip", "not watched"),
    ("113-syn-create-subnet-shared-vpc-owner", "vpc"),
    ("114-syn-create-vpc-endpoint-single-subnet", "vpc"),
    ("115-syn-create-vpc-endpoint-three-subnets-two-sgs", "vpc"),
    ("116-syn-create-vpc-endpoint-gateway-s3-type-omitted", "vpc"),
    ("117-syn-create-vpc-endpoint-gateway-no-route-tables", "vpc"),
    ("118-syn-create-vpc-endpoint-restrictive-policy-numeric-tag", "vpc"),
    ("119-syn-create-vpc-endpoint-ownerid-leading-zero", "vpc"),
    ("120-syn-create-vpc-endpoint-requester-managed", "vpc"),
    ("121-syn-create-vpc-endpoint-pending-acceptance", "vpc"),
    ("122-syn-create-vpc-endpoint-cross-region", "vpc"),
    ("123-syn-create-vpc-endpoint-gwlb", "vpc"),
    ("124-syn-create-vpc-endpoint-service-network", "vpc"),
    ("125-syn-create-vpc-endpoint-dualstack-subnet-configuration", "vpc"),
    ("126-syn-create-vpc-endpoint-error-limit", "failed call"),
    ("127-syn-create-vpc-endpoint-error-private-dns-conflict", "failed call"),
    ("128-syn-create-vpc-endpoint-error-duplicate-az", "failed call"),
    ("129-syn-create-vpc-endpoint-error-invalid-service-name", "failed call"),
    ("130-syn-create-vpc-endpoint-error-az-unsupported", "failed call"),
    (
        "131-syn-create-vpc-endpoint-error-subnets-on-gateway-type",
        "failed call",
    ),
    ("132-syn-create-vpc-endpoint-error-unauthorized-scp", "failed call"),
    ("133-syn-create-vpc-endpoint-error-throttled", "failed call"),
    ("134-syn-create-vpc-endpoint-error-idempotent-mismatch", "failed call"),
    ("135-syn-create-vpc-endpoint-dryrun", "dry run"),
    ("136-syn-create-vpc-endpoint-via-cloudformation", "vpc"),
    ("137-syn-create-vpc-endpoint-by-the-enforcer-itself", "own role"),
    ("138-syn-create-vpc-endpoint-policy-json-array-action", "vpc"),
    (
        "139-syn-opensearch-serverless-create-vpc-endpoint-other-eventsource",
        "other event source",
    ),
    ("140-syn-modify-vpc-endpoint-policy-to-star", "endpoint"),
    ("141-syn-modify-vpc-endpoint-reset-policy", "endpoint"),
    ("142-syn-modify-vpc-endpoint-add-remove-subnets", "endpoint"),
    ("143-syn-modify-vpc-endpoint-remove-route-table", "endpoint"),
    ("144-syn-modify-vpc-endpoint-private-dns-off", "endpoint"),
    ("145-syn-modify-vpc-endpoint-sg-swap", "endpoint"),
    ("146-syn-modify-vpc-endpoint-error-incorrect-state", "failed call"),
    ("147-syn-delete-vpc-endpoints-multi-partial-failure", "endpoint"),
    ("148-syn-create-endpoint-service-no-acceptance", "endpoint service"),
    ("149-syn-create-endpoint-service-gwlb-regions", "endpoint service"),
    ("150-syn-modify-endpoint-service-acceptance-off", "endpoint service"),
    (
        "151-syn-modify-endpoint-service-permissions-public-star",
        "endpoint service",
    ),
    ("152-syn-modify-endpoint-service-permissions-mixed", "endpoint service"),
    (
        "153-syn-accept-endpoint-connections",
        r#"[ConnectedEndpoint(EndpointId("vpce-0b22222222222222b")), EndpointService(EndpointServiceId("vpce-svc-0123456789abcdef0"))]"#,
    ),
    (
        "154-syn-reject-endpoint-connections",
        r#"[ConnectedEndpoint(EndpointId("vpce-0b22222222222222b")), ConnectedEndpoint(EndpointId("vpce-0c33333333333333c")), EndpointService(EndpointServiceId("vpce-svc-0123456789abcdef0"))]"#,
    ),
    ("155-syn-delete-endpoint-service", "endpoint service"),
    ("156-syn-replace-route-table-association", "route table"),
    ("157-syn-associate-route-table-gateway", "route table"),
    ("158-syn-replace-route-default-to-igw", "route table"),
    ("159-syn-create-route-ipv6-default", "route table"),
    ("160-syn-create-route-error-exists", "failed call"),
    ("161-syn-modify-vpc-attribute-dns-hostnames-off", "vpc"),
    ("162-syn-modify-vpc-attribute-dns-support-off", "vpc"),
    ("163-syn-modify-security-group-rules", "security group"),
    ("164-syn-modify-security-group-rules-all-protocols", "security group"),
    ("165-syn-revoke-security-group-ingress-by-rule-id", "security group"),
    (
        "166-syn-delete-tags-exemption",
        r#"[Subnet(SubnetId("subnet-0b22222222222222b")), Endpoint(EndpointId("vpce-0a11111111111111a"))]"#,
    ),
    ("167-syn-create-tags-exemption-on-subnet", "subnet"),
    ("168-syn-duplicate-delivery-first", "vpc"),
    ("169-syn-duplicate-delivery-second-other-envelope-id", "vpc"),
    ("170-syn-cross-account-recipient-differs", "vpc"),
    ("171-syn-aws-service-identity-no-arn", "endpoint"),
    ("172-syn-addendum-updated-data", "vpc"),
    ("173-syn-request-parameters-omitted", "region"),
    ("174-syn-identity-center-user", "vpc"),
    ("175-syn-china-partition", "vpc"),
    ("176-syn-sqs-batch-of-one", "vpc"),
];

/// The envelope of a sample, which may lie in a batch of messages.
fn envelope(sample: Value) -> Value {
    match sample.pointer("/Records/0/body").and_then(Value::as_str) {
        Some(body) => serde_json::from_str(body).expect("a message with an event"),
        None => sample,
    }
}

fn outcome(event: &Value) -> String {
    let text = event.to_string();
    let trigger = match read(event, OWN) {
        Ok(ParsedEvent::Act(trigger)) => trigger,
        Ok(ParsedEvent::Ignore(ignored)) => return reason(&ignored).to_owned(),
        Err(error) => return error.to_string(),
    };
    assert_eq!(event["detail"]["recipientAccountId"], trigger.account.as_str());
    assert_eq!(event["detail"]["awsRegion"], trigger.region.as_str());
    assert_eq!(event["detail"]["eventID"], trigger.triggering_event.event_id.as_str());
    assert!(
        trigger.triggering_event.time.is_some() && trigger.triggering_event.actor.is_some(),
        "{text}"
    );
    let [target] = trigger.targets.as_slice() else {
        return format!("{:?}", trigger.targets);
    };
    let (kind, id) = match target {
        Target::Vpc(id) => ("vpc", id.as_str()),
        Target::Subnet(id) => ("subnet", id.as_str()),
        Target::RouteTable(id) => ("route table", id.as_str()),
        Target::RouteTableAssociation(id) => ("route-table association", id.as_str()),
        Target::SecurityGroup(id) => ("security group", id.as_str()),
        Target::NetworkAcl(id) => ("network ACL", id.as_str()),
        Target::Endpoint(id) | Target::ConnectedEndpoint(id) => ("endpoint", id.as_str()),
        Target::EndpointService(id) => ("endpoint service", id.as_str()),
        Target::LoadBalancer(arn) => ("load balancer", arn.as_str()),
        Target::Region => return "region".to_owned(),
    };
    assert!(text.contains(&format!("\"{id}\"")), "{id} in {text}");
    kind.to_owned()
}

fn reason(ignored: &Ignored) -> &'static str {
    match ignored {
        Ignored::OtherDetailType { .. } => "other detail type",
        Ignored::OtherEventSource { .. } => "other event source",
        Ignored::ReadOnly { .. } => "read-only",
        Ignored::NotWatched { .. } => "not watched",
        Ignored::DryRun { .. } => "dry run",
        Ignored::FailedCall { .. } => "failed call",
        Ignored::OwnRole { .. } => "own role",
        Ignored::NothingChanged { .. } => "nothing changed",
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the samples are files")]
#[allow(clippy::print_stderr, reason = "says that there was nothing to read")]
fn every_sample_gives_a_scope_or_a_named_reason() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cloudtrail");
    let Ok(index) = std::fs::read_to_string(samples.join("index.json")) else {
        eprintln!("no sample events in {}", samples.display());
        return;
    };
    let index: Vec<BTreeMap<String, Value>> = serde_json::from_str(&index).expect("an index");
    let found: BTreeMap<String, String> = index
        .iter()
        .map(|entry| entry["file"].as_str().expect("a file name"))
        .map(|file| {
            let sample = std::fs::read_to_string(samples.join(file)).expect("a sample");
            let event = envelope(serde_json::from_str(&sample).expect("a document"));
            (file.trim_end_matches(".json").to_owned(), outcome(&event))
        })
        .collect();
    let expected = EXPECTED
        .iter()
        .map(|(file, outcome)| ((*file).to_owned(), (*outcome).to_owned()));
    assert_eq!(found, expected.collect());
}
