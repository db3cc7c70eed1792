//! Moves messages that a function failed to process after all retries from the dead-letter queue to the function's queue.
//!
//! SQS has a task for this, `StartMessageMoveTask`, but it moves only messages that came from another SQS queue
//! ([API reference](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html)),
//! not those that EventBridge could not deliver.

use aws_sdk_sqs::types::{Message, QueueAttributeName};
use serde_json::Value;

use crate::aws::Aws;
use crate::error::CallError;

/// The IAM actions on the queue that messages are moved to.
pub const QUEUE_CALLS: &[&str] = &[ATTRIBUTES, SEND];
/// The IAM actions on the dead-letter queue.
pub const DEAD_LETTER_CALLS: &[&str] = &[ATTRIBUTES, URL, RECEIVE, DELETE];

const ATTRIBUTES: &str = "sqs:GetQueueAttributes";
const URL: &str = "sqs:GetQueueUrl";
const RECEIVE: &str = "sqs:ReceiveMessage";
const SEND: &str = "sqs:SendMessage";
const DELETE: &str = "sqs:DeleteMessage";

/// The largest batch that SQS gives.
const BATCH: i32 = 10;
/// Seconds to wait for messages. Without a wait SQS asks only some of its servers and may find no message.
const WAIT: i32 = 2;
/// Seconds until a message that could not be moved is visible again.
const INVISIBLE: i32 = 60;

/// A queue and its dead-letter queue.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    sqs: aws_sdk_sqs::Client,
    /// The URL of the queue that the messages are moved to.
    queue: String,
    /// The URL of the dead-letter queue.
    pub url: String,
}

impl Aws {
    /// The dead-letter queue of the queue with this URL.
    ///
    /// # Errors
    /// If the queue does not exist or has no dead-letter queue.
    pub async fn dead_letters(&self, queue: &str) -> Result<DeadLetters, CallError> {
        let sqs = aws_sdk_sqs::Client::new(&self.config);
        let policy = attribute(&sqs, queue, QueueAttributeName::RedrivePolicy).await?;
        let policy: Value = serde_json::from_str(&policy).unwrap_or_default();
        let arn = policy.get("deadLetterTargetArn").and_then(Value::as_str);
        let parts: Vec<_> = arn.unwrap_or_default().split(':').collect();
        let [_, _, _, _, account, name] = parts.as_slice() else {
            return Err(CallError::unreadable(
                ATTRIBUTES,
                format!("`{queue}` has no dead-letter queue"),
            ));
        };
        let url = sqs
            .get_queue_url()
            .queue_name(*name)
            .queue_owner_aws_account_id(*account);
        let url = url.send().await.map_err(|error| CallError::new(URL, error))?.queue_url;
        let url = url.ok_or_else(|| CallError::unreadable(URL, "the answer has no URL"))?;
        Ok(DeadLetters {
            sqs,
            queue: queue.to_owned(),
            url,
        })
    }
}

impl DeadLetters {
    /// The approximate number of messages.
    pub async fn count(&self) -> Result<u64, CallError> {
        let count = attribute(&self.sqs, &self.url, QueueAttributeName::ApproximateNumberOfMessages).await?;
        let unreadable = |_| CallError::unreadable(ATTRIBUTES, format!("`{count}` is no number of messages"));
        count.parse().map_err(unreadable)
    }

    /// The next messages; empty once all are moved.
    pub async fn next(&self) -> Result<Vec<DeadLetter>, CallError> {
        let receive = self.sqs.receive_message().queue_url(&self.url);
        let receive = receive
            .max_number_of_messages(BATCH)
            .wait_time_seconds(WAIT)
            .visibility_timeout(INVISIBLE);
        let received = receive.send().await.map_err(|error| CallError::new(RECEIVE, error))?;
        Ok(received
            .messages
            .unwrap_or_default()
            .into_iter()
            .map(DeadLetter)
            .collect())
    }

