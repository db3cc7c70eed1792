//! Endpoint services that accounts offer, and who may use them.

use super::describe::{List, tag_set};
use super::{Answered, ApiError, Call};
use crate::not_modelled;
use crate::world::{EndpointService, LoadBalancer, PrivateDnsName, World, kind_name};
use crate::xml::Xml;

const LIST: List<EndpointService> = List {
    ids: "ServiceId",
    visible: |call, service| service.region == call.region && call.ours(&service.owner),
    filter: |service, name| match name {
        "service-name" => Some(vec![service.name.clone()]),
        "service-id" => Some(vec![service.id.clone()]),
        _ => None,
    },
    tags: |service| &service.tags,
    largest: 1_000,
    missing: |call, id| ApiError::no_endpoint_service(id, &mut call.world.rng),
};

pub(super) fn describe(call: &mut Call<'_>) -> Answered {
    let (services, token) = call.list(&LIST)?;
    let world = &*call.world;
    call.xml.set("serviceConfigurationSet", services, |xml, service| {
        write(xml, &service, world)
    });
    call.end_of_page(token);
    Ok(())
}

fn write(xml: &mut Xml, service: &EndpointService, world: &World) {
    let zones = world.zones_of(service);
    xml.set("serviceType", [service.kind], |xml, kind| {
        xml.text("serviceType", kind_name(kind));
    });
    xml.text("serviceId", &service.id);
    xml.text("serviceName", &service.name);
    xml.text("serviceState", "Available");
    xml.set("availabilityZoneIdSet", &zones, |xml, zone| xml.raw(&zone_id(zone)));
    xml.texts("availabilityZoneSet", &zones);
    xml.value("acceptanceRequired", service.acceptance_required);
    xml.value("managesVpcEndpoints", false);
    let of = |kind: &str| {
        let path = format!(":loadbalancer/{kind}/");
        service.load_balancers.iter().filter(move |arn| arn.contains(&path))
    };
    xml.texts("networkLoadBalancerArnSet", of("net"));
    xml.texts("gatewayLoadBalancerArnSet", of("gwy"));
    xml.texts("supportedIpAddressTypeSet", &service.address_types);
    let name = format!("{}.{}.vpce.amazonaws.com", service.id, service.region);
    xml.texts("baseEndpointDnsNameSet", [&name]);
    if let Some(private) = &service.private_dns_name {
        xml.text("privateDnsName", &private.name);
        xml.node("privateDnsNameConfiguration", |xml| {
            xml.text("state", &private.state);
            xml.text("type", "TXT");
            xml.text("value", &private.record_value);
            xml.text("name", &private.record_name);
        });
    }
    if service.owner_pays {
        xml.text("payerResponsibility", "ServiceOwner");
    }
    let regions = [&service.region].into_iter().chain(&service.supported_regions);
    xml.set("supportedRegionSet", regions, |xml, region| {
        xml.text("region", region);
        xml.text("serviceState", "Available");
    });
    xml.value("remoteAccessEnabled", !service.supported_regions.is_empty());
    tag_set(xml, &service.tags);
}

/// Such as `euc1-az1` of `eu-central-1a`.
fn zone_id(zone: &str) -> String {
    let number = zone.bytes().last().map_or(0, |letter| letter.wrapping_sub(b'a') + 1);
    format!("euc1-az{number}")
}

pub(super) fn create(call: &mut Call<'_>) -> Answered {
    let mut balancers = call.form.list("NetworkLoadBalancerArn");
    balancers.extend(call.form.list("GatewayLoadBalancerArn"));
    if balancers.is_empty() {
        return Err(ApiError::missing("NetworkLoadBalancerArns"));
    }
    let acceptance = call.form.flag("AcceptanceRequired").unwrap_or(true);
    let types = call.form.list("SupportedIpAddressType");
    let regions = call.form.list("SupportedRegion");
    let tags = call.new_tags("vpc-endpoint-service")?;
    call.check_balancers(&balancers)?;
    let name = call.form.text("PrivateDnsName").map(str::to_owned);
    let private = name.map(|name| private_dns_name(call.world, name));
    let account = call.account.to_owned();
    let id = call.world.add_endpoint_service_of(&account, balancers);
    call.world.edit_endpoint_service(&id, |service| {
        service.acceptance_required = acceptance;
        service.private_dns_name = private;
        service.supported_regions = regions.into_iter().filter(|region| *region != service.region).collect();
        if !types.is_empty() {
            service.address_types = types.into_iter().collect();
        }
        service.tags = tags;
    });
    let world = &*call.world;
    if let Some(service) = world.endpoint_service(&id) {
        call.xml.node("serviceConfiguration", |xml| write(xml, service, world));
    }
    Ok(())
}

