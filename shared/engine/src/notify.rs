//! Delivers messages to topics. What one topic does not take waits in the ledger, and only that is repeated.

use std::collections::BTreeMap;

use postern_aws::{PublishError, chain};
use postern_core::history::{Sink, UndeliveredMessage};
use postern_core::model::scope::Scope;
use tracing::{info, warn};

use crate::context::RunContext;

/// The SNS topics of a deployment, by their ARNs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    pub reports: String,
    /// None: the deployment has one topic, and people get what programs get.
    pub alerts: Option<String>,
}

/// A topic did not take a message.
pub(crate) enum Undelivered {
    /// All messages that were not taken are in the ledger.
    Kept(PublishError),
    /// A message is nowhere: what it says has to be reported anew.
    Lost(PublishError),
}

impl Topics {
    /// Where people hear of changes.
    pub(crate) fn for_people(&self) -> &str {
        self.of(Sink::Alerts)
    }

    fn of(&self, sink: Sink) -> &str {
        match (sink, &self.alerts) {
            (Sink::Alerts, Some(alerts)) => alerts,
            (Sink::Alerts, None) | (Sink::Reports, _) => &self.reports,
        }
    }
}

/// Delivers what the ledger kept, and then new messages: each to its sink, in this order. What a sink does not take, and
/// what comes after that for the same sink, is kept in the ledger, if the scope has one.
///
/// # Errors
/// With the first refusal, after everything that could be delivered was.
pub(crate) async fn deliver(
    context: &RunContext<'_>,
    topics: &Topics,
    scope: &Scope,
    kept: &[UndeliveredMessage],
    new: &[UndeliveredMessage],
    ledger: bool,
) -> Result<(), Undelivered> {
    let mut refused: BTreeMap<Sink, PublishError> = BTreeMap::new();
    for message in kept {
        if take(context, topics, message, &mut refused).await {
            drop_kept(context, scope, message).await;
        }
    }
    let mut lost = false;
    for message in new {
        if take(context, topics, message, &mut refused).await {
            continue;
        }
        if !ledger {
            lost = true;
            continue;
        }
        let expires = context.expires(message.time);
        if let Err(error) = context.ledger.keep_undelivered(scope, message, expires).await {
            warn!(
                error = chain(&error),
                "an undelivered message could not be kept in the ledger"
            );
            lost = true;
        }
    }
    match (refused.into_values().next(), lost) {
        (None, _) => Ok(()),
        (Some(error), false) => Err(Undelivered::Kept(error)),
        (Some(error), true) => Err(Undelivered::Lost(error)),
    }
}

/// Whether the sink took the message. A sink that refused one is not asked again.
async fn take(
    context: &RunContext<'_>,
    topics: &Topics,
    message: &UndeliveredMessage,
    refused: &mut BTreeMap<Sink, PublishError>,
) -> bool {
    if refused.contains_key(&message.sink) {
        return false;
    }
    match publish(context, topics, message).await {
        Ok(()) => true,
        Err(error) => {
            refused.insert(message.sink, error);
            false
        }
    }
}

/// Drops a message that the ledger kept and that is delivered now. If this fails, the message is delivered a second time.
pub(crate) async fn drop_kept(context: &RunContext<'_>, scope: &Scope, message: &UndeliveredMessage) {
    if let Err(error) = context.ledger.drop_undelivered(scope, message, context.now()).await {
        warn!(
            error = chain(&error),
            "a message that was delivered stays in the ledger and will be repeated"
        );
    }
}

