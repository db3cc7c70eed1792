//! The calls that start a run, and the fields of their events that name the resources.

use std::collections::BTreeSet;

use super::Target;
use super::body::{Body, flag};

use crate::model::arn::Arn;

use Kind::{
    Association, Connected, Endpoint, EndpointService, LoadBalancer, NetworkAcl, RouteTable, SecurityGroup, Subnet, Vpc,
};

/// Longer than any identifier of EC2.
const ID_LIMIT: usize = 64;
/// Longer than any ARN of a load balancer.
const ARN_LIMIT: usize = 256;

/// The APIs of which calls are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    Ec2,
    LoadBalancers,
}

/// A call, and the fields of its event that name targets. The first field with a valid id is used, so that the most
/// specific comes first.
pub(super) struct Call {
    pub(super) name: &'static str,
    fields: &'static [TargetField],
    /// Fields that name further targets.
    also: &'static [TargetField],
}

struct TargetField {
    part: Part,
    path: &'static str,
    kind: Kind,
}

enum Part {
    Request,
    Response,
}

#[derive(Clone, Copy)]
enum Kind {
    Vpc,
    Subnet,
    RouteTable,
    Association,
    SecurityGroup,
    NetworkAcl,
    Endpoint,
    /// The endpoint of a connection, of whichever account.
    Connected,
    EndpointService,
    LoadBalancer,
}

/// Sorted by name. These matter where they failed.
static FAILED_CALLS: &[Call] = &[
    call("DeleteSubnet", &[request("subnetId", Subnet)]),
    call("DeleteVpc", &[request("vpcId", Vpc)]),
];

/// Sorted by name. These concern load balancers of endpoint services. Targets come and go without calls that name a load
/// balancer, and too often for an event each: sweeps find services without healthy targets.
static LOAD_BALANCER_CALLS: &[Call] = &[
    call("DeleteLoadBalancer", BALANCED),
    call("ModifyLoadBalancerAttributes", BALANCED),
    call("SetSubnets", BALANCED),
];

const BALANCED: &[TargetField] = &[request("loadBalancerArn", LoadBalancer)];

/// Sorted by name.
static CALLS: &[Call] = &[
    connections("AcceptVpcEndpointConnections"),
    // Routes through the connection are blackholes until then. The accepter's account records the call.
    Call {
        name: "AcceptVpcPeeringConnection",
        fields: &[response("vpcPeeringConnection.accepterVpcInfo.vpcId", Vpc)],
        also: &[response("vpcPeeringConnection.requesterVpcInfo.vpcId", Vpc)],
    },
    call("AssociateDhcpOptions", &[request("vpcId", Vpc)]),
    call(
        "AssociateRouteTable",
        &[
            request("subnetId", Subnet),
            request("routeTableId", RouteTable),
            response("associationId", Association),
        ],
    ),
    call(
        "AssociateSecurityGroupVpc",
        &[request("vpcId", Vpc), request("groupId", SecurityGroup)],
    ),
    call(
        "AssociateSubnetCidrBlock",
        &[request("subnetId", Subnet), response("subnetId", Subnet)],
    ),
    call(
        "AssociateVpcCidrBlock",
        &[request("vpcId", Vpc), response("vpcId", Vpc)],
    ),
    call("AttachInternetGateway", &[request("vpcId", Vpc)]),
    call(
        "AttachVpnGateway",
        &[request("vpcId", Vpc), response("attachment.vpcId", Vpc)],
    ),
    call(
        "AuthorizeSecurityGroupIngress",
        &[
            request("groupId", SecurityGroup),
            response("securityGroupRuleSet.groupId", SecurityGroup),
        ],
    ),
    call(
        "CreateDefaultSubnet",
        &[response("subnet.vpcId", Vpc), response("subnet.subnetId", Subnet)],
    ),
    call("CreateDefaultVpc", &[response("vpc.vpcId", Vpc)]),
    call("CreateNetworkAclEntry", &[request("networkAclId", NetworkAcl)]),
    call("CreateRoute", &[request("routeTableId", RouteTable)]),
    call(
        "CreateSubnet",
        &[
            request("vpcId", Vpc),
            response("subnet.vpcId", Vpc),
            response("subnet.subnetId", Subnet),
        ],
    ),
    call("CreateTags", TAGGED),
    call(
        "CreateVpcEndpoint",
        &[
            request("vpcId", Vpc),
            response("vpcEndpoint.vpcId", Vpc),
            response("vpcEndpoint.vpcEndpointId", Endpoint),
        ],
    ),
    call(
        "CreateVpcEndpointServiceConfiguration",
        &[response("serviceConfiguration.serviceId", EndpointService)],
    ),
    // The routes to these gateways and connections remain as blackholes, in tables that the events do not name.
    call("DeleteEgressOnlyInternetGateway", &[]),
    call("DeleteNatGateway", &[]),
    call("DeleteNetworkAclEntry", &[request("networkAclId", NetworkAcl)]),
    call("DeleteRoute", &[request("routeTableId", RouteTable)]),
    call("DeleteTags", TAGGED),
    call("DeleteTransitGatewayVpcAttachment", &[]),
    call("DeleteVpcEndpointServiceConfigurations", SERVED),
    call("DeleteVpcEndpoints", &[request("vpcEndpointId", Endpoint)]),
    call("DeleteVpcPeeringConnection", &[]),
    call("DetachInternetGateway", &[request("vpcId", Vpc)]),
    call("DetachVpnGateway", &[request("vpcId", Vpc)]),
    call("DisableVgwRoutePropagation", &[request("routeTableId", RouteTable)]),
    call("DisassociateRouteTable", &[request("associationId", Association)]),
    call(
        "DisassociateSecurityGroupVpc",
        &[request("vpcId", Vpc), request("groupId", SecurityGroup)],
    ),
    call("DisassociateSubnetCidrBlock", &[response("subnetId", Subnet)]),
    call("DisassociateVpcCidrBlock", &[response("vpcId", Vpc)]),
    call("EnableVgwRoutePropagation", &[request("routeTableId", RouteTable)]),
    // The groups and route tables that refer to it are not known.
    call("ModifyManagedPrefixList", &[]),
    call("ModifySecurityGroupRules", &[request("groupId", SecurityGroup)]),
    call("ModifyVpcAttribute", &[request("vpcId", Vpc)]),
    call("ModifyVpcEndpoint", &[request("vpcEndpointId", Endpoint)]),
    call("ModifyVpcEndpointServiceConfiguration", SERVED),
    call("ModifyVpcEndpointServicePermissions", SERVED),
    connections("RejectVpcEndpointConnections"),
    // Both its ACLs are of one VPC.
    call("ReplaceNetworkAclAssociation", &[request("networkAclId", NetworkAcl)]),
    call("ReplaceNetworkAclEntry", &[request("networkAclId", NetworkAcl)]),
    call("ReplaceRoute", &[request("routeTableId", RouteTable)]),
    call(
        "ReplaceRouteTableAssociation",
        &[
            request("routeTableId", RouteTable),
            response("newAssociationId", Association),
            request("associationId", Association),
        ],
    ),
    call("RestoreManagedPrefixListVersion", &[]),
    call(
        "RevokeSecurityGroupIngress",
        &[
            request("groupId", SecurityGroup),
            response("revokedSecurityGroupRuleSet.groupId", SecurityGroup),
        ],
    ),
    call("StartVpcEndpointServicePrivateDnsVerification", SERVED),
];

