//! endpoint-unhealthy: see [`CONTROL`].

use jiff::SignedDuration;

use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation, in_unknown_state};
use crate::model::endpoint::{Endpoint, EndpointState};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::part::{Gap, Part};

/// AWS needs minutes to create an endpoint.
const LONGEST_PENDING: SignedDuration = SignedDuration::from_hours(1);
/// People have to accept a connection.
const LONGEST_WAITING: SignedDuration = SignedDuration::from_hours(72);

pub static CONTROL: Control = Control {
    name: "endpoint-unhealthy",
    summary: "An endpoint failed, was rejected, expired, or has been pending for too long.",
    documentation: "\
Such an endpoint carries no traffic, and an interface endpoint is billed in every state. An endpoint may be pending for \
an hour. It may wait for the owner of its service to accept it for 72 hours.

The control is about endpoints of every type: interface, gateway, Gateway Load Balancer, resource, service-network and \
tunnel endpoints.

**Remediation** (manual). Where the service is required, `endpoint-missing` creates a new endpoint. Postern deletes none.",
    finds: "an endpoint that failed, was rejected, or is still not accepted",
    remediation: "says what to do",
    concern: Concern::Reachability,
    severity: Severity::Medium,
    frameworks: &[
        (Framework::Nist80053, "SC-7"),
        (Framework::CisControls8, "12.2"),
    ],
    resource: ResourceKind::Endpoint,
    needs: &[Part::Endpoints],
    changes: &[],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    let endpoints = context.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values();
    Ok(endpoints.filter_map(|endpoint| judge(context, endpoint)).collect())
}

fn judge(context: &Context<'_>, endpoint: &Endpoint) -> Option<Assessment> {
    let key = FindingKey::new(CONTROL.name, ResourceKind::Endpoint, &endpoint.id);
    let (what, delete) = (
        format!("The {} endpoint", endpoint.kind.word()),
        format!("aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {}", endpoint.id),
    );
    let waiting = |longest: SignedDuration| {
        let age = endpoint.created.map(|created| context.now.duration_since(created));
        age.filter(|age| *age > longest).map(|age| age.as_hours())
    };
    let (explanation, advice) = match endpoint.state {
        EndpointState::Deleting | EndpointState::Deleted => return None,
        EndpointState::Unknown => return Some(in_unknown_state(key, endpoint)),
        EndpointState::Available | EndpointState::Partial => {
            return Some(key.compliant(format!("{what} is available.")));
        }
        EndpointState::Pending => match waiting(LONGEST_PENDING) {
            None => return Some(key.not_applicable(format!("{what} is being created."))),
            Some(hours) => (
                format!("{what} has been pending for {hours} hours."),
                format!("Ask AWS Support, or delete it with `{delete}` and create it again."),
            ),
        },
        EndpointState::PendingAcceptance => match waiting(LONGEST_WAITING) {
            None => return Some(key.not_applicable(format!("{what} waits for its service to accept it."))),
            Some(hours) => (
                format!("{what} has been waiting for {hours} hours for its service to accept it."),
                format!(
                    "Ask the owner of the service to accept the connection, or delete the endpoint with `{delete}`."
                ),
            ),
        },
        EndpointState::Failed => (
            format!("{what} failed: AWS could not create it."),
            format!(
                "Read the reason with `aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {} --query \
                 'VpcEndpoints[].LastError'`, then delete it with `{delete}`.",
                endpoint.id
            ),
        ),
        EndpointState::Rejected => (
            format!("{what} was rejected by the owner of its service."),
            format!("Ask the owner of the service why, or delete the endpoint with `{delete}`."),
        ),
        EndpointState::Expired => (
            format!("{what} expired: nobody accepted the connection in time."),
            format!(
                "Delete it with `{delete}`. If it is still needed, create it anew and have the connection accepted."
            ),
        ),
    };
    Some(key.non_compliant(explanation, Remediation::Manual(advice)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::endpoint::EndpointKind;
    use crate::model::finding::Verdict;
    use crate::settings::ExemptionSelector;
    use crate::testing::{World, advice, assert_needs, compliant};

    fn in_state(state: EndpointState, hours: Option<i64>) -> World {
        let world = compliant();
        let created = hours.map(|hours| world.now - SignedDuration::from_hours(hours));
        world.edit_endpoint("vpce-sts", |e| {
            e.state = state;
            e.created = created;
        })
    }

    fn verdict(state: EndpointState, hours: Option<i64>) -> Verdict {
        in_state(state, hours).verdict(&CONTROL, "vpce-sts")
    }

    #[test]
    fn available_endpoint_is_compliant_and_deleted_one_has_no_finding() {
        for state in [EndpointState::Available, EndpointState::Partial] {
            assert_eq!(verdict(state, None), Verdict::Compliant);
        }
        for state in [EndpointState::Deleting, EndpointState::Deleted] {
            let findings = in_state(state, None).findings(&CONTROL);
            assert!(findings.iter().all(|f| f.key.resource.id != "vpce-sts"), "{state:?}");
        }
    }

    #[test]
    fn failed_rejected_and_expired_endpoints_are_reported_with_the_command() {
        for state in [EndpointState::Failed, EndpointState::Rejected, EndpointState::Expired] {
            let finding = in_state(state, None).judge(&CONTROL, "vpce-sts");
            let advice = advice(&finding);
            assert!(
                advice.contains("delete-vpc-endpoints --vpc-endpoint-ids vpce-sts"),
                "{advice}"
            );
        }
    }

    #[test]
    fn pending_endpoint_is_reported_after_its_time() {
        for (state, soon, late) in [
            (EndpointState::Pending, 1, 2),
            (EndpointState::PendingAcceptance, 72, 73),
        ] {
            assert_eq!(verdict(state, None), Verdict::NotApplicable, "its age is not known");
            assert_eq!(verdict(state, Some(soon)), Verdict::NotApplicable);
            let finding = in_state(state, Some(late)).judge(&CONTROL, "vpce-sts");
            assert_eq!(finding.verdict(), Verdict::NonCompliant);
            assert!(finding.explanation().contains(&format!("{late} hours")));
        }
    }

    #[test]
    fn unknown_state_is_indeterminate() {
        assert_eq!(verdict(EndpointState::Unknown, None), Verdict::Indeterminate);
    }

    #[test]
    fn endpoint_is_named_as_what_it_is() {
        for (kind, word) in [
            (
                EndpointKind::GatewayLoadBalancer,
                "The Gateway Load Balancer endpoint failed",
            ),
            (EndpointKind::Resource, "The resource endpoint failed"),
            (EndpointKind::ServiceNetwork, "The service-network endpoint failed"),
            (EndpointKind::Tunnel, "The tunnel endpoint failed"),
        ] {
            let world = in_state(EndpointState::Failed, None).edit_endpoint("vpce-sts", |e| {
                e.kind = kind;
                e.service = None;
            });
            let finding = world.judge(&CONTROL, "vpce-sts");
            assert!(finding.explanation().starts_with(word), "{}", finding.explanation());
        }
    }

    #[test]
    fn exempt_endpoint_is_accepted() {
        let selector = ExemptionSelector::Resource("vpce-sts".to_owned());
        let world = in_state(EndpointState::Failed, None).exempt(&CONTROL, selector, "2027-01-01T00:00:00Z");
        assert!(world.judge(&CONTROL, "vpce-sts").accepted().is_some());
    }

    #[test]
    fn control_reads_exactly_the_parts_that_it_declares() {
        assert_needs(&CONTROL, &[compliant()]);
    }
}
