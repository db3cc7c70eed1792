use serde_json::{Value, json};

use super::*;
use crate::functions::FUNCTIONS;

fn targets(name: &str, request: Value, response: Value) -> Option<Vec<Target>> {
    let api = match LOAD_BALANCER_CALLS.iter().any(|call| call.name == name) {
        true => Api::LoadBalancers,
        false => Api::Ec2,
    };
    find(api, name)
        .expect("a watched call")
        .targets(Body::new(Some(&request)), Body::new(Some(&response)))
}

const BALANCER: &str = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/offer/0123456789abcdef";

fn endpoints(ids: &[&str]) -> Option<Vec<Target>> {
    Some(ids.iter().map(|id| Target::Endpoint((*id).into())).collect())
}

#[test]
fn the_calls_are_the_events_that_start_functions_sorted_and_once_each() {
    let mut events: BTreeSet<&str> = FUNCTIONS.iter().flat_map(|function| function.events).copied().collect();
    events.extend(TAG_CALLS);
    let calls: Vec<&str> = CALLS.iter().map(|call| call.name).collect();
    assert_eq!(calls, events.into_iter().collect::<Vec<_>>());
    let balancing: BTreeSet<&str> = FUNCTIONS
        .iter()
        .flat_map(|function| function.load_balancer_events)
        .copied()
        .collect();
    let calls: Vec<&str> = LOAD_BALANCER_CALLS.iter().map(|call| call.name).collect();
    assert_eq!(calls, balancing.into_iter().collect::<Vec<_>>());
    let failed: BTreeSet<&str> = FUNCTIONS.iter().flat_map(|f| f.failed_events).copied().collect();
    let calls: Vec<&str> = FAILED_CALLS.iter().map(|call| call.name).collect();
    assert_eq!(calls, failed.into_iter().collect::<Vec<_>>());
}

#[test]
fn call_without_bodies_has_the_whole_region_evaluated() {
    for call in CALLS.iter().chain(LOAD_BALANCER_CALLS) {
        for omitted in [json!(null), json!(""), json!({}), json!({"Wrapper": ""}), json!([])] {
            let found = targets(call.name, omitted.clone(), omitted.clone());
            assert_eq!(found, Some(vec![Target::Region]), "{} {omitted}", call.name);
        }
    }
}

#[test]
fn tags_name_every_resource_on_which_a_verdict_depends_and_no_other() {
    let tags = |ids: &[&str]| {
        let items: Vec<_> = ids.iter().map(|id| json!({"resourceId": id})).collect();
        let request = json!({"resourcesSet": {"items": items}, "tagSet": {"items": [{"key": "env", "value": "prod"}]}});
        targets("CreateTags", request.clone(), json!({"_return": true}))
    };
    assert_eq!(
        tags(&[
            "i-1",
            "vpc-1",
            "subnet-1",
            "subnet-2",
            "rtb-1",
            "vpce-1",
            "vpce-svc-1",
            "vpc-endpoint-1"
        ]),
        Some(vec![
            Target::Vpc("vpc-1".into()),
            Target::Vpc("vpc-endpoint-1".into()),
            Target::Subnet("subnet-1".into()),
            Target::Subnet("subnet-2".into()),
            Target::RouteTable("rtb-1".into()),
            Target::Endpoint("vpce-1".into()),
            Target::EndpointService("vpce-svc-1".into()),
        ])
    );
    assert_eq!(tags(&["i-1", "vol-1"]), None);
}

