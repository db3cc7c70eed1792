//! `release`: a VPC or subnet emptied of what is Postern's.

use std::collections::BTreeSet;
use std::io::Write;

use postern_core::changes::{DeleteEndpoint, Inverse, RemoveSubnet};
use postern_core::controls::CONTROLS;
use postern_core::history::ChangeRecord;
use postern_core::model::finding::FindingKey;
use postern_core::model::id::VpcId;
use postern_core::model::scope::Scope;
use postern_core::model::snapshot::{EndpointState, Part, Snapshot};
use postern_core::plan;
use postern_core::plan::{ReleaseTarget, reopened};
use postern_core::settings::Settings;
use postern_core::trigger::Target;
use tokio::time::sleep;

use super::hand::{Hand, LOOK, SLOWNESS, Undoing, tell_holds};
use super::rollback::tell;
use super::{Area, CommandError, Release, parts, say};
use crate::output::Status;

/// Removes what Postern made in a VPC or subnet, and waits until AWS has removed it.
///
/// # Errors
/// If it could not be found out, done or written down. What was done until then is on record.
pub async fn release(
    area: &Area,
    settings: &Settings,
    arguments: &Release,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let room = &arguments.room;
    let Some(vpc) = vpc_of(area, room).await? else {
        say(out, &format!("{room} is not there."))?;
        return Ok(Status::Found);
    };
    let clearing = Clearing {
        area,
        settings,
        room,
        scope: area.scope(&vpc),
    };
    if arguments.changing.dry_run {
        let Some(outlook) = clearing.look(out).await? else {
            return Ok(Status::Found);
        };
        let held = (1..=outlook.plan.inverses.len()).flat_map(|count| clearing.held(&outlook, count));
        tell_holds(
            &held.collect(),
            &format!("for {} days", settings.ledger.pause_days),
            out,
        )?;
        say(out, "Nothing was changed: this was a dry run.")?;
        return Ok(Status::Fine);
    }
    let reason = format!("removed with `postern release {room}`");
    let mut hand = Hand::take(area, clearing.scope.clone(), settings.ledger, reason).await?;
    let done = clearing.carry_out(&mut hand, out).await;
    let given = hand.give(out).await;
    let status = done?;
    given?;
    Ok(status)
}

async fn vpc_of(area: &Area, room: &ReleaseTarget) -> Result<Option<VpcId>, CommandError> {
    let subnet = match room {
        ReleaseTarget::Vpc(vpc) => return Ok(Some(vpc.clone())),
        ReleaseTarget::Subnet(subnet) => Target::Subnet(subnet.clone()),
    };
    super::resume::vpc_of(area, subnet).await
}

struct Clearing<'a> {
    area: &'a Area,
    settings: &'a Settings,
    room: &'a ReleaseTarget,
    scope: Scope,
}

struct Outlook {
    snapshot: Snapshot,
    records: Vec<ChangeRecord>,
    plan: plan::Release,
}