/// Publishes a message to the topic of its sink.
pub(crate) async fn publish(
    context: &RunContext<'_>,
    topics: &Topics,
    message: &UndeliveredMessage,
) -> Result<(), PublishError> {
    let UndeliveredMessage {
        sink,
        subject,
        body,
        attributes,
        ..
    } = message;
    let attributes: Vec<_> = attributes
        .iter()
        .map(|(name, kind, value)| (name.as_str(), kind.as_str(), value.as_str()))
        .collect();
    match context.aws.publish(topics.of(*sink), subject, body, &attributes).await {
        Ok(id) => {
            info!(?sink, sns_message_id = id, subject, "message delivered");
            Ok(())
        }
        Err(error) => {
            // Whatever becomes of the message, the log has it. The error is logged by who handles it.
            warn!(?sink, subject, body, "message not delivered");
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use postern_cloud::Fault;

    use super::*;
    use crate::testing::{ALERTS, REPORTS, Rig};

    fn message(rig: &Rig, sink: Sink, body: &str) -> UndeliveredMessage {
        UndeliveredMessage {
            sink,
            time: rig.cloud.now(),
            subject: "[Postern] HIGH".to_owned(),
            body: body.to_owned(),
            attributes: vec![("severity".to_owned(), "String".to_owned(), "high".to_owned())],
        }
    }

    fn topics() -> Topics {
        Topics {
            reports: REPORTS.to_owned(),
            alerts: Some(ALERTS.to_owned()),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn message_that_one_sink_refuses_is_repeated_to_that_sink_alone() {
        let rig = Rig::new("");
        let context = rig.context("run-1");
        let (topics, scope) = (topics(), rig.scope());
        let new = [message(&rig, Sink::Alerts, "text"), message(&rig, Sink::Reports, "{}")];
        rig.cloud.edit(|world| world.topics.remove(ALERTS));
        let result = deliver(&context, &topics, &scope, &[], &new, true).await;
        assert!(matches!(result, Err(Undelivered::Kept(_))));
        assert_eq!(rig.published(), [REPORTS]);

        rig.cloud.edit(|world| world.topics.insert(ALERTS.to_owned()));
        let kept = rig.history().await.undelivered;
        assert_eq!(kept, new[..1]);
        assert!(deliver(&context, &topics, &scope, &kept, &[], true).await.is_ok());
        assert_eq!(rig.published(), [REPORTS, ALERTS]);
        let repeated = rig.cloud.published().pop().unwrap();
        assert_eq!(
            (repeated.message.as_str(), repeated.subject.as_deref()),
            ("text", Some("[Postern] HIGH"))
        );
        assert_eq!(repeated.attributes["severity"].1, "high");
        assert_eq!(rig.history().await.undelivered, []);
    }

    #[tokio::test(start_paused = true)]
    async fn later_message_to_a_sink_waits_behind_one_that_was_refused() {
        let rig = Rig::new("");
        let context = rig.context("run-1");
        let (topics, scope) = (topics(), rig.scope());
        let first = message(&rig, Sink::Reports, "first");
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        let second = message(&rig, Sink::Reports, "second");
        rig.cloud.plan("Publish", [Fault::Denied]);
        let new = [first.clone(), second.clone()];
        assert!(deliver(&context, &topics, &scope, &[], &new, true).await.is_err());
        assert_eq!(rig.published(), [""; 0]);
        let kept = rig.history().await.undelivered;
        assert_eq!(kept, new);
        assert!(deliver(&context, &topics, &scope, &kept, &[], true).await.is_ok());
        let published = rig.cloud.published();
        assert_eq!(
            published.iter().map(|p| p.message.as_str()).collect::<Vec<_>>(),
            ["first", "second"]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn message_is_lost_if_the_ledger_cannot_keep_it_either() {
        let rig = Rig::new("");
        let context = rig.context("run-1");
        let (topics, scope) = (topics(), rig.scope());
        let new = [message(&rig, Sink::Reports, "{}")];
        rig.cloud.plan("Publish", [Fault::Denied, Fault::Denied]);
        let result = deliver(&context, &topics, &scope, &[], &new, false).await;
        assert!(matches!(result, Err(Undelivered::Lost(_))));
        rig.cloud.plan("PutItem", [Fault::Denied]);
        let result = deliver(&context, &topics, &scope, &[], &new, true).await;
        assert!(matches!(result, Err(Undelivered::Lost(_))));
        assert_eq!(rig.history().await.undelivered, []);
    }

    #[test]
    fn people_get_what_programs_get_where_there_is_one_topic() {
        let one = Topics {
            alerts: None,
            ..topics()
        };
        assert_eq!((one.for_people(), topics().for_people()), (REPORTS, ALERTS));
    }
}
