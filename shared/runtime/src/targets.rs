//! What a batch of messages asks for: each scope once, however many messages name it.

use std::collections::{BTreeMap, BTreeSet};

use postern_aws::observe::Resolution;
use postern_aws::{Aws, Session, chain};
use postern_core::functions::Function;
use postern_core::model::id::{AccountId, Region, VpcId};
use postern_core::model::scope::ScopedResource;
use postern_core::trigger::{ParsedEvent, Target, Trigger, TriggeringEvent};
use postern_engine::ReconcileError;
use tracing::{Instrument, info, info_span, warn};

use crate::batch::{Batch, Message};

/// The messages and events because of which a scope is reconciled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Triggers {
    /// Positions in the batch.
    pub(crate) messages: BTreeSet<usize>,
    /// Copies of one event count once.
    pub(crate) events: Vec<TriggeringEvent>,
}

/// What is to be reconciled in one account and Region.
#[derive(Debug, Default)]
pub(crate) struct RegionTargets {
    pub(crate) scopes: BTreeMap<ScopedResource, Triggers>,
    /// Set where every scope is to be reconciled.
    pub(crate) whole: Option<Triggers>,
}

/// Messages that have to be delivered again, and why.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    pub(crate) messages: BTreeSet<usize>,
    pub(crate) causes: Vec<String>,
}

pub(crate) type Targets = BTreeMap<(AccountId, Region), RegionTargets>;

/// What messages name in one account and Region.
type Named = BTreeMap<Target, Triggers>;

impl RegionTargets {
    /// The VPCs that are named, unless the whole Region is.
    pub(crate) fn vpcs(&self) -> Option<BTreeMap<VpcId, Triggers>> {
        let vpcs = self.scopes.iter().filter_map(|(resource, triggers)| match resource {
            ScopedResource::Vpc(vpc) => Some((vpc.clone(), triggers.clone())),
            ScopedResource::EndpointService(_) => None,
        });
        let vpcs: BTreeMap<_, _> = vpcs.collect();
        (self.whole.is_none() && !vpcs.is_empty()).then_some(vpcs)
    }
}

impl Triggers {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.messages.extend(&other.messages);
        for event in &other.events {
            self.add(event);
        }
    }

    fn add(&mut self, event: &TriggeringEvent) {
        if !self.events.iter().any(|known| known.event_id == event.event_id) {
            self.events.push(event.clone());
        }
    }
}

impl Failures {
    pub(crate) fn add(&mut self, messages: impl IntoIterator<Item = usize>, cause: String) {
        self.messages.extend(messages);
        self.causes.push(cause);
    }

    /// Sends messages back because their scope is not reconciled, and logs why.
    pub(crate) fn send_back(&mut self, messages: impl IntoIterator<Item = usize>, error: &ReconcileError) {
        let error = chain(error);
        warn!(error, "not reconciled, the messages are delivered again");
        self.add(messages, error);
    }
}

/// Reads the messages of a batch and determines which scopes they name. What cannot be read or resolved is delivered again.
///
/// An event of an account that this deployment does not serve is never looked up, since our credentials would show its
/// resources as deleted: its message goes back, and so to the dead-letter queue in the end.
///
/// What a message names that the function does not evaluate is left to the functions that do.
pub(crate) async fn targets(function: &Function, aws: &Aws, batch: &Batch, failures: &mut Failures) -> Targets {
    let mut named: BTreeMap<(AccountId, Region), Named> = BTreeMap::new();
    for (index, message) in batch.messages.iter().enumerate() {
        let triggering_event = match &message.content {
            Ok(ParsedEvent::Act(trigger)) => Some(&trigger.triggering_event),
            Ok(ParsedEvent::Ignore(_)) | Err(_) => None,
        };
        let actor = triggering_event.and_then(|event| event.actor.as_ref());
        let span = info_span!(
            "message",
            message_ids = message.id,
            event_ids = triggering_event.map(|event| event.event_id.as_str()),
            actors = actor.map(|actor| actor.identity.as_str()),
        );
        read(function, aws, (index, message), &mut named, failures)
            .instrument(span)
            .await;
    }
    let mut targets = Targets::new();
    for ((account, region), named) in named {
        let resolved = match aws.account(&account).await {
            Ok(session) => resolve(&session, &region, named, failures).await,
            Err(error) => {
                let messages = named.into_values().flat_map(|triggers| triggers.messages);
                failures.send_back(messages, &error.into());
                continue;
            }
        };
        targets.insert((account, region), resolved);
    }
    targets
}

