//! Sends alerts, and keeps those that SNS did not take.

use std::sync::{Mutex, PoisonError};

use postern_aws::{Aws, PublishError};
use postern_core::report::Message;
use tracing::{error, info};

/// Alerts that SNS did not take yet. They are sent before anything else is done; the log has them, too.
#[derive(Default)]
pub(crate) struct Alerts {
    waiting: Mutex<Vec<Message>>,
}

impl Alerts {
    /// Sends an alert, or keeps it for the next invocation.
    pub(crate) async fn send(&self, aws: &Aws, topic: &str, message: Message) -> Result<(), PublishError> {
        let sent = publish(aws, topic, &message).await;
        if let Err(error) = &sent {
            let cause = crate::chain(error);
            error!(%cause, subject = message.subject, report = message.body, "the alert was not sent and is kept");
            self.keep(vec![message]);
        }
        sent
    }

    /// Sends what earlier invocations could not send.
    pub(crate) async fn send_waiting(&self, aws: &Aws, topic: &str) -> Result<(), PublishError> {
        let mut waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        while let Some(message) = waiting.first() {
            if let Err(error) = publish(aws, topic, message).await {
                self.keep(waiting);
                return Err(error);
            }
            waiting.remove(0);
        }
        Ok(())
    }

    fn keep(&self, messages: Vec<Message>) {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(messages);
    }
}

async fn publish(aws: &Aws, topic: &str, message: &Message) -> Result<(), PublishError> {
    let values: Vec<_> = message
        .attributes
        .iter()
        .map(|(name, value)| (*name, value.data_type(), value.text()))
        .collect();
    let attributes: Vec<_> = values
        .iter()
        .map(|(name, kind, text)| (*name, *kind, text.as_str()))
        .collect();
    let id = aws.publish(topic, &message.subject, &message.body, &attributes).await?;
    info!(id, subject = message.subject, "alert sent");
    Ok(())
}
