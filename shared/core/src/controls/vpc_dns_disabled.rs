//! vpc-dns-disabled: see [`CONTROL`].

use crate::changes::{Change, ChangeKind, DnsAttribute, EnableVpcDns};
use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation, ask};
use crate::model::endpoint::EndpointKind;
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::id::VpcId;
use crate::model::part::{Gap, Part};
use crate::model::snapshot::{AMAZON_DNS, VpcDns, VpcSnapshot};
use crate::model::text::printable;
use crate::settings::{Mode, Settings};

pub static CONTROL: Control = Control {
    name: "vpc-dns-disabled",
    summary: "The VPC lacks DNS support or DNS hostnames, and its endpoints need them.",
    documentation: "\
Private DNS makes the normal name of a service resolve to its endpoint. It works only while both attributes of the \
VPC are enabled. Without them clients use the public addresses of the service, even where an endpoint exists.

The VPC needs both when an interface service with a private DNS name is required in it, and when any endpoint in it has \
private DNS enabled. A gateway endpoint needs DNS support alone: without it clients that use the Amazon DNS server cannot \
resolve the names of the service.

Where the DHCP options of the VPC name other DNS servers than Amazon's, clients resolve private DNS names only if these \
servers forward them to Amazon's. So the attributes are not enabled then, and gateway endpoints do not need them.

**Remediation** (automatic, interrupting). Enables the attribute that is disabled, DNS support before DNS hostnames. From \
then on the names of services resolve to the endpoints with private DNS, for all clients of the VPC, and names of private \
hosted zones to what these hold. So all subnets are first admitted to those endpoints, through the security group that \
Postern manages. Where network ACLs would keep clients from one of them, the finding names the entries to add first.",
    finds: "VPC attributes off that private DNS needs",
    remediation: "enables them",
    concern: Concern::Reachability,
    severity: Severity::High,
    frameworks: &[
        (Framework::Nist80053, "SC-7"),
        (Framework::CisControls8, "12.2"),
    ],
    resource: ResourceKind::Vpc,
    needs: &[
        Part::Dns,
        Part::Subnets,
        Part::RouteTables,
        Part::Endpoints,
        Part::SecurityGroups,
        Part::Services,
        Part::NetworkAcls,
    ],
    changes: &[
        ChangeKind::EnableVpcDns,
        ChangeKind::CreateManagedGroup,
        ChangeKind::AuthorizeIngress,
        ChangeKind::AttachManagedGroup,
    ],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    let vpc = &context.snapshot.vpc.id;
    let key = FindingKey::new(CONTROL.name, ResourceKind::Vpc, vpc);
    let dns = context.snapshot.dns.as_ref().map_err(Gap::clone)?;
    let off: Vec<_> = [
        (DnsAttribute::Support, dns.support),
        (DnsAttribute::Hostnames, dns.hostnames),
    ]
    .into_iter()
    .filter_map(|(attribute, on)| (!on).then_some(attribute))
    .collect();
    if off.is_empty() {
        return Ok(vec![key.compliant("DNS support and DNS hostnames are enabled.")]);
    }
    let (mut explanation, off) = match need(context, *dns)? {
        None => {
            return Ok(vec![
                key.not_applicable("No endpoint of the VPC needs the DNS attributes."),
            ]);
        }
        Some(Need::Gateway(_)) if other_servers(context)?.is_some() => {
            return Ok(vec![key.not_applicable(
                "The DHCP options of the VPC name other DNS servers than Amazon's. Its clients resolve the names of \
                 services there.",
            )]);
        }
        Some(Need::PrivateDns(needed_by)) => {
            let names: Vec<_> = off.iter().map(ToString::to_string).collect();
            let verb = if off == [DnsAttribute::Support] { "is" } else { "are" };
            let explanation = format!(
                "{} {verb} disabled in the VPC. Private DNS for {needed_by} needs DNS support and DNS hostnames.",
                names.join(" and ")
            );
            (explanation, off)
        }
        Some(Need::Gateway(needed_by)) => {
            let explanation = format!(
                "DNS support is disabled in the VPC. Clients that use the Amazon DNS server cannot resolve the names of \
                 {needed_by}, which is reached through a gateway endpoint."
            );
            (explanation, vec![DnsAttribute::Support])
        }
    };
    if let Some(servers) = other_servers(context)? {
        explanation.push_str(&format!(" {servers}"));
        let advice = forward(vpc, &off);
        return Ok(vec![key.non_compliant(explanation, Remediation::Manual(advice))]);
    }
    let remedy = match admitting(context)? {
        Ok(mut changes) => {
            changes.extend(off.into_iter().map(|attribute| {
                Change::EnableVpcDns(EnableVpcDns {
                    vpc: vpc.clone(),
                    attribute,
                })
            }));
            Remediation::Automatic(changes)
        }
        Err(advice) => Remediation::Manual(format!(
            "Private DNS leads all clients of the VPC to its endpoints. {advice} Then enable {}.",
            off.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
        )),
    };
    Ok(vec![key.non_compliant(explanation, remedy)])
}