/// One row per field: call, request, response, target.
#[test]
fn every_field_of_every_call_gives_its_target() {
    let none = json!(null);
    let rows = [
        (
            "AssociateDhcpOptions",
            json!({"dhcpOptionsId": "dopt-1", "vpcId": "vpc-1"}),
            none.clone(),
            Target::Vpc("vpc-1".into()),
        ),
        (
            "AssociateSecurityGroupVpc",
            json!({"groupId": "sg-1", "vpcId": "vpc-1"}),
            none.clone(),
            Target::Vpc("vpc-1".into()),
        ),
        (
            "AssociateSecurityGroupVpc",
            json!({"groupId": "sg-1"}),
            none.clone(),
            Target::SecurityGroup("sg-1".into()),
        ),
        (
            "AttachInternetGateway",
            json!({"internetGatewayId": "igw-1", "vpcId": "vpc-1"}),
            json!({"_return": true}),
            Target::Vpc("vpc-1".into()),
        ),
        (
            "CreateTags",
            json!({"resourcesSet": {"items": [{"resourceId": "vpc-1"}]}}),
            none.clone(),
            Target::Vpc("vpc-1".into()),
        ),
        (
            "DeleteTags",
            json!({"resourcesSet": {"items": [{"resourceId": "subnet-1"}]}}),
            none.clone(),
            Target::Subnet("subnet-1".into()),
        ),
        (
            "CreateTags",
            json!({"resourcesSet": {"items": [{"resourceId": "rtb-1"}]}}),
            none.clone(),
            Target::RouteTable("rtb-1".into()),
        ),
        (
            "DeleteTags",
            json!({"resourcesSet": {"items": [{"resourceId": "vpce-1"}]}}),
            none.clone(),
            Target::Endpoint("vpce-1".into()),
        ),
        (
            "DeleteNatGateway",
            json!({"DeleteNatGatewayRequest": {"NatGatewayId": "nat-1"}}),
            none.clone(),
            Target::Region,
        ),
        (
            "DetachInternetGateway",
            json!({"internetGatewayId": "igw-1", "vpcId": "vpc-1"}),
            json!({"_return": true}),
            Target::Vpc("vpc-1".into()),
        ),
        (
            "DisableVgwRoutePropagation",
            json!({"gatewayId": "vgw-1", "routeTableId": "rtb-1"}),
            json!({"_return": true}),
            Target::RouteTable("rtb-1".into()),
        ),
        (
            "EnableVgwRoutePropagation",
            json!({"gatewayId": "vgw-1", "routeTableId": "rtb-1"}),
            json!({"_return": true}),
            Target::RouteTable("rtb-1".into()),
        ),
        (
            "DisassociateSecurityGroupVpc",
            json!({"groupId": "sg-1", "vpcId": "vpc-1"}),
            none.clone(),
            Target::Vpc("vpc-1".into()),
        ),
        (
            "DisassociateSecurityGroupVpc",
            json!({"groupId": "sg-1"}),
            none.clone(),
            Target::SecurityGroup("sg-1".into()),
        ),
        (
            "DisassociateVpcCidrBlock",
            json!({"associationId": "vpc-cidr-assoc-1"}),
            json!({"vpcId": "vpc-1"}),
            Target::Vpc("vpc-1".into()),
        ),
        (
            "AssociateSubnetCidrBlock",
            json!({"subnetId": "subnet-1", "ipv6CidrBlock": "2001:db8::/64"}),
            none.clone(),
            Target::Subnet("subnet-1".into()),
        ),
        (
            "DisassociateSubnetCidrBlock",
            json!({"associationId": "subnet-cidr-assoc-1"}),
            json!({"subnetId": "subnet-1"}),
            Target::Subnet("subnet-1".into()),
        ),
        (
            "AttachVpnGateway",
            json!({"vpnGatewayId": "vgw-1", "vpcId": "vpc-1"}),
            none.clone(),
            Target::Vpc("vpc-1".into()),
        ),
        (
            "DetachVpnGateway",
            json!({"vpnGatewayId": "vgw-1", "vpcId": "vpc-1"}),
            none.clone(),
            Target::Vpc("vpc-1".into()),
        ),
        (
            "AcceptVpcPeeringConnection",
            json!({"vpcPeeringConnectionId": "pcx-1"}),
            json!({"vpcPeeringConnection": {"accepterVpcInfo": {"ownerId": "111122223333", "vpcId": "vpc-1"}}}),
            Target::Vpc("vpc-1".into()),
        ),
        (
            "DeleteVpcPeeringConnection",
            json!({"vpcPeeringConnectionId": "pcx-1"}),
            none.clone(),
            Target::Region,
        ),
        (
            "DeleteTransitGatewayVpcAttachment",
            json!({"DeleteTransitGatewayVpcAttachmentRequest": {"TransitGatewayAttachmentId": "tgw-attach-1"}}),
            none.clone(),
            Target::Region,
        ),
        (
            "DeleteEgressOnlyInternetGateway",
            json!({"DeleteEgressOnlyInternetGatewayRequest": {"EgressOnlyInternetGatewayId": "eigw-1"}}),
            none.clone(),
            Target::Region,
        ),
        (
            "RestoreManagedPrefixListVersion",
            json!({"RestoreManagedPrefixListVersionRequest": {"PrefixListId": "pl-1"}}),
            none.clone(),
            Target::Region,
        ),
        (
            "ModifyManagedPrefixList",
            json!({"ModifyManagedPrefixListRequest": {"PrefixListId": "pl-1"}}),
            none.clone(),
            Target::Region,
        ),
        (
            "AssociateRouteTable",
            json!({"routeTableId": "rtb-1", "subnetId": "subnet-1"}),
            none.clone(),
            Target::Subnet("subnet-1".into()),
        ),
        (
            "AssociateRouteTable",
            json!({"routeTableId": "rtb-1", "gatewayId": "igw-1"}),
            none.clone(),
            Target::RouteTable("rtb-1".into()),
        ),
        (
            "AssociateRouteTable",
            none.clone(),
            json!({"requestId": "r", "associationId": "rtbassoc-1"}),
            Target::RouteTableAssociation("rtbassoc-1".into()),
        ),
        (
            "AssociateVpcCidrBlock",
            json!({"vpcId": "vpc-1", "cidrBlock": "10.1.0.0/16"}),
            none.clone(),
            Target::Vpc("vpc-1".into()),
        ),
        (
            "AssociateVpcCidrBlock",
            json!({"AssociateVpcCidrBlockRequest": {"VpcId": "vpc-1"}}),
            none.clone(),
            Target::Vpc("vpc-1".into()),
        ),
        (
            "AssociateVpcCidrBlock",
            none.clone(),
            json!({"requestId": "r", "vpcId": "vpc-1"}),
            Target::Vpc("vpc-1".into()),
        ),
        (
            "AuthorizeSecurityGroupIngress",
            json!({"groupId": "sg-1", "ipPermissions": {}}),
            none.clone(),
            Target::SecurityGroup("sg-1".into()),
        ),
        (
            "AuthorizeSecurityGroupIngress",
            json!({"groupName": "default"}),
            json!({"_return": true, "securityGroupRuleSet": {"items": [{"groupId": "sg-1"}, {"groupId": "sg-1"}]}}),
            Target::SecurityGroup("sg-1".into()),
        ),
        (
            "AuthorizeSecurityGroupIngress",
            json!({"groupName": "default"}),
            json!({"_return": true}),
            Target::Region,
        ),
        (
            "CreateDefaultSubnet",
            json!({"CreateDefaultSubnetRequest": {"AvailabilityZone": "eu-central-1a"}}),
            json!({"CreateDefaultSubnetResponse": {"subnet": {"subnetId": "subnet-1", "vpcId": "vpc-1"}}}),
            Target::Vpc("vpc-1".into()),
        ),
        (
            "CreateDefaultSubnet",
            none.clone(),
            json!({"W": {"subnet": {"subnetId": "subnet-1"}}}),
            Target::Subnet("subnet-1".into()),
        ),
        (
            "CreateDefaultVpc",
            json!({"CreateDefaultVpcRequest": ""}),
            json!({"CreateDefaultVpcResponse": {"requestId": "r", "vpc": {"vpcId": "vpc-1"}}}),
            Target::Vpc("vpc-1".into()),
        ),
        (
            "CreateRoute",
            json!({"routeTableId": "rtb-1", "natGatewayId": "nat-1"}),
            json!({"_return": true}),
            Target::RouteTable("rtb-1".into()),
        ),
        (
            "CreateSubnet",
            json!({"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/24"}),
            none.clone(),
            Target::Vpc("vpc-1".into()),
        ),
        (
            "CreateSubnet",
            none.clone(),
            json!({"requestId": "r", "subnet": {"subnetId": "subnet-1", "vpcId": "vpc-1"}}),
            Target::Vpc("vpc-1".into()),
        ),
        (
            "CreateSubnet",
            none.clone(),
            json!({"requestId": "r", "subnet": {"subnetId": "subnet-1"}}),
            Target::Subnet("subnet-1".into()),
        ),
        (
            "CreateVpcEndpointServiceConfiguration",
            json!({"W": {"NetworkLoadBalancerArn": {"tag": 1, "content": "arn:aws:elasticloadbalancing:x"}}}),
            json!({"W": {"requestId": "r", "serviceConfiguration": {"serviceId": "vpce-svc-1"}}}),
            Target::EndpointService("vpce-svc-1".into()),
        ),
        (
            "DeleteVpcEndpointServiceConfigurations",
            json!({"W": {"ServiceId": {"tag": 1, "content": "vpce-svc-1"}}}),
            json!({"W": {"requestId": "r", "unsuccessful": ""}}),
            Target::EndpointService("vpce-svc-1".into()),
        ),
        (
            "ModifyVpcEndpointServiceConfiguration",
            json!({"serviceId": "vpce-svc-1", "acceptanceRequired": false}),
            json!({"_return": true}),
            Target::EndpointService("vpce-svc-1".into()),
        ),
        (
            "ModifyVpcEndpointServicePermissions",
            json!({"W": {"ServiceId": "vpce-svc-1", "AddAllowedPrincipals": {"tag": 1, "content": "*"}}}),
            json!({"W": {"return": true}}),
            Target::EndpointService("vpce-svc-1".into()),
        ),
        (
            "StartVpcEndpointServicePrivateDnsVerification",
            json!({"W": {"ServiceId": "vpce-svc-1"}}),
            json!({"W": {"return": true}}),
            Target::EndpointService("vpce-svc-1".into()),
        ),
        (
            "SetSubnets",
            json!({"loadBalancerArn": BALANCER, "subnets": ["subnet-1"]}),
            none.clone(),
            Target::LoadBalancer(BALANCER.to_owned()),
        ),
        (
            "DeleteLoadBalancer",
            json!({"loadBalancerArn": BALANCER}),
            none.clone(),
            Target::LoadBalancer(BALANCER.to_owned()),
        ),
        (
            "ModifyLoadBalancerAttributes",
            json!({"loadBalancerArn": "arn:aws:iam::111122223333:role/loadbalancer/net/a"}),
            none.clone(),
            Target::Region,
        ),
        (
            "CreateVpcEndpoint",
            json!({"CreateVpcEndpointRequest": {"VpcId": "vpc-1", "SubnetId": {"tag": 1, "content": "subnet-1"}}}),
            none.clone(),
            Target::Vpc("vpc-1".into()),
        ),
        (
            "CreateVpcEndpoint",
            none.clone(),
            json!({"W": {"vpcEndpoint": {"vpcId": "vpc-1", "vpcEndpointId": "vpce-1"}}}),
            Target::Vpc("vpc-1".into()),
        ),
        (
            "CreateVpcEndpoint",
            none.clone(),
            json!({"W": {"vpcEndpoint": {"vpcEndpointId": "vpce-1"}}}),
            Target::Endpoint("vpce-1".into()),
        ),
        (
            "DeleteRoute",
            json!({"routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0"}),
            none.clone(),
            Target::RouteTable("rtb-1".into()),
        ),
        (
            "DeleteVpcEndpoints",
            json!({"DeleteVpcEndpointsRequest": {"VpcEndpointId": {"tag": 1, "content": "vpce-1"}}}),
            json!({"W": {"unsuccessful": ""}}),
            Target::Endpoint("vpce-1".into()),
        ),
        (
            "DisassociateRouteTable",
            json!({"associationId": "rtbassoc-1"}),
            json!({"_return": true}),
            Target::RouteTableAssociation("rtbassoc-1".into()),
        ),
        (
            "ModifySecurityGroupRules",
            json!({"W": {"GroupId": "sg-1", "SecurityGroupRule": {"SecurityGroupRule": {"GroupId": "sg-2"}}}}),
            none.clone(),
            Target::SecurityGroup("sg-1".into()),
        ),
        (
            "ModifyVpcAttribute",
            json!({"vpcId": "vpc-1", "enableDnsSupport": {"value": false}}),
            json!({"_return": true}),
            Target::Vpc("vpc-1".into()),
        ),
        (
            "ModifyVpcEndpoint",
            json!({"W": {"VpcEndpointId": "vpce-1", "AddSubnetId": {"tag": 1, "content": "subnet-1"}}}),
            json!({"W": {"return": true}}),
            Target::Endpoint("vpce-1".into()),
        ),
        (
            "CreateNetworkAclEntry",
            json!({"networkAclId": "acl-1", "ruleNumber": 90, "egress": false, "ruleAction": "deny"}),
            json!({"requestId": "r", "_return": true}),
            Target::NetworkAcl("acl-1".into()),
        ),
        (
            "DeleteNetworkAclEntry",
            json!({"networkAclId": "acl-1", "ruleNumber": 90, "egress": false}),
            none.clone(),
            Target::NetworkAcl("acl-1".into()),
        ),
        (
            "ReplaceNetworkAclAssociation",
            json!({"associationId": "aclassoc-1", "networkAclId": "acl-2"}),
            json!({"requestId": "r", "newAssociationId": "aclassoc-2"}),
            Target::NetworkAcl("acl-2".into()),
        ),
        (
            "ReplaceNetworkAclEntry",
            json!({"networkAclId": "acl-1", "ruleNumber": 90, "egress": true, "ruleAction": "allow"}),
            none.clone(),
            Target::NetworkAcl("acl-1".into()),
        ),
        (
            "ReplaceRoute",
            json!({"routeTableId": "rtb-1"}),
            none.clone(),
            Target::RouteTable("rtb-1".into()),
        ),
        (
            "ReplaceRouteTableAssociation",
            json!({"associationId": "rtbassoc-1", "routeTableId": "rtb-1"}),
            json!({"newAssociationId": "rtbassoc-2"}),
            Target::RouteTable("rtb-1".into()),
        ),
        (
            "ReplaceRouteTableAssociation",
            json!({"associationId": "rtbassoc-1"}),
            json!({"requestId": "r", "newAssociationId": "rtbassoc-2"}),
            Target::RouteTableAssociation("rtbassoc-2".into()),
        ),
        (
            "ReplaceRouteTableAssociation",
            json!({"associationId": "rtbassoc-1"}),
            none.clone(),
            Target::RouteTableAssociation("rtbassoc-1".into()),
        ),
        (
            "RevokeSecurityGroupIngress",
            json!({"groupId": "sg-1", "securityGroupRuleIds": {"items": [{"securityGroupRuleId": "sgr-1"}]}}),
            none.clone(),
            Target::SecurityGroup("sg-1".into()),
        ),
        (
            "RevokeSecurityGroupIngress",
            json!({"securityGroupRuleIds": {"items": [{"securityGroupRuleId": "sgr-1"}]}}),
            json!({"_return": true}),
            Target::Region,
        ),
        (
            "RevokeSecurityGroupIngress",
            json!({"groupName": "default"}),
            json!({"_return": true, "revokedSecurityGroupRuleSet": {"items": [{"groupId": "sg-1"}]}}),
            Target::SecurityGroup("sg-1".into()),
        ),
    ];
    for (name, request, response, target) in rows {
        let found = targets(name, request.clone(), response.clone());
        assert_eq!(found, Some(vec![target]), "{name} {request} {response}");
    }
}

