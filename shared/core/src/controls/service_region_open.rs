//! service-region-open: see [`CONTROL`].

use crate::evaluation::{Assessment, Concern, Control, Evaluate, Framework, Remediation, ServiceContext};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::part::{Gap, Part};
use crate::model::text::printable;

pub static CONTROL: Control = Control {
    name: "service-region-open",
    summary: "An endpoint service is offered to Regions that the settings do not allow.",
    documentation: "\
Consumers of other Regions connect across them, so that data leaves the Region of the service. Allowed are its own Region \
and `regions` of the `[[providers]]` that name the service.

**Remediation** (manual). Removing a Region cuts off its consumers, so that a person decides. The finding has the command.",
    finds: "an endpoint service that is offered to Regions that the settings do not allow",
    remediation: "reports it, with the command",
    concern: Concern::Publication,
    severity: Severity::Medium,
    frameworks: &[
        (Framework::Nist80053, "AC-4"),
        (Framework::Nist80053, "SC-7"),
        (Framework::CisControls8, "12.2"),
    ],
    resource: ResourceKind::EndpointService,
    needs: &[Part::Configuration],
    changes: &[],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Service(evaluate),
};

fn evaluate(context: &ServiceContext<'_>) -> Result<Vec<Assessment>, Gap> {
    let service = &context.snapshot.service;
    let key = FindingKey::new(CONTROL.name, ResourceKind::EndpointService, &service.id);
    if let Some(reason) = service.ends() {
        return Ok(vec![key.not_applicable(reason)]);
    }
    let allowed = context.settings.allowed_regions(service);
    let own = &context.snapshot.region;
    let open = service
        .regions
        .iter()
        .filter(|region| *region != own && !allowed.contains(region));
    let open: Vec<_> = open.map(|region| printable(region.as_str())).collect();
    if open.is_empty() {
        return Ok(vec![
            key.compliant("The endpoint service is offered to allowed Regions only."),
        ]);
    }
    Ok(vec![key.non_compliant(
        format!("Consumers in {} can connect, and the settings do not allow these Regions.", open.join(", ")),
        Remediation::Manual(format!(
            "Add the Regions to `regions` of `[[providers]]`, or run `aws ec2 modify-vpc-endpoint-service-configuration \
             --service-id {} --remove-supported-regions {}`, which cuts off the consumers there.",
            service.id,
            open.join(" ")
        )),
    )])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Verdict;
    use crate::testing::advice;
    use crate::testing::service::{assert_service_needs, published};

    #[test]
    fn region_is_open_unless_it_is_its_own_or_allowed() {
        let mut world = published().edit(|service| service.regions.extend(["eu-west-1".into(), "us-east-1".into()]));
        world.settings.providers[0].regions.insert("eu-west-1".into());
        let finding = world.judge(&CONTROL);
        assert!(
            finding.explanation().contains("Consumers in us-east-1 can connect"),
            "{}",
            finding.explanation()
        );
        assert!(advice(&finding).contains("--remove-supported-regions us-east-1`"));
        assert_eq!(published().judge(&CONTROL).verdict(), Verdict::Compliant);
        assert_service_needs(&CONTROL, &[world, published()]);
    }
}
