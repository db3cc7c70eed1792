//! connection-untrusted: see [`CONTROL`].

use crate::changes::{Change, ChangeKind, RejectConnection};
use crate::evaluation::{Assessment, Concern, Control, Evaluate, Framework, Remediation, ServiceContext};
use crate::model::endpoint_service::{Connection, EndpointService};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::part::{Gap, Part};
use crate::settings::Trust;

pub static CONTROL: Control = Control {
    name: "connection-untrusted",
    summary: "An account that you do not trust is connected to an endpoint service, or asks to be.",
    documentation: "\
AWS keeps the connections of a principal that is removed, so that an account can stay connected to a service that no longer \
allows it. Trusted are the account of the service, the accounts of your perimeter and those that `[[providers]]` of the \
settings approves. AWS tells the account of a consumer, and neither its organisation nor who created the endpoint.

**Remediation** (restrictive; of a connection that was accepted also interrupting). Postern rejects the connection. \
Rejecting one that was accepted drops its traffic at once, so that it waits for `[modes.interrupting]` and its window. \
The rollback of a rejection accepts a connection that was accepted before, and no other: AWS lets no rejected connection \
wait again. A connection of which Postern cannot decide whether you trust its account is reported and never rejected: that of a \
service that no `[[providers]]` names, and every unlisted account while an organisation is approved. `organizations = []` in \
`[[providers]]` says that every approved account is listed.",
    finds: "a connection of an account that you do not trust",
    remediation: "rejects it; one that was accepted only where interrupting changes are enforced",
    concern: Concern::Publication,
    severity: Severity::High,
    frameworks: &[
        (Framework::Nist80053, "AC-3"),
        (Framework::Nist80053, "AC-4"),
        (Framework::Nist80053, "SC-7"),
        (Framework::PciDss4, "1.3.1"),
        (Framework::CisControls8, "13.4"),
        (Framework::DataPerimeter, "network-of-resources"),
    ],
    resource: ResourceKind::EndpointConnection,
    needs: &[Part::Configuration, Part::Connections],
    changes: &[ChangeKind::RejectConnection],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Service(evaluate),
};

fn evaluate(context: &ServiceContext<'_>) -> Result<Vec<Assessment>, Gap> {
    let service = &context.snapshot.service;
    let connections = context.snapshot.connections.as_ref().map_err(Gap::clone)?;
    let open = connections
        .values()
        .filter(|connection| connection.waits() || connection.accepted());
    Ok(open.map(|connection| assess(context, service, connection)).collect())
}

fn assess(context: &ServiceContext<'_>, service: &EndpointService, connection: &Connection) -> Assessment {
    let key = FindingKey::new(CONTROL.name, ResourceKind::EndpointConnection, &connection.endpoint);
    let owner = &connection.owner;
    let verb = if connection.accepted() {
        "is connected"
    } else {
        "asks to connect"
    };
    match context.settings.trusts_consumer(service, owner) {
        Trust::Trusted => key.compliant(format!("You trust account {owner}, which owns the endpoint.")),
        Trust::Undecided(why) => key.indeterminate(
            format!(
                "Could not decide whether you trust account {owner}, whose endpoint {verb} to {}.",
                service.id
            ),
            why,
        ),
        Trust::Untrusted => {
            let change = Change::RejectConnection(RejectConnection {
                service: service.id.clone(),
                endpoint: connection.endpoint.clone(),
                owner: owner.clone(),
                accepted: connection.accepted(),
            });
            key.non_compliant(
                format!(
                    "The endpoint of account {owner}, which you do not trust, {verb} to {}.",
                    service.id
                ),
                Remediation::Automatic(vec![change]),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::Safety;
    use crate::model::endpoint::EndpointState;
    use crate::model::finding::Verdict;
    use crate::settings::Mode;
    use crate::testing::service::{ServiceWorld, assert_service_needs, published};
    use crate::testing::{STRANGER, changes};

    fn connected(state: EndpointState) -> ServiceWorld {
        let mut world = published().connect("vpce-2", STRANGER, state);
        world.snapshot.connections.as_mut().unwrap().remove(&"vpce-1".into());
        world
    }

    #[test]
    fn connection_of_an_untrusted_account_is_rejected_whether_it_waits_or_is_accepted() {
        for (state, safety) in [
            (EndpointState::PendingAcceptance, Safety::Restrictive),
            (EndpointState::Available, Safety::Disconnecting),
            (EndpointState::Pending, Safety::Disconnecting),
        ] {
            let world = connected(state);
            let finding = world.judge(&CONTROL);
            assert_eq!(changes(&finding)[0].safety(), safety, "{state:?}");
            assert_eq!(world.plan().enforced().count(), 1);
        }
        assert_service_needs(&CONTROL, &[connected(EndpointState::Available)]);
    }

    #[test]
    fn accepted_connection_stays_while_interrupting_changes_are_audited() {
        let mut world = connected(EndpointState::Available);
        world.settings.modes.interrupting = Mode::Audit;
        assert_eq!(world.judge(&CONTROL).mode, Mode::Audit);
        assert_eq!(world.plan().enforced().count(), 0);
        let mut waiting = connected(EndpointState::PendingAcceptance);
        waiting.settings.modes.interrupting = Mode::Audit;
        assert_eq!(waiting.plan().enforced().count(), 1);
    }

    #[test]
    fn connection_is_undecided_where_an_organisation_or_nobody_is_approved() {
        let mut organization = connected(EndpointState::Available);
        organization.settings.providers[0].organizations = Some(vec!["o-exampleorg1".to_owned()]);
        let mut nobody = connected(EndpointState::Available);
        nobody.settings.providers.clear();
        let mut perimeter = connected(EndpointState::Available);
        perimeter.settings.perimeter.organizations = vec!["o-exampleorg1".to_owned()];
        for world in [organization, nobody, perimeter] {
            assert_eq!(world.judge(&CONTROL).verdict(), Verdict::Indeterminate);
            assert_eq!(world.plan().changes, []);
        }
    }

    #[test]
    fn account_of_the_perimeter_and_the_own_account_are_trusted() {
        let mut world = connected(EndpointState::Available);
        world.settings.perimeter.accounts.push(STRANGER.to_owned());
        assert_eq!(world.judge(&CONTROL).verdict(), Verdict::Compliant);
        let mut own = published().connect("vpce-1", crate::testing::ACCOUNT, EndpointState::Available);
        own.settings.providers.clear();
        assert_eq!(own.judge(&CONTROL).verdict(), Verdict::Compliant);
    }

    #[test]
    fn organisation_of_the_perimeter_does_not_count_where_every_approved_account_is_listed() {
        let mut world = connected(EndpointState::Available);
        world.settings.perimeter.organizations = vec!["o-exampleorg1".to_owned()];
        world.settings.providers[0].organizations = Some(Vec::new());
        assert_eq!(world.judge(&CONTROL).verdict(), Verdict::NonCompliant);
        // Another block that selects the service leaves it to the perimeter.
        let mut other = world.settings.providers[0].clone();
        other.organizations = None;
        world.settings.providers.push(other);
        assert_eq!(world.judge(&CONTROL).verdict(), Verdict::Indeterminate);
    }
}
