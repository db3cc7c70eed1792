//! Endpoint services that accounts offer, who may use them and who does.

use super::describe::{List, tag_set};
use super::{Call, Done, Refusal};
use crate::unmodelled;
use crate::world::{Endpoint, EndpointState, Offer, state_name};
use crate::xml::Xml;

const LIST: List<Offer> = List {
    ids: "ServiceId",
    visible: |call, offer| offer.region == call.region && call.ours(&offer.owner),
    filter: |offer, name| match name {
        "service-name" => Some(vec![offer.name.clone()]),
        "service-id" => Some(vec![offer.id.clone()]),
        _ => None,
    },
    tags: |offer| &offer.tags,
    largest: 1_000,
    missing: |call, id| Refusal::no_offer(id, &mut call.world.rng),
};

pub(super) fn describe(call: &mut Call<'_>) -> Done {
    let (offers, token) = call.list(&LIST)?;
    call.xml
        .set("serviceConfigurationSet", offers, |xml, offer| write(xml, &offer));
    call.end_of_page(token);
    Ok(())
}

fn write(xml: &mut Xml, offer: &Offer) {
    xml.set("serviceType", ["Interface"], |xml, kind| xml.text("serviceType", kind));
    xml.text("serviceId", &offer.id);
    xml.text("serviceName", &offer.name);
    xml.text("serviceState", "Available");
    xml.texts("availabilityZoneSet", &offer.zones);
    xml.value("acceptanceRequired", offer.acceptance_required);
    xml.value("managesVpcEndpoints", false);
    xml.texts("networkLoadBalancerArnSet", &offer.load_balancers);
    xml.texts("supportedIpAddressTypeSet", &["ipv4".to_owned()]);
    if let Some(name) = &offer.private_dns_name {
        xml.text("privateDnsName", name);
        xml.node("privateDnsNameConfiguration", |xml| {
            xml.text("state", &offer.verification);
            xml.text("type", "TXT");
            xml.text("value", "vpce:0123456789abcdef");
            xml.value("name", format_args!("_{}", offer.id));
        });
    }
    tag_set(xml, &offer.tags);
}

pub(super) fn create(call: &mut Call<'_>) -> Done {
    let balancers = call.form.list("NetworkLoadBalancerArn");
    let acceptance = call.form.flag("AcceptanceRequired").unwrap_or(true);
    let name = call.form.text("PrivateDnsName").map(str::to_owned);
    let tags = call.new_tags("vpc-endpoint-service")?;
    if balancers.is_empty() {
        return Err(Refusal::missing("NetworkLoadBalancerArns"));
    }
    let account = call.account.to_owned();
    let id = call.world.add_offer(&account, &["a", "b"]);
    call.world.edit_offer(&id, |offer| {
        offer.load_balancers = balancers;
        offer.acceptance_required = acceptance;
        if name.is_some() {
            "pendingVerification".clone_into(&mut offer.verification);
        }
        offer.private_dns_name = name;
        offer.tags = tags;
    });
    if let Some(offer) = call.world.offer(&id).cloned() {
        call.xml.node("serviceConfiguration", |xml| write(xml, &offer));
    }
    Ok(())
}

pub(super) fn modify(call: &mut Call<'_>) -> Done {
    let mut offer = call.own_offer()?;
    if let Some(required) = call.form.flag("AcceptanceRequired") {
        offer.acceptance_required = required;
    }
    if let Some(name) = call.form.text("PrivateDnsName") {
        offer.private_dns_name = Some(name.to_owned());
        "pendingVerification".clone_into(&mut offer.verification);
    }
    if call.form.flag("RemovePrivateDnsName") == Some(true) {
        offer.private_dns_name = None;
    }
    call.world.put(offer);
    call.done()
}

pub(super) fn describe_permissions(call: &mut Call<'_>) -> Done {
    let offer = call.own_offer()?;
    let (size, after) = call.page(1_000, false)?;
    let rest = offer.principals.iter().filter(|(id, _)| **id > after);
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
        permission(xml, &offer.id, id, principal);
    });
    let token = more.then(|| call.token(&last));
    call.end_of_page(token);
    Ok(())
}

