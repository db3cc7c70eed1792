//! private-dns-disabled: see [`CONTROL`].

use crate::changes::{Change, ChangeKind, EnablePrivateDns};
use crate::evaluation::service_ports::ServicePorts;
use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation, in_unknown_state};
use crate::model::catalogue::Service;
use crate::model::endpoint::{Endpoint, EndpointKind, EndpointState};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::id::EndpointId;
use crate::model::managed::managed_by;
use crate::model::part::{Gap, Part};
use crate::model::service_facts::against_private_dns;

pub static CONTROL: Control = Control {
    name: "private-dns-disabled",
    summary: "Private DNS is disabled on an interface endpoint of a service with a private DNS name, and on every other \
              endpoint of the VPC to the service.",
    documentation: "\
Clients use the service's normal DNS name. Unless an endpoint of the VPC has private DNS enabled, that name resolves \
to public addresses, and traffic does not use the endpoint, although it is paid for.

One endpoint per service and VPC can have private DNS enabled. The control does not apply to services that also have \
a gateway type, since the normal name is for the clients of the gateway endpoint, nor to services that AWS does not \
offer or that `[approved_services]` does not approve, nor to endpoints of hubs (`[central]`), where private hosted \
zones hold the names, nor to those of spokes to services that they use through a hub. Of several endpoints, the one that \
`endpoint-duplicated` keeps gets private DNS.

**Remediation** (automatic, interrupting; manual where the settings do not require the service in the VPC). Enables private DNS on the endpoint, after admitting all subnets of the \
VPC to it: from then on the clients of all of them use the endpoint. Where network ACLs would keep clients from it, the \
finding names the entries to add first. Nothing is changed until the DNS attributes of \
the VPC are enabled (`vpc-dns-disabled`), nor while a private hosted zone of the same name is associated with the VPC: \
EC2 refuses private DNS then. The finding names the zone, where the role may list the hosted zones of the VPC \
(`route53:ListHostedZonesByVPC`).",
    finds: "an endpoint that the VPC's DNS does not lead to",
    remediation: "enables private DNS",
    concern: Concern::Reachability,
    severity: Severity::High,
    frameworks: &[
        (Framework::Nist80053, "AC-4"),
        (Framework::Nist80053, "SC-7"),
        (Framework::PciDss4, "1.3.2"),
        (Framework::CisControls8, "12.2"),
        (Framework::DataPerimeter, "network-of-resources"),
    ],
    resource: ResourceKind::Endpoint,
    needs: &[
        Part::Dns,
        Part::Subnets,
        Part::RouteTables,
        Part::Endpoints,
        Part::SecurityGroups,
        Part::Services,
        Part::NetworkAcls,
        Part::HostedZones,
    ],
    changes: &[
        ChangeKind::CreateManagedGroup,
        ChangeKind::AuthorizeIngress,
        ChangeKind::AttachManagedGroup,
        ChangeKind::EnablePrivateDns,
    ],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    let mut findings = Vec::new();
    for endpoint in context.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values() {
        if endpoint.kind != EndpointKind::Interface || endpoint.dead() || !context.local(endpoint) {
            continue;
        }
        let Some(service) = context.service_of(endpoint)? else {
            continue;
        };
        findings.push(judge(context, endpoint, service)?);
    }
    Ok(findings)
}

fn key(endpoint: &Endpoint, service: &Service) -> FindingKey {
    FindingKey::new(CONTROL.name, ResourceKind::Endpoint, &endpoint.id).for_service(&service.name)
}

