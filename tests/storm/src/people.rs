//! Changes by people and their tools: of the networks, of the endpoint services, and of those who consume them.

mod central;

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use postern_cloud::world::{Endpoint, EndpointService};
use postern_cloud::{ACCOUNT, Cloud, OTHER_ACCOUNT, World};
use tokio::time::Instant;

use crate::setup::TRUSTED;
use crate::size::Size;

const PEOPLE: &str = "arn:aws:iam::111122223333:role/platform-engineer";

/// Who consumes an endpoint service of this account.
fn consumer(account: &str) -> String {
    format!("arn:aws:iam::{account}:role/consumer")
}

#[derive(Debug)]
pub(crate) struct People {
    /// The times of their changes, the last first.
    times: Vec<Instant>,
    /// A call that one of them repeats again and again.
    repeated_call: Option<Call>,
}

#[derive(Clone, Debug)]
struct Call {
    caller: String,
    operation: &'static str,
    parameters: Vec<(&'static str, String)>,
}

impl People {
    pub(crate) fn new(kind: Size, length: Duration, rng: &mut Rng) -> Self {
        let count = match kind {
            Size::Small => rng.usize(0..3),
            Size::Large => rng.usize(3..20),
        };
        let most = u64::try_from(length.as_millis()).unwrap_or(1).max(1);
        let start = Instant::now();
        let mut times: Vec<_> = (0..count)
            .map(|_| start + Duration::from_millis(rng.u64(..most)))
            .collect();
        // The first change is at the start, the last one after the faults.
        times.push(start);
        times.push(start + length);
        times.sort_by(|a, b| b.cmp(a));
        Self {
            times,
            repeated_call: None,
        }
    }

    #[cfg(test)]
    pub(crate) fn nobody() -> Self {
        Self {
            times: Vec::new(),
            repeated_call: None,
        }
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.times.last().copied()
    }

    pub(crate) fn act(&mut self, cloud: &Cloud, rng: &mut Rng) {
        self.times.pop();
        let repeated = self.repeated_call.clone().filter(|_| rng.u8(..4) > 0);
        let chosen = |rng: &mut Rng| {
            cloud.edit(|world| match rng.u8(..12) {
                0..4 => choose_of_services(world, rng),
                4 | 5 => central::choose(world, rng).or_else(|| choose(world, rng)),
                6 if rng.bool() => central::unapproved(world, rng),
                _ => choose(world, rng),
            })
        };
        let Some(call) = repeated.or_else(|| chosen(rng)) else {
            return;
        };
        let parameters: Vec<_> = call
            .parameters
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        // AWS may refuse the call.
        let _ = cloud.call(&call.caller, call.operation, &parameters);
        if rng.u8(..6) == 0 {
            self.repeated_call = Some(call);
        }
    }
}

fn by(caller: String, operation: &'static str, parameters: Vec<(&'static str, String)>) -> Option<Call> {
    Some(Call {
        caller,
        operation,
        parameters,
    })
}

