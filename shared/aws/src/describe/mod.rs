//! EC2's describe calls: all pages of each, and what is read from their answers.

mod catalogue;
mod paging;
pub(crate) mod parse;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{
    AllowedPrincipal, Filter, NetworkAcl, NetworkInterface, RouteTable, SecurityGroup, ServiceConfiguration,
    ServiceDetail, Subnet, Vpc, VpcAttributeName, VpcEndpoint, VpcEndpointConnection,
};
use postern_core::changes::DnsAttribute;
use postern_core::model::id::{EndpointId, EndpointServiceId, Region, ServiceName, VpcId};

pub(crate) use self::catalogue::Catalogues;
pub(crate) use self::paging::filter;
use self::paging::{PAGE, ROUTE_TABLE_PAGE, all_pages};
use crate::error::CallError;

/// How many calls are sent at the same time where one call takes one resource only.
pub(crate) const CONCURRENT_CALLS: usize = 4;

/// The type of the network interfaces of interface endpoints
/// ([DescribeNetworkInterfaces](https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html)).
pub(crate) const OF_ENDPOINT: &str = "vpc_endpoint";

pub(crate) const VPCS: &str = "ec2:DescribeVpcs";
pub(crate) const VPC_ATTRIBUTE: &str = "ec2:DescribeVpcAttribute";
pub(crate) const SUBNETS: &str = "ec2:DescribeSubnets";
pub(crate) const ROUTE_TABLES: &str = "ec2:DescribeRouteTables";
pub(crate) const ENDPOINTS: &str = "ec2:DescribeVpcEndpoints";
pub(crate) const SECURITY_GROUPS: &str = "ec2:DescribeSecurityGroups";
pub(crate) const NETWORK_ACLS: &str = "ec2:DescribeNetworkAcls";
pub(crate) const NETWORK_INTERFACES: &str = "ec2:DescribeNetworkInterfaces";
pub(crate) const SERVICES: &str = "ec2:DescribeVpcEndpointServices";
pub(crate) const CONFIGURATIONS: &str = "ec2:DescribeVpcEndpointServiceConfigurations";
pub(crate) const PERMISSIONS: &str = "ec2:DescribeVpcEndpointServicePermissions";
pub(crate) const CONNECTIONS: &str = "ec2:DescribeVpcEndpointConnections";

/// A describe call whose request takes filters, without any: everything in the Region.
macro_rules! list {
    ($name:ident, $call:ident, $page:expr, $items:ident, $item:ty, $const:ident) => {
        pub(crate) async fn $name(ec2: &Client, filters: Vec<Filter>) -> Result<Vec<$item>, CallError> {
            all_pages($const, async |token| {
                let request = ec2.$call().max_results($page).set_next_token(token);
                let request = match filters.is_empty() {
                    true => request,
                    false => request.set_filters(Some(filters.clone())),
                };
                let answer = request.send().await?;
                Ok((answer.$items.unwrap_or_default(), answer.next_token))
            })
            .await
        }
    };
}

list!(vpcs, describe_vpcs, PAGE, vpcs, Vpc, VPCS);
list!(subnets, describe_subnets, PAGE, subnets, Subnet, SUBNETS);
list!(
    route_tables,
    describe_route_tables,
    ROUTE_TABLE_PAGE,
    route_tables,
    RouteTable,
    ROUTE_TABLES
);
list!(
    endpoints,
    describe_vpc_endpoints,
    PAGE,
    vpc_endpoints,
    VpcEndpoint,
    ENDPOINTS
);
list!(
    security_groups,
    describe_security_groups,
    PAGE,
    security_groups,
    SecurityGroup,
    SECURITY_GROUPS
);
list!(
    network_acls,
    describe_network_acls,
    PAGE,
    network_acls,
    NetworkAcl,
    NETWORK_ACLS
);
list!(
    network_interfaces,
    describe_network_interfaces,
    PAGE,
    network_interfaces,
    NetworkInterface,
    NETWORK_INTERFACES
);
list!(
    services,
    describe_vpc_endpoint_services,
    PAGE,
    service_details,
    ServiceDetail,
    SERVICES
);

/// The forms of a service, which must exist: of this Region, or of another one.
pub(crate) async fn service_by_name(
    ec2: &Client,
    name: &ServiceName,
    region: Option<&Region>,
) -> Result<Vec<ServiceDetail>, CallError> {
    all_pages(SERVICES, async |token| {
        let request = ec2.describe_vpc_endpoint_services().service_names(name.as_str());
        let regions = region.map(|region| vec![region.as_str().to_owned()]);
        let request = request.set_service_regions(regions).set_next_token(token);
        let answer = request.send().await?;
        Ok((answer.service_details.unwrap_or_default(), answer.next_token))
    })
    .await
}

list!(
    configurations,
    describe_vpc_endpoint_service_configurations,
    PAGE,
    service_configurations,
    ServiceConfiguration,
    CONFIGURATIONS
);
list!(
    connections,
    describe_vpc_endpoint_connections,
    PAGE,
    vpc_endpoint_connections,
    VpcEndpointConnection,
    CONNECTIONS
);

/// Who may connect to an endpoint service.
pub(crate) async fn permissions(ec2: &Client, service: &EndpointServiceId) -> Result<Vec<AllowedPrincipal>, CallError> {
    all_pages(PERMISSIONS, async |token| {
        let answer = ec2
            .describe_vpc_endpoint_service_permissions()
            .service_id(service.as_str())
            .max_results(PAGE)
            .set_next_token(token)
            .send()
            .await?;
        Ok((answer.allowed_principals.unwrap_or_default(), answer.next_token))
    })
    .await
}

/// By ids, of which each must exist.
pub(crate) async fn endpoints_by_id<'a>(
    ec2: &Client,
    ids: impl IntoIterator<Item = &'a EndpointId>,
) -> Result<Vec<VpcEndpoint>, CallError> {
    let ids: Vec<_> = ids.into_iter().map(|id| id.as_str().to_owned()).collect();
    all_pages(ENDPOINTS, async |token| {
        let answer = ec2
            .describe_vpc_endpoints()
            .set_vpc_endpoint_ids(Some(ids.clone()))
            .set_next_token(token)
            .send()
            .await?;
        Ok((answer.vpc_endpoints.unwrap_or_default(), answer.next_token))
    })
    .await
}

pub(crate) async fn dns_attribute(ec2: &Client, vpc: &VpcId, attribute: DnsAttribute) -> Result<bool, CallError> {
    let name = match attribute {
        DnsAttribute::Support => VpcAttributeName::EnableDnsSupport,
        DnsAttribute::Hostnames => VpcAttributeName::EnableDnsHostnames,
    };
    let answer = ec2
        .describe_vpc_attribute()
        .vpc_id(vpc.as_str())
        .attribute(name)
        .send()
        .await
        .map_err(|error| CallError::new(VPC_ATTRIBUTE, error))?;
    let value = match attribute {
        DnsAttribute::Support => answer.enable_dns_support,
        DnsAttribute::Hostnames => answer.enable_dns_hostnames,
    };
    value
        .and_then(|value| value.value)
        .ok_or_else(|| CallError::unreadable(VPC_ATTRIBUTE, format!("the answer for {vpc} does not tell {attribute}")))
}
