//! Where a batch of messages says to look: each VPC once, however many messages mean it.

use std::collections::{BTreeMap, BTreeSet};

use postern_aws::observe::Resolution;
use postern_aws::{Aws, Session, chain};
use postern_core::model::id::{AccountId, Region, VpcId};
use postern_core::trigger::{Reading, Target, Trigger, TriggeringEvent};
use tracing::{error, info, warn};

use crate::batch::Batch;
use crate::reconcile::ReconcileError;

/// The messages and events because of which a place is looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    pub(crate) messages: BTreeSet<usize>,
    /// Copies of one event are one occasion.
    pub(crate) triggering_events: Vec<TriggeringEvent>,
}

/// What is to be looked at in one account and Region.
#[derive(Debug, Default)]
pub(crate) struct Place {
    pub(crate) vpcs: BTreeMap<VpcId, Source>,
    /// Set where every VPC is to be looked at.
    pub(crate) everywhere: Option<Source>,
}

/// Messages that have to come back, and why.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    pub(crate) messages: BTreeSet<usize>,
    pub(crate) causes: Vec<String>,
}

pub(crate) type Places = BTreeMap<(AccountId, Region), Place>;

impl Source {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.messages.extend(&other.messages);
        for triggering_event in &other.triggering_events {
            self.add(triggering_event);
        }
    }

    fn add(&mut self, triggering_event: &TriggeringEvent) {
        if !self
            .triggering_events
            .iter()
            .any(|known| known.event_id == triggering_event.event_id)
        {
            self.triggering_events.push(triggering_event.clone());
        }
    }
}

impl Failures {
    pub(crate) fn add(&mut self, messages: impl IntoIterator<Item = usize>, cause: String) {
        self.messages.extend(messages);
        self.causes.push(cause);
    }

    /// Sends back the messages because of which a VPC was looked at, where it is not reconciled.
    pub(crate) fn note(&mut self, source: Source, result: Result<(), ReconcileError>) {
        if let Err(ReconcileError { cause, .. }) = result {
            warn!(%cause, "the messages go back");
            self.add(source.messages, cause);
        }
    }
}

/// Reads the messages of a batch and resolves what they name. What cannot be read or resolved comes back.
pub(crate) async fn places(aws: &Aws, batch: &Batch, failures: &mut Failures) -> Places {
    let mut named: BTreeMap<(AccountId, Region), BTreeMap<Target, Source>> = BTreeMap::new();
    for (index, message) in batch.messages.iter().enumerate() {
        match &message.content {
            Ok(Reading::Act(trigger)) => note(trigger, index, &mut named),
            Ok(Reading::Ignore(reason)) => info!(message = message.id, %reason, "the event is ignored"),
            Err(error) => {
                warn!(message = message.id, %error, "the message cannot be read and goes back");
                failures.add([index], format!("message {} cannot be read: {error}", index + 1));
            }
        }
    }
    let mut places = Places::new();
    for ((account, region), targets) in named {
        match aws.account(&account).await {
            Ok(session) => {
                let scope = resolve(&session, &region, targets, failures).await;
                places.insert((account, region), scope);
            }
            Err(error) => {
                let cause = chain(&error);
                error!(%account, %cause, "the messages go back");
                failures.add(targets.into_values().flat_map(|source| source.messages), cause);
            }
        }
    }
    places
}

fn note(trigger: &Trigger, index: usize, named: &mut BTreeMap<(AccountId, Region), BTreeMap<Target, Source>>) {
    let targets = named
        .entry((trigger.account.clone(), trigger.region.clone()))
        .or_default();
    for target in &trigger.targets {
        let source = targets.entry(target.clone()).or_default();
        source.messages.insert(index);
        source.add(&trigger.triggering_event);
    }
}

async fn resolve(
    session: &Session,
    region: &Region,
    targets: BTreeMap<Target, Source>,
    failures: &mut Failures,
) -> Place {
    let mut scope = Place::default();
    let wanted: Vec<_> = targets.keys().cloned().collect();
    let mut resolutions = session.resolve(region, &wanted).await;
    for (target, source) in targets {
        match resolutions.remove(&target) {
            Some(Ok(Resolution::Vpc(vpc))) => scope.vpcs.entry(vpc).or_default().merge(&source),
            Some(Ok(Resolution::Region)) => scope.everywhere.get_or_insert_default().merge(&source),
            Some(Ok(Resolution::Gone(what))) => info!(%what, "nothing is left to look at"),
            Some(Err(error)) => {
                let cause = chain(&error);
                warn!(%cause, "where to look cannot be found out, the message goes back");
                failures.add(source.messages, cause);
            }
            None => failures.add(source.messages, format!("{target:?} was not resolved")),
        }
    }
    scope
}
