//! The whole story: a changed VPC, events, the deployed functions, alerts; first in audit mode, then in enforce mode, then
//! the same events again.

use crate::alert::Alert;
use crate::chain::{Chain, Delivery};
use crate::checks::{Check, look};
use crate::envelope::Envelope;
use crate::error::{HarnessError, Result, While};
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
}

/// For whoever watches.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    Starting,
    Deploying { mode: &'a str },
    Seeded { vpc: &'a FaultyVpc, checks: &'a [Check] },
    Playing { round: &'a str },
    Delivered(&'a Delivery),
    Received(&'a Alert),
    Done(&'a Round),
}

impl Round {
    pub fn mutations(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| call.mutates())
    }
}

impl Played {
    /// Whether audit mode left the VPC alone, enforce mode repaired all of it, and the same events then did nothing.
    pub fn succeeded(&self) -> bool {
        let untouched = self.audit.checks == self.before && self.audit.mutations().next().is_none();
        let silent = self.again.mutations().next().is_none() && self.again.alerts.is_empty();
        let all = |checks: &[Check]| checks.iter().all(|check| check.passed);
        untouched && silent && all(&self.enforce.checks) && all(&self.again.checks)
    }
}

/// Everything that runs. Gone on drop.
#[derive(Debug)]
pub struct Stage {
    ec2: aws_sdk_ec2::Client,
    proxy: Proxy,
    ministack: Ministack,
    _moto: Moto,
}

impl Stage {
    async fn start() -> Result<Self> {
        let moto = Moto::start().await?;
        let proxy = Proxy::start(moto.address()).await?;
        Ok(Self {
            ec2: moto.ec2(REGION).await,
            ministack: Ministack::start(&proxy.url()).await?,
            proxy,
            _moto: moto,
        })
    }
}

/// Plays everything and cleans up.
pub async fn play(watch: &mut impl FnMut(Progress<'_>)) -> Result<Played> {
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
    Ok(Played {
        vpc,
        before,
        strays,
        audit,
        enforce,
        again,
    })
}

struct Actors<'a> {
    stage: &'a Stage,
    chain: &'a Chain,
    vpc: &'a FaultyVpc,
}

impl Actors<'_> {
    /// Plays one event after the other, each to its end.
    async fn round(&self, events: &[Envelope], watch: &mut impl FnMut(Progress<'_>)) -> Result<Round> {
        self.stage.proxy.take();
        let mut deliveries = Vec::new();
        let mut alerts = Vec::new();
        for event in events {
            let delivery = self.chain.deliver(event).await?;
            watch(Progress::Delivered(&delivery));
            self.settle(&delivery).await?;
            deliveries.push(delivery);
            for alert in self.chain.alerts().await? {
                watch(Progress::Received(&alert));
                alerts.push(alert);
            }
        }
        let checks = look(&self.stage.ec2, self.vpc).await?;
        let round = Round {
            deliveries,
            alerts,
            calls: self.stage.proxy.take(),
            checks,
        };
        watch(Progress::Done(&round));
        Ok(round)
    }

    /// Plays what must not start anything: a call that failed, one of Postern itself, one to another service.
    async fn strays(&self, events: &[Envelope], watch: &mut impl FnMut(Progress<'_>)) -> Result<Vec<Delivery>> {
        let event = events
            .first()
            .ok_or_else(|| HarnessError::new("there is nothing to play"))?;
        let mut strays = vec![
            event.clone().failed("Client.UnauthorizedOperation"),
            event.clone().to_service("aoss.amazonaws.com"),
        ];
        strays.extend(self.chain.own_roles().iter().map(|role| event.clone().by_role(role)));
        let mut deliveries = Vec::new();
        for event in &strays {
            let delivery = self.chain.deliver(event).await?;
            watch(Progress::Delivered(&delivery));
            self.settle(&delivery).await?;
            deliveries.push(delivery);
        }
        Ok(deliveries)
    }

    async fn settle(&self, delivery: &Delivery) -> Result<()> {
        let settled = self.chain.settle(delivery).await;
        settled.while_doing(format_args!(
            "waiting for the functions, which wrote:\n{}\n",
            self.tail()
        ))
    }

    fn tail(&self) -> String {
        let output = self.stage.ministack.output();
        let lines: Vec<_> = output.lines().collect();
        lines
            .get(lines.len().saturating_sub(40)..)
            .unwrap_or_default()
            .join("\n")
    }
}
