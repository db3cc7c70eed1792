//! The whole story: a changed VPC, events, the deployed functions, alerts; first in audit mode, then in enforce mode, then
//! the same events again, then with AWS failing in the middle of it, and then somebody wants a subnet back.

use postern_core::function::DEPENDENCY_VIOLATION;
use postern_core::ledger::{ChangeRecord, Fate};

use crate::alert::Alert;
use crate::chain::{Chain, Delivery};
use crate::checks::{Check, look};
use crate::envelope::Envelope;
use crate::error::{HarnessError, Result, While};
use crate::ledger::history;
use crate::programs::ready;
use crate::proxy::{Call, Fault, Proxy};
use crate::seed::FaultyVpc;
use crate::settings;
use crate::stack::{Ministack, Moto, Programs, REGION};

/// The seconds after which a message comes back once AWS is to fail. More than a function needs to give up.
const BACK_SOON: u32 = 8;

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
    Done(&'a Round),
}

impl Round {
    pub fn mutations(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| call.mutates())
    }
}

impl Played {
    /// Whether audit mode left the VPC alone, enforce mode repaired all of it, the same events then did nothing, what was
    /// interrupted was brought to its end with each change made once, and nothing was taken away unasked.
    pub fn succeeded(&self) -> bool {
        let untouched = self.audit.checks == self.before && self.audit.mutations().next().is_none();
        let silent = self.again.mutations().next().is_none() && self.again.alerts.is_empty();
        let all = |checks: &[Check]| checks.iter().all(|check| check.passed);
        let applied = |record: &ChangeRecord| matches!(record.fate, Fate::Applied { .. });
        let once = |record: &ChangeRecord| {
            let same = self.recorded.iter().filter(|other| other.action == record.action);
            same.count() == 1
        };
        let recovered = self.recorded.iter().all(|record| applied(record) && once(record));
        let rounds = [&self.enforce, &self.again, &self.interrupted, &self.blocked];
        untouched
            && silent
            && recovered
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
        blocked,
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
            alerts.extend(received(self.chain.alerts().await?, watch));
        }
        self.done(deliveries, alerts, watch).await
    }

    /// Breaks something, and lets AWS fail in the middle of the repair.
    async fn interrupted(&self, watch: &mut impl FnMut(Progress<'_>)) -> Result<Round> {
        const ACTION: &str = "CreateVpcEndpoint";
        self.chain.hasten("endpoint-inspector", BACK_SOON).await?;
        watch(Progress::Hastened { seconds: BACK_SOON });
        let event = self.break_again().await?;
        watch(Progress::Broken {
            what: "deleted the endpoint to STS, and took the one to S3 off a route table",
        });
        self.stage.proxy.take();
        self.stage.proxy.fail(ACTION, Fault::LostAnswer);
        watch(Progress::Unanswered { action: ACTION });
        let delivery = self.chain.deliver(&event).await?;
        watch(Progress::Delivered(&delivery));
        let alerts = self.explained(self.chain.next_alerts().await)?;
        let mut alerts = received(alerts, watch);
        self.stage.proxy.heal();
        watch(Progress::Healed);
        self.settle(&delivery).await?;
        alerts.extend(received(self.chain.alerts().await?, watch));
        self.done(vec![delivery], alerts, watch).await
    }

    /// Somebody breaks what was right all the time. Gives the event that tells of it.
    async fn break_again(&self) -> Result<Envelope> {
        let (ec2, vpc) = (&self.stage.ec2, self.vpc);
        let delete = ec2.delete_vpc_endpoints().vpc_endpoint_ids(&vpc.sts).send();
        delete.await.while_doing("deleting an endpoint")?;
        let remove = ec2.modify_vpc_endpoint().vpc_endpoint_id(&vpc.s3);
        let remove = remove.remove_route_table_ids(&vpc.private_ab).send();
        remove.await.while_doing("taking an endpoint off a route table")?;
        Ok(Envelope::delete_endpoint(&vpc.region, &vpc.sts))
    }

    async fn history(&self) -> Result<Vec<ChangeRecord>> {
        let ministack = &self.stage.ministack;
        history(&ministack.sdk().await, &ministack.ledger().await?).await
    }

    async fn done(
        &self,
        deliveries: Vec<Delivery>,
        alerts: Vec<Alert>,
        watch: &mut impl FnMut(Progress<'_>),
    ) -> Result<Round> {
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
        self.explained(self.chain.settle(delivery).await)
    }

    /// With what the functions wrote, if they do not do what is waited for.
    fn explained<T>(&self, result: Result<T>) -> Result<T> {
        result.while_doing(format_args!(
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

fn received(alerts: Vec<Alert>, watch: &mut impl FnMut(Progress<'_>)) -> Vec<Alert> {
    for alert in &alerts {
        watch(Progress::Received(alert));
    }
    alerts
}
