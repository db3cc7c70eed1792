//! policy-unsupported: see [`CONTROL`].

use crate::evaluation::policies::Known;
use crate::evaluation::service_ports::ServicePorts;
use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation};
use crate::model::finding::{ResourceKind, Severity};
use crate::model::part::{Gap, Part};

pub static CONTROL: Control = Control {
    name: "policy-unsupported",
    summary: "The endpoint's service supports no endpoint policy, so the endpoint cannot be closed.",
    documentation: "\
Whoever reaches such an endpoint may use it with any credentials on everything that the service offers: no endpoint \
policy can close this gap in the data perimeter. Which services support policies is determined by the Region's \
catalogue; a service that supports none today may support them later.

**Remediation** (manual). Restrict access in other ways: let the security groups of the endpoint admit only the \
subnets that need the service, and use policies of your organisation on principals and resources. Then exempt the \
endpoint.",
    finds: "an endpoint that no policy can close",
    remediation: "reports it",
    concern: Concern::Containment,
    severity: Severity::Low,
    frameworks: &[
        (Framework::Nist80053, "AC-3"),
        (Framework::Nist80053, "AC-4"),
        (Framework::Nist80053, "SC-7"),
        (Framework::CisControls8, "3.3"),
        (Framework::DataPerimeter, "identity-from-network"),
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
    context.assess_policies(CONTROL.name, |key, endpoint, known| {
        Some(match known {
            Known::Nothing(..) => return None,
            Known::Undecided(service, _) | Known::Decided(service, _) => {
                key.compliant(format!("{} supports endpoint policies.", service.name))
            }
            Known::Unsupported(service) => key.non_compliant(
                format!(
                    "{} supports no endpoint policy, so everybody who reaches {} can use it with any credentials.",
                    service.name, endpoint.id
                ),
                Remediation::Manual(format!(
                    "Let its security groups admit {} only from the subnets that need the service, and deny principals \
                     outside your perimeter by service control and resource control policies. Then exempt the endpoint. \
                     Delete it if nobody needs it.",
                    ServicePorts::of(&service.name)
                        .map_or_else(|| "the ports of the service".to_owned(), |ports| ports.to_string())
                )),
            ),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::endpoint::EndpointKind;
    use crate::model::finding::Verdict;
    use crate::testing::{ALLOW_ALL, advice, assert_needs, compliant};

    #[test]
    fn endpoint_without_policy_support_is_manual() {
        let world = compliant().interface("vpce-smtp", "email-smtp", &["subnet-a"]);
        let finding = world.judge(&CONTROL, "vpce-smtp");
        assert_eq!(finding.verdict(), Verdict::NonCompliant);
        let said = advice(&finding);
        assert!(said.contains("admit TCP 25, ") && !said.contains("443"), "{said}");
    }

    #[test]
    fn catalogue_decides_whether_a_service_supports_policies() {
        let world = compliant();
        assert_eq!(world.verdict(&CONTROL, "vpce-sts"), Verdict::Compliant);
        let without = world.edit_service("sts", EndpointKind::Interface, |s| s.policy_supported = false);
        assert_eq!(without.verdict(&CONTROL, "vpce-sts"), Verdict::NonCompliant);
    }

    #[test]
    fn content_of_the_policy_does_not_matter() {
        for policy in ["{}", ALLOW_ALL] {
            let world = compliant().edit_endpoint("vpce-sts", |e| e.policy = Some(policy.to_owned()));
            assert_eq!(world.verdict(&CONTROL, "vpce-sts"), Verdict::Compliant);
        }
    }

    #[test]
    fn control_reads_exactly_the_parts_that_it_declares() {
        assert_needs(&CONTROL, &[compliant()]);
    }
}
