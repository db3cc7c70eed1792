//! A function that links the clients of the others and does nothing: what they are measured against.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = aws_config::defaults(aws_config::BehaviorVersion::v2026_01_12())
        .load()
        .await;
    let dynamodb = &aws_sdk_dynamodb::Client::new(&config);
    let ec2 = &aws_sdk_ec2::Client::new(&config);
    let sns = &aws_sdk_sns::Client::new(&config);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        // Never so, but the compiler cannot know: the clients' code stays in the program.
        if event.payload.get("call").is_some() {
            ec2.describe_vpcs().send().await?;
            sns.publish().message("").send().await?;
            dynamodb.query().send().await?;
            dynamodb.put_item().send().await?;
            dynamodb.update_item().send().await?;
        }
        Ok::<_, Error>(Value::Null)
    }))
    .await
}
