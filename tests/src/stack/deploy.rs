//! The project's template, deployed by the project's script.

use std::path::PathBuf;
use std::{env, fs};

use postern_core::functions::FUNCTIONS;
use tokio::task::JoinSet;

use super::{Ministack, Process, environment, root, tool};
use crate::error::{HarnessError, Result, While};
use crate::http::{self, Request};
use crate::programs::program;
use crate::scratch::Scratch;

const BUCKET: &str = "code";
const STACK: &str = "postern";
const ZIP: &str = include_str!("zip.py");

/// The zip files of all functions, still without settings. These are large, so they are packed once.
#[derive(Debug)]
pub struct Programs(Scratch);

/// The zip files of all functions, with one settings file.
#[derive(Debug)]
pub struct Zips(Scratch);

impl Programs {
    pub async fn pack() -> Result<Self> {
        let scratch = Scratch::new()?;
        scratch.write("zip.py", ZIP)?;
        let mut packers = JoinSet::new();
        for function in FUNCTIONS {
            let program = program(function.name)?.display().to_string();
            let zip = scratch.path().join(function.name);
            packers.spawn(add(&scratch, ["bootstrap", &program, "755"], [zip])?);
        }
        while let Some(packed) = packers.join_next().await {
            packed.while_doing("packing the functions")??;
        }
        Ok(Self(scratch))
    }

    /// The same with settings.
    pub async fn with(&self, settings: &str) -> Result<Zips> {
        let scratch = Scratch::new()?;
        scratch.write("postern.toml", settings)?;
        let mut zips = Vec::new();
        for function in FUNCTIONS {
            let directory = scratch.path().join(function.name);
            let zip = directory.join("bootstrap.zip");
            let copied = fs::create_dir(&directory).and_then(|()| fs::copy(self.0.path().join(function.name), &zip));
            copied.while_doing(format_args!("copying to `{}`", zip.display()))?;
            zips.push(zip);
        }
        let settings = scratch.path().join("postern.toml").display().to_string();
        add(&self.0, ["postern.toml", &settings, "644"], zips)?.await?;
        Ok(Zips(scratch))
    }
}

/// Adds a file to zip files: its name in there, itself, and its mode.
fn add<Z>(tools: &Scratch, file: [&str; 3], zips: Z) -> Result<impl Future<Output = Result<String>> + use<Z>>
where
    Z: IntoIterator<Item = PathBuf>,
{
    let script = tools.path().join("zip.py");
    let arguments = [script].into_iter().chain(file.map(PathBuf::from)).chain(zips);
    Ok(Process::start(tool("python")?, arguments, environment())?.finish())
}

impl Ministack {
    /// Deploys the template with these zip files, or brings what is deployed up to date.
    pub async fn deploy(&self, zips: &Zips) -> Result<()> {
        self.deploy_with(zips, &[]).await
    }

    /// The same with these parameters, such as `LedgerTable=NAME`.
    pub async fn deploy_with(&self, zips: &Zips, parameters: &[&str]) -> Result<()> {
        let arch = match env::consts::ARCH {
            "x86_64" => "x86_64",
            "aarch64" => "arm64",
            other => {
                return Err(HarnessError::new(format_args!(
                    "Lambda does not know `{other}` processors"
                )));
            }
        };
        let mut variables = environment();
        variables.extend([
            ("AWS_ENDPOINT_URL", self.url()),
            ("AWS_CLI", tool("aws")?.display().to_string()),
            ("BUCKET", BUCKET.to_owned()),
            ("STACK", STACK.to_owned()),
            ("ARCH", arch.to_owned()),
            ("ZIPS", zips.0.path().display().to_string()),
            ("TEMPLATE", self.template().display().to_string()),
        ]);
        Process::start(root().join("infra/deploy.sh"), parameters, variables)?
            .finish()
            .await?;
        Ok(())
    }

    /// Makes the bucket that takes the zip files.
    pub(super) async fn create_bucket(&self) -> Result<()> {
        let answer = http::ask(self.address(), &Request::put(&format!("/{BUCKET}"))).await;
        match answer.while_doing("creating a bucket")?.status {
            200 => Ok(()),
            status => Err(HarnessError::new(format_args!(
                "creating a bucket failed with HTTP {status}"
            ))),
        }
    }
}
