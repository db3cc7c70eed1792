//! policy-open: see [`CONTROL`].

use postern_policy::{Containment, NoFix};

use crate::changes::{Change, ChangeKind, ReplacePolicy};
use crate::evaluation::policies::{Known, sentences};
use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Policy, Remediation};
use crate::model::catalogue::Service;
use crate::model::endpoint::Endpoint;
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::part::{Gap, Part};

pub static CONTROL: Control = Control {
    name: "policy-open",
    summary: "The endpoint's policy lets principals or resources through that the perimeter does not trust.",
    documentation: "\
Through an endpoint with an open policy anybody's credentials can be used on anybody's resources: data can leave for \
a bucket of another organisation without touching the internet.

The policy is analysed exactly, against the perimeter and for this endpoint: its service, type, owner, VPC and \
Region, and requests that are made after the evaluation. It is open when it allows at least one request whose caller or \
resource the perimeter does not trust. The finding shows such a request, the statement that allows it, and why no Deny stops it. A policy that \
allows no trusted request is closed; `policy-locked-out` reports it. A policy that cannot be decided is not \
applicable here; `policy-undecided` reports it, and `policy-unsupported` where the service supports no policy. Where \
the policy of an endpoint is not known, this control alone is indeterminate, so that one problem is reported once. \
Endpoints of types other than interface and gateway have no policy.

**Remediation** (automatic, restrictive). Appends the fewest Deny statements that close the policy. Existing statements \
stay as they are; statements that Postern appended under an earlier perimeter are replaced. Postern changes the policy \
only if all of this is proven:

- The policy is closed after the change.
- It still allows every request between trusted principals and trusted resources that it allowed before. The perimeter \
says whether AWS services and AWS-owned resources count.
- It locks no trusted principal out.
- It fits into AWS's limit, and needs no second change.

Without this proof the finding gives the reason, and the policy is left to people. The same applies to the policy of a \
service that AWS does not offer. The report keeps the policy before the change.",
    finds: "a policy that lets principals outside your perimeter in, or data out, with a request as proof",
    remediation: "appends the fewest Denies that are proven to close it and to keep legitimate access",
    concern: Concern::Containment,
    severity: Severity::Critical,
    frameworks: &[
        (Framework::Nist80053, "AC-3"),
        (Framework::Nist80053, "AC-4"),
        (Framework::Nist80053, "SC-7"),
        (Framework::PciDss4, "1.3.2"),
        (Framework::PciDss4, "7.2.1"),
        (Framework::CisControls8, "3.3"),
        (Framework::DataPerimeter, "identity-from-network"),
        (Framework::DataPerimeter, "resource-from-network"),
    ],
    resource: ResourceKind::Endpoint,
    needs: &[Part::Endpoints, Part::Services],
    changes: &[ChangeKind::ReplacePolicy],
    opt_in: false,
    writes_perimeter_policies: true,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    context.assess_policies(CONTROL.name, |key, endpoint, known| {
        Some(match known {
            Known::Nothing(why, advice) => key.indeterminate(why, *advice),
            Known::Unsupported(service) => key.not_applicable(format!("{} supports no endpoint policy.", service.name)),
            Known::Undecided(..) => key.not_applicable("The policy cannot be decided (see policy-undecided)."),
            Known::Decided(service, policy) => judge(context, key, endpoint, service, policy),
        })
    })
}

