//! service-unbacked: see [`CONTROL`].

use crate::evaluation::{Assessment, Concern, Control, Evaluate, Framework, Remediation, ServiceContext};
use crate::model::endpoint_service::{LoadBalancer, LoadBalancerState, ServiceSnapshot, TargetHealth};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::part::{Gap, Part};
use crate::model::text::printable;

pub static CONTROL: Control = Control {
    name: "service-unbacked",
    summary: "No healthy load balancer is behind an endpoint service.",
    documentation: "\
Consumers of a service whose load balancers are deleted, failed or without healthy targets stay connected and get no answer.

**Remediation** (manual). The finding names the load balancer and what is wrong with it.",
    finds: "an endpoint service without a healthy load balancer behind it",
    remediation: "reports it",
    concern: Concern::Publication,
    severity: Severity::High,
    frameworks: &[
        (Framework::Nist80053, "SC-7"),
        (Framework::CisControls8, "12.2"),
    ],
    resource: ResourceKind::EndpointService,
    needs: &[Part::Configuration, Part::LoadBalancers, Part::TargetHealth],
    changes: &[],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Service(evaluate),
};

fn evaluate(context: &ServiceContext<'_>) -> Result<Vec<Assessment>, Gap> {
    let ServiceSnapshot {
        service,
        load_balancers,
        target_health,
        ..
    } = context.snapshot;
    let load_balancers = load_balancers.as_ref().map_err(Gap::clone)?;
    let target_health = target_health.as_ref().map_err(Gap::clone)?;
    let key = FindingKey::new(CONTROL.name, ResourceKind::EndpointService, &service.id);
    if let Some(reason) = service.ends() {
        return Ok(vec![key.not_applicable(reason)]);
    }
    let mut wrong = Vec::new();
    for balancer in load_balancers.values() {
        match defect(balancer, target_health.get(&balancer.arn)) {
            None => {
                return Ok(vec![key.compliant(
                    "A load balancer with healthy targets is behind the endpoint service.",
                )]);
            }
            Some(defect) => wrong.push(defect),
        }
    }
    let explanation = match wrong.is_empty() {
        true => "No load balancer is behind the endpoint service.".to_owned(),
        false => format!(
            "No load balancer behind the endpoint service works: {}.",
            wrong.join("; ")
        ),
    };
    Ok(vec![
        key.non_compliant(
            explanation,
            Remediation::Manual(
                "Register healthy targets with the load balancer, or attach a load balancer that works with `aws ec2 \
             modify-vpc-endpoint-service-configuration`."
                    .to_owned(),
            ),
        ),
    ])
}

/// Why a load balancer does not serve the consumers.
fn defect(balancer: &LoadBalancer, health: Option<&TargetHealth>) -> Option<String> {
    let name = printable(balancer.name());
    match (balancer.state, health) {
        (LoadBalancerState::Gone, _) => Some(format!("{name} no longer exists")),
        (LoadBalancerState::Failed, _) => Some(format!("{name} has failed")),
        (LoadBalancerState::Provisioning, _) => Some(format!("{name} is not set up yet")),
        (_, Some(health)) if health.healthy > 0 => None,
        (_, Some(TargetHealth { registered: 0, .. }) | None) => Some(format!("{name} has no targets")),
        (_, Some(TargetHealth { registered: 1, .. })) => Some(format!("the only target of {name} is not healthy")),
        (_, Some(health)) => Some(format!(
            "none of the {} targets of {name} is healthy",
            health.registered
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Verdict;
    use crate::testing::service::{BALANCER, ServiceWorld, assert_service_needs, published};

    fn targets(registered: usize, healthy: usize) -> ServiceWorld {
        let mut world = published();
        let health = TargetHealth { registered, healthy };
        world.snapshot.target_health = Ok([(BALANCER.to_owned(), health)].into());
        world
    }

    #[test]
    fn service_needs_one_load_balancer_with_a_healthy_target() {
        assert_eq!(targets(2, 1).judge(&CONTROL).verdict(), Verdict::Compliant);
        let gone = published().edit_balancer(|balancer| balancer.state = LoadBalancerState::Gone);
        let mut none = published();
        none.snapshot.load_balancers = Ok([].into());
        for (world, what) in [
            (
                targets(2, 0),
                "none of the 2 targets of net/payments/50dc6c495c0c9188 is healthy",
            ),
            (targets(0, 0), "net/payments/50dc6c495c0c9188 has no targets"),
            (gone.clone(), "net/payments/50dc6c495c0c9188 no longer exists"),
            (none, "No load balancer is behind the endpoint service"),
        ] {
            let finding = world.judge(&CONTROL);
            assert_eq!(finding.verdict(), Verdict::NonCompliant);
            assert!(finding.explanation().contains(what), "{}", finding.explanation());
        }
        assert_service_needs(&CONTROL, &[targets(2, 0), gone]);
    }
}
