//! service-retired: see [`CONTROL`].

use crate::evaluation::approval::is_name_of_account;
use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation};
use crate::model::endpoint::{Endpoint, EndpointKind};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::part::{Gap, Part};
use crate::model::service_facts::successor;

pub static CONTROL: Control = Control {
    name: "service-retired",
    summary: "The service of an endpoint no longer exists, or AWS retires it.",
    documentation: "\
AWS withdraws services, and other accounts delete theirs. The endpoint stays, is billed and leads nowhere. Postern asks \
AWS for the service by its name before it reports this, since the listing of services omits some.

`ec2messages` has a successor: Systems Manager uses `ssmmessages` instead of it, and Regions since 2024 do not have it \
(<https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-setting-up-messageAPIs.html>).

**Remediation** (manual). Delete the endpoint once nobody uses it.",
    finds: "an endpoint whose service is gone",
    remediation: "names the successor",
    concern: Concern::Reachability,
    severity: Severity::Low,
    frameworks: &[
        (Framework::Nist80053, "CM-7"),
        (Framework::Nist80053, "SA-22"),
    ],
    resource: ResourceKind::Endpoint,
    needs: &[Part::Endpoints, Part::Services],
    changes: &[],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    let catalogue = context.snapshot.services.as_ref().map_err(Gap::clone)?;
    let endpoints = context.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values();
    let judged = endpoints.filter(|endpoint| {
        let by_service = matches!(
            endpoint.kind,
            EndpointKind::Interface | EndpointKind::Gateway | EndpointKind::GatewayLoadBalancer
        );
        by_service && endpoint.service.is_some() && !endpoint.dead()
    });
    Ok(judged
        .map(|endpoint| {
            judge(
                endpoint,
                catalogue.of_endpoint(endpoint),
                catalogue.lost_service_of(endpoint),
            )
        })
        .collect())
}

