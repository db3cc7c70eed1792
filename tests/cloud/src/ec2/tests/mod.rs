//! Each fact about EC2 that the product relies on, through the real client.

mod dependencies;
mod endpoints;
mod limits;
mod lists;
mod services;

use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::retry::RetryConfig;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::types::{
    AttributeBooleanValue, Filter, IpPermission, IpRange, ResourceType, Tag, TagSpecification, VpcEndpointType,
};

use crate::world::{DefaultRoute, EndpointState, NewEndpoint, World, rule};
use crate::{ACCOUNT, Cloud, Fault, Faults, OTHER_ACCOUNT};

const CALLER: &str = "arn:aws:iam::111122223333:role/tester";
const STS: &str = "com.amazonaws.eu-central-1.sts";
const S3: &str = "com.amazonaws.eu-central-1.s3";
const OPEN: &str = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;

/// A VPC with both attributes, with two subnets in zone a and one in b.
struct Setup {
    cloud: Cloud,
    ec2: Client,
    vpc: String,
    a: String,
    a2: String,
    b: String,
    table: String,
}

fn setup() -> Setup {
    setup_of(1)
}

fn setup_of(seed: u64) -> Setup {
    let cloud = Cloud::new(seed);
    let ec2 = Client::new(&cloud.config(CALLER));
    let (vpc, table, [a, a2, b]) = cloud.edit(|world| {
        let vpc = world.add_vpc("10.0.0.0/16");
        world.edit_vpc(&vpc, |vpc| vpc.dns_hostnames = true);
        let table = world.add_route_table(&vpc, DefaultRoute::Nat);
        let subnets = [("a", 1), ("a", 2), ("b", 3)]
            .map(|(letter, n)| world.add_subnet(&vpc, letter, &format!("10.0.{n}.0/24"), Some(&table)));
        (vpc, table, subnets)
    });
    Setup {
        cloud,
        ec2,
        vpc,
        a,
        a2,
        b,
        table,
    }
}

impl Setup {
    fn create(
        &self,
        service: &str,
    ) -> aws_sdk_ec2::operation::create_vpc_endpoint::builders::CreateVpcEndpointFluentBuilder {
        let request = self.ec2.create_vpc_endpoint().vpc_id(&self.vpc).service_name(service);
        request.vpc_endpoint_type(VpcEndpointType::Interface)
    }

    async fn state_of(&self, id: &str) -> Option<String> {
        let answer = self
            .ec2
            .describe_vpc_endpoints()
            .vpc_endpoint_ids(id)
            .send()
            .await
            .ok()?;
        let endpoint = answer.vpc_endpoints().first()?;
        Some(endpoint.state()?.as_str().to_lowercase())
    }
}

/// Code and message of the error.
fn error_of<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug, R: std::fmt::Debug>(
    answer: Result<T, SdkError<E, R>>,
) -> (String, String) {
    let error = answer.unwrap_err();
    let service = error
        .as_service_error()
        .unwrap_or_else(|| panic!("no service error: {error:?}"));
    (
        service.code().unwrap_or_default().to_owned(),
        service.message().unwrap_or_default().to_owned(),
    )
}

async fn later(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}
