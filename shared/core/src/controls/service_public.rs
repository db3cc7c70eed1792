//! service-public: see [`CONTROL`].

use std::collections::BTreeSet;

use crate::changes::{Change, ChangeKind, RemoveServicePrincipals};
use crate::evaluation::{Assessment, Concern, Control, Evaluate, Framework, Remediation, ServiceContext};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::part::{Gap, Part};
use crate::model::text::printable;
use crate::settings::Trust;

pub static CONTROL: Control = Control {
    name: "service-public",
    summary: "An endpoint service lets everybody or untrusted principals connect.",
    documentation: "\
A principal of an endpoint service may create endpoints that connect to it. `*` allows every AWS account. Trusted are the \
accounts of your perimeter and those that `[[providers]]` of the settings approves; the ARN of a role or user is judged by \
its account, and `*` is never trusted. AWS keeps the connections of a principal that is removed: see connection-untrusted.

**Remediation** (restrictive). Postern removes principals that are not trusted. It never removes one of which it cannot \
decide whether you trust it, such as those of a service that no `[[providers]]` names. It removes `*` only where each \
account that may use the service is allowed by a principal of its own; otherwise trusted consumers could not connect any \
more, and the finding says what to allow first. Connections stay up.",
    finds: "an endpoint service to which everybody, or an untrusted principal, may connect",
    remediation: "removes the principals; connections that exist stay up",
    concern: Concern::Publication,
    severity: Severity::Critical,
    frameworks: &[
        (Framework::Nist80053, "AC-3"),
        (Framework::Nist80053, "AC-4"),
        (Framework::Nist80053, "SC-7"),
        (Framework::PciDss4, "1.3.1"),
        (Framework::PciDss4, "7.2.1"),
        (Framework::CisControls8, "3.3"),
        (Framework::DataPerimeter, "network-of-resources"),
    ],
    resource: ResourceKind::EndpointService,
    needs: &[Part::Configuration, Part::Permissions],
    changes: &[ChangeKind::RemoveServicePrincipals],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Service(evaluate),
};

fn evaluate(context: &ServiceContext<'_>) -> Result<Vec<Assessment>, Gap> {
    let service = &context.snapshot.service;
    let permissions = context.snapshot.permissions.as_ref().map_err(Gap::clone)?;
    let key = FindingKey::new(CONTROL.name, ResourceKind::EndpointService, &service.id);
    if let Some(reason) = service.ends() {
        return Ok(vec![key.not_applicable(reason)]);
    }
    let mut untrusted = BTreeSet::new();
    let mut undecided = None;
    for principal in permissions.keys() {
        match context.settings.trusts_principal(service, principal) {
            Trust::Trusted => {}
            Trust::Untrusted => drop(untrusted.insert(principal.clone())),
            Trust::Undecided(why) => undecided = undecided.or(Some((principal, why))),
        }
    }
    if !untrusted.is_empty() {
        let mut explanation = match untrusted.contains("*") {
            true => {
                "Every AWS account may connect: the allowed principals of the endpoint service include `*`.".to_owned()
            }
            false => format!("Principals that you do not trust may connect: {}.", listed(&untrusted)),
        };
        let named: BTreeSet<_> = untrusted.iter().filter(|one| *one != "*").cloned().collect();
        if untrusted.contains("*") && !named.is_empty() {
            explanation += &format!(" You do not trust these either: {}.", listed(&named));
        }
        if let Some((principal, _)) = undecided {
            explanation += &format!(
                " Postern cannot tell whether you trust `{}`; it stays.",
                printable(principal)
            );
        }
        let left = permissions
            .keys()
            .map(String::as_str)
            .filter(|one| !untrusted.contains(*one));
        let needed = match untrusted.contains("*") {
            true => context.settings.needs_everybody(service, left),
            false => None,
        };
        let remediation = match needed {
            Some(advice) => Remediation::Manual(advice),
            None => Remediation::Automatic(vec![Change::RemoveServicePrincipals(RemoveServicePrincipals {
                service: service.id.clone(),
                principals: untrusted,
            })]),
        };
        return Ok(vec![key.non_compliant(explanation, remediation)]);
    }
    Ok(vec![match undecided {
        Some((principal, why)) => key.indeterminate(
            format!("Could not decide whether you trust `{}`.", printable(principal)),
            why,
        ),
        None if permissions.is_empty() => key.compliant("Nobody but the account of the service may connect."),
        None => key.compliant("Only trusted principals may connect."),
    }])
}

