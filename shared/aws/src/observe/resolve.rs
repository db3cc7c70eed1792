//! Resolves the resource that an event names to its scope.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::Filter;
use futures_util::{StreamExt, stream};
use postern_core::model::id::{EndpointId, EndpointServiceId, Region, VpcId};
use postern_core::model::scope::ScopedResource;
use postern_core::trigger::Target;

use super::ObserveError;
use crate::describe::{self, filter, parse};
use crate::error::CallError;
use crate::session::Session;

/// The most values that a filter takes.
const FILTER_VALUES: usize = 200;

/// What a target resolves to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    Scope(ScopedResource),
    /// The VPC of a security group, and those with an endpoint that has the group.
    Vpcs(BTreeSet<VpcId>),
    /// The endpoint services that use a load balancer, often none.
    Services(BTreeSet<EndpointServiceId>),
    /// The resource no longer exists, and there is nothing to observe.
    Gone(String),
    /// Every scope of the Region: the resource no longer exists or was never known, but the VPC where it was may lack it.
    Region,
}

type Found = BTreeMap<String, VpcId>;

/// The IAM actions that resolving a target requires.
pub fn resolve_calls(target: &Target) -> &'static [&'static str] {
    match target {
        Target::Vpc(_) | Target::EndpointService(_) | Target::Region => &[],
        Target::Subnet(_) => &[describe::SUBNETS],
        Target::RouteTable(_) | Target::RouteTableAssociation(_) => &[describe::ROUTE_TABLES],
        Target::SecurityGroup(_) => &[describe::SECURITY_GROUPS, describe::NETWORK_INTERFACES],
        Target::NetworkAcl(_) => &[describe::NETWORK_ACLS],
        Target::Endpoint(_) | Target::ConnectedEndpoint(_) => &[describe::ENDPOINTS],
        Target::LoadBalancer(_) => &[describe::CONFIGURATIONS],
    }
}

impl Session {
    /// Resolves all targets in one round trip, with one call for each kind of target.
    pub async fn resolve(
        &self,
        region: &Region,
        targets: &[Target],
    ) -> BTreeMap<Target, Result<Resolution, ObserveError>> {
        let ec2 = &self.ec2(region);
        let ids = |pick: fn(&Target) -> Option<&str>| targets.iter().filter_map(pick).collect::<BTreeSet<_>>();
        let (subnets, tables, associations, groups, acls, endpoints, services) = tokio::join!(
            subnets(
                ec2,
                ids(|t| if let Target::Subnet(id) = t {
                    Some(id.as_str())
                } else {
                    None
                })
            ),
            tables(
                ec2,
                ids(|t| if let Target::RouteTable(id) = t {
                    Some(id.as_str())
                } else {
                    None
                })
            ),
            associations(
                ec2,
                ids(|t| if let Target::RouteTableAssociation(id) = t {
                    Some(id.as_str())
                } else {
                    None
                })
            ),
            groups(
                ec2,
                ids(|t| if let Target::SecurityGroup(id) = t {
                    Some(id.as_str())
                } else {
                    None
                })
            ),
            acls(
                ec2,
                ids(|t| if let Target::NetworkAcl(id) = t {
                    Some(id.as_str())
                } else {
                    None
                })
            ),
            endpoints(
                ec2,
                ids(|t| if let Target::Endpoint(id) | Target::ConnectedEndpoint(id) = t {
                    Some(id.as_str())
                } else {
                    None
                })
            ),
            services(
                ec2,
                ids(|t| if let Target::LoadBalancer(arn) = t {
                    Some(arn.as_str())
                } else {
                    None
                })
            ),
        );
        let failed = |id: &str, source: &CallError| ObserveError {
            target: format!("{id} in {region}"),
            source: source.clone(),
        };
        let gone = |what: &str, id: &str| Resolution::Gone(format!("{what} {id} no longer exists"));
        let resolution = |target: &Target| {
            let (found, id, otherwise) = match target {
                Target::Vpc(vpc) => return Ok(Resolution::Scope(ScopedResource::Vpc(vpc.clone()))),
                Target::EndpointService(service) => {
                    return Ok(Resolution::Scope(ScopedResource::EndpointService(service.clone())));
                }
                Target::LoadBalancer(arn) => {
                    return match &services {
                        Ok(found) => Ok(Resolution::Services(found.get(arn).cloned().unwrap_or_default())),
                        Err(source) => Err(failed(arn, source)),
                    };
                }
                Target::SecurityGroup(id) => {
                    return match &groups {
                        Ok(found) => Ok(found
                            .get(id.as_str())
                            .cloned()
                            .map_or_else(|| gone("security group", id.as_str()), Resolution::Vpcs)),
                        Err(source) => Err(failed(id.as_str(), source)),
                    };
                }
                Target::Region => return Ok(Resolution::Region),
                Target::Subnet(id) => (&subnets, id.as_str(), gone("subnet", id.as_str())),
                Target::RouteTable(id) => (&tables, id.as_str(), gone("route table", id.as_str())),
                Target::NetworkAcl(id) => (&acls, id.as_str(), gone("network ACL", id.as_str())),
                // Its subnet lives on, and now follows another route table.
                Target::RouteTableAssociation(id) => (&associations, id.as_str(), Resolution::Region),
                // Its VPC may lack it.
                Target::Endpoint(id) => (&endpoints, id.as_str(), Resolution::Region),
                // EC2 shows endpoints to their owner only.
                Target::ConnectedEndpoint(id) => {
                    let foreign = format!("endpoint {id} is one of another account, or no longer exists");
                    (&endpoints, id.as_str(), Resolution::Gone(foreign))
                }
            };
            match found {
                Ok(found) => Ok(found
                    .get(id)
                    .cloned()
                    .map_or(otherwise, |vpc| Resolution::Scope(ScopedResource::Vpc(vpc)))),
                Err(source) => Err(failed(id, source)),
            }
        };
        targets
            .iter()
            .map(|target| (target.clone(), resolution(target)))
            .collect()
    }
}

