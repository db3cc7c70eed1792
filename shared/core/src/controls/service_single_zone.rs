//! service-single-zone: see [`CONTROL`].

use crate::evaluation::{Assessment, Concern, Control, Evaluate, Framework, Remediation, ServiceContext};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::part::{Gap, Part};

pub static CONTROL: Control = Control {
    name: "service-single-zone",
    summary: "An endpoint service is offered in fewer than two zones.",
    documentation: "\
Consumers place endpoints only in the zones in which the service is offered. A service in one zone is gone for all of them \
when that zone fails, and consumers in other zones pay for traffic between zones.

**Remediation** (manual). Enable a second zone on the load balancer, with a healthy target in it; the service then offers it.",
    finds: "an endpoint service in fewer than two zones",
    remediation: "reports it",
    concern: Concern::Publication,
    severity: Severity::Medium,
    frameworks: &[
        (Framework::Nist80053, "SC-7"),
        (Framework::CisControls8, "12.2"),
    ],
    resource: ResourceKind::EndpointService,
    needs: &[Part::Configuration],
    changes: &[],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Service(evaluate),
};

fn evaluate(context: &ServiceContext<'_>) -> Result<Vec<Assessment>, Gap> {
    let service = &context.snapshot.service;
    let key = FindingKey::new(CONTROL.name, ResourceKind::EndpointService, &service.id);
    if let Some(reason) = service.ends() {
        return Ok(vec![key.not_applicable(reason)]);
    }
    let zones: Vec<_> = service.zones.iter().map(ToString::to_string).collect();
    Ok(vec![match zones.as_slice() {
        [_, _, ..] => key.compliant(format!("The endpoint service is offered in {}.", zones.join(", "))),
        [zone] => key.non_compliant(
            format!(
                "The endpoint service is offered in {zone} only. If that zone fails, no consumer reaches the service."
            ),
            Remediation::Manual(ADVICE.to_owned()),
        ),
        [] => key.non_compliant(
            "The endpoint service is offered in no zone, so nobody can connect.",
            Remediation::Manual(ADVICE.to_owned()),
        ),
    }])
}

const ADVICE: &str = "Enable another zone on the load balancer of the service, with a healthy target in that zone.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Verdict;
    use crate::testing::service::{assert_service_needs, published};
    use crate::testing::zone;

    #[test]
    fn fewer_than_two_zones_are_too_few() {
        let world =
            |zones: &[&str]| published().edit(|service| service.zones = zones.iter().map(|z| zone(z)).collect());
        assert_eq!(world(&["a", "b"]).judge(&CONTROL).verdict(), Verdict::Compliant);
        for zones in [&["a"][..], &[]] {
            assert_eq!(
                world(zones).judge(&CONTROL).verdict(),
                Verdict::NonCompliant,
                "{zones:?}"
            );
        }
        assert_service_needs(&CONTROL, &[world(&["a"]), published()]);
    }
}
