//! A stack is updated by `deploy.sh` while a function is in the middle of a change and events lie in its queue.
//!
//! The stand-in kills the running function where Lambda lets it finish, so that this is the harder case: what the old
//! version began, the new one has to find out, from a message that comes back.

use jiff::SignedDuration;
use postern_core::history::ChangeRecord;

use super::Environment;
use super::manual::{ManualRun, run_manual};
use crate::chain::Chain;
use crate::checks::{Check, check_vpc};
use crate::envelope::Envelope;
use crate::error::{HarnessError, Result, While};
use crate::ledger::{age, history};
use crate::messages::{Alert, Report};
use crate::operator::Operator;
use crate::programs::ready;
use crate::proxy::{Call, Fault};
use crate::seed::FaultyVpc;
use crate::settings;
use crate::stack::{Programs, REGION};

/// Seconds after which the message of a killed function comes back, instead of twelve minutes.
const BACK_SOON: u32 = 30;
/// Longer than a killed run holds its lease.
const LEASE: SignedDuration = SignedDuration::from_mins(5);

/// IAM's evaluation of the roles is on in the stand-in, so that this is felt at once.
const DENY_LEDGER: &str = r#"
role=$(aws iam list-roles --output text --query "Roles[?contains(RoleName, 'SubnetInspectorRole')].RoleName")
aws iam put-role-policy --role-name "$role" --policy-name denied --policy-document \
    '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"dynamodb:*","Resource":"*"}}'
"#;

/// What the events before, during and after the update led to.
#[derive(Debug)]
pub struct Upgrade {
    pub vpc: FaultyVpc,
    /// Of the event before the update.
    pub before: Vec<Report>,
    /// Of the events during and after it.
    pub reports: Vec<Report>,
    /// Of all.
    pub alerts: Vec<Alert>,
    /// The EC2 calls of all functions.
    pub calls: Vec<Call>,
    pub recorded: Vec<ChangeRecord>,
    pub checks: Vec<Check>,
    pub dead_letters: u32,
    /// After the role of the function was denied the ledger.
    pub denied: Vec<Alert>,
    /// The commands of the manual at the end.
    pub manual: Vec<ManualRun>,
}

/// Deploys, updates, and cleans up.
pub async fn upgrade() -> Result<Upgrade> {
    ready()?;
    let (environment, programs) = tokio::try_join!(Environment::start(), Programs::pack())?;
    let result = upgrade_in(&environment, &programs).await;
    let result = result.while_doing(format_args!(
        "updating the stack, whose functions wrote:\n{}\n",
        environment.ministack.output()
    ));
    // Without an answer it is killed instead.
    let _ = environment.ministack.stop().await;
    result
}

async fn upgrade_in(environment: &Environment, programs: &Programs) -> Result<Upgrade> {
    const CHANGE: &str = "ModifyVpcEndpoint";
    let Environment {
        ec2, proxy, ministack, ..
    } = environment;
    let old = programs.with(&settings::enforce()).await?;
    let new = programs
        .with(&format!("{}\n# The next version.\n", settings::enforce()))
        .await?;
    let (vpc, ()) = tokio::try_join!(FaultyVpc::create(ec2, REGION), ministack.deploy(&old))?;
    let chain = Chain::of(ministack).await?;
    for function in ["subnet-inspector", "endpoint-inspector", "policy-inspector"] {
        chain.shorten_visibility(function, BACK_SOON).await?;
    }

    let delivery = chain.deliver(&Envelope::create_subnet(&vpc)).await?;
    chain.settle(&delivery).await?;
    let before = chain.reports().await?;

    proxy.fail(CHANGE, Fault::Silence);
    let interrupted = chain.deliver(&Envelope::reset_policy(&vpc)).await?;
    proxy.failed().await;
    // For the function that is killed, and for another one.
    let events = [
        Envelope::reset_policy(&vpc),
        Envelope::associate_route_table(&vpc.region, &vpc.private_c, &vpc.app_c),
    ];
    let meanwhile = async {
        let mut deliveries = Vec::new();
        for event in &events {
            deliveries.push(chain.deliver(event).await?);
        }
        Ok::<_, HarnessError>(deliveries)
    };
    let (meanwhile, ()) = tokio::try_join!(meanwhile, ministack.deploy(&new))?;
    proxy.heal();
    let sdk = ministack.sdk().await;
    let table = ministack.ledger().await?;
    age(&sdk, &table, LEASE).await?;
    let after = chain.deliver(&Envelope::revoke_ingress(&vpc)).await?;
    for delivery in meanwhile.iter().chain([&interrupted, &after]) {
        chain.settle(delivery).await?;
    }
    let upgrade = Upgrade {
        before,
        reports: chain.reports().await?,
        alerts: chain.alerts().await?,
        calls: proxy.take(),
        recorded: history(&sdk, &table).await?,
        checks: check_vpc(ec2, &vpc).await?,
        dead_letters: chain.dead_letters().await?,
        denied: Vec::new(),
        manual: Vec::new(),
        vpc,
    };
    let operator = Operator::of(ministack, &environment.moto, &settings::enforce()).await?;
    let change = upgrade.recorded.last();
    let change = change.ok_or_else(|| HarnessError::new("no change is recorded"))?;
    let denied = denied(environment, &chain, &operator, &upgrade.vpc).await?;
    let manual = run_manual(&operator, &chain, &upgrade.vpc, change).await?;
    Ok(Upgrade {
        denied,
        manual,
        ..upgrade
    })
}

/// Denies the ledger to a role, and has its function find something to repair.
async fn denied(environment: &Environment, chain: &Chain, operator: &Operator, vpc: &FaultyVpc) -> Result<Vec<Alert>> {
    let ec2 = &environment.ec2;
    operator.shell(DENY_LEDGER).await?;
    let remove = ec2.modify_vpc_endpoint().vpc_endpoint_id(&vpc.s3);
    let remove = remove.remove_route_table_ids(&vpc.private_c).send();
    remove.await.while_doing("taking an endpoint off a route table")?;
    let event = Envelope::associate_route_table(&vpc.region, &vpc.private_c, &vpc.app_c);
    chain.deliver(&event).await?;
    chain.next_alerts().await
}
