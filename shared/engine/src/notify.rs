//! Delivers messages to sinks. What one sink does not take waits in the ledger, and only that is repeated.

use std::collections::BTreeMap;

use postern_aws::{PublishError, chain};
use postern_core::history::UndeliveredMessage;
use postern_core::model::scope::Scope;
use tracing::{info, warn};

use crate::context::RunContext;
use crate::sinks::Destinations;

/// A sink did not take a message.
pub(crate) enum Undelivered {
    /// All messages that were not taken are in the ledger.
    Kept(PublishError),
    /// A message is nowhere: what it says has to be reported anew.
    Lost(PublishError),
}

/// Delivers what the ledger kept, and then new messages: each to its sink, in this order. What a sink does not take, and
/// what comes after that for the same sink, is kept in the ledger, if the scope has one.
///
/// # Errors
/// With the first refusal, after everything that could be delivered was.
pub(crate) async fn deliver(
    context: &RunContext<'_>,
    destinations: &Destinations,
    scope: &Scope,
    kept: &[UndeliveredMessage],
    new: &[UndeliveredMessage],
    ledger: bool,
) -> Result<(), Undelivered> {
    let mut refused: BTreeMap<String, PublishError> = BTreeMap::new();
    for message in kept {
        if take(context, destinations, message, &mut refused).await {
            drop_kept(context, scope, message).await;
        }
    }
    let mut lost = false;
    for message in new {
        if take(context, destinations, message, &mut refused).await {
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
    destinations: &Destinations,
    message: &UndeliveredMessage,
    refused: &mut BTreeMap<String, PublishError>,
) -> bool {
    if refused.contains_key(&message.sink) {
        return false;
    }
    match publish(context, destinations, message).await {
        Ok(()) => true,
        Err(error) => {
            refused.insert(message.sink.clone(), error);
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

/// Publishes a message to its sink. A message to a sink that the deployment does not have any more is only logged.
pub(crate) async fn publish(
    context: &RunContext<'_>,
    destinations: &Destinations,
    message: &UndeliveredMessage,
) -> Result<(), PublishError> {
    let UndeliveredMessage {
        sink, subject, body, ..
    } = message;
    let Some((known, destination)) = destinations.sinks().find(|(known, _)| known.name == sink) else {
        warn!(sink, subject, body, "message to a sink without a destination dropped");
        return Ok(());
    };
    match (known.deliver)(context.aws, destination, message).await {
        Ok(id) => {
            info!(sink, sns_message_id = id, subject, "message delivered");
            Ok(())
        }
        Err(error) => {
            // Whatever becomes of the message, the log has it. The error is logged by who handles it.
            warn!(sink, subject, body, "message not delivered");
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use postern_cloud::Fault;

    use super::*;
    use crate::sinks::{ALERTS, REPORTS, Sink};
    use crate::testing::{ALERT_TOPIC, REPORT_TOPIC, Rig};

    fn message(rig: &Rig, sink: &Sink, body: &str) -> UndeliveredMessage {
        UndeliveredMessage {
            sink: sink.name.to_owned(),
            time: rig.cloud.now(),
            subject: "[Postern] HIGH".to_owned(),
            body: body.to_owned(),
            attributes: vec![("severity".to_owned(), "String".to_owned(), "high".to_owned())],
        }
    }

    fn destinations() -> Destinations {
        let destinations = [(&ALERTS, ALERT_TOPIC), (&REPORTS, REPORT_TOPIC)];
        destinations
            .map(|(sink, topic)| (sink, topic.to_owned()))
            .into_iter()
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn message_that_one_sink_refuses_is_repeated_to_that_sink_alone() {
        let rig = Rig::new("");
        let context = rig.context("run-1");
        let (destinations, scope) = (destinations(), rig.scope());
        let new = [message(&rig, &ALERTS, "text"), message(&rig, &REPORTS, "{}")];
        rig.cloud.edit(|world| world.topics.remove(ALERT_TOPIC));
        let result = deliver(&context, &destinations, &scope, &[], &new, true).await;
        assert!(matches!(result, Err(Undelivered::Kept(_))));
        assert_eq!(rig.published(), [REPORT_TOPIC]);

        rig.cloud.edit(|world| world.topics.insert(ALERT_TOPIC.to_owned()));
        let kept = rig.history().await.undelivered;
        assert_eq!(kept, new[..1]);
        assert!(deliver(&context, &destinations, &scope, &kept, &[], true).await.is_ok());
        assert_eq!(rig.published(), [REPORT_TOPIC, ALERT_TOPIC]);
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
        let (destinations, scope) = (destinations(), rig.scope());
        let first = message(&rig, &REPORTS, "first");
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        let second = message(&rig, &REPORTS, "second");
        rig.cloud.plan("Publish", [Fault::Denied]);
        let new = [first.clone(), second.clone()];
        assert!(deliver(&context, &destinations, &scope, &[], &new, true).await.is_err());
        assert_eq!(rig.published(), [""; 0]);
        let kept = rig.history().await.undelivered;
        assert_eq!(kept, new);
        assert!(deliver(&context, &destinations, &scope, &kept, &[], true).await.is_ok());
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
        let (destinations, scope) = (destinations(), rig.scope());
        let new = [message(&rig, &REPORTS, "{}")];
        rig.cloud.plan("Publish", [Fault::Denied, Fault::Denied]);
        let result = deliver(&context, &destinations, &scope, &[], &new, false).await;
        assert!(matches!(result, Err(Undelivered::Lost(_))));
        rig.cloud.plan("PutItem", [Fault::Denied]);
        let result = deliver(&context, &destinations, &scope, &[], &new, true).await;
        assert!(matches!(result, Err(Undelivered::Lost(_))));
        assert_eq!(rig.history().await.undelivered, []);
    }

    #[tokio::test(start_paused = true)]
    async fn message_kept_for_a_sink_that_is_gone_does_not_block_the_others() {
        let rig = Rig::new("");
        let context = rig.context("run-1");
        let only_reports: Destinations = [(&REPORTS, REPORT_TOPIC.to_owned())].into_iter().collect();
        let kept = [message(&rig, &ALERTS, "text")];
        context
            .ledger
            .keep_undelivered(
                &rig.scope(),
                &kept[0],
                rig.cloud.now() + std::time::Duration::from_secs(60),
            )
            .await
            .unwrap();
        let new = [message(&rig, &REPORTS, "{}")];
        assert!(
            deliver(&context, &only_reports, &rig.scope(), &kept, &new, true)
                .await
                .is_ok()
        );
        assert_eq!(rig.published(), [REPORT_TOPIC]);
        assert_eq!(rig.history().await.undelivered, []);
    }
}
