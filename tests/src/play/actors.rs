//! What is done on the stage.

use postern_core::changes::{AssociateRouteTable, Change};
use postern_core::controls::gateway_route_missing;
use postern_core::history::{Action, ChangeRecord};
use serde_json::json;

use super::{Progress, Round, Stage};
use crate::alert::Alert;
use crate::chain::{Chain, Delivery};
use crate::checks::look;
use crate::envelope::Envelope;
use crate::error::{HarnessError, Result, While};
use crate::ledger::history;
use crate::operator::Operator;
use crate::proxy::Fault;
use crate::seed::FaultyVpc;

/// The seconds after which a message comes back once AWS is to fail. More than a function needs to give up.
const BACK_SOON: u32 = 8;

/// Whoever changes the VPC, and who looks after Postern.
pub(super) struct Actors<'a> {
    pub(super) stage: &'a Stage,
    pub(super) chain: &'a Chain,
    pub(super) vpc: &'a FaultyVpc,
    pub(super) operator: Operator,
}

impl Actors<'_> {
    /// Plays one event after the other, each to its end.
    pub(super) async fn round(&self, events: &[Envelope], watch: &mut impl FnMut(Progress<'_>)) -> Result<Round> {
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
    pub(super) async fn interrupted(&self, watch: &mut impl FnMut(Progress<'_>)) -> Result<Round> {
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

    /// Somebody takes the association of a route table back, and the event of that looks at the VPC again.
    pub(super) async fn taken_back(
        &self,
        recorded: &[ChangeRecord],
        watch: &mut impl FnMut(Progress<'_>),
    ) -> Result<Round> {
        let associated = |record: &&ChangeRecord| matches!(&record.action, Action::Change(Change::AssociateRouteTable(AssociateRouteTable { endpoint, .. })) if endpoint.0 == self.vpc.s3);
        let record = recorded.iter().find(associated);
        let record = record.ok_or_else(|| HarnessError::new("no association of a route table is on record"))?;
        self.type_in(&["history", "--resource", &self.vpc.s3, "--since", "1h"], watch)
            .await?;
        self.type_in(&["rollback", record.id.as_str()], watch).await?;
        let removed = json!({"RemoveRouteTableId": {"tag": 1, "content": self.vpc.private_ab}});
        let event = Envelope::modify_endpoint(&self.vpc.region, &self.vpc.s3, removed);
        self.round(&[event], watch).await
    }

    /// It may be repaired again, and an event that EventBridge could not deliver is fetched.
    pub(super) async fn resumed(&self, watch: &mut impl FnMut(Progress<'_>)) -> Result<Round> {
        const CONTROL: &str = gateway_route_missing::CONTROL.name;
        self.type_in(&["resume", CONTROL, &self.vpc.private_ab], watch).await?;
        let vpc = self.vpc;
        let event = Envelope::associate_route_table(&vpc.region, &vpc.private_ab, &vpc.app_a);
        self.chain.bury(&event).await?;
        watch(Progress::Undelivered(&event));
        self.stage.proxy.take();
        let delivery = self.chain.reach(&event).await?;
        for function in &delivery.functions {
            let queue = self.chain.queue(function)?;
            self.type_in(&["redrive", queue], watch).await?;
        }
        self.settle(&delivery).await?;
        let alerts = received(self.chain.alerts().await?, watch);
        self.done(vec![delivery], alerts, watch).await
    }

    async fn type_in(&self, arguments: &[&str], watch: &mut impl FnMut(Progress<'_>)) -> Result<()> {
        let output = self.operator.postern(arguments).await?;
        watch(Progress::Typed {
            command: &format!("postern {}", arguments.join(" ")),
            output: &output,
        });
        Ok(())
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

    pub(super) async fn history(&self) -> Result<Vec<ChangeRecord>> {
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
    pub(super) async fn strays(
        &self,
        events: &[Envelope],
        watch: &mut impl FnMut(Progress<'_>),
    ) -> Result<Vec<Delivery>> {
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