fn judge(endpoint: &Endpoint, service: Option<&crate::model::catalogue::Service>, lost: bool) -> Assessment {
    let key = FindingKey::new(CONTROL.name, ResourceKind::Endpoint, &endpoint.id);
    let delete = format!("aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {}", endpoint.id);
    if lost {
        let name = endpoint.service.as_ref().map(ToString::to_string).unwrap_or_default();
        if is_name_of_account(&name) {
            return key.non_compliant(
                format!(
                    "AWS does not show {name} to this account: it was deleted, or its provider withdrew the permission. A \
                     connection stays up then."
                ),
                Remediation::Manual(format!(
                    "Ask the owner of the VPC what the endpoint is for. Delete it with `{delete}` if nobody uses it."
                )),
            );
        }
        return key.non_compliant(
            format!("The endpoint leads to {name}, which does not exist any more: AWS does not know the name."),
            Remediation::Manual(format!(
                "Check that no client uses the endpoint. Then delete it with `{delete}`."
            )),
        );
    }
    let Some(service) = service else {
        return key.not_applicable("Postern did not ask AWS whether the service exists, or AWS did not answer.");
    };
    match successor(service) {
        Some(successor) => key.non_compliant(
            format!("AWS retires {}: {} takes its place.", service.name, successor),
            Remediation::Manual(format!(
                "Have an endpoint to {successor}, update the clients, then delete this endpoint with `{delete}`."
            )),
        ),
        None => key.compliant(format!("{} exists.", service.name)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::endpoint::EndpointState;
    use crate::model::finding::Verdict;
    use crate::settings::ExemptionSelector;
    use crate::testing::{REGION, World, advice, assert_needs, compliant, service};

    /// `vpce-sts` leads to a service of which AWS says that it does not exist.
    fn lost() -> World {
        let gone = "com.amazonaws.eu-central-1.gone";
        let mut world = compliant().edit_endpoint("vpce-sts", |e| e.service = Some(gone.into()));
        let catalogue = world.snapshot.services.as_ref().unwrap();
        world.snapshot.services = Ok(Arc::new(catalogue.with(Vec::new(), [(gone.into(), None)])));
        world
    }

    #[test]
    fn endpoint_to_a_service_that_exists_is_compliant() {
        assert_eq!(compliant().verdict(&CONTROL, "vpce-sts"), Verdict::Compliant);
        assert_eq!(compliant().verdict(&CONTROL, "vpce-s3"), Verdict::Compliant);
    }

    #[test]
    fn endpoint_to_a_service_that_is_gone_is_reported_by_this_control_alone() {
        let world = lost();
        assert!(advice(&world.judge(&CONTROL, "vpce-sts")).contains("vpce-sts"));
        let about: Vec<_> = world
            .all_findings()
            .into_iter()
            .filter(|f| f.key.resource.id == "vpce-sts")
            .filter(|f| !matches!(f.verdict(), Verdict::Compliant | Verdict::NotApplicable))
            .map(|f| f.key.control)
            .collect();
        assert_eq!(about, [CONTROL.name]);
    }

    #[test]
    fn service_of_which_aws_was_not_asked_is_not_applicable() {
        let gone = Some("com.amazonaws.eu-central-1.gone".into());
        let world = compliant().edit_endpoint("vpce-sts", |e| e.service = gone);
        assert_eq!(world.verdict(&CONTROL, "vpce-sts"), Verdict::NotApplicable);
    }

    #[test]
    fn service_with_a_successor_is_reported() {
        let name = format!("com.amazonaws.{REGION}.ec2messages");
        let world = compliant()
            .edit_catalogue(|services| services.push(service(&name)))
            .interface("vpce-messages", "ec2messages", &["subnet-a"]);
        let finding = world.judge(&CONTROL, "vpce-messages");
        assert!(
            finding.explanation().contains("ssmmessages"),
            "{}",
            finding.explanation()
        );
    }

    #[test]
    fn dead_endpoints_and_endpoints_without_a_service_have_no_findings() {
        let dead = lost().edit_endpoint("vpce-sts", |e| e.state = EndpointState::Failed);
        let resource = lost().edit_endpoint("vpce-sts", |e| {
            e.kind = EndpointKind::Resource;
            e.service = None;
        });
        for world in [dead, resource] {
            assert!(world.findings(&CONTROL).iter().all(|f| f.key.resource.id != "vpce-sts"));
        }
    }

    #[test]
    fn hidden_service_of_an_account_is_not_called_gone() {
        let hidden = "com.amazonaws.vpce.eu-central-1.vpce-svc-0a1b2c3d4e5f60718";
        let mut world = lost().edit_endpoint("vpce-sts", |e| e.service = Some(hidden.into()));
        let catalogue = world.snapshot.services.as_ref().unwrap();
        world.snapshot.services = Ok(Arc::new(catalogue.with(Vec::new(), [(hidden.into(), None)])));
        let finding = world.judge(&CONTROL, "vpce-sts");
        assert!(
            finding.explanation().contains("withdrew the permission"),
            "{finding:#?}"
        );
        let unapproved = &crate::controls::service_unapproved::CONTROL;
        let verdict = |accounts: &[&str]| {
            let mut world = world.clone();
            world.settings.approved_services = Some(crate::settings::ApprovedServices {
                aws: true,
                names: std::collections::BTreeSet::new(),
                accounts: accounts.iter().map(|id| (*id).into()).collect(),
                quarantine: true,
            });
            world.verdict(unapproved, "vpce-sts")
        };
        assert_eq!(verdict(&[]), Verdict::NonCompliant);
        assert_eq!(verdict(&["444455556666"]), Verdict::Indeterminate, "it may be theirs");
    }

    #[test]
    fn exempt_endpoint_is_accepted() {
        let selector = ExemptionSelector::Resource("vpce-sts".to_owned());
        let world = lost().exempt(&CONTROL, selector, "2027-01-01T00:00:00Z");
        assert!(world.judge(&CONTROL, "vpce-sts").accepted().is_some());
    }

    #[test]
    fn control_reads_exactly_the_parts_that_it_declares() {
        assert_needs(&CONTROL, &[lost()]);
    }
}
