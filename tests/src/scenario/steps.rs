//! The steps of the scenario.

use postern_core::changes::{AssociateRouteTable, Change};
use postern_core::controls::gateway_route_missing;
use postern_core::history::{Action, ChangeRecord};
use serde_json::json;

use super::{Environment, Part, Progress, Recovery, Round};
use crate::chain::{Chain, Delivery};
use crate::checks::{Check, check_vpc};
use crate::documents::block;
use crate::envelope::Envelope;
use crate::error::{HarnessError, Result, While};
use crate::ledger::history;
use crate::messages::Report;
use crate::offer::PublicService;
use crate::operator::Operator;
use crate::proxy::{Call, Fault};
use crate::seed::FaultyVpc;
use crate::spoke::Spoke;
use crate::stack::{REGION, Zips};

/// Seconds after which a failed message comes back while EC2 fails. More than a function needs until it fails.
const BACK_SOON: u32 = 8;

/// Changes the VPC, delivers events, and operates Postern.
pub(super) struct Steps<'a> {
    pub(super) environment: &'a Environment,
    pub(super) chain: &'a Chain,
    pub(super) vpc: &'a FaultyVpc,
    pub(super) service: &'a PublicService,
    pub(super) spoke: &'a Spoke,
    pub(super) operator: Operator,
}

