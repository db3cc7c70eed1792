//! Delivery to SNS topics.

use futures_util::future::LocalBoxFuture;
use postern_aws::{Aws, PublishError, TopicError};
use postern_core::history::UndeliveredMessage;

pub(super) fn check<'a>(aws: &'a Aws, topic: &'a str) -> LocalBoxFuture<'a, Result<(), TopicError>> {
    Box::pin(aws.check_topic(topic))
}

pub(super) fn deliver<'a>(
    aws: &'a Aws,
    topic: &'a str,
    message: &'a UndeliveredMessage,
) -> LocalBoxFuture<'a, Result<String, PublishError>> {
    Box::pin(async move {
        let attributes = message.attributes.iter();
        let attributes: Vec<_> = attributes
            .map(|(name, kind, value)| (name.as_str(), kind.as_str(), value.as_str()))
            .collect();
        aws.publish(topic, &message.subject, &message.body, &attributes).await
    })
}
