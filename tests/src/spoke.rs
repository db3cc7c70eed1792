//! A VPC that uses the endpoint of another one, the hub.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{AttributeBooleanValue, IpPermission, IpRange, ResourceType, Tag, TagSpecification};
use serde_json::json;

use crate::envelope::Envelope;
use crate::error::{HarnessError, Result, While};
use crate::stack::{ACCOUNT, Ministack, Process, environment, tool};

const HUB: &str = "10.50.0.0/24";
const SPOKE: &str = "10.51.0.0/24";

/// A private hosted zone with the name of KMS, associated with the spoke, whose record leads to the endpoint.
const HOSTED_ZONE: &str = r#"
aws() { "$0" --endpoint-url "$ENDPOINT" --output text route53 "$@"; }
set -e
zone=$(aws create-hosted-zone --name "$1" --caller-reference spoke --vpc "VPCRegion=$2,VPCId=$3" \
    --query HostedZone.Id)
aws change-resource-record-sets --hosted-zone-id "$zone" --change-batch '{"Changes": [{"Action": "CREATE",
    "ResourceRecordSet": {"Name": "'"$1"'", "Type": "A", "AliasTarget":
        {"HostedZoneId": "Z7HUB22UULQXV", "DNSName": "'"$4"'", "EvaluateTargetHealth": false}}}]}'
"#;

/// A spoke that reaches the endpoint to KMS of its hub by a peering connection.
#[derive(Clone, Debug)]
pub struct Spoke {
    region: String,
    pub id: String,
    pub hub: String,
    /// In the hub.
    pub endpoint: String,
    subnet: String,
    route_table: String,
    peering: String,
}

impl Spoke {
    pub async fn create(ec2: &Client, ministack: &Ministack, region: &str) -> Result<Self> {
        let network = Network { ec2, region };
        let [hub, spoke] = [network.vpc("hub", HUB).await?, network.vpc("spoke", SPOKE).await?];
        let peering = network.peering(&spoke, &hub).await?;
        network.route(&hub.route_table, SPOKE, &peering).await?;
        let endpoint = network.endpoint(&hub).await?;
        let name = format!("kms.{region}.amazonaws.com");
        let target = format!("{endpoint}-0a1b2c3d.kms.{region}.vpce.amazonaws.com");
        let mut variables = environment();
        variables.push(("ENDPOINT", ministack.url()));
        let aws = tool("aws")?.display().to_string();
        let arguments = ["-c", HOSTED_ZONE, &aws, &name, region, &spoke.id, &target];
        Process::start("sh", arguments, variables)?.finish().await?;
        let spoke = Self {
            region: region.to_owned(),
            id: spoke.id,
            hub: hub.id,
            endpoint,
            subnet: spoke.subnet,
            route_table: spoke.route_table,
            peering,
        };
        spoke.connect(ec2).await?;
        Ok(spoke)
    }

    /// Adds the route to the hub. Gives the event of it.
    pub async fn connect(&self, ec2: &Client) -> Result<Envelope> {
        let network = Network {
            ec2,
            region: &self.region,
        };
        network.route(&self.route_table, HUB, &self.peering).await?;
        Ok(self.event("CreateRoute"))
    }

    /// Deletes the route to the hub. Gives the event of it.
    pub async fn disconnect(&self, ec2: &Client) -> Result<Envelope> {
        let delete = ec2.delete_route().route_table_id(&self.route_table);
        let delete = delete.destination_cidr_block(HUB).send();
        delete.await.while_doing("deleting a route")?;
        Ok(self.event("DeleteRoute"))
    }

    /// The route table was associated with the subnet.
    pub fn associated(&self) -> Envelope {
        Envelope::associate_route_table(&self.region, &self.route_table, &self.subnet)
    }

    fn event(&self, call: &str) -> Envelope {
        let request = json!({"routeTableId": self.route_table, "destinationCidrBlock": HUB});
        Envelope::of_call(&self.region, call, request, json!({"_return": true}))
    }
}

struct Network<'a> {
    ec2: &'a Client,
    region: &'a str,
}

/// A VPC with a subnet and its route table.
struct Vpc {
    id: String,
    subnet: String,
    route_table: String,
}

