//! Validation of new and modified endpoints.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::ec2::{Answered, ApiError, Call, subnets};
use crate::world::{Endpoint, EndpointKind, Listing, RouteTable, SecurityGroup, Vpc};

impl Call<'_> {
    /// Validates an endpoint as it would be after a call. `before` is its present state.
    pub(super) fn check(&mut self, endpoint: &Endpoint, before: Option<&Endpoint>) -> Answered {
        let service = endpoint.service.clone().unwrap_or_default();
        let listing = self.listing_of(endpoint).ok_or_else(|| {
            let message = format!("The Vpc Endpoint Service '{service}' does not exist");
            ApiError::new("InvalidServiceName", message)
        })?;
        if !listing.offers(&endpoint.address_type) {
            let message = format!(
                "The service {service} does not support the IP address type {}",
                endpoint.address_type
            );
            return Err(ApiError::parameter(message));
        }
        match endpoint.kind {
            EndpointKind::Gateway => self.check_gateway(endpoint, before),
            _ => {
                self.check_subnets(endpoint, before, &listing)?;
                self.check_groups(endpoint)?;
                self.check_names(endpoint, before, &listing)
            }
        }
    }

    /// The entry of its service, if endpoints of its Region may lead there.
    pub(super) fn listing_of(&self, endpoint: &Endpoint) -> Option<Arc<Listing>> {
        let region = endpoint.service_region.as_ref().unwrap_or(&endpoint.region);
        let listing = self.world.listing(region, endpoint.service.as_ref()?, endpoint.kind)?;
        let service = listing.id.as_ref().and_then(|id| self.world.endpoint_service(id));
        let served = service.map_or(*region == endpoint.region, |service| service.serves(&endpoint.region));
        served.then_some(listing)
    }

    fn check_gateway(&mut self, endpoint: &Endpoint, before: Option<&Endpoint>) -> Answered {
        if !endpoint.subnets.is_empty() {
            let message = "Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints";
            return Err(ApiError::parameter(message));
        }
        if !endpoint.groups.is_empty() {
            let message = "Security group IDs are only supported for Interface type VPC Endpoint";
            return Err(ApiError::parameter(message));
        }
        if endpoint.private_dns {
            let message = "Private DNS is only supported for Interface type VPC Endpoints";
            return Err(ApiError::parameter(message));
        }
        for id in added(&endpoint.route_tables, before.map(|before| &before.route_tables)) {
            let seen = self.world.read::<RouteTable>(id).is_some();
            let table = self
                .world
                .route_table(id)
                .filter(|table| seen && self.ours(&table.owner));
            let table = table.ok_or_else(|| ApiError::no_route_table(id))?;
            if table.vpc != endpoint.vpc {
                let message = format!("Route table {id} is not in the VPC {}", endpoint.vpc);
                return Err(ApiError::parameter(message));
            }
            let mut others = self
                .world
                .endpoints()
                .filter(|other| other.id != endpoint.id && other.alive());
            if others.any(|o| o.kind == endpoint.kind && o.service == endpoint.service && o.route_tables.contains(id)) {
                let list = endpoint.prefix_list().unwrap_or_default();
                let message = format!("route table {id} already has a route with destination-prefix-list-id {list}");
                return Err(ApiError::new("RouteAlreadyExists", message));
            }
        }
        Ok(())
    }

    fn check_subnets(&mut self, endpoint: &Endpoint, before: Option<&Endpoint>, listing: &Listing) -> Answered {
        if !endpoint.route_tables.is_empty() {
            let message = "Route table IDs are only supported for Gateway type VPC Endpoint";
            return Err(ApiError::parameter(message));
        }
        for id in added(&endpoint.subnets, before.map(|before| &before.subnets)) {
            let subnet = self.own_subnet(id, &endpoint.vpc)?;
            // An endpoint to a service of another Region may be in any zone.
            if listing.region == endpoint.region && !listing.zones.contains(&subnet.zone) {
                let message = format!(
                    "The VPC endpoint service {} does not support the availability zone of the subnet: {id}.",
                    listing.name
                );
                return Err(ApiError::parameter(message));
            }
            if !subnet.hosts(&endpoint.address_type) {
                let message = format!(
                    "The subnet {id} does not support the IP address type {}",
                    endpoint.address_type
                );
                return Err(ApiError::parameter(message));
            }
            if subnets::free(self.world, &subnet) == 0 {
                let message = format!("The subnet '{id}' does not have enough free addresses");
                return Err(ApiError::new("InsufficientFreeAddressesInSubnet", message));
            }
        }
        let mut zones = BTreeSet::new();
        for id in &endpoint.subnets {
            let zone = self.world.subnet(id).map(|subnet| subnet.zone.clone());
            if !zone.is_none_or(|zone| zones.insert(zone)) {
                let message = format!("Found another VPC endpoint subnet in the availability zone of {id}");
                return Err(ApiError::new("DuplicateSubnetsInSameZone", message));
            }
        }
        Ok(())
    }

    fn check_groups(&mut self, endpoint: &Endpoint) -> Answered {
        for id in &endpoint.groups {
            let seen = self.world.read::<SecurityGroup>(id).is_some();
            let group = self.world.group(id).filter(|group| seen && group.vpc == endpoint.vpc);
            if group.is_none() {
                return Err(ApiError::no_group(id, &mut self.world.rng));
            }
        }
        Ok(())
    }

    fn check_names(&mut self, endpoint: &Endpoint, before: Option<&Endpoint>, listing: &Listing) -> Answered {
        if !endpoint.private_dns || before.is_some_and(|before| before.private_dns) {
            return Ok(());
        }
        let Some(name) = listing.private_dns_names.first() else {
            let message = format!(
                "private-dns-enabled cannot be set because the service {} does not provide a private DNS name",
                listing.name
            );
            return Err(ApiError::parameter(message));
        };
        let attributes = self.world.read::<Vpc>(&endpoint.vpc);
        if !attributes.is_some_and(|vpc| vpc.dns_support && vpc.dns_hostnames) {
            let message = "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes \
                           set to true for ";
            return Err(ApiError::parameter(format!("{message}{}", endpoint.vpc)));
        }
        if listing.name.ends_with(".s3") && !self.has_gateway(endpoint) {
            let message = format!(
                "To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC {} must have a Gateway endpoint for \
                 the service.",
                endpoint.vpc
            );
            return Err(ApiError::parameter(message));
        }
        let zone = name.trim_start_matches("*.");
        let mut zones = self.world.hosted_zones.values();
        let zone_holds = zones.any(|known| known.name == zone && known.vpcs.contains(&endpoint.vpc));
        if zone_holds
            || self
                .world
                .private_name_reserved(&endpoint.vpc, &listing.name, Some(&endpoint.id))
        {
            let message = format!(
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {name} in \
                 the VPC {}",
                endpoint.vpc
            );
            return Err(ApiError::parameter(message));
        }
        Ok(())
    }

    fn has_gateway(&self, endpoint: &Endpoint) -> bool {
        let mut all = self.world.endpoints();
        all.any(|other| {
            other.kind == EndpointKind::Gateway
                && other.vpc == endpoint.vpc
                && other.service == endpoint.service
                && other.alive()
        })
    }

    /// A policy as EC2 stores it: reformatted, members in any order.
    pub(super) fn policy(&mut self, text: &str) -> Result<String, ApiError> {
        if text.chars().count() > self.world.quotas.policy {
            let message = format!("The policy is longer than {} characters", self.world.quotas.policy);
            return Err(ApiError::new("InvalidPolicyDocument", message));
        }
        let invalid = || ApiError::new("InvalidPolicyDocument", "The policy document is not valid.");
        let mut policy: Value = serde_json::from_str(text).map_err(|_| invalid())?;
        let statements = match policy.get("Statement") {
            Some(Value::Array(statements)) => statements.clone(),
            Some(single @ Value::Object(_)) => vec![single.clone()],
            _ => return Err(invalid()),
        };
        let whole = |statement: &Value| {
            let has = |name: &str| statement.get(name).is_some();
            let effect = statement.get("Effect").and_then(Value::as_str);
            matches!(effect, Some("Allow" | "Deny"))
                && (has("Action") || has("NotAction"))
                && (has("Principal") || has("NotPrincipal"))
                && (has("Resource") || has("NotResource"))
        };
        if !statements.iter().all(whole) {
            return Err(invalid());
        }
        if self.world.rng.bool() {
            sort(&mut policy);
        }
        serde_json::to_string_pretty(&policy).map_err(|_| invalid())
    }
}

fn added<'a>(now: &'a [String], before: Option<&'a Vec<String>>) -> impl Iterator<Item = &'a String> {
    now.iter()
        .filter(move |id| !before.is_some_and(|before| before.contains(id)))
}

fn sort(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = std::mem::take(members).into_iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(&b.0));
            *members = Map::from_iter(sorted);
            members.values_mut().for_each(sort);
        }
        Value::Array(items) => items.iter_mut().for_each(sort),
        _ => {}
    }
}