/// The VPC of each of these ids. `read` tells the ids and the VPC of an item of the answer.
async fn find<S>(
    call: &'static str,
    filter_name: &str,
    ids: BTreeSet<&str>,
    describe: impl AsyncFn(Vec<Filter>) -> Result<Vec<S>, CallError>,
    read: impl Fn(&S) -> (Vec<&str>, Option<&str>),
) -> Result<Found, CallError> {
    let found = find_all(call, filter_name, ids, describe, read).await?;
    let first = |(id, vpcs): (String, BTreeSet<VpcId>)| Some((id, vpcs.into_iter().next()?));
    Ok(found.into_iter().filter_map(first).collect())
}

/// The same where items of several VPCs may have one id.
async fn find_all<S>(
    call: &'static str,
    filter_name: &str,
    ids: BTreeSet<&str>,
    describe: impl AsyncFn(Vec<Filter>) -> Result<Vec<S>, CallError>,
    read: impl Fn(&S) -> (Vec<&str>, Option<&str>),
) -> Result<BTreeMap<String, BTreeSet<VpcId>>, CallError> {
    let mut found: BTreeMap<String, BTreeSet<VpcId>> = BTreeMap::new();
    let ids: Vec<_> = ids.into_iter().collect();
    for ids in ids.chunks(FILTER_VALUES) {
        for item in describe(vec![filter(filter_name, ids.iter().copied())]).await? {
            let (ids, vpc) = read(&item);
            let vpc = parse::vpc_of(call, vpc)?;
            for id in ids {
                found.entry(id.to_owned()).or_default().insert(vpc.clone());
            }
        }
    }
    Ok(found)
}

async fn subnets(ec2: &Client, ids: BTreeSet<&str>) -> Result<Found, CallError> {
    let describe = async |filters| describe::subnets(ec2, filters).await;
    find(describe::SUBNETS, "subnet-id", ids, describe, |subnet| {
        (subnet.subnet_id().into_iter().collect(), subnet.vpc_id())
    })
    .await
}

async fn tables(ec2: &Client, ids: BTreeSet<&str>) -> Result<Found, CallError> {
    let describe = async |filters| describe::route_tables(ec2, filters).await;
    find(describe::ROUTE_TABLES, "route-table-id", ids, describe, |table| {
        (table.route_table_id().into_iter().collect(), table.vpc_id())
    })
    .await
}

