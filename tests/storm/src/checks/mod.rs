//! What has to hold after a storm, of its end and of each moment in between.

mod course;
mod end;
mod ledger;

use std::collections::BTreeMap;
use std::sync::Arc;

use postern_aws::Aws;
use postern_aws::ledger::Ledger;
use postern_cloud::{Cloud, Entry, REGION, Service};
use postern_core::controls::CONTROLS;
use postern_core::evaluation::{Finding, evaluate};
use postern_core::functions::SWEEPER;
use postern_core::history::{ChangeHistory, ChangeRecord};
use postern_core::model::id::VpcId;
use postern_core::model::snapshot::Snapshot;
use postern_core::settings::Settings;

use crate::organisation::LEDGER;
use crate::storm::Storm;

/// Whoever looks at what the storm left.
const AUDITOR: &str = "arn:aws:iam::111122223333:role/auditor";

/// All that is known of a storm that is over.
pub(crate) struct Story<'a> {
    cloud: &'a Cloud,
    settings: &'a Settings,
    /// What Postern called.
    calls: Vec<Arc<Entry>>,
    /// What everybody called.
    everything: Vec<Arc<Entry>>,
    places: BTreeMap<VpcId, Place>,
    /// The most calls that one invocation made.
    busiest: u64,
}

struct Place {
    snapshot: Snapshot,
    past: ChangeHistory,
    findings: Vec<Finding>,
}

/// Checks everything.
///
/// # Errors
/// What does not hold.
pub(crate) async fn all(storm: &Storm) -> Result<(), String> {
    let story = Story::of(storm).await?;
    end::every_finding_is_repaired_or_told(&story)?;
    end::what_postern_made_is_right(&story)?;
    course::nothing_was_made_twice(&story)?;
    course::only_holes_were_closed(&story)?;
    course::only_the_accounts_own_was_touched(&story)?;
    course::no_limit_was_exceeded(&story)?;
    course::the_work_of_no_invocation_exceeded_its_bound(&story)?;
    course::audit_mode_changed_nothing(&story)?;
    ledger::every_change_is_on_record_once(&story)?;
    ledger::everything_taken_back_is_on_record(&story)?;
    ledger::every_change_had_leave(&story)?;
    ledger::nobody_was_fought(&story)?;
    ledger::every_report_can_be_told_from_a_repeat(&story)?;
    Ok(())
}

impl<'a> Story<'a> {
    async fn of(storm: &'a Storm) -> Result<Self, String> {
        let (cloud, settings) = (&storm.cloud, &storm.configuration.settings);
        let everything = cloud.log();
        let calls = everything
            .iter()
            .filter(|entry| entry.caller.contains(":role/postern-"))
            .cloned()
            .collect();
        let aws: Aws = cloud.aws(AUDITOR);
        let ledger: Ledger = aws.ledger(LEDGER);
        let parts = SWEEPER
            .controls
            .iter()
            .flat_map(|control| control.needs)
            .copied()
            .collect();
        let session = aws.account(&postern_cloud::ACCOUNT.into()).await;
        let session = session.map_err(|error| error.to_string())?;
        let seen = session.observe_region(&REGION.into(), &parts).await;
        let mut places = BTreeMap::new();
        for snapshot in seen.map_err(|error| error.to_string())? {
            let past = ledger.past(&snapshot.scope(), None).await;
            let past = past.map_err(|error| error.to_string())?;
            let findings = evaluate(CONTROLS, &snapshot, settings, &past, aws.now());
            let vpc = snapshot.vpc.id.clone();
            places.insert(
                vpc,
                Place {
                    snapshot,
                    past,
                    findings,
                },
            );
        }
        Ok(Self {
            cloud,
            settings,
            calls,
            everything,
            places,
            busiest: storm.figures.busiest,
        })
    }

    /// What Postern did that had an effect.
    fn effects(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.calls.iter().filter(|entry| entry.changed())
    }

    fn mutating(&self) -> impl Iterator<Item = &Arc<Entry>> {
        let of_ec2 = |entry: &&Arc<Entry>| entry.mutating && entry.service == Service::Ec2;
        self.calls.iter().filter(of_ec2)
    }

    fn records(&self) -> impl Iterator<Item = &ChangeRecord> {
        self.places.values().flat_map(|place| &place.past.records)
    }
}
