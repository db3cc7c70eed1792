mod catalogue;
mod dns_servers;
mod hosted_zones;
mod parts;
mod resolve;
mod service;
mod sweep;
mod traffic;
mod vpc;

use std::collections::BTreeMap;

use postern_core::model::address::AddressType;
use postern_core::model::endpoint::{Endpoint, EndpointKind, EndpointState};
use postern_core::model::id::{AccountId, Zone};
use postern_core::model::part::Tags;
use postern_core::model::snapshot::Central;
use postern_core::model::snapshot::{
    IngressRule, IngressSource, Protocol, Route, RouteTable, RouteTarget, SecurityGroup, Subnet, SubnetClass, Vpc,
};
use postern_core::settings::{CentralEndpoints, Requirement, SubnetSelector, VpcSelector};
use postern_core::trigger::Target;

use super::*;
use crate::wire::{Cloud, Request};

const VPC: &str = "<vpcSet><item><vpcId>vpc-1</vpcId><ownerId>111122223333</ownerId><state>available</state>\
    <cidrBlock>10.0.0.0/16</cidrBlock><cidrBlockAssociationSet>\
    <item><cidrBlock>10.0.0.0/16</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item>\
    <item><cidrBlock>10.1.0.0/16</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item>\
    <item><cidrBlock>10.2.0.0/16</cidrBlock><cidrBlockState><state>disassociated</state></cidrBlockState></item>\
    </cidrBlockAssociationSet><ipv6CidrBlockAssociationSet><item><ipv6CidrBlock>2001:db8:1::/56</ipv6CidrBlock>\
    <ipv6CidrBlockState><state>associated</state></ipv6CidrBlockState></item></ipv6CidrBlockAssociationSet>\
    <tagSet><item><key>env</key><value>prod</value></item></tagSet></item></vpcSet>";

const SUPPORT: &str = "<vpcId>vpc-1</vpcId><enableDnsSupport><value>true</value></enableDnsSupport>";
const HOSTNAMES: &str = "<vpcId>vpc-1</vpcId><enableDnsHostnames><value>false</value></enableDnsHostnames>";
const BOTH: &str = "<enableDnsSupport><value>true</value></enableDnsSupport>\
    <enableDnsHostnames><value>false</value></enableDnsHostnames>";

fn account() -> AccountId {
    "111122223333".into()
}

fn region() -> Region {
    "eu-central-1".into()
}

fn parts(parts: &[Part]) -> BTreeSet<Part> {
    parts.iter().copied().collect()
}

async fn look(cloud: &Cloud, parts: &[Part]) -> Result<Option<VpcSnapshot>, ObserveError> {
    let parts = parts.iter().copied().collect();
    let vpc = ScopedResource::Vpc("vpc-1".into());
    let seen = cloud
        .session()
        .observe(&region(), &vpc, &parts, &Settings::default())
        .await;
    cloud.done();
    seen.map(|seen| {
        seen.map(|snapshot| match snapshot {
            Snapshot::Vpc(vpc) => vpc,
            Snapshot::Service(service) => panic!("{} is no VPC", service.service.id),
        })
    })
}

/// One part of a VPC for which EC2 answers this.
async fn look_at(part: Part, action: &str, content: &str) -> VpcSnapshot {
    let cloud = Cloud::new().on("DescribeVpcs", VPC).on(action, content);
    look(&cloud, &[part]).await.unwrap().unwrap()
}

fn empty_vpc() -> Cloud {
    Cloud::new()
        .on("DescribeVpcs", VPC)
        .on("DescribeVpcAttribute", BOTH)
        .on("DescribeVpcAttribute", BOTH)
        .on("DescribeSubnets", "<subnetSet/>")
        .on("DescribeRouteTables", "<routeTableSet/>")
        .on("DescribeVpcEndpoints", "<vpcEndpointSet/>")
        .on("DescribeSecurityGroups", "<securityGroupInfo/>")
        .on("DescribeVpcEndpointServices", "<serviceDetailSet/>")
        .on("DescribeNetworkAcls", "<networkAclSet/>")
}

fn subnet_item(id: &str, vpc: &str) -> String {
    format!(
        "<item><subnetId>{id}</subnetId><vpcId>{vpc}</vpcId><ownerId>111122223333</ownerId>\
         <availabilityZone>eu-central-1a</availabilityZone></item>"
    )
}
