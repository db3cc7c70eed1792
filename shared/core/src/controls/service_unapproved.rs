//! service-unapproved: see [`CONTROL`].

use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation};
use crate::model::catalogue::{Catalogue, Service};
use crate::model::endpoint::Endpoint;
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::id::AccountId;
use crate::model::part::{Gap, Part};
use crate::settings::ApprovedServices;

pub static CONTROL: Control = Control {
    name: "service-unapproved",
    summary: "An endpoint leads to a service or resource that the settings do not approve.",
    documentation: "\
An endpoint is a way out of the VPC. Endpoints to services, resources and service networks of other accounts carry data \
to them, past firewalls and NAT gateways.

`[approved_services]` in the settings says what is approved: the services of AWS, single services by name, and \
everything that certain accounts offer. The own account is approved. Without that section the control does not apply. \
It is about endpoints of every type: interface, gateway, Gateway Load Balancer, resource, service-network and tunnel \
endpoints.

**Remediation** (manual). Approve the service, or delete the endpoint.",
    finds: "an endpoint to a service that nobody approved",
    remediation: "only reports",
    concern: Concern::Reachability,
    severity: Severity::High,
    frameworks: &[
        (Framework::Nist80053, "AC-4"),
        (Framework::Nist80053, "CM-7"),
        (Framework::Nist80053, "SC-7"),
        (Framework::PciDss4, "1.2.5"),
        (Framework::PciDss4, "1.3.2"),
        (Framework::CisControls8, "12.2"),
        (Framework::DataPerimeter, "resource-from-network"),
    ],
    resource: ResourceKind::Endpoint,
    needs: &[Part::Endpoints, Part::Services],
    changes: &[],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    let endpoints = context.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values();
    let mut findings = Vec::new();
    for endpoint in endpoints.filter(|endpoint| !endpoint.dead()) {
        let service = context.service_of(endpoint)?;
        let key = FindingKey::new(CONTROL.name, ResourceKind::Endpoint, &endpoint.id);
        findings.push(match &context.settings.approved_services {
            None => key.not_applicable("The settings have no list of approved services."),
            Some(approved) => judge(context, key, endpoint, service, approved),
        });
    }
    Ok(findings)
}

