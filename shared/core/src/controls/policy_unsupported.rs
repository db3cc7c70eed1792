//! policy-unsupported: see [`CONTROL`].

use crate::control::{Context, Control};
use crate::finding::{Finding, Remediation, Severity};
use crate::policy::Known;
use crate::snapshot::{Gap, Part};

pub static CONTROL: Control = Control {
    name: "policy-unsupported",
    summary: "The endpoint's service supports no endpoint policy, so the endpoint cannot be closed.",
    documentation: "\
Whoever reaches such an endpoint may use it with any credentials on anything that the service offers: the data \
perimeter has a gap here that no policy on the endpoint can close. Which services support policies is what the Region's \
catalogue says; a service that supports none today may support them later.

**Remediation** (manual). What is left are the endpoint's security groups, which can admit the subnets that need the \
service and nobody else, and policies of your organisation on principals and resources. Where that is done, exempt the \
endpoint.",
    severity: Severity::Low,
    needs: &[Part::Endpoints, Part::Services],
    changes: &[],
    opt_in: false,
    evaluate,
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Finding>, Gap> {
    context.judge_policies(CONTROL.name, |key, endpoint, known| {
        Some(match known {
            Known::Nothing(..) => return None,
            Known::Undecided(service, _) | Known::Decided(service, _) => {
                key.compliant(format!("{} supports endpoint policies.", service.name))
            }
            Known::Unsupported(service) => key.non_compliant(
                format!(
                    "{} supports no endpoint policy, so whoever reaches {} may use it with any credentials.",
                    service.name, endpoint.id
                ),
                Remediation::Manual(
                    "Let its security groups admit TCP 443 only from the subnets that need the service, and keep \
                     strangers out by service control and resource control policies; then exempt the endpoint. Or \
                     delete it, if nobody needs it."
                        .to_owned(),
                ),
            ),
        })
    })
}
