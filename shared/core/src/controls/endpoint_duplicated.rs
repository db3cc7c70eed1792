//! endpoint-duplicated: see [`CONTROL`].

use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation};
use crate::model::endpoint::{Endpoint, EndpointKind};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::id::ServiceName;
use crate::model::managed::managed_by;
use crate::model::part::{Gap, Part};

pub static CONTROL: Control = Control {
    name: "endpoint-duplicated",
    summary: "An interface endpoint leads to a service to which another one, of the VPC or of its hub, would be enough.",
    documentation: "\
Each interface endpoint is billed by zone and hour. One is enough where it has a network interface in every zone of the \
other and the same type of IP addresses. Where one has private DNS for inbound resolvers only, they serve different \
clients, and both are kept. Different policies and security groups do not count: those of one endpoint can admit the \
clients of both. Exempt endpoints that are kept apart on purpose.

Of such endpoints the one with private DNS is kept, then the one in most zones, then the older one. Gateway endpoints \
are free of charge and not judged. Endpoints that AWS services manage are not judged.

In a spoke of `[central]`, an endpoint to a service that is required there and served centrally is one too many: the \
settings have the VPC use it through a hub. The saving is that of the hours. What else the way to the hub costs is not \
in it: a transit gateway bills each gigabyte, a peering connection only what crosses zones.

**Remediation** (manual). The finding says what the endpoint costs a month. Postern deletes no endpoint: clients may use \
its own DNS name.",
    finds: "a second endpoint where one is enough, or that of a hub",
    remediation: "says what it costs",
    concern: Concern::Reachability,
    severity: Severity::Low,
    frameworks: &[
        (Framework::Nist80053, "CM-7"),
        (Framework::CisControls8, "4.8"),
    ],
    resource: ResourceKind::Endpoint,
    needs: &[Part::Subnets, Part::RouteTables, Part::Endpoints, Part::Services],
    changes: &[],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    let snapshot = context.snapshot;
    context.snapshot.services.as_ref().map_err(Gap::clone)?;
    let endpoints = snapshot.endpoints.as_ref().map_err(Gap::clone)?.values();
    let judged: Vec<_> = endpoints
        .filter(|e| e.kind == EndpointKind::Interface && e.service.is_some() && e.usable())
        .filter(|e| managed_by(e, snapshot).is_none())
        .collect();
    let mut findings = Vec::new();
    for endpoint in &judged {
        let key = FindingKey::new(CONTROL.name, ResourceKind::Endpoint, &endpoint.id);
        if let Some(service) = context.served_centrally(endpoint)? {
            findings.push(of_spoke(context, key, endpoint, service));
            continue;
        }
        let mut enough = None;
        for other in &judged {
            if replaces(context, other, endpoint)? {
                enough = Some(other);
                break;
            }
        }
        findings.push(match enough {
            None => key.compliant("No other endpoint of the VPC serves the same clients."),
            Some(other) => key.non_compliant(
                format!(
                    "{} leads to the same service and covers the same zones. {} The data costs the same through either.",
                    other.id,
                    context.saving(endpoint)
                ),
                Remediation::Manual(format!(
                    "Admit the clients of the endpoint in the policy and the security groups of {}, and check in DNS logs \
                     that no client uses the endpoint's own DNS name. Then run `aws ec2 delete-vpc-endpoints \
                     --vpc-endpoint-ids {}`.",
                    other.id, endpoint.id
                )),
            ),
        });
    }
    Ok(findings)
}

fn of_spoke(context: &Context<'_>, key: FindingKey, endpoint: &Endpoint, service: &ServiceName) -> Assessment {
    key.non_compliant(
        format!(
            "The settings have the VPC use {service} through the endpoints of hubs (`[central]`). {}",
            context.saving(endpoint)
        ),
        Remediation::Manual(format!(
            "Check first that a hub has an endpoint to the service, and that the VPC reaches it: hosted zone, routes, \
             security groups and policy, as `postern explain central-unreachable` names them. Then run `aws ec2 \
             delete-vpc-endpoints --vpc-endpoint-ids {}`. To keep the endpoint, list the central services without this one \
             in `central.services`, or add an exemption.",
            endpoint.id
        )),
    )
}

