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
        if publish(context, topics, message, &mut refused).await {
            // If this fails, the message is sent a second time, with the same idempotency key.
            if let Err(error) = context.ledger.drop_undelivered(scope, message, context.now()).await {
                warn!(
                    error = chain(&error),
                    "a message that was delivered now stays in the ledger and will be repeated"
                );
            }
        }
    }
    let mut lost = false;
    for message in new {
        if publish(context, topics, message, &mut refused).await {
            continue;
        }
        let expires = context.expires(message.time);
        let kept = match ledger {
            true => context.ledger.keep_undelivered(scope, message, expires).await,
            false => {
                lost = true;
                continue;
            }
        };
        if let Err(error) = kept {
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
async fn publish(
    context: &RunContext<'_>,
    topics: &Topics,
    message: &UndeliveredMessage,
    refused: &mut BTreeMap<Sink, PublishError>,
) -> bool {
    let UndeliveredMessage {
        sink,
        subject,
        body,
        attributes,
        ..
    } = message;
    if refused.contains_key(sink) {
        return false;
    }
    let attributes: Vec<_> = attributes
        .iter()
        .map(|(name, kind, value)| (name.as_str(), kind.as_str(), value.as_str()))
        .collect();
    match context.aws.publish(topics.of(*sink), subject, body, &attributes).await {
        Ok(id) => {
            info!(?sink, sns_message_id = id, subject, "message delivered");
            true
        }
        Err(error) => {
            // Whatever becomes of it, the log has it.
            warn!(?sink, subject, body, "message not delivered");
            refused.insert(*sink, error);
            false
        }
    }
}
