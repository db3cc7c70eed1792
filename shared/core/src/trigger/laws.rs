//! Whatever arrives, reading it ends; and what comes out is fit to use.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

use super::fixtures::{call, create_subnet, delete_endpoints, schedule, with};
use super::{ParsedEvent, Target, read, read_notification};
use crate::functions::FUNCTIONS;

const OWN: &[&str] = &["arn:aws:iam::111122223333:role/postern-subnet-inspector"];

/// Names that the reader looks for, so that arbitrary documents get past its first steps.
const NAMES: &[&str] = &[
    "vpcId",
    "VpcId",
    "subnet",
    "subnetId",
    "vpc",
    "groupId",
    "routeTableId",
    "associationId",
    "newAssociationId",
    "VpcEndpointId",
    "serviceId",
    "serviceConfiguration",
    "loadBalancerArn",
    "vpcEndpoint",
    "securityGroupRuleSet",
    "unsuccessful",
    "resourceId",
    "return",
    "_return",
    "item",
    "items",
    "tag",
    "content",
    "Wrapper",
    "arn",
    "sessionContext",
    "sessionIssuer",
    "userName",
    "onBehalfOf",
    "userId",
];
const TEXTS: &[&str] = &[
    "",
    "vpc-1",
    "subnet-1",
    "rtb-1",
    "rtbassoc-1",
    "sg-1",
    "vpce-1",
    "vpce-svc-1",
    "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/a/1",
    "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/a\u{0}",
    "vpc-\u{0}",
    "false",
    "\u{202e}",
];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        select(TEXTS).prop_map(Value::from),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![4 => select(NAMES).prop_map(str::to_owned), 1 => any::<String>()]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..5)
                .prop_map(|fields| Value::from(fields.into_iter().collect::<Map<String, Value>>())),
        ]
    })
}

fn watched() -> impl Strategy<Value = &'static str> {
    select(
        FUNCTIONS
            .iter()
            .flat_map(|function| function.events)
            .copied()
            .collect::<Vec<_>>(),
    )
}

fn good() -> impl Strategy<Value = Value> {
    let changed = call(
        "CreateVpcEndpoint",
        json!({"CreateVpcEndpointRequest": {
            "VpcId": "vpc-0example1",
            "SubnetId": [{"tag": 1, "content": "subnet-0example1"}, {"tag": 2, "content": "subnet-0example2"}]
        }}),
        json!({"CreateVpcEndpointResponse": {"vpcEndpoint": {
            "vpcId": "vpc-0example1", "vpcEndpointId": "vpce-0example1", "groupSet": {"item": {"groupId": "sg-1"}}
        }}}),
    );
    select(vec![create_subnet(), delete_endpoints(), changed, schedule()])
}

/// The pointers of everything inside a document.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let inside: Vec<(String, &Value)> = match value {
        Value::Object(object) => object.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(index, value)| (index.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    for (name, value) in inside {
        let pointer = format!("{at}/{name}");
        pointers(value, &pointer, found);
        found.push(pointer);
    }
}

fn assert_fit(document: &Value) {
    let trigger = match read(document, OWN) {
        Ok(ParsedEvent::Act(trigger)) => trigger,
        Ok(ParsedEvent::Ignore(ignored)) => return assert_printable(&ignored.to_string()),
        Err(error) => return assert_printable(&error.to_string()),
    };
    let account = trigger.account.as_str();
    assert!(
        account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()),
        "{account:?}"
    );
    assert!(
        trigger
            .region
            .as_str()
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    );
    assert_targets(&trigger.targets);
    let triggering_event = trigger.triggering_event;
    assert!(!triggering_event.event_id.is_empty());
    assert_printable(&triggering_event.event_id);
    if let Some(actor) = triggering_event.actor {
        let texts = [
            actor.identity_type,
            actor.user_agent,
            actor.source_address,
            actor.invoked_by,
        ];
        for text in texts.into_iter().flatten().chain([actor.identity]) {
            assert_printable(&text);
            assert!(text.chars().count() <= 512);
        }
    }
}

fn assert_targets(targets: &[Target]) {
    assert!(!targets.is_empty());
    for target in targets {
        let (prefix, id) = match target {
            Target::Vpc(id) => ("vpc-", id.as_str()),
            Target::Subnet(id) => ("subnet-", id.as_str()),
            Target::RouteTable(id) => ("rtb-", id.as_str()),
            Target::RouteTableAssociation(id) => ("rtbassoc-", id.as_str()),
            Target::SecurityGroup(id) => ("sg-", id.as_str()),
            Target::NetworkAcl(id) => ("acl-", id.as_str()),
            Target::Endpoint(id) | Target::ConnectedEndpoint(id) => ("vpce-", id.as_str()),
            Target::EndpointService(id) => ("vpce-svc-", id.as_str()),
            Target::LoadBalancer(arn) => {
                assert!(arn.starts_with("arn:"), "{arn:?}");
                assert!(
                    arn.len() <= 256 && arn.bytes().all(|byte| byte.is_ascii_graphic()),
                    "{arn:?}"
                );
                continue;
            }
            Target::Region => continue,
        };
        assert!(id.starts_with(prefix), "{id:?}");
        assert!(
            id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
            "{id:?}"
        );
    }
}

fn assert_printable(text: &str) {
    assert!(
        !text
            .chars()
            .any(|character| character.is_control() || character == '\u{202e}'),
        "{text:?}"
    );
}

proptest! {
    #[test]
    fn any_document_is_read_or_refused(document in value()) {
        assert_fit(&document);
    }

    #[test]
    fn any_bodies_and_identity_of_a_watched_call_are_read(
        event in watched(), request in value(), response in value(), identity in value(),
    ) {
        let document = with(call(event, request, response), "/detail/userIdentity", identity);
        assert_fit(&document);
        prop_assert!(read(&document, OWN).is_ok());
    }

    #[test]
    fn any_detail_under_the_envelope_is_read_or_refused(detail in value()) {
        assert_fit(&with(create_subnet(), "/detail", detail));
    }

    #[test]
    fn event_with_replaced_fields_is_read_or_refused(
        event in good(), changes in prop::collection::vec((any::<Index>(), value()), 1..4),
    ) {
        let mut document = event;
        for (index, value) in changes {
            let mut found = Vec::new();
            pointers(&document, "", &mut found);
            // A replacement may bring names that a pointer would have to escape.
            found.retain(|pointer| document.pointer(pointer).is_some());
            let pointer = index.get(&found).clone();
            document = with(document, &pointer, value);
        }
        assert_fit(&document);
    }
}

proptest! {
    #[test]
    fn any_text_is_a_notification_of_valid_services_or_none(
        words in prop::collection::vec(prop_oneof![select(TEXTS).prop_map(str::to_owned), any::<String>()], 0..6),
    ) {
        let queue = "arn:aws:sqs:eu-central-1:111122223333:queue";
        if let Some(trigger) = read_notification(&words.join(" "), None, queue, "m-1") {
            assert_targets(&trigger.targets);
        }
    }
}

#[test]
fn event_with_one_damaged_field_is_read_or_refused() {
    for document in [create_subnet(), delete_endpoints(), schedule()] {
        let mut found = Vec::new();
        pointers(&document, "", &mut found);
        for pointer in found {
            for value in [
                json!(7),
                json!(-1.5),
                json!(""),
                json!(null),
                json!([]),
                json!({}),
                json!([[""]]),
                json!(true),
            ] {
                assert_fit(&with(document.clone(), &pointer, value));
            }
        }
    }
}