const CONNECTED: &[TargetField] = &[request("vpcEndpointId", Connected)];
const SERVED: &[TargetField] = &[request("serviceId", EndpointService)];

/// A call may tag resources of several kinds.
const TAGGED: &[TargetField] = &[
    request("resourcesSet.resourceId", Vpc),
    request("resourcesSet.resourceId", Subnet),
    request("resourcesSet.resourceId", RouteTable),
    request("resourcesSet.resourceId", Endpoint),
    request("resourcesSet.resourceId", EndpointService),
];

/// The calls that tag resources, or take tags away.
pub const TAG_CALLS: &[&str] = &["CreateTags", "DeleteTags"];

const fn call(name: &'static str, fields: &'static [TargetField]) -> Call {
    Call {
        name,
        fields,
        also: &[],
    }
}

/// A call of the owner of an endpoint service about endpoints, of which some may be of the same account.
const fn connections(name: &'static str) -> Call {
    Call {
        name,
        fields: CONNECTED,
        also: SERVED,
    }
}

const fn request(path: &'static str, kind: Kind) -> TargetField {
    TargetField {
        part: Part::Request,
        path,
        kind,
    }
}

const fn response(path: &'static str, kind: Kind) -> TargetField {
    TargetField {
        part: Part::Response,
        path,
        kind,
    }
}

impl Api {
    /// By the `eventSource` of an event.
    pub(super) fn of(event_source: &str) -> Option<Self> {
        match event_source {
            "ec2.amazonaws.com" => Some(Self::Ec2),
            "elasticloadbalancing.amazonaws.com" => Some(Self::LoadBalancers),
            _ => None,
        }
    }
}

/// The watched call of that name.
pub(super) fn find(api: Api, name: &str) -> Option<&'static Call> {
    let calls = match api {
        Api::Ec2 => CALLS,
        Api::LoadBalancers => LOAD_BALANCER_CALLS,
    };
    calls.iter().find(|call| call.name == name)
}

/// The call of that name that is watched for its failure.
pub(super) fn find_failed(api: Api, name: &str) -> Option<&'static Call> {
    let mut calls = FAILED_CALLS.iter().filter(|_| api == Api::Ec2);
    calls.find(|call| call.name == name)
}