fn judge(context: &Context<'_>, endpoint: &Endpoint, service: &Service) -> Result<Assessment, Gap> {
    let key = key(endpoint, service);
    if context.hub().is_some() {
        return Ok(
            key.not_applicable("The VPC is a hub (`[central]`): private hosted zones hold the names of its endpoints.")
        );
    }
    if let Some(reason) = against_private_dns(service) {
        return Ok(key.not_applicable(format!("Postern does not enable private DNS here: {reason}.")));
    }
    if let Some(central) = context.served_centrally(endpoint)? {
        return Ok(key.not_applicable(format!(
            "The settings have the VPC use {central} through the endpoints of hubs (`[central]`). See endpoint-duplicated."
        )));
    }
    if context.unapproved(endpoint)? {
        return Ok(key.not_applicable(
            "`approved_services` does not approve the service, so Postern leads no more clients to the endpoint. See \
             service-unapproved.",
        ));
    }
    if !context.wants_private_dns(service)? {
        return Ok(key.not_applicable(
            "The service has no private DNS name, or the name is for the clients of its gateway endpoint.",
        ));
    }
    if ServicePorts::of(&service.name).is_none() {
        return Ok(key.not_applicable(
            "AWS does not document the ports of the service, so Postern does not change the DNS name.",
        ));
    }
    if let Some(holder) = context.serving(service)?.iter().find(|e| e.private_dns) {
        return Ok(key.compliant(format!("Private DNS is enabled on {}.", holder.id)));
    }
    let holds_perhaps = |e: &&&Endpoint| e.private_dns || e.id == endpoint.id;
    if let Some(doubtful) = context.doubtful(service)?.iter().find(holds_perhaps) {
        return Ok(in_unknown_state(key, doubtful));
    }
    if endpoint.state == EndpointState::PendingAcceptance {
        return Ok(key.not_applicable("The endpoint waits for its service to accept it."));
    }
    let names: Vec<_> = service.private_dns_names.iter().map(String::as_str).collect();
    if let Some(zone) = context.hosted_zone_of(service) {
        let explanation = format!(
            "Private DNS is disabled on the endpoint and on all others of the VPC, and the private hosted zone {} answers \
             for {}.",
            zone.id, zone.name
        );
        let advice = Remediation::Manual(context.hosted_zone_advice(zone));
        return Ok(key.non_compliant(explanation, advice));
    }
    let explanation = format!(
        "{} resolves to public addresses: private DNS is disabled on the endpoint and on all others of the VPC.",
        names.join(", ")
    );
    Ok(key.non_compliant(explanation, remedy(context, endpoint, service)?))
}

fn remedy(context: &Context<'_>, endpoint: &Endpoint, service: &Service) -> Result<Remediation, Gap> {
    let mut required = context.required_interface()?.services.iter();
    if !required.any(|required| required.service.name == service.name && !required.subnets.is_empty()) {
        return Ok(Remediation::Manual(format!(
            "The settings do not require the service in this VPC, so Postern does not lead all clients of the VPC to the \
             endpoint. Require `{}` in the settings, or run `aws ec2 modify-vpc-endpoint --vpc-endpoint-id {} \
             --private-dns-enabled`.",
            service.name, endpoint.id
        )));
    }
    let dns = context.snapshot.dns.as_ref().map_err(Gap::clone)?;
    if !(dns.support && dns.hostnames) {
        return Ok(Remediation::Manual(
            "Enable DNS support and DNS hostnames of the VPC first (control `vpc-dns-disabled`). Private DNS needs these two attributes."
                .to_owned(),
        ));
    }
    if let Some(kept) = kept(context, endpoint, service)? {
        return Ok(Remediation::Manual(format!(
            "Let {kept} have private DNS: of the endpoints of the VPC to the service it is the one to keep (control \
             `endpoint-duplicated`)."
        )));
    }
    let mut changes = match context.admit_all(endpoint, &service.name)? {
        Ok(changes) => changes,
        Err(advice) => return Ok(Remediation::Manual(advice)),
    };
    changes.push(Change::EnablePrivateDns(EnablePrivateDns {
        endpoint: endpoint.id.clone(),
    }));
    Ok(Remediation::Automatic(changes))
}

