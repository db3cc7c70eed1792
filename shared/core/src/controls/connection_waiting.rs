//! connection-waiting: see [`CONTROL`].

use jiff::SignedDuration;

use crate::changes::{AcceptConnection, Change, ChangeKind};
use crate::evaluation::{Assessment, Concern, Control, Evaluate, Framework, Remediation, ServiceContext};
use crate::model::endpoint_service::{Connection, EndpointService};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::part::{Gap, Part};
use crate::settings::Trust;

pub static CONTROL: Control = Control {
    name: "connection-waiting",
    summary: "The connection of a trusted account waits to be accepted.",
    documentation: "\
A consumer whose connection waits cannot use the service, and nobody tells it why. Trusted are the accounts of your \
perimeter and those that `[[providers]]` of the settings approves.

**Remediation** (additive). Postern accepts the connection. A connection that waits longer than `waiting_hours` of \
`[[providers]]` says so in its finding. Connections of accounts that you do not trust, or of which that cannot be decided, \
are never accepted.",
    finds: "a connection of a trusted account that waits to be accepted",
    remediation: "accepts it",
    concern: Concern::Publication,
    severity: Severity::Medium,
    frameworks: &[
        (Framework::Nist80053, "SC-7"),
        (Framework::CisControls8, "12.2"),
    ],
    resource: ResourceKind::EndpointConnection,
    needs: &[Part::Configuration, Part::Connections],
    changes: &[ChangeKind::AcceptConnection],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Service(evaluate),
};

fn evaluate(context: &ServiceContext<'_>) -> Result<Vec<Assessment>, Gap> {
    let service = &context.snapshot.service;
    let connections = context.snapshot.connections.as_ref().map_err(Gap::clone)?;
    let trusted = connections.values().filter(|connection| {
        let open = connection.waits() || connection.accepted();
        open && context.settings.trusts_consumer(service, &connection.owner) == Trust::Trusted
    });
    Ok(trusted.map(|connection| assess(context, service, connection)).collect())
}

fn assess(context: &ServiceContext<'_>, service: &EndpointService, connection: &Connection) -> Assessment {
    let key = FindingKey::new(CONTROL.name, ResourceKind::EndpointConnection, &connection.endpoint);
    let owner = &connection.owner;
    if connection.accepted() {
        return key.compliant(format!("The connection of account {owner} is accepted."));
    }
    let hours = context.settings.waiting_hours(service);
    let long = connection
        .created
        .is_some_and(|created| context.now.duration_since(created) > SignedDuration::from_hours(i64::from(hours)));
    let waits = match long {
        true => format!("has waited for more than {hours} hours"),
        false => "waits".to_owned(),
    };
    let change = Change::AcceptConnection(AcceptConnection {
        service: service.id.clone(),
        endpoint: connection.endpoint.clone(),
        owner: owner.clone(),
    });
    key.non_compliant(
        format!(
            "The connection of account {owner}, which you trust, {waits} to be accepted by {}.",
            service.id
        ),
        Remediation::Automatic(vec![change]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::endpoint::EndpointState;
    use crate::model::finding::Verdict;
    use crate::testing::STRANGER;
    use crate::testing::service::{CONSUMER, assert_service_needs, published};

    #[test]
    fn trusted_connection_that_waits_is_accepted() {
        let mut world = published().connect("vpce-1", CONSUMER, EndpointState::PendingAcceptance);
        assert_eq!(world.judge(&CONTROL).verdict(), Verdict::NonCompliant);
        assert!(!world.judge(&CONTROL).explanation().contains("24 hours"));
        assert_eq!(world.plan().enforced().count(), 1);
        world.now += SignedDuration::from_hours(25);
        assert!(
            world
                .judge(&CONTROL)
                .explanation()
                .contains("has waited for more than 24 hours")
        );
        assert_service_needs(&CONTROL, &[world]);
    }

    #[test]
    fn connection_of_an_account_that_is_not_trusted_is_never_accepted() {
        let world = published().connect("vpce-2", STRANGER, EndpointState::PendingAcceptance);
        assert_eq!(world.judge(&CONTROL).key.resource.id, "vpce-1");
        let mut undecided = published().connect("vpce-1", CONSUMER, EndpointState::PendingAcceptance);
        undecided.settings.providers.clear();
        assert_eq!(undecided.findings(&[&CONTROL]), []);
    }
}
