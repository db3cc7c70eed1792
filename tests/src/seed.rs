//! A VPC as one finds it: grown for years, and changed again this morning.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{
    AttributeBooleanValue, ConnectivityType, IpPermission, IpRange, ResourceType, Tag, TagSpecification,
    VpcEndpointType,
};

use crate::error::{HarnessError, Result, While};

const APP_A: &str = "10.20.10.0/24";
const APP_B: &str = "10.20.11.0/24";
const APP_C: &str = "10.20.12.0/24";

/// Keeps principals outside the organisation out, but lets ours write to any bucket.
const LEAKY: &str = r#"{
    "Version": "2012-10-17",
    "Statement": [{
        "Sid": "OnlyOurOrganisation",
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}
    }]
}"#;

/// 10.20.0.0/16 with everything wrong that Postern repairs:
/// - DNS hostnames are off;
/// - `app-c` is new, and no endpoint serves its zone;
/// - the endpoint to STS has the allow-all policy, and its security group admits 443 from another network only;
/// - the endpoint to Secrets Manager is missing;
/// - the gateway endpoint to S3 has a policy that looks closed and is not, and is not on the route table of `app-c`.
#[derive(Clone, Debug)]
pub struct FaultyVpc {
    pub region: String,
    pub id: String,
    pub public_a: String,
    pub app_a: String,
    pub app_b: String,
    pub app_c: String,
    /// The route table of `app_a` and `app_b`.
    pub private_ab: String,
    /// The route table of `app_c`.
    pub private_c: String,
    /// The security group of the endpoint to STS.
    pub group: String,
    pub sts: String,
    pub s3: String,
}

impl FaultyVpc {
    pub async fn create(ec2: &Client, region: &str) -> Result<Self> {
        Seed { ec2, region }.vpc().await
    }

    /// Such as `us-east-1c`.
    pub fn zone(&self, letter: &str) -> String {
        format!("{}{letter}", self.region)
    }

    /// The networks of the subnets that need endpoints.
    pub fn app_cidrs(&self) -> [&'static str; 3] {
        [APP_A, APP_B, APP_C]
    }

    pub fn service(&self, name: &str) -> String {
        service(&self.region, name)
    }
}

fn service(region: &str, name: &str) -> String {
    format!("com.amazonaws.{region}.{name}")
}

struct Seed<'a> {
    ec2: &'a Client,
    region: &'a str,
}

