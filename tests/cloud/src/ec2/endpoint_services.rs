//! Endpoint services that accounts offer, who may use them and who does.

use super::describe::{List, tag_set};
use super::{Answered, ApiError, Call};
use crate::not_modelled;
use crate::world::{Endpoint, EndpointService, EndpointState, state_name};
use crate::xml::Xml;

const LIST: List<EndpointService> = List {
    ids: "ServiceId",
    visible: |call, endpoint_service| endpoint_service.region == call.region && call.ours(&endpoint_service.owner),
    filter: |endpoint_service, name| match name {
        "service-name" => Some(vec![endpoint_service.name.clone()]),
        "service-id" => Some(vec![endpoint_service.id.clone()]),
        _ => None,
    },
    tags: |endpoint_service| &endpoint_service.tags,
    largest: 1_000,
    missing: |call, id| ApiError::no_endpoint_service(id, &mut call.world.rng),
};

pub(super) fn describe(call: &mut Call<'_>) -> Answered {
    let (endpoint_services, token) = call.list(&LIST)?;
    call.xml
        .set("serviceConfigurationSet", endpoint_services, |xml, endpoint_service| {
            write(xml, &endpoint_service)
        });
    call.end_of_page(token);
    Ok(())
}

fn write(xml: &mut Xml, endpoint_service: &EndpointService) {
    xml.set("serviceType", ["Interface"], |xml, kind| xml.text("serviceType", kind));
    xml.text("serviceId", &endpoint_service.id);
    xml.text("serviceName", &endpoint_service.name);
    xml.text("serviceState", "Available");
    xml.texts("availabilityZoneSet", &endpoint_service.zones);
    xml.value("acceptanceRequired", endpoint_service.acceptance_required);
    xml.value("managesVpcEndpoints", false);
    xml.texts("networkLoadBalancerArnSet", &endpoint_service.load_balancers);
    xml.texts("supportedIpAddressTypeSet", &["ipv4".to_owned()]);
    if let Some(name) = &endpoint_service.private_dns_name {
        xml.text("privateDnsName", name);
        xml.node("privateDnsNameConfiguration", |xml| {
            xml.text("state", &endpoint_service.verification);
            xml.text("type", "TXT");
            xml.text("value", "vpce:0123456789abcdef");
            xml.value("name", format_args!("_{}", endpoint_service.id));
        });
    }
    tag_set(xml, &endpoint_service.tags);
}

pub(super) fn create(call: &mut Call<'_>) -> Answered {
    let balancers = call.form.list("NetworkLoadBalancerArn");
    let acceptance = call.form.flag("AcceptanceRequired").unwrap_or(true);
    let name = call.form.text("PrivateDnsName").map(str::to_owned);
    let tags = call.new_tags("vpc-endpoint-service")?;
    if balancers.is_empty() {
        return Err(ApiError::missing("NetworkLoadBalancerArns"));
    }
    let account = call.account.to_owned();
    let id = call.world.add_endpoint_service(&account, &["a", "b"]);
    call.world.edit_endpoint_service(&id, |endpoint_service| {
        endpoint_service.load_balancers = balancers;
        endpoint_service.acceptance_required = acceptance;
        if name.is_some() {
            "pendingVerification".clone_into(&mut endpoint_service.verification);
        }
        endpoint_service.private_dns_name = name;
        endpoint_service.tags = tags;
    });
    if let Some(endpoint_service) = call.world.endpoint_service(&id).cloned() {
        call.xml
            .node("serviceConfiguration", |xml| write(xml, &endpoint_service));
    }
    Ok(())
}

pub(super) fn modify(call: &mut Call<'_>) -> Answered {
    let mut endpoint_service = call.own_endpoint_service()?;
    if let Some(required) = call.form.flag("AcceptanceRequired") {
        endpoint_service.acceptance_required = required;
    }
    if let Some(name) = call.form.text("PrivateDnsName") {
        endpoint_service.private_dns_name = Some(name.to_owned());
        "pendingVerification".clone_into(&mut endpoint_service.verification);
    }
    if call.form.flag("RemovePrivateDnsName") == Some(true) {
        endpoint_service.private_dns_name = None;
    }
    call.world.put(endpoint_service);
    call.done()
}