/// A call that the owner of an endpoint service or one of its consumers might make. None where there is no service, and
/// where something happens without a call.
fn choose_of_services(world: &mut World, rng: &mut Rng) -> Option<Call> {
    let own = |service: &&Arc<EndpointService>| service.owner == ACCOUNT;
    let services: Vec<_> = world.endpoint_services().filter(own).cloned().collect();
    let service = rng.choice(&services)?;
    let account = rng.choice([TRUSTED, OTHER_ACCOUNT])?;
    let call = |operation, mut parameters: Vec<(&'static str, String)>| {
        parameters.push(("ServiceId", service.id.clone()));
        by(PEOPLE.to_owned(), operation, parameters)
    };
    let connected = |endpoint: &&Arc<Endpoint>| endpoint.service.as_ref() == Some(&service.name);
    let connections: Vec<_> = world.endpoints().filter(connected).cloned().collect();
    let connection = rng.choice(&connections);
    match (rng.u8(..13), connection) {
        (0, _) => call(
            "ModifyVpcEndpointServicePermissions",
            vec![("AddAllowedPrincipals.1", "*".to_owned())],
        ),
        (1 | 2, _) => {
            let principals = [format!("arn:aws:iam::{account}:root"), consumer(account)];
            let principal = rng.choice(principals)?;
            call(
                "ModifyVpcEndpointServicePermissions",
                vec![("AddAllowedPrincipals.1", principal)],
            )
        }
        (3, _) => {
            let principal = rng.choice(service.principals.values())?;
            call(
                "ModifyVpcEndpointServicePermissions",
                vec![("RemoveAllowedPrincipals.1", principal.clone())],
            )
        }
        (4 | 5, _) => call(
            "ModifyVpcEndpointServiceConfiguration",
            vec![("AcceptanceRequired", (rng.u8(..3) == 0).to_string())],
        ),
        (6, Some(endpoint)) => call(
            "AcceptVpcEndpointConnections",
            vec![("VpcEndpointId.1", endpoint.id.clone())],
        ),
        (7, Some(endpoint)) => call(
            "RejectVpcEndpointConnections",
            vec![("VpcEndpointId.1", endpoint.id.clone())],
        ),
        (8, Some(endpoint)) => by(
            consumer(&endpoint.owner),
            "DeleteVpcEndpoints",
            vec![("VpcEndpointId.1", endpoint.id.clone())],
        ),
        (10, _) => {
            let parameter = match service.supported_regions.is_empty() {
                true => "AddSupportedRegion.1",
                false => "RemoveSupportedRegion.1",
            };
            call(
                "ModifyVpcEndpointServiceConfiguration",
                vec![(parameter, "eu-west-1".to_owned())],
            )
        }
        (9, _) => {
            let balancer = rng.choice(&service.load_balancers)?.clone();
            of_balancer(world, balancer, rng)
        }
        _ => {
            let vpc = world.vpcs().find(|vpc| vpc.owner == account)?;
            by(
                consumer(account),
                "CreateVpcEndpoint",
                vec![
                    ("VpcId", vpc.id.clone()),
                    ("ServiceName", service.name.clone()),
                    ("VpcEndpointType", "Interface".to_owned()),
                ],
            )
        }
    }
}

/// A load balancer loses its protection, a zone or its targets. Targets fail without a call.
fn of_balancer(world: &mut World, balancer: String, rng: &mut Rng) -> Option<Call> {
    let call = |operation, mut parameters: Vec<(&'static str, String)>| {
        parameters.push(("LoadBalancerArn", balancer.clone()));
        by(PEOPLE.to_owned(), operation, parameters)
    };
    match rng.u8(..3) {
        0 => call(
            "ModifyLoadBalancerAttributes",
            vec![
                ("Attributes.member.1.Key", "deletion_protection.enabled".to_owned()),
                ("Attributes.member.1.Value", rng.bool().to_string()),
            ],
        ),
        1 => {
            let subnets: Vec<_> = world.subnets().filter(|subnet| subnet.owner == ACCOUNT).collect();
            let subnet = rng.choice(&subnets)?;
            call("SetSubnets", vec![("Subnets.member.1", subnet.id.clone())])
        }
        _ => {
            let health = rng.choice(["healthy", "unhealthy", "draining"])?;
            world.edit_load_balancer(&balancer, |balancer| {
                let targets = balancer.target_groups.iter_mut().flat_map(|group| &mut group.targets);
                targets.for_each(|target| health.clone_into(&mut target.health));
            });
            None
        }
    }
}