#[test]
fn decision_about_connections_names_the_endpoints_and_the_service() {
    for name in ["AcceptVpcEndpointConnections", "RejectVpcEndpointConnections"] {
        let request = json!({"W": {"ServiceId": "vpce-svc-1", "VpcEndpointId": [
            {"tag": 1, "content": "vpce-1"}, {"tag": 2, "content": "vpce-2"}
        ]}});
        let failed = |items: Value| json!({"W": {"requestId": "r", "unsuccessful": items}});
        let one = failed(json!({"item": {"resourceId": "vpce-2"}}));
        let expected = vec![
            Target::ConnectedEndpoint("vpce-1".into()),
            Target::EndpointService("vpce-svc-1".into()),
        ];
        assert_eq!(targets(name, request.clone(), one), Some(expected), "{name}");
        let unnamed = json!({"W": {"ServiceId": "vpce-svc-1"}});
        let service = vec![Target::EndpointService("vpce-svc-1".into())];
        assert_eq!(targets(name, unnamed, json!(null)), Some(service), "{name}");
        let both = failed(json!({"item": [{"resourceId": "vpce-1"}, {"resourceId": "vpce-2"}]}));
        assert_eq!(targets(name, request, both), None, "{name}");
    }
}

#[test]
fn accepted_peering_concerns_the_vpc_of_the_accepter_and_that_of_the_requester() {
    let info = |vpc: &str, owner: &str| json!({"ownerId": owner, "vpcId": vpc});
    let response = json!({"vpcPeeringConnection": {
        "requesterVpcInfo": info("vpc-1", "444455556666"),
        "accepterVpcInfo": info("vpc-2", "111122223333"),
    }});
    let both = ["vpc-2", "vpc-1"].map(|vpc| Target::Vpc(vpc.into())).to_vec();
    assert_eq!(targets("AcceptVpcPeeringConnection", json!({}), response), Some(both));
}

