//! Sends reports to people.

use aws_sdk_sns::types::MessageAttributeValue;

use crate::clients::Aws;
use crate::error::CallError;

#[derive(Clone, Debug, thiserror::Error)]
#[error("the report could not be published to `{topic}`")]
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
                .map_err(|error| failed(CallError::unreadable("sns:Publish", error.to_string())))?;
            request = request.message_attributes(*name, value);
        }
        let answer = request
            .send()
            .await
            .map_err(|error| failed(CallError::new("sns:Publish", error)))?;
        Ok(answer.message_id.unwrap_or_default())
    }
}
