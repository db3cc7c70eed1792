//! The stand-ins for AWS, on this machine.

mod deploy;
mod ministack;
mod moto;
mod process;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ec2::config::Credentials;
use tokio::time::timeout;

pub use self::deploy::{Programs, Zips};
pub use self::ministack::Ministack;
pub use self::moto::Moto;
pub use self::process::Process;
use crate::error::{HarnessError, Result, While};
use crate::http::{self, Request};

/// The account of all stand-ins. A documentation account.
pub const ACCOUNT: &str = "111122223333";
/// The Region of the stack.
pub const REGION: &str = "us-east-1";

/// Far above what it takes on a busy machine: whoever waits longer waits for nothing.
const START: Duration = Duration::from_secs(60);
/// Between two looks at something outside this process that tells nobody when it is done.
const POLL: Duration = Duration::from_millis(20);
/// How often to take another port where somebody else was faster.
const PORTS: usize = 3;

/// Where the locked Python tools are: `.venv` of the project, or what `POSTERN_VENV` names.
///
/// # Errors
/// If they are not installed.
pub fn tool(name: &str) -> Result<PathBuf> {
    let venv = env::var_os("POSTERN_VENV").map_or_else(|| root().join(".venv"), PathBuf::from);
    let tool = venv.join("bin").join(name);
    match tool.exists() {
        true => Ok(tool),
        false => Err(HarnessError::new(format_args!(
            "there is no `{}`; run `make .venv/.stamp` in the project's directory, or set POSTERN_VENV",
            tool.display()
        ))),
    }
}

/// The project's directory.
pub fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::canonicalize(&root).unwrap_or(root)
}

/// How to talk to a stand-in.
pub async fn sdk(endpoint: &str, region: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .endpoint_url(endpoint)
        .region(Region::new(region.to_owned()))
        .credentials_provider(Credentials::new(ACCOUNT, "test", None, None, "stand-in"))
        .load()
        .await
}

/// The environment of a program that talks to stand-ins and must not find the way to AWS.
pub fn environment() -> Vec<(&'static str, String)> {
    [
        ("AWS_ACCESS_KEY_ID", ACCOUNT),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_SESSION_TOKEN", ""),
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

/// Looks again after a moment.
pub(crate) async fn pause() {
    tokio::time::sleep(POLL).await;
}

/// Starts a server that wants to be told its port, and waits until it answers on `ready`.
async fn serve(ready: &str, start: impl Fn(u16) -> Result<Process>) -> Result<(Process, SocketAddr)> {
    let mut attempt = 1;
    loop {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let mut process = start(address.port())?;
        match timeout(START, answers(&mut process, address, ready)).await {
            Ok(Ok(())) => return Ok((process, address)),
            Ok(Err(_)) if attempt < PORTS => attempt += 1,
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(process.failure(&format!("is not ready after {START:?}"))),
        }
    }
}

async fn answers(process: &mut Process, address: SocketAddr, ready: &str) -> Result<()> {
    loop {
        if let Some(status) = process.ended()? {
            return Err(process.failure(&format!("ended at once ({status})")));
        }
        match http::ask(address, &Request::get(ready)).await {
            Ok(response) if response.status == 200 => return Ok(()),
            _ => pause().await,
        }
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).while_doing("looking for a free port")?;
    let address = listener.local_addr().while_doing("looking for a free port")?;
    Ok(address.port())
}