impl Clearing<'_> {
    /// Looks, plans, and says what is going to be done. None where it is nothing that may be touched.
    async fn look(&self, out: &mut dyn Write) -> Result<Option<Outlook>, CommandError> {
        let (scope, room) = (&self.scope, self.room);
        let past = self.area.ledger.past(scope, None).await?;
        let Some(snapshot) = self.observe(&parts()).await? else {
            say(out, &format!("{} is not there.", scope.resource))?;
            return Ok(None);
        };
        if snapshot.vpc.owner != scope.account {
            let owner = &snapshot.vpc.owner;
            say(
                out,
                &format!(
                    "{} belongs to account {owner}; Postern makes nothing in it.",
                    scope.resource
                ),
            )?;
            return Ok(None);
        }
        let plan = plan::release(room, &snapshot, &past.records).map_err(CommandError::Gap)?;
        if plan.inverses.is_empty() {
            say(out, &format!("In {room} there is nothing that Postern made."))?;
        } else {
            say(out, &format!("What Postern made in {room} is removed, in this order:"))?;
        }
        for (inverse, what) in plan.inverses.iter().zip(&plan.removed) {
            say(out, &format!("  {what}"))?;
            say(out, &format!("    {}", inverse.command()))?;
        }
        if !plan.remaining.is_empty() {
            say(out, "Not Postern's, and left alone:")?;
        }
        for what in &plan.remaining {
            say(out, &format!("  {what}"))?;
        }
        Ok(Some(Outlook {
            snapshot,
            records: past.records,
            plan,
        }))
    }

    async fn carry_out(&self, hand: &mut Hand<'_>, out: &mut dyn Write) -> Result<Status, CommandError> {
        let Some(outlook) = self.look(out).await? else {
            return Ok(Status::Found);
        };
        for (at, inverse) in outlook.plan.inverses.iter().enumerate() {
            let held = self.held(&outlook, at + 1);
            let record = made_by(inverse, &outlook.records);
            let undoing = Undoing {
                inverse,
                record,
                change: None,
                causes: record.map_or_else(|| held.clone(), |record| record.causes.clone()),
                held,
            };
            let status = tell(hand.undo(undoing, out).await?, &inverse.text(), out)?;
            if status != Status::Fine {
                return Ok(status);
            }
        }
        self.wait(&outlook.plan.inverses, hand, out).await?;
        Ok(Status::Fine)
    }

    /// Waits until the network interfaces are gone, for whoever deletes the VPC or subnet next.
    async fn wait(&self, inverses: &[Inverse], hand: &mut Hand<'_>, out: &mut dyn Write) -> Result<(), CommandError> {
        let end = self.area.aws.now() + SLOWNESS;
        let mut waited = false;
        while let Some(busy) = self.busy(inverses).await? {
            if self.area.aws.now() >= end {
                say(
                    out,
                    &format!("AWS is still at work on {busy}; what is left goes by itself."),
                )?;
                return Ok(());
            }
            if !waited {
                say(out, "  waiting for AWS to remove the network interfaces")?;
            }
            waited = true;
            hand.renew().await?;
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// An endpoint at which AWS is still at work.
    async fn busy(&self, inverses: &[Inverse]) -> Result<Option<String>, CommandError> {
        let Some(snapshot) = self.observe(&BTreeSet::from([Part::Endpoints])).await? else {
            return Ok(None);
        };
        let endpoints = snapshot.endpoints.map_err(CommandError::Gap)?;
        let busy = inverses.iter().find_map(|inverse| match inverse {
            Inverse::DeleteEndpoint(DeleteEndpoint { endpoint }) => {
                let left = endpoints.get(endpoint)?;
                (left.state != EndpointState::Deleted).then_some(endpoint)
            }
            Inverse::RemoveSubnet(RemoveSubnet { endpoint, .. }) => {
                let left = endpoints.get(endpoint)?;
                (left.state == EndpointState::Pending).then_some(endpoint)
            }
            _ => None,
        });
        Ok(busy.map(ToString::to_string))
    }

    async fn observe(&self, parts: &BTreeSet<Part>) -> Result<Option<Snapshot>, CommandError> {
        let Scope { region, resource, .. } = &self.scope;
        Ok(self.area.session.observe(region, resource, parts).await?)
    }

    /// What a control would repair at once after so many removals.
    fn held(&self, outlook: &Outlook, count: usize) -> BTreeSet<FindingKey> {
        let removed = outlook.plan.inverses.get(..count).unwrap_or_default();
        let mut held = reopened(removed, CONTROLS, &outlook.snapshot, self.settings, self.area.aws.now());
        let made = removed.last().and_then(|inverse| made_by(inverse, &outlook.records));
        held.extend(made.into_iter().flat_map(|record| record.causes.iter().cloned()));
        held
    }
}

/// The change that this takes back.
fn made_by<'a>(inverse: &Inverse, records: &'a [ChangeRecord]) -> Option<&'a ChangeRecord> {
    let mut counting = records.iter().rev().filter(|record| record.counts());
    counting.find(|record| record.inverse().as_ref() == Some(inverse))
}