/// A call that somebody might make in this world.
fn choose(world: &mut World, rng: &mut Rng) -> Option<Call> {
    let call = |operation, parameters| by(PEOPLE.to_owned(), operation, parameters);
    let vpcs: Vec<_> = world.vpcs().cloned().collect();
    let endpoints: Vec<_> = world.endpoints().filter(|endpoint| endpoint.alive()).cloned().collect();
    let vpc = rng.choice(&vpcs)?;
    let endpoint = rng.choice(&endpoints);
    match (rng.u8(..11), endpoint) {
        (10, _) => of_network_acl(world, &vpc.id, rng),
        (0 | 1, _) | (_, None) => {
            let third = rng.u8(64..);
            let network = vpc.cidrs.first()?.trim_end_matches("0.0/16").to_owned();
            let letter = rng.choice(["a", "b", "c"])?;
            call(
                "CreateSubnet",
                vec![
                    ("VpcId", vpc.id.clone()),
                    ("CidrBlock", format!("{network}{third}.0/24")),
                    ("AvailabilityZone", format!("{}{letter}", vpc.region)),
                ],
            )
        }
        (2, Some(endpoint)) => call("DeleteVpcEndpoints", vec![("VpcEndpointId.1", endpoint.id.clone())]),
        (3 | 4, Some(endpoint)) => call(
            "ModifyVpcEndpoint",
            vec![
                ("VpcEndpointId", endpoint.id.clone()),
                ("ResetPolicy", "true".to_owned()),
            ],
        ),
        (5, Some(endpoint)) => {
            let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceOrgID":"o-exampleorg1"}}}]}"#;
            call(
                "ModifyVpcEndpoint",
                vec![
                    ("VpcEndpointId", endpoint.id.clone()),
                    ("PolicyDocument", policy.to_owned()),
                ],
            )
        }
        (6, Some(endpoint)) => match (endpoint.route_tables.first(), endpoint.private_dns) {
            (Some(table), _) => call(
                "ModifyVpcEndpoint",
                vec![
                    ("VpcEndpointId", endpoint.id.clone()),
                    ("RemoveRouteTableId.1", table.clone()),
                ],
            ),
            (None, true) => call(
                "ModifyVpcEndpoint",
                vec![
                    ("VpcEndpointId", endpoint.id.clone()),
                    ("PrivateDnsEnabled", "false".to_owned()),
                ],
            ),
            (None, false) => None,
        },
        (7, _) => call(
            "ModifyVpcAttribute",
            vec![
                ("VpcId", vpc.id.clone()),
                ("EnableDnsHostnames.Value", "false".to_owned()),
            ],
        ),
        (8, _) => {
            let subnets: Vec<_> = world.subnets().filter(|subnet| subnet.vpc == vpc.id).collect();
            let subnet = rng.choice(&subnets)?;
            call("DeleteSubnet", vec![("SubnetId", subnet.id.clone())])
        }
        (_, Some(endpoint)) => {
            let groups: Vec<_> = world
                .groups()
                .filter(|group| endpoint.groups.contains(&group.id))
                .collect();
            let group = rng.choice(&groups)?;
            let rule = group.rules.first()?;
            call(
                "RevokeSecurityGroupIngress",
                vec![
                    ("GroupId", group.id.clone()),
                    ("SecurityGroupRuleId.1", rule.id.clone()),
                ],
            )
        }
    }
}

/// Denies traffic by an entry of its own, or takes that entry away.
fn of_network_acl(world: &World, vpc: &str, rng: &mut Rng) -> Option<Call> {
    const NUMBER: i64 = 90;
    let acl = world.network_acls().find(|acl| acl.vpc == vpc)?;
    let denied = acl.entries.iter().find(|entry| entry.number == NUMBER);
    let egress = denied.map_or_else(|| rng.bool(), |entry| entry.egress);
    let mut parameters = vec![
        ("NetworkAclId", acl.id.clone()),
        ("RuleNumber", NUMBER.to_string()),
        ("Egress", egress.to_string()),
    ];
    if denied.is_some() {
        return by(PEOPLE.to_owned(), "DeleteNetworkAclEntry", parameters);
    }
    let (from, to) = rng.choice([(443, 443), (1_024, 65_535), (49_152, 65_535), (22, 22)])?;
    let cidr = rng.choice(["0.0.0.0/0", "10.0.0.0/18", "10.0.1.0/25"])?;
    parameters.extend([
        ("Protocol", "6".to_owned()),
        ("RuleAction", "deny".to_owned()),
        ("CidrBlock", cidr.to_owned()),
        ("PortRange.From", from.to_string()),
        ("PortRange.To", to.to_string()),
    ]);
    by(PEOPLE.to_owned(), "CreateNetworkAclEntry", parameters)
}
