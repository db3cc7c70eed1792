//! Taking changes back in a session.

use std::collections::BTreeSet;
use std::time::Duration;

use postern_aws::changes::limited_undo_call;
use postern_core::changes::{Change, ChangeOutcome, DeleteEndpoint, Inverse, RemoveSubnet};
use postern_core::history::{Action, ChangeRecord, Pause};
use postern_core::model::endpoint::EndpointState;
use postern_core::model::finding::FindingKey;
use postern_core::model::id::EndpointId;
use postern_core::model::part::Part;
use postern_core::model::scope_snapshot::Snapshot;
use tokio::time::sleep;
use tracing::{Instrument, info_span};

use crate::error::ReconcileError;
use crate::session::{Session, record_again};

/// How long AWS may take for the network interfaces of an endpoint.
const SLOWNESS: Duration = Duration::from_secs(600);
/// How often to ask whether AWS is done.
const PAUSE: Duration = Duration::from_secs(5);

/// A change to be undone, or a resource of Postern's to be removed.
pub struct UndoRequest<'a> {
    pub inverse: &'a Inverse,
    /// The change that is undone, where it is on record.
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
            self.prepare(limited_undo_call(inverse), &[]).await?;
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
        let Some(snapshot) = self.context.observe(&self.lease.scope, &parts).await? else {
            return Ok(None);
        };
        let snapshot = match snapshot {
            Snapshot::Vpc(vpc) => vpc,
            Snapshot::Service(_) => return Ok(None),
        };
        let endpoints = snapshot.endpoints.map_err(ReconcileError::Gap)?;
        let state = |endpoint: &EndpointId| endpoints.get(endpoint).map(|endpoint| endpoint.state);
        let busy = inverses.iter().find_map(|inverse| match inverse {
            Inverse::DeleteEndpoint(DeleteEndpoint { endpoint }) => {
                (state(endpoint)? != EndpointState::Deleted).then(|| endpoint.clone())
            }
            Inverse::RemoveSubnet(RemoveSubnet { endpoint, .. }) => {
                (state(endpoint)? == EndpointState::Pending).then(|| endpoint.clone())
            }
            Inverse::DisableVpcDns(_)
            | Inverse::DeleteSecurityGroup(_)
            | Inverse::RevokeIngress(_)
            | Inverse::DisassociateRouteTable(_)
            | Inverse::DetachGroup(_)
            | Inverse::DisablePrivateDns(_)
            | Inverse::RefuseAcceptedConnection(_)
            | Inverse::RestorePolicy(_)
            | Inverse::RestoreGroups(_)
            | Inverse::WaiveAcceptance(_)
            | Inverse::AddServicePrincipals(_)
            | Inverse::AcceptRejectedConnection(_) => None,
        });
        Ok(busy)
    }
}

#[cfg(test)]
mod tests {
    use postern_cloud::Fault;
    use postern_cloud::world::NewEndpoint;
    use postern_core::history::ChangeStatus;

    use super::*;
    use crate::lease::LeaseTerms;
    use crate::testing::Rig;

    /// After a run that closed the policy, with the record of the change.
    async fn repaired() -> (Rig, ChangeRecord) {
        let rig = Rig::new("");
        rig.reconcile("run-1").await.unwrap();
        assert!(!rig.is_open());
        let [record] = rig.records().await.try_into().unwrap();
        (rig, record)
    }

