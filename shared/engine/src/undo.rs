//! Taking changes back in a session.

use std::collections::BTreeSet;
use std::time::Duration;

use postern_core::changes::{Change, ChangeOutcome, Inverse};
use postern_core::history::{Action, ChangeRecord, Pause};
use postern_core::model::finding::FindingKey;
use postern_core::model::id::EndpointId;
use postern_core::model::snapshot::{EndpointState, Part};
use tokio::time::sleep;
use tracing::{Instrument, info_span};

use crate::error::ReconcileError;
use crate::session::{Session, record_again};

/// How long AWS may take for the network interfaces of an endpoint.
const SLOWNESS: Duration = Duration::from_secs(600);
/// How often to ask whether AWS is done.
const PAUSE: Duration = Duration::from_secs(5);

/// A change to be taken back, or a resource of Postern's to be removed.
pub struct UndoRequest<'a> {
    pub inverse: &'a Inverse,
    /// The change that is taken back, where it is on record.
    pub record: Option<&'a ChangeRecord>,
    /// What must still be as this change left it; None where it is enough that Postern created it.
    pub expected: Option<&'a Change>,
    /// The findings that the change remedied.
    pub causes: BTreeSet<FindingKey>,
    /// Pauses of automatic remediation. Without them a control would make the change again at once.
    pub pauses: Vec<Pause>,
}

impl Session<'_> {
    /// Takes one change back. Waits while AWS refuses because it is busy with something else; `on_wait` gets AWS's words,
    /// once.
    ///
    /// The pauses are recorded first: no control may see the change undone and its remediation not paused.
    ///
    /// # Errors
    /// If the lease was lost or the ledger is not available. What AWS refuses is an outcome.
    pub async fn undo(
        &mut self,
        request: UndoRequest<'_>,
        on_wait: &mut dyn FnMut(&str),
    ) -> Result<ChangeOutcome, ReconcileError> {
        self.lease.extend(self.context).await?;
        for pause in request.pauses {
            if !self.paused.contains_key(&pause.key) {
                self.context.ledger.pause(&self.lease.scope, &pause).await?;
                self.paused.insert(pause.key.clone(), pause);
            }
        }
        let record = ChangeRecord {
            causes: request.causes,
            undoes: request.record.map(|record| record.id.clone()),
            ..self.intention(Action::Undo(request.inverse.clone()))
        };
        let span = info_span!("change", change_id = %record.id);
        async {
            let record = self.begin(record).await?;
            let outcome = self.undo_patiently(request.inverse, request.expected, on_wait).await?;
            let executed = self.conclude(record, outcome).await;
            if let Some(error) = executed.unrecorded {
                return Err(error.into());
            }
            if let (ChangeOutcome::Applied { .. }, Some(undone)) = (&executed.outcome, request.record) {
                let undone = ChangeRecord {
                    undone_by: Some(executed.record.id),
                    ..undone.clone()
                };
                record_again(self.context, &undone).await?;
            }
            Ok(executed.outcome)
        }
        .instrument(span)
        .await
    }

    /// The pauses that this session recorded.
    pub fn paused(&self) -> impl Iterator<Item = &Pause> {
        self.paused.values()
    }

    async fn undo_patiently(
        &mut self,
        inverse: &Inverse,
        expected: Option<&Change>,
        on_wait: &mut dyn FnMut(&str),
    ) -> Result<ChangeOutcome, ReconcileError> {
        let limit = self.context.now() + SLOWNESS;
        let mut waited = false;
        loop {
            self.lease.extend(self.context).await?;
            match self.applier.undo(inverse, expected).await {
                ChangeOutcome::Failed { cause, transient: true } if self.context.now() < limit => {
                    if !waited {
                        on_wait(&cause);
                    }
                    waited = true;
                    sleep(PAUSE).await;
                }
                // An earlier attempt did it, although AWS did not answer so.
                ChangeOutcome::NotNeeded { .. } if waited => return Ok(ChangeOutcome::Applied { created: None }),
                outcome => return Ok(outcome),
            }
        }
    }

    /// Waits until AWS has removed the network interfaces of endpoints that were deleted or lost a subnet. Gives the first
    /// endpoint that AWS was not done with in time. `on_wait` is called once if there is something to wait for.
    ///
    /// # Errors
    /// If the endpoints cannot be observed, or the lease was lost.
    pub async fn wait_for_removal(
        &mut self,
        inverses: &[Inverse],
        on_wait: &mut dyn FnMut(),
    ) -> Result<Option<EndpointId>, ReconcileError> {
        let limit = self.context.now() + SLOWNESS;
        let mut waited = false;
        while let Some(busy) = self.being_removed(inverses).await? {
            if self.context.now() >= limit {
                return Ok(Some(busy));
            }
            if !waited {
                on_wait();
            }
            waited = true;
            self.lease.extend(self.context).await?;
            sleep(PAUSE).await;
        }
        Ok(None)
    }

    async fn being_removed(&self, inverses: &[Inverse]) -> Result<Option<EndpointId>, ReconcileError> {
        let parts = BTreeSet::from([Part::Endpoints]);
        let Some(snapshot) = self.context.aws.observe(&self.lease.scope, &parts).await? else {
            return Ok(None);
        };
        let endpoints = snapshot.endpoints.map_err(ReconcileError::Gap)?;
        let state = |endpoint: &EndpointId| endpoints.get(endpoint).map(|endpoint| endpoint.state);
        let busy = inverses.iter().find_map(|inverse| match inverse {
            Inverse::DeleteEndpoint { endpoint } => {
                (state(endpoint)? != EndpointState::Deleted).then(|| endpoint.clone())
            }
            Inverse::RemoveSubnet { endpoint, .. } => {
                (state(endpoint)? == EndpointState::Pending).then(|| endpoint.clone())
            }
            Inverse::DisableVpcDns { .. }
            | Inverse::DeleteSecurityGroup { .. }
            | Inverse::RevokeIngress { .. }
            | Inverse::DisassociateRouteTable { .. }
            | Inverse::DetachGroup { .. }
            | Inverse::DisablePrivateDns { .. }
            | Inverse::RestorePolicy { .. } => None,
        });
        Ok(busy)
    }
}
