//! policy-locked-out: see [`CONTROL`].

use postern_policy::Containment;

use crate::changes::ChangeKind;
use crate::evaluation::Policy;
use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation};
use crate::model::catalogue::Service;
use crate::model::endpoint::Endpoint;
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::part::{Gap, Part};

pub static CONTROL: Control = Control {
    name: "policy-locked-out",
    summary: "The endpoint's policy lets no trusted principal reach any trusted resource, or denies trusted requests because \
              Postern closed it under an earlier perimeter.",
    documentation: "\
All requests of the VPC's workloads to the service go through the endpoint: with private DNS, or with the routes of \
a gateway endpoint, there is no other path. An endpoint whose policy denies all of them is paid for and cuts the VPC \
off.

Most often the policy names another organisation or account, contains statements for another service, has a \
condition on a key that requests through an endpoint do not have (such as `aws:SourceIp`), or has an Allow that \
expired. The control does not apply while the perimeter is empty.

A mistake in the perimeter can also be the reason: under it, Postern appended Deny statements that deny requests which \
the corrected perimeter trusts. The ledger has the perimeter of each change for 15 days and longer, so that a correction \
of the settings is noticed.

**Remediation** (automatic, restrictive, where Postern wrote the policy under an earlier perimeter). Puts back the policy \
from before Postern first changed it, closed for the present perimeter where that is proven as for `policy-open`. The \
finding names the change and the command that rolls it back. **Remediation** (manual) of all other policies. Only people \
know which requests they were meant to allow.",
    finds: "a policy that lets no trusted principal through, or that Postern closed under an earlier perimeter",
    remediation: "closes again what Postern closed; otherwise reports it, with advice",
    concern: Concern::Containment,
    severity: Severity::High,
    frameworks: &[
        (Framework::Nist80053, "AC-3"),
        (Framework::CisControls8, "3.3"),
    ],
    resource: ResourceKind::Endpoint,
    needs: &[Part::Endpoints, Part::Services],
    changes: &[ChangeKind::ReplacePolicy],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    context.assess_decided_policies(CONTROL.name, judge)
}

