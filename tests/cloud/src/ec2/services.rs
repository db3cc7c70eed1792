//! The service catalogue.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Answered, ApiError, Call};
use crate::world::{Listing, kind_name};
use crate::xml::Xml;

pub(super) fn describe(call: &mut Call<'_>) -> Answered {
    let names = call.form.list("ServiceName");
    let regions = call.form.list("ServiceRegion");
    let (size, after) = call.page(1_000, false)?;
    let asked = |region: &str| match regions.is_empty() {
        true => region == call.region,
        false => regions.iter().any(|asked| asked == region),
    };
    let mut listings: Vec<Arc<Listing>> = call
        .world
        .catalogue
        .iter()
        .filter(|listing| asked(&listing.region) && (!listing.unlisted || names.contains(&listing.name)))
        .cloned()
        .collect();
    listings.extend(
        call.world
            .endpoint_services()
            .filter(|service| service.region == call.region && service.admits(call.account, call.caller))
            .map(|service| Arc::new(call.world.endpoint_service_listing(service))),
    );
    listings.sort_by_cached_key(|listing| key(listing));
    let known: BTreeSet<_> = listings.iter().map(|listing| listing.name.as_str()).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name.as_str())) {
        return Err(ApiError::new(
            "InvalidServiceName",
            format!("The Vpc Endpoint Service '{unknown}' does not exist"),
        ));
    }
    let passes = call.passing();
    listings.retain(|listing| {
        (names.is_empty() || names.contains(&listing.name))
            && key(listing) > after
            && passes(&|name| match name {
                "service-name" => Some(vec![listing.name.clone()]),
                "service-type" => Some(vec![kind_name(listing.kind).to_owned()]),
                "owner" => Some(vec![listing.owner.clone()]),
                _ => None,
            })
    });
    let more = listings.len() > size;
    listings.truncate(size);
    let last = listings.last().map_or(after, |listing| key(listing));
    call.xml
        .set("serviceNameSet", &listings, |xml, listing| xml.raw(&listing.name));
    call.xml
        .set("serviceDetailSet", &listings, |xml, listing| write(xml, listing));
    let token = more.then(|| call.token(&last));
    call.end_of_page(token);
    Ok(())
}

/// The forms of a service are entries of their own.
fn key(listing: &Listing) -> String {
    format!("{}/{}", listing.name, kind_name(listing.kind))
}

fn write(xml: &mut Xml, listing: &Listing) {
    xml.text("serviceName", &listing.name);
    xml.text("serviceId", listing.id.as_deref().unwrap_or("vpce-svc-0"));
    xml.text("serviceRegion", &listing.region);
    xml.set("serviceType", [listing.kind], |xml, kind| {
        xml.text("serviceType", kind_name(kind))
    });
    xml.texts("availabilityZoneSet", &listing.zones);
    xml.text("owner", &listing.owner);
    if let Some(name) = listing.private_dns_names.first() {
        xml.text("privateDnsName", name);
        xml.text("privateDnsNameVerificationState", "verified");
        xml.set("privateDnsNameSet", &listing.private_dns_names, |xml, name| {
            xml.text("privateDnsName", name);
        });
    }
    xml.value("vpcEndpointPolicySupported", listing.policy_supported);
    xml.value("acceptanceRequired", listing.acceptance_required);
    xml.value("managesVpcEndpoints", listing.manages_endpoints);
    xml.texts("supportedIpAddressTypeSet", &listing.address_types);
}
