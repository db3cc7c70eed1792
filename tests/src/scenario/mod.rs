//! The deployed functions from end to end: events of a VPC with defects, first in audit mode, then in enforce mode, then the
//! same events again, then while EC2 fails during a repair; then a rollback, a resumed remediation, a subnet that cannot
//! be deleted, an endpoint service that somebody opened to everybody, and a spoke without a route to its hub.

mod manual;
mod steps;
mod upgrade;

use postern_core::history::{ChangeRecord, ChangeStatus};
use postern_core::trigger::DEPENDENCY_VIOLATION;
use serde_json::Value;

pub use self::manual::ManualRun;
use self::steps::Steps;
pub use self::upgrade::{Upgrade, upgrade};
use crate::chain::{Chain, Delivery};
use crate::checks::{Check, check_vpc};
use crate::envelope::Envelope;
use crate::error::Result;
use crate::messages::{Alert, Report};
use crate::offer::PublicService;
use crate::operator::Operator;
use crate::programs::ready;
use crate::proxy::{Call, Proxy};
use crate::seed::FaultyVpc;
use crate::settings;
use crate::spoke::Spoke;
use crate::stack::{Ministack, Moto, Programs, REGION};

/// The parts of the scenario, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Audit,
    Enforce,
    Repeated,
    Interrupted,
    RolledBack,
    Resumed,
    Blocked,
    Served,
    Central,
}

/// What happened in one part of the scenario.
#[derive(Clone, Debug)]
pub struct Round {
    pub deliveries: Vec<Delivery>,
    pub alerts: Vec<Alert>,
    pub reports: Vec<Report>,
    /// The EC2 calls of the functions.
    pub calls: Vec<Call>,
    /// The VPC, or the endpoint service, afterwards.
    pub checks: Vec<Check>,
}

#[derive(Clone, Debug)]
pub struct ScenarioResult {
    pub vpc: FaultyVpc,
    pub service: PublicService,
    /// The VPC at first.
    pub before: Vec<Check>,
    /// Events that no rule may match.
    pub ignored: Vec<Delivery>,
    pub audit: Round,
    pub enforce: Round,
    /// The same events once more.
    pub repeated: Round,
    /// The VPC was damaged again, and EC2 failed during the repair.
    pub interrupted: Round,
    /// The ledger's records of the changes of that part.
    pub recorded: Vec<ChangeRecord>,
    /// One of them was rolled back, and the event of the rollback was delivered.
    pub rolled_back: Round,
    /// The remediation was resumed, and an event was fetched from a dead-letter queue.
    pub resumed: Round,
    /// A subnet could not be deleted.
    pub blocked: Round,
    /// The endpoint service after it was opened.
    pub opened: Vec<Check>,
    /// It was repaired, and an approved consumer connected.
    pub served: Round,
    pub spoke: Spoke,
    /// A spoke reached its hub, lost the route to it, and got it back.
    pub central: Round,
    /// The EC2 calls of the sweep that the command of the README asked for, and of one that `postern sweep` asked for.
    pub swept: [Vec<Call>; 2],
    /// The lines of `postern doctor` as JSON.
    pub doctor: Vec<Value>,
    pub recovered: Recovery,
}

/// The table of the ledger was deleted, and replaced as docs/recovery.md says.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// The EC2 calls for an event without a ledger, and the alerts about it.
    pub without: Vec<Call>,
    pub alerts: Vec<Alert>,
    /// The VPC after the recovery and another event.
    pub checks: Vec<Check>,
    /// The changes in the new ledger.
    pub recorded: usize,
}

