//! An operator who rolls changes back, releases VPCs and resumes remediation.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use postern_cli::operate::{
    Changing, CommandError, OperatorContext, Release, Resume, Rollback, release, resume, rollback,
};
use postern_cloud::Cloud;
use postern_core::history::{ChangeId, ChangeRecord};
use postern_core::model::scope::ScopedResource;
use postern_core::plan::ReleaseTarget;
use postern_core::settings::Settings;
use tokio::time::timeout;

use crate::setup::{LEDGER, OPERATOR, records};

enum Command {
    Rollback(Rollback),
    Release(Release),
    Resume(Resume),
}

/// Runs a command of the program `postern`, and may be interrupted.
pub(crate) async fn operate(cloud: Cloud, settings: Arc<Settings>, mut rng: Rng) {
    let Some(command) = choose(&cloud, &mut rng) else {
        return;
    };
    let patience = match rng.u8(..4) {
        0 => Duration::from_millis(rng.u64(1..3_000)),
        _ => Duration::from_secs(3_600),
    };
    // A command that fails is reported to the operator, who is free to repeat it.
    let _ = timeout(patience, Box::pin(run(&cloud, &settings, command, &mut io::sink()))).await;
}

/// Rolls a change back. Gives what the command printed.
pub(crate) async fn roll_back(cloud: &Cloud, settings: &Settings, change: ChangeId) -> String {
    let mut out = Vec::new();
    let rollback = Rollback {
        change: Some(change),
        run: None,
        since: None,
        changing: Changing::default(),
    };
    let done = Box::pin(run(cloud, settings, Command::Rollback(rollback), &mut out)).await;
    format!("{done:?} {}", String::from_utf8_lossy(&out))
}

async fn run(
    cloud: &Cloud,
    settings: &Settings,
    command: Command,
    out: &mut dyn io::Write,
) -> Result<(), CommandError> {
    let context = OperatorContext::new(cloud.aws(OPERATOR), LEDGER).await?;
    match command {
        Command::Rollback(arguments) => rollback(&context, settings, &arguments, out).await,
        Command::Release(arguments) => release(&context, settings, &arguments, out).await,
        Command::Resume(arguments) => resume(&context, settings, &arguments, out).await,
    }
    .map(drop)
}

/// A command for a random record of the ledger.
fn choose(cloud: &Cloud, rng: &mut Rng) -> Option<Command> {
    let records: Vec<ChangeRecord> = records(cloud).into_iter().flatten().collect();
    let record = rng.choice(&records)?;
    let changing = Changing::default();
    Some(match rng.u8(..5) {
        0 | 1 => Command::Rollback(Rollback {
            change: Some(record.id.clone()),
            run: None,
            since: None,
            changing,
        }),
        2 => Command::Rollback(Rollback {
            change: None,
            run: Some(record.run.clone()),
            since: None,
            changing,
        }),
        3 => Command::Release(Release {
            target: Some(match &record.scope.resource {
                ScopedResource::Vpc(vpc) => ReleaseTarget::Vpc(vpc.clone()),
                ScopedResource::EndpointService(service) => ReleaseTarget::EndpointService(service.clone()),
            }),
            all: false,
            yes: false,
            changing,
        }),
        _ => {
            let key = record.causes.first()?;
            Command::Resume(Resume {
                control: Some(key.control.clone()),
                resource: Some(key.resource.id.clone()),
                run: None,
                changing,
            })
        }
    })
}
