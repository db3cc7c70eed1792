//! policy-undecided: see [`CONTROL`].

use crate::evaluation::policies::{Known, sentences};
use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation};
use crate::model::finding::{ResourceKind, Severity};
use crate::model::part::{Gap, Part};

pub static CONTROL: Control = Control {
    name: "policy-undecided",
    summary: "It cannot be decided whether the endpoint's policy is open or closed.",
    documentation: "\
Postern does not understand every part of the document, or the document has too many cases to try them all. It may \
be open, so it is never treated as closed: it is reported here, once, and the other policy controls do not apply to \
it.

**Remediation** (manual). A document that cannot be decided is never rewritten. The finding names the parts that \
prevent a decision; without them the document can be decided. `postern policy explain` checks a file in the same way \
before it is deployed.",
    finds: "a policy that cannot be decided, and so is not counted as closed",
    remediation: "reports it, with the places in the document",
    concern: Concern::Containment,
    severity: Severity::High,
    frameworks: &[
        (Framework::Nist80053, "AC-3"),
        (Framework::Nist80053, "AC-4"),
        (Framework::Nist80053, "SC-7"),
        (Framework::PciDss4, "7.2.1"),
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
    context.assess_policies(CONTROL.name, |key, _, known| {
        Some(match known {
            Known::Nothing(..) => return None,
            Known::Unsupported(service) => key.not_applicable(format!("{} supports no endpoint policy.", service.name)),
            Known::Undecided(_, reasons) => key.non_compliant(
                format!(
                    "Could not decide whether the policy admits principals outside your perimeter, so it is treated as \
                     open. {}",
                    sentences(reasons)
                ),
                Remediation::Manual(
                    "Rewrite the named parts, or replace the policy by one of plain statements, and check the result with \
                     `postern policy explain`. Postern does not change a policy that it cannot decide."
                        .to_owned(),
                ),
            ),
            Known::Decided(..) => key.compliant("The policy can be decided."),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Verdict;
    use crate::testing::{ALLOW_ALL, World, advice, assert_needs, compliant};

    fn with(policy: &str) -> World {
        compliant().edit_endpoint("vpce-s3", |e| e.policy = Some(policy.to_owned()))
    }

    #[test]
    fn undecided_policy_is_reported_once_and_never_rewritten() {
        let canonical = ALLOW_ALL.replace(r#""Principal":"*""#, r#""Principal":{"CanonicalUser":"79a59df9"}"#);
        let operator = ALLOW_ALL.replace(
            r#""Resource":"*""#,
            r#""Resource":"*","Condition":{"StringSounds":{"aws:PrincipalOrgID":"o"}}"#,
        );
        for (policy, place) in [
            (canonical.as_str(), "79a59df9"),
            (&operator, "StringSounds"),
            ("{", "line 1"),
            ("", "JSON"),
            ("{}", "Statement"),
        ] {
            let world = with(policy).bound_but("vpce-s3");
            let finding = world.judge(&CONTROL, "vpce-s3");
            assert_eq!(finding.verdict(), Verdict::NonCompliant, "{policy}");
            assert!(finding.explanation().contains(place), "{}", finding.explanation());
            assert!(advice(&finding).contains("does not change"));
            let loud: Vec<_> = world
                .all_findings()
                .into_iter()
                .filter(|f| !matches!(f.verdict(), Verdict::Compliant | Verdict::NotApplicable))
                .collect();
            assert_eq!(loud, [finding]);
            assert_eq!(world.plan().changes, []);
        }
    }

    #[test]
    fn decided_policy_is_compliant() {
        assert_eq!(with(ALLOW_ALL).verdict(&CONTROL, "vpce-s3"), Verdict::Compliant);
        assert_eq!(compliant().verdict(&CONTROL, "vpce-s3"), Verdict::Compliant);
    }

    #[test]
    fn control_does_not_apply_without_policy_support() {
        let world = compliant().interface("vpce-smtp", "email-smtp", &["subnet-a"]);
        assert_eq!(world.verdict(&CONTROL, "vpce-smtp"), Verdict::NotApplicable);
    }

    #[test]
    fn control_reads_exactly_the_parts_that_it_declares() {
        assert_needs(&CONTROL, &[compliant()]);
    }
}
