//! Private hosted zones that answer for the names of services.

use std::collections::BTreeSet;

use crate::evaluation::{Context, ask};
use crate::model::catalogue::Service;
use crate::model::endpoint::{Endpoint, EndpointKind};
use crate::model::hosted_zone::HostedZone;
use crate::model::part::Gap;
use crate::model::snapshot::VpcSnapshot;
use crate::settings::Settings;

impl<'a> Context<'a> {
    /// The private hosted zone that answers for the DNS name of a service in the VPC. None also where the zones are not
    /// known: EC2 refuses private DNS then, where there is one.
    pub fn hosted_zone_of(&self, service: &Service) -> Option<&'a HostedZone> {
        let zones = self.snapshot.hosted_zones.as_ref().ok()?;
        zones.values().find(|zone| zone.holds_name_of(service))
    }

    /// What a person can do about a zone in whose place private DNS would be.
    pub fn hosted_zone_advice(&self, zone: &HostedZone) -> String {
        let HostedZone { id, name, owner, .. } = zone;
        let VpcSnapshot { region, vpc, .. } = self.snapshot;
        format!(
            "The private hosted zone {id} (`{name}`, account {owner}) is associated with the VPC, and EC2 refuses private \
             DNS of the same name. If the zone leads to the endpoint of another VPC, name that VPC in `central.hubs`, or \
             add an exemption. Otherwise disassociate the zone: `aws route53 disassociate-vpc-from-hosted-zone \
             --hosted-zone-id {id} --vpc VPCRegion={region},VPCId={}`. Until private DNS is enabled, clients then resolve \
             the public addresses.",
            vpc.id
        )
    }
}

/// The names of services that a spoke looks up in hosted zones, so that the records of their zones decide. Empty for other
/// VPCs.
pub fn central_names(snapshot: &VpcSnapshot, settings: &Settings) -> BTreeSet<String> {
    ask(snapshot, settings, |context| {
        let required = context.central_requirements().unwrap_or_default();
        let names = required.iter().flat_map(|required| &required.service.private_dns_names);
        names.map(|name| name.to_ascii_lowercase()).collect()
    })
}

/// Whether a control reads the private hosted zones of the VPC: one proposes to enable private DNS, unless a zone holds
/// the name, or the VPC is a spoke. They are observed only then.
pub fn hosted_zones_decide(snapshot: &VpcSnapshot, settings: &Settings) -> bool {
    // Without the other parts no control proposes anything.
    ask(snapshot, settings, |context| decide(context).unwrap_or_default())
}

fn decide(context: &Context<'_>) -> Result<bool, Gap> {
    if !context.central_requirements()?.is_empty() {
        return Ok(true);
    }
    for required in &context.required_interface()?.services {
        let service = required.service;
        if !required.subnets.is_empty() && context.wants_private_dns(service)? && context.serving(service)?.is_empty() {
            return Ok(true);
        }
    }
    let endpoints = context.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values();
    let interfaces = endpoints.filter(|e| e.kind == EndpointKind::Interface && !e.dead() && context.local(e));
    for endpoint in interfaces {
        let Some(service) = context.service_of(endpoint)? else {
            continue;
        };
        let held = |serving: Vec<&Endpoint>| serving.iter().any(|e| e.private_dns);
        if context.wants_private_dns(service)? && !held(context.serving(service)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::part::Part;
    use crate::model::snapshot::SubnetClass;
    use crate::testing::strategy::worlds;
    use crate::testing::{World, bare, compliant};

    fn decide(world: &World) -> bool {
        hosted_zones_decide(&world.snapshot, &world.settings)
    }

    #[test]
    fn zones_decide_where_private_dns_is_to_be_enabled() {
        assert!(!decide(&compliant()));
        let required = bare().subnet("subnet-a", "a", SubnetClass::Private).require(&["sts"]);
        assert!(decide(&required));
        assert!(!decide(&required.clone().interface("vpce-1", "sts", &["subnet-a"])));
        let off = compliant().edit_endpoint("vpce-sts", |e| e.private_dns = false);
        assert!(decide(&off));
        assert!(!decide(&off.clone().gap(Part::Endpoints)));
        assert!(!decide(&off.interface("vpce-other", "sts", &["subnet-a"])));
        let left_alone = compliant().interface("vpce-s3", "s3", &["subnet-a"]);
        assert!(!decide(&left_alone.edit_endpoint("vpce-s3", |e| e.private_dns = false)));
    }

    proptest! {
        #[test]
        fn zones_that_do_not_decide_change_no_finding(world in worlds()) {
            if !decide(&world) {
                let unknown = world.clone().gap(Part::HostedZones);
                prop_assert_eq!(unknown.all_findings(), world.all_findings());
                prop_assert_eq!(unknown.plan(), world.plan());
            }
        }
    }
}
