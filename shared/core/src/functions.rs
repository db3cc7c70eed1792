//! Which Lambda function evaluates which controls after which events.

use crate::controls::CONTROLS;
use crate::evaluation::{Concern, Control};
use crate::trigger::Target;

/// The ids of endpoints begin with these, and those of endpoint services do not: theirs begin with `vpce-svc-`. EventBridge
/// can exclude no prefix from another one
/// ([Comparison operators](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html)), so
/// that each has the first hexadecimal digit of an id
/// ([Resource IDs](https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html)).
const ENDPOINT_IDS: &[&str] = &[
    "vpce-0", "vpce-1", "vpce-2", "vpce-3", "vpce-4", "vpce-5", "vpce-6", "vpce-7", "vpce-8", "vpce-9", "vpce-a",
    "vpce-b", "vpce-c", "vpce-d", "vpce-e", "vpce-f",
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
    /// Prefixes of resource ids, by kind of resource. [`TAG_CALLS`](crate::trigger::TAG_CALLS) on such resources start it,
    /// since requirements and exemptions may select resources by tag.
    pub tagged: &'static [&'static [&'static str]],
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

    /// Whether its rule takes changes of the tags of a resource.
    pub fn watches_tags_of(&self, id: &str) -> bool {
        let mut prefixes = self.tagged.iter().copied().flatten();
        prefixes.any(|prefix| id.starts_with(prefix))
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
            | Target::Endpoint(_)
            | Target::ConnectedEndpoint(_) => concerns.any(|concern| !of_services(concern)),
            Target::EndpointService(_) | Target::LoadBalancer(_) => concerns.any(of_services),
            Target::Region => true,
        }
    }
}

pub static SUBNET_INSPECTOR: Function = Function {
    name: "subnet-inspector",
    events: &[
        "AcceptVpcPeeringConnection",
        "AssociateDhcpOptions",
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
    tagged: &[&["rtb-"], &["subnet-"], &["vpc-"], ENDPOINT_IDS],
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
    tagged: &[ENDPOINT_IDS],
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
    tagged: &[&["vpce-svc-"]],
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
            let tagged: Vec<_> = tagged.concat();
            for events in [events, load_balancer_events, failed_events, tagged.as_slice()] {
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
    fn tags_of_endpoints_and_of_endpoint_services_start_different_functions() {
        for (id, expected) in [
            (
                "vpce-0a1b2c3d4e5f60718",
                vec![POLICY_INSPECTOR.name, SUBNET_INSPECTOR.name],
            ),
            ("vpce-f1b2c3d4", vec![POLICY_INSPECTOR.name, SUBNET_INSPECTOR.name]),
            ("vpce-svc-0a1b2c3d4e5f60718", vec![SERVICE_INSPECTOR.name]),
            ("vpc-0a1b2c3d4e5f60718", vec![SUBNET_INSPECTOR.name]),
            ("i-0a1b2c3d4e5f60718", vec![]),
        ] {
            let started = FUNCTIONS.iter().filter(|function| function.watches_tags_of(id));
            let started: Vec<_> = started.map(|function| function.name).collect();
            assert_eq!(started, expected, "{id}");
        }
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