/// What happens, for whoever watches.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    Starting,
    Deploying {
        mode: &'a str,
    },
    Created {
        vpc: &'a FaultyVpc,
        checks: &'a [Check],
    },
    Begun(Part),
    Delivered(&'a Delivery),
    /// The visibility timeout of a queue was set to so many seconds.
    VisibilityShortened {
        seconds: u32,
    },
    /// A person did this.
    Damaged {
        what: &'a str,
    },
    /// The endpoint service as a person left it.
    Opened {
        service: &'a PublicService,
        checks: &'a [Check],
    },
    /// AWS published that an endpoint waits for acceptance.
    Connecting {
        endpoint: &'a str,
    },
    /// A VPC uses the endpoint of another one.
    Spoke(&'a Spoke),
    /// EC2 carries out this call and does not answer.
    Unanswered {
        action: &'a str,
    },
    Healed,
    Recorded(&'a [ChangeRecord]),
    /// A command of the operator.
    CommandRun {
        command: &'a str,
        output: &'a str,
    },
    /// EventBridge could not deliver this event.
    Undelivered(&'a Envelope),
    Ended(Part, &'a Round),
}

impl Round {
    pub fn mutations(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| call.mutates())
    }
}

impl ScenarioResult {
    /// Whether audit mode changed nothing, enforce mode repaired everything, the same events then changed nothing, the
    /// interrupted repair was completed with each change made once, the rollback lasted until the remediation was
    /// resumed, the endpoint service was closed, and the spoke without a route to its hub was told.
    pub fn succeeded(&self) -> bool {
        let untouched = self.audit.checks == self.before && self.audit.mutations().next().is_none();
        let silent = self.repeated.mutations().next().is_none()
            && self.repeated.alerts.is_empty()
            && self.repeated.reports.is_empty();
        let all = |checks: &[Check]| checks.iter().all(|check| check.passed);
        let applied = |record: &ChangeRecord| matches!(record.status, ChangeStatus::Applied { .. });
        let once = |record: &ChangeRecord| {
            let same = self.recorded.iter().filter(|other| other.action == record.action);
            same.count() == 1
        };
        let recovered = self.recorded.iter().all(|record| applied(record) && once(record));
        let held = self.rolled_back.mutations().next().is_none() && !all(&self.rolled_back.checks);
        let rounds = [
            &self.enforce,
            &self.repeated,
            &self.interrupted,
            &self.resumed,
            &self.blocked,
            &self.served,
        ];
        untouched
            && silent
            && recovered
            && held
            && self.blocked.mutations().next().is_none()
            && rounds.iter().all(|round| all(&round.checks))
            && self.central.reports.len() == 2
    }
}

/// Everything that runs. Gone on drop.
#[derive(Debug)]
pub struct Environment {
    ec2: aws_sdk_ec2::Client,
    proxy: Proxy,
    ministack: Ministack,
    moto: Moto,
}

impl Environment {
    async fn start() -> Result<Self> {
        let moto = Moto::start().await?;
        let proxy = Proxy::start(moto.address()).await?;
        Ok(Self {
            ec2: moto.ec2(REGION).await,
            ministack: Ministack::start(&proxy.url()).await?,
            proxy,
            moto,
        })
    }
}

/// Runs everything and cleans up.
pub async fn run(watch: &mut impl FnMut(Progress<'_>)) -> Result<ScenarioResult> {
    ready()?;
    watch(Progress::Starting);
    let (environment, programs) = tokio::try_join!(Environment::start(), Programs::pack())?;
    let result = run_in(&environment, &programs, watch).await;
    // Without an answer it is killed instead.
    let _ = environment.ministack.stop().await;
    result
}

async fn run_in(
    environment: &Environment,
    programs: &Programs,
    watch: &mut impl FnMut(Progress<'_>),
) -> Result<ScenarioResult> {
    watch(Progress::Deploying { mode: "audit" });
    let (audit, enforce) = (
        programs.with(settings::audit()).await?,
        programs.with(&settings::enforce()).await?,
    );
    let (vpc, service, spoke, ()) = tokio::try_join!(
        FaultyVpc::create(&environment.ec2, REGION),
        PublicService::create(&environment.ec2, &environment.moto, REGION),
        Spoke::create(&environment.ec2, &environment.ministack, REGION),
        environment.ministack.deploy(&audit)
    )?;
    let chain = Chain::of(&environment.ministack).await?;
    let before = check_vpc(&environment.ec2, &vpc).await?;
    watch(Progress::Created {
        vpc: &vpc,
        checks: &before,
    });

    let events = [
        Envelope::create_subnet(&vpc),
        Envelope::revoke_ingress(&vpc),
        Envelope::reset_policy(&vpc),
    ];
    let steps = Steps {
        environment,
        chain: &chain,
        vpc: &vpc,
        service: &service,
        spoke: &spoke,
        operator: Operator::of(&environment.ministack, &environment.moto, &settings::enforce()).await?,
    };
    let ignored = steps.ignored(&events).await?;
    let audit = steps.round(Part::Audit, &events, watch).await?;
    watch(Progress::Deploying { mode: "enforce" });
    environment.ministack.deploy(&enforce).await?;
    let enforce_zips = enforce;
    let enforce = steps.round(Part::Enforce, &events, watch).await?;
    let repeated = steps.round(Part::Repeated, &events, watch).await?;

    let earlier = steps.history().await?.len();
    let interrupted = steps.interrupted(watch).await?;
    let recorded = steps.history().await?.split_off(earlier);
    watch(Progress::Recorded(&recorded));
    let rolled_back = steps.rolled_back(&recorded, watch).await?;
    let resumed = steps.resumed(watch).await?;
    let deletion = Envelope::delete_subnet(&vpc.region, &vpc.app_c).failed(DEPENDENCY_VIOLATION);
    let blocked = steps.round(Part::Blocked, &[deletion], watch).await?;
    let (opened, served) = steps.served(watch).await?;
    let central = steps.central(watch).await?;
    let swept = steps.swept(watch).await?;
    let doctor = steps.operator.doctor().await?;
    let recovered = steps.recovered(&enforce_zips, watch).await?;
    Ok(ScenarioResult {
        vpc,
        service,
        before,
        ignored,
        audit,
        enforce,
        repeated,
        interrupted,
        recorded,
        rolled_back,
        resumed,
        blocked,
        opened,
        served,
        spoke,
        central,
        swept,
        doctor,
        recovered,
    })
}