impl Call {
    /// The targets of the event of a successful call: the whole Region if it names none at all. None if the response says that
    /// nothing was changed.
    pub(super) fn targets(&self, request: Body<'_>, response: Body<'_>) -> Option<Vec<Target>> {
        // The plain dialect writes `return`, a reserved word of its recorder, with an underscore.
        let mut returned = ["return", "_return"].into_iter().flat_map(|name| response.values(name));
        if returned.any(|value| flag(value) == Some(false)) {
            return None;
        }
        if TAG_CALLS.contains(&self.name) {
            return self.tagged(request);
        }
        let unsuccessful: BTreeSet<String> = response.texts("unsuccessful.resourceId").into_iter().collect();
        let also = self.also.iter().flat_map(|field| {
            let ids = field.ids(request, response);
            ids.into_iter().map(|id| field.kind.target(&id))
        });
        for field in self.fields {
            let ids = field.ids(request, response);
            if ids.is_empty() {
                continue;
            }
            let targets: Vec<Target> = ids.difference(&unsuccessful).map(|id| field.kind.target(id)).collect();
            return (!targets.is_empty()).then(|| targets.into_iter().chain(also).collect());
        }
        let also: Vec<Target> = also.collect();
        Some(if also.is_empty() { vec![Target::Region] } else { also })
    }
}

impl TargetField {
    /// The valid ids in the field.
    fn ids(&self, request: Body<'_>, response: Body<'_>) -> BTreeSet<String> {
        let body = match self.part {
            Part::Request => request,
            Part::Response => response,
        };
        let ids = body.texts(self.path).into_iter();
        ids.filter(|id| self.kind.names(id)).collect()
    }
}

impl Call {
    /// The targets among the tagged resources. None where there are none.
    fn tagged(&self, request: Body<'_>) -> Option<Vec<Target>> {
        let mut named = false;
        let mut targets = Vec::new();
        for field in self.fields {
            let ids: BTreeSet<String> = request.texts(field.path).into_iter().collect();
            named |= !ids.is_empty();
            targets.extend(
                ids.iter()
                    .filter(|id| field.kind.names(id))
                    .map(|id| field.kind.target(id)),
            );
        }
        match named {
            true => (!targets.is_empty()).then_some(targets),
            false => Some(vec![Target::Region]),
        }
    }
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Vpc => "vpc-",
            Subnet => "subnet-",
            RouteTable => "rtb-",
            Association => "rtbassoc-",
            SecurityGroup => "sg-",
            NetworkAcl => "acl-",
            Endpoint | Connected => "vpce-",
            EndpointService => "vpce-svc-",
            LoadBalancer => "arn:",
        }
    }

    /// Whether a text can be the identifier of such a thing and of nothing worse.
    fn names(self, id: &str) -> bool {
        match self {
            LoadBalancer => is_load_balancer(id),
            // The ids of connections (`vpce-con-`) and of permissions (`vpce-svc-perm-`) begin alike.
            Endpoint | Connected | EndpointService => {
                self.begins(id) && id.strip_prefix(self.prefix()).is_some_and(|rest| !rest.contains('-'))
            }
            Vpc | Subnet | RouteTable | Association | SecurityGroup | NetworkAcl => self.begins(id),
        }
    }

    fn begins(self, id: &str) -> bool {
        id.len() <= ID_LIMIT
            && id.strip_prefix(self.prefix()).is_some_and(|rest| {
                !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            })
    }

    fn target(self, id: &str) -> Target {
        match self {
            Vpc => Target::Vpc(id.into()),
            Subnet => Target::Subnet(id.into()),
            RouteTable => Target::RouteTable(id.into()),
            Association => Target::RouteTableAssociation(id.to_owned()),
            SecurityGroup => Target::SecurityGroup(id.into()),
            NetworkAcl => Target::NetworkAcl(id.into()),
            Endpoint => Target::Endpoint(id.into()),
            Connected => Target::ConnectedEndpoint(id.into()),
            EndpointService => Target::EndpointService(id.into()),
            LoadBalancer => Target::LoadBalancer(id.to_owned()),
        }
    }
}

fn is_load_balancer(arn: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b":/-_".contains(&byte);
    arn.len() <= ARN_LIMIT
        && arn.bytes().all(plain)
        && Arn::parse(arn)
            .is_some_and(|arn| arn.service == "elasticloadbalancing" && arn.resource.starts_with("loadbalancer/"))
}

/// The ids of endpoint services that a text names anywhere.
pub(super) fn services_in(text: &str) -> BTreeSet<&str> {
    let words = text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '-'));
    words.filter(|word| EndpointService.names(word)).collect()
}

/// Whether a text names an endpoint anywhere.
pub(super) fn names_endpoint(text: &str) -> bool {
    let mut words = text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '-'));
    words.any(|word| Endpoint.names(word))
}

#[cfg(test)]
mod tests;
