//! What all kinds of change share: the clients, the tags of what is created, the outcomes.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};
use postern_core::changes::{Change, ChangeOutcome};
use postern_core::model::id::{AccountId, Region, RunId, SecurityGroupId, VpcId};
use postern_core::model::managed::{TAG_CONTROL, TAG_MANAGED, TAG_RUN};

use super::refusal;
use crate::error::CallError;
use crate::session::Session;

/// For the tags in a create call.
pub(super) const CREATE_TAGS: &str = "ec2:CreateTags";
/// AWS requires it of a caller that enables private DNS on an endpoint.
pub(super) const ASSOCIATE_ZONE: &str = "route53:AssociateVPCWithHostedZone";

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
    pub(super) managed: BTreeMap<VpcId, SecurityGroupId>,
    pub(super) settle: Duration,
    pub(super) session: Session,
    /// How many requests of the last change EC2 refused because it was busy with the same endpoint.
    pub(super) busy: u64,
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