async fn associations(ec2: &Client, ids: BTreeSet<&str>) -> Result<Found, CallError> {
    let describe = async |filters| describe::route_tables(ec2, filters).await;
    let name = "association.route-table-association-id";
    find(describe::ROUTE_TABLES, name, ids, describe, |table| {
        let ids = table
            .associations()
            .iter()
            .filter_map(|a| a.route_table_association_id());
        (ids.collect(), table.vpc_id())
    })
    .await
}

/// The VPC of each group, and the VPCs of endpoints that have it: a group may be associated with several VPCs
/// ([AssociateSecurityGroupVpc](https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateSecurityGroupVpc.html)).
/// Where the role may not list network interfaces, sweeps find what concerns the endpoints of other VPCs.
async fn groups(ec2: &Client, ids: BTreeSet<&str>) -> Result<BTreeMap<String, BTreeSet<VpcId>>, CallError> {
    let own = async |filters| describe::security_groups(ec2, filters).await;
    let of_endpoints = async |mut filters: Vec<Filter>| {
        filters.push(filter("interface-type", [describe::OF_ENDPOINT]));
        match describe::network_interfaces(ec2, filters).await {
            Err(error) if error.denied() => Ok(Vec::new()),
            found => found,
        }
    };
    let (own, used) = tokio::try_join!(
        find(describe::SECURITY_GROUPS, "group-id", ids.clone(), own, |group| {
            (group.group_id().into_iter().collect(), group.vpc_id())
        }),
        find_all(
            describe::NETWORK_INTERFACES,
            "group-id",
            ids,
            of_endpoints,
            |interface| {
                let groups = interface.groups().iter().filter_map(|group| group.group_id());
                (groups.collect(), interface.vpc_id())
            }
        ),
    )?;
    let vpcs = own.into_iter().map(|(group, vpc)| {
        let mut vpcs = used.get(&group).cloned().unwrap_or_default();
        vpcs.insert(vpc);
        (group, vpcs)
    });
    Ok(vpcs.collect())
}

async fn acls(ec2: &Client, ids: BTreeSet<&str>) -> Result<Found, CallError> {
    let describe = async |filters| describe::network_acls(ec2, filters).await;
    find(describe::NETWORK_ACLS, "network-acl-id", ids, describe, |acl| {
        (acl.network_acl_id().into_iter().collect(), acl.vpc_id())
    })
    .await
}

/// The services that use each of these load balancers. AWS has no filter for that.
async fn services(
    ec2: &Client,
    balancers: BTreeSet<&str>,
) -> Result<BTreeMap<String, BTreeSet<EndpointServiceId>>, CallError> {
    let mut found: BTreeMap<String, BTreeSet<EndpointServiceId>> = BTreeMap::new();
    if balancers.is_empty() {
        return Ok(found);
    }
    for service in describe::configurations(ec2, Vec::new()).await? {
        let used = service.network_load_balancer_arns().iter();
        let used = used.chain(service.gateway_load_balancer_arns());
        for arn in used.filter(|arn| balancers.contains(arn.as_str())) {
            let ids = found.entry(arn.clone()).or_default();
            ids.extend(service.service_id().map(EndpointServiceId::from));
        }
    }
    Ok(found)
}

/// All at once; one by one where that fails because one of them is gone, or is no id of an endpoint.
async fn endpoints(ec2: &Client, ids: BTreeSet<&str>) -> Result<Found, CallError> {
    if ids.is_empty() {
        return Ok(Found::new());
    }
    let unknown = |error: &CallError| error.not_found() || error.is(&["InvalidVpcEndpointId.Malformed"]);
    let ids: Vec<EndpointId> = ids.into_iter().map(EndpointId::from).collect();
    let answers = match describe::endpoints_by_id(ec2, &ids).await {
        Err(error) if unknown(&error) && ids.len() > 1 => {
            let each = stream::iter(&ids).map(async |id| describe::endpoints_by_id(ec2, [id]).await);
            each.buffer_unordered(describe::CONCURRENT_CALLS).collect().await
        }
        answer => vec![answer],
    };
    let mut found = Found::new();
    for answer in answers {
        let endpoints = match answer {
            Err(error) if unknown(&error) => continue,
            answer => answer?,
        };
        for endpoint in endpoints {
            let vpc = parse::vpc_of(describe::ENDPOINTS, endpoint.vpc_id())?;
            found.extend(endpoint.vpc_endpoint_id().map(|id| (id.to_owned(), vpc)));
        }
    }
    Ok(found)
}