fn judge(
    context: &Context<'_>,
    key: FindingKey,
    endpoint: &Endpoint,
    service: &Service,
    policy: &Policy,
) -> Assessment {
    let analysis = &policy.analysis;
    if analysis.verdict != Containment::Open {
        return key.compliant("The policy allows only requests of trusted principals on trusted resources.");
    }
    let vpc = &context.snapshot.vpc.id;
    let explanation = sentences(analysis.explanation.iter().chain(&analysis.reasons));
    let explanation = policy.said_for(vpc, &explanation);
    if !service.amazon() {
        let advice = format!(
            "AWS does not offer {}, so Postern does not change its policy. Restrict the policy yourself.",
            service.name
        );
        return key.non_compliant(explanation, Remediation::Manual(advice));
    }
    // Denies of another perimeter are not kept: they may deny what the present one trusts.
    if let Some(rewrite) = context
        .rewrite(endpoint, service, policy)
        .filter(|rewrite| rewrite.closes)
    {
        let record = &rewrite.record.id;
        let explanation = format!(
            "{explanation} Postern closed {} under an earlier perimeter (change {record}); `postern rollback {record}` puts \
             the policy from before back.",
            endpoint.id
        );
        return key.non_compliant(explanation, Remediation::Automatic(vec![rewrite.change]));
    }
    let remediation = match context.policies.fix(policy, &context.settings.perimeter) {
        Ok(fix) => Remediation::Automatic(vec![Change::ReplacePolicy(ReplacePolicy {
            endpoint: endpoint.id.clone(),
            before: endpoint.policy.clone().unwrap_or_default(),
            after: policy.said_for(vpc, &fix.text).into_owned(),
        })]),
        Err(error @ NoFix::NobodyTrusted) => {
            Remediation::Manual(format!("Complete `[perimeter]` in `postern.toml`: {error}."))
        }
        Err(error) => Remediation::Manual(format!(
            "Postern could not prove that a change closes the policy and keeps legitimate requests: {error}. Restrict the \
             statement that allows it yourself, and check the result with `postern policy check`."
        )),
    };
    key.non_compliant(explanation, remediation)
}

#[cfg(test)]
mod tests {
    use postern_policy::template;

    use super::*;
    use crate::controls::{find, service_unapproved};
    use crate::evaluation::Finding;
    use crate::model::endpoint::{EndpointKind, EndpointState};
    use crate::model::finding::Verdict;
    use crate::plan::PlannedChange;
    use crate::settings::Mode;
    use crate::testing::{
        ALLOW_ALL, PARTNER, REGION, STRANGER, World, advice, assert_needs, bare, changes, compliant, perimeter, tags,
    };

