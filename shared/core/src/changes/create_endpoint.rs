//! Creates an interface or gateway endpoint.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::create_managed_group::ManagedGroup;
use super::effect::{EffectResult, created_by, endpoint_altered, in_effect, not_in_effect, undone_on};
use super::kind::{KindOfChange, KindOfInverse, Prepares};
use super::simulate::{give_address_back, managed_id, take_address};
use super::snippet::{Block, Setting, groups, policy, route_tables, subnets};
use super::{Change, ChangeKind, Inverse, Safety};
use crate::model::address::AddressType;
use crate::model::cost::{MonthlyCost, Prices};
use crate::model::endpoint::{Endpoint, EndpointKind, EndpointState};
use crate::model::id::{EndpointId, Region, RouteTableId, RunId, ServiceName, SubnetId, VpcId, Zone};
use crate::model::managed::{GroupPurpose, TAG_MANAGED, is_managed};
use crate::model::part::{Gap, Part, Tags};
use crate::model::policy_document::has_policy;
use crate::model::snapshot::VpcSnapshot;
use crate::model::text::plural;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct NewEndpoint {
    pub vpc: VpcId,
    pub service: ServiceName,
    pub endpoint_kind: EndpointKind,
    /// One subnet per zone; empty for a gateway endpoint.
    pub subnets: BTreeMap<Zone, SubnetId>,
    /// Empty for an interface endpoint.
    pub route_tables: BTreeSet<RouteTableId>,
    /// None for a gateway endpoint.
    pub group: Option<ManagedGroup>,
    /// The addresses of its network interfaces, to which its names resolve.
    #[serde(default, skip_serializing_if = "AddressType::is_default")]
    pub address_type: AddressType,
    pub private_dns: bool,
    /// None where the service supports no policy.
    pub policy: Option<String>,
    /// The same for the same wish about the same state of the VPC, so that a repeated or concurrent
    /// request creates nothing twice.
    pub client_token: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct DeleteEndpoint {
    pub endpoint: EndpointId,
}

impl NewEndpoint {
    fn simulated(&self) -> EndpointId {
        EndpointId(format!("vpce-{}", self.client_token))
    }

    /// What of the endpoint is not as it was created.
    fn differences(&self, found: &Endpoint, state: &VpcSnapshot) -> Option<String> {
        if !is_managed(&found.tags) {
            return Some(format!("it no longer has the tag {TAG_MANAGED}"));
        }
        let group = managed_id(state);
        let groups: BTreeSet<_> = self.group.iter().filter_map(|_| group.clone()).collect();
        let differences = [
            (
                self.subnets.values().collect::<BTreeSet<_>>() != found.subnets.iter().collect(),
                "its subnets",
            ),
            (self.route_tables != found.route_tables, "its route tables"),
            (groups != found.security_groups, "its security groups"),
            (self.address_type != found.address_type, "its IP address type"),
            // Gateway endpoints have none, whatever EC2 says of it.
            (
                self.endpoint_kind != EndpointKind::Gateway && self.private_dns != found.private_dns,
                "private DNS",
            ),
            (
                self.policy.as_ref().is_some_and(|policy| !has_policy(found, policy)),
                "its policy",
            ),
        ];
        let changed: Vec<_> = differences
            .iter()
            .filter(|(differs, _)| *differs)
            .map(|(_, what)| *what)
            .collect();
        (!changed.is_empty()).then(|| format!("{} changed since", changed.join(", ")))
    }
}

impl KindOfChange<VpcSnapshot> for NewEndpoint {
    fn kind(&self) -> ChangeKind {
        ChangeKind::CreateEndpoint
    }

    /// The routes of a gateway endpoint and private DNS change the path of traffic that flows already.
    fn safety(&self) -> Safety {
        if self.private_dns || !self.route_tables.is_empty() {
            Safety::Interrupting
        } else {
            Safety::Additive
        }
    }

    fn text(&self) -> String {
        let size = match (self.subnets.len(), self.route_tables.len()) {
            (0, tables) => format!("on {tables} route table{}", plural(tables)),
            (zones, _) => format!("with {zones} zone{}", plural(zones)),
        };
        let kind = self.endpoint_kind.word();
        format!("create {kind} endpoint to {} in {} {size}", self.service, self.vpc)
    }

    fn endpoint(&self) -> Option<&EndpointId> {
        None
    }

    /// Each network interface takes an address of its subnet.
    fn alters(&self) -> &'static [Part] {
        &[Part::Subnets, Part::Endpoints]
    }

    fn monthly_cost(&self, prices: &Prices, region: &Region) -> Option<MonthlyCost> {
        prices.interface_endpoint(region, self.subnets.len())
    }

    fn repeats(&self, earlier: &Change) -> bool {
        let wish = |new: &Self| (new.vpc.clone(), new.service.clone(), new.endpoint_kind);
        matches!(earlier, Change::CreateEndpoint(earlier) if wish(earlier) == wish(self))
    }

    fn prepares(&self) -> Prepares<'_> {
        Prepares::Nothing
    }

    fn managed_group(&self) -> Option<(&VpcId, GroupPurpose)> {
        None
    }

    fn requires(&self, earlier: &Change) -> bool {
        match earlier.prepares() {
            Prepares::VpcDns => self.private_dns,
            Prepares::ManagedGroup => self.group.is_some(),
            Prepares::QuarantineGroup | Prepares::Ingress(_) | Prepares::Nothing => false,
        }
    }

    fn simulate(&self, state: &mut VpcSnapshot) -> bool {
        let endpoint = Endpoint {
            id: self.simulated(),
            kind: self.endpoint_kind,
            service: Some(self.service.clone()),
            target: None,
            service_region: None,
            owner: state.account.clone(),
            state: if self.endpoint_kind == EndpointKind::Gateway {
                EndpointState::Available
            } else {
                EndpointState::Pending
            },
            requester_managed: false,
            subnets: self.subnets.values().cloned().collect(),
            route_tables: self.route_tables.clone(),
            security_groups: self.group.iter().filter_map(|_| managed_id(state)).collect(),
            address_type: self.address_type,
            dns_records: self.address_type,
            private_dns: self.private_dns,
            private_dns_inbound_only: false,
            policy: self.policy.clone(),
            created: None,
            tags: Tags::from([(TAG_MANAGED.to_owned(), "true".to_owned())]),
        };
        let Ok(endpoints) = &mut state.endpoints else {
            return false;
        };
        let Entry::Vacant(entry) = endpoints.entry(endpoint.id.clone()) else {
            return false;
        };
        entry.insert(endpoint);
        for subnet in self.subnets.values() {
            take_address(state, subnet);
        }
        true
    }

    fn simulated_id(&self, _: &VpcSnapshot) -> Option<String> {
        Some(self.simulated().0)
    }

    fn inverse(&self, created: Option<&str>) -> Option<Inverse> {
        Some(Inverse::DeleteEndpoint(DeleteEndpoint {
            endpoint: created?.into(),
        }))
    }

    fn effect(&self, run: &RunId, state: &VpcSnapshot) -> EffectResult {
        let endpoints = state.endpoints.as_ref().map_err(Gap::clone)?;
        let made = endpoints.values().find(|endpoint| {
            endpoint.kind == self.endpoint_kind
                && endpoint.service.as_ref() == Some(&self.service)
                && created_by(&endpoint.tags, run)
        });
        Ok(match made {
            Some(endpoint) => in_effect(Some(endpoint.id.to_string())),
            None => not_in_effect(format!("this run created no endpoint to {}", self.service)),
        })
    }

    fn names_its_run(&self) -> bool {
        true
    }

    fn altered_since(&self, created: Option<&str>, state: &VpcSnapshot) -> Result<Option<String>, Gap> {
        state.security_groups.as_ref().map_err(Gap::clone)?;
        let Some(id) = created else { return Ok(None) };
        endpoint_altered(&id.into(), state, |found| self.differences(found, state))
    }

    fn snippet(&self, after: &VpcSnapshot) -> Vec<Block> {
        let created = after.endpoints.as_ref().ok();
        let created = created.and_then(|endpoints| endpoints.get(&self.simulated()));
        created
            .into_iter()
            .map(|endpoint| block(self, endpoint, after))
            .collect()
    }

    fn undoing_calls(&self) -> &'static [&'static str] {
        &["DeleteVpcEndpoints"]
    }
}

