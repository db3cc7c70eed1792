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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sinks::{ALERTS, REPORTS};
    use crate::testing::{REPORT_TOPIC, Rig};

    #[tokio::test(start_paused = true)]
    async fn topic_without_a_confirmed_subscription_does_not_pass_the_check_of_any_sink() {
        let rig = Rig::new("");
        for sink in [&ALERTS, &REPORTS] {
            (sink.check)(&rig.aws, REPORT_TOPIC).await.unwrap();
        }
        rig.cloud.edit(|world| world.confirmed_subscriptions = 0);
        for sink in [&ALERTS, &REPORTS] {
            let error = (sink.check)(&rig.aws, REPORT_TOPIC).await.unwrap_err();
            assert!(
                matches!(&error, TopicError::NoSubscription { topic } if topic == REPORT_TOPIC),
                "{error}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn message_is_published_with_subject_and_typed_attributes_and_its_id_is_returned() {
        let rig = Rig::new("");
        let message = UndeliveredMessage {
            sink: REPORTS.name.to_owned(),
            time: rig.cloud.now(),
            subject: "[Postern] LOW".to_owned(),
            body: "{}".to_owned(),
            attributes: vec![(
                "controls".to_owned(),
                "String.Array".to_owned(),
                "[\"policy-open\"]".to_owned(),
            )],
        };
        let id = (REPORTS.deliver)(&rig.aws, REPORT_TOPIC, &message).await.unwrap();
        let [published] = rig.cloud.published().try_into().unwrap();
        assert_eq!((published.id, published.subject), (id, Some(message.subject)));
        let expected = ("String.Array".to_owned(), "[\"policy-open\"]".to_owned());
        assert_eq!(published.attributes["controls"], expected);
    }
}