/// What needs a DNS attribute that is disabled: a service or an endpoint.
enum Need {
    PrivateDns(String),
    Gateway(String),
}

fn need(context: &Context<'_>, dns: VpcDns) -> Result<Option<Need>, Gap> {
    if dns.support && dns.hostnames {
        return Ok(None);
    }
    match private_dns_needed_by(context)? {
        Some(needed_by) => Ok(Some(Need::PrivateDns(needed_by))),
        None if dns.support => Ok(None),
        None => Ok(gateway(context)?.map(Need::Gateway)),
    }
}

/// Whether the DNS servers decide about a VPC. They are observed only then.
pub fn dns_servers_decide(snapshot: &VpcSnapshot, settings: &Settings) -> bool {
    let needed = |context: &Context<'_>| match snapshot.dns {
        Ok(dns) => need(context, dns).is_ok_and(|need| need.is_some()),
        Err(_) => false,
    };
    settings.modes.of(CONTROL.name) != Mode::Off && ask(snapshot, settings, needed)
}

/// Which DNS servers besides Amazon's the DHCP options name, in a sentence. None where they name no other.
fn other_servers(context: &Context<'_>) -> Result<Option<String>, Gap> {
    let VpcSnapshot { vpc, dns_servers, .. } = context.snapshot;
    let servers = dns_servers.as_ref().map_err(Gap::clone)?;
    let others: Vec<_> = servers.iter().filter(|server| !vpc.is_amazon_dns(server)).collect();
    Ok(match others.as_slice() {
        [] => None,
        others => {
            let others: Vec<_> = others.iter().map(|server| format!("`{}`", printable(server))).collect();
            Some(format!(
                "The DHCP options of the VPC name the DNS servers {}, so that clients resolve private DNS names only if \
                 these servers forward them to the Amazon DNS server.",
                others.join(", ")
            ))
        }
    })
}

/// What a person can do where clients use other DNS servers than Amazon's.
fn forward(vpc: &VpcId, off: &[DnsAttribute]) -> String {
    let commands = off.iter().map(|attribute| {
        let flag = match attribute {
            DnsAttribute::Support => "--enable-dns-support",
            DnsAttribute::Hostnames => "--enable-dns-hostnames",
        };
        format!("`aws ec2 modify-vpc-attribute --vpc-id {vpc} {flag}`")
    });
    format!(
        "Let these DNS servers forward the names of AWS services to the Amazon DNS server of the VPC, or associate DHCP \
         options with `{AMAZON_DNS}`. Then run {}.",
        commands.collect::<Vec<_>>().join(" and ")
    )
}

