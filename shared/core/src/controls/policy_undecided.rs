//! policy-undecided: see [`CONTROL`].

use crate::control::{Context, Control};
use crate::finding::{Finding, Remediation, Severity};
use crate::policy::{Known, sentences};
use crate::snapshot::{Gap, Part};

pub static CONTROL: Control = Control {
    name: "policy-undecided",
    summary: "It cannot be decided whether the endpoint's policy is open or closed.",
    documentation: "\
The document is not understood in every part, or has too many cases to try them all. It may be open, so it is never \
taken for closed: it is reported here, once, and the other controls on policies do not apply to it.

**Remediation** (manual). A document that cannot be decided is never rewritten. The finding names the places that \
stand in the way; a document without them can be decided. `postern policy explain` says the same of a file before it \
reaches AWS.",
    severity: Severity::High,
    needs: &[Part::Endpoints, Part::Services],
    changes: &[],
    opt_in: false,
    evaluate,
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Finding>, Gap> {
    context.judge_policies(CONTROL.name, |key, _, known| {
        Some(match known {
            Known::Nothing(..) => return None,
            Known::Unsupported(service) => key.not_applicable(format!("{} supports no endpoint policy.", service.name)),
            Known::Undecided(_, reasons) => key.non_compliant(
                format!(
                    "It cannot be told whether the policy lets strangers through, and it is not taken for closed. {}",
                    sentences(&reasons)
                ),
                Remediation::Manual(
                    "Rewrite the places that are named, or replace the policy by one of plain statements, and try the \
                     result with `postern policy explain`. Postern does not rewrite what it cannot decide."
                        .to_owned(),
                ),
            ),
            Known::Decided(..) => key.compliant("The policy was decided."),
        })
    })
}
