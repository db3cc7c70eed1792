//! EC2 without AWS.

use std::net::SocketAddr;

use aws_config::SdkConfig;

use super::{ACCOUNT, Process, environment, sdk, serve, tool};
use crate::error::Result;

/// A moto server on a free loopback port, gone on drop.
#[derive(Debug)]
pub struct Moto {
    address: SocketAddr,
    _process: Process,
}

impl Moto {
    pub async fn start() -> Result<Self> {
        let program = tool("moto_server")?;
        let (process, address) = serve("/moto-api/", |port| {
            let mut variables = environment();
            variables.push(("MOTO_ACCOUNT_ID", ACCOUNT.to_owned()));
            Process::start(&program, ["-H", "127.0.0.1", "-p", &port.to_string()], variables)
        })
        .await?;
        Ok(Self {
            address,
            _process: process,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub async fn sdk(&self, region: &str) -> SdkConfig {
        sdk(&format!("http://{}", self.address), region).await
    }

    pub async fn ec2(&self, region: &str) -> aws_sdk_ec2::Client {
        aws_sdk_ec2::Client::new(&self.sdk(region).await)
    }
}
