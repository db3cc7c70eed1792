//! CreateVpcEndpoint.

use super::describe::write;
use crate::ec2::{Answered, ApiError, Call};
use crate::not_modelled;
use crate::world::{DEFAULT_GATEWAY_POLICY, DEFAULT_POLICY, Endpoint, EndpointKind, EndpointState, Tags, Token};

const LONGEST_TOKEN: usize = 64;

pub(in crate::ec2) fn create(call: &mut Call<'_>) -> Answered {
    let token = call.form.text("ClientToken").map(str::to_owned);
    let wanted = call.wanted()?;
    if let Some(id) = call.made_before(token.as_deref())? {
        // Its present state, even if it was deleted.
        let made = call.world.endpoint(&id).cloned().unwrap_or_else(|| {
            let gone = Endpoint {
                id: id.clone(),
                state: EndpointState::Deleted,
                ..wanted.clone()
            };
            gone.into()
        });
        return answer(call, &made, token.as_deref());
    }
    call.own_vpc(&wanted.vpc)?;
    call.check(&wanted, None)?;
    call.check_quotas(&wanted)?;
    let listing = call.listing_of(&wanted);
    let mut new = wanted;
    let endpoint_service = listing
        .iter()
        .find_map(|listing| call.world.endpoint_service(listing.id.as_ref()?));
    let closed = endpoint_service.is_some_and(|service| !service.admits(call.account, call.caller));
    match listing {
        Some(listing) if closed => {
            let message = format!("The Vpc Endpoint Service '{}' does not exist", listing.name);
            return Err(ApiError::new("InvalidServiceName", message));
        }
        Some(listing) if listing.acceptance_required => new.state = EndpointState::PendingAcceptance,
        _ => call.world.start_pending(&new.id, new.kind),
    }
    if let Some(token) = &token {
        let key = call.token_key(token);
        let request = call.request();
        call.world.tokens.insert(
            key,
            Token {
                request,
                endpoint: new.id.clone(),
            },
        );
    }
    call.world.put(new.clone());
    answer(call, &new, token.as_deref())
}

fn answer(call: &mut Call<'_>, endpoint: &Endpoint, token: Option<&str>) -> Answered {
    let capital = call.world.rng.bool();
    let world = &*call.world;
    call.xml.node("vpcEndpoint", |xml| write(xml, endpoint, world, capital));
    if let Some(token) = token {
        call.xml.text("clientToken", token);
    }
    Ok(())
}

impl Call<'_> {
    /// The requested endpoint.
    fn wanted(&mut self) -> Result<Endpoint, ApiError> {
        let form = self.form;
        let kind = match form.text("VpcEndpointType") {
            None | Some("Gateway") => EndpointKind::Gateway,
            Some("Interface") => EndpointKind::Interface,
            Some("GatewayLoadBalancer") => EndpointKind::GatewayLoadBalancer,
            Some(other) => not_modelled(format_args!("endpoints of the type {other}")),
        };
        let vpc = form.text("VpcId").ok_or_else(|| ApiError::missing("vpcId"))?.to_owned();
        let service = form
            .text("ServiceName")
            .ok_or_else(|| ApiError::missing("serviceName"))?;
        let address_type = form.text("IpAddressType").unwrap_or("ipv4").to_owned();
        let records = match form.text("DnsOptions.DnsRecordIpType") {
            Some(records) => records,
            None if address_type == "dualstack" => "service-defined",
            None => &address_type,
        };
        if records != address_type && address_type != "dualstack" {
            let message = format!("DnsRecordIpType {records} is not supported with IpAddressType {address_type}");
            return Err(ApiError::parameter(message));
        }
        let dns_records = records.to_owned();
        let policy = match form.text("PolicyDocument") {
            Some(policy) => self.policy(policy)?,
            None if kind == EndpointKind::Gateway => DEFAULT_GATEWAY_POLICY.to_owned(),
            None => DEFAULT_POLICY.to_owned(),
        };
        let mut groups = form.list("SecurityGroupId");
        if kind == EndpointKind::Interface && groups.is_empty() {
            groups.extend(self.world.default_group(&vpc));
        }
        let tags: Tags = self.new_tags("vpc-endpoint")?;
        Ok(Endpoint {
            id: self.world.id("vpce"),
            vpc,
            owner: self.account.to_owned(),
            region: self.region.to_owned(),
            kind,
            service: Some(service.to_owned()),
            service_region: form.text("ServiceRegion").map(str::to_owned),
            state: EndpointState::Pending,
            requester_managed: false,
            subnets: form.list("SubnetId"),
            route_tables: form.list("RouteTableId"),
            groups,
            address_type,
            dns_records,
            private_dns: form.flag("PrivateDnsEnabled").unwrap_or_default(),
            policy,
            created: self.world.now,
            tags,
        })
    }

    /// The endpoint that an earlier request with this token created, if both requests are equal.
    fn made_before(&self, token: Option<&str>) -> Result<Option<String>, ApiError> {
        let Some(token) = token else { return Ok(None) };
        if token.len() > LONGEST_TOKEN || !token.is_ascii() {
            return Err(ApiError::parameter("The client token is not valid"));
        }
        match self.world.tokens.get(&self.token_key(token)) {
            None => Ok(None),
            Some(known) if known.request == self.request() => Ok(Some(known.endpoint.clone())),
            Some(_) => Err(ApiError::new(
                "IdempotentParameterMismatch",
                "The client token was already used with other parameters",
            )),
        }
    }

    fn token_key(&self, token: &str) -> (String, String, String) {
        (self.account.to_owned(), self.region.to_owned(), token.to_owned())
    }

    /// All fields of the request.
    fn request(&self) -> Vec<(String, String)> {
        self.form.pairs()
    }

    fn check_quotas(&self, new: &Endpoint) -> Answered {
        let quotas = self.world.quotas;
        let gateway = new.kind == EndpointKind::Gateway;
        let alike = self.world.endpoints().filter(|other| {
            other.alive()
                && other.owner == new.owner
                && (other.kind == EndpointKind::Gateway) == gateway
                && if gateway {
                    other.region == new.region
                } else {
                    other.vpc == new.vpc
                }
        });
        let most = if gateway {
            quotas.gateway_endpoints
        } else {
            quotas.interface_endpoints
        };
        if alike.count() < most {
            return Ok(());
        }
        Err(ApiError::new(
            "VpcEndpointLimitExceeded",
            "The maximum number of VPC endpoints has been reached.",
        ))
    }
}
