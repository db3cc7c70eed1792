//! Invariants of endpoint services.

use postern_cloud::Resource;
use postern_cloud::world::EndpointState;
use postern_core::controls::connection_untrusted;
use postern_core::evaluation::Finding;
use postern_core::history::FindingStatus;
use postern_core::model::finding::Verdict;
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::settings::{Mode, Trust};

use super::Evidence;
use crate::setup::TRUSTED;

/// Postern never cuts off a consumer that may use the service.
pub(super) fn no_trusted_connection_was_rejected(evidence: &Evidence<'_>) -> Result<(), String> {
    for entry in evidence
        .effects()
        .filter(|entry| entry.operation == "RejectVpcEndpointConnections")
    {
        for effect in &entry.effects {
            if let Some(Resource::Endpoint(endpoint)) = &effect.after
                && endpoint.state == EndpointState::Rejected
                && trusted(evidence, &endpoint.owner)
            {
                return Err(format!(
                    "{} of trusted account {} was rejected",
                    endpoint.id, endpoint.owner
                ));
            }
        }
    }
    Ok(())
}

/// Whether an account may use every endpoint service.
fn trusted(evidence: &Evidence<'_>, account: &str) -> bool {
    let perimeter = &evidence.settings.perimeter.accounts;
    perimeter.iter().any(|own| own == account) || account == TRUSTED
}

/// Where connections of accounts without trust are rejected, none stays accepted once everything is quiet, unless people or
/// AWS prevent it.
pub(super) fn no_untrusted_connection_stays_accepted(evidence: &Evidence<'_>) -> Result<(), String> {
    let settings = evidence.settings;
    let enforced = settings.modes.of(connection_untrusted::CONTROL.name) == Mode::Enforce;
    if !enforced || settings.modes.interrupting != Mode::Enforce {
        return Ok(());
    }
    for state in evidence.scopes.values() {
        let Snapshot::Service(snapshot) = &state.snapshot else {
            continue;
        };
        let connections = snapshot.connections.as_ref().map_err(|gap| format!("{gap:?}"))?;
        for connection in connections.values().filter(|connection| connection.accepted()) {
            if settings.trusts_consumer(&snapshot.service, &connection.owner) != Trust::Untrusted {
                continue;
            }
            let of_connection = |finding: &&Finding| {
                finding.key.control == connection_untrusted::CONTROL.name
                    && finding.key.resource.id == connection.endpoint.0
            };
            let Some(finding) = state.findings.iter().find(of_connection) else {
                return Err(format!("{} has no finding: {connection:?}", connection.endpoint));
            };
            let prevented = state
                .history
                .delivered
                .get(&finding.key)
                .map(|delivered| delivered.outcome);
            let prevented = matches!(
                prevented,
                Some(FindingStatus::Conflict | FindingStatus::Refused | FindingStatus::Failed)
            );
            let open = finding.verdict() == Verdict::NonCompliant && finding.accepted().is_none();
            if open && !prevented {
                return Err(format!(
                    "{} of {} stays accepted",
                    connection.endpoint, connection.owner
                ));
            }
        }
    }
    Ok(())
}