    /// Our principals, anybody's buckets.
    const LEAKY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"OnlyOurPrincipals","Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1"}}}]}"#;

    fn with(policy: &str) -> World {
        compliant().edit_endpoint("vpce-s3", |e| e.policy = Some(policy.to_owned()))
    }

    fn after(finding: &Finding) -> &str {
        let [Change::ReplacePolicy(ReplacePolicy { after, .. })] = changes(finding) else {
            panic!("{finding:#?}")
        };
        after
    }

    #[test]
    fn open_policy_is_proven_by_a_request_and_closed_by_a_deny() {
        let finding = with(LEAKY).judge(&CONTROL, "vpce-s3");
        insta::assert_snapshot!(finding.explanation(), @r#"Resources outside your perimeter can be reached through this endpoint: for example, `arn:aws:iam::999988887777:role/anybody` of the organisation o-exampleorg1 can call `s3:GetObject` on `arn:aws:s3:::example-bucket/example` of account 888877776666 in the organisation o-otherorg001. Allowed by Statement[0] "OnlyOurPrincipals"."#);
        let [
            Change::ReplacePolicy(ReplacePolicy {
                endpoint,
                before,
                after,
            }),
        ] = changes(&finding)
        else {
            panic!("{finding:#?}")
        };
        assert_eq!((endpoint.as_str(), before.as_str()), ("vpce-s3", LEAKY));
        assert!(after.starts_with(LEAKY.strip_suffix("]}").unwrap()), "{after}");
        assert!(
            after.contains("DenyUntrustedResources") && !after.contains("DenyUntrustedPrincipals"),
            "{after}"
        );
    }

    #[test]
    fn default_policy_is_open_on_both_sides() {
        let finding = with(ALLOW_ALL).judge(&CONTROL, "vpce-s3");
        insta::assert_snapshot!(finding.explanation(), @"Principals outside your perimeter can use this endpoint: for example, `arn:aws:iam::999988887777:role/anybody` of the organisation o-otherorg001 can call `s3:GetObject` on `arn:aws:s3:::example-bucket/example` of account 999988887777 in the organisation o-otherorg001. Allowed by Statement[0]. Resources outside your perimeter can be reached through this endpoint: for example, `arn:aws:iam::999988887777:role/anybody` of the organisation o-otherorg001 can call `s3:GetObject` on `arn:aws:s3:::example-bucket/example` of account 999988887777 in the organisation o-otherorg001. Allowed by Statement[0].");
        assert!(after(&finding).contains("DenyUntrustedPrincipals"));
        assert!(after(&finding).contains("DenyUntrustedResources"));
    }

    #[test]
    fn fixed_policy_is_compliant() {
        for policy in [LEAKY, ALLOW_ALL] {
            let fixed = with(after(&with(policy).judge(&CONTROL, "vpce-s3")));
            assert_eq!(fixed.verdict(&CONTROL, "vpce-s3"), Verdict::Compliant);
            assert_eq!(fixed.plan().changes, []);
        }
    }

    #[test]
    fn perimeter_policy_is_compliant_in_every_format() {
        let policy = template("sts", REGION, &perimeter()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&policy).unwrap();
        let spelled = serde_json::to_string_pretty(&value).unwrap();
        let world = compliant().edit_endpoint("vpce-sts", |e| e.policy = Some(spelled));
        assert_eq!(world.verdict(&CONTROL, "vpce-sts"), Verdict::Compliant);
    }

    #[test]
    fn date_conditions_use_the_time_of_the_evaluation() {
        let until = |date: &str| {
            with(&LEAKY.replace(
                r#""Condition":{"#,
                &format!(r#""Condition":{{"DateLessThan":{{"aws:CurrentTime":"{date}"}},"#),
            ))
        };
        assert_eq!(
            until("2026-11-24T00:00:00Z").verdict(&CONTROL, "vpce-s3"),
            Verdict::NonCompliant
        );
        assert_eq!(
            until("2026-11-23T11:00:00Z").verdict(&CONTROL, "vpce-s3"),
            Verdict::Compliant
        );
    }

    #[test]
    fn endpoint_conditions_are_evaluated_for_this_endpoint() {
        let to = |vpc: &str| {
            with(&ALLOW_ALL.replace(
                r#""Resource":"*""#,
                &format!(r#""Resource":"*","Condition":{{"StringEquals":{{"aws:SourceVpc":"{vpc}"}}}}"#),
            ))
        };
        assert_eq!(to("vpc-1").verdict(&CONTROL, "vpce-s3"), Verdict::NonCompliant);
        assert_eq!(to("vpc-2").verdict(&CONTROL, "vpce-s3"), Verdict::Compliant);
    }

    #[test]
    fn fix_without_proof_is_manual_with_the_reason() {
        // Too long for another statement.
        let long = LEAKY.replace("OnlyOurPrincipals", &"x".repeat(20_300));
        let finding = with(&long).judge(&CONTROL, "vpce-s3");
        assert_eq!(finding.verdict(), Verdict::NonCompliant);
        assert!(advice(&finding).contains("20480"), "{finding:#?}");
        assert_eq!(with(&long).plan().changes, []);
    }

    #[test]
    fn findings_of_other_controls_are_not_repeated() {
        for policy in [r#"{"Statement":"#, "{}"] {
            let world = with(policy);
            assert_eq!(world.verdict(&CONTROL, "vpce-s3"), Verdict::NotApplicable);
            assert_eq!(world.plan().changes, []);
        }
        let world = compliant()
            .interface("vpce-smtp", "email-smtp", &["subnet-a"])
            .edit_endpoint("vpce-smtp", |e| e.policy = Some(ALLOW_ALL.to_owned()));
        assert_eq!(world.verdict(&CONTROL, "vpce-smtp"), Verdict::NotApplicable);
    }

    #[test]
    fn unknown_policy_is_reported_by_policy_open_alone() {
        let edits: [fn(&mut Endpoint); 3] = [
            |e| e.policy = None,
            |e| e.state = EndpointState::Unknown,
            |e| e.service = Some("com.amazonaws.eu-central-1.gone".into()),
        ];
        for edit in edits {
            let world = with(ALLOW_ALL).edit_endpoint("vpce-s3", edit).bound_but("vpce-s3");
            let of_policies = |control: &str| {
                // That one is about the service.
                find(control).unwrap().concern == CONTROL.concern && control != service_unapproved::CONTROL.name
            };
            let about: Vec<_> = world
                .all_findings()
                .into_iter()
                .filter(|f| f.key.resource.id == "vpce-s3" && of_policies(&f.key.control))
                .map(|f| (f.key.control.clone(), f.verdict()))
                .collect();
            assert_eq!(about, [(CONTROL.name.to_owned(), Verdict::Indeterminate)]);
            assert_eq!(
                world
                    .plan()
                    .enforced()
                    .filter(|p| p.change.endpoint() == Some(&"vpce-s3".into()))
                    .count(),
                0
            );
        }
    }

    #[test]
    fn endpoint_kinds_without_policies_have_no_findings() {
        for kind in [
            EndpointKind::GatewayLoadBalancer,
            EndpointKind::Resource,
            EndpointKind::ServiceNetwork,
            EndpointKind::Other,
        ] {
            let world = with(ALLOW_ALL).edit_endpoint("vpce-s3", |e| e.kind = kind);
            assert!(world.findings(&CONTROL).iter().all(|f| f.key.resource.id != "vpce-s3"));
        }
    }

    #[test]
    fn dead_endpoints_have_no_findings_and_pending_ones_do() {
        for (state, findings) in [
            (EndpointState::Deleted, 0),
            (EndpointState::Failed, 0),
            (EndpointState::Pending, 1),
        ] {
            let world = bare()
                .gateway("vpce-s3", "s3", &[])
                .edit_endpoint("vpce-s3", |e| e.state = state);
            assert_eq!(world.findings(&CONTROL).len(), findings, "{state:?}");
        }
    }

    #[test]
    fn policy_of_a_third_party_service_is_manual() {
        let world = compliant()
            .interface("vpce-partner", PARTNER, &["subnet-a"])
            .edit_endpoint("vpce-partner", |e| e.policy = Some(ALLOW_ALL.to_owned()));
        assert!(advice(&world.judge(&CONTROL, "vpce-partner")).starts_with("AWS does not offer"));
    }

    #[test]
    fn endpoints_managed_by_others_are_reported_and_not_changed() {
        for kept in [
            |e: &mut Endpoint| e.requester_managed = true,
            |e: &mut Endpoint| e.owner = STRANGER.into(),
            |e: &mut Endpoint| e.tags = tags(&[("GuardDutyManaged", "true")]),
        ] {
            let world = with(ALLOW_ALL).edit_endpoint("vpce-s3", kept);
            let finding = world.judge(&CONTROL, "vpce-s3");
            assert_eq!(finding.verdict(), Verdict::NonCompliant);
            assert!(
                advice(&finding).starts_with("Postern does not change it: vpce-s3"),
                "{finding:#?}"
            );
            assert_eq!(world.plan().changes, []);
        }
    }

    #[test]
    fn empty_perimeter_changes_no_policy() {
        let mut world = with(ALLOW_ALL);
        world.settings.perimeter.organizations.clear();
        let finding = world.judge(&CONTROL, "vpce-s3");
        assert!(advice(&finding).contains("trusts nobody"), "{finding:#?}");
        assert_eq!(world.plan().changes, []);
    }

    #[test]
    fn policy_is_not_changed_where_no_trusted_principal_could_use_the_endpoint_afterwards() {
        let mut world = compliant();
        world.settings.perimeter.organizations = vec!["o-exampleorq1".to_owned()];
        for mode in [Mode::Enforce, Mode::Audit] {
            let world = world.clone().mode(&CONTROL, mode);
            let finding = world.judge(&CONTROL, "vpce-s3");
            assert_eq!(finding.verdict(), Verdict::NonCompliant);
            assert!(
                advice(&finding).contains("no trusted principal could use vpce-s3"),
                "{finding:#?}"
            );
            let replaced = |planned: &PlannedChange| planned.change.kind() == ChangeKind::ReplacePolicy;
            assert!(!world.plan().changes.iter().any(replaced));
        }
    }

    #[test]
    fn control_reads_exactly_the_parts_that_it_declares() {
        assert_needs(&CONTROL, &[with(ALLOW_ALL)]);
    }
}