pub(super) fn describe_permissions(call: &mut Call<'_>) -> Answered {
    let endpoint_service = call.own_endpoint_service()?;
    let (size, after) = call.page(1_000, false)?;
    let rest = endpoint_service.principals.iter().filter(|(id, _)| **id > after);
    let mut page: Vec<_> = rest
        .filter(|(_, principal)| {
            call.passes(|name| match name {
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
        permission(xml, &endpoint_service.id, id, principal);
    });
    let token = more.then(|| call.token(&last));
    call.end_of_page(token);
    Ok(())
}

fn permission(xml: &mut Xml, endpoint_service: &str, id: &str, principal: &str) {
    xml.text("principalType", principal_type(principal));
    xml.text("principal", principal);
    xml.text("servicePermissionId", id);
    xml.text("serviceId", endpoint_service);
    xml.node("tagSet", |_| {});
}

fn principal_type(principal: &str) -> &'static str {
    match principal {
        "*" => "All",
        arn if arn.ends_with(":root") => "Account",
        arn if arn.contains(":role/") => "Role",
        arn if arn.contains(":user/") => "User",
        _ => "Service",
    }
}

pub(super) fn modify_permissions(call: &mut Call<'_>) -> Answered {
    let mut endpoint_service = call.own_endpoint_service()?;
    let add = call.form.list("AddAllowedPrincipals");
    let remove = call.form.list("RemoveAllowedPrincipals");
    let invalid = |principal: &&String| *principal != "*" && !principal.starts_with("arn:");
    if let Some(principal) = add.iter().chain(&remove).find(invalid) {
        return Err(ApiError::new(
            "InvalidPrincipal",
            format!("The principal '{principal}' is not valid"),
        ));
    }
    endpoint_service
        .principals
        .retain(|_, principal| !remove.contains(principal));
    let mut added = Vec::new();
    for principal in add {
        if !endpoint_service.principals.values().any(|there| *there == principal) {
            let id = call.world.id("vpce-svc-perm");
            endpoint_service.principals.insert(id.clone(), principal.clone());
            added.push((id, principal));
        }
    }
    call.xml.set("addedPrincipalSet", &added, |xml, (id, principal)| {
        permission(xml, &endpoint_service.id, id, principal);
    });
    call.world.put(endpoint_service);
    call.done()
}

pub(super) fn describe_connections(call: &mut Call<'_>) -> Answered {
    let (size, after) = call.page(1_000, false)?;
    let seen = call
        .world
        .read_all::<Endpoint>(&after, |endpoint| endpoint.state != EndpointState::Deleted);
    let connected = seen.into_iter().filter_map(|endpoint| {
        let service = endpoint.service.as_ref()?;
        let endpoint_service = call
            .world
            .endpoint_services()
            .find(|o| o.name == *service && (LIST.visible)(call, o))?;
        Some((endpoint.clone(), endpoint_service.id.clone()))
    });
    let mut page: Vec<_> = connected
        .filter(|(endpoint, endpoint_service)| {
            call.passes(|name| match name {
                "service-id" => Some(vec![endpoint_service.clone()]),
                "vpc-endpoint-id" => Some(vec![endpoint.id.clone()]),
                "vpc-endpoint-owner" => Some(vec![endpoint.owner.clone()]),
                "vpc-endpoint-state" => Some(vec![wire_state(endpoint.state)]),
                _ => None,
            })
        })
        .collect();
    let more = page.len() > size;
    page.truncate(size);
    let last = page.last().map_or(after, |(endpoint, _)| endpoint.id.clone());
    call.xml
        .set("vpcEndpointConnectionSet", page, |xml, (endpoint, endpoint_service)| {
            xml.text("serviceId", &endpoint_service);
            xml.text("vpcEndpointId", &endpoint.id);
            xml.text("vpcEndpointOwner", &endpoint.owner);
            xml.text("vpcEndpointState", &wire_state(endpoint.state));
            xml.text("vpcEndpointRegion", &endpoint.region);
            xml.value("creationTimestamp", endpoint.created);
            xml.node("tagSet", |_| {});
        });
    let token = more.then(|| call.token(&last));
    call.end_of_page(token);
    Ok(())
}

fn wire_state(state: EndpointState) -> String {
    let name = state_name(state);
    let (first, rest) = name.split_at(1);
    first.to_lowercase() + rest
}

pub(super) fn accept(call: &mut Call<'_>) -> Answered {
    decide(call, |state| {
        (state == EndpointState::PendingAcceptance).then_some(EndpointState::Pending)
    })
}

pub(super) fn reject(call: &mut Call<'_>) -> Answered {
    decide(call, |state| match state {
        EndpointState::PendingAcceptance | EndpointState::Pending | EndpointState::Available => {
            Some(EndpointState::Rejected)
        }
        _ => None,
    })
}

fn decide(call: &mut Call<'_>, next: fn(EndpointState) -> Option<EndpointState>) -> Answered {
    let endpoint_service = call.own_endpoint_service()?;
    let mut failed = Vec::new();
    for id in call.form.list("VpcEndpointId") {
        let found = call
            .world
            .endpoint(&id)
            .filter(|endpoint| endpoint.service.as_ref() == Some(&endpoint_service.name));
        let Some(mut endpoint) = found.map(|endpoint| Endpoint::clone(endpoint)) else {
            let error = ApiError::no_endpoint(&id, &mut call.world.rng);
            failed.push((id, error));
            continue;
        };
        let Some(state) = next(endpoint.state) else {
            let message = format!("The endpoint {id} is in the state {}", wire_state(endpoint.state));
            failed.push((id, ApiError::new("InvalidState", message)));
            continue;
        };
        endpoint.state = state;
        if state == EndpointState::Pending {
            call.world.start_pending(&id, endpoint.kind);
        }
        call.world.put(endpoint);
    }
    call.xml.unsuccessful(failed);
    Ok(())
}

impl Call<'_> {
    fn own_endpoint_service(&mut self) -> Result<EndpointService, ApiError> {
        let id = self.form.required("ServiceId");
        if id.is_empty() {
            not_modelled("calls for services without ServiceId");
        }
        let endpoint_service = self
            .world
            .endpoint_service(id)
            .filter(|endpoint_service| (LIST.visible)(self, endpoint_service))
            .cloned();
        let endpoint_service =
            endpoint_service.ok_or_else(|| ApiError::no_endpoint_service(id, &mut self.world.rng))?;
        Ok(EndpointService::clone(&endpoint_service))
    }
}