/// Whether the clients of the second endpoint can use the first, which is kept.
fn replaces(context: &Context<'_>, kept: &Endpoint, surplus: &Endpoint) -> Result<bool, Gap> {
    let same = kept.id != surplus.id
        && kept.service == surplus.service
        && kept.service_region == surplus.service_region
        && kept.address_type == surplus.address_type
        && kept.private_dns_inbound_only == surplus.private_dns_inbound_only
        && (kept.private_dns || !surplus.private_dns);
    if !same {
        return Ok(false);
    }
    let (zones, others) = (context.zones_of(kept)?, context.zones_of(surplus)?);
    Ok(zones.is_superset(&others) && context.rank(kept)? < context.rank(surplus)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::endpoint::EndpointState;
    use crate::model::finding::Verdict;
    use crate::model::snapshot::SubnetClass;
    use crate::settings::ExemptionSelector;
    use crate::testing::central::{central, hub, spoke};
    use crate::testing::{World, advice, assert_needs, bare, compliant};

    /// `vpce-a` and `vpce-b`, both in zone `a`; the first has private DNS and is in zone `b`, too.
    fn twins() -> World {
        bare()
            .subnet("subnet-a", "a", SubnetClass::Private)
            .subnet("subnet-b", "b", SubnetClass::Private)
            .interface("vpce-a", "sts", &["subnet-a", "subnet-b"])
            .interface("vpce-b", "sts", &["subnet-a"])
            .edit_endpoint("vpce-b", |e| e.private_dns = false)
    }

    #[test]
    fn single_endpoint_is_compliant() {
        assert_eq!(compliant().verdict(&CONTROL, "vpce-sts"), Verdict::Compliant);
    }

    #[test]
    fn surplus_endpoint_is_reported_with_its_price() {
        let finding = twins().judge(&CONTROL, "vpce-b");
        assert_eq!(
            finding.explanation(),
            "vpce-a leads to the same service and covers the same zones. Without it you save $7.30 a month (1 zone). \
             The data costs the same through either."
        );
        assert!(advice(&finding).contains("--vpc-endpoint-ids vpce-b"));
        assert_eq!(twins().verdict(&CONTROL, "vpce-a"), Verdict::Compliant, "one is kept");
        let mut unknown = twins();
        unknown.settings.prices.elsewhere.interface_endpoint_zone_hour = None;
        let explanation = unknown.judge(&CONTROL, "vpce-b").explanation().into_owned();
        assert!(
            explanation.contains("the price of eu-central-1 is not known"),
            "{explanation}"
        );
    }

    #[test]
    fn of_equal_endpoints_exactly_one_is_surplus() {
        let world = twins().edit_endpoint("vpce-a", |e| {
            e.private_dns = false;
            e.subnets.remove(&"subnet-b".into());
        });
        assert_eq!(world.verdict(&CONTROL, "vpce-a"), Verdict::Compliant);
        assert_eq!(world.verdict(&CONTROL, "vpce-b"), Verdict::NonCompliant);
    }

    #[test]
    fn endpoints_that_serve_different_clients_are_compliant() {
        let edits: [fn(&mut Endpoint); 4] = [
            |e| e.service_region = Some("us-east-1".into()),
            |e| e.address_type = crate::model::address::AddressType::Dualstack,
            |e| e.private_dns_inbound_only = true,
            |e| e.service = Some("com.amazonaws.eu-central-1.kms".into()),
        ];
        for edit in edits {
            assert_eq!(
                twins().edit_endpoint("vpce-b", edit).verdict(&CONTROL, "vpce-b"),
                Verdict::Compliant
            );
        }
        let elsewhere = twins()
            .subnet("subnet-c", "c", SubnetClass::Private)
            .edit_endpoint("vpce-b", |e| e.subnets = ["subnet-c".into()].into());
        assert_eq!(elsewhere.verdict(&CONTROL, "vpce-b"), Verdict::Compliant);
    }

    #[test]
    fn dead_managed_and_gateway_endpoints_are_not_judged() {
        let dead = twins().edit_endpoint("vpce-a", |e| e.state = EndpointState::Failed);
        assert_eq!(dead.verdict(&CONTROL, "vpce-b"), Verdict::Compliant);
        let managed = twins().edit_endpoint("vpce-b", |e| e.requester_managed = true);
        assert_eq!(managed.findings(&CONTROL).len(), 1);
        let gateways = bare()
            .gateway("vpce-1", "s3", &["rtb-main"])
            .gateway("vpce-2", "s3", &["rtb-public"]);
        assert_eq!(gateways.findings(&CONTROL), []);
    }

    /// A spoke that is to use STS through its hub, with an endpoint of its own.
    fn with_local_endpoint() -> World {
        spoke().interface("vpce-local", "sts", &["subnet-a"])
    }

    #[test]
    fn no_control_builds_up_an_endpoint_that_the_hub_replaces() {
        let world = with_local_endpoint()
            .subnet("subnet-b", "b", SubnetClass::Private)
            .edit_endpoint("vpce-local", |e| e.private_dns = false)
            .group("sg-https", &[]);
        let plan = world.plan();
        assert_eq!(plan.changes, [], "{plan:#?}");
        let mut own = world;
        own.settings.central = None;
        assert!(!own.plan().changes.is_empty());
    }

    #[test]
    fn endpoint_of_a_spoke_to_a_central_service_is_reported_with_the_saving() {
        let finding = with_local_endpoint().judge(&CONTROL, "vpce-local");
        assert_eq!(
            finding.explanation(),
            "The settings have the VPC use com.amazonaws.eu-central-1.sts through the endpoints of hubs (`[central]`). \
             Without it you save $7.30 a month (1 zone)."
        );
        assert!(advice(&finding).contains("central.services"));
    }

    #[test]
    fn endpoint_of_a_spoke_is_compliant_where_nothing_says_that_the_hub_replaces_it() {
        let mut others = with_local_endpoint();
        others.settings.central = Some(central(&["kms"]));
        let mut unrequired = with_local_endpoint();
        unrequired.settings.requirements.clear();
        let mut alone = with_local_endpoint();
        alone.settings.central = None;
        let abroad = with_local_endpoint().edit_endpoint("vpce-local", |e| e.service_region = Some("us-east-1".into()));
        for world in [others, unrequired, alone, abroad] {
            assert_eq!(world.verdict(&CONTROL, "vpce-local"), Verdict::Compliant);
        }
        let hub = hub().require(&["sts"]);
        assert_eq!(
            hub.verdict(&CONTROL, "vpce-hub"),
            Verdict::Compliant,
            "it serves the spokes"
        );
    }

    #[test]
    fn exempt_endpoint_is_accepted() {
        let selector = ExemptionSelector::Resource("vpce-b".to_owned());
        let world = twins().exempt(&CONTROL, selector, "2027-01-01T00:00:00Z");
        assert!(world.judge(&CONTROL, "vpce-b").accepted().is_some());
    }

    #[test]
    fn control_reads_exactly_the_parts_that_it_declares() {
        assert_needs(&CONTROL, &[twins(), with_local_endpoint()]);
    }
}