/// The endpoint that is rather kept than this one, and can have private DNS in its place.
fn kept<'a>(context: &Context<'a>, endpoint: &Endpoint, service: &Service) -> Result<Option<&'a EndpointId>, Gap> {
    let mut best = (context.rank(endpoint)?, None);
    for other in context.serving(service)? {
        let ready = other.state != EndpointState::PendingAcceptance && !context.unapproved(other)?;
        let rank = context.rank(other)?;
        if ready
            && rank < best.0
            && managed_by(other, context.snapshot).is_none()
            && !context.exempt(&key(other, service), other)
            && context.admit_all(other, &service.name)?.is_ok()
        {
            best = (rank, Some(&other.id));
        }
    }
    Ok(best.1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::changes::ManagedGroup;
    use crate::changes::{AttachManagedGroup, AuthorizeIngress, CreateManagedGroup, HTTPS};
    use crate::model::finding::Verdict;
    use crate::model::snapshot::{IngressSource, Protocol, SubnetClass};
    use crate::plan::PlannedChange;
    use crate::settings::ExemptionSelector;
    use crate::testing::{
        PARTNER, REGION, STRANGER, VPC, World, advice, assert_needs, bare, changes, compliant, https, nets, rule,
        service,
    };

    /// `vpce-sts`, which is required, has private DNS off; its group admits everybody.
    fn passed_by() -> World {
        bare()
            .subnet("subnet-a", "a", SubnetClass::Private)
            .subnet("subnet-web", "b", SubnetClass::Public)
            .interface("vpce-sts", "sts", &["subnet-a"])
            .edit_endpoint("vpce-sts", |e| e.private_dns = false)
            .require(&["sts"])
    }

    fn enabling(endpoint: &str) -> Change {
        Change::EnablePrivateDns(EnablePrivateDns {
            endpoint: endpoint.into(),
        })
    }

    #[test]
    fn endpoint_that_is_kept_of_several_gets_private_dns() {
        let world = passed_by()
            .subnet("subnet-b", "b", SubnetClass::Private)
            .interface("vpce-two", "sts", &["subnet-a", "subnet-b"])
            .edit_endpoint("vpce-two", |e| e.private_dns = false);
        assert_eq!(changes(&world.judge(&CONTROL, "vpce-two")), [enabling("vpce-two")]);
        let said = advice(&world.judge(&CONTROL, "vpce-sts"));
        assert!(said.contains("Let vpce-two have private DNS"), "{said}");
        let plan = world.plan();
        let enabled: Vec<_> = plan
            .changes
            .iter()
            .map(|planned| &planned.change)
            .filter(|change| matches!(change, Change::EnablePrivateDns(_)))
            .collect();
        assert_eq!(enabled, [&enabling("vpce-two")]);
        let managed = world.edit_endpoint("vpce-two", |e| e.requester_managed = true);
        assert_eq!(changes(&managed.judge(&CONTROL, "vpce-sts")), [enabling("vpce-sts")]);
    }

    #[test]
    fn endpoint_that_cannot_get_private_dns_keeps_it_from_no_other() {
        let world = passed_by()
            .subnet("subnet-b", "b", SubnetClass::Private)
            .interface("vpce-two", "sts", &["subnet-a", "subnet-b"])
            .edit_endpoint("vpce-two", |e| e.private_dns = false);
        let apart = ExemptionSelector::Resource("vpce-two".into());
        let exempt = world.clone().exempt(&CONTROL, apart, "2999-01-01T00:00:00Z");
        assert_eq!(changes(&exempt.judge(&CONTROL, "vpce-sts")), [enabling("vpce-sts")]);
        let full = (0..5).fold(world, |world, n| world.group(&format!("sg-{n}"), &[]));
        let full = full.edit_endpoint("vpce-two", |e| {
            e.security_groups = (0..5).map(|n| format!("sg-{n}").as_str().into()).collect();
        });
        assert_eq!(changes(&full.judge(&CONTROL, "vpce-sts")), [enabling("vpce-sts")]);
    }

    #[test]
    fn private_dns_is_enabled_on_the_endpoint() {
        let finding = passed_by().judge(&CONTROL, "vpce-sts");
        assert_eq!(changes(&finding), [enabling("vpce-sts")]);
        assert_eq!(
            finding.explanation(),
            "sts.eu-central-1.amazonaws.com resolves to public addresses: private DNS is disabled on the endpoint and on \
             all others of the VPC."
        );
    }

    #[test]
    fn clients_are_not_led_to_an_endpoint_that_nobody_required() {
        let finding = passed_by()
            .interface("vpce-kms", "kms", &["subnet-a"])
            .edit_endpoint("vpce-kms", |e| e.private_dns = false)
            .judge(&CONTROL, "vpce-kms");
        assert!(
            advice(&finding).starts_with("The settings do not require the service in this VPC"),
            "{finding:#?}"
        );
    }

    #[test]
    fn all_ports_of_the_service_are_admitted_before_private_dns_is_enabled() {
        let service = "transcribestreaming";
        let world = bare()
            .subnet("subnet-a", "a", SubnetClass::Private)
            .offer(service)
            .interface("vpce-tr", service, &["subnet-a"])
            .edit_endpoint("vpce-tr", |e| e.private_dns = false)
            .require(&[service])
            .group("sg-https", &[https("10.0.0.0/24")]);
        let admitted: Vec<_> = changes(&world.judge(&CONTROL, "vpce-tr"))
            .iter()
            .filter_map(|change| match change {
                Change::AuthorizeIngress(change) => Some(change.ports),
                _ => None,
            })
            .collect();
        assert_eq!(admitted, [HTTPS, (8443, 8443)]);
    }

    #[test]
    fn all_subnets_are_admitted_before_private_dns_is_enabled() {
        let managed = ManagedGroup { vpc: VPC.into() };
        let by_membership = rule(
            Protocol::Tcp,
            Some((443, 443)),
            IngressSource::Group("sg-clients".to_owned()),
        );
        for ingress in [vec![https("10.0.0.0/24")], vec![by_membership]] {
            let world = passed_by().group("sg-https", &ingress);
            assert_eq!(
                changes(&world.judge(&CONTROL, "vpce-sts")),
                [
                    Change::CreateManagedGroup(CreateManagedGroup::for_ingress(VPC.into())),
                    Change::AuthorizeIngress(AuthorizeIngress {
                        group: managed.clone(),
                        ports: HTTPS,
                        cidrs: nets(&["10.0.0.0/23"]),
                    }),
                    Change::AttachManagedGroup(AttachManagedGroup {
                        endpoint: "vpce-sts".into(),
                        group: managed.clone(),
                    }),
                    enabling("vpce-sts"),
                ]
            );
        }
    }

    #[test]
    fn one_endpoint_with_private_dns_is_enough() {
        let world = passed_by().interface("vpce-z", "sts", &["subnet-a"]);
        for endpoint in ["vpce-sts", "vpce-z"] {
            assert_eq!(world.verdict(&CONTROL, endpoint), Verdict::Compliant);
        }
        let neither = world.edit_endpoint("vpce-z", |e| e.private_dns = false);
        assert_eq!(changes(&neither.judge(&CONTROL, "vpce-sts")), [enabling("vpce-sts")]);
        assert!(advice(&neither.judge(&CONTROL, "vpce-z")).contains("Let vpce-sts have private DNS"));
        let planned: Vec<_> = neither.plan().changes.into_iter().map(|p| p.change).collect();
        assert_eq!(planned, [enabling("vpce-sts")], "the name is exclusive");
    }

    #[test]
    fn dead_and_cross_region_endpoints_do_not_hold_the_name() {
        for fault in [
            |e: &mut Endpoint| e.state = EndpointState::Deleting,
            |e: &mut Endpoint| e.service_region = Some("us-east-1".into()),
        ] {
            let world = passed_by()
                .interface("vpce-old", "sts", &["subnet-a"])
                .edit_endpoint("vpce-old", fault);
            assert_eq!(world.verdict(&CONTROL, "vpce-sts"), Verdict::NonCompliant);
            assert_eq!(world.findings(&CONTROL).len(), 1);
        }
    }

    #[test]
    fn endpoint_in_an_unknown_state_may_hold_the_name() {
        let odd = |pauses: bool| {
            passed_by()
                .interface("vpce-odd", "sts", &["subnet-a"])
                .edit_endpoint("vpce-odd", |e| {
                    e.state = EndpointState::Unknown;
                    e.private_dns = pauses;
                })
        };
        assert_eq!(odd(true).verdict(&CONTROL, "vpce-sts"), Verdict::Indeterminate);
        assert_eq!(odd(true).verdict(&CONTROL, "vpce-odd"), Verdict::Indeterminate);
        assert_eq!(odd(false).verdict(&CONTROL, "vpce-sts"), Verdict::NonCompliant);
        assert_eq!(odd(false).verdict(&CONTROL, "vpce-odd"), Verdict::Indeterminate);
    }

    #[test]
    fn private_dns_waits_for_the_dns_attributes() {
        for (support, hostnames) in [(false, true), (true, false)] {
            let world = passed_by().dns(support, hostnames);
            assert!(advice(&world.judge(&CONTROL, "vpce-sts")).contains("vpc-dns-disabled"));
            let kinds: Vec<_> = world.plan().changes.iter().map(|p| p.change.kind()).collect();
            assert_eq!(kinds, [ChangeKind::EnableVpcDns, ChangeKind::EnablePrivateDns]);
        }
    }

    #[test]
    fn private_dns_is_not_enabled_where_a_hosted_zone_holds_the_name() {
        let world = passed_by().hosted_zone("Z1", "sts");
        let finding = world.judge(&CONTROL, "vpce-sts");
        assert!(
            finding
                .explanation()
                .contains("hosted zone Z1 answers for sts.eu-central-1.amazonaws.com")
        );
        assert!(advice(&finding).contains("disassociate-vpc-from-hosted-zone --hosted-zone-id Z1"));
        assert_eq!(world.plan().changes, []);
        let enabled = world.clone().edit_endpoint("vpce-sts", |e| e.private_dns = true);
        assert_eq!(enabled.verdict(&CONTROL, "vpce-sts"), Verdict::Compliant);
        let other = passed_by().hosted_zone("Z1", "kms");
        assert_eq!(changes(&other.judge(&CONTROL, "vpce-sts")), [enabling("vpce-sts")]);
        let unknown = world.gap(Part::HostedZones);
        assert_eq!(changes(&unknown.judge(&CONTROL, "vpce-sts")), [enabling("vpce-sts")]);
    }

    #[test]
    fn hosted_zone_of_what_follows_the_wildcard_holds_the_name() {
        let world = passed_by()
            .edit_service("sts", EndpointKind::Interface, |service| {
                service.private_dns_names = BTreeSet::from([format!("*.dkr.ecr.{REGION}.amazonaws.com")]);
            })
            .hosted_zone("Z1", "dkr.ecr");
        assert!(advice(&world.judge(&CONTROL, "vpce-sts")).contains("hosted zone Z1"));
    }

    #[test]
    fn private_dns_waits_for_acceptance() {
        let world = passed_by().edit_endpoint("vpce-sts", |e| e.state = EndpointState::PendingAcceptance);
        assert_eq!(world.verdict(&CONTROL, "vpce-sts"), Verdict::NotApplicable);
    }

    #[test]
    fn service_that_wants_no_private_dns_is_not_applicable() {
        let world = passed_by()
            .interface("vpce-s3", "s3", &["subnet-a"])
            .edit_endpoint("vpce-s3", |e| e.private_dns = false)
            .interface("vpce-partner", PARTNER, &["subnet-a"])
            .edit_endpoint("vpce-partner", |e| e.private_dns = false);
        assert_eq!(world.verdict(&CONTROL, "vpce-s3"), Verdict::NotApplicable);
        assert_eq!(world.verdict(&CONTROL, "vpce-partner"), Verdict::NotApplicable);
        let nameless = passed_by().edit_service("sts", EndpointKind::Interface, |s| s.private_dns_names.clear());
        assert_eq!(nameless.verdict(&CONTROL, "vpce-sts"), Verdict::NotApplicable);
    }

    #[test]
    fn endpoint_managed_by_others_is_reported_and_not_changed() {
        let kept = passed_by().edit_endpoint("vpce-sts", |e| e.owner = STRANGER.into());
        assert!(advice(&kept.judge(&CONTROL, "vpce-sts")).contains("vpce-sts belongs to account"));
        assert_eq!(kept.plan().changes, []);
        let beside = kept
            .interface("vpce-z", "sts", &["subnet-a"])
            .edit_endpoint("vpce-z", |e| e.private_dns = false);
        let planned: Vec<_> = beside.plan().changes.into_iter().map(|p| p.change).collect();
        assert_eq!(planned, [enabling("vpce-z")]);
    }

    #[test]
    fn gateway_endpoints_and_unlisted_services_have_no_findings() {
        let world = compliant().edit_endpoint("vpce-sts", |e| {
            e.service = Some("com.amazonaws.eu-central-1.ec2x".into())
        });
        let about: Vec<_> = world
            .findings(&CONTROL)
            .into_iter()
            .map(|f| f.key.resource.id)
            .collect();
        assert_eq!(about, ["vpce-kms"]);
    }

    #[test]
    fn private_dns_is_never_enabled_where_it_would_break_clients() {
        for short in ["execute-api", "execute-api-fips"] {
            let name = format!("com.amazonaws.{REGION}.{short}");
            let world = bare()
                .subnet("subnet-a", "a", SubnetClass::Private)
                .edit_catalogue(|services| {
                    services.retain(|service| service.name.as_str() != name);
                    services.push(service(&name));
                });
            let existing = world
                .clone()
                .interface("vpce-1", short, &["subnet-a"])
                .edit_endpoint("vpce-1", |e| e.private_dns = false);
            let finding = existing.judge(&CONTROL, "vpce-1");
            assert_eq!(finding.verdict(), Verdict::NotApplicable, "{finding:#?}");
            let plan = world.require(&[short]).plan();
            let private = |planned: &PlannedChange| match &planned.change {
                Change::CreateEndpoint(new) => new.private_dns,
                change => change.kind() == ChangeKind::EnablePrivateDns,
            };
            assert!(
                !plan.changes.is_empty() && !plan.changes.iter().any(private),
                "{plan:#?}"
            );
        }
    }

    #[test]
    fn control_reads_exactly_the_parts_that_it_declares() {
        assert_needs(&CONTROL, &[passed_by(), passed_by().hosted_zone("Z1", "sts")]);
    }
}