impl Network<'_> {
    async fn vpc(&self, role: &str, cidr: &str) -> Result<Vpc> {
        let doing = format!("creating the VPC of a {role}");
        let tag = Tag::builder().key("role").value(role).build();
        let tags = TagSpecification::builder().resource_type(ResourceType::Vpc).tags(tag);
        let vpc = self.ec2.create_vpc().cidr_block(cidr).tag_specifications(tags.build());
        let vpc = vpc.send().await.while_doing(&doing)?.vpc.and_then(|vpc| vpc.vpc_id);
        let vpc = created(vpc)?;
        let on = AttributeBooleanValue::builder().value(true).build();
        let hostnames = self.ec2.modify_vpc_attribute().vpc_id(&vpc).enable_dns_hostnames(on);
        hostnames.send().await.while_doing(&doing)?;
        let subnet = self.ec2.create_subnet().vpc_id(&vpc).cidr_block(cidr);
        let subnet = subnet.availability_zone(format!("{}a", self.region)).send().await;
        let subnet = created(subnet.while_doing(&doing)?.subnet.and_then(|subnet| subnet.subnet_id))?;
        let table = self
            .ec2
            .create_route_table()
            .vpc_id(&vpc)
            .send()
            .await
            .while_doing(&doing)?;
        let table = created(table.route_table.and_then(|table| table.route_table_id))?;
        let associate = self
            .ec2
            .associate_route_table()
            .route_table_id(&table)
            .subnet_id(&subnet);
        associate.send().await.while_doing(&doing)?;
        Ok(Vpc {
            id: vpc,
            subnet,
            route_table: table,
        })
    }

    async fn peering(&self, from: &Vpc, to: &Vpc) -> Result<String> {
        let doing = "creating a peering connection";
        let peering = self
            .ec2
            .create_vpc_peering_connection()
            .vpc_id(&from.id)
            .peer_vpc_id(&to.id);
        let peering = peering.send().await.while_doing(doing)?.vpc_peering_connection;
        let peering = created(peering.and_then(|peering| peering.vpc_peering_connection_id))?;
        let accept = self
            .ec2
            .accept_vpc_peering_connection()
            .vpc_peering_connection_id(&peering);
        accept.send().await.while_doing(doing)?;
        Ok(peering)
    }

    async fn route(&self, table: &str, to: &str, peering: &str) -> Result<()> {
        let route = self.ec2.create_route().route_table_id(table).destination_cidr_block(to);
        let route = route.vpc_peering_connection_id(peering).send();
        route.await.while_doing("creating a route")?;
        Ok(())
    }

    /// The endpoint to KMS, closed to other accounts, which admits HTTPS from the spoke.
    async fn endpoint(&self, hub: &Vpc) -> Result<String> {
        let doing = "creating the endpoint of a hub";
        let group = self.ec2.create_security_group().vpc_id(&hub.id).group_name("kms");
        let group = group
            .description("The endpoint to KMS")
            .send()
            .await
            .while_doing(doing)?;
        let group = created(group.group_id)?;
        let https = IpPermission::builder().ip_protocol("tcp").from_port(443).to_port(443);
        let https = [SPOKE, HUB].iter().fold(https, |https, cidr| {
            https.ip_ranges(IpRange::builder().cidr_ip(*cidr).build())
        });
        let authorize = self.ec2.authorize_security_group_ingress().group_id(&group);
        authorize
            .ip_permissions(https.build())
            .send()
            .await
            .while_doing(doing)?;
        let own = json!({"aws:PrincipalAccount": ACCOUNT, "aws:ResourceAccount": ACCOUNT});
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"StringEquals": own},
        }]});
        let endpoint = self.ec2.create_vpc_endpoint().vpc_id(&hub.id);
        let endpoint = endpoint
            .vpc_endpoint_type("Interface".into())
            .service_name(format!("com.amazonaws.{}.kms", self.region))
            .subnet_ids(&hub.subnet)
            .security_group_ids(&group)
            .private_dns_enabled(true)
            .policy_document(policy.to_string());
        let endpoint = endpoint.send().await.while_doing(doing)?.vpc_endpoint;
        created(endpoint.and_then(|endpoint| endpoint.vpc_endpoint_id))
    }
}

fn created(id: Option<String>) -> Result<String> {
    id.ok_or_else(|| HarnessError::new("EC2 created something without an id"))
}