#[test]
fn tags_of_connections_and_permissions_concern_nothing() {
    let tagged = |id: &str| json!({"resourcesSet": {"items": [{"resourceId": id}]}});
    for id in ["vpce-con-0123456789abcdef0", "vpce-svc-perm-0123456789abcdef0"] {
        assert_eq!(
            targets("CreateTags", tagged(id), json!({"_return": true})),
            None,
            "{id}"
        );
    }
    let endpoint = targets("CreateTags", tagged("vpce-0123456789abcdef0"), json!({"_return": true}));
    assert_eq!(endpoint, endpoints(&["vpce-0123456789abcdef0"]));
}

#[test]
fn endpoints_that_were_not_deleted_are_ignored() {
    let request = json!({"DeleteVpcEndpointsRequest": {"VpcEndpointId": [
        {"tag": 1, "content": "vpce-1"}, {"tag": 2, "content": "vpce-2"}, {"tag": 3, "content": "vpce-3"}
    ]}});
    let failed = |items: Value| json!({"DeleteVpcEndpointsResponse": {"requestId": "r", "unsuccessful": items}});
    let one = failed(json!({"item": {"error": {"code": "X"}, "resourceId": "vpce-2"}}));
    assert_eq!(
        targets("DeleteVpcEndpoints", request.clone(), one),
        endpoints(&["vpce-1", "vpce-3"])
    );
    let all = failed(json!({"item": [
        {"resourceId": "vpce-1"}, {"resourceId": "vpce-2"}, {"resourceId": "vpce-3"}
    ]}));
    assert_eq!(targets("DeleteVpcEndpoints", request.clone(), all), None);
    let none = failed(json!(""));
    assert_eq!(
        targets("DeleteVpcEndpoints", request, none),
        endpoints(&["vpce-1", "vpce-2", "vpce-3"])
    );
}

#[test]
fn call_that_returned_false_is_ignored() {
    let request = json!({"vpcId": "vpc-1"});
    for response in [
        json!({"requestId": "r", "_return": false}),
        json!({"W": {"return": "false"}}),
    ] {
        assert_eq!(targets("ModifyVpcAttribute", request.clone(), response), None);
    }
}

#[test]
fn malformed_id_counts_as_absent() {
    let long = format!("vpc-{}", "a".repeat(ID_LIMIT));
    for id in [
        "vpc-",
        "vpc-1\n",
        "vpc-1\u{202e}",
        "vpc-é",
        "vpc-1/../2",
        "vpc-$(id)",
        "subnet-1",
        "",
        "vpc 1",
        &long,
    ] {
        let found = targets("ModifyVpcAttribute", json!({"vpcId": id, "x": 1}), json!(null));
        assert_eq!(found, Some(vec![Target::Region]), "{id:?}");
    }
    let mixed = json!({"W": {"VpcEndpointId": ["vpce-1", "vpc-2", 3, {"a": 1}]}});
    assert_eq!(
        targets("DeleteVpcEndpoints", mixed, json!(null)),
        endpoints(&["vpce-1"])
    );
}
