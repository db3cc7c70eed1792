//! ingress-open: see [`CONTROL`].

use std::collections::BTreeSet;

use ipnet::IpNet;

use crate::evaluation::service_ports::ServicePorts;
use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation};
use crate::model::endpoint::Endpoint;
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::part::{Gap, Part};
use crate::model::snapshot::{IngressRule, IngressSource, Protocol, SecurityGroup};

pub static CONTROL: Control = Control {
    name: "ingress-open",
    summary: "The security groups of an endpoint admit the service's ports from networks outside the VPC that are not \
              trusted.",
    documentation: "\
Networks that are peered, attached by a transit gateway or connected by VPN reach the endpoint by its addresses. A rule \
for `0.0.0.0/0` lets all of them use it, whatever the policy says about who they are.

Trusted are the CIDRs of the VPC and `perimeter.cidrs` of the settings. Rules that admit members of another security \
group or a prefix list are not resolved. Where AWS does not document the ports of the service, a rule for any TCP port \
counts. The control is about endpoints of every type that has security groups.

**Remediation** (manual). The finding has the commands. Postern does not edit security groups of others, since other \
resources may use them.",
    finds: "an endpoint that networks outside the VPC reach",
    remediation: "shows the commands",
    concern: Concern::Reachability,
    severity: Severity::Medium,
    frameworks: &[
        (Framework::AwsConfig, "vpc-sg-open-only-to-authorized-ports"),
        (Framework::Nist80053, "AC-4"),
        (Framework::Nist80053, "SC-7"),
        (Framework::Nist80053, "SC-7(11)"),
        (Framework::PciDss4, "1.3.1"),
        (Framework::CisControls8, "13.4"),
    ],
    resource: ResourceKind::Endpoint,
    needs: &[Part::Endpoints, Part::SecurityGroups, Part::Central],
    changes: &[],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    let endpoints = context.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values();
    endpoints
        .filter(|endpoint| !endpoint.dead() && !endpoint.security_groups.is_empty())
        .map(|endpoint| judge(context, endpoint))
        .collect()
}

fn judge(context: &Context<'_>, endpoint: &Endpoint) -> Result<Assessment, Gap> {
    let key = FindingKey::new(CONTROL.name, ResourceKind::Endpoint, &endpoint.id);
    let groups = context.snapshot.security_groups.as_ref().map_err(Gap::clone)?;
    let ports = endpoint.service.as_ref().and_then(ServicePorts::of);
    let (mut open, mut commands) = (BTreeSet::new(), BTreeSet::new());
    for group in endpoint.security_groups.iter().filter_map(|id| groups.get(id)) {
        for rule in &group.ingress {
            let reaches = ports
                .as_ref()
                .map_or(rule.protocol != Protocol::Other, |ports| ports.overlap(rule));
            if let IngressSource::Cidr(network) = rule.source
                && reaches
                && !trusted(context, network)
            {
                open.insert(format!("{network} in {}", group.id));
                commands.insert(format!("`{}`", revoke(group, rule, network)));
            }
        }
    }
    if open.is_empty() {
        return Ok(key.compliant("No network outside the VPC that is not trusted is admitted."));
    }
    let what = ports.map_or_else(|| "TCP ports".to_owned(), |ports| ports.to_string());
    let explanation = format!(
        "Networks outside the VPC are admitted to {what}: {}.",
        joined(&open, ", ")
    );
    let advice = format!(
        "{} Check what else uses the group, then run: {}.",
        clients(context, endpoint),
        joined(&commands, " ")
    );
    Ok(key.non_compliant(explanation, Remediation::Manual(advice)))
}