    fn request<'a>(rig: &Rig, inverse: &'a Inverse, record: &'a ChangeRecord) -> UndoRequest<'a> {
        let pause = |key: &FindingKey| Pause {
            key: key.clone(),
            reason: "rolled back".to_owned(),
            expires: rig.cloud.now() + Duration::from_secs(86_400),
        };
        let Action::Change(change) = &record.action else {
            panic!("not a change")
        };
        UndoRequest {
            inverse,
            record: Some(record),
            expected: Some(change),
            causes: record.causes.clone(),
            pauses: record.causes.iter().map(pause).collect(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn undone_change_is_on_record_as_such_and_its_remediation_is_paused() {
        let (rig, record) = repaired().await;
        let context = rig.context("postern-1");
        let inverse = record.inverse().unwrap();
        let mut session = Session::open(&context, &rig.scope(), LeaseTerms::command())
            .await
            .unwrap();
        let request = request(&rig, &inverse, &record);
        let outcome = session.undo(request, &mut |_| panic!("AWS is not busy")).await.unwrap();
        assert_eq!(outcome, ChangeOutcome::Applied { created: None });
        assert!(rig.is_open());
        let history = rig.history().await;
        let [change, undo] = history.records.as_slice() else {
            panic!("{history:#?}")
        };
        assert_eq!(change.undone_by.as_ref(), Some(&undo.id));
        assert_eq!(undo.undoes.as_ref(), Some(&change.id));
        assert_eq!(history.pauses, session.paused().cloned().collect::<Vec<_>>());
        assert_eq!(history.pauses.len(), record.causes.len());
    }

    #[tokio::test(start_paused = true)]
    async fn undo_waits_while_aws_is_busy_and_says_so_once() {
        let (rig, record) = repaired().await;
        let context = rig.context("postern-1");
        let inverse = record.inverse().unwrap();
        let mut session = Session::open(&context, &rig.scope(), LeaseTerms::command())
            .await
            .unwrap();
        // More requests than one attempt to undo waits for, each with all its attempts.
        rig.cloud.plan("ModifyVpcEndpoint", [Fault::Throttled; 20]);
        let mut waits = Vec::new();
        let mut on_wait = |cause: &str| waits.push(cause.to_owned());
        let outcome = session
            .undo(request(&rig, &inverse, &record), &mut on_wait)
            .await
            .unwrap();
        assert_eq!(outcome, ChangeOutcome::Applied { created: None });
        assert_eq!(waits.len(), 1, "{waits:?}");
        assert!(rig.is_open());
    }

    #[tokio::test(start_paused = true)]
    async fn undo_that_aws_refuses_is_on_record_and_leaves_the_change_in_effect() {
        let (rig, record) = repaired().await;
        let context = rig.context("postern-1");
        let inverse = record.inverse().unwrap();
        let mut session = Session::open(&context, &rig.scope(), LeaseTerms::command())
            .await
            .unwrap();
        rig.cloud.plan("ModifyVpcEndpoint", [Fault::Denied]);
        let outcome = session
            .undo(request(&rig, &inverse, &record), &mut |_| {})
            .await
            .unwrap();
        assert!(
            matches!(outcome, ChangeOutcome::Failed { transient: false, .. }),
            "{outcome:?}"
        );
        assert!(!rig.is_open());
        let history = rig.history().await;
        assert_eq!(history.records[0].undone_by, None);
        assert!(matches!(history.records[1].status, ChangeStatus::Failed { .. }));
        assert!(!history.pauses.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn change_is_not_undone_if_its_remediation_cannot_be_paused() {
        let (rig, record) = repaired().await;
        let context = rig.context("postern-1");
        let inverse = record.inverse().unwrap();
        let mut session = Session::open(&context, &rig.scope(), LeaseTerms::command())
            .await
            .unwrap();
        rig.cloud.plan("PutItem", [Fault::Denied]);
        let error = session
            .undo(request(&rig, &inverse, &record), &mut |_| {})
            .await
            .unwrap_err();
        assert!(matches!(error, ReconcileError::Ledger(_)), "{error}");
        assert!(!rig.is_open());
        assert_eq!(session.paused().count(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn removal_is_waited_for_until_the_network_interfaces_are_gone() {
        let rig = Rig::new("");
        let endpoint = rig.cloud.edit(|world| {
            let mut new = NewEndpoint::interface(&rig.vpc, "kms");
            new.subnets = rig.subnets.to_vec();
            world.add_endpoint(new)
        });
        let operator = "arn:aws:iam::111122223333:role/operator";
        rig.cloud
            .call(operator, "DeleteVpcEndpoints", &[("VpcEndpointId.1", &endpoint)])
            .unwrap();
        let context = rig.context("postern-1");
        let mut session = Session::open(&context, &rig.scope(), LeaseTerms::command())
            .await
            .unwrap();
        let inverses = [Inverse::DeleteEndpoint(DeleteEndpoint {
            endpoint: endpoint.as_str().into(),
        })];
        let mut waits = 0;
        let busy = session.wait_for_removal(&inverses, &mut || waits += 1).await.unwrap();
        assert_eq!((busy, waits), (None, 1));
        let busy = session.wait_for_removal(&inverses, &mut || waits += 1).await.unwrap();
        assert_eq!((busy, waits), (None, 1));
    }
}