fn judge(
    context: &Context<'_>,
    key: FindingKey,
    endpoint: &Endpoint,
    service: Option<&Service>,
    approved: &ApprovedServices,
) -> Assessment {
    let kind = endpoint.kind.word();
    let provider = match (service, &endpoint.target) {
        (Some(service), _) if service.amazon() => None,
        (Some(service), _) => service.provider.clone(),
        (None, Some(arn)) => arn.split(':').nth(4).map(AccountId::from),
        (None, None) => None,
    };
    let Some(target) = endpoint
        .service
        .as_ref()
        .map(|service| service.as_str())
        .or(endpoint.target.as_deref())
    else {
        return key.indeterminate(
            format!("AWS does not say where the {kind} endpoint leads."),
            "Look at the endpoint in the AWS console, and exempt it if it is approved.",
        );
    };
    let lost = |services: &Catalogue| services.lost_service_of(endpoint);
    if context.snapshot.services.as_ref().is_ok_and(|services| lost(services)) {
        return key.not_applicable("The service does not exist any more. See service-retired.");
    }
    let short = service.and_then(Service::short_name);
    let named = |name: &&String| name.as_str() == target || Some(name.as_str()) == short;
    if let Some(name) = approved.names.iter().find(named) {
        return key.compliant(format!("`approved_services` names `{name}`."));
    }
    if service.is_some_and(Service::amazon) && approved.aws {
        return key.compliant(format!("{target} is a service of AWS."));
    }
    if let Some(account) = &provider
        && (*account == context.snapshot.account || approved.accounts.contains(account))
    {
        return key.compliant(format!("Account {account} offers {target} and is approved."));
    }
    let whose = match &provider {
        Some(account) => format!(" of account {account}"),
        None if service.is_some_and(Service::amazon) => " of AWS".to_owned(),
        None => String::new(),
    };
    let explanation =
        format!("The {kind} endpoint leads to {target}{whose}, which `approved_services` does not approve.");
    let advice = format!(
        "If it is approved, add `{target}` to `approved_services.names`. If not, run `aws ec2 delete-vpc-endpoints \
         --vpc-endpoint-ids {}`.",
        endpoint.id
    );
    key.non_compliant(explanation, Remediation::Manual(advice))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::endpoint::{EndpointKind, EndpointState};
    use crate::model::finding::Verdict;
    use crate::settings::ExemptionSelector;
    use crate::testing::{ACCOUNT, PARTNER, STRANGER, World, advice, assert_needs, bare, compliant};

    fn approving(aws: bool, names: &[&str], accounts: &[&str]) -> World {
        let mut world = bare()
            .interface("vpce-sts", "sts", &[])
            .interface("vpce-partner", PARTNER, &[])
            .interface("vpce-resource", "sts", &[])
            .edit_endpoint("vpce-resource", |e| {
                e.kind = EndpointKind::Resource;
                e.service = None;
                e.target = Some(format!(
                    "arn:aws:vpc-lattice:eu-central-1:{STRANGER}:resourceconfiguration/rcfg-1"
                ));
            });
        world.settings.approved_services = Some(ApprovedServices {
            aws,
            names: names.iter().map(ToString::to_string).collect(),
            accounts: accounts.iter().copied().map(AccountId::from).collect(),
        });
        world
    }

    fn verdicts(world: &World) -> [Verdict; 3] {
        ["vpce-sts", "vpce-partner", "vpce-resource"].map(|id| world.verdict(&CONTROL, id))
    }

    const YES: Verdict = Verdict::Compliant;
    const NO: Verdict = Verdict::NonCompliant;

    #[test]
    fn services_are_approved_by_provider_and_by_name() {
        assert_eq!(compliant().verdict(&CONTROL, "vpce-sts"), YES);
        assert_eq!(verdicts(&approving(true, &[], &[])), [YES, NO, NO]);
        assert_eq!(verdicts(&approving(false, &["sts"], &[])), [YES, NO, NO]);
        assert_eq!(verdicts(&approving(false, &["kms"], &[])), [NO, NO, NO]);
        assert_eq!(
            verdicts(&approving(false, &["com.amazonaws.eu-central-1.sts", PARTNER], &[])),
            [YES, YES, NO]
        );
        assert_eq!(verdicts(&approving(true, &[], &[STRANGER])), [YES, YES, YES]);
    }

    #[test]
    fn what_the_own_account_offers_is_approved() {
        let own = approving(true, &[], &[]).edit_endpoint("vpce-resource", |e| {
            e.target = Some(format!(
                "arn:aws:vpc-lattice:eu-central-1:{ACCOUNT}:resourceconfiguration/rcfg-1"
            ));
        });
        assert_eq!(own.verdict(&CONTROL, "vpce-resource"), YES);
    }

    #[test]
    fn finding_names_type_target_and_account() {
        let finding = approving(true, &[], &[]).judge(&CONTROL, "vpce-resource");
        assert_eq!(
            finding.explanation(),
            "The resource endpoint leads to arn:aws:vpc-lattice:eu-central-1:444455556666:resourceconfiguration/rcfg-1 of \
             account 444455556666, which `approved_services` does not approve."
        );
        assert!(advice(&finding).contains("approved_services.names"), "{finding:#?}");
    }

    #[test]
    fn endpoint_that_leads_somewhere_unknown_is_indeterminate() {
        let world = approving(true, &[], &[]).edit_endpoint("vpce-resource", |e| {
            e.kind = EndpointKind::Tunnel;
            e.target = None;
        });
        let finding = world.judge(&CONTROL, "vpce-resource");
        assert_eq!(finding.verdict(), Verdict::Indeterminate);
        assert!(
            finding.explanation().contains("tunnel endpoint"),
            "{}",
            finding.explanation()
        );
    }

    #[test]
    fn without_a_list_the_control_does_not_apply() {
        let mut world = approving(true, &[], &[]);
        world.settings.approved_services = None;
        assert_eq!(verdicts(&world), [Verdict::NotApplicable; 3]);
    }

    #[test]
    fn dead_endpoint_has_no_finding() {
        let world = approving(true, &[], &[]).edit_endpoint("vpce-partner", |e| e.state = EndpointState::Deleted);
        assert_eq!(world.findings(&CONTROL).len(), 2);
    }

    #[test]
    fn exempt_endpoint_is_accepted() {
        let selector = ExemptionSelector::Resource("vpce-partner".to_owned());
        let world = approving(true, &[], &[]).exempt(&CONTROL, selector, "2027-01-01T00:00:00Z");
        assert!(world.judge(&CONTROL, "vpce-partner").accepted().is_some());
    }

    #[test]
    fn control_reads_exactly_the_parts_that_it_declares() {
        assert_needs(&CONTROL, &[approving(true, &[], &[])]);
    }
}