/// Who has to stay admitted when the rules go.
fn clients(context: &Context<'_>, endpoint: &Endpoint) -> String {
    const MOST: usize = 10;
    if endpoint.private_dns_inbound_only {
        return "The clients of the endpoint are outside the VPC, since its private DNS is for inbound resolvers only. First \
                admit their networks, and add those that you trust to `perimeter.cidrs`."
            .to_owned();
    }
    if context.hub().is_none() {
        return "First admit the clients by the CIDRs of the VPC, or add trusted networks to `perimeter.cidrs`."
            .to_owned();
    }
    let spokes: BTreeSet<_> = spokes(context).map(ToString::to_string).collect();
    let more = spokes.len().saturating_sub(MOST);
    let named: Vec<_> = spokes.into_iter().take(MOST).collect();
    let named = match (named.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!(" ({})", named.join(", ")),
        (false, more) => format!(" ({}, and {more} more)", named.join(", ")),
    };
    format!(
        "First admit the clients by the CIDRs of the VPC and of the VPCs that use the endpoint centrally{named}, or add \
         trusted networks to `perimeter.cidrs`."
    )
}

fn joined(texts: &BTreeSet<String>, between: &str) -> String {
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    texts.join(between)
}

fn trusted(context: &Context<'_>, network: IpNet) -> bool {
    let own = context.snapshot.vpc.cidrs.iter();
    own.chain(spokes(context))
        .chain(&context.settings.trusted_cidrs)
        .any(|trusted| trusted.contains(&network))
}

/// The networks of the VPCs that use the endpoints centrally, as far as they are known.
fn spokes<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a IpNet> {
    let known = context.snapshot.central.iter();
    known
        .flat_map(|central| central.spokes.values())
        .flat_map(|spoke| &spoke.cidrs)
}

