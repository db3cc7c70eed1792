//! A function that links the clients of the others and does nothing: what they are measured against.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = aws_config::defaults(aws_config::BehaviorVersion::v2026_01_12())
        .load()
        .await;
    let (ec2, sns) = (aws_sdk_ec2::Client::new(&config), aws_sdk_sns::Client::new(&config));
    let (ec2, sns) = (&ec2, &sns);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        // Never so, but the compiler cannot know: the clients' code stays in the program.
        if event.payload.get("call").is_some() {
            ec2.describe_vpcs().send().await?;
            sns.publish().message("").send().await?;
        }
        Ok::<_, Error>(Value::Null)
    }))
    .await
}