fn listed(principals: &BTreeSet<String>) -> String {
    let principals: Vec<_> = principals
        .iter()
        .map(|principal| format!("`{}`", printable(principal)))
        .collect();
    principals.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Verdict;
    use crate::testing::changes;
    use crate::testing::service::{CONSUMER, assert_service_needs, published};

    fn removed(finding: &crate::evaluation::Finding) -> Vec<&str> {
        let [Change::RemoveServicePrincipals(change)] = changes(finding) else {
            panic!("{finding:#?}")
        };
        change.principals.iter().map(String::as_str).collect()
    }

    #[test]
    fn everybody_and_untrusted_accounts_are_removed_and_trusted_ones_stay() {
        let stranger = "arn:aws:iam::444455556666:role/app";
        let world = published().allow("*").allow(stranger);
        let finding = world.judge(&CONTROL);
        assert_eq!(removed(&finding), ["*", stranger]);
        assert_eq!(
            finding.explanation(),
            "Every AWS account may connect: the allowed principals of the endpoint service include `*`. You do not trust \
             these either: `arn:aws:iam::444455556666:role/app`."
        );
        let role = format!("arn:aws:iam::{CONSUMER}:role/app");
        assert_eq!(published().allow(&role).judge(&CONTROL).verdict(), Verdict::Compliant);
        assert_service_needs(&CONTROL, &[world, published()]);
    }

    #[test]
    fn units_of_organisations_are_judged_by_their_organisation_and_services_of_aws_are_undecided() {
        let unit =
            |organization: &str| format!("arn:aws:organizations::444455556666:ou/{organization}/ou-ab12-11111111");
        let verdict = |world: crate::testing::service::ServiceWorld, principal: &str| {
            let finding = world.allow(principal).judge(&CONTROL);
            assert!(finding.changes().is_none() || finding.verdict() == Verdict::NonCompliant);
            finding.verdict()
        };
        let approving = |organizations: &[&str], accounts: &[&str]| {
            let mut world = published();
            let provider = &mut world.settings.providers[0];
            provider.organizations = Some(organizations.iter().map(ToString::to_string).collect());
            provider.accounts = accounts.iter().map(ToString::to_string).collect();
            world.settings.perimeter.accounts.clear();
            world.snapshot.permissions = Ok(Default::default());
            world
        };
        let own = unit("o-exampleorg1");
        assert_eq!(verdict(approving(&["o-exampleorg1"], &[]), &own), Verdict::Compliant);
        assert_eq!(
            verdict(approving(&["o-exampleorg1/r-ab12/ou-ab12-11111111/"], &[]), &own),
            Verdict::Indeterminate
        );
        // An approved account may belong to the other organisation.
        assert_eq!(
            verdict(approving(&["o-exampleorg1"], &[CONSUMER]), &unit("o-other00001")),
            Verdict::Indeterminate
        );
        assert_eq!(
            verdict(approving(&["o-exampleorg1"], &[]), &unit("o-other00001")),
            Verdict::NonCompliant
        );
        assert_eq!(
            verdict(published(), "vpce.example.amazonaws.com"),
            Verdict::Indeterminate
        );
    }

    #[test]
    fn principal_is_undecided_while_no_settings_name_the_consumers_but_everybody_is_not() {
        let mut world = published();
        world.settings.providers.clear();
        assert_eq!(world.judge(&CONTROL).verdict(), Verdict::Indeterminate);
        let public = world.allow("*").judge(&CONTROL);
        assert_eq!(public.verdict(), Verdict::NonCompliant);
        assert_eq!(public.changes(), None);
    }

    #[test]
    fn everybody_stays_while_a_trusted_account_has_no_other_principal() {
        let public = published().allow("*");
        assert_eq!(removed(&public.judge(&CONTROL)), ["*"]);
        let mut approved = public.clone();
        approved.settings.providers[0].accounts.push("888899990000".to_owned());
        let role = "arn:aws:iam::888899990000:role/app";
        for world in [approved.clone(), approved.clone().allow(role)] {
            let finding = world.judge(&CONTROL);
            assert_eq!(finding.changes(), None);
            let advice = format!("{:?}", finding.conclusion);
            assert!(
                advice.contains("--add-allowed-principals arn:aws:iam::888899990000:root"),
                "{advice}"
            );
        }
        assert_eq!(
            removed(&approved.allow("arn:aws:iam::888899990000:root").judge(&CONTROL)),
            ["*"]
        );
        let mut organization = public;
        organization.settings.providers[0].organizations = Some(vec!["o-exampleorg1".to_owned()]);
        assert_eq!(organization.judge(&CONTROL).changes(), None);
    }
}
