//! The EC2 calls that start a run, and the fields of their events that name the resources.

use std::collections::BTreeSet;

use super::Target;
use super::body::{Body, flag};

use Kind::{Association, Endpoint, RouteTable, SecurityGroup, Subnet, Vpc};

/// Longer than any identifier of EC2.
const ID_LIMIT: usize = 64;

/// A call, and the fields of its event that name targets. The first field with a valid id is used, so that the most
/// specific comes first.
pub(super) struct Call {
    pub(super) name: &'static str,
    fields: &'static [TargetField],
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
    Endpoint,
}

/// Sorted by name. These matter where they failed.
static FAILED_CALLS: &[Call] = &[
    call("DeleteSubnet", &[request("subnetId", Subnet)]),
    call("DeleteVpc", &[request("vpcId", Vpc)]),
];

/// Sorted by name.
static CALLS: &[Call] = &[
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
        "AssociateVpcCidrBlock",
        &[request("vpcId", Vpc), response("vpcId", Vpc)],
    ),
    call("AttachInternetGateway", &[request("vpcId", Vpc)]),
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
    // Its routes remain as blackholes, in tables that the event does not name.
    call("DeleteNatGateway", &[]),
    call("DeleteRoute", &[request("routeTableId", RouteTable)]),
    call("DeleteTags", TAGGED),
    call("DeleteVpcEndpoints", &[request("vpcEndpointId", Endpoint)]),
    call("DetachInternetGateway", &[request("vpcId", Vpc)]),
    call("DisableVgwRoutePropagation", &[request("routeTableId", RouteTable)]),
    call("DisassociateRouteTable", &[request("associationId", Association)]),
    call(
        "DisassociateSecurityGroupVpc",
        &[request("vpcId", Vpc), request("groupId", SecurityGroup)],
    ),
    call("DisassociateVpcCidrBlock", &[response("vpcId", Vpc)]),
    call("EnableVgwRoutePropagation", &[request("routeTableId", RouteTable)]),
    // The groups and route tables that refer to it are not known.
    call("ModifyManagedPrefixList", &[]),
    call("ModifySecurityGroupRules", &[request("groupId", SecurityGroup)]),
    call("ModifyVpcAttribute", &[request("vpcId", Vpc)]),
    call("ModifyVpcEndpoint", &[request("vpcEndpointId", Endpoint)]),
    // Of an endpoint service of the same account. A provider's own account has the event otherwise.
    call("RejectVpcEndpointConnections", &[request("vpcEndpointId", Endpoint)]),
    call("ReplaceRoute", &[request("routeTableId", RouteTable)]),
    call(
        "ReplaceRouteTableAssociation",
        &[
            request("routeTableId", RouteTable),
            response("newAssociationId", Association),
            request("associationId", Association),
        ],
    ),
    call(
        "RevokeSecurityGroupIngress",
        &[
            request("groupId", SecurityGroup),
            response("revokedSecurityGroupRuleSet.groupId", SecurityGroup),
        ],
    ),
];

/// A call may tag resources of several kinds.
const TAGGED: &[TargetField] = &[
    request("resourcesSet.resourceId", Vpc),
    request("resourcesSet.resourceId", Subnet),
    request("resourcesSet.resourceId", RouteTable),
    request("resourcesSet.resourceId", Endpoint),
];

/// The calls that tag resources, or take tags away.
pub const TAG_CALLS: &[&str] = &["CreateTags", "DeleteTags"];

const fn call(name: &'static str, fields: &'static [TargetField]) -> Call {
    Call { name, fields }
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

/// The watched call of that name.
pub(super) fn find(name: &str) -> Option<&'static Call> {
    CALLS.iter().find(|call| call.name == name)
}

/// The call of that name that is watched for its failure.
pub(super) fn find_failed(name: &str) -> Option<&'static Call> {
    FAILED_CALLS.iter().find(|call| call.name == name)
}

impl Call {
    /// The targets of the event of a successful call: the whole Region if it names none. None if the response says that
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
        for field in self.fields {
            let body = match field.part {
                Part::Request => request,
                Part::Response => response,
            };
            let ids: BTreeSet<String> = body
                .texts(field.path)
                .into_iter()
                .filter(|id| field.kind.names(id))
                .collect();
            if ids.is_empty() {
                continue;
            }
            let targets: Vec<Target> = ids.difference(&unsuccessful).map(|id| field.kind.target(id)).collect();
            return (!targets.is_empty()).then_some(targets);
        }
        Some(vec![Target::Region])
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
            Endpoint => "vpce-",
        }
    }

    /// Whether a text can be the identifier of such a thing and of nothing worse.
    fn names(self, id: &str) -> bool {
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
            Endpoint => Target::Endpoint(id.into()),
        }
    }
}

#[cfg(test)]
mod tests;