fn permission(xml: &mut Xml, offer: &str, id: &str, principal: &str) {
    xml.text("principalType", principal_type(principal));
    xml.text("principal", principal);
    xml.text("servicePermissionId", id);
    xml.text("serviceId", offer);
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

pub(super) fn modify_permissions(call: &mut Call<'_>) -> Done {
    let mut offer = call.own_offer()?;
    let add = call.form.list("AddAllowedPrincipals");
    let remove = call.form.list("RemoveAllowedPrincipals");
    let invalid = |principal: &&String| *principal != "*" && !principal.starts_with("arn:");
    if let Some(principal) = add.iter().chain(&remove).find(invalid) {
        return Err(Refusal::new(
            "InvalidPrincipal",
            format!("The principal '{principal}' is not valid"),
        ));
    }
    offer.principals.retain(|_, principal| !remove.contains(principal));
    let mut added = Vec::new();
    for principal in add {
        if !offer.principals.values().any(|there| *there == principal) {
            let id = call.world.id("vpce-svc-perm");
            offer.principals.insert(id.clone(), principal.clone());
            added.push((id, principal));
        }
    }
    call.xml.set("addedPrincipalSet", &added, |xml, (id, principal)| {
        permission(xml, &offer.id, id, principal);
    });
    call.world.put(offer);
    call.done()
}

pub(super) fn describe_connections(call: &mut Call<'_>) -> Done {
    let (size, after) = call.page(1_000, false)?;
    let seen = call
        .world
        .see_all::<Endpoint>(&after, |endpoint| endpoint.state != EndpointState::Deleted);
    let connected = seen.into_iter().filter_map(|endpoint| {
        let service = endpoint.service.as_ref()?;
        let offer = call
            .world
            .offers()
            .find(|o| o.name == *service && (LIST.visible)(call, o))?;
        Some((endpoint.clone(), offer.id.clone()))
    });
    let mut page: Vec<_> = connected
        .filter(|(endpoint, offer)| {
            call.passes(|name| match name {
                "service-id" => Some(vec![offer.clone()]),
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
        .set("vpcEndpointConnectionSet", page, |xml, (endpoint, offer)| {
            xml.text("serviceId", &offer);
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

pub(super) fn accept(call: &mut Call<'_>) -> Done {
    decide(call, |state| {
        (state == EndpointState::PendingAcceptance).then_some(EndpointState::Pending)
    })
}

pub(super) fn reject(call: &mut Call<'_>) -> Done {
    decide(call, |state| match state {
        EndpointState::PendingAcceptance | EndpointState::Pending | EndpointState::Available => {
            Some(EndpointState::Rejected)
        }
        _ => None,
    })
}

fn decide(call: &mut Call<'_>, next: fn(EndpointState) -> Option<EndpointState>) -> Done {
    let offer = call.own_offer()?;
    let mut failed = Vec::new();
    for id in call.form.list("VpcEndpointId") {
        let found = call
            .world
            .endpoint(&id)
            .filter(|endpoint| endpoint.service.as_ref() == Some(&offer.name));
        let Some(mut endpoint) = found.map(|endpoint| Endpoint::clone(endpoint)) else {
            let refusal = Refusal::no_endpoint(&id, &mut call.world.rng);
            failed.push((id, refusal));
            continue;
        };
        let Some(state) = next(endpoint.state) else {
            let message = format!("The endpoint {id} is in the state {}", wire_state(endpoint.state));
            failed.push((id, Refusal::new("InvalidState", message)));
            continue;
        };
        endpoint.state = state;
        if state == EndpointState::Pending {
            call.world.begin(&id, endpoint.kind);
        }
        call.world.put(endpoint);
    }
    call.xml.unsuccessful(failed);
    Ok(())
}

impl Call<'_> {
    fn own_offer(&mut self) -> Result<Offer, Refusal> {
        let id = self.form.required("ServiceId");
        if id.is_empty() {
            unmodelled("calls for services without ServiceId");
        }
        let offer = self
            .world
            .offer(id)
            .filter(|offer| (LIST.visible)(self, offer))
            .cloned();
        let offer = offer.ok_or_else(|| Refusal::no_offer(id, &mut self.world.rng))?;
        Ok(Offer::clone(&offer))
    }
}
