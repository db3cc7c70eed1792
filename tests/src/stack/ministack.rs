//! CloudFormation, EventBridge, SQS, Lambda and SNS without AWS.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::{ACCOUNT, Process, REGION, environment, root, sdk, serve, tool};
use crate::error::{HarnessError, Result, While};
use crate::http::{self, Request};
use crate::scratch::Scratch;

/// The file that holds the template, in the directory of ministack.
const TEMPLATE: &str = "postern.yaml";

/// A ministack on a free loopback port, gone on drop with the functions that it runs.
#[derive(Debug)]
pub struct Ministack {
    address: SocketAddr,
    // Dropped before the directory that it writes to.
    process: Process,
    scratch: Scratch,
}

impl Ministack {
    /// Starts it; its functions find EC2 and Elastic Load Balancing at this endpoint.
    pub async fn start(ec2: &str) -> Result<Self> {
        let program = tool("ministack")?;
        let scratch = Scratch::new()?;
        let directory = scratch.path().display().to_string();
        let (process, address) = serve("/_ministack/ready", |port| {
            let mut variables = environment();
            variables.extend([
                ("BIND_HOST", "127.0.0.1".to_owned()),
                ("GATEWAY_PORT", port.to_string()),
                ("MINISTACK_ACCOUNT_ID", ACCOUNT.to_owned()),
                // Each call is signed, and IAM evaluates the policies of the caller's role.
                ("AUTH", "true".to_owned()),
                // Else it listens on two more ports, and on all interfaces.
                ("IOT_MTLS_ENABLED", "0".to_owned()),
                ("SFTP_ENABLED", "0".to_owned()),
                ("TMPDIR", directory.clone()),
                ("STATE_DIR", format!("{directory}/state")),
                // The functions inherit these.
                ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
                ("AWS_ENDPOINT_URL_EC2", ec2.to_owned()),
                ("AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2", ec2.to_owned()),
            ]);
            Process::start(&program, [""; 0], variables)
        })
        .await?;
        let ministack = Self {
            address,
            process,
            scratch,
        };
        ministack.write_template()?;
        ministack.create_bucket().await?;
        Ok(ministack)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The project's template without the resources that ministack does not know: queries of logs.
    pub fn template(&self) -> PathBuf {
        self.scratch.path().join(TEMPLATE)
    }

    fn write_template(&self) -> Result<()> {
        let path = root().join("infra/postern.yaml");
        let template = fs::read_to_string(&path).while_doing(format_args!("reading `{}`", path.display()))?;
        // An empty line follows every resource.
        let blocks = template.split_inclusive("\n\n");
        let known = blocks.filter(|block| !block.contains("AWS::Logs::QueryDefinition"));
        self.scratch.write(TEMPLATE, &known.collect::<String>())
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub async fn sdk(&self) -> aws_config::SdkConfig {
        sdk(&self.url(), REGION).await
    }

    /// The name of the table that holds the ledger.
    pub async fn ledger(&self) -> Result<String> {
        let tables = aws_sdk_dynamodb::Client::new(&self.sdk().await).list_tables().send();
        let tables = tables.await.while_doing("listing the tables")?.table_names;
        match tables.unwrap_or_default().as_slice() {
            [table] => Ok(table.clone()),
            others => Err(HarnessError::new(format_args!("one table is expected: {others:?}"))),
        }
    }

    /// What it and its functions wrote.
    pub fn output(&self) -> String {
        self.process.output()
    }

    /// Ends it in good order: it waits for its functions to be gone.
    pub async fn stop(self) -> Result<()> {
        http::ask(self.address, &Request::post("/_ministack/reset"))
            .await
            .while_doing("stopping ministack")?;
        Ok(())
    }
}
