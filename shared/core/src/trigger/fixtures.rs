//! Events written for the tests.

use serde_json::{Value, json};

/// In the plain dialect.
pub(super) fn create_subnet() -> Value {
    call(
        "CreateSubnet",
        json!({"vpcId": "vpc-0example1", "cidrBlock": "10.0.0.0/24", "tagSpecificationSet": {"items": [
            {"resourceType": "subnet", "tags": [{"key": "tier", "value": "private"}]}
        ]}}),
        json!({"requestId": "r-1", "subnet": {
            "subnetId": "subnet-0example1", "vpcId": "vpc-0example1", "ownerId": "111122223333",
            "ipv6CidrBlockAssociationSet": {}
        }}),
    )
}

/// In the wrapped dialect.
pub(super) fn delete_endpoints() -> Value {
    call(
        "DeleteVpcEndpoints",
        json!({"DeleteVpcEndpointsRequest": {"VpcEndpointId": {"tag": 1, "content": "vpce-0example1"}}}),
        json!({"DeleteVpcEndpointsResponse": {"xmlns": "x", "requestId": "r-1", "unsuccessful": ""}}),
    )
}

pub(super) fn call(name: &str, request: Value, response: Value) -> Value {
    json!({
        "version": "0",
        "id": "99999999-2222-3333-4444-555555555555",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.ec2",
        "account": "111122223333",
        "time": "2026-03-01T12:00:05Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": "AROAEXAMPLE:ada",
                "arn": "arn:aws:sts::111122223333:assumed-role/network-admin/ada",
                "accountId": "111122223333",
                "sessionContext": {"sessionIssuer": {
                    "type": "Role",
                    "arn": "arn:aws:iam::111122223333:role/network-admin",
                    "accountId": "111122223333",
                    "userName": "network-admin"
                }}
            },
            "eventTime": "2026-03-01T12:00:00Z",
            "eventSource": "ec2.amazonaws.com",
            "eventName": name,
            "awsRegion": "eu-central-1",
            "sourceIPAddress": "192.0.2.7",
            "userAgent": "aws-cli/2.31.0",
            "errorCode": null,
            "requestParameters": request,
            "responseElements": response,
            "eventID": "11111111-2222-3333-4444-555555555555",
            "readOnly": false,
            "eventType": "AwsApiCall",
            "recipientAccountId": "111122223333"
        }
    })
}

/// EventBridge Scheduler sends `detail` as a text.
pub(super) fn schedule() -> Value {
    json!({
        "version": "0",
        "id": "aaaaaaaa-2222-3333-4444-555555555555",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "111122223333",
        "time": "2026-03-01T12:00:00Z",
        "region": "eu-central-1",
        "resources": ["arn:aws:scheduler:eu-central-1:111122223333:schedule/default/postern"],
        "detail": "{}"
    })
}

/// The document with the value at an existing pointer replaced.
pub(super) fn with(mut document: Value, pointer: &str, value: Value) -> Value {
    *document.pointer_mut(pointer).expect("an existing field") = value;
    document
}
