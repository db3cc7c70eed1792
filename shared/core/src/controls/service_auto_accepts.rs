//! service-auto-accepts: see [`CONTROL`].

use super::connection_waiting;
use crate::changes::{Change, ChangeKind, RequireAcceptance};
use crate::evaluation::{Assessment, Concern, Control, Evaluate, Framework, Remediation, ServiceContext};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::part::{Gap, Part};

pub static CONTROL: Control = Control {
    name: "service-auto-accepts",
    summary: "An endpoint service accepts connections without asking its owner.",
    documentation: "\
Without required acceptance, everybody who may connect is connected at once. A principal that was allowed by mistake, or \
an account that changed hands, then reaches the service before anybody looks.

**Remediation** (restrictive). Postern requires acceptance. Connections that exist stay up. New consumers wait: Postern \
accepts those that the settings approve (connection-waiting), and a person decides about the others. Where no \
`[[providers]]` selects the service, or connection-waiting is not enforced as this control is, trusted consumers would wait \
for a person, so that Postern only says what to set.",
    finds: "an endpoint service that accepts connections without asking its owner",
    remediation: "requires acceptance; connections that exist stay up",
    concern: Concern::Publication,
    severity: Severity::Medium,
    frameworks: &[
        (Framework::Nist80053, "AC-3"),
        (Framework::Nist80053, "AC-4"),
        (Framework::Nist80053, "SC-7"),
        (Framework::PciDss4, "7.2.1"),
        (Framework::CisControls8, "3.3"),
    ],
    resource: ResourceKind::EndpointService,
    needs: &[Part::Configuration],
    changes: &[ChangeKind::RequireAcceptance],
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
    if service.acceptance_required {
        return Ok(vec![key.compliant(
            "The owner of the endpoint service has to accept each connection.",
        )]);
    }
    let modes = &context.settings.modes;
    let accepts = modes.of(connection_waiting::CONTROL.name) >= modes.of(CONTROL.name);
    let remediation = match accepts && context.settings.approves_consumers_of(service) {
        true => Remediation::Automatic(vec![Change::RequireAcceptance(RequireAcceptance {
            service: service.id.clone(),
        })]),
        false => Remediation::Manual(format!(
            "Name the approved consumers in `[[providers]]` and enforce `{}`, so that trusted consumers do not wait for a \
             person. Then require acceptance: `aws ec2 modify-vpc-endpoint-service-configuration --service-id {} \
             --acceptance-required`.",
            connection_waiting::CONTROL.name,
            service.id
        )),
    };
    Ok(vec![key.non_compliant(
        "The endpoint service accepts every connection of an allowed principal at once, without asking its owner.",
        remediation,
    )])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::endpoint_service::ServiceState;
    use crate::model::finding::Verdict;
    use crate::settings::Mode;
    use crate::testing::changes;
    use crate::testing::service::{assert_service_needs, published};

    #[test]
    fn acceptance_is_not_required_where_trusted_consumers_would_wait_for_a_person() {
        let mut world = published().edit(|service| service.acceptance_required = false);
        let waiting = connection_waiting::CONTROL.name.to_owned();
        world.settings.modes.controls.insert(waiting, Mode::Audit);
        assert_eq!(world.judge(&CONTROL).changes(), None);
        world
            .settings
            .modes
            .controls
            .insert(CONTROL.name.to_owned(), Mode::Audit);
        assert!(world.judge(&CONTROL).changes().is_some());
        world.settings.providers.clear();
        assert_eq!(world.judge(&CONTROL).changes(), None);
    }

    #[test]
    fn service_that_accepts_without_asking_is_made_to_ask() {
        let world = published().edit(|service| service.acceptance_required = false);
        let finding = world.judge(&CONTROL);
        assert_eq!(changes(&finding).len(), 1);
        assert_eq!(world.plan().enforced().count(), 1);
        assert_eq!(published().judge(&CONTROL).verdict(), Verdict::Compliant);
        assert_service_needs(&CONTROL, &[world.clone(), published()]);
        let deleted = world.edit(|service| service.state = ServiceState::Deleting);
        assert_eq!(deleted.judge(&CONTROL).verdict(), Verdict::NotApplicable);
    }
}