async fn read(
    function: &Function,
    aws: &Aws,
    (index, message): (usize, &Message),
    named: &mut BTreeMap<(AccountId, Region), Named>,
    failures: &mut Failures,
) {
    match &message.content {
        Ok(ParsedEvent::Act(trigger)) => match aws.account(&trigger.account).await {
            Ok(_) => {
                info!(event = trigger.triggering_event.event, "event received");
                name(function, trigger, index, named);
            }
            Err(error) => failures.send_back([index], &error.into()),
        },
        Ok(ParsedEvent::Ignore(reason)) => info!(%reason, "event ignored"),
        Err(error) => {
            let error = chain(error);
            warn!(error, "the message cannot be read and is delivered again");
            failures.add([index], format!("message {} cannot be read: {error}", index + 1));
        }
    }
}

fn name(function: &Function, trigger: &Trigger, index: usize, named: &mut BTreeMap<(AccountId, Region), Named>) {
    let targets = named
        .entry((trigger.account.clone(), trigger.region.clone()))
        .or_default();
    for target in trigger.targets.iter().filter(|target| function.evaluates(target)) {
        let triggers = targets.entry(target.clone()).or_default();
        triggers.messages.insert(index);
        triggers.add(&trigger.triggering_event);
    }
}

async fn resolve(session: &Session, region: &Region, named: Named, failures: &mut Failures) -> RegionTargets {
    let mut targets = RegionTargets::default();
    let wanted: Vec<_> = named.keys().cloned().collect();
    let mut resolutions = session.resolve(region, &wanted).await;
    for (target, triggers) in named {
        match resolutions.remove(&target) {
            Some(Ok(Resolution::Scope(resource))) => targets.scopes.entry(resource).or_default().merge(&triggers),
            Some(Ok(Resolution::Vpcs(vpcs))) => {
                for vpc in vpcs {
                    targets
                        .scopes
                        .entry(ScopedResource::Vpc(vpc))
                        .or_default()
                        .merge(&triggers);
                }
            }
            Some(Ok(Resolution::Services(services))) => {
                for service in services {
                    let resource = ScopedResource::EndpointService(service);
                    targets.scopes.entry(resource).or_default().merge(&triggers);
                }
            }
            Some(Ok(Resolution::Region)) => targets.whole.get_or_insert_default().merge(&triggers),
            Some(Ok(Resolution::Gone(what))) => info!(%what, "deleted in the meantime, there is nothing to do"),
            Some(Err(error)) => failures.send_back(triggers.messages, &error.into()),
            None => failures.add(triggers.messages, format!("{target:?} was not resolved")),
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use postern_cloud::world::{EndpointState, NewEndpoint};
    use postern_cloud::{ACCOUNT, Fault};
    use postern_core::functions::{ENDPOINT_INSPECTOR, SERVICE_INSPECTOR, SWEEPER};
    use serde_json::json;

    use super::*;
    use crate::testing::{Rig, message, modified, schedule};

    async fn targets_of(rig: &Rig, messages: &[serde_json::Value]) -> (Targets, Failures) {
        targets_of_function(&SWEEPER, rig, messages).await
    }

    async fn targets_of_function(
        function: &Function,
        rig: &Rig,
        messages: &[serde_json::Value],
    ) -> (Targets, Failures) {
        let batch = Batch::read(json!({ "Records": messages }), &[]);
        let mut failures = Failures::default();
        let aws = rig.cloud.aws("arn:aws:iam::111122223333:role/postern-sweeper");
        let aws = aws.with_own_account(postern_cloud::ACCOUNT.into());
        let targets = targets(function, &aws, &batch, &mut failures).await;
        (targets, failures)
    }

    #[tokio::test(start_paused = true)]
    async fn messages_that_name_one_vpc_become_one_target_and_copies_of_an_event_count_once() {
        let rig = Rig::new();
        let event = modified(postern_cloud::ACCOUNT, &rig.endpoint);
        let (mut targets, failures) = targets_of(&rig, &[message("a", &event), message("b", &event)]).await;
        assert!(failures.messages.is_empty(), "{failures:?}");
        let (_, region) = targets.pop_first().unwrap();
        assert!(targets.is_empty() && region.whole.is_none());
        let triggers = &region.scopes[&ScopedResource::Vpc(rig.vpc.as_str().into())];
        assert_eq!((triggers.messages.len(), triggers.events.len()), (2, 1));
    }

    /// The scopes that a call of the owner of an endpoint service names to a function.
    async fn scopes_of(function: &Function, rig: &Rig, operation: &str, parameters: &[(&str, &str)]) -> Vec<String> {
        let called = rig
            .cloud
            .call("arn:aws:iam::111122223333:role/owner", operation, parameters);
        let event = called.unwrap().entry.event().unwrap();
        let (targets, failures) = targets_of_function(function, rig, &[message("a", &event)]).await;
        assert!(failures.messages.is_empty(), "{failures:?}");
        let scopes = targets.into_values().flat_map(|region| region.scopes.into_keys());
        scopes.map(|scope| scope.to_string()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn decision_about_a_connection_names_the_scopes_that_a_function_evaluates() {
        let rig = Rig::new();
        let (service, endpoint) = rig.cloud.edit(|world| {
            let service = world.add_endpoint_service(ACCOUNT, &["a", "b"]);
            let name = world.endpoint_service(&service).unwrap().name.clone();
            (service, world.add_endpoint(NewEndpoint::interface(&rig.vpc, &name)))
        });
        let parameters = [("ServiceId", service.as_str()), ("VpcEndpointId.1", &endpoint)];
        let restore = || {
            rig.cloud
                .edit(|world| world.edit_endpoint(&endpoint, |it| it.state = EndpointState::Available))
        };
        for (function, expected) in [
            (&SERVICE_INSPECTOR, vec![service.clone()]),
            (&ENDPOINT_INSPECTOR, vec![rig.vpc.clone()]),
            (&SWEEPER, vec![rig.vpc.clone(), service.clone()]),
        ] {
            restore();
            let scopes = scopes_of(function, &rig, "RejectVpcEndpointConnections", &parameters).await;
            assert_eq!(scopes, expected, "{}", function.name);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn load_balancer_names_the_endpoint_services_that_use_it() {
        let rig = Rig::new();
        let (services, balancer, unused) = rig.cloud.edit(|world| {
            let services = [(); 2].map(|()| world.add_endpoint_service(ACCOUNT, &["a", "b"]));
            let balancer = world.endpoint_service(&services[0]).unwrap().load_balancers[0].clone();
            (services, balancer, world.add_load_balancer(ACCOUNT, "network", &["a"]))
        });
        for (balancer, expected) in [(&balancer, vec![services[0].clone()]), (&unused, Vec::new())] {
            let parameters = [
                ("LoadBalancerArn", balancer.as_str()),
                ("Attributes.member.1.Key", "deletion_protection.enabled"),
                ("Attributes.member.1.Value", "false"),
            ];
            let scopes = scopes_of(&SERVICE_INSPECTOR, &rig, "ModifyLoadBalancerAttributes", &parameters).await;
            assert_eq!(scopes, expected, "{balancer}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rules_of_a_group_name_every_vpc_whose_endpoint_has_the_group() {
        let rig = Rig::new();
        let (group, other) = rig.cloud.edit(|world| {
            let group = world.add_group(&rig.vpc, "shared", Vec::new());
            let other = world.add_vpc("10.9.0.0/16");
            let subnet = world.add_subnet(&other, "a", "10.9.0.0/24", None);
            let mut endpoint = NewEndpoint::interface(&other, "com.amazonaws.eu-central-1.sts");
            endpoint.subnets = vec![subnet];
            endpoint.groups = vec![group.clone()];
            world.add_endpoint(endpoint);
            // Has other groups.
            world.add_vpc("10.8.0.0/16");
            (group, other)
        });
        let parameters = [
            ("GroupId", group.as_str()),
            ("IpPermissions.1.IpProtocol", "tcp"),
            ("IpPermissions.1.FromPort", "443"),
            ("IpPermissions.1.ToPort", "443"),
            ("IpPermissions.1.IpRanges.1.CidrIp", "10.7.0.0/16"),
        ];
        let scopes = scopes_of(&ENDPOINT_INSPECTOR, &rig, "AuthorizeSecurityGroupIngress", &parameters).await;
        let expected = BTreeSet::from([rig.vpc.clone(), other]);
        assert_eq!(scopes.into_iter().collect::<BTreeSet<_>>(), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn schedule_names_the_whole_region() {
        let rig = Rig::new();
        let (mut targets, _) = targets_of(&rig, &[message("a", &schedule())]).await;
        let (_, region) = targets.pop_first().unwrap();
        assert!(region.scopes.is_empty() && region.whole.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn message_of_another_account_is_sent_back_and_not_looked_up() {
        let rig = Rig::new();
        let event = modified("999999999999", &rig.endpoint);
        let (targets, failures) = targets_of(&rig, &[message("a", &event)]).await;
        assert!(targets.is_empty());
        assert_eq!(failures.messages, [0].into());
        assert!(
            failures.causes[0].contains("the event is of account `999999999999`"),
            "{failures:?}"
        );
        assert_eq!(rig.cloud.log().len(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn message_whose_vpc_cannot_be_determined_is_sent_back() {
        let rig = Rig::new();
        rig.cloud.plan("DescribeVpcEndpoints", [Fault::Denied]);
        let event = modified(postern_cloud::ACCOUNT, &rig.endpoint);
        let (_, failures) = targets_of(&rig, &[message("a", &event)]).await;
        assert_eq!(failures.messages, [0].into());
    }
}
