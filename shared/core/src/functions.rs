//! Which Lambda function evaluates which controls after which events.

use crate::controls::CONTROLS;
use crate::evaluation::{Concern, Control};
use crate::model::part::Part;
use crate::trigger::Target;

/// The EC2 calls that change network ACLs, or which of them traffic of endpoints passes. Sorted.
pub const NETWORK_ACL_EVENTS: &[&str] = &[
    "CreateNetworkAclEntry",
    "CreateVpcEndpoint",
    "DeleteNetworkAclEntry",
    "ModifyVpcEndpoint",
    "ReplaceNetworkAclAssociation",
    "ReplaceNetworkAclEntry",
];

pub struct Function {
    /// The name of the function and of its crate.
    pub name: &'static str,
    /// The EC2 calls whose CloudTrail events start it. Empty where only the schedule does.
    pub events: &'static [&'static str],
    /// The calls to Elastic Load Balancing whose CloudTrail events start it.
    pub load_balancer_events: &'static [&'static str],
    /// The EC2 calls whose CloudTrail events start it where they failed with [`DEPENDENCY_VIOLATION`](crate::trigger::DEPENDENCY_VIOLATION), and only then.
    pub failed_events: &'static [&'static str],
    /// Prefixes of resource ids. [`TAG_CALLS`](crate::trigger::TAG_CALLS) on such resources start it, since requirements and
    /// exemptions may select resources by tag.
    pub tagged: &'static [&'static str],
    /// The controls of these groups are evaluated.
    pub concerns: &'static [Concern],
}

impl Function {
    /// The controls that it evaluates, by name.
    pub fn controls(&self) -> Vec<&'static Control> {
        let controls = CONTROLS.iter().copied();
        controls
            .filter(|control| self.concerns.contains(&control.concern))
            .collect()
    }

    /// The controls that it evaluates after these events, by the names of the API calls. Those that read network ACLs are
    /// evaluated only where one of [`NETWORK_ACL_EVENTS`] is among them, since describing network ACLs costs a call.
    pub fn controls_after<'a>(&self, events: impl IntoIterator<Item = &'a str>) -> Vec<&'static Control> {
        let mut controls = self.controls();
        let mut events = events.into_iter();
        if !self.events.is_empty() && !events.any(|event| NETWORK_ACL_EVENTS.contains(&event)) {
            controls.retain(|control| !control.needs.contains(&Part::NetworkAcls));
        }
        controls
    }

    /// Whether it evaluates controls of the scopes to which a target belongs.
    pub fn evaluates(&self, target: &Target) -> bool {
        let of_services = |concern: &Concern| match concern {
            Concern::Reachability | Concern::Containment | Concern::Traffic => false,
            Concern::Publication => true,
        };
        let mut concerns = self.concerns.iter();
        match target {
            Target::Vpc(_)
            | Target::Subnet(_)
            | Target::RouteTable(_)
            | Target::RouteTableAssociation(_)
            | Target::SecurityGroup(_)
            | Target::NetworkAcl(_)
            | Target::Endpoint(_) => concerns.any(|concern| !of_services(concern)),
            Target::EndpointService(_) | Target::LoadBalancer(_) => concerns.any(of_services),
            Target::Region => true,
        }
    }
}

pub static SUBNET_INSPECTOR: Function = Function {
    name: "subnet-inspector",
    events: &[
        "AssociateRouteTable",
        "AssociateSubnetCidrBlock",
        "AssociateVpcCidrBlock",
        "AttachInternetGateway",
        "AttachVpnGateway",
        "CreateDefaultSubnet",
        "CreateDefaultVpc",
        "CreateNetworkAclEntry",
        "CreateRoute",
        "CreateSubnet",
        "DeleteEgressOnlyInternetGateway",
        "DeleteNatGateway",
        "DeleteNetworkAclEntry",
        "DeleteRoute",
        "DeleteTransitGatewayVpcAttachment",
        "DeleteVpcPeeringConnection",
        "DetachInternetGateway",
        "DetachVpnGateway",
        "DisableVgwRoutePropagation",
        "DisassociateRouteTable",
        "DisassociateSubnetCidrBlock",
        "DisassociateVpcCidrBlock",
        "EnableVgwRoutePropagation",
        "ModifyManagedPrefixList",
        "ModifyVpcAttribute",
        "ReplaceNetworkAclAssociation",
        "ReplaceNetworkAclEntry",
        "ReplaceRoute",
        "ReplaceRouteTableAssociation",
        "RestoreManagedPrefixListVersion",
    ],
    load_balancer_events: &[],
    failed_events: &["DeleteSubnet", "DeleteVpc"],
    tagged: &["rtb-", "subnet-", "vpc-", "vpce-"],
    concerns: &[Concern::Reachability],
};

pub static ENDPOINT_INSPECTOR: Function = Function {
    name: "endpoint-inspector",
    events: &[
        "AcceptVpcEndpointConnections",
        "AssociateSecurityGroupVpc",
        "AuthorizeSecurityGroupIngress",
        "CreateVpcEndpoint",
        "DeleteVpcEndpoints",
        "DisassociateSecurityGroupVpc",
        "ModifySecurityGroupRules",
        "ModifyVpcEndpoint",
        "RejectVpcEndpointConnections",
        "RevokeSecurityGroupIngress",
    ],
    load_balancer_events: &[],
    failed_events: &[],
    tagged: &[],
    concerns: &[Concern::Reachability],
};

pub static POLICY_INSPECTOR: Function = Function {
    name: "policy-inspector",
    events: &["CreateVpcEndpoint", "ModifyVpcEndpoint"],
    load_balancer_events: &[],
    failed_events: &[],
    tagged: &["vpce-"],
    concerns: &[Concern::Containment],
};