fn revoke(group: &SecurityGroup, rule: &IngressRule, network: IpNet) -> String {
    let protocol = match rule.protocol {
        Protocol::All | Protocol::Other => "-1",
        Protocol::Tcp => "tcp",
    };
    let ports = match rule.ports {
        Some((from, to)) if rule.protocol == Protocol::Tcp => format!(",FromPort={from},ToPort={to}"),
        Some(_) | None => String::new(),
    };
    let range = match network {
        IpNet::V4(_) => format!("IpRanges=[{{CidrIp={network}}}]"),
        IpNet::V6(_) => format!("Ipv6Ranges=[{{CidrIpv6={network}}}]"),
    };
    format!(
        "aws ec2 revoke-security-group-ingress --group-id {} --ip-permissions 'IpProtocol={protocol}{ports},{range}'",
        group.id
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::endpoint::{EndpointKind, EndpointState};
    use crate::model::finding::Verdict;
    use crate::model::snapshot::SubnetClass;
    use crate::settings::ExemptionSelector;
    use crate::testing::central::hub_with_spoke;
    use crate::testing::{World, advice, assert_needs, bare, compliant, https, net, rule};

    fn with(ingress: &[IngressRule]) -> World {
        bare()
            .subnet("subnet-a", "a", SubnetClass::Private)
            .interface("vpce-sts", "sts", &["subnet-a"])
            .group("sg-https", ingress)
    }

    fn verdict(ingress: &[IngressRule]) -> Verdict {
        with(ingress).verdict(&CONTROL, "vpce-sts")
    }

    #[test]
    fn groups_that_admit_the_vpc_alone_are_compliant() {
        assert_eq!(compliant().verdict(&CONTROL, "vpce-sts"), Verdict::Compliant);
        assert_eq!(verdict(&[https("10.0.0.0/24")]), Verdict::Compliant);
        assert_eq!(verdict(&[]), Verdict::Compliant);
    }

    #[test]
    fn rule_for_a_wider_network_is_reported_with_the_command() {
        let finding = with(&[https("0.0.0.0/0"), https("::/0")]).judge(&CONTROL, "vpce-sts");
        assert_eq!(
            finding.explanation(),
            "Networks outside the VPC are admitted to TCP 443: 0.0.0.0/0 in sg-https, ::/0 in sg-https."
        );
        let advice = advice(&finding);
        for command in [
            "aws ec2 revoke-security-group-ingress --group-id sg-https --ip-permissions \
             'IpProtocol=tcp,FromPort=443,ToPort=443,IpRanges=[{CidrIp=0.0.0.0/0}]'",
            "Ipv6Ranges=[{CidrIpv6=::/0}]'",
        ] {
            assert!(advice.contains(command), "{advice}");
        }
        let all = rule(Protocol::All, None, IngressSource::Cidr(net("192.168.0.0/16")));
        let finding = with(&[all]).judge(&CONTROL, "vpce-sts");
        assert!(
            finding.advice().unwrap().contains("'IpProtocol=-1,IpRanges="),
            "{finding:#?}"
        );
    }

    #[test]
    fn advice_names_the_clients_that_have_to_stay_admitted() {
        let wide = hub_with_spoke("10.7.0.0/16").group("sg-https", &[https("10.0.0.0/8")]);
        let endpoint = wide
            .snapshot
            .endpoints
            .as_ref()
            .unwrap()
            .keys()
            .next()
            .unwrap()
            .to_string();
        let said = advice(&wide.judge(&CONTROL, &endpoint));
        assert!(said.contains("that use the endpoint centrally (10.7.0.0/16"), "{said}");
        let inbound = with(&[https("192.168.0.0/16")]).edit_endpoint("vpce-sts", |e| e.private_dns_inbound_only = true);
        let said = advice(&inbound.judge(&CONTROL, "vpce-sts"));
        assert!(
            said.starts_with("The clients of the endpoint are outside the VPC"),
            "{said}"
        );
    }

    #[test]
    fn trusted_networks_are_admitted() {
        let mut world = with(&[https("192.168.1.0/24")]);
        assert_eq!(world.verdict(&CONTROL, "vpce-sts"), Verdict::NonCompliant);
        world.settings.trusted_cidrs = vec![net("192.168.0.0/16")];
        assert_eq!(world.verdict(&CONTROL, "vpce-sts"), Verdict::Compliant);
    }

    #[test]
    fn rules_for_other_ports_do_not_count() {
        let anywhere = || IngressSource::Cidr(net("0.0.0.0/0"));
        assert_eq!(
            verdict(&[rule(Protocol::Tcp, Some((22, 22)), anywhere())]),
            Verdict::Compliant
        );
        assert_eq!(verdict(&[rule(Protocol::Other, None, anywhere())]), Verdict::Compliant);
        assert_eq!(
            verdict(&[rule(Protocol::Tcp, Some((443, 500)), anywhere())]),
            Verdict::NonCompliant
        );
        let partner = with(&[rule(Protocol::Tcp, Some((22, 22)), anywhere())]);
        let partner = partner.edit_endpoint("vpce-sts", |e| e.service = Some(crate::testing::PARTNER.into()));
        assert_eq!(
            partner.verdict(&CONTROL, "vpce-sts"),
            Verdict::NonCompliant,
            "its ports are not known"
        );
    }

    #[test]
    fn members_of_groups_and_prefix_lists_are_not_resolved() {
        for source in [
            IngressSource::Group("sg-1".to_owned()),
            IngressSource::PrefixList("pl-1".to_owned()),
        ] {
            assert_eq!(
                verdict(&[rule(Protocol::Tcp, Some((443, 443)), source)]),
                Verdict::Compliant
            );
        }
    }

    #[test]
    fn endpoints_of_every_type_with_groups_are_judged_and_dead_ones_are_not() {
        let resource = with(&[https("0.0.0.0/0")]).edit_endpoint("vpce-sts", |e| {
            e.kind = EndpointKind::Resource;
            e.service = None;
        });
        assert_eq!(resource.verdict(&CONTROL, "vpce-sts"), Verdict::NonCompliant);
        let dead = resource.edit_endpoint("vpce-sts", |e| e.state = EndpointState::Deleting);
        assert_eq!(dead.findings(&CONTROL), []);
        assert_eq!(bare().gateway("vpce-s3", "s3", &[]).findings(&CONTROL), []);
    }

    #[test]
    fn exempt_endpoint_is_accepted() {
        let selector = ExemptionSelector::Resource("vpce-sts".to_owned());
        let world = with(&[https("0.0.0.0/0")]).exempt(&CONTROL, selector, "2027-01-01T00:00:00Z");
        assert!(world.judge(&CONTROL, "vpce-sts").accepted().is_some());
    }

    #[test]
    fn control_reads_exactly_the_parts_that_it_declares() {
        let hub = hub_with_spoke("10.0.0.0/16");
        assert_needs(&CONTROL, &[with(&[https("0.0.0.0/0")]), hub]);
    }
}
