//! policy-open: see [`CONTROL`].

use postern_policy::{Containment, NoFix};

use crate::change::{Change, ChangeKind};
use crate::control::{Context, Control};
use crate::finding::{Finding, FindingKey, Remediation, Severity};
use crate::policy::{Known, Policy, sentences};
use crate::snapshot::{Endpoint, Gap, Part, Service};

pub static CONTROL: Control = Control {
    name: "policy-open",
    summary: "The endpoint's policy lets principals or resources through that the perimeter does not trust.",
    documentation: "\
Through an endpoint with an open policy anybody's credentials can be used on anybody's resources: data leaves for a \
bucket of another organisation without ever touching the internet.

The policy is analysed exactly, against the perimeter and for this endpoint: its service, kind, owner, VPC and Region, \
from now on. It is open when one request exists that it allows although the caller or the resource is not trusted. The \
finding shows such a request, the statement that allows it, and why each Deny does not stop it. A policy that lets \
nobody trusted through is closed; `policy-locked-out` reports it. One that cannot be decided is not applicable \
here; `policy-undecided` reports it, and so does `policy-unsupported` where the service supports no policy. Where \
nothing is known of an endpoint's policy, this control is indeterminate and the other four are silent: an endpoint is \
named once for one problem. Endpoints of kinds other than interface and gateway have no policy.

**Remediation** (automatic, restrictive). Appends the fewest Deny statements that close the policy; the statements that \
are there stay as they are. It is made only when it is proven that the policy then has no hole, still allows every \
request between trusted principals and trusted resources that it allowed before, AWS services and resources that AWS \
owns included as the perimeter says, locks nobody out, fits into AWS's limit, and needs no second change. Without \
that proof the reason is reported, and the policy left to people; so is the policy of a service that is not offered by \
AWS. The policy before is kept in the report.",
    severity: Severity::Critical,
    needs: &[Part::Endpoints, Part::Services],
    changes: &[ChangeKind::ReplacePolicy],
    opt_in: false,
    evaluate,
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Finding>, Gap> {
    context.judge_policies(CONTROL.name, |key, endpoint, known| {
        Some(match known {
            Known::Nothing(why, advice) => key.indeterminate(why, advice),
            Known::Unsupported(service) => key.not_applicable(format!("{} supports no endpoint policy.", service.name)),
            Known::Undecided(..) => key.not_applicable("The policy cannot be decided: see policy-undecided."),
            Known::Decided(service, policy) => judge(context, key, endpoint, service, &policy),
        })
    })
}

fn judge(context: &Context<'_>, key: FindingKey, endpoint: &Endpoint, service: &Service, policy: &Policy) -> Finding {
    let analysis = &policy.analysis;
    if analysis.verdict != Containment::Open {
        return key.compliant("No stranger gets in and no data gets out.");
    }
    let explanation = sentences(analysis.explanation.iter().chain(&analysis.reasons));
    if !service.amazon {
        let advice = format!("{} is not offered by AWS: restrict the policy yourself.", service.name);
        return key.non_compliant(explanation, Remediation::Manual(advice));
    }
    let remediation = match policy.fix(&context.settings.perimeter) {
        Ok(fix) => Remediation::Automatic(vec![Change::ReplacePolicy {
            endpoint: endpoint.id.clone(),
            before: endpoint.policy.clone().unwrap_or_default(),
            after: fix.text.clone(),
        }]),
        Err(error @ NoFix::NobodyTrusted) => {
            Remediation::Manual(format!("Complete the perimeter in postern.toml: {error}."))
        }
        Err(error) => Remediation::Manual(format!(
            "No change is proven to close it and to keep what is legitimate: {error}. Restrict the statement that \
             allows it yourself, and try the result with `postern policy check`."
        )),
    };
    key.non_compliant(explanation, remediation)
}
