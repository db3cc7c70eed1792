//! The whole story: a changed VPC, events, the deployed functions, alerts; first in audit mode, then in enforce mode, then
//! the same events again, then with AWS failing in the middle of it; then somebody takes a change back and lets it happen
//! again, and somebody wants a subnet back.

mod actors;

use postern_core::history::{ChangeRecord, ChangeStatus};
use postern_core::trigger::DEPENDENCY_VIOLATION;

use self::actors::Actors;
use crate::alert::Alert;
use crate::chain::{Chain, Delivery};
use crate::checks::{Check, look};
use crate::envelope::Envelope;
use crate::error::Result;
use crate::operator::Operator;
use crate::programs::ready;
use crate::proxy::{Call, Proxy};
use crate::seed::FaultyVpc;
use crate::settings;
use crate::stack::{Ministack, Moto, Programs, REGION};

/// What a round left behind.
#[derive(Clone, Debug)]
pub struct Round {
    pub deliveries: Vec<Delivery>,
    pub alerts: Vec<Alert>,
    /// What the functions asked of EC2.
    pub calls: Vec<Call>,
    /// The VPC afterwards.
    pub checks: Vec<Check>,
}

#[derive(Clone, Debug)]
pub struct Played {
    pub vpc: FaultyVpc,
    /// The VPC at first.
    pub before: Vec<Check>,
    /// Events that no rule may match.
    pub strays: Vec<Delivery>,
    pub audit: Round,
    pub enforce: Round,
    /// The same events once more.
    pub again: Round,
    /// Something is broken again, and AWS does not answer while it is repaired.
    pub interrupted: Round,
    /// What the ledger has of the changes of that round.
    pub recorded: Vec<ChangeRecord>,
    /// One of them is taken back, and an event looks at it.
    pub taken_back: Round,
    /// It may be made again, and what was in a dead-letter queue is tried again.
    pub resumed: Round,
    /// Somebody cannot delete a subnet.
    pub blocked: Round,
}

/// For whoever watches.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    Starting,
    Deploying {
        mode: &'a str,
    },
    Seeded {
        vpc: &'a FaultyVpc,
        checks: &'a [Check],
    },
    Playing {
        round: &'a str,
    },
    Delivered(&'a Delivery),
    Received(&'a Alert),
    /// A message comes back after so many seconds.
    Hastened {
        seconds: u32,
    },
    /// Somebody did this in the VPC.
    Broken {
        what: &'a str,
    },
    /// This call of EC2 is carried out, but not answered.
    Unanswered {
        action: &'a str,
    },
    Healed,
    Recorded(&'a [ChangeRecord]),
    /// Somebody typed this at a terminal.
    Typed {
        command: &'a str,
        output: &'a str,
    },
    /// EventBridge could not deliver this event.
    Undelivered(&'a Envelope),
    Done(&'a Round),
}

impl Round {
    pub fn mutations(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| call.mutates())
    }
}

impl Played {
    /// Whether audit mode left the VPC alone, enforce mode repaired all of it, the same events then did nothing, what was
    /// interrupted was brought to its end with each change made once, what was taken back stayed so until it was allowed
    /// again, and nothing was taken away unasked.
    pub fn succeeded(&self) -> bool {
        let untouched = self.audit.checks == self.before && self.audit.mutations().next().is_none();
        let silent = self.again.mutations().next().is_none() && self.again.alerts.is_empty();
        let all = |checks: &[Check]| checks.iter().all(|check| check.passed);
        let applied = |record: &ChangeRecord| matches!(record.status, ChangeStatus::Applied { .. });
        let once = |record: &ChangeRecord| {
            let same = self.recorded.iter().filter(|other| other.action == record.action);
            same.count() == 1
        };
        let recovered = self.recorded.iter().all(|record| applied(record) && once(record));
        let held = self.taken_back.mutations().next().is_none() && !all(&self.taken_back.checks);
        let rounds = [
            &self.enforce,
            &self.again,
            &self.interrupted,
            &self.resumed,
            &self.blocked,
        ];
        untouched
            && silent
            && recovered
            && held
            && self.blocked.mutations().next().is_none()
            && rounds.iter().all(|round| all(&round.checks))
    }
}

/// Everything that runs. Gone on drop.
#[derive(Debug)]
pub struct Stage {
    ec2: aws_sdk_ec2::Client,
    proxy: Proxy,
    ministack: Ministack,
    moto: Moto,
}

impl Stage {
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

/// Plays everything and cleans up.
pub async fn play(watch: &mut impl FnMut(Progress<'_>)) -> Result<Played> {
    ready()?;
    watch(Progress::Starting);
    let (stage, programs) = tokio::try_join!(Stage::start(), Programs::pack())?;
    let played = play_on(&stage, &programs, watch).await;
    // Without an answer it is killed instead.
    let _ = stage.ministack.stop().await;
    played
}

async fn play_on(stage: &Stage, programs: &Programs, watch: &mut impl FnMut(Progress<'_>)) -> Result<Played> {
    watch(Progress::Deploying { mode: "audit" });
    let (audit, enforce) = (
        programs.with(settings::audit()).await?,
        programs.with(&settings::enforce()).await?,
    );
    let (vpc, ()) = tokio::try_join!(FaultyVpc::create(&stage.ec2, REGION), stage.ministack.deploy(&audit))?;
    let chain = Chain::of(&stage.ministack).await?;
    let before = look(&stage.ec2, &vpc).await?;
    watch(Progress::Seeded {
        vpc: &vpc,
        checks: &before,
    });

    let events = [
        Envelope::create_subnet(&vpc),
        Envelope::revoke_ingress(&vpc),
        Envelope::reset_policy(&vpc),
    ];
    let actors = Actors {
        stage,
        chain: &chain,
        vpc: &vpc,
        operator: Operator::of(&stage.ministack, &stage.moto, &settings::enforce()).await?,
    };
    watch(Progress::Playing { round: "audit" });
    let strays = actors.strays(&events, watch).await?;
    let audit = actors.round(&events, watch).await?;

    watch(Progress::Deploying { mode: "enforce" });
    stage.ministack.deploy(&enforce).await?;
    watch(Progress::Playing { round: "enforce" });
    let enforce = actors.round(&events, watch).await?;
    watch(Progress::Playing { round: "again" });
    let again = actors.round(&events, watch).await?;

    watch(Progress::Playing { round: "interrupted" });
    let before_it = actors.history().await?.len();
    let interrupted = actors.interrupted(watch).await?;
    let recorded = actors.history().await?.split_off(before_it);
    watch(Progress::Recorded(&recorded));
    watch(Progress::Playing { round: "taken-back" });
    let taken_back = actors.taken_back(&recorded, watch).await?;
    watch(Progress::Playing { round: "resumed" });
    let resumed = actors.resumed(watch).await?;
    watch(Progress::Playing { round: "blocked" });
    let deletion = Envelope::delete_subnet(&vpc.region, &vpc.app_c).failed(DEPENDENCY_VIOLATION);
    let blocked = actors.round(&[deletion], watch).await?;
    Ok(Played {
        vpc,
        before,
        strays,
        audit,
        enforce,
        again,
        interrupted,
        recorded,
        taken_back,
        resumed,
        blocked,
    })
}