fn judge(
    context: &Context<'_>,
    key: FindingKey,
    endpoint: &Endpoint,
    service: &Service,
    policy: &Policy,
) -> Assessment {
    if context.denied_by_quarantine(endpoint).unwrap_or_default() {
        return key.not_applicable("The endpoint is in quarantine. See service-unapproved.");
    }
    let rewrite = context.rewrite(endpoint, service, policy);
    match rewrite {
        // policy-open replaces the policy.
        Some(_) if policy.analysis.verdict == Containment::Open => key.compliant(REACHED),
        Some(rewrite) if policy.analysis.locked_out || rewrite.lost.is_some() => {
            let record = &rewrite.record.id;
            let example = rewrite.lost.as_ref().map_or_else(
                || "every request between trusted principals and trusted resources".to_owned(),
                |request| {
                    let resource = &request.resource;
                    format!(
                        "trusted requests: for example, `{}` can no longer call `{}` on `{resource}`",
                        request.principal, request.action
                    )
                },
            );
            key.non_compliant(
                format!(
                    "Postern closed {} under an earlier perimeter (change {record}), and it denies {example}. `postern \
                     rollback {record}` restores the policy from before.",
                    endpoint.id
                ),
                Remediation::Automatic(vec![rewrite.change]),
            )
        }
        Some(_) | None if !policy.analysis.locked_out => key.compliant(REACHED),
        Some(_) | None => key.non_compliant(
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
    }
}

const REACHED: &str = "Trusted principals reach trusted resources.";

#[cfg(test)]
mod tests {
    use postern_policy::Perimeter;

    use super::*;
    use crate::controls::policy_open;
    use crate::history::ChangeRecord;
    use crate::model::finding::Verdict;
    use crate::settings::Mode;
    use crate::testing::{ACCOUNT, ALLOW_ALL, NOW, World, advice, assert_needs, changes, compliant, perimeter, record};

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

    /// The S3 endpoint after policy-open closed it under this perimeter, in settings that trust the organisation and the own
    /// account.
    fn closed_under(perimeter: Perimeter) -> World {
        let mut world = compliant().edit_endpoint("vpce-s3", |e| e.policy = Some(ALLOW_ALL.to_owned()));
        world.settings.perimeter.accounts = vec![ACCOUNT.to_owned()];
        let present = std::mem::replace(&mut world.settings.perimeter, perimeter);
        let change = changes(&world.judge(&policy_open::CONTROL, "vpce-s3"))[0].clone();
        let digest = world.settings.perimeter_digest();
        world.snapshot = change.make_in(&world.snapshot);
        world.settings.perimeter = present;
        let written = ChangeRecord {
            perimeter: Some(digest),
            ..record(change, "run-1", NOW)
        };
        world
            .remember(written)
            .mode(&CONTROL, Mode::Enforce)
            .mode(&policy_open::CONTROL, Mode::Enforce)
    }

    /// The perimeter without the organisation.
    fn only_our_account() -> Perimeter {
        Perimeter {
            organizations: Vec::new(),
            accounts: vec![ACCOUNT.to_owned()],
            ..perimeter()
        }
    }

    fn mistyped() -> Perimeter {
        Perimeter {
            organizations: vec!["o-exampleorgl".to_owned()],
            ..perimeter()
        }
    }

    /// The policy after the plan, which is one change.
    fn corrected(world: &mut World) -> String {
        let plan = world.plan();
        let [planned] = plan.changes.as_slice() else {
            panic!("{plan:#?}")
        };
        world.snapshot = planned.change.make_in(&world.snapshot);
        for control in [&CONTROL, &policy_open::CONTROL] {
            assert_eq!(
                world.verdict(control, "vpce-s3"),
                Verdict::Compliant,
                "{}",
                control.name
            );
        }
        assert_eq!(world.plan().changes, []);
        let policy = &world.snapshot.endpoints.as_ref().unwrap()[&"vpce-s3".into()].policy;
        policy.clone().unwrap()
    }

    #[test]
    fn wider_perimeter_removes_the_denies_of_the_narrower_one() {
        let mut world = closed_under(only_our_account());
        let finding = world.judge(&CONTROL, "vpce-s3");
        let id = world.history.records[0].id.clone();
        for part in [
            &format!("change {id}"),
            &format!("`postern rollback {id}`"),
            "can no longer call",
        ] {
            assert!(finding.explanation().contains(part), "{}", finding.explanation());
        }
        let policy = corrected(&mut world);
        assert!(policy.contains("o-exampleorg1"), "{policy}");
    }

    #[test]
    fn correction_of_a_mistyped_organization_replaces_what_was_closed_for_it() {
        let mut world = closed_under(mistyped());
        assert_eq!(
            world.verdict(&CONTROL, "vpce-s3"),
            Verdict::Compliant,
            "policy-open reports it"
        );
        let finding = world.judge(&policy_open::CONTROL, "vpce-s3");
        let id = &world.history.records[0].id;
        assert!(
            finding.explanation().contains(&format!("`postern rollback {id}`")),
            "{}",
            finding.explanation()
        );
        let policy = corrected(&mut world);
        assert!(
            policy.contains("o-exampleorg1") && !policy.contains("o-exampleorgl"),
            "{policy}"
        );
    }

    #[test]
    fn policy_that_postern_closed_under_the_present_perimeter_or_that_others_wrote_is_left_to_people() {
        let mut same = closed_under(only_our_account());
        same.history.records[0].perimeter = Some(same.settings.perimeter_digest());
        let others = closed_under(only_our_account()).edit_endpoint("vpce-s3", |e| {
            let policy = e.policy.take().unwrap_or_default();
            e.policy = Some(policy.replace("DenyUntrustedResources", "Ours"));
        });
        for world in [same, others] {
            assert_eq!(world.verdict(&CONTROL, "vpce-s3"), Verdict::Compliant);
            assert_eq!(world.plan().changes, []);
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
