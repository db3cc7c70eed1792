//! An endpoint service that somebody opened to everybody.

use std::slice;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{ServiceConfiguration, Tag, TagSpecification};

use crate::checks::{Check, check};
use crate::connections::{Connection, Connections};
use crate::error::{HarnessError, Result, While};
use crate::stack::{Moto, Process, environment, tool};

/// The account of the approved consumers, as the settings have it.
const APPROVED: &str = "222233334444";
/// The account of a consumer that nobody approved.
const UNAPPROVED: &str = "444455556666";

/// A load balancer with deletion protection in two subnets, and a healthy target behind it.
const LOAD_BALANCER: &str = r#"
aws() { "$0" --endpoint-url "$ENDPOINT" --output text elbv2 "$@"; }
set -e
balancer=$(aws create-load-balancer --name payments --type network --scheme internal --subnets "$1" "$2" \
    --query 'LoadBalancers[0].LoadBalancerArn')
aws modify-load-balancer-attributes --load-balancer-arn "$balancer" \
    --attributes Key=deletion_protection.enabled,Value=true >/dev/null
group=$(aws create-target-group --name payments --protocol TCP --port 443 --vpc-id "$3" --target-type ip \
    --query 'TargetGroups[0].TargetGroupArn')
aws register-targets --target-group-arn "$group" --targets Id=10.40.0.20,Port=443
aws create-listener --load-balancer-arn "$balancer" --protocol TCP --port 443 \
    --default-actions "Type=forward,TargetGroupArn=$group" >/dev/null
echo "$balancer"
"#;

/// The endpoint service `payments` with one approved consumer and one that is not, both connected.
#[derive(Clone, Debug)]
pub struct PublicService {
    pub id: String,
    pub approved: String,
    pub unapproved: String,
    /// Another endpoint of the approved consumer, which connects later.
    pub late: String,
}

impl PublicService {
    /// In a VPC of its own. Not public yet.
    pub async fn create(ec2: &Client, moto: &Moto, region: &str) -> Result<Self> {
        let (vpc, subnets) = network(ec2, region).await?;
        let mut variables = environment();
        variables.push(("ENDPOINT", format!("http://{}", moto.address())));
        let aws = tool("aws")?.display().to_string();
        let arguments = ["-c", LOAD_BALANCER, &aws, &subnets[0], &subnets[1], &vpc];
        let balancer = Process::start("sh", arguments, variables)?.finish().await?;
        let tag = Tag::builder().key("Name").value("payments").build();
        let tags = TagSpecification::builder()
            .resource_type("vpc-endpoint-service".into())
            .tags(tag);
        let created = ec2
            .create_vpc_endpoint_service_configuration()
            .network_load_balancer_arns(balancer.trim())
            .acceptance_required(true)
            .tag_specifications(tags.build())
            .send()
            .await
            .while_doing("creating an endpoint service")?;
        let id = created.service_configuration.and_then(|service| service.service_id);
        Ok(Self {
            id: id.ok_or_else(|| HarnessError::new("EC2 created an endpoint service without an id"))?,
            approved: "vpce-0aaaaaaaaaaaaaaa1".to_owned(),
            unapproved: "vpce-0bbbbbbbbbbbbbbb2".to_owned(),
            late: "vpce-0ccccccccccccccc3".to_owned(),
        })
    }

    /// Admits everybody without acceptance, and has both consumers connected.
    pub async fn open(&self, ec2: &Client, connections: &Connections) -> Result<()> {
        let doing = "opening an endpoint service";
        let approved = format!("arn:aws:iam::{APPROVED}:root");
        let permissions = ec2.modify_vpc_endpoint_service_permissions().service_id(&self.id);
        let permissions = permissions.add_allowed_principals("*").add_allowed_principals(approved);
        permissions.send().await.while_doing(doing)?;
        let configuration = ec2.modify_vpc_endpoint_service_configuration().service_id(&self.id);
        let configuration = configuration.acceptance_required(false);
        configuration.send().await.while_doing(doing)?;
        for (endpoint, owner) in [(&self.approved, APPROVED), (&self.unapproved, UNAPPROVED)] {
            connections.add(self.connection(endpoint, owner, "available"));
        }
        Ok(())
    }

    /// The approved consumer asks for another connection.
    pub fn connect(&self, connections: &Connections) {
        connections.add(self.connection(&self.late, APPROVED, "pendingAcceptance"));
    }

    fn connection(&self, endpoint: &str, owner: &str, state: &'static str) -> Connection {
        Connection {
            service: self.id.clone(),
            endpoint: endpoint.to_owned(),
            owner: owner.to_owned(),
            state,
        }
    }

    /// How the service is, in the same order each time.
    pub async fn check(&self, ec2: &Client, connections: &Connections) -> Result<Vec<Check>> {
        let doing = "looking at an endpoint service";
        let services = ec2.describe_vpc_endpoint_service_configurations().service_ids(&self.id);
        let services = services.send().await.while_doing(doing)?.service_configurations;
        let services = services.unwrap_or_default();
        let required = services.first().and_then(ServiceConfiguration::acceptance_required);
        let required = required.unwrap_or_default();
        let permissions = ec2.describe_vpc_endpoint_service_permissions().service_id(&self.id);
        let permissions = permissions.send().await.while_doing(doing)?.allowed_principals;
        let mut principals: Vec<_> = permissions
            .unwrap_or_default()
            .into_iter()
            .filter_map(|allowed| allowed.principal)
            .collect();
        principals.sort();
        let approved = format!("arn:aws:iam::{APPROVED}:root");
        let connection = |what, endpoint: &str, expected: &str| {
            let state = connections.state(endpoint).unwrap_or("none yet");
            check(what, state == expected, state)
        };
        Ok(vec![
            check(
                "Principals: the approved account only",
                principals == slice::from_ref(&approved),
                principals.join(", "),
            ),
            check(
                "New connections need acceptance",
                required,
                if required { "yes" } else { "no" },
            ),
            connection("Connection of the approved account", &self.approved, "available"),
            connection(
                "Connection of an account that is not approved",
                &self.unapproved,
                "rejected",
            ),
            connection("Later connection of the approved account", &self.late, "available"),
        ])
    }
}

/// A VPC with a subnet in each of two zones.
async fn network(ec2: &Client, region: &str) -> Result<(String, [String; 2])> {
    let doing = "creating the VPC of an endpoint service";
    let vpc = ec2
        .create_vpc()
        .cidr_block("10.40.0.0/16")
        .send()
        .await
        .while_doing(doing)?;
    let vpc = vpc.vpc.and_then(|vpc| vpc.vpc_id).unwrap_or_default();
    let subnet = async |letter: &str, cidr: &str| {
        let subnet = ec2.create_subnet().vpc_id(&vpc).cidr_block(cidr);
        let subnet = subnet.availability_zone(format!("{region}{letter}")).send().await;
        let subnet = subnet.while_doing(doing)?.subnet.and_then(|subnet| subnet.subnet_id);
        Ok::<_, HarnessError>(subnet.unwrap_or_default())
    };
    let subnets = [subnet("a", "10.40.0.0/24").await?, subnet("b", "10.40.1.0/24").await?];
    Ok((vpc, subnets))
}
