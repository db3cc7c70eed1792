//! What all kinds of change share: the clients, the tags of what is created, the outcomes.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};
use jiff::Timestamp;
use postern_core::changes::{Change, ChangeOutcome};
use postern_core::model::id::{AccountId, Region, RunId, SecurityGroupId, VpcId};
use postern_core::model::managed::{GroupPurpose, TAG_CONTROL, TAG_MANAGED, TAG_RUN};

use super::refusal;
use crate::error::{CallError, chain};
use crate::session::Session;

/// For the tags in a create call.
pub(super) const CREATE_TAGS: &str = "ec2:CreateTags";
/// AWS requires it of a caller that enables private DNS on an endpoint.
pub(super) const ASSOCIATE_ZONE: &str = "route53:AssociateVPCWithHostedZone";

/// A part of the message with which EC2 refuses a private DNS name that the VPC resolves otherwise.
pub(super) const CONFLICT: &str = "conflicting DNS domain";
/// The codes with which EC2 refuses a request because of its rate. The request had no effect.
pub(super) const THROTTLED: &[&str] = &["RequestLimitExceeded"];

/// For how long one change waits for EC2 at most.
const PATIENCE: Duration = Duration::from_secs(25);
/// How often one change waits for EC2 at most.
const PAUSES: u32 = 3;

/// What AWS needs in most cases until every server shows a new resource.
const SETTLE: Duration = Duration::from_secs(2);

/// Applies and undoes the changes of one run in one account and Region, one after the other.
#[derive(Debug)]
pub struct Applier {
    pub(super) ec2: Client,
    pub(super) account: AccountId,
    pub(super) region: Region,
    pub(super) run: RunId,
    /// The managed groups that this run created or found: AWS may not show a new one yet.
    pub(super) managed: BTreeMap<(VpcId, GroupPurpose), SecurityGroupId>,
    pub(super) settle: Duration,
    pub(super) session: Session,
    /// How many requests of the last change EC2 refused because it was busy with the same endpoint.
    pub(super) busy: u64,
    /// How long the last change has waited for EC2.
    pub(super) waited: Duration,
    /// How often it has waited.
    pub(super) pauses: u32,
    /// When the run has to end.
    pub(super) deadline: Option<Timestamp>,
    /// Whether an endpoint was deleted in the last minutes, so that AWS may hold its private DNS name.
    pub(super) deleted_recently: bool,
    /// The part of the last change that was made, where the rest was in effect before.
    pub(super) part: Option<Change>,
}

/// The id to record with an applied change, or the outcome of a change that was not applied.
pub(super) type Step = Result<Option<String>, ChangeOutcome>;

impl Session {
    /// Applies and undoes changes in the Region. What is created carries the id of the run in its tags.
    pub fn applier(&self, region: &Region, run: &RunId) -> Applier {
        Applier {
            ec2: self.ec2(region),
            account: self.account().clone(),
            region: region.clone(),
            run: run.clone(),
            managed: BTreeMap::new(),
            settle: SETTLE,
            session: self.clone(),
            busy: 0,
            waited: Duration::ZERO,
            pauses: 0,
            deadline: None,
            deleted_recently: false,
            part: None,
        }
    }
}

impl Applier {
    /// The outcome of a change of which a call failed that names the managed group.
    pub(super) fn refused(&self, error: CallError) -> ChangeOutcome {
        let not_shown = error.is(&["InvalidGroup.NotFound", "InvalidSecurityGroupID.NotFound"]);
        if not_shown && !self.managed.is_empty() {
            // This run found or created it.
            return refusal::outcome(error.into_transient());
        }
        refusal::outcome(error)
    }

    /// No change waits for EC2 beyond the deadline.
    pub fn ends_at(&mut self, deadline: Option<Timestamp>) {
        self.deadline = deadline;
    }

    /// Says that an endpoint was deleted in the last minutes.
    pub fn deleted_recently(&mut self) {
        self.deleted_recently = true;
    }

    /// Waits until EC2 may accept a request that it refused for a reason that passes. False where the change or its run has
    /// no more time: nothing is waited for then.
    pub(super) async fn waits(&mut self) -> bool {
        let pause = self.settle + self.waited;
        let ends = self
            .deadline
            .is_some_and(|deadline| self.session.now() + pause >= deadline);
        if ends || self.waited + pause > PATIENCE || self.pauses == PAUSES {
            return false;
        }
        self.pauses += 1;
        self.waited += pause;
        tokio::time::sleep(pause).await;
        true
    }

    /// EC2 refuses the private DNS name of a service. `dead`: AWS still lists a dead endpoint of the service in the VPC.
    pub(super) fn name_conflict(&self, error: &CallError, vpc: &str, dead: bool) -> ChangeOutcome {
        if dead || self.deleted_recently {
            return refusal::outcome(error.clone());
        }
        failed(format!(
            "{}; a private hosted zone or another endpoint holds the name in {vpc}, so that its clients resolve it there: \
             list the zones with `aws route53 list-hosted-zones-by-vpc --vpc-id {vpc} --vpc-region {}`, then disassociate \
             the zone, or exempt the resource",
            chain(error),
            self.region
        ))
    }

    pub(super) fn tags(&self, resource: &str, name: &str, control: &str) -> TagSpecification {
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
        TagSpecification::builder()
            .resource_type(ResourceType::from(resource))
            .tags(tag("Name", name))
            .tags(tag(TAG_MANAGED, "true"))
            .tags(tag(TAG_CONTROL, control))
            .tags(tag(TAG_RUN, self.run.as_str()))
            .build()
    }
}

pub(super) fn not_needed(reason: impl Into<String>) -> ChangeOutcome {
    ChangeOutcome::NotNeeded { reason: reason.into() }
}

pub(super) fn skipped(reason: impl Into<String>) -> ChangeOutcome {
    ChangeOutcome::Skipped { reason: reason.into() }
}

pub(super) fn failed(cause: impl Into<String>) -> ChangeOutcome {
    ChangeOutcome::Failed {
        cause: cause.into(),
        transient: false,
    }
}

/// Some EC2 calls answer with success and `return` set to false, which means that nothing was done.
pub(super) fn accepted(call: &'static str, done: Option<bool>) -> Result<(), CallError> {
    match done {
        Some(false) => Err(CallError::unreadable(call, "AWS answered that it did not do it")),
        _ => Ok(()),
    }
}
