//! policy-open: see [`CONTROL`].

use postern_policy::{Verdict, template, verdict};

use crate::change::{Change, ChangeKind};
use crate::control::{Context, Control, in_unknown_state};
use crate::finding::{Finding, FindingKey, Remediation, ResourceKind, Severity};
use crate::snapshot::{Endpoint, EndpointKind, EndpointState, Gap, Part};

pub static CONTROL: Control = Control {
    name: "policy-open",
    summary: "The endpoint's policy lets principals or resources through that the perimeter does not trust.",
    documentation: "\
Through an endpoint with an open policy anybody's credentials can be used on anybody's resources: data leaves for a \
bucket of another organisation without ever touching the internet.

Decided today: a document that plainly allows everything to everybody is open; the perimeter policy for this service \
and these settings is closed. Every other document is indeterminate, reported and left alone. Endpoints of services \
that support no policy, and of kinds other than interface and gateway, are not applicable.

**Remediation** (automatic, restrictive). Replaces the policy by the perimeter policy: trusted principals reach trusted \
resources, AWS services keep working, and so do the resources that AWS owns and workloads use, such as the \
buckets of Amazon Linux repositories, ECR image layers and Systems Manager. The policy before is kept in the report. The policy of a service that \
is not offered by AWS is left to people.",
    severity: Severity::Critical,
    needs: &[Part::Endpoints, Part::Services],
    changes: &[ChangeKind::ReplacePolicy],
    evaluate,
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Finding>, Gap> {
    let mut findings = Vec::new();
    for endpoint in context.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values() {
        if matches!(endpoint.kind, EndpointKind::Interface | EndpointKind::Gateway) && !endpoint.dead() {
            findings.push(judge(context, endpoint)?);
        }
    }
    Ok(findings)
}

fn judge(context: &Context<'_>, endpoint: &Endpoint) -> Result<Finding, Gap> {
    let key = FindingKey::new(CONTROL.name, ResourceKind::Endpoint, &endpoint.id);
    let Some(service) = context.service_of(endpoint)? else {
        return Ok(key.indeterminate(
            "Cannot be decided: the Region's catalogue does not list the endpoint's service.",
            "Check whether the service still exists, and read the policy yourself.",
        ));
    };
    if !service.policy_supported {
        return Ok(key.not_applicable(format!("{} supports no endpoint policy.", service.name)));
    }
    if endpoint.state == EndpointState::Unknown {
        return Ok(in_unknown_state(key, endpoint));
    }
    let Some(document) = &endpoint.policy else {
        return Ok(key.indeterminate(
            "Cannot be decided: AWS returned no policy document.",
            "Read the endpoint's policy in the console.",
        ));
    };
    let region = context.snapshot.region.as_str();
    let name = service
        .short_name(&context.snapshot.region)
        .unwrap_or(service.name.as_str());
    let perimeter = &context.settings.perimeter;
    Ok(match verdict(document, name, region, perimeter) {
        Verdict::Closed => key.compliant("The policy is the perimeter policy."),
        Verdict::Undecided(reason) => key.indeterminate(
            format!("Cannot be decided: {reason}."),
            "Read the policy, or replace it by the perimeter policy.",
        ),
        Verdict::Open(reason) => {
            let remediation = match template(name, region, perimeter) {
                _ if !service.amazon => Remediation::Manual(format!(
                    "{} is not offered by AWS: restrict the policy yourself.",
                    service.name
                )),
                Ok(after) => Remediation::Automatic(vec![Change::ReplacePolicy {
                    endpoint: endpoint.id.clone(),
                    before: document.clone(),
                    after,
                }]),
                Err(error) => Remediation::Manual(format!("Complete the perimeter in postern.toml: {error}.")),
            };
            key.non_compliant(format!("The policy is open: {reason}."), remediation)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding;
    use crate::testing::{
        ALLOW_ALL, PARTNER, REGION, STRANGER, World, advice, assert_needs, bare, changes, compliant, perimeter, tags,
    };

    fn open() -> World {
        compliant().edit_endpoint("vpce-s3", |e| e.policy = Some(ALLOW_ALL.to_owned()))
    }

    #[test]
    fn an_open_policy_is_replaced_by_the_perimeter_policy() {
        let finding = open().judge(&CONTROL, "vpce-s3");
        assert_eq!(
            changes(&finding),
            [Change::ReplacePolicy {
                endpoint: "vpce-s3".into(),
                before: ALLOW_ALL.to_owned(),
                after: template("s3", REGION, &perimeter()).unwrap(),
            }]
        );
        assert!(
            finding
                .explanation
                .starts_with("The policy is open: statement 1 allows every action"),
            "{}",
            finding.explanation
        );
    }

    #[test]
    fn the_perimeter_policy_is_compliant_however_aws_spells_it() {
        let policy = template("sts", REGION, &perimeter()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&policy).unwrap();
        let spelled = serde_json::to_string_pretty(&value).unwrap();
        let world = compliant().edit_endpoint("vpce-sts", |e| e.policy = Some(spelled));
        assert_eq!(world.verdict(&CONTROL, "vpce-sts"), finding::Verdict::Compliant);
    }

    #[test]
    fn each_document_in_between_is_indeterminate_and_left_alone() {
        for policy in [
            Some(ALLOW_ALL.replace("\"Action\":\"*\"", "\"Action\":\"s3:*\"")),
            Some("{".to_owned()),
            Some(String::new()),
            None,
        ] {
            let world = compliant().edit_endpoint("vpce-s3", |e| e.policy = policy);
            let finding = world.judge(&CONTROL, "vpce-s3");
            assert_eq!(finding.verdict, finding::Verdict::Indeterminate, "{finding:#?}");
            assert_eq!(world.plan().changes, []);
        }
    }

    #[test]
    fn the_perimeter_policy_of_another_service_is_not_known_to_be_closed() {
        let world = compliant().edit_endpoint("vpce-s3", |e| e.policy = template("sts", REGION, &perimeter()).ok());
        assert_eq!(world.verdict(&CONTROL, "vpce-s3"), finding::Verdict::Indeterminate);
    }

    #[test]
    fn endpoints_that_have_no_policy_are_not_applicable_or_silent() {
        let world = compliant()
            .interface("vpce-smtp", "email-smtp", &["subnet-a"])
            .edit_endpoint("vpce-smtp", |e| e.policy = Some(ALLOW_ALL.to_owned()));
        assert_eq!(world.verdict(&CONTROL, "vpce-smtp"), finding::Verdict::NotApplicable);
        for kind in [
            EndpointKind::GatewayLoadBalancer,
            EndpointKind::Resource,
            EndpointKind::ServiceNetwork,
            EndpointKind::Other,
        ] {
            let world = open().edit_endpoint("vpce-s3", |e| e.kind = kind);
            assert!(world.findings(&CONTROL).iter().all(|f| f.key.resource.id != "vpce-s3"));
        }
    }

    #[test]
    fn dead_endpoints_are_silent_and_pending_ones_judged() {
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
    fn a_state_that_aws_added_since_is_indeterminate() {
        let world = open().edit_endpoint("vpce-s3", |e| e.state = EndpointState::Unknown);
        assert_eq!(world.verdict(&CONTROL, "vpce-s3"), finding::Verdict::Indeterminate);
    }

    #[test]
    fn a_service_out_of_the_catalogue_is_indeterminate() {
        let world = open().edit_endpoint("vpce-s3", |e| {
            e.service = Some("com.amazonaws.eu-central-1.gone".into())
        });
        assert_eq!(world.verdict(&CONTROL, "vpce-s3"), finding::Verdict::Indeterminate);
    }

    #[test]
    fn the_policy_of_a_third_partys_service_is_left_to_people() {
        let world = compliant()
            .interface("vpce-partner", PARTNER, &["subnet-a"])
            .edit_endpoint("vpce-partner", |e| e.policy = Some(ALLOW_ALL.to_owned()));
        assert!(advice(&world.judge(&CONTROL, "vpce-partner")).contains("is not offered by AWS"));
    }

    #[test]
    fn endpoints_that_others_keep_are_reported_and_left_alone() {
        for kept in [
            |e: &mut Endpoint| e.requester_managed = true,
            |e: &mut Endpoint| e.owner = STRANGER.into(),
            |e: &mut Endpoint| e.tags = tags(&[("GuardDutyManaged", "true")]),
        ] {
            let world = open().edit_endpoint("vpce-s3", kept);
            let finding = world.judge(&CONTROL, "vpce-s3");
            assert_eq!(finding.verdict, finding::Verdict::NonCompliant);
            assert!(advice(&finding).starts_with("Left alone: vpce-s3"), "{finding:#?}");
            assert_eq!(world.plan().changes, []);
        }
    }

    #[test]
    fn a_perimeter_that_trusts_nobody_locks_nobody_out() {
        let mut world = open();
        world.settings.perimeter.organizations.clear();
        let finding = world.judge(&CONTROL, "vpce-s3");
        assert!(advice(&finding).contains("trusts nobody"), "{finding:#?}");
        assert_eq!(world.plan().changes, []);
    }

    #[test]
    fn it_needs_what_it_says() {
        assert_needs(&CONTROL, &[open()]);
    }
}