impl Seed<'_> {
    async fn vpc(&self) -> Result<FaultyVpc> {
        let vpc = self.ec2.create_vpc().cidr_block("10.20.0.0/16");
        let vpc = vpc
            .tag_specifications(tags(ResourceType::Vpc, "shop"))
            .send()
            .await
            .while_doing("creating a VPC")?;
        let vpc = id(vpc.vpc.and_then(|vpc| vpc.vpc_id))?;
        self.no_hostnames(&vpc).await?;

        let public_a = self.subnet(&vpc, "public-a", "a", "10.20.0.0/24").await?;
        let app_a = self.subnet(&vpc, "app-a", "a", APP_A).await?;
        let app_b = self.subnet(&vpc, "app-b", "b", APP_B).await?;
        let app_c = self.subnet(&vpc, "app-c", "c", APP_C).await?;

        let gateway = self.internet_gateway(&vpc).await?;
        let public = self.route_table(&vpc, "public", &[&public_a]).await?;
        let request = self
            .ec2
            .create_route()
            .route_table_id(&public)
            .destination_cidr_block("0.0.0.0/0");
        request
            .gateway_id(&gateway)
            .send()
            .await
            .while_doing("creating the public route")?;

        let nat = self.nat_gateway(&public_a).await?;
        let private_ab = self.route_table(&vpc, "private-ab", &[&app_a, &app_b]).await?;
        let private_c = self.route_table(&vpc, "private-c", &[&app_c]).await?;
        for table in [&private_ab, &private_c] {
            let request = self
                .ec2
                .create_route()
                .route_table_id(table)
                .destination_cidr_block("0.0.0.0/0");
            request
                .nat_gateway_id(&nat)
                .send()
                .await
                .while_doing("creating a private route")?;
        }

        let group = self.group(&vpc).await?;
        let sts = self
            .ec2
            .create_vpc_endpoint()
            .vpc_id(&vpc)
            .vpc_endpoint_type(VpcEndpointType::Interface);
        let sts = sts
            .service_name(service(self.region, "sts"))
            .subnet_ids(&app_a)
            .subnet_ids(&app_b)
            .security_group_ids(&group)
            .private_dns_enabled(true)
            .tag_specifications(tags(ResourceType::VpcEndpoint, "sts"));
        let sts = sts.send().await.while_doing("creating the endpoint to STS")?;
        let s3 = self
            .ec2
            .create_vpc_endpoint()
            .vpc_id(&vpc)
            .vpc_endpoint_type(VpcEndpointType::Gateway);
        let s3 = s3
            .service_name(service(self.region, "s3"))
            .route_table_ids(&private_ab)
            .policy_document(LEAKY)
            .tag_specifications(tags(ResourceType::VpcEndpoint, "s3"));
        let s3 = s3.send().await.while_doing("creating the endpoint to S3")?;
        Ok(FaultyVpc {
            region: self.region.to_owned(),
            id: vpc,
            public_a,
            app_a,
            app_b,
            app_c,
            private_ab,
            private_c,
            group,
            sts: id(sts.vpc_endpoint.and_then(|endpoint| endpoint.vpc_endpoint_id))?,
            s3: id(s3.vpc_endpoint.and_then(|endpoint| endpoint.vpc_endpoint_id))?,
        })
    }

    async fn no_hostnames(&self, vpc: &str) -> Result<()> {
        let off = AttributeBooleanValue::builder().value(false).build();
        let request = self.ec2.modify_vpc_attribute().vpc_id(vpc).enable_dns_hostnames(off);
        request.send().await.while_doing("switching DNS hostnames off")?;
        Ok(())
    }

    async fn subnet(&self, vpc: &str, name: &str, letter: &str, cidr: &str) -> Result<String> {
        let zone = format!("{}{letter}", self.region);
        let request = self
            .ec2
            .create_subnet()
            .vpc_id(vpc)
            .availability_zone(zone)
            .cidr_block(cidr);
        let request = request.tag_specifications(tags(ResourceType::Subnet, name));
        let answer = request.send().await.while_doing("creating a subnet")?;
        id(answer.subnet.and_then(|subnet| subnet.subnet_id))
    }

    async fn internet_gateway(&self, vpc: &str) -> Result<String> {
        let answer = self.ec2.create_internet_gateway().send().await;
        let answer = answer.while_doing("creating an internet gateway")?;
        let gateway = id(answer.internet_gateway.and_then(|gateway| gateway.internet_gateway_id))?;
        let request = self
            .ec2
            .attach_internet_gateway()
            .vpc_id(vpc)
            .internet_gateway_id(&gateway);
        request.send().await.while_doing("attaching the internet gateway")?;
        Ok(gateway)
    }

    async fn nat_gateway(&self, subnet: &str) -> Result<String> {
        let request = self
            .ec2
            .create_nat_gateway()
            .subnet_id(subnet)
            .connectivity_type(ConnectivityType::Private);
        let answer = request.send().await.while_doing("creating a NAT gateway")?;
        id(answer.nat_gateway.and_then(|gateway| gateway.nat_gateway_id))
    }

    async fn route_table(&self, vpc: &str, name: &str, subnets: &[&String]) -> Result<String> {
        let request = self.ec2.create_route_table().vpc_id(vpc);
        let request = request.tag_specifications(tags(ResourceType::RouteTable, name));
        let answer = request.send().await.while_doing("creating a route table")?;
        let table = id(answer.route_table.and_then(|table| table.route_table_id))?;
        for subnet in subnets {
            let request = self
                .ec2
                .associate_route_table()
                .route_table_id(&table)
                .subnet_id(*subnet);
            request.send().await.while_doing("associating a route table")?;
        }
        Ok(table)
    }

    async fn group(&self, vpc: &str) -> Result<String> {
        let request = self
            .ec2
            .create_security_group()
            .vpc_id(vpc)
            .group_name("legacy-endpoints");
        let request = request.description("Endpoints, for a subnet that is gone");
        let answer = request.send().await.while_doing("creating a security group")?;
        let group = id(answer.group_id)?;
        let https = IpPermission::builder().ip_protocol("tcp").from_port(443).to_port(443);
        let https = https
            .ip_ranges(IpRange::builder().cidr_ip("10.20.99.0/24").build())
            .build();
        let request = self
            .ec2
            .authorize_security_group_ingress()
            .group_id(&group)
            .ip_permissions(https);
        request.send().await.while_doing("opening the security group")?;
        Ok(group)
    }
}

fn tags(resource: ResourceType, name: &str) -> TagSpecification {
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    TagSpecification::builder()
        .resource_type(resource)
        .tags(tag("Name", name))
        .tags(tag("env", "prod"))
        .build()
}

fn id(id: Option<String>) -> Result<String> {
    id.ok_or_else(|| HarnessError::new("EC2 created something without an id"))
}