impl KindOfInverse<VpcSnapshot> for DeleteEndpoint {
    /// Connections through the endpoint drop.
    fn safety(&self) -> Safety {
        Safety::Interrupting
    }

    fn text(&self) -> String {
        format!("delete {}", self.endpoint)
    }

    fn command(&self) -> String {
        format!("aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {}", self.endpoint)
    }

    fn simulate(&self, state: &mut VpcSnapshot) {
        let removed = state.endpoints.as_mut().ok().and_then(|e| e.remove(&self.endpoint));
        for subnet in removed.iter().flat_map(|endpoint| &endpoint.subnets) {
            give_address_back(state, subnet);
        }
    }

    fn effect(&self, state: &VpcSnapshot) -> EffectResult {
        undone_on(
            state,
            &self.endpoint,
            |_| true,
            || format!("{} still exists", self.endpoint),
        )
    }
}

fn block(new: &NewEndpoint, endpoint: &Endpoint, after: &VpcSnapshot) -> Block {
    let service = new.service.to_string();
    let vpc = after.vpc.id.to_string();
    let gateway = endpoint.kind == EndpointKind::Gateway;
    let kind = if gateway { "Gateway" } else { "Interface" };
    let mut terraform = vec![
        ("vpc_id", Setting::Text(vpc.clone())),
        ("service_name", Setting::Text(service.clone())),
        ("vpc_endpoint_type", Setting::Text(kind.to_owned())),
    ];
    let mut cloudformation = vec![
        ("VpcId", Setting::Text(vpc)),
        ("ServiceName", Setting::Text(service.clone())),
        ("VpcEndpointType", Setting::Text(kind.to_owned())),
    ];
    if gateway {
        terraform.push(("route_table_ids", route_tables(endpoint)));
        cloudformation.push(("RouteTableIds", route_tables(endpoint)));
    } else {
        terraform.push(("subnet_ids", subnets(endpoint)));
        cloudformation.push(("SubnetIds", subnets(endpoint)));
        terraform.push(("security_group_ids", groups(endpoint)));
        cloudformation.push(("SecurityGroupIds", groups(endpoint)));
    }
    if endpoint.address_type != AddressType::Ipv4 {
        let addresses = endpoint.address_type.as_str().to_owned();
        terraform.push(("ip_address_type", Setting::Text(addresses.clone())));
        cloudformation.push(("IpAddressType", Setting::Text(addresses)));
    }
    if endpoint.private_dns {
        terraform.push(("private_dns_enabled", Setting::On));
        cloudformation.push(("PrivateDnsEnabled", Setting::On));
    }
    if endpoint.policy.is_some() {
        terraform.push(("policy", policy(endpoint)));
        cloudformation.push(("PolicyDocument", policy(endpoint)));
    }
    let short = service
        .rsplit_once(after.region.as_str())
        .map_or(service.as_str(), |(_, short)| short);
    Block {
        about: format!("The {} endpoint to {service} in {}", new.endpoint_kind.word(), new.vpc),
        name: short.trim_start_matches('.').to_owned(),
        terraform: ("aws_vpc_endpoint", terraform),
        cloudformation: ("AWS::EC2::VPCEndpoint", cloudformation),
    }
}