    /// Moves a message to the queue. If this fails halfway the message is in both queues, which is harmless: functions
    /// act on live state.
    pub async fn move_back(&self, letter: &DeadLetter) -> Result<(), CallError> {
        let send = self.sqs.send_message().queue_url(&self.queue);
        let send = send.message_body(letter.body()).send().await;
        send.map_err(|error| CallError::new(SEND, error))?;
        let delete = self.sqs.delete_message().queue_url(&self.url);
        let delete = delete.set_receipt_handle(letter.0.receipt_handle.clone()).send().await;
        delete.map_err(|error| CallError::new(DELETE, error))?;
        Ok(())
    }
}

/// A message that a function failed to process after all retries.
#[derive(Clone, Debug)]
pub struct DeadLetter(Message);

impl DeadLetter {
    pub fn body(&self) -> &str {
        self.0.body().unwrap_or_default()
    }
}

/// Empty where the queue does not have the attribute.
async fn attribute(sqs: &aws_sdk_sqs::Client, queue: &str, name: QueueAttributeName) -> Result<String, CallError> {
    let ask = sqs.get_queue_attributes().queue_url(queue);
    let answer = ask.attribute_names(name.clone()).send().await;
    let answer = answer.map_err(|error| CallError::new(ATTRIBUTES, error))?;
    let value = answer.attributes.and_then(|mut attributes| attributes.remove(&name));
    Ok(value.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use crate::error::chain;
    use serde_json::json;

    use crate::wire::Cloud;

    const QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/111122223333/queue";
    const DEAD: &str = "https://sqs.eu-central-1.amazonaws.com/111122223333/dead";

    fn found(cloud: Cloud) -> Cloud {
        let policy = json!({"deadLetterTargetArn": "arn:aws:sqs:eu-central-1:111122223333:dead", "maxReceiveCount": 5});
        cloud
            .json(
                "GetQueueAttributes",
                &json!({"Attributes": {"RedrivePolicy": policy.to_string()}}),
            )
            .json("GetQueueUrl", &json!({"QueueUrl": DEAD}))
    }

    fn message(body: &str) -> serde_json::Value {
        json!({"MessageId": "id", "ReceiptHandle": "handle", "Body": body})
    }

    #[tokio::test]
    async fn a_message_is_sent_back_before_it_is_deleted() {
        let cloud = found(Cloud::new())
            .json("ReceiveMessage", &json!({"Messages": [message("one"), message("two")]}))
            .json("ReceiveMessage", &json!({}))
            .json("SendMessage", &json!({"MessageId": "new"}))
            .breaks("SendMessage")
            .json("DeleteMessage", &json!({}));
        let letters = cloud.aws().dead_letters(QUEUE).await.unwrap();
        let next = letters.next().await.unwrap();
        letters.move_back(&next[0]).await.unwrap();
        assert_eq!(
            cloud.body("SendMessage"),
            json!({"QueueUrl": QUEUE, "MessageBody": "one"})
        );
        assert_eq!(
            cloud.body("DeleteMessage"),
            json!({"QueueUrl": DEAD, "ReceiptHandle": "handle"})
        );
        let error = letters.move_back(&next[1]).await.unwrap_err();
        assert_eq!(error.call, "sqs:SendMessage");
        assert_eq!(cloud.requests("DeleteMessage").len(), 1, "what was not sent stays");
        assert!(letters.next().await.unwrap().is_empty());
        cloud.done();
    }

    #[tokio::test]
    async fn the_dead_letter_queue_is_the_one_that_the_queue_names() {
        let count = json!({"Attributes": {"ApproximateNumberOfMessages": "3"}});
        let cloud = found(Cloud::new()).json("GetQueueAttributes", &count);
        let letters = cloud.aws().dead_letters(QUEUE).await.unwrap();
        assert_eq!(
            cloud.body("GetQueueUrl"),
            json!({"QueueName": "dead", "QueueOwnerAWSAccountId": "111122223333"})
        );
        assert_eq!((letters.url.as_str(), letters.count().await.unwrap()), (DEAD, 3));
        assert_eq!(cloud.bodies("GetQueueAttributes")[1]["QueueUrl"], DEAD);
    }

    #[tokio::test]
    async fn a_queue_without_a_dead_letter_queue_is_named() {
        let cloud = Cloud::new().json("GetQueueAttributes", &json!({}));
        let error = cloud.aws().dead_letters(QUEUE).await.unwrap_err();
        assert!(chain(&error).contains(&format!("`{QUEUE}` has no dead-letter queue")));
    }
}
