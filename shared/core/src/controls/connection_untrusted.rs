//! connection-untrusted: see [`CONTROL`].

use crate::changes::{Change, ChangeKind, RejectConnection};
use crate::evaluation::{Assessment, Concern, Control, Evaluate, Remediation, ServiceContext};
use crate::model::endpoint_service::{Connection, EndpointService};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::snapshot::{Gap, Part};
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
A connection of which Postern cannot decide whether you trust its account is reported and never rejected: that of a service \
that no `[[providers]]` names, and every unlisted account where an organisation is approved.",
    finds: "a connection of an account that you do not trust",
    remediation: "rejects it; one that was accepted only where interrupting changes are enforced",
    concern: Concern::Publication,
    severity: Severity::High,
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
