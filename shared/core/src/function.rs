//! Which Lambda function acts on which events with which controls.

use crate::control::Control;
use crate::controls::{
    endpoint_missing, gateway_route_missing, ingress_blocked, policy_open, private_dns_disabled, subnet_uncovered,
    vpc_dns_disabled,
};

pub struct Function {
    /// The name of the function and of its crate.
    pub name: &'static str,
    /// The EC2 calls whose CloudTrail events start it. Empty where only the schedule does.
    pub events: &'static [&'static str],
    pub controls: &'static [&'static Control],
}

pub static SUBNET_INSPECTOR: Function = Function {
    name: "subnet-inspector",
    events: &[
        "AssociateRouteTable",
        "AssociateVpcCidrBlock",
        "CreateDefaultSubnet",
        "CreateDefaultVpc",
        "CreateRoute",
        "CreateSubnet",
        "DeleteRoute",
        "DisassociateRouteTable",
        "ModifyVpcAttribute",
        "ReplaceRoute",
        "ReplaceRouteTableAssociation",
    ],
    controls: REACH,
};

pub static ENDPOINT_INSPECTOR: Function = Function {
    name: "endpoint-inspector",
    events: &[
        "AuthorizeSecurityGroupIngress",
        "CreateVpcEndpoint",
        "DeleteVpcEndpoints",
        "ModifySecurityGroupRules",
        "ModifyVpcEndpoint",
        "RevokeSecurityGroupIngress",
    ],
    controls: REACH,
};

pub static POLICY_INSPECTOR: Function = Function {
    name: "policy-inspector",
    events: &["CreateVpcEndpoint", "ModifyVpcEndpoint"],
    controls: &[&policy_open::CONTROL],
};

pub static SWEEPER: Function = Function {
    name: "sweeper",
    events: &[],
    controls: crate::controls::CONTROLS,
};

pub static FUNCTIONS: &[&Function] = &[&ENDPOINT_INSPECTOR, &POLICY_INSPECTOR, &SUBNET_INSPECTOR, &SWEEPER];

/// Each required service is reachable privately from each subnet that needs it.
const REACH: &[&Control] = &[
    &endpoint_missing::CONTROL,
    &gateway_route_missing::CONTROL,
    &ingress_blocked::CONTROL,
    &private_dns_disabled::CONTROL,
    &subnet_uncovered::CONTROL,
    &vpc_dns_disabled::CONTROL,
];
