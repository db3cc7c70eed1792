//! Events as EventBridge delivers them, in both dialects of CloudTrail.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::seed::FaultyVpc;
use crate::stack::ACCOUNT;

/// A CloudTrail event in EventBridge's envelope. Printed as the JSON document that it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope(Value);

impl Envelope {
    /// A call of a person that succeeded.
    pub fn of_call(region: &str, name: &str, request: Value, response: Value) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let role = format!("arn:aws:iam::{ACCOUNT}:role/platform-engineer");
        Self(json!({
            "version": "0",
            "id": format!("11111111-2222-3333-4444-{count:012}"),
            "detail-type": "AWS API Call via CloudTrail",
            "source": "aws.ec2",
            "account": ACCOUNT,
            "time": "2026-11-02T09:15:30Z",
            "region": region,
            "resources": [],
            "detail": {
                "eventVersion": "1.11",
                "userIdentity": identity(&role, "ada"),
                "eventTime": "2026-11-02T09:15:24Z",
                "eventSource": "ec2.amazonaws.com",
                "eventName": name,
                "awsRegion": region,
                "sourceIPAddress": "192.0.2.17",
                "userAgent": "aws-cli/2.31.0",
                "requestParameters": request,
                "responseElements": response,
                "requestID": format!("55555555-6666-7777-8888-{count:012}"),
                "eventID": format!("99999999-aaaa-bbbb-cccc-{count:012}"),
                "readOnly": false,
                "eventType": "AwsApiCall",
                "managementEvent": true,
                "recipientAccountId": ACCOUNT,
                "eventCategory": "Management",
            },
        }))
    }

    /// The newest subnet of the VPC was created.
    pub fn create_subnet(vpc: &FaultyVpc) -> Self {
        let request = json!({
            "vpcId": vpc.id,
            "availabilityZone": vpc.zone("c"),
            "cidrBlock": "10.20.12.0/24",
            "tagSpecificationSet": {"items": [
                {"resourceType": "subnet", "tags": [{"key": "Name", "value": "app-c"}]},
            ]},
        });
        let response = json!({
            "requestId": "abababab-cdcd-efef-0101-232323232323",
            "subnet": {
                "subnetId": vpc.app_c,
                "state": "available",
                "vpcId": vpc.id,
                "ownerId": ACCOUNT,
                "cidrBlock": "10.20.12.0/24",
                "availableIpAddressCount": 251,
                "availabilityZone": vpc.zone("c"),
            },
        });
        Self::of_call(&vpc.region, "CreateSubnet", request, response)
    }

    /// Somebody reset the policy of the endpoint to STS to what AWS gives by default. The event names the endpoint only.
    pub fn reset_policy(vpc: &FaultyVpc) -> Self {
        Self::modify_endpoint(&vpc.region, &vpc.sts, json!({"ResetPolicy": true}))
    }

    pub fn modify_endpoint(region: &str, endpoint: &str, mut request: Value) -> Self {
        if let Some(request) = request.as_object_mut() {
            request.insert("VpcEndpointId".to_owned(), endpoint.into());
        }
        let response = json!({"ModifyVpcEndpointResponse": {
            "xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/",
            "requestId": "abababab-cdcd-efef-0101-454545454545",
            "return": true,
        }});
        Self::of_call(
            region,
            "ModifyVpcEndpoint",
            json!({"ModifyVpcEndpointRequest": request}),
            response,
        )
    }

    /// Somebody narrowed the group of the endpoint to STS.
    pub fn revoke_ingress(vpc: &FaultyVpc) -> Self {
        let request = json!({
            "groupId": vpc.group,
            "ipPermissions": {"items": [{
                "ipProtocol": "tcp",
                "fromPort": 443,
                "toPort": 443,
                "groups": {},
                "ipRanges": {"items": [{"cidrIp": "10.20.0.0/16"}]},
                "ipv6Ranges": {},
                "prefixListIds": {},
            }]},
        });
        let response = json!({"requestId": "abababab-cdcd-efef-0101-676767676767", "_return": true});
        Self::of_call(&vpc.region, "RevokeSecurityGroupIngress", request, response)
    }

    /// Somebody deleted an endpoint. The event does not tell of which VPC.
    pub fn delete_endpoint(region: &str, endpoint: &str) -> Self {
        let request = json!({"DeleteVpcEndpointsRequest": {
            "VpcEndpointId": {"tag": 1, "content": endpoint},
        }});
        let response = json!({"DeleteVpcEndpointsResponse": {
            "xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/",
            "requestId": "abababab-cdcd-efef-0101-898989898989",
            "unsuccessful": "",
        }});
        Self::of_call(region, "DeleteVpcEndpoints", request, response)
    }

    /// Somebody allowed everybody to connect to an endpoint service.
    pub fn allow_everybody(region: &str, service: &str) -> Self {
        let request = json!({"ModifyVpcEndpointServicePermissionsRequest": {
            "ServiceId": service,
            "AddAllowedPrincipals": {"tag": 1, "content": "*"},
        }});
        let response = json!({"ModifyVpcEndpointServicePermissionsResponse": {
            "xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/",
            "requestId": "abababab-cdcd-efef-0101-121212121212",
            "return": true,
        }});
        Self::of_call(region, "ModifyVpcEndpointServicePermissions", request, response)
    }

    /// Names a subnet by its route table's new association only.
    pub fn associate_route_table(region: &str, route_table: &str, subnet: &str) -> Self {
        let request = json!({"routeTableId": route_table, "subnetId": subnet});
        let response = json!({
            "requestId": "abababab-cdcd-efef-0101-101010101010",
            "associationId": "rtbassoc-0a1b2c3d4e5f60718",
            "associationState": {"state": "associated"},
        });
        Self::of_call(region, "AssociateRouteTable", request, response)
    }

    pub fn modify_vpc_attribute(region: &str, vpc: &str) -> Self {
        let request = json!({"vpcId": vpc, "enableDnsHostnames": {"value": false}});
        Self::of_call(region, "ModifyVpcAttribute", request, json!({"_return": true}))
    }

    pub fn delete_subnet(region: &str, subnet: &str) -> Self {
        Self::of_call(
            region,
            "DeleteSubnet",
            json!({"subnetId": subnet}),
            json!({"_return": true}),
        )
    }

    /// What the schedule of the sweeper sends.
    pub fn schedule(region: &str) -> Self {
        Self(json!({
            "version": "0",
            "id": "22222222-3333-4444-5555-666666666666",
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": ACCOUNT,
            "time": "2026-11-02T12:00:00Z",
            "region": region,
            "resources": [format!("arn:aws:events:{region}:{ACCOUNT}:rule/sweep")],
            "detail": {},
        }))
    }

    /// The same call, refused by EC2.
    pub fn failed(mut self, code: &str) -> Self {
        self.set("errorCode", code.into());
        self.set(
            "errorMessage",
            "You are not authorized to perform this operation.".into(),
        );
        self.set("responseElements", Value::Null);
        self
    }

    /// The same call, made in a session of this role.
    pub fn by_role(mut self, role: &str) -> Self {
        self.set("userIdentity", identity(role, "session"));
        self
    }

    /// The same call to another service.
    pub fn to_service(mut self, event_source: &str) -> Self {
        self.set("eventSource", event_source.into());
        self
    }

    pub fn json(&self) -> &Value {
        &self.0
    }

    /// CloudTrail's id of it.
    pub fn id(&self) -> &str {
        self.0
            .pointer("/detail/eventID")
            .and_then(|id| id.as_str())
            .unwrap_or_default()
    }

    pub fn event(&self) -> &str {
        self.0
            .pointer("/detail/eventName")
            .and_then(Value::as_str)
            .unwrap_or("Scheduled Event")
    }

    fn set(&mut self, name: &str, value: Value) {
        if let Some(detail) = self.0.get_mut("detail").and_then(Value::as_object_mut) {
            detail.insert(name.to_owned(), value);
        }
    }
}

impl fmt::Display for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn identity(role: &str, session: &str) -> Value {
    let name = role.rsplit('/').next().unwrap_or(role);
    json!({
        "type": "AssumedRole",
        "principalId": format!("AROAEXAMPLEEXAMPLE000:{session}"),
        "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}"),
        "accountId": ACCOUNT,
        "accessKeyId": "ASIAEXAMPLEEXAMPLE000",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLEEXAMPLE000",
                "arn": role,
                "accountId": ACCOUNT,
                "userName": name,
            },
            "attributes": {"creationDate": "2026-11-02T08:00:00Z", "mfaAuthenticated": "true"},
        },
    })
}