/// The changes after which the endpoints with private DNS admit all subnets: clients are led to them. Err where
/// Postern cannot admit them to one, with what to do.
fn admitting(context: &Context<'_>) -> Result<Result<Vec<Change>, String>, Gap> {
    let mut all: Vec<Change> = Vec::new();
    for endpoint in context.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values() {
        // Gateway endpoints have neither addresses nor security groups, whatever EC2 says of their private DNS.
        let leads = endpoint.kind == EndpointKind::Interface && endpoint.holds_name() && endpoint.usable();
        let Some(service) = endpoint.service.as_ref().filter(|_| leads) else {
            continue;
        };
        let changes = match context.admit_all(endpoint, service)? {
            Ok(changes) => changes,
            Err(advice) => return Ok(Err(advice)),
        };
        for change in changes {
            let same_rules = |known: &&mut Change| known.kind() == change.kind() && known.repeats(&change);
            match (&change, all.iter_mut().find(same_rules)) {
                (Change::AuthorizeIngress(more), Some(Change::AuthorizeIngress(known))) => {
                    known.cidrs.extend(&more.cidrs);
                }
                (_, Some(_)) => {}
                (_, None) => all.push(change),
            }
        }
    }
    all.sort_by_key(Change::kind);
    Ok(Ok(all))
}

/// A service or an endpoint whose private DNS depends on both attributes.
fn private_dns_needed_by(context: &Context<'_>) -> Result<Option<String>, Gap> {
    let services = &context.required_interface()?.services;
    for required in services {
        if !required.subnets.is_empty() && context.wants_private_dns(required.service)? {
            return Ok(Some(required.service.name.to_string()));
        }
    }
    for endpoint in context.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values() {
        if endpoint.kind != EndpointKind::Gateway && endpoint.usable() && endpoint.private_dns {
            return Ok(Some(endpoint.id.to_string()));
        }
    }
    Ok(None)
}

