//! Publishes messages to SNS topics.

use aws_sdk_sns::types::MessageAttributeValue;

use crate::aws::Aws;
use crate::error::CallError;

/// The IAM actions that publishing requires.
pub const PUBLISH_CALLS: &[&str] = &[GET_TOPIC, PUBLISH];

const GET_TOPIC: &str = "sns:GetTopicAttributes";
const PUBLISH: &str = "sns:Publish";

/// The attribute with the number of confirmed subscriptions. SNS counts pending ones apart.
const CONFIRMED: &str = "SubscriptionsConfirmed";

/// Why nobody would receive a message.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TopicError {
    #[error("could not read the topic `{topic}`")]
    Unavailable {
        topic: String,
        #[source]
        source: CallError,
    },
    #[error(
        "the topic `{topic}` has no confirmed subscription; subscribe to it, confirm the subscription by the link that \
         SNS sends, then run the sweeper"
    )]
    NoSubscription { topic: String },
}

impl TopicError {
    /// Whether another attempt may succeed.
    pub fn transient(&self) -> bool {
        match self {
            Self::Unavailable { source, .. } => source.transient(),
            Self::NoSubscription { .. } => false,
        }
    }
}

/// A message could not be published.
#[derive(Clone, Debug, thiserror::Error)]
#[error("could not publish to `{topic}`")]
pub struct PublishError {
    pub topic: String,
    #[source]
    source: CallError,
}

impl PublishError {
    pub fn transient(&self) -> bool {
        self.source.transient()
    }
}

impl Aws {
    /// Checks that somebody receives what is published, as far as is known without publishing: SNS answers, and the
    /// topic exists and has a confirmed subscription.
    pub async fn check_topic(&self, topic: &str) -> Result<(), TopicError> {
        let answer = self.sns.get_topic_attributes().topic_arn(topic).send().await;
        let answer = answer.map_err(|error| TopicError::Unavailable {
            topic: topic.to_owned(),
            source: CallError::new(GET_TOPIC, error),
        })?;
        let confirmed = answer.attributes().and_then(|attributes| attributes.get(CONFIRMED));
        if confirmed.is_some_and(|count| count.trim() == "0") {
            return Err(TopicError::NoSubscription {
                topic: topic.to_owned(),
            });
        }
        Ok(())
    }

    /// Publishes one message and gives SNS's id of it. Attributes are name, data type (such as `String`) and value.
    pub async fn publish(
        &self,
        topic: &str,
        subject: &str,
        body: &str,
        attributes: &[(&str, &str, &str)],
    ) -> Result<String, PublishError> {
        let failed = |source| PublishError {
            topic: topic.to_owned(),
            source,
        };
        let mut request = self.sns.publish().topic_arn(topic).subject(subject).message(body);
        for (name, data_type, value) in attributes {
            let value = MessageAttributeValue::builder()
                .data_type(*data_type)
                .string_value(*value)
                .build()
                .map_err(|error| failed(CallError::unreadable(PUBLISH, error.to_string())))?;
            request = request.message_attributes(*name, value);
        }
        let answer = request
            .send()
            .await
            .map_err(|error| failed(CallError::new(PUBLISH, error)))?;
        Ok(answer.message_id.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::error::Error;

    use super::*;
    use crate::wire::Cloud;

    const TOPIC: &str = "arn:aws:sns:eu-central-1:111122223333:alerts";

    #[tokio::test]
    async fn a_message_carries_subject_body_and_attributes() {
        let answer = "<PublishResponse><PublishResult><MessageId>id-1</MessageId></PublishResult></PublishResponse>";
        let cloud = Cloud::new().raw("Publish", 200, answer);
        let attributes = [
            ("severity", "String", "high"),
            ("control", "String.Array", r#"["policy-open"]"#),
        ];
        let aws = cloud.aws();
        let id = aws
            .publish(TOPIC, "A subject", "{\"a\": 1}", &attributes)
            .await
            .unwrap();
        assert_eq!(id, "id-1");
        let request = cloud.request("Publish");
        assert_eq!(request["TopicArn"], TOPIC);
        assert_eq!(request["Subject"], "A subject");
        assert_eq!(request["Message"], "{\"a\": 1}");
        let sent = [1, 2].map(|n| {
            let field = |name: &str| request[&format!("MessageAttributes.entry.{n}.{name}")].as_str();
            (field("Name"), field("Value.DataType"), field("Value.StringValue"))
        });
        assert_eq!(BTreeSet::from(sent), BTreeSet::from(attributes));
    }

    #[tokio::test]
    async fn a_topic_without_a_confirmed_subscription_has_no_reader() {
        let answer = |confirmed: &str| {
            format!(
                "<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes>\
                 <entry><key>SubscriptionsPending</key><value>2</value></entry>\
                 <entry><key>SubscriptionsConfirmed</key><value>{confirmed}</value></entry>\
                 </Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>"
            )
        };
        let cloud = Cloud::new().raw("GetTopicAttributes", 200, &answer("1"));
        cloud.aws().check_topic(TOPIC).await.unwrap();
        let cloud = Cloud::new().raw("GetTopicAttributes", 200, &answer("0"));
        let error = cloud.aws().check_topic(TOPIC).await.unwrap_err();
        assert!(matches!(error, TopicError::NoSubscription { .. }) && !error.transient());
        assert!(
            error
                .to_string()
                .contains(&format!("`{TOPIC}` has no confirmed subscription")),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_topic_is_available_or_not() {
        let answer = "<GetTopicAttributesResponse><GetTopicAttributesResult/></GetTopicAttributesResponse>";
        let cloud = Cloud::new().raw("GetTopicAttributes", 200, answer);
        cloud.aws().check_topic(TOPIC).await.unwrap();
        assert_eq!(cloud.request("GetTopicAttributes")["TopicArn"], TOPIC);
        let error = Cloud::new()
            .breaks("GetTopicAttributes")
            .aws()
            .check_topic(TOPIC)
            .await
            .unwrap_err();
        assert!(error.transient(), "{error:?}");
    }

    #[tokio::test]
    async fn a_topic_that_cannot_be_reached_is_worth_another_attempt_and_one_that_is_gone_is_not() {
        let refuse = |code: &str, kind: &str| {
            format!(
                "<ErrorResponse><Error><Type>{kind}</Type><Code>{code}</Code><Message>No.</Message></Error></ErrorResponse>"
            )
        };
        let table = [
            (Cloud::new().breaks("Publish"), true),
            (Cloud::new().silence("Publish"), true),
            (
                Cloud::new().raw("Publish", 500, &refuse("InternalError", "Receiver")),
                true,
            ),
            (
                Cloud::new().raw("Publish", 400, &refuse("KMSThrottling", "Sender")),
                true,
            ),
            (Cloud::new().raw("Publish", 404, &refuse("NotFound", "Sender")), false),
            (
                Cloud::new().raw("Publish", 403, &refuse("AuthorizationError", "Sender")),
                false,
            ),
        ];
        for (cloud, transient) in table {
            let error = cloud.aws().publish(TOPIC, "A subject", "{}", &[]).await.unwrap_err();
            assert_eq!(error.transient(), transient, "{error:?}");
            assert_eq!(error.to_string(), format!("could not publish to `{TOPIC}`"));
            assert_eq!(error.source().unwrap().to_string(), "sns:Publish failed");
        }
    }
}