fn private_dns_name(world: &mut World, name: String) -> PrivateDnsName {
    PrivateDnsName {
        name,
        state: "pendingVerification".to_owned(),
        record_name: format!("_{:016x}", world.rng.u64(..)),
        record_value: format!("vpce:{:016x}", world.rng.u64(..)),
    }
}

pub(super) fn modify(call: &mut Call<'_>) -> Answered {
    let mut service = call.own_endpoint_service()?;
    if let Some(required) = call.form.flag("AcceptanceRequired") {
        service.acceptance_required = required;
    }
    if let Some(name) = call.form.text("PrivateDnsName") {
        service.private_dns_name = Some(private_dns_name(call.world, name.to_owned()));
    }
    if call.form.flag("RemovePrivateDnsName") == Some(true) {
        service.private_dns_name = None;
    }
    let added = call.lists(["AddNetworkLoadBalancerArn", "AddGatewayLoadBalancerArn"]);
    let removed = call.lists(["RemoveNetworkLoadBalancerArn", "RemoveGatewayLoadBalancerArn"]);
    call.check_balancers(&added)?;
    // [Error codes](https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html) for the Amazon EC2 API.
    if !removed.is_empty() && call.world.has_connections(&service) {
        return Err(existing_connections());
    }
    service.load_balancers.retain(|arn| !removed.contains(arn));
    service.load_balancers.extend(added);
    let form = call.form;
    service.address_types.extend(form.list("AddSupportedIpAddressType"));
    let types = form.list("RemoveSupportedIpAddressType");
    service.address_types.retain(|kind| !types.contains(kind));
    service.supported_regions.extend(form.list("AddSupportedRegion"));
    let regions = form.list("RemoveSupportedRegion");
    service.supported_regions.retain(|region| !regions.contains(region));
    call.world.put(service);
    call.done()
}

pub(super) fn modify_payer(call: &mut Call<'_>) -> Answered {
    let mut service = call.own_endpoint_service()?;
    match call.form.required("PayerResponsibility") {
        "ServiceOwner" => service.owner_pays = true,
        other => return Err(ApiError::parameter(format!("Invalid payer '{other}'"))),
    }
    call.world.put(service);
    call.done()
}

pub(super) fn verify(call: &mut Call<'_>) -> Answered {
    let mut service = call.own_endpoint_service()?;
    let Some(private) = &mut service.private_dns_name else {
        return Err(ApiError::parameter("The service has no private DNS name"));
    };
    if private.state != "verified" {
        "pendingVerification".clone_into(&mut private.state);
        call.world.start_verification(&service.id);
        call.world.put(service);
    }
    call.done()
}

/// [Refused while consumers are connected](https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpcEndpointServiceConfigurations.html).
pub(super) fn delete(call: &mut Call<'_>) -> Answered {
    let mut failed = Vec::new();
    for id in call.form.list("ServiceId") {
        match call.visible_endpoint_service(&id) {
            Ok(service) if call.world.has_connections(&service) => failed.push((id, existing_connections())),
            Ok(_) => call.world.remove::<EndpointService>(&id),
            Err(error) => failed.push((id, error)),
        }
    }
    call.xml.unsuccessful(failed);
    Ok(())
}

fn existing_connections() -> ApiError {
    ApiError::new(
        "ExistingVpcEndpointConnections",
        "Service has existing active VPC Endpoint connections!",
    )
}

