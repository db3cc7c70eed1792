//! policy-locked-out: see [`CONTROL`].

use crate::control::{Context, Control};
use crate::finding::{Finding, Remediation, Severity};
use crate::policy::Known;
use crate::snapshot::{Gap, Part};

pub static CONTROL: Control = Control {
    name: "policy-locked-out",
    summary: "The endpoint's policy lets no trusted principal reach any trusted resource.",
    documentation: "\
Requests that the workloads of the VPC send to the service end at the endpoint, all of them: with private DNS, or with \
the routes of a gateway endpoint, there is no other way. The endpoint is paid for and cuts the VPC off.

Most often the policy names another organisation or account, statements for another service, a condition on a key that \
requests through an endpoint do not have, such as `aws:SourceIp`, or an Allow whose time is over. Not applicable \
while the perimeter trusts nobody.

**Remediation** (manual). What was meant to get through is for people to say.",
    severity: Severity::High,
    needs: &[Part::Endpoints, Part::Services],
    changes: &[],
    opt_in: false,
    evaluate,
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Finding>, Gap> {
    context.judge_policies(CONTROL.name, |key, endpoint, known| {
        Some(match known {
            Known::Nothing(..) => return None,
            Known::Unsupported(service) => key.not_applicable(format!("{} supports no endpoint policy.", service.name)),
            Known::Undecided(..) => key.not_applicable("The policy cannot be decided: see policy-undecided."),
            Known::Decided(..) if !context.settings.perimeter.trusts_somebody() => {
                key.not_applicable("The perimeter trusts nobody.")
            }
            Known::Decided(_, policy) if !policy.analysis.locked_out => {
                key.compliant("Trusted principals reach trusted resources.")
            }
            Known::Decided(service, _) => key.non_compliant(
                format!(
                    "No principal that the perimeter trusts reaches any resource that it trusts through {}: whatever \
                     the VPC's workloads send to {} by this endpoint is denied.",
                    endpoint.id, service.name
                ),
                Remediation::Manual(format!(
                    "Compare the policy with the perimeter in postern.toml: each Allow has to be for actions of {}, \
                     for principals and resources of your organisations and accounts, and its conditions on keys that \
                     requests through an endpoint have (`aws:SourceIp` is not among them); and no Deny may cover all \
                     of that.",
                    service.name
                )),
            ),
        })
    })
}
