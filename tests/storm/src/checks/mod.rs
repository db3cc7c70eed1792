//! The invariants of a storm.

mod calls;
mod final_state;
mod ledger;
mod messages;
pub(crate) mod quarantine;
mod services;

use std::collections::BTreeMap;
use std::sync::Arc;

use postern_aws::Aws;
use postern_aws::ledger::Ledger;
use postern_cloud::{Cloud, Entry, Published, REGION, Service};
use postern_core::controls::CONTROLS;
use postern_core::evaluation::{Finding, evaluate};
use postern_core::functions::SWEEPER;
use postern_core::history::{ChangeHistory, ChangeRecord};
use postern_core::model::scope::ScopedResource;
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::settings::Settings;
use postern_runtime::Destinations;

use crate::setup::{LEDGER, POLICIES};

/// The caller that reads the final state.
const AUDITOR: &str = "arn:aws:iam::111122223333:role/auditor";

/// Everything known about a finished storm.
pub(crate) struct Evidence<'a> {
    cloud: &'a Cloud,
    settings: &'a Settings,
    /// The calls of Postern.
    calls: Vec<Arc<Entry>>,
    /// The calls of everybody.
    everything: Vec<Arc<Entry>>,
    scopes: BTreeMap<ScopedResource, ScopeState>,
    /// The most calls that one invocation made.
    busiest: u64,
}

struct ScopeState {
    snapshot: Snapshot,
    history: ChangeHistory,
    findings: Vec<Finding>,
}

/// Checks everything.
///
/// # Errors
/// The first invariant that does not hold.
pub(crate) async fn all(
    cloud: &Cloud,
    settings: &Settings,
    destinations: &Destinations,
    busiest: u64,
) -> Result<(), String> {
    let evidence = Evidence::of(cloud, settings, busiest).await?;
    final_state::every_open_finding_was_reported(&evidence)?;
    final_state::no_finding_on_what_postern_created(&evidence)?;
    calls::nothing_was_created_twice(&evidence)?;
    calls::only_open_policies_were_replaced(&evidence)?;
    calls::only_own_resources_were_changed(&evidence)?;
    calls::no_limit_was_exceeded(&evidence)?;
    calls::no_invocation_exceeded_its_call_bound(&evidence)?;
    calls::audit_mode_changed_nothing(&evidence)?;
    ledger::every_change_is_recorded_once(&evidence)?;
    ledger::every_rollback_is_recorded(&evidence)?;
    ledger::every_change_was_allowed_by_the_settings(&evidence)?;
    ledger::no_reverted_change_was_repeated_beyond_the_limit(&evidence)?;
    services::no_trusted_connection_was_rejected(&evidence)?;
    services::no_untrusted_connection_stays_accepted(&evidence)?;
    quarantine::only_unapproved_endpoints_were_quarantined(&evidence)?;
    quarantine::rollbacks_restored_what_was_before(&evidence)?;
    quarantine::no_spoke_got_a_central_service_of_its_own(&evidence)?;
    messages::idempotency_keys_identify_reports(&evidence)?;
    messages::every_report_has_an_alert(&evidence, destinations)?;
    messages::every_delivered_finding_was_published(&evidence)?;
    Ok(())
}

impl<'a> Evidence<'a> {
    async fn of(cloud: &'a Cloud, settings: &'a Settings, busiest: u64) -> Result<Self, String> {
        let everything = cloud.log();
        let calls = everything
            .iter()
            .filter(|entry| entry.caller.contains(":role/postern-"))
            .cloned()
            .collect();
        let aws: Aws = cloud.aws(AUDITOR);
        let ledger: Ledger = aws.ledger(LEDGER);
        let parts = SWEEPER
            .controls()
            .iter()
            .flat_map(|control| control.needs)
            .copied()
            .collect();
        let session = aws.account(&postern_cloud::ACCOUNT.into()).await;
        let session = session.map_err(|error| error.to_string())?;
        let seen = session.observe_region(&REGION.into(), &parts, settings).await;
        let mut scopes = BTreeMap::new();
        let (snapshots, errors) = seen;
        if let Some(error) = errors.first() {
            return Err(error.to_string());
        }
        for snapshot in snapshots {
            let history = ledger.past(&snapshot.scope(), None).await;
            let history = history.map_err(|error| error.to_string())?;
            let findings = evaluate(CONTROLS, &snapshot, settings, &history, aws.now(), &POLICIES);
            let state = ScopeState {
                snapshot,
                history,
                findings,
            };
            scopes.insert(state.snapshot.scope().resource, state);
        }
        Ok(Self {
            cloud,
            settings,
            calls,
            everything,
            scopes,
            busiest,
        })
    }

    /// The calls of Postern that changed something.
    fn effects(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.calls.iter().filter(|entry| entry.changed())
    }

    /// The messages of the topic with this ARN.
    fn published(&self, topic: &str) -> Vec<Published> {
        let mut published = self.cloud.published();
        published.retain(|message| message.topic == topic);
        published
    }

    fn mutating(&self) -> impl Iterator<Item = &Arc<Entry>> {
        let of_ec2 = |entry: &&Arc<Entry>| entry.mutating && entry.service == Service::Ec2;
        self.calls.iter().filter(of_ec2)
    }

    fn records(&self) -> impl Iterator<Item = &ChangeRecord> {
        self.scopes.values().flat_map(|scope| &scope.history.records)
    }
}