pub(super) fn describe_permissions(call: &mut Call<'_>) -> Answered {
    let service = call.own_endpoint_service()?;
    let (size, after) = call.page(1_000, false)?;
    let passes = call.passing();
    let rest = service.principals.iter().filter(|(id, _)| **id > after);
    let mut page: Vec<_> = rest
        .filter(|(_, principal)| {
            passes(&|name| match name {
                "principal" => Some(vec![(*principal).clone()]),
                "principal-type" => Some(vec![principal_type(principal).to_owned()]),
                _ => None,
            })
        })
        .collect();
    let more = page.len() > size;
    page.truncate(size);
    let last = page.last().map_or(after, |(id, _)| (*id).clone());
    call.xml.set("allowedPrincipals", page, |xml, (id, principal)| {
        permission(xml, &service.id, id, principal);
    });
    let token = more.then(|| call.token(&last));
    call.end_of_page(token);
    Ok(())
}

fn permission(xml: &mut Xml, service: &str, id: &str, principal: &str) {
    xml.text("principalType", principal_type(principal));
    xml.text("principal", principal);
    xml.text("servicePermissionId", id);
    xml.text("serviceId", service);
    xml.node("tagSet", |_| {});
}

/// [Types of principals](https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AllowedPrincipal.html).
fn principal_type(principal: &str) -> &'static str {
    match principal {
        "*" => "All",
        arn if arn.ends_with(":root") => "Account",
        arn if arn.contains(":role/") => "Role",
        arn if arn.contains(":user/") => "User",
        arn if arn.contains(":ou/") => "OrganizationUnit",
        _ => "Service",
    }
}

/// [Principals with paths are not supported](https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcEndpointServicePermissions.html).
/// The connections of a principal that is removed stay.
pub(super) fn modify_permissions(call: &mut Call<'_>) -> Answered {
    let mut service = call.own_endpoint_service()?;
    let add = call.form.list("AddAllowedPrincipals");
    let remove = call.form.list("RemoveAllowedPrincipals");
    let invalid = |principal: &&String| {
        let path = principal
            .split_once(":role/")
            .is_some_and(|(_, name)| name.contains('/'));
        path || (*principal != "*" && !principal.starts_with("arn:"))
    };
    if let Some(principal) = add.iter().find(invalid) {
        let message = format!("The principal '{principal}' is not valid");
        return Err(ApiError::new("InvalidPrincipal", message));
    }
    service.principals.retain(|_, principal| !remove.contains(principal));
    let mut added = Vec::new();
    for principal in add {
        if !service.principals.values().any(|there| *there == principal) {
            let id = call.world.id("vpce-svc-perm");
            service.principals.insert(id.clone(), principal.clone());
            added.push((id, principal));
        }
    }
    call.xml.set("addedPrincipalSet", &added, |xml, (id, principal)| {
        permission(xml, &service.id, id, principal);
    });
    call.world.put(service);
    call.done()
}

impl Call<'_> {
    /// The endpoint service that the request names, if the caller owns it.
    pub(super) fn own_endpoint_service(&mut self) -> Result<EndpointService, ApiError> {
        let id = self.form.required("ServiceId");
        if id.is_empty() {
            not_modelled("calls for services without ServiceId");
        }
        self.visible_endpoint_service(id)
    }

    fn visible_endpoint_service(&mut self, id: &str) -> Result<EndpointService, ApiError> {
        let service = self.world.endpoint_service(id);
        match service.filter(|service| (LIST.visible)(self, service)).cloned() {
            Some(service) => Ok(EndpointService::clone(&service)),
            None => Err(ApiError::no_endpoint_service(id, &mut self.world.rng)),
        }
    }

    /// Load balancers of a service have to be of its owner and of the same kind.
    fn check_balancers(&mut self, arns: &[String]) -> Answered {
        for arn in arns {
            let found = self.world.read::<LoadBalancer>(arn);
            if !found.is_some_and(|found| self.ours(&found.owner) && found.region == self.region) {
                let message = format!("The load balancer '{arn}' does not exist");
                return Err(ApiError::parameter(message));
            }
        }
        Ok(())
    }

    fn lists(&self, names: [&str; 2]) -> Vec<String> {
        names.into_iter().flat_map(|name| self.form.list(name)).collect()
    }
}
