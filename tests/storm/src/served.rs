//! A function's program, as Lambda runs it, with a model of AWS on loopback.

use postern_cloud::{Cloud, REGION, Service};
use postern_core::functions::Function as Registered;
use postern_tests::error::{HarnessError, Result};
use postern_tests::function::{Answer, Function, sqs_batch};
use postern_tests::http::{Response, Server};

use crate::setup::{LEDGER, role, topic};

/// The services that a function calls, as `AWS_ENDPOINT_URL_…` names them.
const SERVICES: [(Service, &str); 8] = [
    (Service::Ec2, "EC2"),
    (Service::LoadBalancers, "ELASTIC_LOAD_BALANCING_V2"),
    (Service::Sns, "SNS"),
    (Service::DynamoDb, "DYNAMODB"),
    (Service::Organizations, "ORGANIZATIONS"),
    (Service::Route53, "ROUTE_53"),
    (Service::Route53Profiles, "ROUTE53PROFILES"),
    (Service::CloudWatch, "CLOUDWATCH"),
];

/// A warm function and what it calls.
#[derive(Debug)]
pub struct Served {
    function: Function,
    _services: Vec<Server>,
}

impl Served {
    /// # Errors
    /// If the program is not built or does not start.
    pub async fn start(function: &Registered, settings: &str, cloud: &Cloud) -> Result<Self> {
        let role = role(function);
        let mut services = Vec::new();
        let mut variables = vec![
            ("AWS_REGION".to_owned(), REGION.to_owned()),
            ("POSTERN_TOPIC_ARN".to_owned(), topic()),
            ("POSTERN_LEDGER_TABLE".to_owned(), LEDGER.to_owned()),
            ("POSTERN_OWN_ROLES".to_owned(), role.clone()),
            ("RUST_LOG".to_owned(), "info".to_owned()),
        ];
        for (service, name) in SERVICES {
            let server = serve(cloud, service, role.clone()).await?;
            variables.push((format!("AWS_ENDPOINT_URL_{name}"), server.url()));
            services.push(server);
        }
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        Ok(Self {
            function: Function::start(function.name, Some(settings), &variables).await?,
            _services: services,
        })
    }

    /// Hands over a batch of messages with these bodies.
    ///
    /// # Errors
    /// If the invocation fails as a whole, or a message comes back.
    pub async fn invoke<B: ToString>(&mut self, bodies: impl IntoIterator<Item = B>) -> Result<()> {
        match self.function.invoke(&sqs_batch(bodies)).await? {
            Answer::Done(answer) => match answer.pointer("/batchItemFailures/0") {
                None => Ok(()),
                Some(failure) => Err(HarnessError::new(format_args!("{failure} came back: {}", self.log()))),
            },
            Answer::Failed { kind, message } => Err(HarnessError::new(format_args!("{kind}: {message}"))),
        }
    }

    pub fn log(&self) -> String {
        self.function.log()
    }

    pub fn process_id(&self) -> u32 {
        self.function.process_id()
    }
}

/// One service of the cloud on a port of its own.
async fn serve(cloud: &Cloud, service: Service, role: String) -> Result<Server> {
    let cloud = cloud.clone();
    Server::start(move |request| {
        let (cloud, role) = (cloud.clone(), role.clone());
        async move {
            let target = match service {
                Service::Route53 | Service::Route53Profiles => &request.path,
                _ => request.header("x-amz-target").unwrap_or_default(),
            };
            let (status, body) = cloud.serve(&role, service, target, &request.body).await?;
            Some(Response::new(status, body))
        }
    })
    .await
}