pub static SERVICE_INSPECTOR: Function = Function {
    name: "service-inspector",
    events: &[
        "AcceptVpcEndpointConnections",
        "CreateVpcEndpointServiceConfiguration",
        "DeleteVpcEndpointServiceConfigurations",
        "ModifyVpcEndpointServiceConfiguration",
        "ModifyVpcEndpointServicePermissions",
        "RejectVpcEndpointConnections",
        "StartVpcEndpointServicePrivateDnsVerification",
    ],
    load_balancer_events: &["DeleteLoadBalancer", "ModifyLoadBalancerAttributes", "SetSubnets"],
    failed_events: &[],
    tagged: &["vpce-svc-"],
    concerns: &[Concern::Publication],
};

pub static SWEEPER: Function = Function {
    name: "sweeper",
    events: &[],
    load_balancer_events: &[],
    failed_events: &[],
    tagged: &[],
    concerns: &[
        Concern::Reachability,
        Concern::Containment,
        Concern::Publication,
        Concern::Traffic,
    ],
};

pub static FUNCTIONS: &[&Function] = &[
    &ENDPOINT_INSPECTOR,
    &POLICY_INSPECTOR,
    &SERVICE_INSPECTOR,
    &SUBNET_INSPECTOR,
    &SWEEPER,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names(controls: &[&Control]) -> BTreeSet<&'static str> {
        controls.iter().map(|control| control.name).collect()
    }

    #[test]
    fn functions_are_unique_sorted_and_named_for_their_crates() {
        let functions: Vec<_> = FUNCTIONS.iter().map(|function| function.name).collect();
        assert!(functions.windows(2).all(|pair| pair[0] < pair[1]), "{functions:?}");
        for name in functions {
            let kebab = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
            assert!(kebab, "{name}");
        }
    }

    #[test]
    fn events_and_controls_are_unique_and_sorted() {
        for function in FUNCTIONS {
            let Function {
                name,
                events,
                load_balancer_events,
                failed_events,
                tagged,
                concerns: _,
            } = function;
            let controls = function.controls();
            for events in [events, load_balancer_events, failed_events, tagged] {
                assert!(events.windows(2).all(|pair| pair[0] < pair[1]), "{name}: {events:?}");
            }
            assert!(controls.windows(2).all(|pair| pair[0].name < pair[1].name), "{name}");
            assert!(!controls.is_empty(), "{name}");
        }
    }

    #[test]
    fn only_the_sweeper_is_started_by_the_schedule_and_evaluates_every_control() {
        let without: Vec<_> = FUNCTIONS.iter().filter(|function| function.events.is_empty()).collect();
        assert_eq!(without.len(), 1);
        assert_eq!(without[0].name, SWEEPER.name);
        assert_eq!(names(&SWEEPER.controls()), names(CONTROLS));
    }

    #[test]
    fn function_evaluates_targets_of_the_scopes_of_its_controls() {
        let service = [
            Target::EndpointService("vpce-svc-1".into()),
            Target::LoadBalancer("arn:1".to_owned()),
        ];
        for target in service {
            let of = FUNCTIONS.iter().filter(|function| function.evaluates(&target));
            let of: Vec<_> = of.map(|function| function.name).collect();
            assert_eq!(of, [SERVICE_INSPECTOR.name, SWEEPER.name], "{target:?}");
        }
        for target in [Target::Vpc("vpc-1".into()), Target::Endpoint("vpce-1".into())] {
            for function in FUNCTIONS {
                let expected = function.name != SERVICE_INSPECTOR.name;
                assert_eq!(function.evaluates(&target), expected, "{} {target:?}", function.name);
            }
        }
        assert!(FUNCTIONS.iter().all(|function| function.evaluates(&Target::Region)));
    }

    #[test]
    fn controls_of_network_acls_are_evaluated_after_events_that_concern_them_and_in_sweeps() {
        let acls = BTreeSet::from(["acl-blocks-endpoint"]);
        for event in SUBNET_INSPECTOR.events.iter().chain(ENDPOINT_INSPECTOR.events) {
            for function in [&SUBNET_INSPECTOR, &ENDPOINT_INSPECTOR] {
                let left_out = &names(&function.controls()) - &names(&function.controls_after([*event]));
                let expected = match NETWORK_ACL_EVENTS.contains(event) {
                    true => BTreeSet::new(),
                    false => acls.clone(),
                };
                assert_eq!(left_out, expected, "{event}");
            }
        }
        let several = SUBNET_INSPECTOR.controls_after(["CreateSubnet", "CreateNetworkAclEntry"]);
        assert_eq!(names(&several), names(&SUBNET_INSPECTOR.controls()));
        assert_eq!(names(&SWEEPER.controls_after(["Scheduled Event"])), names(CONTROLS));
        let policy = names(&POLICY_INSPECTOR.controls_after(["CreateTags"]));
        assert_eq!(policy, names(&POLICY_INSPECTOR.controls()));
    }

    #[test]
    fn every_control_but_those_of_traffic_is_evaluated_after_events_by_functions_of_one_concern() {
        let reach = names(&SUBNET_INSPECTOR.controls());
        let policy = names(&POLICY_INSPECTOR.controls());
        assert_eq!(reach, names(&ENDPOINT_INSPECTOR.controls()));
        let service = names(&SERVICE_INSPECTOR.controls());
        assert!(reach.is_disjoint(&policy) && service.is_disjoint(&(&reach | &policy)));
        let of_events = &(&reach | &policy) | &service;
        assert_eq!(&names(CONTROLS) - &of_events, BTreeSet::from(["endpoint-idle"]));
    }
}