impl Steps<'_> {
    /// Delivers one event after the other, each until the functions are done with it.
    pub(super) async fn round(
        &self,
        part: Part,
        events: &[Envelope],
        watch: &mut impl FnMut(Progress<'_>),
    ) -> Result<Round> {
        watch(Progress::Begun(part));
        self.deliver(part, events, watch).await
    }

    async fn deliver(&self, part: Part, events: &[Envelope], watch: &mut impl FnMut(Progress<'_>)) -> Result<Round> {
        self.environment.proxy.take();
        let mut deliveries = Vec::new();
        for event in events {
            deliveries.push(self.told(event, watch).await?);
        }
        let reports = self.chain.reports().await?;
        self.end(part, deliveries, reports, watch).await
    }

    /// Opens the endpoint service to everybody, and has an approved consumer connect once it is repaired. Also gives the
    /// service as it was in between.
    pub(super) async fn served(&self, watch: &mut impl FnMut(Progress<'_>)) -> Result<(Vec<Check>, Round)> {
        let (ec2, connections) = (&self.environment.ec2, self.environment.proxy.connections());
        watch(Progress::Begun(Part::Served));
        self.service.open(ec2, connections).await?;
        watch(Progress::Damaged {
            what: "allowed everybody to connect to an endpoint service, without acceptance",
        });
        let opened = self.service.check(ec2, connections).await?;
        watch(Progress::Opened {
            service: self.service,
            checks: &opened,
        });
        self.environment.proxy.take();
        let event = Envelope::allow_everybody(&self.vpc.region, &self.service.id);
        let delivery = self.chain.deliver(&event).await?;
        watch(Progress::Delivered(&delivery));
        self.settle(&delivery).await?;
        let endpoint = &self.service.late;
        self.service.connect(connections);
        watch(Progress::Connecting { endpoint });
        self.chain.notify_of_connection(&self.service.id, endpoint).await?;
        self.settle(&delivery).await?;
        let reports = self.chain.reports().await?;
        let checks = self.service.check(ec2, connections).await?;
        let round = self.round_of(vec![delivery], reports, checks).await?;
        watch(Progress::Ended(Part::Served, &round));
        Ok((opened, round))
    }

    /// Takes the route to its hub from a spoke, and gives it back.
    pub(super) async fn central(&self, watch: &mut impl FnMut(Progress<'_>)) -> Result<Round> {
        let ec2 = &self.environment.ec2;
        watch(Progress::Begun(Part::Central));
        watch(Progress::Spoke(self.spoke));
        self.environment.proxy.take();
        let mut deliveries = vec![self.told(&self.spoke.associated(), watch).await?];
        let event = self.spoke.disconnect(ec2).await?;
        watch(Progress::Damaged {
            what: "deleted the route from the spoke to the hub",
        });
        deliveries.push(self.told(&event, watch).await?);
        let event = self.spoke.connect(ec2).await?;
        watch(Progress::Damaged {
            what: "created the route again",
        });
        deliveries.push(self.told(&event, watch).await?);
        let reports = self.chain.reports().await?;
        let round = self.round_of(deliveries, reports, Vec::new()).await?;
        watch(Progress::Ended(Part::Central, &round));
        Ok(round)
    }

    /// Delivers an event, until the functions are done with it.
    async fn told(&self, event: &Envelope, watch: &mut impl FnMut(Progress<'_>)) -> Result<Delivery> {
        let delivery = self.chain.deliver(event).await?;
        watch(Progress::Delivered(&delivery));
        self.settle(&delivery).await?;
        Ok(delivery)
    }

    /// Damages the VPC, and lets EC2 fail during the repair.
    pub(super) async fn interrupted(&self, watch: &mut impl FnMut(Progress<'_>)) -> Result<Round> {
        const ACTION: &str = "CreateVpcEndpoint";
        watch(Progress::Begun(Part::Interrupted));
        self.chain.shorten_visibility("endpoint-inspector", BACK_SOON).await?;
        watch(Progress::VisibilityShortened { seconds: BACK_SOON });
        let event = self.damage().await?;
        watch(Progress::Damaged {
            what: "deleted the STS endpoint and removed a route table from the S3 endpoint",
        });
        self.environment.proxy.take();
        self.environment.proxy.fail(ACTION, Fault::LostAnswer);
        watch(Progress::Unanswered { action: ACTION });
        let delivery = self.chain.deliver(&event).await?;
        watch(Progress::Delivered(&delivery));
        let mut reports = self.with_function_output(self.chain.next_reports().await)?;
        self.environment.proxy.heal();
        watch(Progress::Healed);
        self.settle(&delivery).await?;
        reports.extend(self.chain.reports().await?);
        self.end(Part::Interrupted, vec![delivery], reports, watch).await
    }

    /// Rolls back the association of a route table, and delivers the event of that.
    pub(super) async fn rolled_back(
        &self,
        recorded: &[ChangeRecord],
        watch: &mut impl FnMut(Progress<'_>),
    ) -> Result<Round> {
        watch(Progress::Begun(Part::RolledBack));
        let associated = |record: &&ChangeRecord| matches!(&record.action, Action::Change(Change::AssociateRouteTable(AssociateRouteTable { endpoint, .. })) if endpoint.0 == self.vpc.s3);
        let record = recorded.iter().find(associated);
        let record = record.ok_or_else(|| HarnessError::new("no association of a route table is recorded"))?;
        self.run_command(&["history", "--resource", &self.vpc.s3, "--since", "1h"], watch)
            .await?;
        self.run_command(&["rollback", record.id.as_str()], watch).await?;
        let removed = json!({"RemoveRouteTableId": {"tag": 1, "content": self.vpc.private_ab}});
        let event = Envelope::modify_endpoint(&self.vpc.region, &self.vpc.s3, removed);
        self.deliver(Part::RolledBack, &[event], watch).await
    }

    /// Resumes the remediation, and fetches an event that EventBridge could not deliver.
    pub(super) async fn resumed(&self, watch: &mut impl FnMut(Progress<'_>)) -> Result<Round> {
        const CONTROL: &str = gateway_route_missing::CONTROL.name;
        watch(Progress::Begun(Part::Resumed));
        self.run_command(&["resume", CONTROL, &self.vpc.private_ab], watch)
            .await?;
        let vpc = self.vpc;
        let event = Envelope::associate_route_table(&vpc.region, &vpc.private_ab, &vpc.app_a);
        self.chain.dead_letter(&event).await?;
        watch(Progress::Undelivered(&event));
        self.environment.proxy.take();
        let delivery = self.chain.matching(&event).await?;
        for function in &delivery.functions {
            let queue = self.chain.queue(function)?;
            self.run_command(&["redrive", queue], watch).await?;
        }
        self.settle(&delivery).await?;
        let reports = self.chain.reports().await?;
        self.end(Part::Resumed, vec![delivery], reports, watch).await
    }

    async fn run_command(&self, arguments: &[&str], watch: &mut impl FnMut(Progress<'_>)) -> Result<()> {
        let output = self.operator.postern(arguments).await?;
        watch(Progress::CommandRun {
            command: &format!("postern {}", arguments.join(" ")),
            output: &output,
        });
        Ok(())
    }

    /// Damages what was repaired. Returns the event of it.
    async fn damage(&self) -> Result<Envelope> {
        let (ec2, vpc) = (&self.environment.ec2, self.vpc);
        let delete = ec2.delete_vpc_endpoints().vpc_endpoint_ids(&vpc.sts).send();
        delete.await.while_doing("deleting an endpoint")?;
        let remove = ec2.modify_vpc_endpoint().vpc_endpoint_id(&vpc.s3);
        let remove = remove.remove_route_table_ids(&vpc.private_ab).send();
        remove.await.while_doing("taking an endpoint off a route table")?;
        Ok(Envelope::delete_endpoint(&vpc.region, &vpc.sts))
    }

    pub(super) async fn history(&self) -> Result<Vec<ChangeRecord>> {
        let ministack = &self.environment.ministack;
        history(&ministack.sdk().await, &ministack.ledger().await?).await
    }

    async fn end(
        &self,
        part: Part,
        deliveries: Vec<Delivery>,
        reports: Vec<Report>,
        watch: &mut impl FnMut(Progress<'_>),
    ) -> Result<Round> {
        let checks = check_vpc(&self.environment.ec2, self.vpc).await?;
        let round = self.round_of(deliveries, reports, checks).await?;
        watch(Progress::Ended(part, &round));
        Ok(round)
    }

    async fn round_of(&self, deliveries: Vec<Delivery>, reports: Vec<Report>, checks: Vec<Check>) -> Result<Round> {
        Ok(Round {
            deliveries,
            alerts: self.chain.alerts().await?,
            reports,
            calls: self.environment.proxy.take(),
            checks,
        })
    }

    /// Asks for a sweep, first by the command of docs/operations.md as it is written there.
    pub(super) async fn swept(&self, watch: &mut impl FnMut(Progress<'_>)) -> Result<[Vec<Call>; 2]> {
        let queue = self.chain.queue_of("SweeperQueue").await?;
        self.environment.proxy.take();
        let command = block("docs/operations.md", "aws sqs send-message")?
            .replace("SWEEPER_QUEUE_URL", &queue)
            .replace("eu-central-1", REGION);
        self.operator.shell(&command).await?;
        self.with_function_output(self.chain.drained(&queue).await)?;
        let by_readme = self.environment.proxy.take();
        self.run_command(&["sweep"], watch).await?;
        self.with_function_output(self.chain.drained(&queue).await)?;
        Ok([by_readme, self.environment.proxy.take()])
    }

    /// Deletes the ledger, and makes another one by the commands of docs/recovery.md as they are written there.
    pub(super) async fn recovered(&self, zips: &Zips, watch: &mut impl FnMut(Progress<'_>)) -> Result<Recovery> {
        const NEW: &str = "postern-Ledger-new";
        let ministack = &self.environment.ministack;
        let dynamodb = aws_sdk_dynamodb::Client::new(&ministack.sdk().await);
        let delete = dynamodb.delete_table().table_name(ministack.ledger().await?);
        delete.send().await.while_doing("deleting the ledger")?;
        let event = self.damage_route().await?;
        self.environment.proxy.take();
        let delivery = self.chain.deliver(&event).await?;
        let alerts = self.with_function_output(self.chain.next_alerts().await)?;
        let without = self.environment.proxy.take();
        self.operator
            .shell(&block("docs/recovery.md", "aws dynamodb create-table")?)
            .await?;
        let rest = block("docs/recovery.md", "aws dynamodb update-time-to-live")?;
        self.operator
            .shell(&rest.replace("postern-Ledger-restored", NEW))
            .await?;
        watch(Progress::Deploying { mode: "enforce" });
        ministack.deploy_with(zips, &[&format!("LedgerTable={NEW}")]).await?;
        self.settle(&delivery).await?;
        let again = self.chain.deliver(&event).await?;
        self.settle(&again).await?;
        Ok(Recovery {
            without,
            alerts,
            checks: check_vpc(&self.environment.ec2, self.vpc).await?,
            recorded: self.history().await?.len(),
        })
    }

    /// Removes a route table from the S3 endpoint. Returns the event of it.
    async fn damage_route(&self) -> Result<Envelope> {
        let (ec2, vpc) = (&self.environment.ec2, self.vpc);
        let remove = ec2.modify_vpc_endpoint().vpc_endpoint_id(&vpc.s3);
        let remove = remove.remove_route_table_ids(&vpc.private_ab).send();
        remove.await.while_doing("taking an endpoint off a route table")?;
        let removed = json!({"RemoveRouteTableId": {"tag": 1, "content": vpc.private_ab}});
        Ok(Envelope::modify_endpoint(&vpc.region, &vpc.s3, removed))
    }

    /// Delivers events that must not start a function: a failed call, one of Postern itself, one to another service.
    pub(super) async fn ignored(&self, events: &[Envelope]) -> Result<Vec<Delivery>> {
        let event = events.first().ok_or_else(|| HarnessError::new("there are no events"))?;
        let mut ignored = vec![
            event.clone().failed("Client.UnauthorizedOperation"),
            event.clone().to_service("aoss.amazonaws.com"),
        ];
        ignored.extend(self.chain.own_roles().iter().map(|role| event.clone().by_role(role)));
        let mut deliveries = Vec::new();
        for event in &ignored {
            let delivery = self.chain.deliver(event).await?;
            self.settle(&delivery).await?;
            deliveries.push(delivery);
        }
        Ok(deliveries)
    }

    async fn settle(&self, delivery: &Delivery) -> Result<()> {
        self.with_function_output(self.chain.settle(delivery).await)
    }

    /// Adds the functions' output to an error.
    fn with_function_output<T>(&self, result: Result<T>) -> Result<T> {
        result.while_doing(format_args!(
            "waiting for the functions, which wrote:\n{}\n",
            self.tail()
        ))
    }

    fn tail(&self) -> String {
        let output = self.environment.ministack.output();
        let lines: Vec<_> = output.lines().collect();
        lines
            .get(lines.len().saturating_sub(40)..)
            .unwrap_or_default()
            .join("\n")
    }
}
