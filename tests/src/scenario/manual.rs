//! The commands of the manual that need a deployment.

use postern_core::history::ChangeRecord;

use crate::chain::Chain;
use crate::documents::{WITH_DEPLOYMENT, block, commands};
use crate::error::Result;
use crate::operator::Operator;
use crate::seed::FaultyVpc;
use crate::stack::REGION;

/// A command and what came of it.
#[derive(Clone, Debug)]
pub struct ManualRun {
    pub command: String,
    pub output: String,
    pub status: String,
}

/// Runs the commands of docs/cli.md as they are written there, but for the ids, which become those of the VPC and of this
/// change of it.
pub(super) async fn run_manual(
    operator: &Operator,
    chain: &Chain,
    vpc: &FaultyVpc,
    change: &ChangeRecord,
) -> Result<Vec<ManualRun>> {
    const MANUAL: &str = "docs/cli.md";
    let ids = [
        ("vpce-0a1b2c3d4e5f67890", vpc.sts.as_str()),
        ("vpc-0a1b2c3d4e5f67890", &vpc.id),
        ("subnet-0a1b2c3d4e5f67890", &vpc.app_c),
        ("20261123T061530.123456Z-0a1b2c3d", change.id.as_str()),
        ("5f0c54b2-7d7e-4a4f-9a0e-2f1f5a3d8c11", change.run.as_str()),
        (
            "https://sqs.eu-central-1.amazonaws.com/111122223333/postern-SubnetInspectorQueue-1A2B3C",
            chain.queue("subnet-inspector")?,
        ),
        ("eu-central-1", REGION),
    ];
    let own = |command: String| ids.iter().fold(command, |command, (id, own)| command.replace(id, own));
    let deploy = block("README.md", "aws ssm put-parameter")?;
    let put = deploy.lines().next().unwrap_or_default();
    operator
        .shell(&format!("postern settings show > small.toml\n{put}"))
        .await?;
    let table = own(block(MANUAL, "export POSTERN_LEDGER_TABLE=")?);
    let mut commands = commands(MANUAL)?;
    commands.retain(|command| WITH_DEPLOYMENT.iter().any(|start| command.starts_with(start)));
    // While there is something to release, which is not so after a rollback of everything.
    commands.sort_by_key(|command| !command.starts_with("postern release"));
    let mut runs = Vec::new();
    for command in commands {
        let command = own(command);
        let script = format!("{table}\nset +e\n{command}\necho \"exit status $?\"");
        let output = operator.shell(&script).await?;
        let status = output.trim_end().rsplit(' ').next().unwrap_or_default().to_owned();
        runs.push(ManualRun {
            command,
            output,
            status,
        });
    }
    Ok(runs)
}
