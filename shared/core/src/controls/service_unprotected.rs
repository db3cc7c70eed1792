//! service-unprotected: see [`CONTROL`].

use crate::evaluation::{Assessment, Concern, Control, Evaluate, Framework, Remediation, ServiceContext};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::part::{Gap, Part};
use crate::model::text::printable;

pub static CONTROL: Control = Control {
    name: "service-unprotected",
    summary: "A load balancer behind an endpoint service has no deletion protection.",
    documentation: "\
Whoever deletes the load balancer of a service cuts off all of its consumers at once. Deletion protection makes that two \
steps.

**Remediation** (manual). The finding has the command that enables deletion protection.",
    finds: "a load balancer behind an endpoint service without deletion protection",
    remediation: "reports it, with the command",
    concern: Concern::Publication,
    severity: Severity::Low,
    frameworks: &[
        (Framework::Nist80053, "CM-7"),
        (Framework::CisControls8, "12.2"),
    ],
    resource: ResourceKind::EndpointService,
    needs: &[Part::Configuration, Part::LoadBalancers],
    changes: &[],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Service(evaluate),
};

fn evaluate(context: &ServiceContext<'_>) -> Result<Vec<Assessment>, Gap> {
    let service = &context.snapshot.service;
    let load_balancers = context.snapshot.load_balancers.as_ref().map_err(Gap::clone)?;
    let key = FindingKey::new(CONTROL.name, ResourceKind::EndpointService, &service.id);
    if let Some(reason) = service.ends() {
        return Ok(vec![key.not_applicable(reason)]);
    }
    let unprotected = load_balancers
        .values()
        .find(|balancer| balancer.deletion_protection == Some(false));
    Ok(vec![match unprotected {
        Some(balancer) => key.non_compliant(
            format!(
                "Deletion protection is off for load balancer {}, which serves the endpoint service.",
                printable(balancer.name())
            ),
            Remediation::Manual(format!(
                "Run `aws elbv2 modify-load-balancer-attributes --load-balancer-arn {} --attributes \
                 Key=deletion_protection.enabled,Value=true`.",
                printable(&balancer.arn)
            )),
        ),
        None if load_balancers
            .values()
            .all(|balancer| balancer.deletion_protection.is_none()) =>
        {
            key.not_applicable("No load balancer is behind the endpoint service.")
        }
        None => key.compliant("Deletion protection is on for the load balancers of the endpoint service."),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Verdict;
    use crate::testing::advice;
    use crate::testing::service::{BALANCER, assert_service_needs, published};

    #[test]
    fn load_balancer_without_deletion_protection_is_reported_with_the_command() {
        let world = published().edit_balancer(|balancer| balancer.deletion_protection = Some(false));
        assert!(advice(&world.judge(&CONTROL)).contains(BALANCER));
        assert_eq!(published().judge(&CONTROL).verdict(), Verdict::Compliant);
        let gone = published().edit_balancer(|balancer| balancer.deletion_protection = None);
        assert_eq!(gone.judge(&CONTROL).verdict(), Verdict::NotApplicable);
        assert_service_needs(&CONTROL, &[world, published()]);
    }
}
