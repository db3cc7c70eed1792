//! The project's template, deployed by the project's script.

use std::path::Path;
use std::{env, fs};

use postern_core::function::FUNCTIONS;
use tokio::task::JoinSet;

use super::{Ministack, Process, environment, root, tool};
use crate::error::{HarnessError, Result, While};
use crate::http::{self, Request};
use crate::programs::program;
use crate::scratch::Scratch;

const BUCKET: &str = "code";
const STACK: &str = "postern";
const ZIP: &str = include_str!("zip.py");

/// The zip files of all functions, with one settings file.
#[derive(Debug)]
pub struct Zips(Scratch);

impl Zips {
    pub async fn pack(settings: &str) -> Result<Self> {
        let scratch = Scratch::new()?;
        scratch.write("zip.py", ZIP)?;
        scratch.write("postern.toml", settings)?;
        let mut packers = JoinSet::new();
        for function in FUNCTIONS {
            let program = program(function.name)?;
            let directory = scratch.path().join(function.name);
            fs::create_dir(&directory).while_doing("making room for the zip files")?;
            let arguments = [
                scratch.path().join("zip.py"),
                directory.join("bootstrap.zip"),
                program,
                scratch.path().join("postern.toml"),
            ];
            let packer = Process::start(tool("python")?, arguments, environment())?;
            packers.spawn(packer.finish());
        }
        while let Some(packed) = packers.join_next().await {
            packed.while_doing("packing the functions")??;
        }
        Ok(Self(scratch))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Ministack {
    /// Deploys the template with these zip files, or brings what is deployed up to date.
    pub async fn deploy(&self, zips: &Zips) -> Result<()> {
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
            ("ZIPS", zips.path().display().to_string()),
        ]);
        Process::start(root().join("infra/deploy.sh"), [""; 0], variables)?
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
