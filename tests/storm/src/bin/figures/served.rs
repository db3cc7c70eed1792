//! A function's program, as Lambda runs it, with a model of AWS on loopback.

use postern_cloud::{Cloud, REGION, Service};
use postern_core::functions::Function as Registered;
use postern_storm::{LEDGER, role, topic};
use postern_tests::error::{HarnessError, Result};
use postern_tests::function::{Answer, Function, sqs_batch};
use postern_tests::http::{Response, Server};
use serde_json::Value;

/// A warm function and what it calls.
pub(crate) struct Served {
    function: Function,
    _services: [Server; 3],
}

impl Served {
    pub(crate) async fn start(function: &Registered, settings: &str, cloud: &Cloud) -> Result<Self> {
        let role = role(function);
        let [ec2, sns, dynamodb] =
            [Service::Ec2, Service::Sns, Service::DynamoDb].map(|service| serve(cloud, service, role.clone()));
        let services = [ec2.await?, sns.await?, dynamodb.await?];
        let [ec2, sns, dynamodb] = services.each_ref().map(Server::url);
        let topic = topic();
        let variables = [
            ("AWS_ENDPOINT_URL_EC2", ec2.as_str()),
            ("AWS_ENDPOINT_URL_SNS", sns.as_str()),
            ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.as_str()),
            ("AWS_REGION", REGION),
            ("POSTERN_TOPIC_ARN", topic.as_str()),
            ("POSTERN_LEDGER_TABLE", LEDGER),
            ("POSTERN_OWN_ROLES", role.as_str()),
            ("RUST_LOG", "info"),
        ];
        Ok(Self {
            function: Function::start(function.name, Some(settings), &variables).await?,
            _services: services,
        })
    }

    pub(crate) async fn invoke<'e>(&mut self, events: impl IntoIterator<Item = &'e Value>) -> Result<()> {
        match self.function.invoke(&sqs_batch(events)).await? {
            Answer::Done(_) => Ok(()),
            Answer::Failed { kind, message } => Err(HarnessError::new(format_args!("{kind}: {message}"))),
        }
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.function.process_id()
    }
}

/// One service of the cloud on a port of its own.
async fn serve(cloud: &Cloud, service: Service, role: String) -> Result<Server> {
    let cloud = cloud.clone();
    Server::start(move |request| {
        let (cloud, role) = (cloud.clone(), role.clone());
        async move {
            let target = request.header("x-amz-target").unwrap_or_default();
            let (status, body) = cloud.serve(&role, service, target, &request.body).await?;
            Some(Response::new(status, body))
        }
    })
    .await
}