/// A service that is reached through a gateway endpoint, or is to be.
fn gateway(context: &Context<'_>) -> Result<Option<String>, Gap> {
    let services = &context.required_gateway()?.services;
    let required = services.iter().find(|required| !required.subnets.is_empty());
    if let Some(required) = required {
        return Ok(Some(required.service.name.to_string()));
    }
    let endpoints = context.snapshot.endpoints.as_ref().map_err(Gap::clone)?;
    let existing = endpoints
        .values()
        .find(|endpoint| endpoint.kind == EndpointKind::Gateway && endpoint.usable());
    Ok(existing
        .and_then(|endpoint| endpoint.service.as_ref())
        .map(ToString::to_string))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::endpoint::{Endpoint, EndpointState};
    use crate::model::finding::Verdict;
    use crate::model::snapshot::SubnetClass;
    use crate::testing::{PARTNER, VPC, World, advice, assert_needs, bare, changes};

    /// DNS is off, and nothing needs it yet.
    fn off() -> World {
        bare().subnet("subnet-a", "a", SubnetClass::Private).dns(false, false)
    }

    fn enabling(attribute: DnsAttribute) -> Change {
        Change::EnableVpcDns(EnableVpcDns {
            vpc: VPC.into(),
            attribute,
        })
    }

    #[test]
    fn disabled_attributes_are_enabled_dns_support_first() {
        use DnsAttribute::{Hostnames, Support};
        for (support, hostnames, wanted, words) in [
            (
                false,
                false,
                vec![Support, Hostnames],
                "DNS support and DNS hostnames are",
            ),
            (true, false, vec![Hostnames], "DNS hostnames are"),
            (false, true, vec![Support], "DNS support is"),
        ] {
            let finding = off().require(&["sts"]).dns(support, hostnames).judge(&CONTROL, VPC);
            let wanted: Vec<_> = wanted.into_iter().map(enabling).collect();
            assert_eq!(changes(&finding), wanted);
            assert!(finding.explanation().starts_with(words), "{}", finding.explanation());
        }
    }

    #[test]
    fn enabled_attributes_are_compliant() {
        let world = off().require(&["sts"]).dns(true, true);
        assert_eq!(world.verdict(&CONTROL, VPC), Verdict::Compliant);
    }

    #[test]
    fn vpc_without_private_dns_is_not_applicable() {
        assert_eq!(off().verdict(&CONTROL, VPC), Verdict::NotApplicable);
        let no_subnet = bare().dns(false, false).require(&["sts"]);
        assert_eq!(no_subnet.verdict(&CONTROL, VPC), Verdict::NotApplicable);
        let names_of_others = off()
            .require(&["s3", PARTNER])
            .require_gateway(&["s3"])
            .interface("vpce-s3", "s3", &["subnet-a"])
            .edit_endpoint("vpce-s3", |e| e.private_dns = false)
            .gateway("vpce-s3-gw", "s3", &[]);
        assert_eq!(
            changes(&names_of_others.judge(&CONTROL, VPC)),
            [enabling(DnsAttribute::Support)],
            "for the gateway endpoint alone"
        );
        let no_private_dns = off().require(&[PARTNER]);
        assert_eq!(no_private_dns.verdict(&CONTROL, VPC), Verdict::NotApplicable);
    }

    #[test]
    fn gateway_endpoint_needs_dns_support_alone() {
        let existing = off().gateway("vpce-s3", "s3", &["rtb-private"]);
        let finding = existing.clone().judge(&CONTROL, VPC);
        assert_eq!(changes(&finding), [enabling(DnsAttribute::Support)]);
        assert!(finding.explanation().contains("com.amazonaws.eu-central-1.s3"));
        assert_eq!(existing.dns(true, false).verdict(&CONTROL, VPC), Verdict::NotApplicable);
        let required = off().require_gateway(&["s3"]);
        assert_eq!(
            changes(&required.judge(&CONTROL, VPC)),
            [enabling(DnsAttribute::Support)]
        );
    }

    #[test]
    fn attributes_are_left_to_people_where_clients_use_other_dns_servers() {
        for servers in [&["10.1.2.3", "10.1.2.4"][..], &["10.1.2.3", AMAZON_DNS]] {
            let world = off().require(&["sts"]).dns_servers(servers);
            let finding = world.judge(&CONTROL, VPC);
            assert_eq!(finding.verdict(), Verdict::NonCompliant);
            let advice = advice(&finding);
            assert!(
                advice.contains("`aws ec2 modify-vpc-attribute --vpc-id vpc-1 --enable-dns-support`"),
                "{advice}"
            );
            let words = "only if these servers forward them";
            assert!(finding.explanation().contains(words), "{}", finding.explanation());
            assert!(
                world
                    .plan()
                    .changes
                    .iter()
                    .all(|planned| planned.change.kind() != ChangeKind::EnableVpcDns)
            );
            let gateway = off().require_gateway(&["s3"]).dns_servers(servers);
            assert_eq!(gateway.verdict(&CONTROL, VPC), Verdict::NotApplicable, "{servers:?}");
        }
    }

    #[test]
    fn every_address_of_the_amazon_dns_server_is_amazons() {
        // The VPC is 10.0.0.0/16.
        for server in [AMAZON_DNS, "169.254.169.253", "fd00:ec2::253", "10.0.0.2"] {
            let world = off().require(&["sts"]).dns_servers(&[server]);
            assert!(!changes(&world.judge(&CONTROL, VPC)).is_empty(), "{server}");
        }
        let unnamed = off().require(&["sts"]).dns_servers(&[]);
        assert!(!changes(&unnamed.judge(&CONTROL, VPC)).is_empty());
        for server in ["10.0.0.3", "10.1.0.2", "nonsense"] {
            let world = off().require(&["sts"]).dns_servers(&[server]);
            assert!(world.judge(&CONTROL, VPC).changes().is_none(), "{server}");
        }
    }

    #[test]
    fn dns_servers_are_asked_for_only_where_they_decide() {
        let decides = |world: &crate::testing::World| dns_servers_decide(&world.snapshot, &world.settings);
        let needed = off().require(&["sts"]);
        assert!(decides(&needed) && decides(&off().require_gateway(&["s3"])));
        assert!(!decides(&off()) && !decides(&needed.clone().dns(true, true)));
        assert!(!decides(&needed.clone().gap(Part::Dns)));
        assert!(!decides(&needed.clone().mode(&CONTROL, Mode::Off)));
        let mut unknown = needed;
        unknown.snapshot.dns_servers = Err(Gap {
            part: Part::Dns,
            reason: "the call was denied".to_owned(),
        });
        assert_eq!(unknown.verdict(&CONTROL, VPC), Verdict::Indeterminate);
    }

    #[test]
    fn endpoint_without_private_dns_needs_no_attributes_unless_it_is_required() {
        let world = off()
            .interface("vpce-sts", "sts", &["subnet-a"])
            .edit_endpoint("vpce-sts", |e| e.private_dns = false);
        assert_eq!(world.verdict(&CONTROL, VPC), Verdict::NotApplicable);
        assert_eq!(world.require(&["sts"]).verdict(&CONTROL, VPC), Verdict::NonCompliant);
    }

    #[test]
    fn endpoints_admit_all_subnets_before_their_names_lead_to_them() {
        let world = off()
            .interface("vpce-sts", "sts", &["subnet-a"])
            .gateway("vpce-s3", "s3", &["rtb-private"])
            .edit_endpoint("vpce-s3", |e| e.private_dns = true)
            .offer("transcribestreaming")
            .interface("vpce-tr", "transcribestreaming", &["subnet-a"])
            .group("sg-https", &[])
            .dns(true, false);
        let finding = world.judge(&CONTROL, VPC);
        let kinds: Vec<_> = changes(&finding).iter().map(Change::kind).collect();
        assert_eq!(
            kinds,
            [
                ChangeKind::CreateManagedGroup,
                ChangeKind::AuthorizeIngress,
                ChangeKind::AuthorizeIngress,
                ChangeKind::AttachManagedGroup,
                ChangeKind::AttachManagedGroup,
                ChangeKind::EnableVpcDns,
            ]
        );
        let unknown = world.edit_endpoint("vpce-tr", |e| {
            e.service = Some("com.amazonaws.eu-central-1.tomorrow".into());
        });
        assert!(advice(&unknown.judge(&CONTROL, VPC)).contains("Admit every port of"));
    }

    #[test]
    fn endpoint_with_private_dns_needs_the_attributes_for_any_service() {
        let partner = off().interface("vpce-partner", PARTNER, &["subnet-a"]);
        assert_eq!(partner.verdict(&CONTROL, VPC), Verdict::NonCompliant);
        let abroad = off()
            .interface("vpce-sts", "sts", &["subnet-a"])
            .edit_endpoint("vpce-sts", |e| e.service_region = Some("us-east-1".into()));
        assert_eq!(abroad.verdict(&CONTROL, VPC), Verdict::NonCompliant);
        let without = abroad.edit_endpoint("vpce-sts", |e| e.private_dns = false);
        assert_eq!(without.verdict(&CONTROL, VPC), Verdict::NotApplicable);
    }

    #[test]
    fn dead_endpoint_needs_no_attributes() {
        for fault in [
            |e: &mut Endpoint| e.state = EndpointState::Deleted,
            |e: &mut Endpoint| e.state = EndpointState::Failed,
        ] {
            let world = off()
                .interface("vpce-sts", "sts", &["subnet-a"])
                .edit_endpoint("vpce-sts", fault);
            assert_eq!(world.verdict(&CONTROL, VPC), Verdict::NotApplicable);
        }
    }

    #[test]
    fn control_reads_exactly_the_parts_that_it_declares() {
        let endpoint = off().interface("vpce-sts", "sts", &["subnet-a"]);
        assert_needs(&CONTROL, &[off().require(&["sts"]), off(), endpoint]);
    }
}
