//! policy-locked-out: see [`CONTROL`].

use crate::evaluation::policies::Known;
use crate::evaluation::{Assessment, Concern, Context, Control, Remediation};
use crate::model::finding::{ResourceKind, Severity};
use crate::model::snapshot::{Gap, Part};

pub static CONTROL: Control = Control {
    name: "policy-locked-out",
    summary: "The endpoint's policy lets no trusted principal reach any trusted resource.",
    documentation: "\
All requests of the VPC's workloads to the service go through the endpoint: with private DNS, or with the routes of \
a gateway endpoint, there is no other path. An endpoint whose policy denies all of them is paid for and cuts the VPC \
off.

Most often the policy names another organisation or account, contains statements for another service, has a \
condition on a key that requests through an endpoint do not have (such as `aws:SourceIp`), or has an Allow that \
expired. The control does not apply while the perimeter is empty.

**Remediation** (manual). Only people know which requests the policy was meant to allow.",
    finds: "a policy that lets no trusted principal through",
    remediation: "reports it, with advice",
    concern: Concern::Containment,
    severity: Severity::High,
    resource: ResourceKind::Endpoint,
    needs: &[Part::Endpoints, Part::Services],
    changes: &[],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate,
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    context.assess_policies(CONTROL.name, |key, endpoint, known| {
        Some(match known {
            Known::Nothing(..) => return None,
            Known::Unsupported(service) => key.not_applicable(format!("{} supports no endpoint policy.", service.name)),
            Known::Undecided(..) => key.not_applicable("The policy cannot be decided (see policy-undecided)."),
            Known::Decided(..) if !context.settings.perimeter.trusts_somebody() => {
                key.not_applicable("The perimeter is empty.")
            }
            Known::Decided(_, policy) if !policy.analysis.locked_out => {
                key.compliant("Trusted principals reach trusted resources.")
            }
            Known::Decided(service, _) => key.non_compliant(
                format!(
                    "{} denies every request between trusted principals and trusted resources: the VPC's workloads cannot \
                     use {} through it.",
                    endpoint.id, service.name
                ),
                Remediation::Manual(format!(
                    "Compare the policy with `[perimeter]` in `postern.toml`. It needs an Allow for actions of {}, for \
                     principals and resources of your organisations and accounts, with conditions only on keys that \
                     requests through an endpoint have (`aws:SourceIp` is not one of them), and no Deny that covers all of \
                     these requests.",
                    service.name
                )),
            ),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Verdict;
    use crate::testing::{ALLOW_ALL, World, advice, assert_needs, compliant};

    fn with(condition: &str) -> World {
        let policy = ALLOW_ALL.replace(
            r#""Resource":"*""#,
            &format!(r#""Resource":"*","Condition":{condition}"#),
        );
        compliant().edit_endpoint("vpce-s3", |e| e.policy = Some(policy))
    }

    #[test]
    fn policy_for_others_or_for_nobody_locks_out() {
        for condition in [
            r#"{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg2"}}"#,
            r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
            r#"{"DateLessThan":{"aws:CurrentTime":"2026-11-01T00:00:00Z"}}"#,
        ] {
            let world = with(condition);
            let finding = world.judge(&CONTROL, "vpce-s3");
            assert_eq!(finding.verdict(), Verdict::NonCompliant, "{condition}");
            assert!(advice(&finding).contains("aws:SourceIp"), "{finding:#?}");
            let changed = world.plan().changes;
            assert!(
                changed
                    .iter()
                    .all(|p| p.causes.iter().all(|c| c.control != CONTROL.name)),
                "{changed:#?}"
            );
        }
    }

    #[test]
    fn policy_for_another_service_locks_out() {
        let policy = ALLOW_ALL.replace(r#""Action":"*""#, r#""Action":"sqs:*""#);
        let world = compliant().edit_endpoint("vpce-s3", |e| e.policy = Some(policy));
        assert_eq!(world.verdict(&CONTROL, "vpce-s3"), Verdict::NonCompliant);
    }

    #[test]
    fn policy_that_admits_trusted_principals_is_compliant() {
        for condition in ["{}", r#"{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1"}}"#] {
            assert_eq!(with(condition).verdict(&CONTROL, "vpce-s3"), Verdict::Compliant);
        }
    }

    #[test]
    fn control_does_not_apply_without_trusted_principals_or_policy() {
        let mut world = with("{}");
        world.settings.perimeter.organizations.clear();
        assert_eq!(world.verdict(&CONTROL, "vpce-s3"), Verdict::NotApplicable);
        let undecided = compliant().edit_endpoint("vpce-s3", |e| e.policy = Some("{}".to_owned()));
        assert_eq!(undecided.verdict(&CONTROL, "vpce-s3"), Verdict::NotApplicable);
        let unsupported = compliant().interface("vpce-smtp", "email-smtp", &["subnet-a"]);
        assert_eq!(unsupported.verdict(&CONTROL, "vpce-smtp"), Verdict::NotApplicable);
    }

    #[test]
    fn control_reads_exactly_the_parts_that_it_declares() {
        assert_needs(&CONTROL, &[compliant()]);
    }
}
